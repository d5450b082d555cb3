//! The ledger of facts: rows are only added. A value stands at a place — its employee, month and metric, and there the
//! month's total, a day, or a record of the system that it came from — and the youngest row of a place counts. What a
//! month comes to is the sum of what stands in the highest rank that has anything: verified events before delivered
//! totals, these before days and records, and last what people write themselves.
//!
//! That is asked far more often than anything is recorded, so it is kept beside the rows: `person_months`, and their sums in
//! `unit_sums`. Both follow from the rows; `rows::append`, by which alone rows are added, has them follow at once.

mod beyond;
pub mod bulk;
pub mod catalogue;
pub mod close;
mod delivery;
pub mod history;
pub mod http;
mod late;
mod locks;
pub mod metric;
pub mod month;
mod outranked;
mod parts;
mod people;
pub mod person_months;
pub mod reading;
mod recording;
mod rows;
mod speaking;
mod unit_sums;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::beyond::{BeyondBound, SaidOf, beyond, bounds, exceeds, within as beyond_within};
pub use self::delivery::{
    Delivered, Deliveries, SourceGap, SourceWord, delivered_sources, deliveries, gaps, note,
};
pub use self::late::retract;
pub use self::locks::{Held, lock, lock_delivery};
pub use self::outranked::CountsInstead;
pub use self::parts::{assign as assign_parts, of_place as part_of_place};
pub use self::people::{ReachedPerson, employee_nos, entering, is_own_judgement, people, posted_days};
pub use self::person_months::Months;
pub use self::reading::{current, known};
pub use self::recording::{Admitted, Prepared, Recorded, compare, prepare, record, record_held};
pub use self::speaking::{Speakers, of_store, speakers, speaking_for};

/// One value to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub employee_id: i64,
    /// Name in the catalogue.
    pub metric: String,
    /// The value; none voids the one that stands.
    pub value: Option<Decimal>,
    /// The day that it is of; none is the month as a whole.
    pub day: Option<NaiveDate>,
    /// The record that it is of, by the id it has in the system that it comes from.
    pub external_id: Option<String>,
    /// For which store it is delivered; none where no store has a word in it before the others.
    pub for_store: Option<ForStore>,
}

/// For which store a value is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ForStore {
    /// The store.
    pub store_id: i64,
    /// Whether it is the store's own part of a total that another store has delivered, too: both add up.
    pub is_part: bool,
}

impl Entry {
    /// The month's total of a metric.
    pub fn total(employee_id: i64, metric: impl Into<String>, value: Decimal) -> Self {
        Self {
            employee_id,
            metric: metric.into(),
            value: Some(value),
            day: None,
            external_id: None,
            for_store: None,
        }
    }

    /// Where it stands within its employee, month and metric. A record keeps its place when its day is corrected.
    fn place(&self, source_system: &str) -> String {
        match (&self.external_id, self.day) {
            (Some(id), _) => format!("#{source_system}:{id}"),
            (None, Some(day)) => day.to_string(),
            (None, None) => match self.for_store {
                Some(ForStore { store_id, is_part: true }) => parts::place(store_id),
                _ => String::new(),
            },
        }
    }
}

/// Where values come from.
#[derive(Clone, Debug)]
pub struct ValueOrigin {
    /// The system or file kind that delivered them.
    pub source_system: String,
    /// The import they came with.
    pub batch_id: Option<i64>,
    /// Who delivered them; none is the operator.
    pub user_id: Option<i64>,
    /// When they were delivered.
    pub at: DateTime<Utc>,
    /// Why they replace earlier values.
    pub reason: Option<String>,
}

/// What happens to values for a frozen month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// They are refused, and nothing is recorded
    #[default]
    Refuse,
    /// They wait as corrections that a second person decides on
    Keep,
}

/// What became of one value. For a row with several values, the outcome listed last here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactOutcome {
    /// It was known already.
    Unchanged,
    /// It was not known before.
    Added,
    /// It replaces another one.
    Changed,
    /// Its month is frozen: it waits as a correction.
    Pending,
}

/// How many values of each kind there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Values that were not known before.
    pub added: usize,
    /// Values that replace others.
    pub changed: usize,
    /// Values that were known already.
    pub unchanged: usize,
    /// Values of frozen months, which wait as corrections.
    pub pending: usize,
}

impl Counts {
    fn count(&mut self, outcome: FactOutcome) {
        *match outcome {
            FactOutcome::Added => &mut self.added,
            FactOutcome::Changed => &mut self.changed,
            FactOutcome::Unchanged => &mut self.unchanged,
            FactOutcome::Pending => &mut self.pending,
        } += 1;
    }

    /// Whether anything was recorded, or would be.
    pub fn is_news(&self) -> bool {
        self.added + self.changed + self.pending > 0
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.pending += other.pending;
    }
}
