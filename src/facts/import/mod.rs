//! Reading the files that showrooms already have: attendance summaries exported from DingTalk and the funnel
//! exported from a dealer management system (DMS).
//!
//! Reading is pure: bytes in, rows and faults out. Who a 工号 belongs to, and what happens to the values, is for the
//! caller to decide. Three layers, each knowing only the one before it:
//!
//! - `text` and `workbook` turn bytes into lines of cells and keep to the limits below;
//! - `header` finds the header and says which column holds what;
//! - `sheet` reads the lines by a form: `attendance` and `funnel` are such forms, mostly tables.
//!
//! A clerk corrects the file, so every message is Chinese and names the place as the spreadsheet shows it.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::period::Period;

mod attendance;
mod funnel;
mod header;
pub(crate) mod number;
mod sheet;
#[cfg(test)]
mod tests;
mod text;
pub(crate) mod unpack;
pub(crate) mod workbook;

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
    /// DingTalk's 月度汇总 workbook (.xlsx), whose title says the month it covers
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

    fn form(self) -> &'static sheet::Form {
        match self {
            Self::DingtalkAttendance => &attendance::DINGTALK,
            Self::AttendanceCsv => &attendance::TEXT,
            Self::DmsFunnel => &funnel::FORM,
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

/// What was read from a file: the good rows, and what is wrong with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Rows without any fault, in file order; every 工号 occurs once.
    pub rows: Vec<SheetRow>,
    /// All faults of all other rows, in file order.
    pub faults: Vec<Fault>,
    /// Header of the column of employee numbers, as the file writes it.
    pub employee_no_column: String,
}

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

/// The file as a whole cannot be used. The message is one Chinese sentence that says what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// More than [`MAX_FILE_BYTES`].
    #[error("文件超过 {} MiB，无法导入", MAX_FILE_BYTES >> 20)]
    TooLarge,
    /// More than [`MAX_UNPACKED_BYTES`] once unpacked, or built to exhaust memory.
    #[error("工作簿解压后超过允许的大小（{} MiB），无法导入", MAX_UNPACKED_BYTES >> 20)]
    UnpacksTooLarge,
    /// Something stands below row [`MAX_ROWS`].
    #[error("表格超过 {MAX_ROWS} 行，无法导入")]
    TooManyRows,
    /// Something stands right of column [`MAX_COLUMNS`].
    #[error("表格超过 {MAX_COLUMNS} 列，无法导入")]
    TooManyColumns,
    /// More than [`MAX_FAULTS`] faults.
    #[error("错误超过 {MAX_FAULTS} 处，请确认文件和导入类型是否选对")]
    TooManyFaults,
    /// The binary format before 2007, or an encrypted workbook: both are the same kind of container.
    #[error("这是旧版 .xls 或加密的工作簿，请在 Excel 或 WPS 中另存为不加密的 .xlsx 后再导入")]
    OldWorkbook,
    /// Some systems call a web page ".xls".
    #[error("这是网页或 XML 格式的表格，请在 Excel 或 WPS 中打开并另存为 .xlsx 后再导入")]
    WebPage,
    /// Not a workbook, or a damaged one.
    #[error("不是可读取的 .xlsx 工作簿，或文件已损坏：{0}")]
    NotAWorkbook(String),
    /// A workbook where text is wanted.
    #[error("这是 .xlsx 工作簿而不是文本文件，考勤工作簿请用 dingtalk-attendance 导入，或另存为 CSV")]
    Workbook,
    /// Neither a workbook nor text.
    #[error("不是文本文件，请另存为 CSV（UTF-8 或 GB18030 编码）后再导入：{0}")]
    NotText(String),
    /// Bytes that mean nothing in the file's encoding.
    #[error("第 {line} 行有无法按 {encoding} 解码的字节，请另存为 UTF-8 或 GB18030 编码")]
    Undecodable {
        /// The line of the text, counted from 1.
        line: usize,
        /// The encoding that the rest of the file is in.
        encoding: &'static str,
    },
    /// No header row within the first rows.
    #[error("前 {} 行中找不到含“工号”的表头", header::SEARCHED_ROWS)]
    NoHeader,
    /// Required columns are not in the header; all of them are listed.
    #[error("表头缺少必需的列：{}", .0.join("、"))]
    MissingColumns(Vec<String>),
    /// Two columns claim to be the same one.
    #[error("“{first}”和“{second}”两列都表示“{column}”，请只保留一列")]
    DuplicateColumn {
        /// What both are read as.
        column: &'static str,
        /// Header of the left one.
        first: String,
        /// Header of the right one.
        second: String,
    },
    /// A known column in a unit that it is not read in, for example leave in hours.
    #[error("“{column}”列的单位应为“{expected}”，请按该单位重新导出")]
    WrongUnit {
        /// The header with its unit.
        column: String,
        /// The unit it should have.
        expected: &'static str,
    },
    /// A DingTalk summary without its title.
    #[error("表头上方找不到“统计日期：… 至 …”，不是钉钉月度汇总，或标题行被删除")]
    NoTitle,
    /// The title names other days than those of the month asked for.
    #[error("文件的统计日期是 {found}，而要导入的是 {asked}")]
    WrongPeriod {
        /// First and last day in the title.
        found: String,
        /// First and last day of the month asked for.
        asked: String,
    },
    /// Nothing below the header.
    #[error("表头下面没有数据行")]
    NoRows,
}

/// Reads a file of `kind` whose values belong to `period`.
///
/// Columns are found by their headers, in any order; columns not asked for are ignored. Blank rows and totals
/// (合计, 总计) are skipped. Text may be UTF-8, GB18030, or UTF-16 with a byte-order mark.
pub fn read(kind: ImportKind, bytes: &[u8], period: Period) -> Result<Sheet, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    let form = kind.form();
    match container(bytes)? {
        Container::Workbook if kind == ImportKind::AttendanceCsv => Err(ImportError::Workbook),
        Container::Workbook => workbook::read(bytes, &mut |lines| sheet::read(form, lines, period)),
        Container::Text if kind == ImportKind::DingtalkAttendance => {
            Err(ImportError::NotAWorkbook("文件内容不是 .xlsx 格式".into()))
        }
        Container::Text => {
            let text = text::decode(bytes)?;
            let mut lines = text::lines(&text)?;
            sheet::read(form, &mut lines, period)
        }
    }
}

pub(crate) enum Container {
    Workbook,
    Text,
}

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
    fields: Option<usize>,
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
type Lines<'a> = dyn Iterator<Item = Result<Line, ImportError>> + 'a;
