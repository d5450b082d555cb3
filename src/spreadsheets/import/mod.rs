//! Reading spreadsheets: bytes in, rows and faults out, one after the other. Who a 工号 belongs to, and what happens to the
//! values, is for the caller to decide. Layers, each knowing only the ones before it:
//!
//! - `content`, `text` and `workbook` turn bytes into lines of cells, as they are seen (`formats`), and keep to the limits
//!   below; `number` and `day` read a cell;
//! - `form` says which columns are looked for, `header` and `layout` find them, `title` says which month a table is of;
//! - `reading` reads a line, `months` says which month it is of, `among`, `torn` and `broken` hold it against the others,
//!   `parts` adds up those that are parts of somebody's, `unread` says what it has besides, and `doubts` what is likely of it;
//! - `sheet` reads all of them.
//!
//! A clerk corrects the file, so every message is said in the reader's language and names the place as the spreadsheet shows
//! it.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use self::unread::Sighting;
use crate::http::Problem;
use crate::period::Period;
use crate::said::Said;

mod among;
mod balance;
mod broken;
mod content;
pub(in crate::spreadsheets) mod day;
mod doubts;
mod error;
mod fault;
pub(in crate::spreadsheets) mod form;
mod formats;
pub(in crate::spreadsheets) mod header;
mod layout;
mod months;
pub(crate) mod number;
mod parts;
pub(in crate::spreadsheets) mod reading;
mod sheet;
mod span;
mod spoken;
#[cfg(test)]
mod tests;
mod text;
mod title;
mod torn;
mod traditional;
pub(crate) mod unpack;
pub(in crate::spreadsheets) mod unread;
pub(crate) mod workbook;

pub use self::balance::{AllLeave, Balance, Schedule};
pub use self::content::Content;
pub use self::error::ImportError;
pub use self::fault::{Fault, FaultBody};
pub(crate) use self::form::Form;
pub use self::unread::{Unread, UnreadColumn, UnreadColumnBody};

/// The largest file that is read, in bytes: 50 MiB.
pub const MAX_FILE_BYTES: usize = 50 << 20;

/// The most a workbook may unpack to, in bytes over all its parts: 400 MiB.
pub const MAX_UNPACKED_BYTES: u64 = 400 << 20;

/// The last row in which anything may stand.
pub const MAX_ROWS: u32 = 200_000;

/// The last column in which anything may stand.
pub const MAX_COLUMNS: usize = 500;

/// The most faults that are reported. A file with more is the wrong file rather than one to correct.
pub const MAX_FAULTS: usize = 10_000;

/// What is asked of a file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The month.
    pub period: Period,
    /// What the file is called.
    pub file_name: &'a str,
    /// Today, where whoever imports says that the table ends before its month does.
    pub to_date: Option<NaiveDate>,
    /// Today, where the month is not over.
    pub within: Option<NaiveDate>,
}

/// What is found in a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The header of the table that is read. Where a later one follows, that is the table, and what came before is none.
    Header(TableHeader),
    /// A row without any fault; every person, day and record occurs once.
    Row(SheetRow),
    /// Everything that is wrong with a row. One that was handed over as good is none any more.
    Faults {
        /// 工号 of whom the row is about; none where it cannot be read, or the row was handed over before.
        of: Option<Box<str>>,
        /// What is wrong.
        faults: Vec<Fault>,
    },
    /// What there is beside what was read, behind the last row; of several, all of it.
    Unread(Unread),
    /// What whoever imports it should know of how its rows were read, behind them.
    Note(Said),
}

/// What the header of a table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableHeader {
    /// Header of the column of employee numbers, as the file writes it.
    pub employee_no: String,
    /// Header of the column of names, where there is one.
    pub name: Option<String>,
    /// Header of the column of days, where there is one.
    pub day: Option<String>,
    /// What whoever imports the file should know about how it is read.
    pub notes: Vec<Said>,
    /// The last day that it covers, where that is not the month's last.
    pub up_to: Option<NaiveDate>,
}

/// Takes what is found, one after the other, so that no file has to fit into memory.
pub type Sink<'a> = dyn FnMut(Found) -> Result<(), ImportError> + 'a;

/// One person's values, for the month or for a day of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// The row as a spreadsheet numbers it, from 1.
    pub row: u32,
    /// 工号 without surrounding spaces, in half-width characters; never empty. Nobody may have it.
    pub employee_no: Box<str>,
    /// 姓名 where the file has it, to compare with the person found.
    pub name: Option<Box<str>>,
    /// The day that it is of, where the file says it.
    pub day: Option<NaiveDate>,
    /// The id of the record in the system that the file comes from, where it has one.
    pub external_id: Option<Box<str>>,
    /// At most one value for each metric.
    pub values: Box<[Cell]>,
    /// Days of leave that the file has in hours: how many hours a day has is known once it is known where the person works.
    pub hours: Box<[Hours]>,
    /// Days of attendance that can only be held against each other once it is known where and since when the person was
    /// posted.
    pub balance: Option<Box<Balance>>,
}

/// Hours in the place of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Where they stand, and of what they are.
    pub column: Arc<ReadColumn>,
    /// How many; not 0.
    pub hours: Decimal,
}

/// One value, fit to be recorded as a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Where it stands, and of what it is a value.
    pub column: Arc<ReadColumn>,
    /// In the metric's unit, and as large and as exact as the column may have it.
    pub value: Decimal,
}

/// A column that holds values of a metric, or several that are added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadColumn {
    /// The metric's name in the catalogue.
    pub metric: String,
    /// The header as the file writes it; several are joined by `+`.
    pub shown: String,
}

/// Reads a file by a form and hands over what it finds.
///
/// Columns are found by their headers, in any order; columns not asked for are ignored. Blank rows, totals (合计, 总计),
/// notes below the table and headers repeated within it are skipped. Text may be UTF-8, GB18030, Big5 or UTF-16; headers and
/// titles may be in traditional characters.
///
/// # Errors
///
/// The file as a whole cannot be used. What was handed over before is then worth nothing.
pub(crate) fn read(
    content: &mut Content,
    form: &Form,
    asked: &Asked<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ImportError> {
    let is_header = |line: &Line| {
        form.employee_no().is_ok_and(|column| line.cells.iter().any(|cell| column.is_named_by(cell)))
    };
    let container = container_of(content)?;
    form.check(container)?;
    // Of two worksheets that are what is wanted, it is not guessed which.
    let (mut found, mut unread) = (Vec::new(), Unread::default());
    let result = tables(container, content, &is_header, &mut |place, lines| {
        let worksheet = place.worksheet.unwrap_or_default();
        let around = Surroundings { asked: *asked, place };
        let mut sighting = Sighting::default();
        let mut watched = lines.inspect(|line| {
            if let Ok(line) = line {
                sighting.look(form, line);
            }
        });
        let result = match found.is_empty() {
            true => sheet::read(form, &mut watched, &around, sink),
            false => sheet::try_rows(form, &mut watched, &around),
        };
        let Err(error) = result else {
            found.push(worksheet.to_owned());
            // So the next one is looked at too.
            return Err(ImportError::NoRows);
        };
        if !error.is_about_the_table() && found.is_empty() {
            return Err(error);
        }
        // One of another month, or of days, is known not to be wanted.
        let is_another = matches!(
            error,
            ImportError::WrongPeriod { .. } | ImportError::DailySheet(_) | ImportError::RecordSheet(_)
        );
        match sighting.asks(form, worksheet).filter(|_| !is_another) {
            Some(column) => unread.asked.push(column),
            None if sighting.is_blank() => {}
            None => unread.others.push(Said::same(unread::worksheet(worksheet))),
        }
        if found.is_empty() { Err(error) } else { Err(ImportError::NoRows) }
    });
    match found.len() {
        0 => result,
        1 if unread == Unread::default() => Ok(()),
        1 => sink(Found::Unread(unread)),
        _ => Err(ImportError::SeveralTables(found)),
    }
}

/// Reads a file beside everything else; nobody waits for it.
pub(in crate::spreadsheets) async fn beside<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ImportError> + Send + 'static,
) -> Result<T, Problem> {
    let read = tokio::task::spawn_blocking(read).await.map_err(|error| Problem::internal(&error))?;
    read.map_err(Problem::from)
}

impl From<ImportError> for Problem {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Stopped => Self::conflict(error.said()),
            error => Self::field("file", error.said()),
        }
    }
}

/// What a file is, if it is not too large to be read.
pub(crate) fn container_of(content: &mut Content) -> Result<Container, ImportError> {
    if content.size()? > u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX) {
        return Err(ImportError::TooLarge);
    }
    container(&content.beginning()?)
}

/// Where a table stands.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place<'a> {
    /// The worksheet's name.
    pub(crate) worksheet: Option<&'a str>,
    /// The rows that it hides.
    pub(crate) hidden_rows: &'a [u32],
    /// The columns that it hides, from the first to the last of each run, counted from 0.
    pub(crate) hidden_columns: &'a [(usize, usize)],
    /// The worksheets beside it that the workbook hides.
    pub(crate) hidden_worksheets: &'a [String],
}

/// What becomes of the lines of a table.
pub(crate) type Visit<'a> = dyn FnMut(Place<'_>, &mut Lines<'_>) -> Result<(), ImportError> + 'a;

/// Visits the visible worksheets of a workbook until one is what the visitor wants, or the lines of a text.
///
/// Of a text, the separator is the one that makes the most of the line that `is_header` knows.
pub(crate) fn tables(
    container: Container,
    content: &mut Content,
    is_header: &dyn Fn(&Line) -> bool,
    visit: &mut Visit<'_>,
) -> Result<(), ImportError> {
    match container {
        Container::Workbook => workbook::read(content, visit),
        Container::Text => visit(Place::default(), &mut *text::lines(content, is_header)?),
    }
}

/// What a table is held against, and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) asked: Asked<'a>,
    pub(crate) place: Place<'a>,
}

/// A workbook, or text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Workbook,
    Text,
}

/// What a file is, by its first bytes.
pub(crate) fn container(bytes: &[u8]) -> Result<Container, ImportError> {
    const COMPOUND_FILE: &[u8] = &[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    if bytes.starts_with(COMPOUND_FILE) {
        return Err(ImportError::OldWorkbook);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(Container::Workbook);
    }
    let unmarked = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if unmarked.trim_ascii_start().starts_with(b"<") {
        return Err(ImportError::WebPage);
    }
    Ok(Container::Text)
}

/// What stands in one cell of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Blank,
    /// Neither empty nor surrounded by spaces.
    Text(String),
    /// A workbook's number, in the only form that workbooks store.
    Number(f64),
    /// A date, a truth value or a formula's error, as text to show.
    Other(String),
}

/// A cell's text beyond this many characters is cut: nothing that is read is longer, and a workbook may point to
/// one huge text from every cell.
const MAX_TEXT_CHARS: usize = 256;

impl Value {
    pub(crate) fn text(text: &str) -> Self {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\u{200b}');
        if text.is_empty() {
            return Self::Blank;
        }
        Self::Text(text.chars().take(MAX_TEXT_CHARS).collect())
    }

    pub(crate) fn is_blank(&self) -> bool {
        *self == Self::Blank
    }

    /// The cell as its file shows it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Blank => String::new(),
            Self::Text(text) | Self::Other(text) => text.clone(),
            Self::Number(number) => number::shown(*number),
        }
    }
}

/// One line of a file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line {
    /// The row as a spreadsheet shows it.
    pub(crate) row: u32,
    /// From the first column to the last that has anything in it.
    pub(crate) cells: Vec<Value>,
    /// How many fields the line has, in text. A number with an unquoted comma in it makes one too many and shifts
    /// the rest, which nothing else would show.
    pub(crate) fields: Option<usize>,
    /// Whether commas part its fields.
    pub(crate) is_parted_by_commas: bool,
    /// The columns in which a cell is merged over this row and others, with what stands in it.
    pub(crate) merged: Vec<(usize, Value)>,
    /// The columns whose numbers are only shown in a larger unit: 48500 as 4.9万.
    pub(crate) larger: Vec<usize>,
}

impl Line {
    /// Cuts blank cells off the end; `None` for a blank line. The limits of rows and columns apply to what is left.
    fn new(row: usize, mut cells: Vec<Value>, fields: Option<usize>) -> Result<Option<Self>, ImportError> {
        while cells.last().is_some_and(Value::is_blank) {
            cells.pop();
        }
        if cells.is_empty() {
            return Ok(None);
        }
        if cells.len() > MAX_COLUMNS {
            return Err(ImportError::TooManyColumns);
        }
        let row = u32::try_from(row).ok().filter(|row| *row <= MAX_ROWS).ok_or(ImportError::TooManyRows)?;
        let (merged, larger) = (Vec::new(), Vec::new());
        Ok(Some(Self { row, cells, fields, is_parted_by_commas: false, merged, larger }))
    }

    /// The same in simplified characters: of titles only words are looked for.
    pub(crate) fn in_simplified(&self) -> Self {
        let simplified = |cell: &Value| match cell {
            Value::Text(text) => Value::Text(traditional::in_simplified(text).into_owned()),
            other => other.clone(),
        };
        Self { cells: self.cells.iter().map(simplified).collect(), ..self.clone() }
    }

    pub(crate) fn cell(&self, column: usize) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Blank)
    }

    /// What stands in a column, also where its cell is merged over several rows and begins above.
    pub(crate) fn spread(&self, column: usize) -> &Value {
        match self.cell(column) {
            Value::Blank => self.merged(column).unwrap_or(&Value::Blank),
            cell => cell,
        }
    }

    /// What stands in a cell that is merged over this row and others.
    pub(crate) fn merged(&self, column: usize) -> Option<&Value> {
        self.merged.iter().find(|(at, _)| *at == column).map(|(_, value)| value)
    }
}

/// The lines of a file from top to bottom, without the blank ones.
pub(crate) type Lines<'a> = dyn Iterator<Item = Result<Line, ImportError>> + 'a;
