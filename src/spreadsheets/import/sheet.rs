//! Reading the lines of a file by a form.

use std::collections::HashMap;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::form::{Blank, Form, Source};
use super::header::{Column, Header, SEARCHED_ROWS, is_total, names_employee_no};
use super::layout::Layout;
use super::number::half_width;
use super::{
    Cell, Fault, Found, ImportError, Line, Lines, MAX_FAULTS, SheetRow, Sink, Surroundings, Value, title,
};
use crate::period::Period;

/// A file's text is repeated in a fault up to this many characters.
const MAX_FOUND_CHARS: usize = 60;

/// The longest employee number, in characters.
const MAX_EMPLOYEE_NO_CHARS: usize = 32;

/// One row while it is read.
pub(super) struct Reading<'a> {
    pub period: Period,
    row: u32,
    read: Vec<Read<'a>>,
    extra: Vec<Cell>,
    faults: Vec<Fault>,
}

struct Read<'a> {
    source: &'a Source,
    column: &'a str,
    value: Decimal,
}

impl Reading<'_> {
    /// The value under the column whose usual header is `header`, and the header as the file writes it.
    pub fn value(&self, header: &str) -> Option<(Decimal, &str)> {
        let mut read = self.read.iter();
        read.find(|read| read.source.usual() == header).map(|read| (read.value, read.column))
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

/// Reads one table.
pub(super) fn read(
    form: &Form,
    lines: &mut Lines<'_>,
    around: &Surroundings<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ImportError> {
    let mut head = Vec::new();
    let mut rest = lines.peekable();
    // One row more than is searched: the header may have a second one.
    while let Some(line) = rest.next_if(|line| !matches!(line, Ok(line) if line.row > SEARCHED_ROWS + 1)) {
        head.push(line?);
    }
    let layout = Layout::new(form, Header::find(&head, around.period.month()).ok_or(ImportError::NoHeader)?)?;
    let last_row = layout.header.last_row;
    let (above, upper): (Vec<_>, Vec<_>) =
        head.iter().filter(|line| line.row < last_row).partition(|line| line.row < layout.header.first_row);
    let doubt = title::check(&above, &upper, around)?;
    let mut header = layout.described();
    header.notes.extend(doubt);
    sink(Found::Header(header))?;

    let mut table =
        Table { form, layout: &layout, period: around.period, rows_of: HashMap::new(), faults: 0 };
    let mut is_empty = true;
    for line in head.into_iter().filter(|line| line.row > last_row).map(Ok).chain(rest) {
        if let Some(found) = table.read(&line?)? {
            is_empty = false;
            sink(found)?;
        }
    }
    if is_empty { Err(ImportError::NoRows) } else { Ok(()) }
}

/// Whether the lines are a table that has a row, good or not.
pub(super) fn has_rows(form: &Form, lines: &mut Lines<'_>, around: &Surroundings<'_>) -> bool {
    let mut stop = |found| match found {
        Found::Header(_) => Ok(()),
        Found::Row(_) | Found::Faults(_) => Err(ImportError::Stopped),
    };
    read(form, lines, around, &mut stop) == Err(ImportError::Stopped)
}

/// A table while it is read.
struct Table<'a> {
    form: &'a Form,
    layout: &'a Layout<'a>,
    period: Period,
    /// The row of each 工号.
    rows_of: HashMap<String, u32>,
    faults: usize,
}

impl Table<'_> {
    fn read(&mut self, line: &Line) -> Result<Option<Found>, ImportError> {
        let employee_no = line.cell(self.layout.employee_no);
        let name = self.layout.name.map(|column| line.cell(column));
        if names_employee_no(line) {
            return if self.is_another_header(line) {
                let first = self.layout.header.main.row;
                Err(ImportError::AnotherHeader { row: line.row, first })
            } else {
                Ok(None)
            };
        }
        if is_total(line, employee_no, name) || self.is_note(line, employee_no, name) {
            return Ok(None);
        }
        let mut reading = Reading {
            period: self.period,
            row: line.row,
            read: Vec::new(),
            extra: Vec::new(),
            faults: Vec::new(),
        };
        let employee_no = read_employee_no(&mut reading, self.layout, employee_no, &mut self.rows_of);
        read_cells(&mut reading, self.layout, line);
        (self.form.finish)(&mut reading);
        if let Some(employee_no) = employee_no.filter(|_| reading.faults.is_empty()) {
            let name = name.map(Value::shown).filter(|name| !name.is_empty());
            let values = cells(reading, self.layout);
            return Ok(Some(Found::Row(SheetRow { row: line.row, employee_no, name, values })));
        }
        self.faults += reading.faults.len();
        if self.faults > MAX_FAULTS {
            return Err(ImportError::TooManyFaults);
        }
        Ok(Some(Found::Faults(reading.faults)))
    }

    /// Whether a header within the table has other columns than the first where values are read, or would be.
    fn is_another_header(&self, line: &Line) -> bool {
        let layout = self.layout;
        let width = line.cells.len().max(layout.width());
        (0..width).filter(|at| layout.header.differs(line, *at)).any(|at| {
            let would_be_read = || {
                let column = Column::alone(line.cell(at));
                self.form.sources.iter().any(|source| column.is_called(&source.headers))
            };
            at == layout.employee_no
                || Some(at) == layout.name
                || layout.columns.iter().any(|(read, _)| *read == at)
                || would_be_read()
        })
    }

    /// Whether the line is nobody's: it has no 工号, or words of a footer there, and nothing where values are read. It
    /// may be a third row of the header, the second row of one that is repeated, a note or a signature. Somebody with a
    /// name and anything where values are read is somebody.
    fn is_note(&self, line: &Line, employee_no: &Value, name: Option<&Value>) -> bool {
        let is_read = |at: usize| self.layout.columns.iter().any(|(read, _)| *read == at);
        let is_named = name.is_some_and(|name| !name.is_blank() && !is_footer(name));
        let says_anything =
            || line.cells.iter().enumerate().any(|(at, cell)| is_read(at) && !cell.is_blank());
        if employee_no.is_blank() && is_named && says_anything() {
            return false;
        }
        let is_value = |cell: &Value| match cell {
            Value::Text(text) => text.chars().any(|c| half_width(c).is_ascii_digit()),
            other => !other.is_blank(),
        };
        (employee_no.is_blank() || is_footer(employee_no))
            && !line.cells.iter().enumerate().any(|(at, cell)| is_read(at) && is_value(cell))
    }
}

/// 制表人：李文, 备注 and the like.
fn is_footer(cell: &Value) -> bool {
    const WORDS: &[&str] = &["备注", "注", "说明", "制表", "审核", "填表"];
    let Value::Text(text) = cell else { return false };
    text.contains([':', '：']) || WORDS.iter().any(|word| text.starts_with(word))
}

/// Reads the employee number, which must be new in the file.
fn read_employee_no(
    reading: &mut Reading<'_>,
    layout: &Layout<'_>,
    cell: &Value,
    rows_of: &mut HashMap<String, u32>,
) -> Option<String> {
    let column = Some(layout.shown(layout.employee_no));
    let found = cell.shown();
    let half: String = found.chars().map(half_width).collect();
    // An apostrophe before it is how spreadsheets are told that 0012 is a text.
    let employee_no = half.trim().trim_start_matches('\'').to_owned();
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

fn read_cells<'a>(reading: &mut Reading<'a>, layout: &'a Layout<'_>, line: &Line) {
    let width = layout.width();
    let is_shifted = |fields: usize| {
        let is_longer = layout.header.fields.is_some_and(|usual| fields > usual);
        fields < width || line.cells.len() > width || is_longer && is_torn(line)
    };
    if let Some(fields) = line.fields.filter(|fields| is_shifted(*fields)) {
        reading.fault(
            None,
            &format!("{fields} 列"),
            format!("与表头相同的 {width} 列（含逗号的数字要加引号，例如 \"40,000\"）"),
        );
        // The cells may be shifted, so what they hold says nothing.
        return;
    }
    refuse_unknown_leave(reading, layout, line);
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

/// Whether two cells look like one number that its own separator has torn: 9 and 600, ¥48 and 450.00.
pub(crate) fn is_torn(line: &Line) -> bool {
    let text = |cell: &Value| match cell {
        Value::Text(text) => text.chars().map(half_width).collect(),
        _ => String::new(),
    };
    let digits = |text: &str| if text.bytes().all(|byte| byte.is_ascii_digit()) { text.len() } else { 0 };
    let begins = |cell: &Value| {
        let text = text(cell);
        (1..=3).contains(&digits(text.trim_start_matches('¥').trim_start()))
    };
    let goes_on = |cell: &Value| {
        let text = text(cell);
        let number = text.trim_end_matches('元').trim_end();
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        digits(whole) == 3 && digits(fraction) > 0
    };
    line.cells.windows(2).any(|pair| matches!(pair, [first, second] if begins(first) && goes_on(second)))
}

/// Leave that is not known to be protected or not would count as attended; so it has to be made known first.
fn refuse_unknown_leave(reading: &mut Reading<'_>, layout: &Layout<'_>, line: &Line) {
    for (at, name) in &layout.unknown_leave {
        let found = line.cell(*at).shown();
        let half: String = found.chars().map(half_width).collect();
        let is_number = half.starts_with(|c: char| c.is_ascii_digit());
        if is_number && half.contains(|c: char| ('1'..='9').contains(&c)) {
            let expected = format!(
                "已知的假期类型；请先把“{name}”加入假期类型（PUT /v1/leave-types/{name}），并说明是否受保护"
            );
            reading.fault(Some(layout.shown(*at)), &found, expected);
        }
    }
}

/// The values of a row that is in order, one for each metric that has any.
fn cells(reading: Reading<'_>, layout: &Layout<'_>) -> Vec<Cell> {
    let mut cells = reading.extra.clone();
    for (metric, column) in &layout.metrics {
        if reading.read.iter().any(|read| read.source.keep.metric() == Some(*metric)) {
            cells.push(Cell { metric, column: Arc::clone(column), value: reading.sum(metric).normalize() });
        }
    }
    cells
}
