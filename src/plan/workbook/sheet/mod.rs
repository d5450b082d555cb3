//! A plan as an Excel workbook: written to be edited, and read in again.
//!
//! Pure: cells in, bytes out, and the other way round; what the plan is and what becomes of the edits is for the
//! caller to say.
//!
//! - `write` makes the workbook: a worksheet for every line (metric) and tree, the nodes down, the months across, a row
//!   of suggested and a row of confirmed values for each node.
//! - `read` takes the confirmed values out of a workbook that Excel, WPS or LibreOffice may have saved since.
//! - `differences` compares both: the edits, and what may not be edited.
//!
//! Values are whole numbers: pieces, or cents where the line is an amount. Workbooks store binary fractions only, so a
//! cent value is written as the number nearest to its yuan with two decimals, and read back by its first 15 significant
//! digits. Up to 15 digits that gives the same decimal again (IEEE 754 binary64 keeps every decimal of 15 digits), and
//! [`MAX_CELL`] has 14.
//!
//! A planner corrects the file, so faults name the place as the spreadsheet shows it.

use rust_xlsxwriter::XlsxError;

pub use crate::plan::split::tree::Tree;
use crate::said::{Language, Said, said_errors, say};
use crate::spreadsheets::import::{ImportError, MAX_ROWS};

mod differences;
mod layout;
mod read;
mod style;
#[cfg(test)]
mod tests;
mod writable;
mod write;

pub use differences::{CellChange, differences};
pub use read::{Given, ReadRow, ReadSheet, read};
pub use write::write;

/// The largest value of a cell, in pieces or in cents: 14 digits.
pub const MAX_CELL: i64 = 99_999_999_999_999;

/// Most characters of a metric or a code; a title or a name is cut there.
pub const MAX_TEXT_CHARS: usize = 128;

/// A plan's version, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanSheet {
    /// The language of headers and sentences.
    pub language: Language,
    /// Heading of every worksheet.
    pub title: String,
    /// Name of the unit that the plan is for.
    pub unit: String,
    /// The planned calendar year.
    pub year: i32,
    /// Number of the plan's version, as people count it.
    pub version: i32,
    /// The plan in the database; an edited workbook is only taken for the same plan.
    pub plan_id: i64,
    /// State of the plan's row when it was exported; an edited workbook is only taken for the same state.
    pub row_version: i32,
    /// What is planned, a metric each.
    pub lines: Vec<SheetLine>,
}

/// One metric of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetLine {
    /// The metric's code, which stands once in a plan.
    pub metric: String,
    /// The metric's name.
    pub name: String,
    /// Whether values are cents, shown as yuan; pieces otherwise.
    pub is_amount: bool,
    /// What the year is to come to.
    pub task: SheetTask,
    /// The trees that share the line's months, each at most once.
    pub trees: Vec<SheetTree>,
}

/// What a line's year is to come to, in pieces or cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SheetTask {
    /// 全年任务
    pub total: i64,
    /// How many months from January on are closed.
    pub closed: usize,
    /// What these count for.
    pub results: i64,
    /// Whether that is what they have brought; otherwise it is what was planned for them.
    pub is_replanned: bool,
    /// What the months after them share.
    pub remaining: i64,
    /// 目标合计 of the twelve months.
    pub targets: i64,
    /// 保底 of the year, where there is one.
    pub floor: Option<i64>,
    /// 挑战 of the year, where there is one.
    pub stretch: Option<i64>,
}

/// One tree of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetTree {
    /// Which tree it is.
    pub tree: Tree,
    /// The nodes, each before those below it.
    pub rows: Vec<SheetRow>,
}

/// One node of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// How far below the top the node stands; 0 at the top.
    pub depth: usize,
    /// What the node is: 集团, 店, 部门, 组, 人, 渠道 or 车系.
    pub kind: String,
    /// Code of the unit, 工号 of the person, or the label; never empty. With `parent` it names the node.
    pub code: String,
    /// Code of the unit above, for people, who may be in several; may be empty for others.
    pub parent: String,
    /// What the node is called.
    pub name: String,
    /// January to December as the program split them, in pieces or cents.
    pub suggested: [i64; 12],
    /// January to December as the planner wants them, in pieces or cents.
    pub confirmed: [i64; 12],
    /// 保底, where there is one.
    pub floor: Option<[i64; 12]>,
    /// 挑战, where there is one.
    pub stretch: Option<[i64; 12]>,
    /// The months that are held against splitting, by a pin of their own or by those of everything below.
    pub pinned: [bool; 12],
    /// So many months from January on are closed and may not be edited.
    pub closed: usize,
}

/// The plan cannot be written as a workbook.
#[derive(Debug)]
pub enum SheetError {
    /// There is no tree with a node in it.
    NoRows,
    /// More rows than can be read in again, or more than a worksheet has.
    TooManyRows {
        /// Rows that it would take.
        found: usize,
    },
    /// A text that a workbook could not give back as it is.
    Text {
        /// The field's name, for example `code`.
        field: &'static str,
        /// The line, tree and node it belongs to.
        place: Said,
        /// The text, shortened.
        found: String,
    },
    /// A line, a tree of a line or a node of a tree stands there twice.
    Duplicate {
        /// The line, tree and node.
        place: Said,
    },
    /// A value outside 0 to [`MAX_CELL`].
    Value {
        /// `suggested` or `confirmed`.
        field: &'static str,
        /// The line, tree and node.
        place: Said,
        /// 1 to 12.
        month: usize,
        /// The value.
        found: i64,
    },
    /// More closed months than a year has.
    Closed {
        /// The line, tree and node.
        place: Said,
        /// The months that are said to be closed.
        found: usize,
    },
    /// The writer of workbooks refused something.
    Workbook(XlsxError),
}

impl From<XlsxError> for SheetError {
    fn from(error: XlsxError) -> Self {
        Self::Workbook(error)
    }
}

impl SheetError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::NoRows => say!("计划里没有可以写出的行", "the plan has no rows to write"),
            Self::TooManyRows { found } => say!(
                "计划要写 {found} 行：所有工作表合计最多 {MAX_ROWS} 行",
                "the plan needs {found} rows: expected at most {MAX_ROWS} over all worksheets"
            ),
            Self::Text { field, place, found } => say!(
                "{place} 的 {field} 是“{found}”：应为 1 到 {MAX_TEXT_CHARS} 个字，不含控制字符，前后没有空格",
                "{field} of {place} is '{found}': expected 1 to {MAX_TEXT_CHARS} characters without control characters and surrounding spaces"
            ),
            Self::Duplicate { place } => {
                say!("{place} 在计划里出现了两次", "{place} stands in the plan twice: expected once")
            }
            Self::Value { field, place, month, found } => say!(
                "{place} {month} 月的 {field} 是 {found}：应为 0 到 {MAX_CELL}",
                "{field} of {place} in month {month} is {found}: expected 0 to {MAX_CELL}"
            ),
            Self::Closed { place, found } => say!(
                "{place} 有 {found} 个已关账的月份：最多 12 个",
                "{place} has {found} closed months: expected at most 12"
            ),
            Self::Workbook(error) => {
                say!("工作簿写不出来：{error}", "the workbook cannot be written: {error}")
            }
        }
    }
}

said_errors!(SheetError);

/// One thing wrong in a workbook. [`SheetFault::said`] gives the whole sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetFault {
    /// Name of the worksheet; `None` for the file as a whole.
    pub worksheet: Option<String>,
    /// The row as the spreadsheet shows it, counted from 1; `None` for the worksheet as a whole.
    pub row: Option<u32>,
    /// The column's letters as the spreadsheet shows them; `None` for the row as a whole.
    pub column: Option<String>,
    /// The text found there; empty for an empty cell.
    pub found: Said,
    /// What should stand there instead.
    pub expected: Said,
}

impl SheetFault {
    /// A fault of the file as a whole.
    fn file(found: Said, expected: Said) -> Self {
        Self { worksheet: None, row: None, column: None, found, expected }
    }

    /// The whole sentence.
    pub fn said(&self) -> Said {
        let found = self.found.in_language(Language::Chinese);
        let what = match found {
            "" => self.expected.clone(),
            _ => Said::both(
                format!("填的是“{found}”；{}", self.expected.in_language(Language::Chinese)),
                format!("found '{}'; {}", self.found, self.expected),
            ),
        };
        let Some(worksheet) = &self.worksheet else { return what };
        let place = match (&self.column, self.row) {
            (Some(column), Some(row)) => say!("单元格 {column}{row}", ", cell {column}{row}"),
            (None, Some(row)) => say!("第 {row} 行", ", row {row}"),
            (Some(column), None) => say!("{column} 列", ", column {column}"),
            (None, None) => Said::same(""),
        };
        let place = Said::both(
            format!("工作表“{worksheet}”{}", place.in_language(Language::Chinese)),
            format!("worksheet '{worksheet}'{place}"),
        );
        what.about(&place)
    }
}

impl From<ImportError> for SheetFault {
    fn from(error: ImportError) -> Self {
        Self::file(Said::same(""), error.said())
    }
}
