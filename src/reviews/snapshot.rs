//! What goes into a review, frozen: from these bytes and the bundle's, the review can be computed again.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::facts::metric::Catalogue;
use crate::facts::month::{MonthFacts, Value};
use crate::period::Period;

/// Everything that went into a review. It names every catalogued metric, not only those that today's rules read, so that
/// other rules can be tried on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// 工号.
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
    /// First day after the posting, if it has an end.
    pub posted_to: Option<NaiveDate>,
    /// Value of every metric and of every target that is set; null where nothing is known.
    #[schema(value_type = BTreeMap<String, Option<f64>>)]
    pub metrics: BTreeMap<String, Option<Decimal>>,
    /// Metrics that should be known but are not.
    pub unreported: Vec<String>,
}

/// The metrics of a snapshot: every one of the catalogue, and those targets that are set.
pub fn metrics(
    catalogue: &Catalogue,
    facts: &MonthFacts,
) -> (BTreeMap<String, Option<Decimal>>, Vec<String>) {
    let listed = catalogue.listed().len();
    let mut metrics = BTreeMap::new();
    let mut unreported = Vec::new();
    for (id, metric) in catalogue.entries() {
        match facts.get(id) {
            // One spelling for one number, whatever its trailing zeros were.
            Value::Given(number) => {
                metrics.insert(metric.name.clone(), Some(number.normalize()));
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

impl Snapshot {
    /// The facts as scoring read them. Metrics that `catalogue` does not know any more are left out.
    pub fn facts(&self, catalogue: &Catalogue) -> MonthFacts {
        let given = self.metrics.iter().filter_map(|(name, value)| Some((catalogue.find(name)?, (*value)?)));
        let mut facts = MonthFacts::complete(catalogue, given);
        for (name, value) in &self.metrics {
            if let (Some(id), None) = (catalogue.find(name), value) {
                let is_unreported = self.unreported.contains(name);
                facts.set(id, if is_unreported { Value::Unreported } else { Value::Missing });
            }
        }
        facts
    }
}
