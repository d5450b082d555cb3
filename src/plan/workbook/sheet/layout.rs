//! Where things stand in a worksheet, as far as writing and reading have to agree.
//!
//! The first row is hidden and says what the worksheet was exported from. A worksheet is known by it, not by its name,
//! and columns are known by their headers, not by their places.

use super::Tree;
pub(super) use crate::plan::workbook::word::{MONTHS, Word, normal};

/// What the hidden row begins with.
pub(super) const MARK: &str = "showfloor-plan";

/// Which form of the workbook this is.
const FORM: &str = "1";

/// What a worksheet was exported from. It stands in one cell, which moves as a whole when columns are moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SheetOrigin {
    pub plan_id: i64,
    pub row_version: i32,
    pub tree: Tree,
    pub is_amount: bool,
    pub metric: String,
}

impl SheetOrigin {
    /// The cell's text. The metric comes last, because it may have spaces.
    pub(super) fn text(&self) -> String {
        let Self { plan_id, row_version, tree, is_amount, metric } = self;
        let kind = if *is_amount { "cents" } else { "pieces" };
        format!("{MARK} {FORM} {plan_id} {row_version} {tree} {kind} {metric}")
    }

    /// Reads the cell's text again.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.splitn(7, ' ').collect();
        let [MARK, FORM, plan_id, row_version, tree, kind, metric] = parts.as_slice() else { return None };
        let is_amount = match *kind {
            "cents" => true,
            "pieces" => false,
            _ => return None,
        };
        let (plan_id, row_version) = (plan_id.parse().ok()?, row_version.parse().ok()?);
        Some(Self { plan_id, row_version, tree: Tree::named(tree)?, is_amount, metric: (*metric).to_owned() })
    }
}

/// Header of the column of codes.
pub(super) const CODE: Word = Word::new("编码", "Code");
/// Header of the column of the codes above.
pub(super) const PARENT: Word = Word::new("上级编码", "Parent code");
/// Header of the column of names; not read.
pub(super) const NAME: Word = Word::new("名称", "Name");
/// Header of the column of kinds; not read.
pub(super) const KIND: Word = Word::new("层级", "Kind");
/// Header of the column of depths, counted from 0; not read.
pub(super) const DEPTH: Word = Word::new("级", "Level");
/// Header of the column that says what a row is.
pub(super) const ITEM: Word = Word::new("项目", "Item");
/// Header of the column of closed months; not read.
pub(super) const CLOSED: Word = Word::new("已关账月数", "Closed months");

/// A row of suggested values; not read.
pub(super) const SUGGESTED: Word = Word::new("建议", "Suggested");
/// A row of confirmed values.
pub(super) const CONFIRMED: Word = Word::new("确定", "Confirmed");
/// A row of differences between a node and those below it; not read.
pub(super) const CHECK: Word = Word::new("校验", "Check");

/// A row of 保底, where there is one; not read.
pub(super) const FLOOR: Word = Word::new("保底", "Floor");
/// A row of 挑战, where there is one; not read.
pub(super) const STRETCH: Word = Word::new("挑战", "Stretch");

/// The headers of the sums, each with the months that it adds up, counted from 0.
pub(super) const SUM_MONTHS: [(Word, usize, usize); 5] = [
    (Word::new("Q1", "Q1"), 0, 3),
    (Word::new("Q2", "Q2"), 3, 6),
    (Word::new("Q3", "Q3"), 6, 9),
    (Word::new("Q4", "Q4"), 9, 12),
    (Word::new("全年", "Year"), 0, 12),
];

/// Letters of a column, counted from 0, as a spreadsheet shows them.
pub(super) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column + 1;
    while left > 0 {
        let letter = u8::try_from((left - 1) % 26).unwrap_or_default();
        letters.push(char::from(b'A' + letter));
        left = (left - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// Whether a header in normal form means a month by its number, known or not: `13月`, `三月`, `3月份`.
pub(super) fn month_header(text: &str) -> bool {
    let number = text.strip_suffix("份").unwrap_or(text).strip_suffix('月').unwrap_or_default();
    !number.is_empty() && number.chars().all(|c| c.is_ascii_digit() || "零〇一二三四五六七八九十".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_a_spreadsheets_letters() {
        for (column, expected) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (701, "ZZ"), (702, "AAA")]
        {
            assert_eq!(letters(column), expected, "{column}");
        }
    }
}
