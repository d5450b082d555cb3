//! A file of any layout as rows of cells. Unlike `import`, nothing is known yet about its header.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader as _, SheetType, SheetVisible, Xlsx};

use super::text;
use crate::spreadsheets::import::{
    Container, ImportError, Line, MAX_FILE_BYTES, container, unpack, workbook,
};

/// The header is looked for in so many rows from the top.
pub(super) const SEARCHED_ROWS: u32 = 20;

/// The rows of one table, from top to bottom.
pub(super) type Rows<'a> = dyn Iterator<Item = Result<Line, ImportError>> + 'a;

/// What becomes of a table, which has a name if it is a worksheet: `None` where it is not the one that is wanted.
pub(super) type Visit<'a, T> = dyn FnMut(Option<&str>, &mut Rows<'_>) -> Result<Option<T>, ImportError> + 'a;

/// Visits the visible worksheets of a workbook, or the one table of a text, up to the first that is wanted.
pub(super) fn first<T>(bytes: &[u8], visit: &mut Visit<'_, T>) -> Result<Option<T>, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    match container(bytes)? {
        Container::Text => {
            let text = text::decode(bytes)?;
            visit(None, &mut *text::rows(&text)?)
        }
        Container::Workbook => {
            unpack::check(Cursor::new(bytes))?;
            // calamine panics on malformed cell references, see `import::workbook`.
            catch_unwind(AssertUnwindSafe(|| worksheets(bytes, visit)))
                .unwrap_or_else(|_| Err(ImportError::NotAWorkbook("内容格式错误".into())))
        }
    }
}

fn worksheets<T>(bytes: &[u8], visit: &mut Visit<'_, T>) -> Result<Option<T>, ImportError> {
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(workbook::damaged)?;
    let is_visible = |sheet: &&calamine::Sheet| {
        sheet.typ == SheetType::WorkSheet && sheet.visible == SheetVisible::Visible
    };
    let names: Vec<String> =
        book.sheets_metadata().iter().filter(is_visible).map(|sheet| sheet.name.clone()).collect();
    for name in names {
        let mut cells = book.worksheet_cells_reader(&name).map_err(workbook::damaged)?;
        let mut rows = workbook::lines_with_formulas(&mut cells);
        if let Some(found) = visit(Some(&name), &mut rows)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
