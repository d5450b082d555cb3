//! THE table of who sees what of a review, and from which state of its cycle on (docs/DOMAIN.md).
//!
//! Whoever reads reviews binds a [`Sight`] and asks `seen!`: lists, counts, sorts, filters, exports and dashboards alike.
//! What may not be seen yet is not there.

use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql, WriteTuple};
use diesel::sql_types::{Nullable, SmallInt, SqlType};

use super::cycle::CycleState;
use crate::auth::Context;
use crate::auth::access::{Action as _, Reach, Role, ViewReviews};
use crate::auth::scope::{CallerScope, Scope};

/// A part of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Total, grade and coefficient, and every item with its reasons and inputs.
    Score,
    /// The self-assessment 自评.
    SelfAssessment,
    /// The team leader's comment 组长评.
    LeaderComment,
    /// The manager's comment 经理评.
    ManagerComment,
    /// HR's check 人事复核 with its note.
    HrCheck,
    /// Who has waived 放行 what the review has to be looked at for, and why.
    Waiver,
    /// Appeals 申诉.
    Appeal,
}

impl Part {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Score,
        Self::SelfAssessment,
        Self::LeaderComment,
        Self::ManagerComment,
        Self::HrCheck,
        Self::Waiver,
        Self::Appeal,
    ];
}

/// Whose eyes: what somebody is to the person reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// The person.
    Person,
    /// Line leader of the person's team.
    Leader,
    /// Assessor, or manager of the person's department.
    Manager,
    /// HR of the person's store.
    Hr,
    /// General manager of the person's store.
    GeneralManager,
    /// Group administrator.
    Group,
    /// Auditor.
    Auditor,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Person,
        Self::Leader,
        Self::Manager,
        Self::Hr,
        Self::GeneralManager,
        Self::Group,
        Self::Auditor,
    ];

    /// What a role makes somebody to those whom it reaches beside the own person.
    const fn of(role: Role) -> Option<Self> {
        match role {
            Role::TeamLeader => Some(Self::Leader),
            Role::SalesManager => Some(Self::Manager),
            Role::Hr => Some(Self::Hr),
            Role::GeneralManager => Some(Self::GeneralManager),
            Role::GroupAdmin => Some(Self::Group),
            Role::Auditor => Some(Self::Auditor),
            Role::SalesConsultant
            | Role::TelesalesSpecialist
            | Role::ShowroomSupervisor
            | Role::Clerk
            | Role::CustomerService
            | Role::ServiceAdviser
            | Role::Parts
            | Role::Dashboard
            | Role::SystemAdmin => None,
        }
    }

    /// From which state of the cycle on `part` is seen, what has been handed in of it; none: never.
    pub const fn sees(self, part: Part) -> Option<CycleState> {
        use CycleState::{Computed, HrCheck, LeaderReview, ManagerReview, Published, SelfReview};
        match (self, part) {
            (Self::Person, Part::Score | Part::SelfAssessment) => Some(SelfReview),
            (Self::Person, Part::HrCheck) | (Self::Leader, Part::HrCheck) => None,
            (Self::Person, _) => Some(Published),
            // The marks are a part of the score; whoever sees them sees who has answered for them, but for the person.
            (Self::Leader, Part::Score | Part::SelfAssessment | Part::LeaderComment | Part::Waiver) => {
                Some(LeaderReview)
            }
            (Self::Leader, _) => Some(Published),
            (Self::Manager, Part::Score | Part::Waiver) => Some(SelfReview),
            (Self::Manager, Part::SelfAssessment) => Some(LeaderReview),
            (Self::Manager, Part::LeaderComment | Part::ManagerComment) => Some(ManagerReview),
            (Self::Manager, Part::HrCheck | Part::Appeal) => Some(Published),
            (Self::GeneralManager, Part::HrCheck) => Some(HrCheck),
            (Self::GeneralManager, Part::Appeal) => Some(Published),
            (Self::GeneralManager, _) => Some(ManagerReview),
            (Self::Hr | Self::Group | Self::Auditor, Part::Score | Part::Waiver) => Some(Computed),
            (Self::Hr | Self::Group | Self::Auditor, Part::SelfAssessment) => Some(SelfReview),
            (Self::Hr | Self::Group | Self::Auditor, Part::LeaderComment) => Some(LeaderReview),
            (Self::Hr | Self::Group | Self::Auditor, Part::ManagerComment) => Some(ManagerReview),
            (Self::Hr | Self::Group | Self::Auditor, Part::HrCheck) => Some(HrCheck),
            (Self::Hr | Self::Group | Self::Auditor, Part::Appeal) => Some(Published),
        }
    }
}

/// PostgreSQL's type `review_sight`.
#[derive(Debug, QueryId, SqlType)]
#[diesel(postgres_type(name = "review_sight"))]
pub struct ReviewSight;

/// Which reviews a caller sees some part of. Bound as one parameter, it is what the macro `seen!` asks.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = ReviewSight)]
pub struct Sight {
    scope: Scope,
    /// From which stage on, by reach; none: never.
    own: Option<i16>,
    team: Option<i16>,
    department: Option<i16>,
    store: Option<i16>,
    everything: Option<i16>,
}

impl Sight {
    /// Of the caller, within the scope of what the request asks for. The operator sees all there is.
    pub fn of(cx: &Context, part: Part) -> Self {
        Self::within(cx, cx.scope.clone(), part)
    }

    /// Everything, at any time: the operator's at the command line.
    pub fn operator() -> Self {
        let (scope, all) = (Scope::operator(), Some(CycleState::Collecting.stage()));
        Self { scope, own: all, team: all, department: all, store: all, everything: all }
    }

    /// Of the caller within another scope.
    pub fn within(cx: &Context, scope: Scope, part: Part) -> Self {
        let Some(identity) = &cx.identity else { return Self::operator() };
        let is_confined = identity.unit_id.is_some();
        let from = |asked: &dyn Fn(Reach) -> bool| {
            let roles = identity.roles.iter().filter(|role| ViewReviews::reach_of(**role).is_some_and(asked));
            let stages = roles.filter_map(|role| Relation::of(*role)?.sees(part));
            stages.min().map(CycleState::stage)
        };
        let is_member = identity.roles.iter().any(|role| ViewReviews::reach_of(*role).is_some());
        Self {
            scope,
            own: Relation::Person.sees(part).filter(|_| is_member).map(CycleState::stage),
            team: from(&|reach| reach == Reach::Team),
            department: from(&|reach| reach == Reach::Department),
            store: from(&|reach| reach == Reach::Store || is_confined && reach == Reach::All),
            everything: from(&|reach| !is_confined && reach == Reach::All),
        }
    }

    /// Whether it is everything that there is: reviews exist from `computed` on. Nobody who can have a review of their own
    /// sees that.
    pub fn is_everything(&self) -> bool {
        self.scope.is_everything()
            && self.scope.employee_id == 0
            && self.everything.is_some_and(|stage| stage <= CycleState::Computed.stage())
    }
}

impl ToSql<ReviewSight, Pg> for Sight {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        type Stage = Nullable<SmallInt>;
        WriteTuple::<(CallerScope, Stage, Stage, Stage, Stage, Stage)>::write_tuple(
            &(&self.scope, self.own, self.team, self.department, self.store, self.everything),
            &mut out.reborrow(),
        )
    }
}

/// The condition that a review is seen: `seen!("$1", "r.employee_id", "r.unit_id", "r.period", "c.stage")` with a
/// [`Sight`] bound as `$1`, and person, unit, month and stage of its cycle. Nobody sees the own review by another role
/// before everybody does.
macro_rules! seen {
    ($sight:literal, $person:literal, $unit:literal, $month:literal, $stage:literal) => {
        concat!(
            "(CASE WHEN ",
            $person,
            " = (((",
            $sight,
            ").scope).employee_id) THEN ",
            $stage,
            " >= (",
            $sight,
            ").own ELSE (((",
            $sight,
            ").scope).everything AND ",
            $stage,
            " >= (",
            $sight,
            ").everything) OR EXISTS (SELECT FROM seen(",
            $sight,
            ") WHERE seen.unit_id = ",
            $unit,
            " AND seen.months @> ",
            $month,
            " AND ",
            $stage,
            " >= seen.stage) END)"
        )
    };
}

pub(crate) use seen;

#[cfg(test)]
mod tests {
    use super::*;

    /// docs/DOMAIN.md, "Who sees what of a review": what is seen of others' work once it is handed in, state by state. `own
    /// X` is the draft of one's own, which nobody else sees.
    const DESIGN: [(CycleState, [&str; 7]); 9] = [
        (CycleState::Collecting, ["", "", "", "", "", "", ""]),
        (CycleState::Frozen, ["", "", "", "", "", "", ""]),
        (CycleState::Computed, ["", "", "", "T W", "", "T W", "T W"]),
        (CycleState::SelfReview, ["T S", "", "T W", "T S W", "", "T S W", "T S W"]),
        (CycleState::LeaderReview, ["T S", "T S L W", "T S W", "T S L W", "", "T S L W", "T S L W"]),
        (
            CycleState::ManagerReview,
            ["T S", "T S L W", "T S L M W", "T S L M W", "T S L M W", "T S L M W", "T S L M W"],
        ),
        (
            CycleState::HrCheck,
            ["T S", "T S L W", "T S L M W", "T S L M H W", "T S L M H W", "T S L M H W", "T S L M H W"],
        ),
        (CycleState::Published, EVERYTHING),
        (CycleState::Locked, EVERYTHING),
    ];

    /// What is seen once a month is published.
    const EVERYTHING: [&str; 7] = [
        "T S L M W A",
        "T S L M W A",
        "T S L M H W A",
        "T S L M H W A",
        "T S L M H W A",
        "T S L M H W A",
        "T S L M H W A",
    ];

    #[test]
    fn the_table_is_the_one_of_the_design() {
        let letters = ["T", "S", "L", "M", "H", "W", "A"];
        for (state, cells) in DESIGN {
            for (relation, expected) in Relation::ALL.into_iter().zip(cells) {
                let seen = Part::ALL.into_iter().zip(letters);
                let seen = seen.filter(|(part, _)| relation.sees(*part).is_some_and(|from| from <= state));
                let seen = seen.map(|(_, letter)| letter).collect::<Vec<_>>().join(" ");
                assert_eq!(seen, expected, "{relation:?} in {state}");
            }
        }
    }
}
