//! What an import has to say.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{FieldError, Problem};
use crate::ledger::{Counts, SourceGap};
use crate::said::say;
use crate::spreadsheets::import::{Fault, UnreadColumn};

/// How many differences are shown one by one.
pub const MAX_DIFFERENCES: usize = 100;

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct ImportReport {
    /// The batch under which the values were recorded; null if nothing was.
    pub batch: Option<i64>,
    /// Valid rows.
    pub rows: usize,
    /// How many values of each kind.
    #[serde(flatten)]
    pub counts: Counts,
    /// What is wrong in the other rows.
    pub faults: Vec<Fault>,
    /// The first 100 values that are new or replace others.
    pub differences: Vec<ImportDifference>,
    /// The columns and worksheets that were not read although people have numbers there.
    pub unread: Vec<UnreadColumn>,
    /// Whether nothing goes in until somebody accepts that these are not read (`accept_unread`).
    pub asks: bool,
    /// What else of the file was not used, by its header or as a worksheet: it holds no numbers for people, or is known to
    /// be of no use.
    pub unused: Vec<String>,
    /// Notes on how the file was read, in Chinese.
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
    /// The problem that a caller is told when faulty rows, or numbers that are not read, kept everything out.
    pub fn refusal(&self) -> Problem {
        let faults = format!(
            "文件有 {} 处错误，未导入任何数据；改正后重试，或选择只导入正确的行 (partial)",
            self.faults.len()
        );
        let unread = format!(
            "文件有 {} 处数字没有读取，未导入任何数据；确认不需要后，用 accept_unread 重试",
            self.unread.len()
        );
        let detail = match (self.faults.is_empty(), self.asks) {
            (true, _) => unread,
            (false, false) => faults,
            (false, true) => format!("{faults}。{unread}"),
        };
        let fault = |fault: &Fault| {
            FieldError::new(
                place(fault),
                say!("「{}」：应为{}", "「{}」：应为{}", fault.found, fault.expected),
            )
        };
        let ask = |one: &UnreadColumn| {
            let near = one.near.as_ref().map(|near| format!("（是不是“{near}”？）")).unwrap_or_default();
            let message = say!(
                "“{}”没有读取{near}，例如第 {} 行的 {}",
                "“{}”没有读取{near}，例如第 {} 行的 {}",
                one.column,
                one.row,
                one.found
            );
            FieldError::new("accept_unread".to_owned(), message)
        };
        let asked = self.unread.iter().filter(|_| self.asks);
        let errors = self.faults.iter().map(fault).chain(asked.map(ask)).collect();
        Problem { detail: detail.into(), ..Problem::fields(errors) }
    }
}

/// Where a fault is, as `row 15, 出勤天数`.
pub fn place(fault: &Fault) -> String {
    let row = fault.row.map(|row| format!("row {row}"));
    row.into_iter().chain(fault.column.clone()).collect::<Vec<_>>().join(", ")
}
