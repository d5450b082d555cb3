//! Mappings that need no confirmation: the headers are the program's own words. They are called after the sources of the
//! catalogue, whose templates they read, and `facts`, for the export of that name.

use super::label::{is_same_unit, normal, parts};
use super::{Blank, MappedColumn, Target};
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue, Metric};
use crate::spreadsheets::export::metric_header;

/// The mapping of the export of facts.
pub const FACTS: &str = "facts";

/// The sources that people deliver in a month. Single events are none: they are reported and verified one by one.
pub fn sources(catalogue: &Catalogue) -> impl Iterator<Item = &str> {
    let delivered = catalogue.sources().iter().filter(|source| !source.complete);
    let names = delivered.map(|source| source.name.as_str());
    names.filter(|name| *name != COMPUTED_SOURCE && !metrics(catalogue, name).is_empty())
}

/// The metrics of a source, as the catalogue lists them.
pub fn metrics<'a>(catalogue: &'a Catalogue, source: &str) -> Vec<&'a Metric> {
    catalogue.listed().iter().filter(|metric| metric.source.as_deref() == Some(source)).collect()
}

/// Whether a name is that of a built-in mapping, or of something else that stands beside mappings.
pub fn is_reserved(catalogue: &Catalogue, name: &str) -> bool {
    name == FACTS || name == "propose" || catalogue.sources().iter().any(|source| source.name == name)
}

/// The columns that a built-in mapping reads, by their labels; `None` where there is no such mapping.
pub fn columns(catalogue: &Catalogue, name: &str) -> Option<Vec<MappedColumn>> {
    let metrics: Vec<&Metric> = match name {
        FACTS => catalogue.entries().map(|(_, metric)| metric).collect(),
        source => sources(catalogue).find(|one| *one == source).map(|source| metrics(catalogue, source))?,
    };
    let own = [("工号", Target::EmployeeNo), ("姓名", Target::Name), ("日期", Target::Day)];
    let own = own.map(|(header, to)| MappedColumn {
        header: header.to_owned(),
        to,
        metric: None,
        blank: Blank::Missing,
    });
    let collected = metrics.into_iter().filter(|metric| metric.source.as_deref() != Some(COMPUTED_SOURCE));
    let measured = collected.map(|metric| MappedColumn {
        header: metric_header(catalogue, metric).to_owned(),
        to: Target::Metric,
        metric: Some(metric.name.clone()),
        blank: Blank::Missing,
    });
    Some(own.into_iter().chain(measured).collect())
}

/// The header of a metric's column in a template: its label with its unit.
pub fn template_header(catalogue: &Catalogue, metric: &Metric) -> String {
    format!("{}（{}）", metric_header(catalogue, metric), metric.unit)
}

/// Whether a header of a file is the one that a built-in column has, with the metric's unit behind it or without.
pub(super) fn is_header(found: &str, own: &str, metric: Option<&Metric>) -> bool {
    let (label, unit) = parts(found);
    let is_measured = match (unit, metric) {
        (None, _) => true,
        (Some(unit), Some(metric)) => is_same_unit(&unit, &metric.unit),
        (Some(_), None) => false,
    };
    normal(found) == normal(own) || (is_measured && label == normal(own))
}
