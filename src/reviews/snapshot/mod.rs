//! What goes into a review, frozen: from its stored bytes and the bundle's, the review can be computed again.

pub mod stored;
pub mod translation;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::stored::Subject;
use crate::ledger::metric::Catalogue;
use crate::ledger::month::{MonthFacts, Value};
use crate::period::Period;

/// Everything that went into a review. It holds every metric of the catalogue, not only those that the rules of the time
/// read, so that other rules can be tried on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// Employee number 工号.
    pub employee_no: String,
    /// The month.
    #[schema(value_type = String)]
    pub period: Period,
    /// Code of the store.
    pub store: String,
    /// Code of the unit of the posting.
    pub unit: String,
    /// The position that is scored.
    pub position: String,
    /// First day of the posting.
    pub posted_from: NaiveDate,
    /// First day after the posting; null if it has no end.
    pub posted_to: Option<NaiveDate>,
    /// The value of every metric, and of every target that is set; null if it is not known.
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    pub metrics: BTreeMap<String, Option<Decimal>>,
    /// Metrics that should be known but are not.
    pub unreported: Vec<String>,
}

impl Snapshot {
    /// What people read of a review's inputs.
    pub fn of(catalogue: &Catalogue, subject: &Subject<'_>, facts: &MonthFacts) -> Self {
        let (metrics, unreported) = metrics(catalogue, facts);
        Self {
            employee_no: subject.employee_no.to_owned(),
            period: subject.period,
            store: subject.store.to_owned(),
            unit: subject.unit.to_owned(),
            position: subject.position.to_owned(),
            posted_from: subject.posted_from,
            posted_to: subject.posted_to,
            metrics,
            unreported,
        }
    }
}

/// Every metric of the catalogue, and those targets that are set.
fn metrics(catalogue: &Catalogue, facts: &MonthFacts) -> (BTreeMap<String, Option<Decimal>>, Vec<String>) {
    let listed = catalogue.listed().len();
    let mut metrics = BTreeMap::new();
    let mut unreported = Vec::new();
    for (id, metric) in catalogue.entries() {
        match facts.get(id) {
            Value::Given(number) => {
                metrics.insert(metric.name.clone(), Some(number));
            }
            Value::Missing if id.index() >= listed => {}
            Value::Missing => {
                metrics.insert(metric.name.clone(), None);
            }
            Value::Unreported => {
                metrics.insert(metric.name.clone(), None);
                unreported.push(metric.name.clone());
            }
        }
    }
    (metrics, unreported)
}
