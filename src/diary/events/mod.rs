//! Events: what happened on a day, with evidence and a second pair of eyes. One person reports, others verify, and only
//! what is verified reaches the month's facts. Nothing is deleted: who did what, and why, stays readable.
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

use std::collections::BTreeMap;

use crate::said::say;
use chrono::{DateTime, NaiveDate, Utc};
use diesel::Queryable;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::detail::EventDetail;
pub use self::kinds::EventKind;
pub use self::life::EventState;
pub use self::store::{EventFilter, list, read};

/// Something that shows what an event says: a text, a link, or a file by its name. The file itself is kept elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The text, the link, or the file's name.
    #[garde(length(chars, min = 1, max = 500))]
    #[schema(example = "监控截图 0312.jpg", min_length = 1, max_length = 500)]
    pub name: String,
    /// SHA-256 of the file, in hexadecimal.
    #[garde(inner(custom(is_sha256)))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = "^[0-9A-Fa-f]{64}$")]
    pub sha256: Option<String>,
}

fn is_sha256(text: &str, (): &()) -> garde::Result {
    let is_right = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_right {
        Ok(())
    } else {
        Err(crate::http::body::refused(&say!("应为 64 位十六进制数字", "expected 64 hexadecimal digits")))
    }
}

/// An event.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Event {
    /// Its number.
    pub id: i64,
    /// What kind of event it is.
    pub kind: EventKind,
    /// The Chinese name of its kind.
    #[schema(value_type = String, example = "迟到")]
    pub kind_name: &'static str,
    /// 工号 of the person it is about.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The day on which it happened; the first one if it lasted several days.
    pub day: NaiveDate,
    /// How far it has come.
    pub state: EventState,
    /// The particulars, by its kind.
    pub detail: EventDetail,
    /// The evidence.
    pub evidence: Vec<Evidence>,
    /// Anything else that was noted.
    pub note: Option<String>,
    /// What it adds to the month once it is verified, metric by metric. Points go into the month's mean.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub gives: BTreeMap<&'static str, Decimal>,
    /// How many people have to verify it.
    pub verifications_needed: i16,
    /// How many people have verified it.
    pub verifications: i16,
    /// Login of the person who reported it.
    pub reported_by: String,
    /// When it was reported.
    pub reported_at: DateTime<Utc>,
    /// The system that sent it, if one did.
    pub source_system: Option<String>,
    /// Its id in that system.
    pub external_id: Option<String>,
}

/// One step in the history of an event.
#[derive(Clone, Debug, Serialize, Queryable, ToSchema)]
pub struct EventStep {
    /// What was done.
    pub step: EventState,
    /// Login of the person who did it.
    pub by: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// The note or reason that was given.
    pub note: Option<String>,
}

/// An event with its history.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventDocument {
    /// The event.
    #[serde(flatten)]
    pub event: Event,
    /// Its history, oldest step first.
    pub steps: Vec<EventStep>,
}
