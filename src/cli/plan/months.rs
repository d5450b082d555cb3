//! Tables with a year's months across, January first, and its sum behind them.

use comfy_table::Table;

use crate::cli::table::{self, Heading};
use crate::plan::split::tree::Months;

/// The headers of the months and of the year.
const ACROSS: [Heading<'static>; 13] = [
    ("1月", "Jan"),
    ("2月", "Feb"),
    ("3月", "Mar"),
    ("4月", "Apr"),
    ("5月", "May"),
    ("6月", "Jun"),
    ("7月", "Jul"),
    ("8月", "Aug"),
    ("9月", "Sep"),
    ("10月", "Oct"),
    ("11月", "Nov"),
    ("12月", "Dec"),
    ("全年", "year"),
];

/// A table with columns before the months; those from the `numbers`-th on are numbers.
pub fn new(before: &[Heading<'_>], numbers: usize) -> Table {
    let header: Vec<Heading<'_>> = before.iter().copied().chain(ACROSS).collect();
    table::new(&header, &(numbers..header.len()).collect::<Vec<_>>())
}

/// Adds a row.
pub fn add(rows: &mut Table, before: impl IntoIterator<Item = String>, months: &Months, year: i64) {
    let numbers = months.iter().chain([&year]).map(i64::to_string);
    rows.add_row(before.into_iter().chain(numbers));
}

/// Adds a row of which some months may not be known, or not to be seen; its year is the sum of the others.
pub fn add_known(rows: &mut Table, before: impl IntoIterator<Item = String>, months: &[Option<i64>; 12]) {
    let year: i64 = months.iter().flatten().sum();
    let shown = |month: &Option<i64>| month.map_or_else(|| "–".to_owned(), |month| month.to_string());
    rows.add_row(before.into_iter().chain(months.iter().map(shown)).chain([year.to_string()]));
}
