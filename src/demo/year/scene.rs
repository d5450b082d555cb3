//! What a story is told in: scenes, each of which somebody does at a moment, and which is done as a whole or not at all.

use chrono::{DateTime, NaiveDate, Utc};

use crate::period::Period;
use crate::reviews::appeals::AppealOutcome;
use crate::reviews::coefficient_sheets::Capacity;
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;
use crate::reviews::improvement::ImprovementOutcome;

/// Something that somebody does about a month, at a moment that no other scene has.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// When.
    pub at: DateTime<Utc>,
    /// About which month.
    pub period: Period,
    /// By whom: a login of the demonstration.
    pub login: &'static str,
    /// What.
    pub deed: Deed,
}

/// Whose review, and by which scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Of {
    /// Employee number 工号.
    pub employee_no: &'static str,
    /// The scheme.
    pub scheme: &'static str,
}

/// Somebody's review as a sales consultant.
pub const fn sales(employee_no: &'static str) -> Of {
    Of { employee_no, scheme: "sales_consultant" }
}

/// Somebody's review as a team leader.
pub const fn leading(employee_no: &'static str) -> Of {
    Of { employee_no, scheme: "team_leader" }
}

/// The telesales specialist's review.
pub const CALLS: Of = Of { employee_no: "T01", scheme: "telesales_specialist" };

/// A day as it is written: year, month, day.
#[derive(Clone, Copy, Debug)]
pub struct Day(pub i32, pub u32, pub u32);

impl Day {
    /// The day; the first of all days where there is none such.
    pub fn date(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.0, self.1, self.2).unwrap_or_default()
    }
}

/// What is done: each is one operation of the API, or a draft and its handing in.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// The release of the rules is received: by who does it, or on paper by somebody else.
    ReceiveRules(Option<&'static str>),
    /// The month's cycle is opened.
    Open,
    /// Its facts are frozen.
    Freeze,
    /// Its reviews are generated.
    Generate,
    /// It moves on.
    Move(CycleState),
    /// Something is written about a review.
    Draft(ContributionKind, Of, &'static str),
    /// The same, and handed in.
    Contribute(ContributionKind, Of, &'static str),
    /// HR answers for the month's reviews by name.
    Check(&'static str),
    /// Somebody is told of a review face to face.
    TellByHand(Of),
    /// The person has looked at it.
    See(Of),
    /// The person confirms it.
    Confirm(Of),
    /// The person confirms it and says what is wrong with it.
    Object(Of, &'static str),
    /// The person will not sign: what was said, and before whom.
    Refuse(Of, &'static str, [&'static str; 2]),
    /// The person could not be told: what was tried.
    OutOfReach(Of, &'static str),
    /// An item is disputed: the rule, and what is wrong with it.
    Appeal(Of, &'static str, &'static str),
    /// A file is added to the last appeal about a review: its name, and what it says.
    Evidence(Of, &'static str, &'static str),
    /// It is taken up.
    TakeUp(Of),
    /// The person is asked for material.
    AskForMaterial(Of, &'static str),
    /// It is decided: the outcome, points in hundredths where it has any, and why.
    Decide(Of, AppealOutcome, Option<i64>, &'static str),
    /// It is taken back.
    Withdraw(Of, &'static str),
    /// Values of somebody's frozen month are corrected: in which system's records, whose, which numbers, and why.
    Correct(&'static str, &'static str, &'static [(&'static str, &'static str)], &'static str),
    /// The corrections that wait are accepted.
    AcceptCorrections(&'static str),
    /// Points, in hundredths, are proposed for an item, and why.
    Adjust(Of, &'static str, i64, &'static str),
    /// What was proposed about a review is approved.
    Approve(Of, &'static str),
    /// What a review has to be looked at for is waived, and why.
    Waive(Of, &'static str),
    /// A published month is computed again for the corrections that were accepted, and why.
    Recompute(&'static str),
    /// A talk about a review is recorded: what was said, and what was agreed.
    Talk(Of, &'static str, &'static str),
    /// The person confirms it, with a word.
    ConfirmTalk(Of, &'static str),
    /// An improvement plan is made: goals, training, the days of the two assessments. It begins that day and ends with the
    /// second.
    Improve(Of, &'static str, &'static str, [Day; 2]),
    /// It is assessed: what it has come to, why, and until when it is extended.
    Assess(Of, ImprovementOutcome, &'static str, Option<Day>),
    /// A coefficient sheet is made.
    Sheet,
    /// The last one is signed off.
    Sign(Capacity),
}
