//! Why a file as a whole cannot be used.

use super::{MAX_COLUMNS, MAX_FAULTS, MAX_FILE_BYTES, MAX_ROWS, MAX_UNPACKED_BYTES, header};
use crate::said::{Language, Said};

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
    #[error("不是可读取的 .xlsx 工作簿，或文件已损坏：{}", zh(.0))]
    NotAWorkbook(Said),
    /// A workbook where text is wanted.
    #[error("这是 .xlsx 工作簿而不是文本文件，考勤工作簿请用 dingtalk-attendance 导入，或另存为 CSV")]
    Workbook,
    /// A workbook in another of the formats that spreadsheet programs write.
    #[error("这是 {0} 格式的表格，请在 Excel 或 WPS 中另存为 .xlsx 后再导入")]
    OtherWorkbook(&'static str),
    /// Neither a workbook nor text.
    #[error("不是文本文件，请另存为 CSV（UTF-8 或 GB18030 编码）后再导入：{}", zh(.0))]
    NotText(Said),
    /// Bytes that mean nothing in the file's encoding.
    #[error("第 {line} 行有无法按 {encoding} 解码的字节，请另存为 UTF-8 或 GB18030 编码")]
    Undecodable {
        /// The line of the text, counted from 1.
        line: usize,
        /// The encoding that the rest of the file is in.
        encoding: &'static str,
    },
    /// A quotation mark that is never closed, which swallows everything after it.
    #[error("第 {row} 行起有未闭合的引号，其后的内容都连在了一起，请改正后再导入")]
    UnclosedQuote {
        /// The row that begins with it, as a spreadsheet shows it.
        row: usize,
    },
    /// A line with more bytes than any table has in a row.
    #[error("第 {row} 行太长，不像表格的一行，请确认文件和分隔符")]
    LineTooLong {
        /// The row, as a spreadsheet shows it.
        row: usize,
    },
    /// What the program exports for people to read.
    #[error("这是本程序导出的“{0}”，供查阅，不能导入；可以再导入的是“月度数据”（facts），用 --mapping facts")]
    OwnExport(&'static str),
    /// The export that can be imported again, read as something else.
    #[error("这是本程序导出的“{0}”，请用映射 facts 导入（--mapping facts）")]
    OwnFacts(&'static str),
    /// No header row with this column within the first rows.
    #[error("前 {} 行中找不到含“{column}”的表头", header::SEARCHED_ROWS, column = .0)]
    NoHeader(String),
    /// Required columns are not in the header; all of them are listed.
    #[error("表头缺少必需的列：{}", .0.join("、"))]
    MissingColumns(Vec<String>),
    /// Two columns claim to be the same one.
    #[error("“{first}”和“{second}”两列都表示“{column}”，请只保留一列")]
    DuplicateColumn {
        /// What both are read as.
        column: String,
        /// Header of the left one.
        first: String,
        /// Header of the right one.
        second: String,
    },
    /// A header of more than two rows.
    #[error("第 {0} 行还是表头：表头最多两行，请合并成一行或两行")]
    TallHeader(u32),
    /// A header within the table that has other columns than the first.
    #[error("第 {row} 行的表头与第 {first} 行不同，请分开导入")]
    AnotherHeader {
        /// The later header.
        row: u32,
        /// The first.
        first: u32,
    },
    /// More than one visible worksheet holds rows that are asked for.
    #[error("多个工作表都有可导入的数据：{}，请拆分或合并，使只有一个工作表", .0.join("、"))]
    SeveralTables(Vec<String>),
    /// A known column in a unit that it is not read in, for example leave in hours.
    #[error("“{column}”列的单位应为“{expected}”，请按该单位重新导出")]
    WrongUnit {
        /// The header with its unit.
        column: String,
        /// The unit it should have.
        expected: String,
    },
    /// The title or the worksheet's name speaks of another month than the one asked for.
    #[error("{}是 {}，而要导入的是 {}", zh(.place), zh(.found), zh(.asked))]
    WrongPeriod {
        /// Where it says so.
        place: Said,
        /// The days or the month that stand there.
        found: Said,
        /// Those of the month asked for.
        asked: Said,
    },
    /// Each row is of a day, and the month is asked for.
    #[error("有“{0}”列：这是每日的明细而不是月度汇总，请导出月度汇总，或用带日期列的映射导入")]
    DailySheet(String),
    /// Each row is of a car, an order or a customer, and the month is asked for.
    #[error("有“{0}”列：这是逐单的明细而不是月度汇总，请导出月度汇总，或用带编号列的映射导入")]
    RecordSheet(String),
    /// Nothing below the header.
    #[error("表头下面没有数据行")]
    NoRows,
    /// The file could not be read to its end.
    #[error("读取文件时出错：{0}")]
    Unreadable(String),
    /// Whoever wanted it does not want it any more.
    #[error("导入已按要求中止，什么都没有写入")]
    Stopped,
}

fn zh(said: &Said) -> &str {
    said.in_language(Language::Chinese)
}

impl ImportError {
    /// A file that is wanted as a workbook and is none.
    pub(crate) const fn no_workbook() -> Self {
        Self::NotAWorkbook(Said::fixed("文件内容不是 .xlsx 格式", "its content is not .xlsx"))
    }

    /// A workbook whose parts are not as they should be.
    pub(crate) const fn malformed() -> Self {
        Self::NotAWorkbook(Said::fixed("内容格式错误", "its content is malformed"))
    }

    /// Whether the table is none of those asked for, so that another worksheet may be the right one.
    pub(in crate::spreadsheets) fn is_about_the_table(&self) -> bool {
        matches!(
            self,
            Self::NoHeader(_)
                | Self::MissingColumns(_)
                | Self::WrongPeriod { .. }
                | Self::DailySheet(_)
                | Self::RecordSheet(_)
                | Self::TallHeader(_)
                | Self::NoRows
        )
    }
}

impl ImportError {
    /// The sentence in both languages. [`fmt::Display`](std::fmt::Display) is the Chinese one.
    pub fn said(&self) -> Said {
        Said::both(self.to_string(), self.in_english())
    }

    fn in_english(&self) -> String {
        const AGAIN: &str = "save it in Excel or WPS";
        match self {
            Self::TooLarge => format!("the file has more than {} MiB", MAX_FILE_BYTES >> 20),
            Self::UnpacksTooLarge => {
                format!("the workbook has more than {} MiB unpacked", MAX_UNPACKED_BYTES >> 20)
            }
            Self::TooManyRows => format!("the table has more than {MAX_ROWS} rows"),
            Self::TooManyColumns => format!("the table has more than {MAX_COLUMNS} columns"),
            Self::TooManyFaults => format!(
                "there are more than {MAX_FAULTS} faults: is it the right file, and the right kind of import?"
            ),
            Self::OldWorkbook => {
                format!(
                    "this is an old .xls workbook, or an encrypted one: {AGAIN} as .xlsx without a password"
                )
            }
            Self::WebPage => format!("this is a table as a web page or XML: {AGAIN} as .xlsx"),
            Self::NotAWorkbook(cause) => format!("this is no .xlsx workbook that can be read: {cause}"),
            Self::Workbook => {
                "this is an .xlsx workbook, not a text: import attendance with dingtalk-attendance, or \
                               save it as CSV"
                    .to_owned()
            }
            Self::OtherWorkbook(kind) => format!("this is a table as {kind}: {AGAIN} as .xlsx"),
            Self::NotText(cause) => format!("this is no text: save it as CSV (UTF-8 or GB18030): {cause}"),
            Self::Undecodable { line, encoding } => {
                format!("line {line} has bytes that are not {encoding}: save it as UTF-8 or GB18030")
            }
            Self::UnclosedQuote { row } => {
                format!("a quotation mark in row {row} is never closed, so that all behind it runs together")
            }
            Self::LineTooLong { row } => {
                format!("row {row} is too long for a row of a table: is it the right file and separator?")
            }
            Self::OwnExport(name) => format!(
                "this is '{name}' as this program exports it for reading: what can be imported again is 月度数据 (facts), \
                 with --mapping facts"
            ),
            Self::OwnFacts(name) => {
                format!(
                    "this is '{name}' as this program exports it: import it with the mapping facts (--mapping facts)"
                )
            }
            Self::NoHeader(column) => {
                format!(
                    "there is no header row with '{column}' within the first {} rows",
                    header::SEARCHED_ROWS
                )
            }
            Self::MissingColumns(columns) => format!("the header has no column {}", columns.join(", ")),
            Self::DuplicateColumn { column, first, second } => {
                format!("the columns '{first}' and '{second}' both mean '{column}': keep one of them")
            }
            Self::TallHeader(row) => format!("row {row} is header still: expected one or two rows of header"),
            Self::AnotherHeader { row, first } => {
                format!("the header in row {row} is not that of row {first}: import them apart")
            }
            Self::SeveralTables(sheets) => {
                format!("several worksheets have rows to import: {}: expected one", sheets.join(", "))
            }
            Self::WrongUnit { column, expected } => {
                format!("the column '{column}' is expected in '{expected}': export it again in that unit")
            }
            Self::WrongPeriod { place, found, asked } => {
                format!("{place}: {found}, and {asked} is to be imported")
            }
            Self::DailySheet(column) => {
                format!(
                    "there is a column '{column}': these are days, not a month's sums: export the month, or use a \
                         mapping with a column of days"
                )
            }
            Self::RecordSheet(column) => {
                format!(
                    "there is a column '{column}': these are single records, not a month's sums: export the month, or \
                         use a mapping with a column of ids"
                )
            }
            Self::NoRows => "there is no row of data below the header".to_owned(),
            Self::Unreadable(cause) => format!("the file could not be read: {cause}"),
            Self::Stopped => "the import was stopped as asked: nothing was written".to_owned(),
        }
    }
}

impl From<std::io::Error> for ImportError {
    fn from(error: std::io::Error) -> Self {
        let shown = error.to_string();
        // What a reader beneath a library has to say travels in its own kind of error.
        let inner = error.into_inner().and_then(|inner| inner.downcast::<Self>().ok());
        inner.map_or(Self::Unreadable(shown), |inner| *inner)
    }
}
