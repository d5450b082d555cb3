//! Events: what happened on a day, with evidence and a second pair of eyes. One person reports, others verify, and only
//! what is verified reaches the month's facts. Nothing is taken away: who did what, and why, stays.
//!
//! An event says nothing about the rest of its month: it delivers no source.

pub mod decide;
pub mod detail;
mod effect;
pub mod http;
pub mod kinds;
pub mod life;
pub mod report;
mod store;
mod tally;
pub mod totals;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::detail::EventDetail;
pub use self::kinds::EventKind;
pub use self::life::EventState;
pub use self::store::{EventFilter, Viewer, list, read};

/// Something that shows what an event says: a text, a link, or a file by its name. The file itself is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The text, the link, or the file's name.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(example = "监控截图 0312.jpg")]
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    #[garde(inner(custom(is_sha256)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

fn is_sha256(text: &str, (): &()) -> garde::Result {
    let is_right = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_right { Ok(()) } else { Err(garde::Error::new("expected 64 hexadecimal digits")) }
}

/// An event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// What it is.
    pub kind: EventKind,
    /// What that is called in the showroom.
    #[schema(value_type = String, example = "迟到")]
    pub kind_name: &'static str,
    /// 工号 of whom it is about.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// The day.
    pub day: NaiveDate,
    /// How far it has come.
    pub state: EventState,
    /// What is said of it.
    pub detail: EventDetail,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// Anything else.
    pub note: Option<String>,
    /// What it gives, or would give once it is verified, metric by metric; what has a mean counts with the others.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub gives: BTreeMap<&'static str, Decimal>,
    /// How many people have to verify it.
    pub verifications_needed: i16,
    /// How many have.
    pub verifications: i16,
    /// Login of who reported it.
    pub reported_by: String,
    /// When.
    pub reported_at: DateTime<Utc>,
    /// The system that sent it.
    pub source_system: Option<String>,
    /// What it is called there.
    pub external_id: Option<String>,
}

/// What somebody did about an event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventStep {
    /// What.
    pub step: EventState,
    /// Login of who.
    pub by: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub note: Option<String>,
}

/// An event with everything that was done about it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventDocument {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// The steps, the first one first.
    pub steps: Vec<EventStep>,
}
