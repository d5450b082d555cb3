//! Reading a delivery: its values, and everything that is wrong with it.

use std::collections::{BTreeMap, HashMap, HashSet};

use rust_decimal::Decimal;

use super::{NewFacts, address, source_of};
use crate::auth::caller::Identity;
use crate::decimal;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger::metric::Catalogue;
use crate::ledger::metric::needs_verification;
use crate::period::Period;

/// Systems of the program's own, whose values nobody else delivers.
pub const OWN_SYSTEMS: &[&str] =
    &["event", "punch_correction", "daily_sheet", "work_report", "activity", "calendar"];

/// A value of the request: which row it stands in, its metric and the number.
pub(super) struct Value<'a> {
    pub row: usize,
    pub metric: &'a str,
    pub number: Decimal,
}

/// What is wrong with a delivery.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// With the delivery as a whole.
    pub whole: Vec<FieldError>,
    /// With single rows.
    pub rows: BTreeMap<usize, Vec<FieldError>>,
    /// Some of it is not for the caller's roles.
    pub is_forbidden: bool,
}

impl Faults {
    pub fn row(&mut self, row: usize, error: FieldError) {
        self.rows.entry(row).or_default().push(error);
    }

    /// The answer where these faults keep everything out: all of them, or with `partial` those of the whole.
    pub fn refusal(&self, is_partial: bool) -> Option<Problem> {
        if self.whole.is_empty() && (is_partial || self.rows.is_empty()) {
            return None;
        }
        let errors = self.rows.values().flatten().chain(&self.whole).cloned().collect();
        if self.is_forbidden {
            let detail = "your roles do not allow entering some of these metrics".to_owned();
            return Some(Problem { code: Code::Forbidden, detail, errors });
        }
        Some(Problem::fields(errors))
    }
}

/// Reads the values, and notes what cannot be read or is said twice.
pub(super) fn read<'a>(catalogue: &Catalogue, new: &'a NewFacts, faults: &mut Faults) -> Vec<Value<'a>> {
    let mut values = Vec::new();
    let mut seen = HashMap::new();
    for (row, fields) in new.rows.iter().enumerate() {
        // A record is one row, whoever it is about.
        let (place, field, name) = match fields.external_id.as_deref() {
            Some(id) => ((id, None, true), "external_id", id),
            None => {
                let no = fields.employee_no.as_str();
                ((no, fields.day, false), "employee_no", no)
            }
        };
        if let Some(earlier) = seen.insert(place, row) {
            let message = format!("'{name}' stands in rows[{earlier}] already");
            faults.row(row, FieldError { field: format!("rows[{row}].{field}"), message });
        }
        if let Some(day) = fields.day.filter(|day| Period::containing(*day) != new.period) {
            let message = format!("{day} is not a day of {}", new.period);
            faults.row(row, FieldError { field: format!("rows[{row}].day"), message });
        }
        for (metric, number) in &fields.facts {
            let read = match number {
                None if catalogue.find(metric).is_some() => continue,
                None => catalogue.read(metric, Decimal::ZERO).map(|_| Decimal::ZERO),
                Some(number) => decimal::parse(number.as_str())
                    .ok_or_else(|| format!("{number} cannot be held exactly"))
                    .and_then(|value| catalogue.read(metric, value).map(|_| value)),
            };
            match read {
                Ok(number) => values.push(Value { row, metric, number }),
                Err(message) => {
                    faults.row(row, FieldError { field: format!("rows[{row}].facts.{metric}"), message });
                }
            }
        }
    }
    check_whole(catalogue, new, faults);
    values
}

fn check_whole(catalogue: &Catalogue, new: &NewFacts, faults: &mut Faults) {
    let known: HashSet<&str> =
        catalogue.listed().iter().filter_map(|metric| metric.source.as_deref()).collect();
    for (index, source) in new.complete_sources.iter().enumerate() {
        if !known.contains(source.as_str()) {
            faults.whole.push(FieldError {
                field: format!("complete_sources[{index}]"),
                message: format!("'{source}' is no source of the catalogue"),
            });
        }
    }
    if !new.complete_sources.is_empty() && new.rows.is_empty() {
        let message = "name at least one person, whose store has delivered the source; facts may be empty";
        faults.whole.push(FieldError { field: "rows".to_owned(), message: message.to_owned() });
    }
    if OWN_SYSTEMS.contains(&new.source_system.as_str()) {
        let message = format!("'{}' is the program's own; name the system that delivers", new.source_system);
        faults.whole.push(FieldError { field: "source_system".to_owned(), message });
    }
}

/// Notes what the caller's roles may not enter.
pub(super) fn refuse_foreign_sources(
    catalogue: &Catalogue,
    new: &NewFacts,
    values: &[Value<'_>],
    by: &Identity,
    faults: &mut Faults,
) {
    let error = |field: String, source: Option<&str>| FieldError {
        field,
        message: format!("your roles do not allow entering {}", source.unwrap_or("single events")),
    };
    for value in values {
        let source = source_of(catalogue, value.metric);
        if address::entering_roles(by, source).is_empty() {
            faults.is_forbidden = true;
            faults.row(value.row, error(format!("rows[{}].facts.{}", value.row, value.metric), source));
            continue;
        }
        if needs_verification(value.metric, value.number) {
            let field = format!("rows[{}].facts.{}", value.row, value.metric);
            let message = "report it as an event (POST /v1/events): others have to verify it".to_owned();
            faults.row(value.row, FieldError { field, message });
        }
    }
    for (index, source) in new.complete_sources.iter().enumerate() {
        if address::entering_roles(by, Some(source)).is_empty() {
            faults.is_forbidden = true;
            faults.whole.push(error(format!("complete_sources[{index}]"), Some(source)));
        }
    }
}
