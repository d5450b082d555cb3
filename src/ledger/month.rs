//! One person's facts of one month, as scoring reads them.

use std::collections::HashSet;

use rust_decimal::Decimal;

use crate::ledger::metric::{Catalogue, Metric, MetricId, Missing};

/// What is known of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Collected, or 0 because the month's source is in and had nothing to say.
    Given(Decimal),
    /// Not collected; what needs it is not applicable.
    Missing,
    /// Not collected although it has to be, or its source is not in yet; what needs it cannot be scored.
    Unreported,
}

/// Points that people have added to an item of somebody's review, or taken off it: a signed entry beside the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedPoints {
    /// The rule whose item it is.
    pub rule: String,
    /// The points; below zero where they are taken off.
    pub points: Decimal,
}

/// One person's facts of one month: a value for every metric and target of a catalogue, and the adjustments of one review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonthFacts {
    values: Vec<Value>,
    added: Vec<AddedPoints>,
}

impl MonthFacts {
    /// Facts of a month in which every source is in: what is absent and counts events is 0.
    pub fn complete(catalogue: &Catalogue, given: impl IntoIterator<Item = (MetricId, Decimal)>) -> Self {
        Self::build(catalogue, given, |_| true)
    }

    /// Facts of a month of somebody for whom only the sources named are in. Single events, and a metric without a
    /// source, are always complete.
    pub fn with_sources(
        catalogue: &Catalogue,
        given: impl IntoIterator<Item = (MetricId, Decimal)>,
        delivered: &HashSet<String>,
    ) -> Self {
        Self::build(catalogue, given, |metric| {
            let source = metric.source.as_ref();
            source.is_none_or(|source| delivered.contains(source) || catalogue.is_complete(source))
        })
    }

    fn build(
        catalogue: &Catalogue,
        given: impl IntoIterator<Item = (MetricId, Decimal)>,
        is_delivered: impl Fn(&Metric) -> bool,
    ) -> Self {
        let unknown = catalogue.entries().map(|(_, metric)| match metric.missing {
            Missing::Zero if is_delivered(metric) => Value::Given(Decimal::ZERO),
            Missing::Zero | Missing::Required => Value::Unreported,
            Missing::Na => Value::Missing,
        });
        let mut facts = Self::of(unknown.collect());
        for (id, value) in given {
            facts.set(id, Value::Given(value));
        }
        facts
    }

    /// The facts of these values, in the catalogue's order.
    pub fn of(values: Vec<Value>) -> Self {
        Self { values, added: Vec::new() }
    }

    /// The same facts with the adjustments of a review, in the order in which they were decided.
    #[must_use]
    pub fn with_added(self, added: Vec<AddedPoints>) -> Self {
        Self { added, ..self }
    }

    /// The adjustments.
    pub fn added(&self) -> &[AddedPoints] {
        &self.added
    }

    /// What is known of each metric and target, in the catalogue's order.
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// What is known of a metric.
    pub fn get(&self, id: MetricId) -> Value {
        self.values.get(id.index()).copied().unwrap_or(Value::Missing)
    }

    /// Replaces what is known of a metric. One number has one spelling here, so that what is computed from a stored
    /// month is the same to the last character, whatever trailing zeros a source had.
    pub fn set(&mut self, id: MetricId, value: Value) {
        if let Some(slot) = self.values.get_mut(id.index()) {
            *slot = match value {
                // Nearly all are whole, and nothing is behind them.
                Value::Given(number) if number.scale() > 0 || number.is_zero() => {
                    Value::Given(number.normalize())
                }
                other => other,
            };
        }
    }

    /// The number known for a metric, if there is one.
    pub fn number(&self, id: MetricId) -> Option<Decimal> {
        match self.get(id) {
            Value::Given(number) => Some(number),
            Value::Missing | Value::Unreported => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_events_are_never_outstanding() {
        let entry = |name: &str, source: &str| {
            format!(
                "[[metric]]\nname = \"{name}\"\nzh = \"a\"\nen = \"a\"\nunit = \"\"\nkind = \"count\"\nmissing = \"zero\"\n\
                 {source}\ndirection = \"down\"\nstep = 1\n"
            )
        };
        let text = [
            "[[source]]\nname = \"dms\"\nzh = \"a\"\nen = \"a\"\n".to_owned(),
            "[[source]]\nname = \"events\"\nzh = \"a\"\nen = \"a\"\ncomplete = true\n".to_owned(),
            entry("late", "source = \"dms\""),
            entry("breaches", "source = \"events\""),
            entry("loose", ""),
        ];
        let catalogue = Catalogue::parse(&text.concat()).unwrap();
        let facts = MonthFacts::with_sources(&catalogue, [], &HashSet::new());
        let known = ["late", "breaches", "loose"].map(|name| facts.get(catalogue.find(name).unwrap()));
        let nothing = Value::Given(Decimal::ZERO);
        assert_eq!(known, [Value::Unreported, nothing, nothing]);
    }
}
