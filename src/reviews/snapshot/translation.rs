//! Inputs that were stored by one catalogue, read as another one has them.

use super::stored::{self, Damaged};
use crate::ledger::metric::{Catalogue, MetricId};
use crate::ledger::month::{MonthFacts, Value};

/// How to read inputs that were stored by the places of another catalogue.
#[derive(Debug)]
pub struct Translation<'a> {
    from: &'a Catalogue,
    /// Where each metric and target of it stands, and what the new catalogue says of nobody; none if both are the same.
    to: Option<(Vec<Option<MetricId>>, MonthFacts)>,
}

impl<'a> Translation<'a> {
    /// Of inputs that are by this very catalogue.
    pub fn none(catalogue: &'a Catalogue) -> Self {
        Self { from: catalogue, to: None }
    }

    /// From one catalogue to another.
    pub fn new(from: &'a Catalogue, to: &Catalogue) -> Self {
        let places = from.entries().map(|(_, metric)| to.find(&metric.name)).collect();
        Self { from, to: Some((places, MonthFacts::complete(to, []))) }
    }

    /// The facts of these stored inputs. Metrics that the new catalogue does not know are left out; those that the old one
    /// did not know are as in a month in which every source is in.
    pub fn read(&self, inputs: &[u8]) -> Result<MonthFacts, Damaged> {
        let (_, stored) = stored::read(inputs, self.from)?;
        let Some((places, blank)) = &self.to else { return Ok(stored) };
        let listed = self.from.listed().len();
        let mut facts = blank.clone().with_added(stored.added().to_vec());
        for (place, (id, value)) in places.iter().zip(stored.values()).enumerate() {
            // A target that was not set says nothing.
            let says_something = place < listed || *value != Value::Missing;
            if let (Some(id), true) = (id, says_something) {
                facts.set(*id, *value);
            }
        }
        Ok(facts)
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::reviews::snapshot::stored::Subject;

    fn shipped() -> String {
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/metrics.toml")).unwrap()
    }

    fn renamed(metric: &str) -> Catalogue {
        Catalogue::parse(&shipped().replace(&format!("name = \"{metric}\""), "name = \"another\"")).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        /// By name, each metric of the new catalogue has the value that the old one had for it; one that is new has what
        /// nobody's month has.
        #[test]
        fn every_metric_keeps_its_value(kinds in prop::collection::vec((0_u8..4, 1_i64..999_999, 0_u32..4), 200)) {
            let old = Catalogue::parse(&shipped()).unwrap();
            let values = old.entries().zip(kinds).map(|(_, (kind, digits, scale))| match kind {
                0 => Value::Missing,
                1 => Value::Unreported,
                _ => Value::Given(Decimal::new(digits, scale).normalize()),
            });
            let values = MonthFacts::of(values.collect());
            let subject = Subject {
                employee_no: "A01",
                period: "2014-03".parse().unwrap(),
                store: "JC",
                unit: "G1",
                position: "sales_consultant",
                posted_from: NaiveDate::MIN,
                posted_to: None,
            };
            let inputs = stored::write(&subject, &values);
            prop_assert_eq!(Translation::none(&old).read(&inputs), Ok(values.clone()));
            for new in [renamed(""), renamed("late"), renamed("deliveries")] {
                let blank = MonthFacts::complete(&new, []);
                let facts = Translation::new(&old, &new).read(&inputs).unwrap();
                for (id, metric) in new.entries() {
                    let before = old.find(&metric.name).map(|id| (id, values.get(id)));
                    let is_unset_target = before.is_some_and(|(id, value)| {
                        id.index() >= old.listed().len() && value == Value::Missing
                    });
                    let expected = match before {
                        Some((_, value)) if !is_unset_target => value,
                        _ => blank.get(id),
                    };
                    prop_assert_eq!(facts.get(id), expected, "{}", metric.name);
                }
            }
        }
    }
}
