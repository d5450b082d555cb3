//! Bounds of parameters that follow from what they are called: the document says them, and queries are held to them.

use std::ops::RangeInclusive;

use super::problem::Problem;
use crate::said::{Said, say};

/// Longest code of something in the organisation, or number of a person.
const CODE: usize = 32;
/// Longest text of any other kind: a reason, a file's name, the header of a column.
const TEXT: usize = 1000;

/// How many characters a parameter takes at most; none for those that are read word by word, or opened as they are.
pub(super) fn most_chars(name: &str) -> Option<usize> {
    match name {
        "code" | "unit" | "store" | "employee_no" => Some(CODE),
        "after" | "compare" | "cursor" | "fields" | "level" | "sort" => None,
        _ => Some(TEXT),
    }
}

/// Whether a parameter is the id of something, or a number that is counted from 1.
pub(super) fn counts_from_one(name: &str) -> bool {
    matches!(
        name,
        "adjustment" | "against" | "draft" | "evidence" | "from" | "id" | "key" | "number" | "since"
    )
}

/// The years of which the program keeps anything.
pub(super) const YEARS: RangeInclusive<i64> = 1900..=2999;
/// What is said of others.
pub(super) const YEAR_EXPECTED: Said =
    Said::fixed("年份应在 1900 到 2999 之间", "expected a year from 1900 to 2999");

/// Whether a parameter is a year.
pub(super) fn is_year(name: &str) -> bool {
    matches!(name, "from_plan" | "year")
}

/// Refuses a parameter that is beyond its bounds.
pub(super) fn check(name: &str, value: &str) -> Result<(), Problem> {
    if let Some(most) = most_chars(name).filter(|most| value.chars().count() > *most) {
        let said = say!("最多 {most} 个字符", "expected at most {most} characters");
        return Err(Problem::field(name, said));
    }
    if value.contains('\0') {
        return Err(Problem::field(name, say!("不能有字符 U+0000", "expected no character U+0000")));
    }
    if counts_from_one(name) && value.parse::<i64>().is_ok_and(|number| number < 1) {
        return Err(Problem::field(name, say!("应为 1 或更大", "expected 1 or more")));
    }
    if is_year(name) && value.parse::<i64>().is_ok_and(|year| !YEARS.contains(&year)) {
        return Err(Problem::field(name, YEAR_EXPECTED));
    }
    Ok(())
}
