//! Kinds and states of activities: who enters which, for whom each counts, and as what. No database.

use diesel::deserialize::FromSqlRow;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::LedActivity;
use crate::auth::access::Role;
use crate::diary::words::words;
use crate::ledger::Entry;

/// What an activity is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, FromSqlRow)]
#[serde(rename_all = "snake_case")]
pub enum ActivityKind {
    /// 培训
    Training,
    /// 辅导
    Coaching,
    /// 会议
    Meeting,
}

/// How far an activity has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema, FromSqlRow)]
#[serde(rename_all = "snake_case")]
pub enum ActivityState {
    /// 计划
    Planned,
    /// 已完成
    Done,
    /// 已取消
    Cancelled,
}

words!(ActivityKind { Training = "training", Coaching = "coaching", Meeting = "meeting", });
words!(ActivityState { Planned = "planned", Done = "done", Cancelled = "cancelled", });

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
        })
    };
    counts_for(activity).into_iter().flat_map(of_person).collect()
}
