//! Reading the rows of a sheet by a mapping.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::day::day;
use super::file::{Rows, SEARCHED_ROWS};
use super::label::normal;
use super::value::{expected, is_nothing, number};
use super::{Blank, MappedColumn, Target, built_in};
use crate::ledger::metric::{Catalogue, Metric};
use crate::period::Period;
use crate::spreadsheets::import::number::half_width;
use crate::spreadsheets::import::sheet::is_torn;
use crate::spreadsheets::import::{Fault, ImportError, Line, MAX_FAULTS, Surroundings, Value, title};

/// A text of the file is repeated in a fault up to this many characters.
const MAX_FOUND_CHARS: usize = 60;

/// The longest employee number, in characters.
const MAX_EMPLOYEE_NO_CHARS: usize = 32;

/// The longest id of a record, in characters.
const MAX_EXTERNAL_ID_CHARS: usize = 100;

/// How the columns of a file are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headers {
    /// All of them have to be there, as they were confirmed.
    Confirmed,
    /// Those that are there are read, by their labels.
    Labels,
}

/// What was read: the good rows, and what is wrong with the others.
#[derive(Debug, Default, PartialEq)]
pub(super) struct MappedSheet {
    pub rows: Vec<MappedRow>,
    pub faults: Vec<Fault>,
    /// Header of the column of employee numbers, as the file writes it.
    pub employee_no_column: String,
    /// That of the column of names, where there is one.
    pub name_column: Option<String>,
    /// What whoever imports the file should know, in Chinese.
    pub notes: Vec<String>,
}

/// A row without any fault.
#[derive(Debug, PartialEq)]
pub(super) struct MappedRow {
    pub number: u32,
    pub employee_no: String,
    /// As the file writes it, to compare with the person found.
    pub name: Option<String>,
    pub day: Option<NaiveDate>,
    pub external_id: Option<String>,
    pub values: Vec<MappedValue>,
}

/// A value of a row.
#[derive(Debug, PartialEq)]
pub(super) struct MappedValue {
    pub metric: Arc<str>,
    /// The header that it stands under.
    pub column: Arc<str>,
    pub value: Decimal,
}

/// A column of the file that is read.
struct Column<'a> {
    at: usize,
    shown: Arc<str>,
    to: Target,
    metric: Option<(&'a Metric, Arc<str>)>,
    blank: Blank,
}

struct Layout<'a> {
    columns: Vec<Column<'a>>,
    width: usize,
    /// How many fields the header has, in text.
    fields: Option<usize>,
}

/// Reads a table; `None` where it has no such header.
///
/// # Errors
///
/// A header that lacks confirmed columns or has one twice, words around the table that name another month, no rows at all, or more faults than anybody corrects.
pub(super) fn read(
    rows: &mut Rows<'_>,
    columns: &[MappedColumn],
    headers: Headers,
    catalogue: &Catalogue,
    around: &Surroundings<'_>,
) -> Result<Option<MappedSheet>, ImportError> {
    let (mut layout, mut above) = (None, Vec::new());
    while layout.is_none() {
        let Some(row) = rows.next() else { return Ok(None) };
        let row = row?;
        if row.row > SEARCHED_ROWS {
            return Ok(None);
        }
        layout = Layout::find(&row, columns, headers, catalogue)?;
        above.push(row);
    }
    // The last of them is the header itself.
    above.pop();
    let Some(layout) = layout else { return Ok(None) };
    let said = title::check(&above.iter().collect::<Vec<_>>(), &[], around);
    let mut sheet = MappedSheet {
        employee_no_column: layout.employee_no().to_owned(),
        name_column: layout.header_of(Target::Name).map(str::to_owned),
        ..MappedSheet::default()
    };
    let mut seen = HashMap::new();
    for row in rows {
        let row = row?;
        if layout.is_passed_over(&row) {
            continue;
        }
        match (Reading { row: &row, layout: &layout, faults: Vec::new() }).read(around.period, &mut seen) {
            Ok(row) => sheet.rows.push(row),
            Err(mut faults) => sheet.faults.append(&mut faults),
        }
        if sheet.faults.len() > MAX_FAULTS {
            return Err(said.err().unwrap_or(ImportError::TooManyFaults));
        }
    }
    if sheet.rows.is_empty() && sheet.faults.is_empty() {
        return Err(ImportError::NoRows);
    }
    // Rows that name their day say themselves which month they are of: that of a week does not cover its month.
    let is_dated = !sheet.rows.is_empty() && sheet.rows.iter().all(|row| row.day.is_some());
    match said {
        Ok(doubt) => sheet.notes.extend(doubt),
        Err(error) if !is_dated => return Err(error),
        Err(_) => {}
    }
    Ok(Some(sheet))
}

impl<'a> Layout<'a> {
    /// Where the columns are, if the row is a header that names the employee number.
    fn find(
        row: &Line,
        columns: &[MappedColumn],
        headers: Headers,
        catalogue: &'a Catalogue,
    ) -> Result<Option<Self>, ImportError> {
        let mut found = Vec::new();
        let (mut missing, mut twice) = (Vec::new(), None);
        for column in columns.iter().filter(|column| column.to != Target::Ignore) {
            let metric = column.metric.as_deref().and_then(|name| catalogue.get(catalogue.find(name)?));
            let is_it = |cell: &Value| match headers {
                Headers::Confirmed => normal(&cell.shown()) == normal(&column.header),
                Headers::Labels => built_in::is_header(&cell.shown(), &column.header, metric),
            };
            let mut cells = row.cells.iter().enumerate().filter(|(_, cell)| is_it(cell));
            let Some((at, cell)) = cells.next() else {
                missing.push((column.to, column.header.clone()));
                continue;
            };
            twice = twice.or_else(|| {
                let (column, second) = (column.header.clone(), cells.next()?.1.shown());
                Some(ImportError::DuplicateColumn { column, first: cell.shown(), second })
            });
            found.push(Column {
                at,
                shown: cell.shown().into(),
                to: column.to,
                metric: metric.map(|metric| (metric, metric.name.as_str().into())),
                blank: column.blank,
            });
        }
        if !found.iter().any(|column| column.to == Target::EmployeeNo) {
            return Ok(None);
        }
        if let Some(twice) = twice {
            return Err(twice);
        }
        let has_values = found.iter().any(|column| column.to == Target::Metric);
        if (headers == Headers::Confirmed && !missing.is_empty()) || !has_values {
            missing.retain(|(to, _)| headers == Headers::Confirmed || *to == Target::Metric);
            return Err(ImportError::MissingColumns(missing.into_iter().map(|(_, header)| header).collect()));
        }
        let width = row.cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
        Ok(Some(Self { columns: found, width, fields: row.fields }))
    }

    fn employee_no(&self) -> &str {
        self.header_of(Target::EmployeeNo).unwrap_or_default()
    }

    fn header_of(&self, target: Target) -> Option<&str> {
        self.columns.iter().find(|column| column.to == target).map(|column| &*column.shown)
    }

    /// Whether a row says nothing about anybody: nothing that is read, or totals.
    fn is_passed_over(&self, row: &Line) -> bool {
        const TOTALS: &[&str] = &["合计", "总计", "小计", "汇总", "总和", "平均", "平均值"];
        let is_total = |cell: &Value| TOTALS.contains(&normal(&cell.shown()).trim_end_matches(':'));
        let nobody = self
            .columns
            .iter()
            .filter(|column| column.to == Target::EmployeeNo)
            .all(|column| row.cell(column.at).is_blank() || is_total(row.cell(column.at)));
        let is_empty = self.columns.iter().all(|column| row.cell(column.at).is_blank());
        let begins = row.cells.iter().find(|cell| !cell.is_blank());
        is_empty || (nobody && begins.is_some_and(is_total))
    }
}

/// A row while it is read.
struct Reading<'a> {
    row: &'a Line,
    layout: &'a Layout<'a>,
    faults: Vec<Fault>,
}

/// What stands once in a file: a person, day and record.
type Place = (String, Option<NaiveDate>, Option<String>);

impl Reading<'_> {
    fn read(mut self, period: Period, seen: &mut HashMap<Place, u32>) -> Result<MappedRow, Vec<Fault>> {
        let width = self.layout.width;
        let is_shifted = |fields: usize| {
            let is_longer = self.layout.fields.is_some_and(|usual| fields > usual);
            fields < width || self.row.cells.len() > width || is_longer && is_torn(self.row)
        };
        if let Some(fields) = self.row.fields.filter(|fields| is_shifted(*fields)) {
            let expected = format!("与表头相同的 {width} 列（含逗号的数字要加引号，例如 \"40,000\"）");
            self.fault(None, &format!("{fields} 列"), expected);
            return Err(self.faults);
        }
        let (mut employee_no, mut name, mut day, mut external_id) = (String::new(), None, None, None);
        let mut values = Vec::new();
        for column in &self.layout.columns {
            let cell = self.row.cell(column.at);
            match (column.to, &column.metric) {
                (Target::EmployeeNo, _) => employee_no = self.employee_no(column, cell),
                (Target::Name, _) => name = Some(cell.shown()).filter(|_| !is_nothing(cell)),
                (Target::Day, _) => day = self.day(column, cell, period),
                (Target::ExternalId, _) => external_id = self.external_id(column, cell),
                (Target::Metric, Some((metric, name))) => {
                    let value = self.value(column, cell, metric);
                    let (metric, column) = (Arc::clone(name), Arc::clone(&column.shown));
                    values.extend(value.map(|value| MappedValue { metric, column, value }));
                }
                (Target::Metric | Target::Ignore, _) => {}
            }
        }
        let place = (employee_no.clone(), day, external_id.clone());
        match seen.get(&place) {
            Some(first) if !employee_no.is_empty() && self.faults.is_empty() => {
                let expected = format!("同一工号、日期和编号只出现一次（第 {first} 行已有）");
                let column = self.layout.employee_no().to_owned();
                self.fault(Some(&column), &employee_no, expected);
            }
            _ => {
                seen.insert(place, self.row.row);
            }
        }
        if self.faults.is_empty() {
            Ok(MappedRow { number: self.row.row, employee_no, name, day, external_id, values })
        } else {
            Err(self.faults)
        }
    }

    fn employee_no(&mut self, column: &Column<'_>, cell: &Value) -> String {
        let found = cell.shown();
        let half: String = found.chars().map(half_width).collect();
        // An apostrophe before it is how spreadsheets are told that 0012 is a text.
        let employee_no = half.trim().trim_start_matches('\'').to_owned();
        let is_text =
            employee_no.chars().count() <= MAX_EMPLOYEE_NO_CHARS && !employee_no.contains(char::is_control);
        if employee_no.is_empty() || !is_text || matches!(cell, Value::Other(_)) {
            let expected = format!("工号，不能为空，不超过 {MAX_EMPLOYEE_NO_CHARS} 个字符，例如 A01");
            self.fault(Some(&column.shown), &found, expected);
        }
        employee_no
    }

    fn day(&mut self, column: &Column<'_>, cell: &Value, period: Period) -> Option<NaiveDate> {
        if is_nothing(cell) {
            return None;
        }
        let found = day(cell).filter(|day| Period::containing(*day) == period);
        if found.is_none() {
            let example = period.first_day();
            self.fault(Some(&column.shown), &cell.shown(), format!("{period} 月内的日期，例如 {example}"));
        }
        found
    }

    fn external_id(&mut self, column: &Column<'_>, cell: &Value) -> Option<String> {
        let found = cell.shown();
        if found.chars().count() > MAX_EXTERNAL_ID_CHARS || matches!(cell, Value::Other(_)) {
            self.fault(Some(&column.shown), &found, format!("编号，不超过 {MAX_EXTERNAL_ID_CHARS} 个字符"));
        }
        Some(found).filter(|id| !id.is_empty())
    }

    fn value(&mut self, column: &Column<'_>, cell: &Value, metric: &Metric) -> Option<Decimal> {
        if is_nothing(cell) {
            return (column.blank == Blank::Zero).then_some(Decimal::ZERO);
        }
        let value = number(cell, metric);
        if value.is_none() {
            self.fault(Some(&column.shown), &cell.shown(), expected(metric));
        }
        value
    }

    fn fault(&mut self, column: Option<&str>, found: &str, expected: String) {
        let found = match found.char_indices().nth(MAX_FOUND_CHARS) {
            Some((end, _)) => format!("{}…", found.get(..end).unwrap_or_default()),
            None => found.to_owned(),
        };
        self.faults.push(Fault {
            row: Some(self.row.row),
            column: column.map(str::to_owned),
            found,
            expected,
        });
    }
}

#[cfg(test)]
mod tests;
