//! The annual plan: what a store is to reach in a year, split to months, teams, people, channels and series.
//!
//! A plan has versions. One is drafted, submitted and approved with the month from which it counts; the version before
//! stays readable and keeps governing the months before that.

pub mod apportion;
pub mod approval;
pub mod decompose;
pub mod document;
pub mod draft;
pub mod funnel;
pub mod http;
pub mod preview;
pub mod revision;
pub mod store;
pub mod targets;
pub mod version;
pub mod viewer;
mod weights;

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::period::Period;
pub use approval::{approve, return_to_draft, submit};
pub use draft::create;
pub use revision::{next_version, resplit};
pub use targets::{PersonTarget, UnitTarget, targets_in_force, unit_targets_in_force};
pub use version::Status;

/// The metrics that can be planned.
pub const METRICS: &[&str] = &["deliveries"];
/// Largest total of a plan, in units of its metric.
pub const MAX_TOTAL: i64 = 1_000_000_000_000;
/// Most people of one plan, counted once in each of their teams.
pub const MAX_MEMBERS: usize = 20_000;

/// A plan to be drafted.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 64))]
    pub store: String,
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2014)]
    pub year: i32,
    /// What is planned.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "deliveries")]
    pub metric: String,
    /// The year's total in units of the metric, 0 to 10^12.
    #[garde(range(min = 0, max = MAX_TOTAL))]
    #[schema(example = 1690)]
    pub total: i64,
    /// The twelve months' weights, January first.
    #[garde(length(min = 12, max = 12), inner(range(min = 0)))]
    #[schema(example = json!([950, 640, 880, 810, 795, 785, 690, 745, 875, 885, 925, 1020]))]
    pub season: Vec<i64>,
    /// The teams that share the store's months; ties in rounding go to the one listed first.
    #[serde(default)]
    #[garde(length(max = 2_000), custom(member_count), dive)]
    pub teams: Vec<TeamWeight>,
    /// The channels that share the store's months.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    pub channels: Vec<LabelWeight>,
    /// The series that share the store's months.
    #[serde(default)]
    #[garde(length(max = 500), dive)]
    pub series: Vec<LabelWeight>,
}

fn member_count(teams: &[TeamWeight], _: &()) -> garde::Result {
    match teams.iter().map(|team| team.members.len()).sum::<usize>() {
        0..=MAX_MEMBERS => Ok(()),
        count => Err(garde::Error::new(format!("{count} members are more than {MAX_MEMBERS}"))),
    }
}

/// A team's part of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamWeight {
    /// Code of the team.
    #[garde(length(chars, min = 1, max = 64))]
    pub unit: String,
    /// Its part of the store's months, relative to the other teams.
    #[garde(range(min = 0))]
    pub weight: i64,
    /// The people who share the team's months; none: the team carries them as a whole.
    #[serde(default)]
    #[garde(dive)]
    pub members: Vec<MemberWeight>,
}

/// A person's part of a team's months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberWeight {
    /// 工号
    #[garde(length(chars, min = 1, max = 64))]
    pub employee_no: String,
    /// The part, relative to the other members.
    #[garde(range(min = 0))]
    pub weight: i64,
}

/// A channel's or a series' part of the store's months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LabelWeight {
    /// Its code.
    #[garde(length(chars, min = 1, max = 64))]
    pub code: String,
    /// The part, relative to the others.
    #[garde(range(min = 0))]
    pub weight: i64,
}

/// A version of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: i64,
    /// Code of the store.
    pub store: String,
    /// The calendar year.
    pub year: i32,
    /// What is planned.
    pub metric: String,
    /// Number of the version, from 1, within store, year and metric.
    pub version: i32,
    /// How far it has come.
    pub status: Status,
    /// The year's total in units of the metric.
    pub total: i64,
    /// The first month that follows this version, once it is approved.
    #[schema(value_type = Option<String>, example = "2014-01")]
    pub effective_from: Option<Period>,
    /// Login of its author; none for the operator's, and for those who see nobody's name.
    pub author: Option<String>,
    /// Login of who approved it.
    pub approver: Option<String>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// Grows with every change; the ETag.
    pub row_version: i32,
}

/// Some months of a team, to be split anew.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resplit {
    /// Code of the team.
    #[garde(length(chars, min = 1, max = 64))]
    pub unit: String,
    /// The first month split anew, of the plan's year.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-06")]
    pub from: Period,
    /// The last one.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-08")]
    pub to: Period,
    /// The members' weights in these months. A member who is not listed gets nothing; who was no member becomes one.
    #[garde(length(min = 1, max = MAX_MEMBERS), dive)]
    pub weights: Vec<MemberWeight>,
}

/// What an approver decides.
#[derive(Clone, Copy, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The first month that follows this version, of the plan's year; earlier months follow the version before.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-01")]
    pub effective_from: Period,
}

/// Why a submitted plan goes back to its author.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// What should be different.
    #[garde(length(chars, min = 1, max = 2_000))]
    pub note: String,
}
