//! Tables with a year's months across, January first, and its sum behind them.

use comfy_table::Table;

use crate::cli::table;
use crate::plan::split::tree::Months;

/// The headers of the months and of the year.
const ACROSS: [&str; 13] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "year"];

/// A table with columns before the months; those from the `numbers`-th on are numbers.
pub fn new(before: &[&str], numbers: usize) -> Table {
    let header: Vec<&str> = before.iter().copied().chain(ACROSS).collect();
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
