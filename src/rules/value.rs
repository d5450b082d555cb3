//! The values scripts compute with: exact numbers, and "not applicable" as a value that arithmetic refuses.

use std::sync::Arc;

use rhai::{Dynamic, EvalAltResult};
use rust_decimal::Decimal;

use super::scheme::Label;
use super::sentences;
use crate::decimal::text::made;
use crate::http::language::Language;
use crate::ledger::metric::{Catalogue, MetricId, Missing};

/// Not applicable (不适用): an item whose data does not exist or does not suffice. It is no number and never 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotApplicable {
    /// Why.
    pub cause: Cause,
}

/// Why something is not applicable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A metric that was not collected.
    Absent(Arc<AbsentMetric>),
    /// A metric that was not collected although it has to be. Whatever touches it fails instead of becoming not
    /// applicable too.
    Required(Arc<AbsentMetric>),
    /// A metric whose source is not in yet. Whatever touches it fails likewise.
    Outstanding(Arc<AbsentMetric>),
    /// A quotient whose denominator is 0, or less than it has to be.
    Denominator {
        /// What was to be divided.
        over: Decimal,
        /// By what.
        under: Decimal,
        /// The least that it has to be.
        least: Decimal,
    },
    /// No item applies.
    NoItem,
    /// What the author says.
    Said(Arc<str>),
}

/// A metric as reasons name it where it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AbsentMetric {
    /// Which one.
    pub id: MetricId,
    /// What scripts and files call it.
    pub name: String,
    /// Its name in both languages.
    pub label: Label,
    /// What the delivery that brings it is called, if there is one.
    pub source: Option<Label>,
    /// Whether nothing happened where nothing was delivered.
    pub is_count: bool,
}

impl AbsentMetric {
    /// A metric of a catalogue; none where the catalogue does not have it.
    pub fn of(catalogue: &Catalogue, id: MetricId) -> Option<Self> {
        let metric = catalogue.get(id)?;
        let source = metric.source.as_deref().map(|name| {
            let known = catalogue.sources().iter().find(|source| source.name == name);
            let (zh, en) = known.map_or((name, name), |source| (&source.zh, &source.en));
            Label { zh: zh.to_owned(), en: en.to_owned() }
        });
        Some(Self {
            id,
            name: metric.name.clone(),
            label: Label { zh: metric.zh.clone(), en: metric.en.clone() },
            source,
            is_count: metric.missing == Missing::Zero,
        })
    }
}

impl NotApplicable {
    /// The value of a metric that is not there; `has_to_be` whether it should.
    pub fn absent(metric: &Arc<AbsentMetric>, has_to_be: bool) -> Self {
        let metric = Arc::clone(metric);
        let cause = match (has_to_be, metric.is_count && metric.source.is_some()) {
            (true, true) => Cause::Outstanding(metric),
            (true, false) => Cause::Required(metric),
            (false, _) => Cause::Absent(metric),
        };
        Self { cause }
    }

    /// Whether the value should be there.
    pub fn is_fault(&self) -> bool {
        matches!(self.cause, Cause::Required(_) | Cause::Outstanding(_))
    }

    /// Why, in Chinese: what an author's text gets, and failures say.
    pub fn reason(&self) -> String {
        made(|out| sentences::write_cause(out, &self.cause, Language::Chinese))
    }
}

/// A number or "not applicable".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// An exact number.
    Number(Decimal),
    /// No number, with the reason.
    NotApplicable(Arc<NotApplicable>),
}

/// What a host function gives back to a script.
pub type HostResult<T> = Result<T, Box<EvalAltResult>>;

/// An error that a host function raises; the engine adds the place of the call.
pub fn fault<T>(message: impl Into<String>) -> HostResult<T> {
    Err(message.into().into())
}

impl Quantity {
    /// Reads an argument that may be not applicable. A value that should have been there is an error.
    pub fn read(argument: Dynamic, function: &str) -> HostResult<Self> {
        if let Ok(number) = argument.as_decimal() {
            return Ok(Self::Number(number));
        }
        let kind = kind_of(&argument);
        match argument.try_cast::<NotApplicable>() {
            Some(missing) if missing.is_fault() => fault(missing.reason()),
            Some(missing) => Ok(missing.into()),
            None => fault(format!("{function} takes numbers, but was given {kind}")),
        }
    }

    /// Reads an argument that has to be a number.
    pub fn number(argument: Dynamic, function: &str) -> HostResult<Decimal> {
        match Self::read(argument, function)? {
            Self::Number(number) => Ok(number),
            Self::NotApplicable(missing) => {
                fault(format!("{function} takes numbers, but was given N/A ({})", missing.reason()))
            }
        }
    }
}

impl From<NotApplicable> for Quantity {
    fn from(missing: NotApplicable) -> Self {
        Self::NotApplicable(Arc::new(missing))
    }
}

impl From<Quantity> for Dynamic {
    fn from(quantity: Quantity) -> Self {
        match quantity {
            Quantity::Number(number) => Self::from(number),
            Quantity::NotApplicable(missing) => Self::from(Arc::unwrap_or_clone(missing)),
        }
    }
}

/// What kind of value it is, in an author's words.
pub fn kind_of(value: &Dynamic) -> &'static str {
    if value.is::<Decimal>() {
        "a number"
    } else if value.is::<NotApplicable>() {
        "N/A"
    } else if value.is_string() {
        "text"
    } else if value.is_bool() {
        "true or false"
    } else if value.is_unit() {
        "nothing"
    } else if value.is_array() {
        "a list"
    } else {
        "something that is no number"
    }
}
