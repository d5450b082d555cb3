//! A kind of task: the statement that finds it, whose it is, by when, and the operation that does it; and what statements of
//! several kinds share.
//!
//! A statement names the store `s` and yields the columns of [`TaskRow`]. `$1` is the caller's person, `$2` what the caller
//! reaches, `$3` today, `$4` the code of a store and `$5` the caller's login; for the operator, `$1` and `$5` are null. `$6` is
//! which scores the caller sees, and `$7`, `$8` and `$9` together say which positions the rules score of months whose facts are
//! being collected: month, release, position. `$10` are the roles whose task it is. Where somebody stands in for those whose it
//! is, `$11` and `$12` are what `$2` and `$6` are otherwise.

use super::TaskKind;
use super::store::TaskRow;
use crate::auth::access::{Reach, Role};
use crate::http::Language;
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;

/// A kind of task.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) kind: TaskKind,
    pub(super) whose: Whose,
    pub(super) term: Term,
    pub(super) method: &'static str,
    /// Its path, with the places `{subject}` and `{word}`.
    pub(super) path: &'static str,
    /// Everything of the kind that waits.
    pub(super) all: &'static str,
    /// The condition that it waits for the caller.
    pub(super) mine: &'static str,
    /// What ends the statement.
    pub(super) end: &'static str,
    /// Sentences with the places `{name}`, `{month}`, `{number}` and `{word}`.
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
}

/// Whose a task is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Whose {
    /// The person's that the row names.
    Person,
    /// Of those who have one of these roles, as far as they reach with the action.
    Roles { roles: &'static [Role], reach: fn(Role) -> Option<Reach> },
}

/// By when a task is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) enum Term {
    /// By the term of the state in which the cycle is.
    State,
    /// Before the month is frozen.
    Freeze,
    /// Before the reviews are published.
    Publish,
    /// Within the working days in which people confirm what they were told.
    Confirm,
    /// Before the reviews are published, or the month is locked, whichever comes next.
    Settled,
    /// By the day that the row names.
    Row,
}

impl Whose {
    /// The roles that have such tasks; none where they are single people's.
    pub(super) fn roles(self) -> &'static [Role] {
        match self {
            Self::Roles { roles, .. } => roles,
            Self::Person => &[],
        }
    }
}

impl Waiting {
    /// The path of the operation that does it.
    pub(super) fn path(&self, row: &TaskRow) -> String {
        let path = self.path.replace("{subject}", &row.subject.to_string());
        path.replace("{word}", row.word.as_deref().unwrap_or_default())
    }

    /// The condition that it is reached by whoever stands in for those whose it is.
    pub(super) fn mine_of_who_stands_in(&self) -> String {
        self.mine.replace("$2", "$11").replace("$6", "$12")
    }

    /// What is to be done.
    pub(super) fn sentence(&self, row: &TaskRow, language: Language) -> String {
        let contribution = row.word.as_deref().and_then(ContributionKind::named);
        let next = row.state.and_then(CycleState::next);
        let (text, word) = match language {
            Language::Chinese => {
                (self.zh, contribution.map(ContributionKind::label).or(next.map(CycleState::label)))
            }
            Language::English => {
                (self.en, contribution.map(ContributionKind::name).or(next.map(CycleState::name)))
            }
        };
        text.replace("{name}", row.about_name.as_deref().unwrap_or_default())
            .replace("{month}", &row.period.to_string())
            .replace("{number}", &row.number.to_string())
            .replace("{word}", word.unwrap_or_default())
    }
}

/// Whose name it is that `w` and `e` are joined for: the columns of a task of a person about a person.
macro_rules! of_person {
    ($subject:literal, $word:literal, $since:expr, $until:expr) => {
        concat!(
            "SELECT c.store_id, s.code AS store, c.period, c.state, ",
            $subject,
            " AS subject, ",
            $word,
            " AS word, w.employee_no AS whose_no, w.name AS whose_name, e.employee_no AS about_no, e.name AS about_name,
             1::bigint AS number, ",
            $since,
            " AS since, ",
            $until,
            " AS until, '{}'::bigint[] AS barred "
        )
    };
}

/// The columns of a task that a role has; besides, where they matter, a word of its path, its last day, and the logins, by id,
/// of those whose it is not although they have the role.
macro_rules! of_role {
    ($state:literal, $subject:literal, $about:literal, $number:literal, $since:expr) => {
        of_role!($state, $subject, $about, $number, $since, "NULL::text", "NULL::date", "'{}'::bigint[]")
    };
    ($state:literal, $subject:literal, $about:literal, $number:literal, $since:expr, $word:literal, $until:expr,
        $barred:expr) => {
        concat!(
            "SELECT s.id AS store_id, s.code AS store, ",
            $state,
            " AS state, ",
            $subject,
            " AS subject, ",
            $word,
            " AS word, NULL::text AS whose_no, NULL::text AS whose_name, ",
            $about,
            ", ",
            $number,
            " AS number, ",
            $since,
            " AS since, ",
            $until,
            " AS until, ",
            $barred,
            " AS barred "
        )
    };
}

/// When the cycle `c` came to its state.
macro_rules! entered {
    () => {
        "coalesce((SELECT max(m.at) FROM review_cycle_move m WHERE m.cycle_id = c.id AND m.to_state = c.state),
             c.generated_at, c.frozen_at, c.created_at)"
    };
}

/// The stores in which the caller has ever been posted, and those below a unit of the group; for the operator, all of them.
macro_rules! own_stores {
    ($store:literal) => {
        concat!(
            "($1 IS NULL OR ",
            $store,
            " IN (SELECT b.store_id FROM assignment p JOIN org_unit u ON u.id = p.unit_id
                 JOIN org_unit b ON b.store_id = u.store_id OR b.path @> ARRAY[u.id] WHERE p.employee_id = $1))"
        )
    };
}

/// Those whose it is to comment (`w`) on reviews in force (`r`) of cycles in a state, as far as a condition holds.
macro_rules! of_assessor {
    ($kind:literal, $state:literal, $condition:expr) => {
        concat!(
            of_person!("r.id", "NULL::text", entered!(), "NULL::date"),
            "FROM review_assessors('",
            $kind,
            "', ARRAY(SELECT month.id FROM review_cycle month WHERE month.state = '",
            $state,
            "' AND ",
            own_stores!("month.store_id"),
            "), $3) a JOIN review r ON r.id = a.review_id JOIN review_cycle c ON c.id = r.cycle_id
             JOIN org_unit s ON s.id = c.store_id JOIN employee e ON e.id = r.employee_id
             JOIN employee w ON w.id = a.assessor_id WHERE ",
            $condition
        )
    };
}

pub(super) use {entered, of_assessor, of_person, of_role, own_stores};
