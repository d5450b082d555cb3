//! The program's own exports, which somebody may take for files to import.

use crate::spreadsheets::export::listings::LISTINGS;
use crate::spreadsheets::import::{self, Content, ImportError, Line};

/// What is wrong with a file that could not be read as what it was said to be: where it is an export of the program, that.
pub(super) fn named(content: &mut Content, error: ImportError) -> ImportError {
    if !error.is_about_the_table() {
        return error;
    }
    let mut found = None;
    let Ok(container) = import::container_of(content) else { return error };
    // What else is wrong with the file has been said.
    let _ = import::tables(container, content, &|_| false, &mut |_, lines| {
        let Some(Ok(first)) = lines.next() else { return Err(ImportError::NoRows) };
        found = listing(&first);
        if found.is_some() { Ok(()) } else { Err(ImportError::NoRows) }
    });
    found.unwrap_or(error)
}

/// The export that has this header.
fn listing(header: &Line) -> Option<ImportError> {
    let mut listings = LISTINGS.iter();
    let found = listings.find(|listing| {
        let mut columns = listing.columns.iter().zip(&header.cells);
        header.cells.len() >= listing.columns.len()
            && columns.all(|(column, cell)| cell.shown() == column.header)
    })?;
    Some(if found.metrics { ImportError::OwnFacts(found.zh) } else { ImportError::OwnExport(found.zh) })
}
