//! Rows that a line break within them has broken in two. A row of a text that is shorter than the header is no fault by
//! itself; where the next one goes on with what it lacks, both are.

use super::number::half_width;
use super::{Line, Value};

/// The last row that was shorter than the header, if no other has come since.
#[derive(Default)]
pub(super) struct Broken {
    before: Option<(u32, usize)>,
}

impl Broken {
    /// The row that a line goes on with, if it does: both are shorter than the header, together they are no longer, and
    /// where employee numbers stand it has none.
    pub fn look(&mut self, line: &Line, width: usize, employee_no: &Value) -> Option<u32> {
        let Some(fields) = line.fields.filter(|fields| *fields < width) else {
            self.before = None;
            return None;
        };
        // The field that was broken is counted in both.
        let goes_on = |(_, before): &(u32, usize)| before + fields <= width + 1 && !is_number(employee_no);
        self.before.replace((line.row, fields)).filter(goes_on).map(|(row, _)| row)
    }
}

/// Whether a cell may hold an employee number: it has a digit, and nothing but letters of the alphabet and marks beside.
fn is_number(cell: &Value) -> bool {
    let shown: String = cell.shown().chars().map(half_width).collect();
    let is_mark = |c: char| matches!(c, '-' | '_' | '.' | '#' | '/' | ' ' | '\'');
    shown.contains(|c: char| c.is_ascii_digit())
        && shown.chars().all(|c| c.is_ascii_alphanumeric() || is_mark(c))
}
