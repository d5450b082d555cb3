//! Sheets of any layout, read through a saved mapping of their columns: the program proposes it, a person confirms it.
//!
//! `propose` is the program's opinion, `store` keeps what was confirmed, `read` reads a file by it and `import` records what
//! was read. `built_in` has mappings that need no confirmation: for templates, and for the program's own exports.

pub mod built_in;
mod day;
mod file;
pub mod http;
pub mod import;
mod label;
pub mod propose;
mod read;
pub mod store;
mod synonyms;
mod text;
mod value;

use std::collections::HashSet;
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::propose::Proposal;
use crate::auth::access::{Action as _, EnterFacts, may_enter};
use crate::auth::caller::{Identity, Scope};
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger;
use crate::ledger::bulk::OWN_SYSTEMS;
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue};
use crate::period::Period;
use crate::spreadsheets::import::ImportError;

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// 工号 of whom the row is about.
    EmployeeNo,
    /// 姓名, which has to be that of the employee number.
    Name,
    /// The day that the row is of; without it, its values are the month's.
    Day,
    /// The id that the record has in the system it comes from.
    ExternalId,
    /// Values of a metric.
    Metric,
    /// Nothing that is read.
    Ignore,
}

/// What an empty cell means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// The value is not known.
    #[default]
    Missing,
    /// The value is 0.
    Zero,
}

/// What becomes of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// Its header; spaces, full width and capital letters do not matter.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(example = "交车(台)")]
    pub header: String,
    /// What it is.
    #[garde(skip)]
    pub to: Target,
    /// Of which metric, where it holds values.
    #[garde(skip)]
    #[serde(default)]
    #[schema(example = "deliveries")]
    pub metric: Option<String>,
    /// What an empty cell means.
    #[garde(skip)]
    #[serde(default)]
    pub blank: Blank,
}

/// A mapping as somebody confirms it.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMapping {
    /// What it is called.
    #[garde(length(chars, min = 1, max = 60))]
    #[schema(example = "考试成绩单")]
    pub name: String,
    /// Code of the store whose sheets they are; null is every store.
    #[garde(skip)]
    #[serde(default)]
    pub store: Option<String>,
    /// Which system the sheets come from.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(example = "exam_system")]
    pub source_system: String,
    /// The columns. What is not listed is ignored.
    #[garde(length(min = 1, max = 500), dive)]
    pub columns: Vec<MappedColumn>,
}

/// What a mapping is changed to.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingChange {
    /// Which system the sheets come from.
    #[garde(length(chars, min = 1, max = 40))]
    pub source_system: String,
    /// The columns. What is not listed is ignored.
    #[garde(length(min = 1, max = 500), dive)]
    pub columns: Vec<MappedColumn>,
}

/// Says everything that is wrong with the columns of a mapping.
fn check(catalogue: &Catalogue, source_system: &str, columns: &[MappedColumn]) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut fault = |field: String, message: String| errors.push(FieldError { field, message });
    if OWN_SYSTEMS.contains(&source_system) {
        let message = format!("'{source_system}' is the program's own; name the system that delivers");
        fault("source_system".to_owned(), message);
    }
    let (mut headers, mut targets) = (HashSet::new(), HashSet::new());
    for (at, column) in columns.iter().enumerate() {
        if !headers.insert(label::normal(&column.header)) {
            fault(
                format!("columns[{at}].header"),
                format!("'{}' stands above another column already", column.header),
            );
        }
        if column.to != Target::Ignore && !targets.insert((column.to, column.metric.as_deref())) {
            fault(format!("columns[{at}].to"), "another column is the same already".to_owned());
        }
        let wrong = match (column.to, &column.metric) {
            (Target::Metric, None) => Some("name the metric".to_owned()),
            (Target::Metric, Some(name)) => check_metric(catalogue, name, column).err(),
            (_, Some(_)) => Some("only a column of values has a metric".to_owned()),
            (_, None) => None,
        };
        if let Some(message) = wrong {
            fault(format!("columns[{at}].metric"), message);
        }
    }
    for (to, what) in [(Target::EmployeeNo, "the employee number"), (Target::Metric, "values of a metric")] {
        if !columns.iter().any(|column| column.to == to) {
            fault("columns".to_owned(), format!("one of them has to be {what}"));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

fn check_metric(catalogue: &Catalogue, name: &str, column: &MappedColumn) -> Result<(), String> {
    let metric = catalogue.find(name).and_then(|id| catalogue.get(id));
    let Some(metric) = metric else {
        return catalogue.read(name, Decimal::ZERO).map(|_| ());
    };
    if metric.source.as_deref() == Some(COMPUTED_SOURCE) {
        return Err(format!("'{name}' is computed, nobody delivers it"));
    }
    if let (_, Some(unit)) = label::parts(&column.header)
        && !label::is_same_unit(&unit, &metric.unit)
    {
        return Err(format!("'{name}' is in {}, the column in {unit}", metric.unit));
    }
    if column.blank == Blank::Zero && metric.check(Decimal::ZERO).is_err() {
        return Err(format!("'{name}' is never 0, so an empty cell cannot mean it"));
    }
    Ok(())
}

/// The reach of those of somebody's roles that may enter everything that the columns bring.
pub fn scope(catalogue: &Catalogue, columns: &[MappedColumn], by: &Identity) -> Result<Scope, Problem> {
    let metrics = columns.iter().filter_map(|column| column.metric.as_deref());
    let sources: HashSet<Option<&str>> = metrics
        .map(|name| catalogue.find(name).and_then(|id| catalogue.get(id)))
        .map(|metric| metric.and_then(|metric| metric.source.as_deref()))
        .collect();
    let scope = Scope::of(by, |role| {
        let reach = EnterFacts::ALLOWED.iter().find(|(entering, _)| *entering == role);
        let may = sources.iter().all(|source| may_enter(*source).contains(&role));
        reach.filter(|_| may).map(|(_, reach)| *reach)
    });
    if scope.reaches.is_empty() {
        let mut sources: Vec<&str> =
            sources.into_iter().map(|source| source.unwrap_or("single events")).collect();
        sources.sort_unstable();
        let detail =
            format!("none of your roles may enter all of what the sheet brings: {}", sources.join(", "));
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(scope)
}

/// Proposes what the columns of a file are. Employee numbers are known as far as `scope` reaches in the month.
pub async fn propose(
    connection: &mut AsyncPgConnection,
    catalogue: Arc<Catalogue>,
    bytes: Vec<u8>,
    period: Period,
    scope: Option<&Scope>,
) -> Result<Proposal, Problem> {
    let known = ledger::employee_nos(connection, period, scope).await?.into_iter().collect::<HashSet<_>>();
    let read = move || {
        file::first(&bytes, &mut |_, rows| {
            let most = propose::SAMPLES + usize::try_from(file::SEARCHED_ROWS).unwrap_or_default();
            let rows = rows.take(most).collect::<Result<Vec<_>, _>>()?;
            Ok(propose::propose(&rows, &catalogue, &known))
        })
        .and_then(|proposal| proposal.ok_or(ImportError::NoHeader))
    };
    tokio::task::spawn_blocking(read)
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::field("file", error.to_string()))
}
