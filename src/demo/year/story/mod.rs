//! What happened in 2014, in the words in which people wrote it: a table. How a month is lived otherwise stands beside it.

mod first_half;
mod second_half;

use super::scene::{Deed, Of};
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;

/// A month.
#[derive(Debug)]
pub struct Month {
    /// How far it is lived.
    pub until: CycleState,
    /// What people wrote before it was published.
    pub words: &'static [Word],
    /// Members whom their leader did not tell, because there was nothing to tell or nobody to be found.
    pub untold: &'static [&'static str],
    /// Reviews that were not confirmed on the day after publication.
    pub silent: &'static [Of],
    /// What happened besides.
    pub events: &'static [Event],
}

/// What somebody wrote about a review.
#[derive(Debug)]
pub struct Word {
    /// By which login.
    pub login: &'static str,
    /// What it is.
    pub kind: ContributionKind,
    /// About which review.
    pub of: Of,
    /// What it says.
    pub text: &'static str,
}

/// What somebody did on a day.
#[derive(Debug)]
pub struct Event {
    /// The day of the month after, from 1.
    pub day: u64,
    /// The hour.
    pub hour: u32,
    /// By which login.
    pub login: &'static str,
    /// What.
    pub deed: Deed,
}

const fn word(login: &'static str, kind: ContributionKind, of: Of, text: &'static str) -> Word {
    Word { login, kind, of, text }
}

/// A person's word about the own month.
const fn own(login: &'static str, of: Of, text: &'static str) -> Word {
    word(login, ContributionKind::SelfAssessment, of, text)
}

/// A leader's word about a member; the sales manager's, where nobody leads.
const fn lead(login: &'static str, of: Of, text: &'static str) -> Word {
    word(login, ContributionKind::LeaderComment, of, text)
}

/// The sales manager's word.
const fn managing(of: Of, text: &'static str) -> Word {
    word("manager", ContributionKind::ManagerComment, of, text)
}

const fn on(day: u64, hour: u32, login: &'static str, deed: Deed) -> Event {
    Event { day, hour, login, deed }
}

/// Who received the rules, and by which login: those who have one by themselves, the others on paper from HR.
pub const RECEIPTS: &[(&str, Option<&str>)] = &[
    ("leader", None),
    ("consultant", None),
    ("leader2", None),
    ("leader3", None),
    ("telesales", None),
    ("hr", Some("A03")),
    ("hr", Some("A04")),
    ("hr", Some("A06")),
    ("hr", Some("A07")),
    ("hr", Some("A08")),
    ("hr", Some("A10")),
    ("hr", Some("A11")),
    ("hr", Some("A12")),
];

const PUBLISHED: CycleState = CycleState::Published;
const LOCKED: CycleState = CycleState::Locked;

/// January to December.
pub fn months() -> impl Iterator<Item = &'static Month> {
    first_half::MONTHS.iter().chain(second_half::MONTHS)
}
