//! THE table of who may do what, and how far they reach (docs/DOMAIN.md).
//!
//! An endpoint names its action in its handler's type (`Caller<ViewReviews>`), so no handler can forget to ask.

use crate::words::words;

words! {
    /// What a login may do. A login has one or more roles.
    #[derive(clap::ValueEnum)]
    #[value(rename_all = "snake_case")]
    pub enum Role in "user_account.roles" {
        SalesConsultant = "sales_consultant" "销售顾问",
        TeamLeader = "team_leader" "组长",
        TelesalesSpecialist = "telesales_specialist" "电话销售专员",
        ShowroomSupervisor = "showroom_supervisor" "展厅主管",
        SalesManager = "sales_manager" "销售经理",
        GeneralManager = "general_manager" "总经理",
        Hr = "hr" "人事",
        Clerk = "clerk" "内勤",
        CustomerService = "customer_service" "客服",
        ServiceAdviser = "service_adviser" "服务顾问",
        Parts = "parts" "配件",
        /// What a store's HR may do, for every store.
        GroupAdmin = "group_admin" "集团管理员",
        /// A third party's dashboard: aggregates only.
        Dashboard = "dashboard" "看板",
        /// Reads everything, changes nothing.
        Auditor = "auditor" "审计",
        /// Users and organisation, no reviews.
        SystemAdmin = "system_admin" "系统管理员",
    }
}

/// How far a role reaches with an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The own person.
    Own,
    /// The people of the teams led, and the own person.
    Team,
    /// The units below the own posting as sales manager, and the own person.
    Department,
    /// Everybody in the own store.
    Store,
    /// Everybody.
    All,
}

impl Reach {
    /// The word by which the database's `reached` knows it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Team => "team",
            Self::Department => "department",
            Self::Store => "store",
            Self::All => "all",
        }
    }
}

/// Something that a caller may or may not do.
pub trait Action: 'static {
    /// What it is called in the program.
    const NAME: &'static str;
    /// The roles that may, and how far each reaches.
    const ALLOWED: &'static [(Role, Reach)];

    /// How far `role` reaches with it; none where the role may not do it.
    fn reach_of(role: Role) -> Option<Reach> {
        Self::ALLOWED.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach)
    }
}

use Reach::{All, Department, Own, Store, Team};
use Role::{
    Auditor, Clerk, CustomerService, Dashboard, GeneralManager, GroupAdmin, Hr, Parts, SalesConsultant,
    SalesManager, ServiceAdviser, ShowroomSupervisor, SystemAdmin, TeamLeader, TelesalesSpecialist,
};

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = [$($role:ident $reach:ident),* $(,)?];)*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $name;

            impl Action for $name {
                const NAME: &'static str = stringify!($name);
                const ALLOWED: &'static [(Role, Reach)] = &[$(($role, $reach)),*];
            }
        )*

        /// Every action with the roles that may do it, for the documentation and the tests.
        pub const TABLE: &[(&str, &[(Role, Reach)])] = &[$((stringify!($name), $name::ALLOWED)),*];
    };
}

actions! {
    /// Know oneself.
    ViewSelf = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Own, Clerk Own, CustomerService Own, ServiceAdviser Own, Parts Own, GroupAdmin Own,
        Dashboard Own, Auditor Own, SystemAdmin Own,
    ];
    /// Create, disable and change logins.
    ManageUsers = [SystemAdmin All];
    /// Read units, employees, postings and leaderships.
    ViewOrganisation = [
        TeamLeader Store, ShowroomSupervisor Store, SalesManager Store, GeneralManager Store, Hr Store, Clerk Store,
        CustomerService Store, GroupAdmin All, Auditor All, SystemAdmin All,
    ];
    /// Change units, employees, postings and leaderships.
    ManageOrganisation = [SystemAdmin All];
    /// Say of how few people nothing is told, in the whole group.
    ManageDisclosure = [GroupAdmin All];
    /// Read plans and targets.
    ViewPlan = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, SalesManager Store, GeneralManager Store,
        Hr Store, GroupAdmin All, Dashboard Store, Auditor All,
    ];
    /// Draft, change and submit plans.
    DraftPlan = [SalesManager Store, GroupAdmin All];
    /// Propose how the months of a team led are split, and withdraw what one has proposed.
    ProposeSplit = [TeamLeader Team];
    /// Commit to months of a plan: the own ones, those of a team led and its people, those of the store.
    CommitPlan = [SalesConsultant Own, TeamLeader Team, SalesManager Store];
    /// Approve a submitted plan, return it, or lock its months: a store's is the general manager's, a group's the group
    /// administrator's, and which of them a plan asks for is told by its unit.
    ApprovePlan = [GeneralManager Store, GroupAdmin All];
    /// Enter facts: of which sources, says [`SOURCES`].
    EnterFacts = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, ShowroomSupervisor Store,
        SalesManager Department, Hr Store, Clerk Store, CustomerService Store, GroupAdmin All,
    ];
    /// Read facts.
    ViewFacts = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, ShowroomSupervisor Own,
        SalesManager Department, GeneralManager Store, Hr Store, Clerk Own, CustomerService Own, ServiceAdviser Own,
        Parts Own, GroupAdmin All, Auditor All,
    ];
    /// Read which kinds of leave there are: those that all stores share, and those of the own store.
    ViewLeaveTypes = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Own, Clerk Own, CustomerService Own, ServiceAdviser Own, Parts Own, GroupAdmin All,
        Dashboard Own, Auditor All, SystemAdmin Own,
    ];
    /// Name kinds of leave, and say whether they are protected: the own store's, or those that all stores share.
    ManageLeaveTypes = [Hr Store, GroupAdmin All];
    /// Decide on what others say of the protection of a kind of leave.
    DecideLeaveProtection = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Write one's own plans and summaries.
    WriteDiary = [SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own];
    /// Write one's own daily sheet, which counts what sells cars.
    WriteSheets = [SalesConsultant Own, TeamLeader Own];
    /// Review the reports of the people led.
    ReviewReports = [TeamLeader Team];
    /// Say which reports units ask for, and count a store's month.
    ManageReports = [SalesManager Store, Hr Store, GroupAdmin All];
    /// Plan training, coaching and meetings and say how they went: of which kind, says `diary::activities`.
    LeadActivities = [TeamLeader Team, SalesManager Department, Hr Store, GroupAdmin All];
    /// Verify events that others reported, or reject them.
    VerifyEvents = [SalesManager Department, GeneralManager Store, Hr Store, GroupAdmin All];
    /// Decide on corrections that came after a month was frozen.
    DecideCorrections = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Read on which days a store is open.
    ViewCalendar = [
        SalesConsultant Store, TeamLeader Store, TelesalesSpecialist Store, ShowroomSupervisor Store, SalesManager Store,
        GeneralManager Store, Hr Store, Clerk Store, CustomerService Store, ServiceAdviser Store, Parts Store,
        GroupAdmin All, Auditor All,
    ];
    /// Say on which days a store is open, and schedule its people by it.
    ManageCalendar = [Hr Store, GroupAdmin All];
    /// Add or amend the public holidays of a year, which hold for every store.
    ManageHolidays = [GroupAdmin All];
    /// Read which rules and metrics there are.
    ViewRules = [SalesManager All, GeneralManager All, Hr All, GroupAdmin All, Auditor All];
    /// Read a release: beside those who read rules, whom it scores, says `rules::readers`.
    ReadReleases = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager All,
        GeneralManager All, Hr All, Clerk Own, CustomerService Own, ServiceAdviser Own, Parts Own, GroupAdmin All,
        Auditor All,
    ];
    /// Draft rules, change the own store's drafts and hand them in.
    DraftRules = [SalesManager Store, Hr Store, GroupAdmin All];
    /// Approve a draft of the own store that was handed in, or reject it.
    ApproveRules = [GeneralManager Store, GroupAdmin All];
    /// Try rules on stored reviews.
    TryRules = [SalesManager Department, GeneralManager Store, Hr Store, GroupAdmin All];
    /// Read what rules came to that the own store tried.
    ViewBacktests = [SalesManager Store, GeneralManager Store, Hr Store, GroupAdmin All, Auditor All];
    /// Open review cycles and generate reviews.
    RunReviews = [Hr Store, GroupAdmin All];
    /// Move review cycles on or back: which of these roles may take which step, says `reviews::cycle::way`.
    MoveCycles = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Say until when a store's reviews have to be where.
    ManageTerms = [Hr Store, GroupAdmin All];
    /// Answer by name for reviews before they are published.
    CheckReviews = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Read review cycles.
    ViewCycles = [SalesManager Store, GeneralManager Store, Hr Store, GroupAdmin All, Auditor All];
    /// Read reviews.
    ViewReviews = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, ShowroomSupervisor Own,
        SalesManager Department, GeneralManager Store, Hr Store, Clerk Own, CustomerService Own, ServiceAdviser Own,
        Parts Own, GroupAdmin All, Auditor All,
    ];
    /// Write what is one's to write about reviews, and give back what came before: which, says `reviews::contributions`.
    Contribute = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, ShowroomSupervisor Own,
        SalesManager Department, GeneralManager Store, Hr Store, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own, GroupAdmin All,
    ];
    /// Propose adjustments of reviews, and decide on those that others proposed.
    AdjustReviews = [SalesManager Department, GeneralManager Store, Hr Store, GroupAdmin All];
    /// Dispute items of the own review.
    FileAppeals = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Own, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own,
    ];
    /// Look into appeals and decide them; whoever had a part in the review does not.
    DecideAppeals = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Compute published reviews again for corrections that somebody else accepted.
    RecomputeReviews = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Say what one says to the own review, and record of others what they were told and would not say: which, says
    /// `reviews::acknowledgements`.
    Acknowledge = [
        SalesConsultant Own, TeamLeader Team, TelesalesSpecialist Own, ShowroomSupervisor Own,
        SalesManager Department, GeneralManager Store, Hr Store, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own, GroupAdmin All,
    ];
    /// Give the own receipt of a release of the rules; HR records those given on paper.
    ReceiveRules = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Store, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own, GroupAdmin All,
    ];
    /// Read who has received a release of the rules.
    ViewReceipts = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Store, Hr Store, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own, GroupAdmin All, Auditor All,
    ];
    /// Read monthly coefficient sheets, which are wage documents.
    ViewCoefficientSheets = [GeneralManager Store, Hr Store, GroupAdmin All, Auditor All];
    /// Make the coefficient sheet of a published month.
    MakeCoefficientSheets = [Hr Store, GroupAdmin All];
    /// Sign coefficient sheets off: in which capacity, says `reviews::coefficient_sheets`.
    SignCoefficientSheets = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Record a talk about a published review: whose it is to comment, says `review_assessor`.
    RecordTalks = [TeamLeader Team, SalesManager Department, GeneralManager Store];
    /// Confirm a talk that one has had.
    ConfirmTalks = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Own, Clerk Own, CustomerService Own,
        ServiceAdviser Own, Parts Own,
    ];
    /// Make improvement plans, and say what they have come to.
    ManageImprovement =
        [TeamLeader Team, SalesManager Department, GeneralManager Store, Hr Store, GroupAdmin All];
    /// Compare how teams are graded, before publication and after.
    ViewCalibration = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Read who has read reviews.
    ViewAccessLog = [SalesConsultant Own, GroupAdmin All, Auditor All];
    /// Read how long things are kept, what is held, what is due to be erased and what was.
    ViewRetention = [GeneralManager Store, Hr Store, GroupAdmin All, Auditor All];
    /// Say how long things are kept, for the whole group.
    ManageRetention = [GroupAdmin All];
    /// Place legal holds, and release those that others have placed.
    HoldData = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Propose that somebody's data is erased, and decide on what others proposed.
    EraseData = [GeneralManager Store, Hr Store, GroupAdmin All];
    /// Be told what has changed: of what one may read, and as far as one may read it.
    FollowChanges = [
        SalesConsultant Own, TeamLeader Own, TelesalesSpecialist Own, ShowroomSupervisor Own, SalesManager Own,
        GeneralManager Own, Hr Own, Clerk Own, CustomerService Own, ServiceAdviser Own, Parts Own, GroupAdmin Own,
        Dashboard Own, Auditor Own, SystemAdmin Own,
    ];
    /// Read aggregates that name nobody.
    ViewAggregates = [
        TeamLeader Store, TelesalesSpecialist Store, SalesManager Store, GeneralManager Store, Hr Store,
        GroupAdmin All, Dashboard Store, Auditor All,
    ];
    /// Read the top of the leaderboard 龙虎榜, which names people.
    ViewLeaderboard = [
        SalesConsultant Store, TeamLeader Store, TelesalesSpecialist Store, ShowroomSupervisor Store,
        SalesManager Store, GeneralManager Store, Hr Store, Clerk Store, CustomerService Store, ServiceAdviser Store,
        Parts Store, GroupAdmin All, Auditor All,
    ];
}

/// Which roles may enter the metrics of which source (`source` in the catalogue). A source that is not listed is entered
/// by the clerks of the store; metrics without a source are entered by HR.
pub const SOURCES: &[(&str, &[Role])] = &[
    ("dms", &[Clerk]),
    ("documents", &[Clerk]),
    ("leads", &[TelesalesSpecialist, Clerk]),
    ("complaints", &[CustomerService]),
    ("survey", &[CustomerService]),
    ("inspections", &[ShowroomSupervisor, TeamLeader]),
    ("ratings", &[TeamLeader, SalesManager]),
    ("management", &[SalesManager]),
    ("reports", &[Hr, GroupAdmin]),
    ("attendance", &[Hr, GroupAdmin]),
    ("exams", &[Hr, GroupAdmin]),
    ("training", &[Hr, GroupAdmin]),
    ("events", &[]),
    ("plan", &[SalesManager, GroupAdmin]),
    ("computed", &[]),
];

/// Who sees of the teams led for a channel what comes of leads.
pub const LEAD_READERS: &[Role] = &[TelesalesSpecialist];

/// What comes of leads: the metrics of the source `leads`, and what of them is captured in the showroom.
pub const LEAD_METRICS: &[&str] = &[
    "raw_leads",
    "leads_followed_24h",
    "valid_leads",
    "invited_arrivals",
    "arrival_orders",
    "first_visits",
    "captured_leads",
];

/// Whether a source is what somebody judges of others, or sets for them: nobody enters it about the own person.
pub fn is_judgement(source: &str) -> bool {
    matches!(source, "ratings" | "management" | "plan")
}

/// The roles that may enter metrics of `source`.
pub fn may_enter(source: Option<&str>) -> &'static [Role] {
    match source {
        None => &[Hr, GroupAdmin],
        Some(source) => {
            SOURCES.iter().find(|(name, _)| *name == source).map_or(&[Clerk], |(_, roles)| *roles)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_advisers_and_parts_may_what_an_employee_may_and_nothing_else() {
        let employee = [
            ("ViewSelf", Own),
            ("ViewFacts", Own),
            ("ViewLeaveTypes", Own),
            ("ViewCalendar", Store),
            ("ReadReleases", Own),
            ("ViewReviews", Own),
            ("Contribute", Own),
            ("FileAppeals", Own),
            ("Acknowledge", Own),
            ("ReceiveRules", Own),
            ("ViewReceipts", Own),
            ("ConfirmTalks", Own),
            ("FollowChanges", Own),
            ("ViewLeaderboard", Store),
        ];
        for role in [ServiceAdviser, Parts] {
            let allowed = TABLE.iter().filter_map(|(action, allowed)| {
                let found = allowed.iter().find(|(one, _)| *one == role);
                found.map(|(_, reach)| (*action, *reach))
            });
            assert_eq!(allowed.collect::<Vec<_>>(), employee, "{role}");
            assert!(SOURCES.iter().all(|(_, roles)| !roles.contains(&role)), "{role}");
        }
    }
}
