//! Workbooks (.xlsx): the visible worksheets, line by line.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Cell, DataRef, Reader, SheetType, SheetVisible, Xlsx, XlsxCellReader, XlsxError};

use super::{ImportError, Line, Lines, MAX_COLUMNS, MAX_ROWS, Sheet, Value, unpack};

/// What becomes of one worksheet's lines.
type ReadSheet<'a> = dyn FnMut(&mut Lines<'_>) -> Result<Sheet, ImportError> + 'a;

/// Reads the first visible worksheet that has the header and the columns that `read_sheet` wants.
pub(super) fn read(bytes: &[u8], read_sheet: &mut ReadSheet<'_>) -> Result<Sheet, ImportError> {
    unpack::check(bytes)?;
    // calamine 0.38 panics on malformed cell references ("AAAAAAAA1") where arithmetic is checked for overflow.
    // Nothing that it was working on outlives the call, so a broken state cannot be seen.
    catch_unwind(AssertUnwindSafe(|| read_unguarded(bytes, read_sheet)))
        .unwrap_or_else(|_| Err(ImportError::NotAWorkbook("内容格式错误".into())))
}

fn read_unguarded(bytes: &[u8], read_sheet: &mut ReadSheet<'_>) -> Result<Sheet, ImportError> {
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let visible = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let names: Vec<String> =
        workbook.sheets_metadata().iter().filter(visible).map(|sheet| sheet.name.clone()).collect();
    // An export often comes with other sheets: daily lists, raw punches. Their complaint counts only if no sheet is
    // the right one, and then that of the nearest.
    let mut refusal = ImportError::NoHeader;
    for name in names {
        let mut cells = workbook.worksheet_cells_reader(&name).map_err(damaged)?;
        match read_sheet(&mut lines(&mut cells)) {
            Err(ImportError::NoHeader) => {}
            Err(ImportError::MissingColumns(missing)) => {
                if !matches!(&refusal, ImportError::MissingColumns(fewest) if fewest.len() <= missing.len()) {
                    refusal = ImportError::MissingColumns(missing);
                }
            }
            result => return result,
        }
    }
    Err(refusal)
}

pub(crate) fn damaged(error: XlsxError) -> ImportError {
    ImportError::NotAWorkbook(error.to_string())
}

/// Gathers cells into lines.
pub(crate) fn lines<'a>(
    cells: &'a mut XlsxCellReader<'_, Cursor<&[u8]>>,
) -> impl Iterator<Item = Result<Line, ImportError>> + 'a {
    let mut next = next_cell(cells);
    let mut last_row = 0;
    std::iter::from_fn(move || {
        let (row, column, value) = match std::mem::replace(&mut next, Ok(None)) {
            Ok(cell) => cell?,
            Err(error) => return Some(Err(error)),
        };
        if row <= last_row {
            return Some(Err(ImportError::NotAWorkbook(format!("第 {row} 行出现在第 {last_row} 行之后"))));
        }
        last_row = row;
        let mut line = Vec::new();
        put(&mut line, column, value);
        loop {
            match next_cell(cells) {
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
    cells: &mut XlsxCellReader<'_, Cursor<&[u8]>>,
) -> Result<Option<(usize, usize, Value)>, ImportError> {
    while let Some(cell) = cells.next_cell().map_err(damaged)? {
        let (row, column) = cell.get_position();
        let value = value(&cell);
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

/// A formula's cell has the value that it had when the file was saved.
fn value(cell: &Cell<DataRef<'_>>) -> Value {
    match cell.get_value() {
        DataRef::Empty => Value::Blank,
        DataRef::String(text) => Value::text(text),
        DataRef::SharedString(text) => Value::text(text),
        DataRef::Float(number) => Value::Number(*number),
        DataRef::Int(number) => Value::text(&number.to_string()),
        DataRef::Bool(true) => Value::Other("TRUE".into()),
        DataRef::Bool(false) => Value::Other("FALSE".into()),
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
