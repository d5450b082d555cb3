//! What goes into a review, frozen: from these bytes and the bundle's, the review can be computed again.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

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

/// The facts of a snapshot's text, as [`Snapshot::facts`] gives them, without making the snapshot: trying rules on a year
/// of reviews is mostly reading. `blank` are the catalogue's facts of nobody.
pub fn read_facts(
    text: &str,
    catalogue: &Catalogue,
    blank: &MonthFacts,
) -> Result<MonthFacts, serde_json::Error> {
    let mut facts = blank.clone();
    let mut reader = serde_json::Deserializer::from_str(text);
    let unreported = Parts { catalogue, facts: &mut facts }.deserialize(&mut reader)?;
    reader.end()?;
    for id in unreported.into_iter().filter_map(|name| catalogue.find(name)) {
        if facts.number(id).is_none() {
            facts.set(id, Value::Unreported);
        }
    }
    Ok(facts)
}

/// The parts of a snapshot that are facts; gives the metrics that are not reported.
struct Parts<'a> {
    catalogue: &'a Catalogue,
    facts: &'a mut MonthFacts,
}

impl<'de> DeserializeSeed<'de> for Parts<'_> {
    type Value = Vec<&'de str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Vec<&'de str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a snapshot")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut unreported = Vec::new();
        while let Some(key) = map.next_key::<&str>()? {
            match key {
                "metrics" => {
                    map.next_value_seed(Metrics { catalogue: self.catalogue, facts: &mut *self.facts })?;
                }
                "unreported" => unreported = map.next_value()?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(unreported)
    }
}

/// The metrics of a snapshot, each put in its place. Those that the catalogue does not know any more are left out.
struct Metrics<'a> {
    catalogue: &'a Catalogue,
    facts: &'a mut MonthFacts,
}

impl<'de> DeserializeSeed<'de> for Metrics<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Metrics<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of metrics")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<&str>()? {
            let value: Option<Decimal> = map.next_value()?;
            if let Some(id) = self.catalogue.find(name) {
                self.facts.set(id, value.map_or(Value::Missing, Value::Given));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn catalogue(without: &str) -> Catalogue {
        let text =
            std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/metrics.toml")).unwrap();
        Catalogue::parse(&text.replace(&format!("name = \"{without}\""), "name = \"another\"")).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// Numbers, nulls, unreported ones, names left out, and a name that the catalogue does not know any more.
        #[test]
        fn a_snapshots_text_is_read_as_the_snapshot_is(kinds in prop::collection::vec((0_u8..5, -999_i64..999_999, 0_u32..4), 150)) {
            let written = catalogue("");
            let mut metrics = BTreeMap::new();
            let mut unreported = Vec::new();
            for ((_, metric), (kind, digits, scale)) in written.entries().zip(kinds) {
                let value = match kind {
                    0 => continue,
                    1 => None,
                    2 => {
                        unreported.push(metric.name.clone());
                        None
                    }
                    _ => Some(Decimal::new(digits, scale)),
                };
                metrics.insert(metric.name.clone(), value);
            }
            let snapshot = Snapshot {
                employee_no: "A01".to_owned(),
                period: "2014-03".parse().unwrap(),
                store: "JC".to_owned(),
                unit: "G1".to_owned(),
                position: "sales_consultant".to_owned(),
                posted_from: "2014-01-01".parse().unwrap(),
                posted_to: None,
                metrics,
                unreported,
            };
            let text = serde_json::to_string(&snapshot).unwrap();
            for catalogue in [written, catalogue("late"), catalogue("deliveries")] {
                let blank = MonthFacts::complete(&catalogue, []);
                prop_assert_eq!(read_facts(&text, &catalogue, &blank).unwrap(), snapshot.facts(&catalogue));
            }
        }
    }
}
