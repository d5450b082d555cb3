//! Reading the lines of a file by a form: which columns it has and what becomes of them.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::header::{EMPLOYEE_NO, Header, NAME, SEARCHED_ROWS, is_total};
use super::number::{Measure, half_width};
use super::{Cell, Fault, ImportError, Line, Lines, MAX_FAULTS, Sheet, SheetRow, Value};
use crate::period::Period;

/// A file's text is repeated in a fault up to this many characters.
const MAX_FOUND_CHARS: usize = 60;

/// The longest employee number, in characters.
const MAX_EMPLOYEE_NO_CHARS: usize = 32;

/// What a kind of file looks like and how its rows are read.
pub(super) struct Form {
    pub sources: &'static [Source],
    /// Whether the file must say which days it covers.
    pub titled: bool,
    /// Looks at a row's values together: adds those that follow from several, and faults where they contradict.
    pub finish: fn(&mut Reading<'_>),
}

/// A column to look for.
pub(super) struct Source {
    /// Its headers without unit, in half-width characters without spaces; the usual one first.
    pub headers: &'static [&'static str],
    pub measure: Measure,
    pub keep: Keep,
    pub need: Need,
    pub blank: Blank,
}

/// What becomes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// It is a value of the metric; several columns of one metric are added up.
    As(&'static str),
    /// [`Form::finish`] looks at it.
    ToCheck,
}

/// Whether the column must be there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Required,
    Optional,
    /// Required, and read, only where the column with this usual header is not there.
    Without(&'static str),
}

/// What an empty cell means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Blank {
    Zero,
    Missing,
    Fault,
}

/// One row while it is read.
pub(super) struct Reading<'a> {
    pub period: Period,
    row: u32,
    read: Vec<Read<'a>>,
    extra: Vec<Cell>,
    faults: Vec<Fault>,
}

struct Read<'a> {
    source: &'static Source,
    column: &'a str,
    value: Decimal,
}

impl Reading<'_> {
    /// The value under the column whose usual header is `header`, and the header as the file writes it.
    pub fn value(&self, header: &str) -> Option<(Decimal, &str)> {
        let mut read = self.read.iter();
        read.find(|read| read.source.headers.first() == Some(&header)).map(|read| (read.value, read.column))
    }

    /// The sum over the columns of `metric`; zero where there is none.
    pub fn sum(&self, metric: &str) -> Decimal {
        self.read.iter().filter(|read| read.source.keep.metric() == Some(metric)).map(|read| read.value).sum()
    }

    pub fn add(&mut self, metric: &'static str, column: &str, value: Decimal) {
        self.extra.push(Cell { metric, column: column.into(), value });
    }

    pub fn fault(&mut self, column: Option<&str>, found: &str, expected: impl Into<String>) {
        let found = match found.char_indices().nth(MAX_FOUND_CHARS) {
            Some((end, _)) => format!("{}…", found.get(..end).unwrap_or_default()),
            None => found.to_owned(),
        };
        let column = column.map(str::to_owned);
        self.faults.push(Fault { row: Some(self.row), column, found, expected: expected.into() });
    }
}

impl Keep {
    fn metric(self) -> Option<&'static str> {
        match self {
            Self::As(metric) => Some(metric),
            Self::ToCheck => None,
        }
    }
}

/// Where the columns of a form are in a file.
struct Layout {
    header: Header,
    employee_no: usize,
    name: Option<usize>,
    columns: Vec<(usize, &'static Source)>,
    /// Each metric with the headers of its columns.
    metrics: Vec<(&'static str, Arc<str>)>,
}

impl Layout {
    fn new(form: &Form, header: Header) -> Result<Self, ImportError> {
        let employee_no = header.column(EMPLOYEE_NO, None)?.ok_or(ImportError::NoHeader)?;
        let name = header.column(NAME, None)?;
        let mut columns = Vec::new();
        let mut missing = Vec::new();
        let mut metrics: Vec<(&'static str, String)> = Vec::new();
        for source in form.sources {
            let usual = source.headers.first().copied().unwrap_or_default();
            let instead = match source.need {
                Need::Without(other) => Some(other),
                Need::Required | Need::Optional => None,
            };
            let is_there =
                |other| columns.iter().any(|(_, read): &(_, &Source)| read.headers.first() == Some(&other));
            if instead.is_some_and(is_there) {
                continue;
            }
            let Some(at) = header.column(source.headers, Some(source.measure))? else {
                match source.need {
                    Need::Required => missing.push(usual.to_owned()),
                    Need::Without(other) => missing.push(format!("{usual}（或{other}）")),
                    Need::Optional => {}
                }
                continue;
            };
            columns.push((at, source));
            if let (Some(metric), Some(column)) = (source.keep.metric(), header.columns.get(at)) {
                match metrics.iter_mut().find(|(known, _)| *known == metric) {
                    Some((_, shown)) => *shown = format!("{shown}+{}", column.shown),
                    None => metrics.push((metric, column.shown.clone())),
                }
            }
        }
        if !missing.is_empty() {
            return Err(ImportError::MissingColumns(missing));
        }
        let metrics = metrics.into_iter().map(|(metric, shown)| (metric, shown.into())).collect();
        Ok(Self { header, employee_no, name, columns, metrics })
    }

    fn shown(&self, column: usize) -> &str {
        self.header.columns.get(column).map_or("", |column| &column.shown)
    }

    /// From the first column to the last that has a header.
    fn width(&self) -> usize {
        self.header.columns.iter().rposition(|column| !column.shown.is_empty()).map_or(0, |last| last + 1)
    }
}

/// Reads one table.
pub(super) fn read(form: &Form, lines: &mut Lines<'_>, period: Period) -> Result<Sheet, ImportError> {
    let mut head = Vec::new();
    let mut rest = lines.peekable();
    // One row more than is searched: the header may have a second one.
    while let Some(line) = rest.next_if(|line| !matches!(line, Ok(line) if line.row > SEARCHED_ROWS + 1)) {
        head.push(line?);
    }
    let layout = Layout::new(form, Header::find(&head).ok_or(ImportError::NoHeader)?)?;
    let last_row = layout.header.last_row;
    check_title(form, head.iter().take_while(|line| line.row < last_row), period)?;

    let employee_no_column = layout.shown(layout.employee_no).to_owned();
    let mut sheet = Sheet { rows: Vec::new(), faults: Vec::new(), employee_no_column };
    let mut rows_of: HashMap<String, u32> = HashMap::new();
    for line in head.into_iter().filter(|line| line.row > last_row).map(Ok).chain(rest) {
        let line = line?;
        let employee_no = line.cell(layout.employee_no);
        if is_total(&line, employee_no) {
            continue;
        }
        let mut reading =
            Reading { period, row: line.row, read: Vec::new(), extra: Vec::new(), faults: Vec::new() };
        let employee_no = read_employee_no(&mut reading, &layout, employee_no, &mut rows_of);
        read_cells(&mut reading, &layout, &line);
        (form.finish)(&mut reading);
        match employee_no {
            Some(employee_no) if reading.faults.is_empty() => {
                let name =
                    layout.name.map(|column| line.cell(column).shown()).filter(|name| !name.is_empty());
                let values = cells(reading, &layout);
                sheet.rows.push(SheetRow { row: line.row, employee_no, name, values });
            }
            _ => sheet.faults.append(&mut reading.faults),
        }
        if sheet.faults.len() > MAX_FAULTS {
            return Err(ImportError::TooManyFaults);
        }
    }
    if sheet.rows.is_empty() && sheet.faults.is_empty() {
        return Err(ImportError::NoRows);
    }
    Ok(sheet)
}

/// Reads the employee number, which must be new in the file.
fn read_employee_no(
    reading: &mut Reading<'_>,
    layout: &Layout,
    cell: &Value,
    rows_of: &mut HashMap<String, u32>,
) -> Option<String> {
    let column = Some(layout.shown(layout.employee_no));
    let found = cell.shown();
    let employee_no: String = found.chars().map(half_width).collect::<String>().trim().to_owned();
    if employee_no.is_empty() {
        reading.fault(column, &found, "工号，不能为空");
        return None;
    }
    let valid =
        employee_no.chars().count() <= MAX_EMPLOYEE_NO_CHARS && !employee_no.contains(char::is_control);
    if !valid || matches!(cell, Value::Other(_)) {
        reading.fault(column, &found, format!("工号，不超过 {MAX_EMPLOYEE_NO_CHARS} 个字符，例如 A01"));
        return None;
    }
    if let Some(first) = rows_of.get(&employee_no) {
        reading.fault(column, &found, format!("每个工号只出现一次（第 {first} 行已有）"));
        return None;
    }
    rows_of.insert(employee_no.clone(), reading.row);
    Some(employee_no)
}

fn read_cells<'a>(reading: &mut Reading<'a>, layout: &'a Layout, line: &Line) {
    let width = layout.width();
    if let Some(fields) = line.fields.filter(|fields| *fields < width || line.cells.len() > width) {
        reading.fault(
            None,
            &format!("{fields} 列"),
            format!("与表头相同的 {width} 列（含逗号的数字要加引号，例如 \"40,000\"）"),
        );
        // The cells may be shifted, so what they hold says nothing.
        return;
    }
    for (at, source) in &layout.columns {
        let column = layout.shown(*at);
        let cell = line.cell(*at);
        let is_dash = matches!(cell, Value::Text(text) if matches!(text.as_str(), "-" | "--" | "—" | "——"));
        let value = match cell {
            Value::Blank => None,
            Value::Text(_) if is_dash && source.blank != Blank::Fault => None,
            Value::Text(text) => Some(source.measure.read(text)),
            Value::Number(number) => Some(source.measure.take(*number)),
            Value::Other(_) => Some(None),
        };
        let value = match (value, source.blank) {
            (None, Blank::Missing) => continue,
            (None, Blank::Zero) => Some(Decimal::ZERO),
            (None, Blank::Fault) => None,
            (Some(value), _) => value,
        };
        match value {
            Some(value) => reading.read.push(Read { source, column, value }),
            None => reading.fault(Some(column), &cell.shown(), source.measure.expected()),
        }
    }
}

/// The values of a row that is in order, one for each metric that has any.
fn cells(reading: Reading<'_>, layout: &Layout) -> Vec<Cell> {
    let mut cells = reading.extra.clone();
    for (metric, column) in &layout.metrics {
        if reading.read.iter().any(|read| read.source.keep.metric() == Some(*metric)) {
            cells.push(Cell { metric, column: Arc::clone(column), value: reading.sum(metric).normalize() });
        }
    }
    cells
}

/// A title above the data that names two days must name the first and the last of the month.
fn check_title<'a>(
    form: &Form,
    head: impl Iterator<Item = &'a Line>,
    period: Period,
) -> Result<(), ImportError> {
    let mut texts = head.flat_map(|line| &line.cells).filter_map(|cell| match cell {
        Value::Text(text) => Some(days(text)),
        _ => None,
    });
    match texts.find_map(|days| Some((*days.first()?, *days.get(1)?))) {
        Some(days) if days == (period.first_day(), period.last_day()) => Ok(()),
        Some((first, last)) => Err(ImportError::WrongPeriod {
            found: format!("{first} 至 {last}"),
            asked: format!("{} 至 {}（{period}）", period.first_day(), period.last_day()),
        }),
        None if form.titled => Err(ImportError::NoTitle),
        None => Ok(()),
    }
}

/// The days written in a text, as `2014-03-01`, `2014/3/1`, `2014.03.01` or `2014年3月1日`.
fn days(text: &str) -> Vec<NaiveDate> {
    let text: String = text.chars().map(half_width).collect();
    // Every run of digits with what follows it up to the next.
    let mut runs: Vec<(String, String)> = Vec::new();
    for c in text.chars() {
        match runs.last_mut() {
            Some((digits, after)) if c.is_ascii_digit() && after.is_empty() => digits.push(c),
            _ if c.is_ascii_digit() => runs.push((c.to_string(), String::new())),
            Some((_, after)) => after.push(c),
            None => {}
        }
    }
    let day = |window: &[(String, String)]| match window {
        [(year, first), (month, second), (day, _)] if year.len() == 4 => {
            let separated =
                matches!((first.trim(), second.trim()), ("-", "-") | ("/", "/") | (".", ".") | ("年", "月"));
            let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
            date.filter(|_| separated)
        }
        _ => None,
    };
    runs.windows(3).filter_map(day).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_days_in_a_title() {
        let found = |text| days(text).iter().map(ToString::to_string).collect::<Vec<_>>();
        for text in [
            "月度汇总 统计日期：2014-03-01 至 2014-03-31",
            "统计日期:2014/3/1~2014/3/31",
            "２０１４年３月１日—２０１４年３月３１日",
            "2014.03.01-2014.03.31",
        ] {
            assert_eq!(found(text), ["2014-03-01", "2014-03-31"], "{text}");
        }
        assert_eq!(found("报表生成时间：2014-04-01 09:03"), ["2014-04-01"]);
        assert!(found("2014-13-01 12014-03-01 2014-03 99999999999999999999-1-1 工号").is_empty());
    }
}
