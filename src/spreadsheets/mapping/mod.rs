//! Sheets of any layout, read through a mapping of their columns: the program proposes it, a person confirms it.
//!
//! `propose` is the program's opinion, `store` keeps what was confirmed. `built_in` has mappings that need no
//! confirmation. Whichever it is, it is made into the form that `import` reads a file by.

pub mod built_in;
pub mod http;
pub mod propose;
pub mod store;
mod synonyms;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::propose::Proposal;
use crate::auth::Context;
use crate::auth::access::{Action as _, DraftPlan, EnterFacts, may_enter};
use crate::auth::{Identity, Scope};
use crate::http::{Code, FieldError, Problem};
use crate::ledger;
use crate::ledger::bulk::OWN_SYSTEMS;
use crate::ledger::metric::{COMPUTED_SOURCE, Catalogue};
use crate::period::Period;
use crate::said::{Said, say};
use crate::spreadsheets::import::form::{EmptyCell, FormColumn, Need, To, measure};
use crate::spreadsheets::import::header::{is_same_unit, normal, unit};
use crate::spreadsheets::import::{self, Content, Form, ImportError};
use crate::words::words;

words! {
    /// What a column holds.
    pub enum Target in "column_mapping.mapped" {
        /// The employee number of the person the row is about.
        EmployeeNo = "employee_no" "工号",
        /// The person's name, which has to match the employee number.
        Name = "name" "姓名",
        /// The day the row belongs to; without it, its values are for the month.
        Day = "day" "日期",
        /// The id that the record has in the system it comes from.
        ExternalId = "external_id" "编号",
        /// Values of a metric.
        Metric = "metric" "指标",
        /// Nothing: the column is not read.
        Ignore = "ignore" "不导入",
        /// The month of a target, in a sheet of a plan's targets.
        Month = "month" "月份",
        /// The target, in a sheet of a plan's targets.
        Planned = "target" "任务",
        /// The series of cars, in a sheet of a plan's targets.
        Series = "series" "车系",
    }

    /// What an empty cell means.
    #[derive(Default)]
    pub enum Blank in "column_mapping.mapped" {
        /// The value is not known.
        #[default]
        Missing = "missing" "未知",
        /// The value is 0.
        Zero = "zero" "零",
    }
}

/// The most columns that a mapping may list.
const MAX_MAPPED_COLUMNS: usize = 500;

/// What one column holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappedColumn {
    /// Its header; spaces, full width and capital letters do not matter. Under a group it is the group's and its own,
    /// joined by `/`.
    #[garde(length(chars, min = 1, max = 256))]
    #[schema(example = "交车(台)", min_length = 1, max_length = 256)]
    pub header: String,
    /// What it holds.
    #[garde(skip)]
    pub to: Target,
    /// The metric, for a column of values.
    #[garde(inner(length(chars, min = 1, max = 64)))]
    #[serde(default)]
    #[schema(example = "deliveries", min_length = 1, max_length = 64)]
    pub metric: Option<String>,
    /// What an empty cell means.
    #[garde(skip)]
    #[serde(default)]
    pub blank: Blank,
}

/// A mapping, as confirmed by somebody.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMapping {
    /// Its name.
    #[garde(length(chars, min = 1, max = 60))]
    #[schema(example = "考试成绩单", min_length = 1, max_length = 60)]
    pub name: String,
    /// Code of the store whose sheets they are; null for every store.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub store: Option<String>,
    /// Which system the sheets come from.
    #[garde(length(chars, min = 1, max = 40), custom(crate::http::body::not_blank))]
    #[schema(example = "exam_system", min_length = 1, max_length = 40)]
    pub source_system: String,
    /// The columns. Of those that are not listed nothing is read, and whoever imports a sheet that has numbers there is
    /// asked; what they accept is then listed as ignored.
    #[garde(length(min = 1, max = MAX_MAPPED_COLUMNS), dive)]
    #[schema(min_items = 1, max_items = 500)]
    pub columns: Vec<MappedColumn>,
}

/// New columns for a mapping.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MappingChange {
    /// Which system the sheets come from.
    #[garde(length(chars, min = 1, max = 40), custom(crate::http::body::not_blank))]
    #[schema(min_length = 1, max_length = 40)]
    pub source_system: String,
    /// The columns. Of those that are not listed nothing is read, and whoever imports a sheet that has numbers there is
    /// asked; what they accept is then listed as ignored.
    #[garde(length(min = 1, max = MAX_MAPPED_COLUMNS), dive)]
    #[schema(min_items = 1, max_items = 500)]
    pub columns: Vec<MappedColumn>,
}

/// What the batches of a mapping are called.
pub(super) fn batch_kind(name: &str) -> String {
    format!("mapped:{name}")
}

/// The form of a saved mapping: every column has to be there, as it was confirmed.
pub(crate) fn form(catalogue: &Catalogue, name: &str, source_system: &str, columns: &[MappedColumn]) -> Form {
    let metric = |column: &MappedColumn| {
        catalogue.find(column.metric.as_deref()?).and_then(|id| catalogue.get(id)).cloned()
    };
    let column = |column: &MappedColumn| {
        let to = match (column.to, &column.metric) {
            (Target::EmployeeNo, _) => To::EmployeeNo,
            (Target::Name, _) => To::Name,
            (Target::Day, _) => To::Day,
            (Target::ExternalId, _) => To::ExternalId,
            (Target::Metric, Some(metric)) => To::Metric(Cow::Owned(metric.clone())),
            (Target::Metric | Target::Ignore | Target::Month | Target::Planned | Target::Series, _) => {
                return None;
            }
        };
        let of = metric(column);
        let measure = of.as_ref().map(measure).unwrap_or_default();
        let blank = match column.blank {
            Blank::Missing => EmptyCell::Missing,
            Blank::Zero => EmptyCell::Zero,
        };
        let header = Cow::Owned(column.header.clone());
        Some(FormColumn { of, need: Need::Required, blank, ..FormColumn::new(to, measure, vec![header]) })
    };
    let ignored = columns.iter().filter(|column| column.to == Target::Ignore);
    Form {
        brings: brings(catalogue, columns),
        is_exact: true,
        ignored: ignored.map(|column| normal(&column.header)).collect(),
        no_use: built_in::of_no_use::anywhere,
        ..Form::new(&batch_kind(name), source_system, columns.iter().filter_map(column).collect())
    }
}

/// The sources of the metrics that columns hold; none are single events.
fn brings(catalogue: &Catalogue, columns: &[MappedColumn]) -> Vec<Option<String>> {
    let metrics = columns.iter().filter_map(|column| column.metric.as_deref());
    metrics.map(|name| catalogue.source_of(name).map(str::to_owned)).collect()
}

/// Whether columns are those of a sheet of a plan's targets, which brings no facts.
pub(super) fn is_of_targets(columns: &[MappedColumn]) -> bool {
    columns.iter().any(|column| matches!(column.to, Target::Month | Target::Planned | Target::Series))
}

/// The header of the column that holds `to`.
pub(crate) fn header_of(columns: &[MappedColumn], to: Target) -> Option<&str> {
    columns.iter().find(|column| column.to == to).map(|column| column.header.as_str())
}

/// What is missing in the columns of a mapping, or too much.
fn misfits(columns: &[MappedColumn]) -> Vec<FieldError> {
    let has = |to: Target| columns.iter().any(|column| column.to == to);
    let fault = |message: Said| FieldError::new("columns", message);
    let mut faults = Vec::new();
    if is_of_targets(columns) {
        let fits = |column: &MappedColumn| {
            matches!(column.to, Target::Month | Target::Planned | Target::Series | Target::Ignore)
        };
        if !columns.iter().all(fits) {
            faults.push(fault(say!(
                "计划任务表里只有月份、任务和车系，没有人员和指标",
                "a sheet of a plan's targets holds months, targets and series, and neither people nor metrics"
            )));
        }
        // Without either the months stand across.
        if has(Target::Month) != has(Target::Planned) {
            faults.push(fault(say!(
                "月份和任务两列要么都有，要么都没有（各月横排）",
                "expected a column of months and one of targets, or neither where the months stand across"
            )));
        }
        return faults;
    }
    let needed = [
        (Target::EmployeeNo, "工号", "the employee number"),
        (Target::Metric, "指标的数值", "values of a metric"),
    ];
    for (_, zh, en) in needed.into_iter().filter(|(to, ..)| !has(*to)) {
        faults.push(fault(say!("要有一列是{zh}", "one column has to hold {en}")));
    }
    faults
}

/// Says everything that is wrong with the columns of a mapping.
pub(super) fn check(
    catalogue: &Catalogue,
    source_system: &str,
    columns: &[MappedColumn],
) -> Result<(), Problem> {
    let mut errors = Vec::new();
    let mut fault = |field: String, message: Said| errors.push(FieldError::new(field, message));
    if OWN_SYSTEMS.contains(&source_system) {
        let message = say!(
            "“{source_system}”是程序自己的；请写明数据来自哪个系统",
            "'{source_system}' is the program's own; name the system that delivers"
        );
        fault("source_system".to_owned(), message);
    }
    let (mut headers, mut targets) = (HashSet::new(), HashSet::new());
    for (at, column) in columns.iter().enumerate() {
        if !headers.insert(normal(&column.header)) {
            fault(
                format!("columns[{at}].header"),
                say!("“{}”已经是另一列的表头", "'{}' stands above another column already", column.header),
            );
        }
        if column.to != Target::Ignore && !targets.insert((column.to, column.metric.as_deref())) {
            let message = say!("另一列已经是同样的内容", "another column already holds the same");
            fault(format!("columns[{at}].to"), message);
        }
        let wrong = match (column.to, &column.metric) {
            (Target::Metric, None) => Some(say!("请写明指标", "name the metric")),
            (Target::Metric, Some(name)) => check_metric(catalogue, name, column).err(),
            (_, Some(_)) => Some(say!("只有数值列才有指标", "only a column of values has a metric")),
            (_, None) => None,
        };
        if let Some(message) = wrong {
            fault(format!("columns[{at}].metric"), message);
        }
    }
    errors.extend(misfits(columns));
    if errors.is_empty() { Ok(()) } else { Err(Problem::fields(errors)) }
}

fn check_metric(catalogue: &Catalogue, metric_name: &str, column: &MappedColumn) -> Result<(), Said> {
    let metric = catalogue.find(metric_name).and_then(|id| catalogue.get(id));
    let Some(metric) = metric else {
        return catalogue.read(metric_name, Decimal::ZERO).map(|_| ());
    };
    if metric.source.as_deref() == Some(COMPUTED_SOURCE) {
        return Err(say!(
            "“{metric_name}”是算出来的，不由人录入",
            "'{metric_name}' is computed, nobody delivers it"
        ));
    }
    if let Some(unit) = unit(&column.header)
        && !is_same_unit(&unit, &metric.unit)
    {
        return Err(say!(
            "“{metric_name}”的单位是{}，这一列是{unit}",
            "'{metric_name}' is in {}, the column in {unit}",
            metric.unit
        ));
    }
    if column.blank == Blank::Zero && metric.check(Decimal::ZERO).is_err() {
        return Err(say!(
            "“{metric_name}”不会是 0，空格不能当作 0",
            "'{metric_name}' is never 0, so an empty cell cannot mean it"
        ));
    }
    Ok(())
}

/// The reach of those of somebody's roles that may keep a mapping of these columns: who may enter what they bring, or who plans.
///
/// # Errors
///
/// None of the roles may.
pub(super) fn scope_of(
    catalogue: &Catalogue,
    columns: &[MappedColumn],
    by: Option<&Identity>,
) -> Result<Scope, Problem> {
    if !is_of_targets(columns) {
        return scope(&brings(catalogue, columns), by);
    }
    let scope = by.map_or_else(Scope::operator, |by| Scope::of(by, DraftPlan::reach_of));
    match scope.is_empty() {
        true => Err(Problem::new(
            Code::Forbidden,
            say!("计划任务表由做计划的人导入", "sheets of a plan's targets are for those who plan"),
        )),
        false => Ok(scope),
    }
}

/// The reach of those of somebody's roles that may enter values of all these sources. The operator (nobody) reaches all.
///
/// # Errors
///
/// None of the roles may.
pub(crate) fn scope(sources: &[Option<String>], by: Option<&Identity>) -> Result<Scope, Problem> {
    let Some(by) = by else { return Ok(Scope::operator()) };
    let scope = Scope::of(by, |role| {
        let may = sources.iter().all(|source| may_enter(source.as_deref()).contains(&role));
        EnterFacts::reach_of(role).filter(|_| may)
    });
    if scope.is_empty() {
        let named = sources.iter().map(|source| source.as_deref().unwrap_or("single events"));
        let named = Vec::from_iter(named.collect::<BTreeSet<_>>()).join(", ");
        let detail = say!(
            "您的角色都不能录入文件里的全部内容：{named}",
            "none of your roles may enter everything that the file contains: {named}"
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(scope)
}

/// Proposes what the columns of a file are. Employee numbers are known as far as the caller reaches in the month. `open`
/// gives the caller's work, whose connection is not held while the file is read.
pub async fn propose(
    open: impl AsyncFn() -> Result<Context, Problem>,
    catalogue: Arc<Catalogue>,
    mut content: Content,
    period: Period,
) -> Result<Proposal, Problem> {
    let (known, language) = {
        let cx = &mut open().await?;
        let scope = cx.scope.clone();
        let known = ledger::employee_nos(cx.db(), period, Some(&scope)).await?;
        (known.into_iter().collect::<HashSet<_>>(), cx.language)
    };
    let read = move || {
        let mut proposal = None;
        let container = import::container_of(&mut content)?;
        import::tables(container, &mut content, &|_| false, &mut |_, lines| {
            let lines = lines.take(propose::MOST_ROWS).collect::<Result<Vec<_>, _>>()?;
            proposal = propose::propose(&lines, &catalogue, &known, period, language);
            // Another worksheet may have a header.
            if proposal.is_some() { Ok(()) } else { Err(ImportError::NoHeader("工号".to_owned())) }
        })?;
        proposal.ok_or_else(|| ImportError::NoHeader("工号".to_owned()))
    };
    import::beside(read).await
}
