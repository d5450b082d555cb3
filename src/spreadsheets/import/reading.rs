//! Reading a row: whom it is about, and the number in each of its cells.

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use rust_decimal::Decimal;

use super::day::{day, weekday};
use super::form::{EmptyCell, FormColumn, To, is_nothing};
use super::header::normal;
use super::layout::{Layout, Measured};
use super::number::{Measure, half_width};
use super::span::{Mention, mentions};
use super::torn::is_torn;
use super::{Balance, Fault, Hours, Line, Value};
use crate::period::Period;
use crate::said::{Said, say};

/// A file's text is repeated in a fault up to this many characters.
const MAX_FOUND_CHARS: usize = 60;

/// The metric of the days that there were to work.
const SCHEDULED: &str = "scheduled_days";

/// The longest employee number, in characters.
const MAX_EMPLOYEE_NO_CHARS: usize = 32;

/// The longest id of a record, in characters.
const MAX_EXTERNAL_ID_CHARS: usize = 100;

/// One row while it is read.
pub(in crate::spreadsheets) struct Reading<'a> {
    pub period: Period,
    pub row: u32,
    pub read: Vec<ReadCell<'a>>,
    /// What follows from several cells: metric, header and value.
    pub derived: Vec<(&'static str, String, Decimal)>,
    /// Hours that have to be made days once it is known where the person works.
    pub hours: Vec<Hours>,
    /// Hours that are only held against others: the usual header of their column, its own, and how many.
    held: Vec<(&'a str, &'a str, Decimal)>,
    /// Days that have to add up once it is known how long the person was posted.
    pub balance: Option<Box<Balance>>,
    pub faults: Vec<Fault>,
}

/// A cell that is read.
pub(in crate::spreadsheets) struct ReadCell<'a> {
    column: &'a FormColumn,
    /// Which of [`Layout::metrics`] it adds to.
    pub metric: Option<usize>,
    shown: &'a str,
    pub value: Decimal,
}

/// Whom, and which day and record, a row is about.
pub(super) type Key = (Box<str>, Option<NaiveDate>, Option<Box<str>>);

impl Reading<'_> {
    pub fn new(period: Period, row: u32) -> Self {
        Self {
            period,
            row,
            read: Vec::new(),
            derived: Vec::new(),
            hours: Vec::new(),
            held: Vec::new(),
            balance: None,
            faults: Vec::new(),
        }
    }

    /// The hours under the column whose usual header is `header`, and the header as the file writes it.
    pub fn hours_of(&self, header: &str) -> Option<(Decimal, &str)> {
        let mut held = self.held.iter();
        held.find(|(usual, ..)| *usual == header).map(|(_, shown, hours)| (*hours, *shown))
    }

    /// The value under the column whose usual header is `header`, and the header as the file writes it.
    pub fn value(&self, header: &str) -> Option<(Decimal, &str)> {
        let mut read = self.read.iter();
        read.find(|read| read.column.usual() == header).map(|read| (read.value, read.shown))
    }

    /// The sum over the columns of `metric`; zero where there is none.
    pub fn sum(&self, metric: &str) -> Decimal {
        self.read.iter().filter(|read| read.column.metric() == Some(metric)).map(|read| read.value).sum()
    }

    /// The first value of `metric`, and the header as the file writes it.
    pub fn of_metric(&self, metric: &str) -> Option<(Decimal, &str)> {
        let mut read = self.read.iter();
        read.find(|read| read.column.metric() == Some(metric)).map(|read| (read.value, read.shown))
    }

    /// The columns of money that are read, with what stands there.
    pub fn money(&self) -> impl Iterator<Item = (&str, Decimal)> {
        self.read.iter().filter(|read| read.column.is_money()).map(|read| (read.shown, read.value))
    }

    /// The days that there were to work, or were worked, and the header as the file writes it.
    pub fn days(&self) -> Option<(Decimal, &str)> {
        let derived = || {
            let mut derived = self.derived.iter().filter(|(metric, ..)| *metric == SCHEDULED);
            derived.next().map(|(_, column, days)| (*days, column.as_str()))
        };
        let attended = || {
            let mut days = self.read.iter().filter(|read| read.column.to == To::Check);
            let found = days.find(|read| read.column.measure == Measure::FineDays);
            found.map(|read| (read.value, read.shown))
        };
        self.of_metric(SCHEDULED).or_else(derived).or_else(attended)
    }

    /// Whether anything is wrong with the row already.
    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    /// Whether there is anything that stands in hours.
    pub fn has_hours(&self) -> bool {
        !self.hours.is_empty()
    }

    pub fn add(&mut self, metric: &'static str, column: &str, value: Decimal) {
        self.derived.push((metric, column.to_owned(), value));
    }

    /// What stands in a cell is wrong.
    pub fn fault(&mut self, column: Option<&str>, found: &str, expected: Said) {
        let found = match found.char_indices().nth(MAX_FOUND_CHARS) {
            Some((end, _)) => format!("{}…", found.get(..end).unwrap_or_default()),
            None => found.to_owned(),
        };
        self.fault_of(column, Said::same(found), expected);
    }

    /// What several cells come to is wrong.
    pub fn fault_of(&mut self, column: Option<&str>, found: Said, expected: Said) {
        let column = column.map(str::to_owned);
        self.faults.push(Fault { row: Some(self.row), column, found, expected });
    }
}

/// Whom a row is about, and where the file says it which day and record, as far as that can be read.
pub(super) fn read_key(
    reading: &mut Reading<'_>,
    layout: &Layout<'_>,
    line: &Line,
) -> (Option<Box<str>>, Option<NaiveDate>, Option<Box<str>>) {
    let cell = |at: Option<usize>| Some((layout.shown(at?), line.spread(at?)));
    let employee_no = read_employee_no(reading, layout, line.spread(layout.employee_no));
    let day = cell(layout.day).and_then(|(column, cell)| read_day(reading, column, cell));
    let external_id = cell(layout.external_id).and_then(|(column, cell)| read_id(reading, column, cell));
    (employee_no, day, external_id)
}

fn read_employee_no(reading: &mut Reading<'_>, layout: &Layout<'_>, cell: &Value) -> Option<Box<str>> {
    let column = Some(layout.shown(layout.employee_no));
    let found = cell.shown();
    let half: String = found.chars().map(half_width).collect();
    // An apostrophe before it is how spreadsheets are told that 0012 is a text.
    let employee_no = half.trim().trim_start_matches('\'');
    if employee_no.is_empty() {
        reading.fault(column, &found, say!("工号，不能为空", "an employee number, and not nothing"));
        return None;
    }
    if let Some(hidden) = employee_no.chars().find(|c| is_invisible(*c)) {
        let hidden = u32::from(hidden);
        let expected = say!(
            "不含看不见的字符的工号（里面有 U+{hidden:04X}，请删掉后重新输入）",
            "an employee number without characters that nobody sees (there is a U+{hidden:04X}: type it again)"
        );
        reading.fault(column, &found, expected);
        return None;
    }
    if is_scientific(employee_no) {
        let expected = say!(
            "完整的工号：科学计数法丢掉了末几位，请把该列设为文本后重新导出",
            "the whole employee number: scientific notation has lost its last digits; make the column text and export it \
             again"
        );
        reading.fault(column, &found, expected);
        return None;
    }
    let valid =
        employee_no.chars().count() <= MAX_EMPLOYEE_NO_CHARS && !employee_no.contains(char::is_control);
    if !valid || matches!(cell, Value::Other(_)) {
        let expected = say!(
            "工号，不超过 {MAX_EMPLOYEE_NO_CHARS} 个字符，例如 A01",
            "an employee number of at most {MAX_EMPLOYEE_NO_CHARS} characters, for example A01"
        );
        reading.fault(column, &found, expected);
        return None;
    }
    Some(employee_no.into())
}

/// Characters that no reader sees, and that make another number of one that looks the same.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// `1.4E+11`, `1.4e11`: a spreadsheet has made a number of it and shows its first digits. 12E3 may be somebody's number.
fn is_scientific(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some((number, exponent)) = lower.split_once('e') else { return false };
    let Some(exponent) = exponent.strip_prefix('+').or(Some(exponent).filter(|_| number.contains('.')))
    else {
        return false;
    };
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number(number) && is_number(exponent)
}

fn read_day(reading: &mut Reading<'_>, column: &str, cell: &Value) -> Option<NaiveDate> {
    if is_nothing(cell) {
        return None;
    }
    let period = reading.period;
    let found = written_day(cell, period).filter(|day| Period::containing(*day) == period);
    if found.is_none() {
        let first = period.first_day();
        let expected = say!("{period} 月内的日期，例如 {first}", "a day of {period}, for example {first}");
        reading.fault(Some(column), &cell.shown(), expected);
    }
    found
}

/// The day that a cell says, of whatever month.
pub(super) fn written_day(cell: &Value, asked: Period) -> Option<NaiveDate> {
    day(cell).or_else(|| named_day(cell, asked))
}

/// The day of a cell that names its month: 5月7日, which is of the year asked for, 二〇一四年五月七日, 7-May-2014. Which number
/// of 5/7 is the month is not guessed.
fn named_day(cell: &Value, period: Period) -> Option<NaiveDate> {
    let shown = cell.shown();
    let is_named = shown.contains('月') || shown.contains(|c: char| c.is_ascii_alphabetic());
    match *mentions(&shown, period.year()) {
        [Mention::Day(day, _)] if is_named && weekday(&shown).is_none_or(|named| named == day.weekday()) => {
            Some(day)
        }
        _ => None,
    }
}

fn read_id(reading: &mut Reading<'_>, column: &str, cell: &Value) -> Option<Box<str>> {
    let found = cell.shown();
    if found.chars().count() > MAX_EXTERNAL_ID_CHARS || matches!(cell, Value::Other(_)) {
        let expected = say!(
            "编号，不超过 {MAX_EXTERNAL_ID_CHARS} 个字符",
            "an id of at most {MAX_EXTERNAL_ID_CHARS} characters"
        );
        reading.fault(Some(column), &found, expected);
    }
    Some(found).filter(|id| !id.is_empty()).map(String::into_boxed_str)
}

/// Whether a line of text has more fields than the header, so that nobody knows what stands under which column. One that
/// has fewer has nothing in the last ones: spreadsheets leave out the commas behind a row's last value.
pub(super) fn is_shifted(layout: &Layout<'_>, line: &Line) -> bool {
    let is_longer = |fields: usize| layout.header.fields.is_some_and(|usual| fields > usual);
    line.fields.is_some_and(|fields| line.cells.len() > layout.width() || is_longer(fields) && is_torn(line))
}

/// Reads the values of a row; whether it has the fields of the header, so that it is known what stands under which.
pub(super) fn read_cells<'a>(reading: &mut Reading<'a>, layout: &'a Layout<'_>, line: &Line) -> bool {
    if is_shifted(layout, line) {
        let (fields, width) = (line.fields.unwrap_or_default(), layout.width());
        let expected = say!(
            "与表头相同的 {width} 列（含逗号的数字要加引号，例如 \"40,000\"）",
            "{width} columns as in the header (a number with a comma needs quotes, for example \"40,000\")"
        );
        reading.fault_of(None, say!("{fields} 列", "{fields} columns"), expected);
        // The cells may be shifted, so what they hold says nothing.
        return false;
    }
    refuse_unknown_leave(reading, layout, line);
    refuse_foreign_units(reading, layout, line);
    read_hours(reading, layout, line);
    reading.read.reserve(layout.measured.len());
    for read in &layout.measured {
        let (column, shown, cell) = (read.column, layout.shown(read.at), line.cell(read.at));
        if let Some(value) = line.merged(read.at).filter(|value| !is_nothing(value)) {
            let expected = say!(
                "每行各自的数：这个单元格跨行合并，不知道每行是多少",
                "each row's own number: the cell is merged over several rows"
            );
            reading.fault(Some(shown), &value.shown(), expected);
            continue;
        }
        let is_nothing = is_empty(column, cell);
        if layout.is_larger(read.at) && !is_nothing && !line.larger.contains(&read.at) {
            let expected = say!(
                "以元为单位、与其他行一样只是显示成万元的数：这一格不知道是元还是万元",
                "yuan that are only shown in ten thousands, as in the other rows: here it may be either"
            );
            reading.fault(Some(shown), &cell.shown(), expected);
            continue;
        }
        let value = match column.blank {
            _ if says_none(cell) && column.blank != EmptyCell::Fault => Some(Decimal::ZERO),
            EmptyCell::Missing if is_nothing => None,
            EmptyCell::Zero if is_nothing => Some(Decimal::ZERO),
            _ => {
                let value = column.read(cell).or(column.otherwise);
                if value.is_none() {
                    reading.fault(Some(shown), &cell.shown(), column.expected());
                    continue;
                }
                value
            }
        };
        compare_twins(reading, layout, line, read, value);
        if let Some(value) = value {
            reading.read.push(ReadCell { column, metric: read.metric, shown, value });
        }
    }
    true
}

/// Whether a cell says that there was none: that is 0, and not unknown.
fn says_none(cell: &Value) -> bool {
    matches!(cell, Value::Text(text) if text.contains('无') && normal(text) == "无")
}

/// Whether there is nothing in a cell of a column.
fn is_empty(column: &FormColumn, cell: &Value) -> bool {
    cell.is_blank() || column.blank != EmptyCell::Fault && is_nothing(cell)
}

/// Of two columns that are called the same and say something else, nobody knows which is right.
fn compare_twins(
    reading: &mut Reading<'_>,
    layout: &Layout<'_>,
    line: &Line,
    read: &Measured<'_>,
    value: Option<Decimal>,
) {
    let (shown, cell) = (layout.shown(read.at), line.cell(read.at));
    for twin in &read.twins {
        let other = line.cell(*twin);
        let is_same = match is_empty(read.column, other) {
            _ if says_none(other) => value.is_none_or(|value| value.is_zero()),
            true => value.is_none_or(|value| value.is_zero()) || other.is_blank(),
            false => read.column.read(other).is_some_and(|other| Some(other) == value),
        };
        if !is_same {
            let found = format!("{} ｜ {}：{}", cell.shown(), layout.shown(*twin), other.shown());
            let expected = say!(
                "两列相同的数：都是同一个指标，不知道哪个对",
                "the same number in both columns: both are of one metric"
            );
            reading.fault(Some(shown), &found, expected);
        }
    }
}

/// Reads what has hours in the place of days.
fn read_hours<'a>(reading: &mut Reading<'a>, layout: &'a Layout<'_>, line: &Line) {
    for timed in &layout.timed {
        let (cell, shown) = (line.cell(timed.at), layout.shown(timed.at));
        let Some(length) = length(cell, timed.is_said) else {
            let expected = match timed.is_said {
                true => Measure::Hours.expected(),
                false => say!(
                    "写明单位的数（天或小时），例如 1天、8小时：表头没有写单位",
                    "a number with its unit (天 days or 小时 hours), for example 1天 or 8小时: the header has none"
                ),
            };
            reading.fault(Some(shown), &cell.shown(), expected);
            continue;
        };
        let (days, hours) = match length {
            Length::Days(days) => (days, Decimal::ZERO),
            Length::Hours(hours) => (Decimal::ZERO, hours),
        };
        match &timed.metric {
            Some((metric, of)) => {
                let (column, metric) = (timed.column, Some(*metric));
                reading.read.push(ReadCell { column, metric, shown, value: days });
                if !hours.is_zero() {
                    reading.hours.push(Hours { column: Arc::clone(of), hours });
                }
            }
            None => reading.held.push((timed.column.usual(), shown, hours)),
        }
    }
}

/// How long something was.
enum Length {
    Days(Decimal),
    Hours(Decimal),
}

/// What a cell says of a length of time, in hours unless it says otherwise or nobody says anything.
fn length(cell: &Value, is_said: bool) -> Option<Length> {
    let hours = || match cell {
        Value::Number(number) => Measure::Hours.take(*number),
        cell => Measure::Hours.read(&cell.shown()),
    };
    if is_nothing(cell) || says_none(cell) {
        return Some(Length::Hours(Decimal::ZERO));
    }
    if is_said {
        return hours().map(Length::Hours);
    }
    let shown = cell.shown();
    let has_unit = |measure: Measure| measure.units().iter().any(|unit| shown.trim_end().ends_with(unit));
    match () {
        () if has_unit(Measure::Days) => Measure::Days.read(&shown).map(Length::Days),
        () if has_unit(Measure::Hours) => hours().map(Length::Hours),
        () => hours().filter(Decimal::is_zero).map(Length::Hours),
    }
}

/// What stands in a column in another unit cannot be read; nothing, or a zero, is nothing in any unit.
fn refuse_foreign_units(reading: &mut Reading<'_>, layout: &Layout<'_>, line: &Line) {
    for (at, unit) in &layout.foreign {
        let cell = line.cell(*at);
        let is_zero = match cell {
            Value::Number(number) => *number == 0.0,
            cell => {
                is_nothing(cell) || Measure::Hours.read(&cell.shown()).is_some_and(|hours| hours.is_zero())
            }
        };
        if !is_zero {
            let expected = say!(
                "以“{unit}”为单位的数，请按该单位重新导出",
                "a number in '{unit}': export it again in that unit"
            );
            reading.fault(Some(layout.shown(*at)), &cell.shown(), expected);
        }
    }
}

/// Leave that is not known to be protected or not would count as attended; so it has to be made known first.
fn refuse_unknown_leave(reading: &mut Reading<'_>, layout: &Layout<'_>, line: &Line) {
    for (at, name) in &layout.unknown_leave {
        let found = line.cell(*at).shown();
        let half: String = found.chars().map(half_width).collect();
        let is_number = half.starts_with(|c: char| c.is_ascii_digit());
        if is_number && half.contains(|c: char| ('1'..='9').contains(&c)) {
            let expected = say!(
                "已知的假期类型；请先把“{name}”加入假期类型（PUT /v1/leave-types/{name}），并说明是否受保护",
                "a known kind of leave: add '{name}' first (PUT /v1/leave-types/{name}), and say whether it is protected"
            );
            reading.fault(Some(layout.shown(*at)), &found, expected);
        }
    }
}
