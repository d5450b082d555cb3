//! Kinds and states of activities: who enters which, for whom each counts, and as what. No database.

use rust_decimal::Decimal;

use super::LedActivity;
use crate::auth::access::Role;
use crate::ledger::Entry;
use crate::words::words;

words! {
    /// The kind of an activity.
    pub enum ActivityKind in "activity.kind" {
        Training = "training" "培训",
        Coaching = "coaching" "辅导",
        Meeting = "meeting" "会议",
    }

    /// How far an activity has come.
    pub enum ActivityState in "activity.state" {
        Planned = "planned" "计划",
        Done = "done" "已完成",
        Cancelled = "cancelled" "已取消",
    }
}

impl ActivityKind {
    /// The roles that enter activities of this kind.
    pub const fn leading(self) -> &'static [Role] {
        match self {
            Self::Training => &[Role::Hr, Role::GroupAdmin],
            Self::Coaching => &[Role::TeamLeader, Role::SalesManager],
            Self::Meeting => &[Role::SalesManager],
        }
    }
}

/// The employees whose months an activity counts for.
pub(super) fn counts_for(activity: &LedActivity) -> Vec<i64> {
    match activity.kind {
        ActivityKind::Training => activity.people.iter().map(|person| person.employee_id).collect(),
        ActivityKind::Coaching | ActivityKind::Meeting => vec![activity.leader.employee_id],
    }
}

/// What an activity comes to in the ledger; what it no longer comes to is voided.
pub(super) fn entries(activity: &LedActivity) -> Vec<Entry> {
    let is_done = activity.state == ActivityState::Done;
    let is_planned = activity.state != ActivityState::Cancelled;
    let one = |counts: bool| counts.then_some(Decimal::ONE);
    let metrics = match activity.kind {
        ActivityKind::Training => vec![("training_hours", activity.hours.filter(|_| is_done))],
        ActivityKind::Coaching => {
            vec![("coaching_planned", one(is_planned)), ("coaching_done", one(is_done))]
        }
        ActivityKind::Meeting => vec![("meetings_planned", one(is_planned)), ("meetings_held", one(is_done))],
    };
    let of_person = |employee_id: i64| {
        metrics.iter().map(move |(metric, value)| Entry {
            employee_id,
            metric: (*metric).to_owned(),
            value: *value,
            day: Some(activity.day),
            external_id: Some(activity.id.to_string()),
            for_store: None,
        })
    };
    counts_for(activity).into_iter().flat_map(of_person).collect()
}
