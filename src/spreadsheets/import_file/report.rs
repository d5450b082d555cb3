//! What an import has to say.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{FieldError, Problem};
use crate::ledger::{Counts, SourceGap};
use crate::said::{Language, Said, say};
use crate::spreadsheets::import::{Fault, FaultBody, UnreadColumn, UnreadColumnBody};

/// How many differences are shown one by one.
pub const MAX_DIFFERENCES: usize = 100;

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, Default)]
pub struct ImportReport {
    /// The batch under which the values were recorded; none if nothing was.
    pub batch: Option<i64>,
    /// Valid rows.
    pub rows: usize,
    /// How many values of each kind.
    pub counts: Counts,
    /// What is wrong in the other rows.
    pub faults: Vec<Fault>,
    /// The first 100 values that are new or replace others.
    pub differences: Vec<ImportDifference>,
    /// What was not read although people have numbers there, and what is in doubt.
    pub unread: Vec<UnreadColumn>,
    /// Whether nothing goes in until somebody accepts these.
    pub asks: bool,
    /// What else of the file was not used.
    pub unused: Vec<Said>,
    /// Notes on how the file was read.
    pub notes: Vec<Said>,
    /// Sources that are in for the people of the file, and still outstanding for others.
    pub outstanding: Vec<SourceGap>,
    /// People who have nothing in a source by the word that the file is complete.
    pub nothing_for: Vec<SourceGap>,
    /// The last day that the file covers, where that is not its month's.
    pub up_to: Option<NaiveDate>,
    /// Whether anything was written.
    pub applied: bool,
}

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ImportReport)]
pub struct ImportReportBody {
    /// The batch under which the values were recorded; null if nothing was.
    pub batch: Option<i64>,
    /// Valid rows.
    pub rows: usize,
    /// How many values of each kind.
    #[serde(flatten)]
    pub counts: Counts,
    /// What is wrong in the other rows.
    pub faults: Vec<FaultBody>,
    /// The first 100 values that are new or replace others.
    pub differences: Vec<ImportDifference>,
    /// The columns, worksheets and rows that were not read although people have numbers there, and the columns of which it is
    /// in doubt what their numbers are.
    pub unread: Vec<UnreadColumnBody>,
    /// Whether nothing goes in until somebody accepts that these are not read, and how the others are (`accept_unread`).
    pub asks: bool,
    /// What else of the file was not used, by its header or as a worksheet: it holds no numbers for people, or is known to
    /// be of no use.
    pub unused: Vec<String>,
    /// Notes on how the file was read, in the reader's language.
    pub notes: Vec<String>,
    /// Sources that are in for the people of the file, or would be, and still outstanding for others of their store: what
    /// is absent of these is unknown, and not 0. Somebody of whom a row is faulty is one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub outstanding: Vec<SourceGap>,
    /// People who have nothing in a source by the word that the file is complete.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nothing_for: Vec<SourceGap>,
    /// The last day that the file covers, where it was taken although it ends before its month does; today, where the month
    /// is not over. Its values are those of the month so far, and its source is not in by them. Null for a whole month.
    pub up_to: Option<NaiveDate>,
    /// Whether anything was written.
    pub applied: bool,
}

/// A value that is new or replaces another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportDifference {
    /// The row as a spreadsheet numbers it, from 1.
    pub row: u32,
    /// 工号.
    pub employee_no: String,
    /// The header that the value stands under; several, joined by `+`, where columns are added up.
    pub column: String,
    /// The metric.
    pub metric: String,
    /// What was known; null if nothing was.
    #[schema(value_type = Option<f64>)]
    pub from: Option<Decimal>,
    /// What the file says.
    #[schema(value_type = f64)]
    pub to: Decimal,
}

impl ImportReport {
    /// What is sent to a reader.
    pub fn body(self, language: Language) -> ImportReportBody {
        let said = |said: &Said| said.in_language(language).to_owned();
        ImportReportBody {
            batch: self.batch,
            rows: self.rows,
            counts: self.counts,
            faults: self.faults.iter().map(|fault| fault.body(language)).collect(),
            differences: self.differences,
            unread: self.unread.iter().map(|one| one.body(language)).collect(),
            asks: self.asks,
            unused: self.unused.iter().map(said).collect(),
            notes: self.notes.iter().map(said).collect(),
            outstanding: self.outstanding,
            nothing_for: self.nothing_for,
            up_to: self.up_to,
            applied: self.applied,
        }
    }

    /// The problem that a caller is told when faulty rows, or numbers that are not read, kept everything out.
    pub fn refusal(&self) -> Problem {
        let faults = say!(
            "文件有 {} 处错误，未导入任何数据；改正后重试，或选择只导入正确的行 (partial)",
            "the file has {} faults, and nothing was imported: correct them, or import the good rows only (partial)",
            self.faults.len()
        );
        let unread = say!(
            "文件有 {} 处数字没有读取或有疑问，未导入任何数据；确认后，用 accept_unread 重试",
            "{} columns or rows of the file are not read or are in doubt, and nothing was imported: if that is well, try again \
             with accept_unread",
            self.unread.len()
        );
        let detail = match (self.faults.is_empty(), self.asks) {
            (true, _) => unread,
            (false, false) => faults,
            (false, true) => joined(&faults, &unread),
        };
        let fault = |fault: &Fault| {
            let said = |said: &Said| said.in_language(Language::Chinese).to_owned();
            let (found, expected) = (said(&fault.found), said(&fault.expected));
            let (zh, en) = (
                format!("「{found}」：应为{expected}"),
                format!("'{}': expected {}", fault.found, fault.expected),
            );
            FieldError::new(place(fault), Said::both(zh, en))
        };
        let ask = |one: &UnreadColumn| FieldError::new("accept_unread".to_owned(), asked(one));
        let asks = self.unread.iter().filter(|_| self.asks);
        let errors = self.faults.iter().map(fault).chain(asks.map(ask)).collect();
        Problem { detail, ..Problem::fields(errors) }
    }
}

fn joined(one: &Said, other: &Said) -> Said {
    let zh = [one, other].map(|said| said.in_language(Language::Chinese));
    Said::both(zh.join("。"), format!("{one}. {other}"))
}

/// The question about a column, a worksheet or rows.
fn asked(one: &UnreadColumn) -> Said {
    let UnreadColumn { column, row, found, near, doubt } = one;
    let zh_found = found.in_language(Language::Chinese);
    if let Some(doubt) = doubt {
        let zh = format!("“{column}”（第 {row} 行 {zh_found}）{}", doubt.in_language(Language::Chinese));
        return Said::both(zh, format!("'{column}' (row {row}: {found}): {doubt}"));
    }
    let (zh_near, en_near) = match near {
        Some(near) => (format!("（是不是“{near}”？）"), format!(" (is it '{near}'?)")),
        None => (String::new(), String::new()),
    };
    Said::both(
        format!("“{column}”没有读取{zh_near}，例如第 {row} 行的 {zh_found}"),
        format!("'{column}' is not read{en_near}, for example {found} in row {row}"),
    )
}

/// Where a fault is, as `row 15, 出勤天数`.
pub fn place(fault: &Fault) -> String {
    let row = fault.row.map(|row| format!("row {row}"));
    row.into_iter().chain(fault.column.clone()).collect::<Vec<_>>().join(", ")
}
