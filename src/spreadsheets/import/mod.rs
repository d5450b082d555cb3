//! Reading the files that showrooms already have: attendance summaries exported from DingTalk and the funnel
//! exported from a dealer management system (DMS).
//!
//! Reading is pure: bytes in, rows and faults out, one after the other. Who a 工号 belongs to, and what happens to the
//! values, is for the caller to decide. Three layers, each knowing only the one before it:
//!
//! - `content`, `text` and `workbook` turn bytes into lines of cells and keep to the limits below;
//! - `header` and `layout` find the header and say which column holds what, `title` which month;
//! - `sheet` reads the lines by a `form`: `attendance` and `funnel` are such forms, mostly tables.
//!
//! A clerk corrects the file, so every message is Chinese and names the place as the spreadsheet shows it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::period::Period;

mod attendance;
mod content;
mod error;
mod form;
mod funnel;
mod header;
mod layout;
pub(crate) mod number;
pub(crate) mod sheet;
mod spoken;
#[cfg(test)]
mod tests;
pub(crate) mod text;
pub(crate) mod title;
pub(crate) mod unpack;
pub(crate) mod workbook;

pub use self::content::Content;
pub use self::error::ImportError;
use crate::diary::leave::LeaveType;

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

/// What a file holds, and so which columns are looked for.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum, utoipa::ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ImportKind {
    /// DingTalk's 月度汇总 workbook (.xlsx); where its title says which days it covers, they are the month's
    DingtalkAttendance,
    /// The same columns as text: comma, semicolon or tab separated
    AttendanceCsv,
    /// A DMS's monthly funnel per advisor, as text or as a workbook (.xlsx)
    DmsFunnel,
}

impl ImportKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::DingtalkAttendance, Self::AttendanceCsv, Self::DmsFunnel];

    /// The name used in URLs, bodies and on the command line, for example `dms-funnel`.
    pub fn name(self) -> &'static str {
        match self {
            Self::DingtalkAttendance => "dingtalk-attendance",
            Self::AttendanceCsv => "attendance-csv",
            Self::DmsFunnel => "dms-funnel",
        }
    }

    /// The catalogue's source that the file's metrics belong to.
    pub fn source(self) -> &'static str {
        match self {
            Self::DingtalkAttendance | Self::AttendanceCsv => "attendance",
            Self::DmsFunnel => "dms",
        }
    }

    fn form(self, leave_types: &[LeaveType]) -> form::Form {
        match self {
            Self::DingtalkAttendance | Self::AttendanceCsv => attendance::form(leave_types),
            Self::DmsFunnel => funnel::form(),
        }
    }
}

impl fmt::Display for ImportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text names no kind of import.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a kind of import: expected dingtalk-attendance, attendance-csv or dms-funnel")]
pub struct NotAnImportKind(String);

impl FromStr for ImportKind {
    type Err = NotAnImportKind;

    fn from_str(text: &str) -> Result<Self, NotAnImportKind> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == text);
        named.ok_or_else(|| NotAnImportKind(text.chars().take(40).collect()))
    }
}

/// What is asked of a file.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// What it holds.
    pub kind: ImportKind,
    /// The month that its values belong to.
    pub period: Period,
    /// What it is called, which may say which month it is about.
    pub file_name: &'a str,
    /// Which leave there is, and whether it is protected.
    pub leave_types: &'a [LeaveType],
}

/// What is found in a file, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The header of the table that is read. Where a later one follows, that is the table.
    Header(TableHeader),
    /// A row without any fault; every 工号 occurs once.
    Row(SheetRow),
    /// Everything that is wrong with a row.
    Faults(Vec<Fault>),
}

/// What the header of a table says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableHeader {
    /// Header of the column of employee numbers, as the file writes it.
    pub employee_no: String,
    /// Header of the column of names, where there is one.
    pub name: Option<String>,
    /// What whoever imports the file should know about how it is read, in Chinese.
    pub notes: Vec<String>,
}

/// Takes what is found, one after the other, so that no file has to fit into memory.
pub type Sink<'a> = dyn FnMut(Found) -> Result<(), ImportError> + 'a;

/// One person's values for the month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// The row as a spreadsheet shows it, counted from 1.
    pub row: u32,
    /// 工号 without surrounding spaces, in half-width characters; never empty. Nobody may have it.
    pub employee_no: String,
    /// 姓名 where the file has it, to compare with the person found.
    pub name: Option<String>,
    /// At most one value for each metric.
    pub values: Vec<Cell>,
}

/// One value, fit to be recorded as a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The metric's code in the catalogue.
    pub metric: &'static str,
    /// The header it was read under; several, joined by `+`, where columns are added up.
    pub column: Arc<str>,
    /// In the metric's unit: a whole number, days in halves, or yuan with at most two decimals. Never negative.
    pub value: Decimal,
}

/// One thing wrong in one row. A row with a fault yields no values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fault {
    /// The row as a spreadsheet shows it, counted from 1; `null` for the file as a whole.
    pub row: Option<u32>,
    /// The column's header as the file writes it; `null` for the row as a whole.
    pub column: Option<String>,
    /// The text found there, shortened when long.
    pub found: String,
    /// What should stand there instead, in Chinese.
    pub expected: String,
}

/// Reads a file and hands over what it finds.
///
/// Columns are found by their headers, in any order; columns not asked for are ignored. Blank rows, totals (合计, 总计),
/// notes below the table and headers repeated within it are skipped. Text may be UTF-8, GB18030 or UTF-16.
///
/// # Errors
///
/// The file as a whole cannot be used. What was handed over before is then worth nothing.
pub fn read(content: &mut Content, wanted: &Wanted<'_>, sink: &mut Sink<'_>) -> Result<(), ImportError> {
    if content.size()? > u64::try_from(MAX_FILE_BYTES).unwrap_or(u64::MAX) {
        return Err(ImportError::TooLarge);
    }
    let form = wanted.kind.form(wanted.leave_types);
    match container(&content.beginning()?)? {
        Container::Workbook if wanted.kind == ImportKind::AttendanceCsv => Err(ImportError::Workbook),
        Container::Text if wanted.kind == ImportKind::DingtalkAttendance => {
            Err(ImportError::NotAWorkbook("文件内容不是 .xlsx 格式".into()))
        }
        Container::Text => tables(Container::Text, content, &mut |worksheet, lines| {
            sheet::read(&form, lines, &Surroundings::of(wanted, worksheet), sink)
        }),
        Container::Workbook => only_table(&form, content, wanted, sink),
    }
}

/// Reads the only worksheet that is what is wanted; of two, it is not guessed which.
fn only_table(
    form: &form::Form,
    content: &mut Content,
    wanted: &Wanted<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), ImportError> {
    let mut found = Vec::new();
    let result = tables(Container::Workbook, content, &mut |worksheet, lines| {
        let around = Surroundings::of(wanted, worksheet);
        let is_table = if found.is_empty() {
            sheet::read(form, lines, &around, sink)?;
            true
        } else {
            sheet::has_rows(form, lines, &around)
        };
        if is_table {
            found.push(worksheet.unwrap_or_default().to_owned());
        }
        // So the next one is looked at too.
        Err(ImportError::NoRows)
    });
    match found.len() {
        0 => result,
        1 => Ok(()),
        _ => Err(ImportError::SeveralTables(found)),
    }
}

/// What becomes of the lines of a table; a worksheet has a name.
pub(crate) type Visit<'a> = dyn FnMut(Option<&str>, &mut Lines<'_>) -> Result<(), ImportError> + 'a;

/// Visits the visible worksheets of a workbook until one is what the visitor wants, or the lines of a text.
pub(crate) fn tables(
    container: Container,
    content: &mut Content,
    visit: &mut Visit<'_>,
) -> Result<(), ImportError> {
    match container {
        Container::Workbook => workbook::read(content, visit),
        Container::Text => visit(None, &mut *text::lines(content)?),
    }
}

/// The words around a table, and the month that they are held against.
pub(crate) struct Surroundings<'a> {
    pub(crate) period: Period,
    pub(crate) worksheet: Option<&'a str>,
    pub(crate) file_name: &'a str,
}

impl<'a> Surroundings<'a> {
    fn of(wanted: &Wanted<'a>, worksheet: Option<&'a str>) -> Self {
        Self { period: wanted.period, worksheet, file_name: wanted.file_name }
    }
}

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
        Ok(Some(Self { row, cells, fields }))
    }

    pub(crate) fn cell(&self, column: usize) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Blank)
    }
}

/// The lines of a file from top to bottom, without the blank ones.
pub(crate) type Lines<'a> = dyn Iterator<Item = Result<Line, ImportError>> + 'a;
