//! Reading the lines of a file by a form.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::day::day;
use super::form::{EmptyCell, FormColumn, is_nothing};
use super::header::{Header, HeaderColumn, SEARCHED_ROWS, is_total};
use super::layout::Layout;
use super::number::{Measure, half_width};
use super::title::{self, Titled};
use super::{
    Balance, Cell, Fault, Form, Found, ImportError, Line, Lines, MAX_FAULTS, ReadColumn, SheetRow, Sink,
    Surroundings, UnreadColumn, Value,
};
use crate::period::Period;

/// A file's text is repeated in a fault up to this many characters.
const MAX_FOUND_CHARS: usize = 60;

/// The longest employee number, in characters.
const MAX_EMPLOYEE_NO_CHARS: usize = 32;

/// The longest id of a record, in characters.
const MAX_EXTERNAL_ID_CHARS: usize = 100;

/// One row while it is read.
pub(in crate::spreadsheets) struct Reading<'a> {
    pub period: Period,
    row: u32,
    read: Vec<ReadCell<'a>>,
    /// What follows from several cells: metric, header and value.
    derived: Vec<(&'static str, String, Decimal)>,
    /// Days that have to add up once it is known how long the person was posted.
    pub balance: Option<Box<Balance>>,
    faults: Vec<Fault>,
}

struct ReadCell<'a> {
    column: &'a FormColumn,
    /// Which of [`Layout::metrics`] it adds to.
    metric: Option<usize>,
    shown: &'a str,
    value: Decimal,
}

impl Reading<'_> {
    /// The value under the column whose usual header is `header`, and the header as the file writes it.
    pub fn value(&self, header: &str) -> Option<(Decimal, &str)> {
        let mut read = self.read.iter();
        read.find(|read| read.column.usual() == header).map(|read| (read.value, read.shown))
    }

    /// The sum over the columns of `metric`; zero where there is none.
    pub fn sum(&self, metric: &str) -> Decimal {
        self.read.iter().filter(|read| read.column.metric() == Some(metric)).map(|read| read.value).sum()
    }

    /// Whether anything is wrong with the row already.
    pub fn is_faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    pub fn add(&mut self, metric: &'static str, column: &str, value: Decimal) {
        self.derived.push((metric, column.to_owned(), value));
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
    read_until(form, lines, around, sink, false)
}

/// Whether the lines are a table that has a row, good or not.
pub(super) fn has_rows(form: &Form, lines: &mut Lines<'_>, around: &Surroundings<'_>) -> bool {
    read_until(form, lines, around, &mut |_| Ok(()), true).is_ok()
}

/// Reads one table; to its first row where no more is wanted than to know whether it is one.
fn read_until(
    form: &Form,
    lines: &mut Lines<'_>,
    around: &Surroundings<'_>,
    sink: &mut Sink<'_>,
    is_only_tried: bool,
) -> Result<(), ImportError> {
    let mut head = Vec::new();
    let mut rest = lines.peekable();
    // One row more than is searched: the header may have a second one.
    while let Some(line) = rest.next_if(|line| !matches!(line, Ok(line) if line.row > SEARCHED_ROWS + 1)) {
        head.push(line?);
    }
    let layout = Layout::new(form, Header::find(&head, around.asked.period.month(), form)?)?;
    let last_row = layout.header.last_row;
    let (above, upper): (Vec<_>, Vec<_>) =
        head.iter().filter(|line| line.row < last_row).partition(|line| line.row < layout.header.first_row);
    let (titled, refusal) = match title::check(&above, &upper, around) {
        Ok(titled) => (titled, None),
        // Rows that name their day say themselves which month they are of: the title of a week does not cover it.
        Err(refusal) if form.has_day() => (Titled::default(), Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    if let Some(day) = layout.unread_day() {
        return Err(ImportError::DailySheet(day.to_owned()));
    }
    let mut header = layout.described();
    header.up_to = titled.up_to;
    header.notes.extend(titled.doubt);
    header.notes.extend(hidden(around.place.hidden_rows));
    sink(Found::Header(header))?;

    let is_asked = |at| layout.reads(at) || form.ignores(layout.shown(at));
    let mut table = Table {
        layout: &layout,
        is_asked: (0..layout.width()).map(is_asked).collect(),
        period: around.asked.period,
        rows_of: HashMap::new(),
        belated: Vec::new(),
        blank: Vec::new(),
        unread: BTreeMap::new(),
        derived: Vec::new(),
        faults: 0,
    };
    let (mut is_empty, mut is_dated) = (true, None);
    for line in head.into_iter().filter(|line| line.row > last_row).map(Ok).chain(rest) {
        let found = table.read(&line?)?;
        if !table.belated.is_empty() {
            sink(Found::Faults(std::mem::take(&mut table.belated)))?;
        }
        let Some(found) = found else { continue };
        is_empty = false;
        if let Found::Row(row) = &found {
            is_dated = Some(row.day.is_some() && is_dated != Some(false));
        }
        sink(found)?;
        if is_only_tried && refusal.is_none() {
            break;
        }
    }
    if !table.unread.is_empty() {
        sink(Found::Unread(table.unread.into_values().collect()))?;
    }
    match refusal {
        _ if is_empty => Err(ImportError::NoRows),
        Some(refusal) if is_dated != Some(true) => Err(refusal),
        _ => Ok(()),
    }
}

/// What is said of rows that nobody who looks at the sheet sees.
fn hidden(rows: &[u32]) -> Option<String> {
    const SHOWN: usize = 10;
    let shown = rows.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join("、");
    let more = if rows.len() > SHOWN { "……" } else { "" };
    (!rows.is_empty())
        .then(|| format!("工作簿里有 {} 个隐藏的行（第 {shown}{more} 行），与其他行一样读取", rows.len()))
}

/// Whom, and which day and record, a row is about.
type Key = (Box<str>, Option<NaiveDate>, Option<Box<str>>);

/// What stands once in a file.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Once {
    /// A record, whoever and whenever it is about: an order is not delivered by two people.
    Record(Box<str>),
    /// A person's month or day.
    Person(Box<str>, Option<NaiveDate>),
}

/// A table while it is read.
struct Table<'a> {
    layout: &'a Layout<'a>,
    period: Period,
    /// The row of each record, and of each person and day without one, and the name there until the row is told to have
    /// been repeated.
    rows_of: HashMap<Once, (u32, Option<Box<str>>)>,
    /// What is wrong with rows that were handed over as good.
    belated: Vec<Fault>,
    /// Of each column that has a header, whether anything is read from it, or somebody has said not to.
    is_asked: Vec<bool>,
    /// By their place, the columns that nothing asks for and in which people have numbers.
    unread: BTreeMap<usize, UnreadColumn>,
    /// Of a column of days or records: whether any row has one, and the rows before that have none.
    blank: Vec<(usize, bool, Vec<u32>)>,
    /// Metrics that follow from several columns, with the header that they are said to stand under.
    derived: Vec<Arc<ReadColumn>>,
    faults: usize,
}

impl Table<'_> {
    fn read(&mut self, line: &Line) -> Result<Option<Found>, ImportError> {
        let layout = self.layout;
        let employee_no = line.spread(layout.employee_no);
        let name = layout.name.map(|column| line.spread(column));
        let heads = layout.form.employee_no()?;
        if line.cells.iter().any(|cell| heads.is_named_by(cell)) {
            let first = layout.header.main.row;
            return match self.is_another_header(line) {
                true => Err(ImportError::AnotherHeader { row: line.row, first }),
                false => Ok(None),
            };
        }
        if is_total(line, employee_no, name) || self.is_note(line, employee_no, name) {
            return Ok(None);
        }
        let (read, derived, faults) = (Vec::with_capacity(layout.measured.len()), Vec::new(), Vec::new());
        let mut reading =
            Reading { period: self.period, row: line.row, read, derived, balance: None, faults };
        let key = self.read_key(&mut reading, line);
        read_cells(&mut reading, layout, line);
        // Of a torn line nobody knows what stands under which header.
        if !reading.is_faulty() {
            self.watch_unread(line);
        }
        (layout.form.finish)(&mut reading);
        if let Some((employee_no, day, external_id)) = key.filter(|_| reading.faults.is_empty()) {
            let name = name.filter(|name| !is_nothing(name)).map(|name| name.shown().into());
            let balance = reading.balance.take();
            let values = self.cells(reading);
            let row = SheetRow { row: line.row, employee_no, name, day, external_id, values, balance };
            return Ok(Some(Found::Row(row)));
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
        (0..width)
            .filter(|at| layout.header.differs(line, *at))
            .any(|at| layout.reads(at) || layout.is_wanted(&HeaderColumn::alone(line.cell(at))))
    }

    /// Whether the line is nobody's: it has no 工号, or words of a footer there, and nothing where values are read. It
    /// may be a third row of the header, the second row of one that is repeated, a note or a signature. Somebody with a
    /// name and anything where values are read is somebody.
    fn is_note(&self, line: &Line, employee_no: &Value, name: Option<&Value>) -> bool {
        let said =
            || line.cells.iter().enumerate().filter(|(at, _)| self.layout.says(*at)).map(|(_, cell)| cell);
        let is_named = name.is_some_and(|name| !name.is_blank() && !is_footer(name));
        if employee_no.is_blank() && is_named && said().any(|cell| !cell.is_blank()) {
            return false;
        }
        let is_value = |cell: &Value| match cell {
            Value::Text(text) => text.chars().any(|c| half_width(c).is_ascii_digit()),
            other => !other.is_blank(),
        };
        (employee_no.is_blank() || is_footer(employee_no)) && !said().any(is_value)
    }

    /// Reads whom, and where the file says it which day and record, the row is about. That stands there once.
    fn read_key(&mut self, reading: &mut Reading<'_>, line: &Line) -> Option<Key> {
        let layout = self.layout;
        let cell = |at: Option<usize>| Some((layout.shown(at?), line.spread(at?)));
        let employee_no = read_employee_no(reading, layout, line.spread(layout.employee_no));
        let day = cell(layout.day).and_then(|(column, cell)| read_day(reading, column, cell));
        let external_id = cell(layout.external_id).and_then(|(column, cell)| read_id(reading, column, cell));
        for (at, is_there) in [(layout.day, day.is_some()), (layout.external_id, external_id.is_some())] {
            let Some(at) = at.filter(|_| !layout.form.is_export && reading.faults.is_empty()) else {
                continue;
            };
            self.watch_blank(reading, at, is_there);
        }
        let key = (employee_no?, day, external_id);
        let name = layout.name.map(|at| line.spread(at).shown()).unwrap_or_default();
        let once = match &key {
            (_, _, Some(id)) => Once::Record(id.clone()),
            (employee_no, day, None) => Once::Person(employee_no.clone(), *day),
        };
        if let Some((first, first_name)) = self.rows_of.get_mut(&once) {
            let (what, at) = match (&once, layout.external_id) {
                (Once::Record(_), Some(at)) => ("每个编号只出现一次，不论是谁的", at),
                _ if layout.day.is_some() => ("同一工号和日期只出现一次", layout.employee_no),
                _ => ("每个工号只出现一次", layout.employee_no),
            };
            let (found, column) = (line.spread(at).shown(), layout.shown(at));
            reading.fault(Some(column), &found, format!("{what}（第 {first} 行已有）"));
            // Neither is the right one more than the other, unless they are called differently: then the name will tell.
            if first_name.take_if(|first_name| **first_name == *name).is_some() {
                self.belated.push(Fault {
                    row: Some(*first),
                    column: Some(column.to_owned()),
                    found,
                    expected: format!("{what}（第 {} 行又有）", line.row),
                });
            }
            return None;
        }
        self.rows_of.insert(once, (reading.row, Some(name.into())));
        Some(key)
    }

    /// Notes the columns that nothing asks for, and in which somebody has a number.
    fn watch_unread(&mut self, line: &Line) {
        for (at, cell) in line.cells.iter().enumerate() {
            // Most are read, so no number is parsed twice.
            if self.is_asked.get(at).is_some_and(|is_asked| *is_asked) || self.unread.contains_key(&at) {
                continue;
            }
            let is_number = match cell {
                Value::Number(number) => *number != 0.0,
                Value::Text(text) => Measure::Amount.written(text).is_some_and(|number| !number.is_zero()),
                Value::Blank | Value::Other(_) => false,
            };
            if is_number {
                let column = self.layout.shown(at).to_owned();
                self.unread.insert(at, UnreadColumn { column, row: line.row, found: cell.shown() });
            }
        }
    }

    /// Faults rows that say no day, or no record, in a table whose other rows do: without it, a row is the month's total,
    /// and goes before the days.
    fn watch_blank(&mut self, reading: &mut Reading<'_>, at: usize, is_there: bool) {
        let column = self.layout.shown(at);
        let expected = "有内容：其他行都有，空着会被当作全月合计";
        let place = self.blank.iter().position(|(known, ..)| *known == at);
        let place = place.unwrap_or_else(|| {
            self.blank.push((at, false, Vec::new()));
            self.blank.len() - 1
        });
        let Some((_, is_filled, blank)) = self.blank.get_mut(place) else { return };
        match (is_there, *is_filled) {
            (false, true) => reading.fault(Some(column), "", expected),
            (false, false) => blank.push(reading.row),
            (true, _) => {
                *is_filled = true;
                let belated = std::mem::take(blank).into_iter().map(|row| Fault {
                    row: Some(row),
                    column: Some(column.to_owned()),
                    found: String::new(),
                    expected: expected.to_owned(),
                });
                self.belated.extend(belated);
            }
        }
    }

    /// The values of a row that is in order, one for each metric that has any.
    fn cells(&mut self, reading: Reading<'_>) -> Box<[Cell]> {
        let mut sums: Vec<Option<Decimal>> = vec![None; self.layout.metrics.len()];
        for read in &reading.read {
            if let Some(sum) = read.metric.and_then(|metric| sums.get_mut(metric)) {
                *sum = Some(sum.unwrap_or_default() + read.value);
            }
        }
        let derived = reading.derived.into_iter().map(|(metric, shown, value)| {
            let known = self.derived.iter().find(|known| known.metric == metric && known.shown == shown);
            let column = known.cloned().unwrap_or_else(|| {
                let column = Arc::new(ReadColumn { metric: metric.to_owned(), shown });
                self.derived.push(Arc::clone(&column));
                column
            });
            Cell { column, value: value.normalize() }
        });
        let measured =
            self.layout.metrics.iter().zip(sums).filter_map(|(column, sum)| {
                Some(Cell { column: Arc::clone(column), value: sum?.normalize() })
            });
        derived.chain(measured).collect()
    }
}

/// 制表人：李文, 备注 and the like.
fn is_footer(cell: &Value) -> bool {
    const WORDS: &[&str] = &["备注", "注", "说明", "制表", "审核", "填表"];
    let Value::Text(text) = cell else { return false };
    text.contains([':', '：']) || WORDS.iter().any(|word| text.starts_with(word))
}

fn read_employee_no(reading: &mut Reading<'_>, layout: &Layout<'_>, cell: &Value) -> Option<Box<str>> {
    let column = Some(layout.shown(layout.employee_no));
    let found = cell.shown();
    let half: String = found.chars().map(half_width).collect();
    // An apostrophe before it is how spreadsheets are told that 0012 is a text.
    let employee_no = half.trim().trim_start_matches('\'');
    if employee_no.is_empty() {
        reading.fault(column, &found, "工号，不能为空");
        return None;
    }
    if let Some(hidden) = employee_no.chars().find(|c| is_invisible(*c)) {
        let expected =
            format!("不含看不见的字符的工号（里面有 U+{:04X}，请删掉后重新输入）", u32::from(hidden));
        reading.fault(column, &found, expected);
        return None;
    }
    if is_scientific(employee_no) {
        reading.fault(column, &found, "完整的工号：科学计数法丢掉了末几位，请把该列设为文本后重新导出");
        return None;
    }
    let valid =
        employee_no.chars().count() <= MAX_EMPLOYEE_NO_CHARS && !employee_no.contains(char::is_control);
    if !valid || matches!(cell, Value::Other(_)) {
        reading.fault(column, &found, format!("工号，不超过 {MAX_EMPLOYEE_NO_CHARS} 个字符，例如 A01"));
        return None;
    }
    Some(employee_no.into())
}

/// Characters that no reader sees, and that make another number of one that looks the same.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// `1.4E+11`: a spreadsheet has made a number of it and shows its first digits.
fn is_scientific(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let Some((number, exponent)) = lower.split_once("e+") else { return false };
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_number(number) && is_number(exponent)
}

fn read_day(reading: &mut Reading<'_>, column: &str, cell: &Value) -> Option<NaiveDate> {
    if is_nothing(cell) {
        return None;
    }
    let period = reading.period;
    let found = day(cell).filter(|day| Period::containing(*day) == period);
    if found.is_none() {
        let expected = format!("{period} 月内的日期，例如 {}", period.first_day());
        reading.fault(Some(column), &cell.shown(), expected);
    }
    found
}

fn read_id(reading: &mut Reading<'_>, column: &str, cell: &Value) -> Option<Box<str>> {
    let found = cell.shown();
    if found.chars().count() > MAX_EXTERNAL_ID_CHARS || matches!(cell, Value::Other(_)) {
        reading.fault(Some(column), &found, format!("编号，不超过 {MAX_EXTERNAL_ID_CHARS} 个字符"));
    }
    Some(found).filter(|id| !id.is_empty()).map(String::into_boxed_str)
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
    refuse_foreign_units(reading, layout, line);
    for read in &layout.measured {
        let (column, shown, cell) = (read.column, layout.shown(read.at), line.cell(read.at));
        if let Some(value) = line.merged(read.at).filter(|value| !is_nothing(value)) {
            reading.fault(Some(shown), &value.shown(), "每行各自的数：这个单元格跨行合并，不知道每行是多少");
            continue;
        }
        let is_nothing = cell.is_blank() || column.blank != EmptyCell::Fault && is_nothing(cell);
        let value = match column.blank {
            EmptyCell::Missing if is_nothing => continue,
            EmptyCell::Zero if is_nothing => Some(Decimal::ZERO),
            _ => column.read(cell),
        };
        match value {
            Some(value) => reading.read.push(ReadCell { column, metric: read.metric, shown, value }),
            None => reading.fault(Some(shown), &cell.shown(), column.expected()),
        }
    }
}

/// Whether two cells look like one number that its own separator has torn: 9 and 600, ¥48 and 450.00.
fn is_torn(line: &Line) -> bool {
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
            let expected = format!("以“{unit}”为单位的数，请按该单位重新导出");
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
            let expected = format!(
                "已知的假期类型；请先把“{name}”加入假期类型（PUT /v1/leave-types/{name}），并说明是否受保护"
            );
            reading.fault(Some(layout.shown(*at)), &found, expected);
        }
    }
}
