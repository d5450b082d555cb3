//! Tables for people, on standard output.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::one_of;

/// What stands above a column, in Chinese and in English. In English a field of the JSON keeps its name.
pub type Heading<'h> = (&'h str, &'h str);

/// A table with a header; columns named in `right` hold numbers.
pub fn new(header: &[Heading<'_>], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.iter().copied().map(one_of));
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
