//! Forms: which columns a file has, and what becomes of them. Built-in mappings and saved ones are made into forms, and
//! every file is read by one.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::header::{self, Twins};
use super::number::{Measure, decimal, half_width};
use super::reading::Reading;
use super::{Container, ImportError, Value};
use crate::decimal::plain;
use crate::ledger::metric::{Kind, Metric, is_target};
use crate::said::{Said, say};

/// What a file looks like and how its rows are read.
pub(crate) struct Form {
    /// What its batches are called.
    pub(in crate::spreadsheets) kind: String,
    /// The system that its values come from.
    pub(in crate::spreadsheets) source_system: String,
    /// The sources of the catalogue that it brings values of; none are single events.
    pub(in crate::spreadsheets) brings: Vec<Option<String>>,
    /// What kind of file it has to be; none takes both.
    pub(in crate::spreadsheets) container: Option<Container>,
    /// Whether the file says what is known rather than that a source is complete: the program's own export.
    pub(in crate::spreadsheets) is_export: bool,
    /// Whether headers have to be written as they were confirmed, with their units.
    pub(in crate::spreadsheets) is_exact: bool,
    /// The headers, in normal form, of columns that somebody has said not to be read.
    pub(in crate::spreadsheets) ignored: Vec<String>,
    /// Whether a column, or a worksheet, with this header in normal form is known to be of no use whatever stands there.
    pub(in crate::spreadsheets) no_use: fn(&str) -> bool,
    /// The columns to look for; one that is only wanted where another is not there stands behind that one.
    pub(in crate::spreadsheets) columns: Vec<FormColumn>,
    /// What whoever imports should know where none of these columns is there.
    pub(in crate::spreadsheets) notes: Vec<Note>,
    /// Looks at a row's values together: adds those that follow from several, and faults where they contradict.
    pub(in crate::spreadsheets) finish: fn(&mut Reading<'_>),
    /// Whether columns of leave that nothing is known about are watched for values.
    pub(in crate::spreadsheets) watches_leave: bool,
}

impl Form {
    /// A form with these columns that takes any file and looks at each value by itself.
    pub(in crate::spreadsheets) fn new(kind: &str, source_system: &str, columns: Vec<FormColumn>) -> Self {
        Self {
            kind: kind.to_owned(),
            source_system: source_system.to_owned(),
            brings: Vec::new(),
            container: None,
            is_export: false,
            is_exact: false,
            ignored: Vec::new(),
            no_use: |_| false,
            columns,
            notes: Vec::new(),
            finish: |_| {},
            watches_leave: false,
        }
    }

    /// The column of employee numbers, which every form has.
    ///
    /// # Errors
    ///
    /// A form without it: a fault of the program.
    pub(super) fn employee_no(&self) -> Result<&FormColumn, ImportError> {
        let found = self.columns.iter().find(|column| column.to == To::EmployeeNo);
        found.ok_or_else(|| ImportError::NoHeader("工号".to_owned()))
    }

    /// Whether a header's cell is one of those that say whom a row is about.
    pub(super) fn names_person(&self, cell: &Value) -> bool {
        let columns = self.columns.iter().filter(|column| matches!(column.to, To::EmployeeNo | To::Name));
        columns.into_iter().any(|column| column.is_named_by(cell))
    }

    /// Whether somebody has said that the column is not to be read.
    pub(super) fn ignores(&self, header: &str) -> bool {
        let header = header::normal(header);
        self.ignored.contains(&header)
    }

    /// Whether rows may name the day that they are of.
    pub(super) fn has_day(&self) -> bool {
        self.columns.iter().any(|column| column.to == To::Day)
    }

    /// Whether it has a column of targets.
    pub(super) fn has_targets(&self) -> bool {
        self.columns.iter().filter_map(FormColumn::metric).any(is_target)
    }

    /// Refuses a file of the wrong kind.
    pub(super) fn check(&self, container: Container) -> Result<(), ImportError> {
        match self.container {
            Some(Container::Text) if container == Container::Workbook => Err(ImportError::Workbook),
            Some(Container::Workbook) if container == Container::Text => Err(ImportError::no_workbook()),
            _ => Ok(()),
        }
    }
}

/// What is said about columns that are not there.
pub(in crate::spreadsheets) struct Note {
    /// Usual headers.
    pub without: &'static [&'static str],
    /// What it is.
    pub says: Said,
}

/// A column to look for.
pub(in crate::spreadsheets) struct FormColumn {
    /// Its headers without unit (of an exact form: as they were confirmed), the usual one first.
    pub headers: Vec<Cow<'static, str>>,
    /// The headers in normal form.
    pub keys: Vec<String>,
    pub to: To,
    pub measure: Measure,
    /// The metric that decides which values there are, and in which unit; else the measure does.
    pub of: Option<Metric>,
    pub need: Need,
    pub blank: EmptyCell,
    pub twins: Twins,
    pub foreign: Foreign,
    /// What whoever imports should know where it is read.
    pub note: Option<Said>,
    /// The usual header of the column of which it is a part: it is read only where that one is not there.
    pub part_of: Option<Cow<'static, str>>,
    /// What is taken for a cell that cannot be read, where it only matters that something stands there.
    pub otherwise: Option<Decimal>,
}

impl FormColumn {
    /// An optional column, which may stand there once.
    pub fn new(to: To, measure: Measure, headers: Vec<Cow<'static, str>>) -> Self {
        Self {
            keys: headers.iter().map(|header| header::normal(header)).collect(),
            headers,
            to,
            measure,
            of: None,
            need: Need::Optional,
            blank: EmptyCell::Missing,
            twins: Twins::Refused,
            foreign: Foreign::Refused,
            note: None,
            part_of: None,
            otherwise: None,
        }
    }

    /// A column of values of which nothing is asked but their unit.
    pub fn optional(metric: &'static str, measure: Measure, headers: &[&'static str]) -> Self {
        let headers = headers.iter().map(|header| Cow::Borrowed(*header)).collect();
        Self { twins: Twins::Compared, ..Self::new(To::Metric(Cow::Borrowed(metric)), measure, headers) }
    }

    /// A column in which an empty cell is zero.
    pub fn tally(metric: &'static str, measure: Measure, need: Need, headers: &[&'static str]) -> Self {
        let is_needed = matches!(need, Need::Required | Need::Or(_));
        let foreign = if is_needed { Foreign::Refused } else { Foreign::Faulty };
        Self { need, blank: EmptyCell::Zero, foreign, ..Self::optional(metric, measure, headers) }
    }

    /// A column that says whom or what a row is about.
    pub fn about(to: To, headers: &[&'static str], twins: Twins) -> Self {
        let headers = headers.iter().map(|header| Cow::Borrowed(*header)).collect();
        Self { twins, ..Self::new(to, Measure::Count, headers) }
    }

    /// The usual header.
    pub fn usual(&self) -> &str {
        self.headers.first().map_or("", |header| header)
    }

    /// The metric that it holds values of.
    pub fn metric(&self) -> Option<&str> {
        match &self.to {
            To::Metric(metric) => Some(metric),
            _ => None,
        }
    }

    /// Whether it holds numbers.
    pub(super) fn is_measured(&self) -> bool {
        matches!(self.to, To::Metric(_) | To::Check)
    }

    /// Whether its values are money.
    pub(super) fn is_money(&self) -> bool {
        match &self.of {
            Some(metric) => metric.unit == "元",
            None => self.is_measured() && self.measure == Measure::Amount,
        }
    }

    /// Whether a header's cell is called like it, or like the group or the part that it was confirmed as.
    pub(super) fn is_named_by(&self, cell: &Value) -> bool {
        let Value::Text(text) = cell else { return false };
        // Every cell of a table is asked, and mostly it is a number.
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        if is_number(text) && !self.keys.iter().any(|key| key.split('/').any(is_number)) {
            return false;
        }
        let text = header::normal(text);
        self.keys.iter().any(|key| *key == text || key.split('/').any(|part| part == text))
    }

    /// Whether its values may be in this unit.
    pub(super) fn takes(&self, unit: &str) -> bool {
        match &self.of {
            Some(metric) => header::is_same_unit(unit, &metric.unit),
            None => !self.is_measured() || self.measure.units().contains(&unit),
        }
    }

    /// The unit to ask for.
    pub(super) fn unit(&self) -> String {
        self.of.as_ref().map_or_else(|| self.measure.unit().to_owned(), |metric| metric.unit.clone())
    }

    /// The number in a cell, if it is one that the column can have.
    pub(super) fn read(&self, cell: &Value) -> Option<Decimal> {
        match (&self.of, cell) {
            (Some(metric), _) => number(cell, metric),
            (None, Value::Number(number)) => self.measure.take(*number),
            (None, Value::Text(text)) => self.measure.read(text),
            (None, Value::Blank | Value::Other(_)) => None,
        }
    }

    /// What should stand in a cell, for whoever corrects it.
    pub(super) fn expected(&self) -> Said {
        let Some(metric) = &self.of else { return self.measure.expected() };
        let (zh, en) = match metric.kind {
            Kind::Count => ("整数", "a whole number"),
            Kind::Amount => ("金额（元，最多两位小数）", "yuan, with at most two decimals"),
            Kind::Days => ("天数（0.5 的倍数）", "days, in halves"),
            Kind::Score => ("数字", "a number"),
        };
        let (min, max) = (plain(metric.min), plain(metric.max));
        say!("{zh}，{min} 至 {max}", "{en}, from {min} to {max}")
    }
}

/// What the numbers of a metric are written like.
pub(in crate::spreadsheets) fn measure(metric: &Metric) -> Measure {
    match metric.kind {
        Kind::Count => Measure::Count,
        Kind::Days => Measure::Days,
        Kind::Amount | Kind::Score => Measure::Amount,
    }
}

/// The number in a cell, if the metric can have it. A unit behind it has to be the metric's.
pub(in crate::spreadsheets) fn number(cell: &Value, metric: &Metric) -> Option<Decimal> {
    let number = match cell {
        Value::Number(number) => decimal(*number)?,
        Value::Text(text) => written(text, metric)?,
        Value::Blank | Value::Other(_) => return None,
    };
    metric.check(number).is_ok().then(|| number.normalize())
}

/// The number that a text writes, with the metric's unit behind it or none.
fn written(text: &str, metric: &Metric) -> Option<Decimal> {
    let text: String = text.chars().map(half_width).collect();
    let text = text.trim();
    let text = text.strip_suffix(metric.unit.as_str()).unwrap_or(text);
    // A score may have three decimals, and never has thousands.
    let measure = if metric.kind == Kind::Score { Measure::FineDays } else { measure(metric) };
    match text.strip_prefix('-') {
        Some(digits) => measure.written(digits).map(|number| -number),
        None => measure.written(text),
    }
}

/// Whether there is nothing in a cell: it is empty, or has a dash.
pub(in crate::spreadsheets) fn is_nothing(cell: &Value) -> bool {
    match cell {
        Value::Blank => true,
        Value::Text(text) if text.starts_with(|c: char| c.is_ascii_digit()) => false,
        Value::Text(text) => {
            matches!(header::normal(text).as_str(), "-" | "--" | "—" | "——" | "/" | "\\" | "n/a")
        }
        Value::Number(_) | Value::Other(_) => false,
    }
}

/// What becomes of what stands in a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::spreadsheets) enum To {
    /// 工号 of whom the row is about.
    EmployeeNo,
    /// 姓名, which has to be that of the employee number.
    Name,
    /// The day the row belongs to; without it, its values are for the month.
    Day,
    /// The id that the record has in the system it comes from.
    ExternalId,
    /// It is a value of the metric; several columns of one metric are added up.
    Metric(Cow<'static, str>),
    /// [`Form::finish`] looks at it.
    Check,
}

/// Whether the column must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::spreadsheets) enum Need {
    Required,
    /// Required where the column with this usual header, which does as well, is not there.
    Or(&'static str),
    Optional,
    /// Required, and read, only where the column with this usual header is not there.
    Without(&'static str),
    /// Read only where none of the columns with these usual headers is there.
    Spare(&'static [&'static str]),
}

/// What an empty cell means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::spreadsheets) enum EmptyCell {
    Zero,
    Missing,
    Fault,
}

/// What it means that a column is in another unit than it may have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::spreadsheets) enum Foreign {
    /// The file cannot be used.
    Refused,
    /// Whoever has anything there has a faulty row; columns that nobody has used keep nothing out.
    Faulty,
    /// It is not read, which is said.
    Noted,
    /// It is not read: another column looks for it.
    PassedOver,
}
