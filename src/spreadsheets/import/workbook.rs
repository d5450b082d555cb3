//! Workbooks (.xlsx): the visible worksheets, line by line.

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::formats::{self, Format};
use super::number::decimal;
use super::unpack::{Merged, Page};
use super::{Content, ImportError, Line, MAX_COLUMNS, MAX_ROWS, Place, Value, Visit, unpack};
use crate::said::{Said, say};

/// The most cells of a worksheet whose format shows them as something else than their numbers.
const MAX_FORMATTED: usize = 2_000_000;

/// Visits the visible worksheets up to the first that is what the visitor wants. Macros and links to other workbooks are
/// parts of the archive that nothing looks at.
pub(super) fn read(content: &mut Content, visit: &mut Visit<'_>) -> Result<(), ImportError> {
    let pages = unpack::check(&mut *content)?;
    content.rewind()?;
    // calamine 0.38 panics on malformed cell references ("AAAAAAAA1") where arithmetic is checked for overflow.
    // Nothing that it was working on outlives the call, so a broken state cannot be seen.
    catch_unwind(AssertUnwindSafe(|| read_unguarded(content, &pages, visit)))
        .unwrap_or_else(|_| Err(ImportError::malformed()))
}

fn read_unguarded(content: &mut Content, pages: &[Page], visit: &mut Visit<'_>) -> Result<(), ImportError> {
    let mut workbook = Xlsx::new(content).map_err(damaged)?;
    let (visible, hidden): (Vec<_>, Vec<_>) = workbook
        .sheets_metadata()
        .iter()
        .enumerate()
        .filter(|(_, sheet)| sheet.typ == SheetType::WorkSheet)
        .map(|(at, sheet)| (at, sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .partition(|(.., is_visible)| *is_visible);
    let hidden_worksheets = hidden.into_iter().map(|(_, name, _)| name).collect::<Vec<_>>();
    // An export often comes with other sheets: daily lists, raw punches, another month. Their complaint counts only if
    // no sheet is the right one, and then that of the nearest.
    let mut refusal: Option<ImportError> = None;
    for (at, name, _) in visible {
        let page = pages.get(at).cloned().unwrap_or_default();
        let formatted = Formatted::of(&mut workbook.worksheet_cells_reader(&name).map_err(damaged)?)?;
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
        let place = Place {
            worksheet: Some(&name),
            hidden_rows: &page.hidden_rows,
            hidden_columns: &page.hidden_columns,
            hidden_worksheets: &hidden_worksheets,
        };
        match visit(place, &mut spread(formatted.lines(lines_with_formulas(&mut cells)), page.merged)) {
            Err(error) if error.is_about_the_table() => {
                refusal = Some(match refusal.take() {
                    Some(first) => nearer(first, error),
                    None => error,
                });
            }
            result => return result,
        }
    }
    Err(refusal.unwrap_or_else(|| {
        ImportError::NotAWorkbook(Said::fixed("没有可见的工作表", "no worksheet is visible"))
    }))
}

/// The complaint about the worksheet that comes nearer to what is wanted; of two that come as near, the first.
fn nearer(first: ImportError, second: ImportError) -> ImportError {
    let distance = |error: &ImportError| match error {
        ImportError::WrongPeriod { .. } | ImportError::DailySheet(_) | ImportError::RecordSheet(_) => 0,
        ImportError::NoRows | ImportError::TallHeader(_) => 1,
        ImportError::MissingColumns(missing) => 1 + missing.len(),
        _ => usize::MAX,
    };
    if distance(&second) < distance(&first) { second } else { first }
}

pub(crate) fn damaged(error: XlsxError) -> ImportError {
    ImportError::NotAWorkbook(Said::same(error.to_string()))
}

/// Gathers cells into lines. A formula has the value that it had when the file was saved, and without one it is blank.
pub(crate) fn lines<'a, R: Read + Seek>(
    cells: &'a mut XlsxCellReader<'_, R>,
) -> impl Iterator<Item = Result<Line, ImportError>> + 'a {
    gather(move || {
        let cell = cells.next_cell().map_err(damaged)?;
        Ok(cell.map(|cell| (cell.get_position(), value(cell.get_value()))))
    })
}

/// The same, and notes where formulas stand: rows counted from 1, columns from 0.
pub(crate) fn lines_noting<'a, R: Read + Seek>(
    cells: &'a mut XlsxCellReader<'_, R>,
    formulas: &'a RefCell<HashSet<(u32, usize)>>,
) -> impl Iterator<Item = Result<Line, ImportError>> + 'a {
    gather(move || {
        let cell = cells.next_cell_with_formula_metadata().map_err(damaged)?;
        Ok(cell.map(|cell| {
            if let (Some(_), Ok(column)) = (&cell.formula, usize::try_from(cell.pos.1)) {
                formulas.borrow_mut().insert((cell.pos.0.saturating_add(1), column));
            }
            (cell.pos, value(&cell.value))
        }))
    })
}

/// The same, but a formula without a saved value is something that cannot be read, rather than nothing.
pub(crate) fn lines_with_formulas<'a, R: Read + Seek>(
    cells: &'a mut XlsxCellReader<'_, R>,
) -> impl Iterator<Item = Result<Line, ImportError>> + 'a {
    gather(move || {
        let cell = cells.next_cell_with_formula_metadata().map_err(damaged)?;
        Ok(cell.map(|cell| match (&cell.value, cell.formula) {
            (DataRef::Empty, Some(_)) => (cell.pos, Value::Other(UNSAVED_FORMULA.into())),
            (found, _) => (cell.pos, value(found)),
        }))
    })
}

/// The cells of a worksheet whose format shows them as something else than their numbers, in their order: row and column,
/// counted from 0, and the style. Mostly there are none, and a worksheet is read once.
struct Formatted {
    formats: Vec<Option<Format>>,
    cells: Vec<(u32, u32, usize)>,
}

impl Formatted {
    fn of<R: Read + Seek>(reader: &mut XlsxCellReader<'_, R>) -> Result<Self, ImportError> {
        let formats = formats::of_styles(reader.styles());
        let mut cells = Vec::new();
        while !formats.is_empty() {
            let Some((row, column, style)) = reader.next_style_id().map_err(damaged)? else { break };
            if formats.get(style).is_some_and(Option::is_some) {
                cells.push((row, column, style));
            }
            if cells.len() > MAX_FORMATTED {
                return Err(ImportError::UnpacksTooLarge);
            }
        }
        Ok(Self { formats, cells })
    }

    /// The lines with what is seen in these cells.
    fn lines(
        self,
        lines: impl Iterator<Item = Result<Line, ImportError>>,
    ) -> impl Iterator<Item = Result<Line, ImportError>> {
        let Self { formats, cells } = self;
        let mut cells = cells.into_iter().peekable();
        lines.map(move |line| {
            let mut line = line?;
            while let Some((row, column, style)) = cells.next_if(|(row, ..)| *row < line.row) {
                let (Some(format), Ok(column)) =
                    (formats.get(style).and_then(Option::as_ref), usize::try_from(column))
                else {
                    continue;
                };
                let cell = line.cells.get_mut(column).filter(|_| row + 1 == line.row);
                let Some((cell, number)) = cell.and_then(|cell| match *cell {
                    Value::Number(number) => Some((cell, number)),
                    _ => None,
                }) else {
                    continue;
                };
                match format.apply(number) {
                    Some(seen) => *cell = seen,
                    None if *format == Format::Larger => line.larger.push(column),
                    None => {}
                }
            }
            Ok(line)
        })
    }
}

/// The same lines, with what stands in cells that are merged over several rows.
fn spread(
    lines: impl Iterator<Item = Result<Line, ImportError>>,
    merged: Vec<Merged>,
) -> impl Iterator<Item = Result<Line, ImportError>> {
    let mut to_come = merged;
    to_come.sort_unstable_by_key(|cell| std::cmp::Reverse(cell.first_row));
    let mut open: Vec<(Merged, Value)> = Vec::new();
    lines.map(move |line| {
        let mut line = line?;
        open.retain(|(cell, _)| cell.last_row >= line.row);
        while let Some(cell) = to_come.pop_if(|cell| cell.first_row <= line.row) {
            let value = line.cell(cell.column);
            if cell.first_row == line.row && !value.is_blank() {
                open.push((cell, value.clone()));
            }
        }
        line.merged = open.iter().map(|(cell, value)| (cell.column, value.clone())).collect();
        Ok(line)
    })
}

/// What is shown of a formula without a value.
const UNSAVED_FORMULA: &str = "公式（未保存计算结果，请在 Excel 或 WPS 中打开并保存，或改为数值）";

/// A cell: row and column counted from 0, and what stands in it.
type Placed = ((u32, u32), Value);

fn gather(
    mut cells: impl FnMut() -> Result<Option<Placed>, ImportError>,
) -> impl Iterator<Item = Result<Line, ImportError>> {
    let mut next = next_cell(&mut cells);
    let mut last_row = 0;
    std::iter::from_fn(move || {
        let (row, column, value) = match std::mem::replace(&mut next, Ok(None)) {
            Ok(cell) => cell?,
            Err(error) => return Some(Err(error)),
        };
        if row <= last_row {
            let said =
                say!("第 {row} 行出现在第 {last_row} 行之后", "row {row} stands behind row {last_row}");
            return Some(Err(ImportError::NotAWorkbook(said)));
        }
        last_row = row;
        let mut line = Vec::new();
        put(&mut line, column, value);
        loop {
            match next_cell(&mut cells) {
                Ok(Some((at, column, value))) if at == row => put(&mut line, column, value),
                // An error comes after the line before it.
                other => {
                    next = other;
                    return Line::new(row, line, None).transpose();
                }
            }
        }
    })
}

fn put(line: &mut Vec<Value>, column: usize, value: Value) {
    if line.len() <= column {
        line.resize(column + 1, Value::Blank);
    }
    if let Some(cell) = line.get_mut(column) {
        *cell = value;
    }
}

/// The next cell that is not blank: its row counted from 1, its column from 0, within the limits.
fn next_cell(
    cells: &mut impl FnMut() -> Result<Option<Placed>, ImportError>,
) -> Result<Option<(usize, usize, Value)>, ImportError> {
    while let Some(((row, column), value)) = cells()? {
        // Formatting reaches to the last row and column of many sheets; only content counts.
        if value.is_blank() {
            continue;
        }
        if row >= MAX_ROWS {
            return Err(ImportError::TooManyRows);
        }
        let column = usize::try_from(column).ok().filter(|column| *column < MAX_COLUMNS);
        let column = column.ok_or(ImportError::TooManyColumns)?;
        let row = usize::try_from(row).map_err(|_| ImportError::TooManyRows)?;
        return Ok(Some((row + 1, column, value)));
    }
    Ok(None)
}

fn value(found: &DataRef<'_>) -> Value {
    match found {
        DataRef::Empty => Value::Blank,
        DataRef::String(text) => Value::text(text),
        DataRef::SharedString(text) => Value::text(text),
        DataRef::Float(number) => Value::Number(*number),
        DataRef::Int(number) => Value::text(&number.to_string()),
        DataRef::Bool(true) => Value::Other("TRUE".into()),
        DataRef::Bool(false) => Value::Other("FALSE".into()),
        // A time of day without a day is how hours are kept, too.
        DataRef::DateTime(time) if time.is_duration() || (0.0..1.0).contains(&time.as_f64()) => {
            hours(time.as_f64())
        }
        DataRef::DateTime(time) => {
            let (year, month, day, hour, minute, ..) = time.to_ymd_hms_milli();
            Value::Other(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}（日期）"))
        }
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            Value::Other(text.chars().take(super::MAX_TEXT_CHARS).collect())
        }
        DataRef::Error(error) => Value::Other(error.to_string()),
    }
}

/// A span of time, as hours are often kept ([h]:mm), in hours and whole minutes.
fn hours(days: f64) -> Value {
    let minutes = decimal(days).and_then(|days| days.checked_mul(Decimal::from(24 * 60)));
    match minutes.and_then(|minutes| minutes.round().to_u32()) {
        Some(minutes) => Value::text(&format!("{}:{:02}", minutes / 60, minutes % 60)),
        None => Value::Other("时长".into()),
    }
}
