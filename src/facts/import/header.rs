//! Finding the header: which row it is, what its one or two rows call each column, and which columns are meant.

use super::number::{Measure, half_width};
use super::{ImportError, Line, Value};

/// The header is looked for in so many rows from the top; titles may stand above it.
pub(super) const SEARCHED_ROWS: u32 = 20;

/// What the column of employee numbers is called, in normal form.
pub(super) const EMPLOYEE_NO: &[&str] = &["工号", "员工工号", "员工编号", "员工号", "人员编号", "顾问工号"];

/// What the column of names is called, in normal form.
pub(super) const NAME: &[&str] = &["姓名", "员工姓名", "顾问姓名", "销售顾问", "员工"];

/// Units that are recognised behind a header, right or wrong ones.
const UNITS: &[&str] = &["小时", "时", "分钟", "分", "秒", "周", "月", "千元", "万元", "万", "%"];

/// A header, one or two rows high.
pub(super) struct Header {
    /// The last row that belongs to it.
    pub last_row: u32,
    pub columns: Vec<Column>,
}

/// What the header says about one column.
pub(super) struct Column {
    /// As the file writes it; a group and its part are joined by `/`.
    pub shown: String,
    /// What it may be called, in normal form: with its group's name in front, and without.
    names: Vec<Name>,
}

/// A header text in normal form, its unit apart.
struct Name {
    text: String,
    unit: Option<String>,
}

/// Headers are compared without spaces, in half-width characters.
fn normal(text: &str) -> String {
    text.chars().map(half_width).filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

fn name(text: &str) -> Name {
    let text = normal(text);
    let parts = text.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    if let Some((before, unit)) = parts {
        let measures = [Measure::Count, Measure::Days, Measure::Amount];
        if UNITS.contains(&unit) || measures.iter().any(|measure| measure.units().contains(&unit)) {
            return Name { text: before.to_owned(), unit: Some(unit.to_owned()) };
        }
    }
    Name { text, unit: None }
}

fn is(cell: &Value, names: &[&str]) -> bool {
    matches!(cell, Value::Text(text) if names.contains(&normal(text).as_str()))
}

/// Whether the line is the row of a header that names the employee number.
pub(super) fn names_employee_no(line: &Line) -> bool {
    line.cells.iter().any(|cell| is(cell, EMPLOYEE_NO))
}

/// A row of totals: it has no employee number, and the first thing in it says what it is.
pub(super) fn is_total(line: &Line, employee_no: &Value) -> bool {
    const TOTALS: &[&str] = &["合计", "总计", "小计", "汇总", "总和", "平均", "平均值"];
    let total = |cell: &Value| match cell {
        Value::Text(text) => TOTALS.contains(&normal(text).trim_end_matches(':')),
        _ => false,
    };
    (employee_no.is_blank() || total(employee_no))
        && line.cells.iter().find(|cell| !cell.is_blank()).is_some_and(total)
}

impl Header {
    /// Finds the header in the first lines of a file.
    pub(super) fn find(head: &[Line]) -> Option<Self> {
        let at = head.iter().position(|line| line.row <= SEARCHED_ROWS && names_employee_no(line))?;
        let main = head.get(at)?;
        let below = head.get(at + 1).filter(|line| line.row == main.row + 1 && is_second_row(main, line));
        let above = at.checked_sub(1).and_then(|at| head.get(at));
        let above = above.filter(|line| line.row + 1 == main.row && !is_title(line));
        // The names stand in the upper row, with parts of groups below them, or in the lower row, under groups.
        let (upper, lower) = match below {
            Some(below) => (Some(main), below),
            None => (above, main),
        };
        let width = lower.cells.len().max(upper.map_or(0, |line| line.cells.len()));
        // A merged group has its name in the first of its cells only.
        let mut group = &Value::Blank;
        let columns = (0..width).map(|column| {
            let top = upper.map_or(&Value::Blank, |line| line.cell(column));
            let part = lower.cell(column);
            if !top.is_blank() || part.is_blank() {
                group = top;
            }
            Column::new(group, part)
        });
        Some(Self { last_row: lower.row, columns: columns.collect() })
    }

    /// The column that `names` (in normal form, the usual one first) stand for; they are measured in `measure`,
    /// where that is given.
    pub(super) fn column(
        &self,
        names: &[&'static str],
        measure: Option<Measure>,
    ) -> Result<Option<usize>, ImportError> {
        let mut found: Option<(usize, &Column)> = None;
        for (at, column) in self.columns.iter().enumerate() {
            let Some(name) = column.names.iter().find(|name| names.contains(&name.text.as_str())) else {
                continue;
            };
            if let (Some(measure), Some(unit)) = (measure, &name.unit)
                && !measure.units().contains(&unit.as_str())
            {
                return Err(ImportError::WrongUnit {
                    column: column.shown.clone(),
                    expected: measure.unit(),
                });
            }
            if let Some((_, first)) = found {
                return Err(ImportError::DuplicateColumn {
                    column: names.first().copied().unwrap_or_default(),
                    first: first.shown.clone(),
                    second: column.shown.clone(),
                });
            }
            found = Some((at, column));
        }
        Ok(found.map(|(at, _)| at))
    }
}

impl Column {
    fn new(group: &Value, part: &Value) -> Self {
        let (above, below) = (group.shown(), part.shown());
        let (shown, names) = match (above.is_empty(), below.is_empty()) {
            (true, true) => (String::new(), Vec::new()),
            (false, true) => (above.clone(), vec![name(&above)]),
            (true, false) => (below.clone(), vec![name(&below)]),
            (false, false) => {
                (format!("{above}/{below}"), vec![name(&format!("{above}{below}")), name(&below)])
            }
        };
        Self { shown, names }
    }
}

/// A title stands alone in its row, however many cells it is merged over; groups come in numbers.
fn is_title(line: &Line) -> bool {
    line.cells.iter().filter(|cell| !cell.is_blank()).count() == 1
}

/// Whether `below` continues the header: it says nothing about the person, and has something under an empty header
/// cell, as the parts of a group have.
fn is_second_row(main: &Line, below: &Line) -> bool {
    let person = main
        .cells
        .iter()
        .zip(&below.cells)
        .any(|(head, cell)| !cell.is_blank() && (is(head, EMPLOYEE_NO) || is(head, NAME)));
    let parts = below.cells.iter().enumerate().any(|(at, cell)| !cell.is_blank() && main.cell(at).is_blank());
    !person && parts && !is_total(below, &Value::Blank)
}
