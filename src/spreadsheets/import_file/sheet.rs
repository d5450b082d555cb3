//! Reading a file to its end, before anything else is waited for.

use std::collections::HashSet;

use super::{Progress, Stage, own_export};
use crate::spreadsheets::import::{
    self, Asked, Content, Fault, Form, Found, ImportError, SheetRow, TableHeader, Unread,
};

/// After so many rows more, somebody is told how far the reading is.
const TOLD_ROWS: usize = 2_000;

/// What a file says, read to its end.
#[derive(Debug, Default)]
pub(super) struct Sheet {
    pub header: TableHeader,
    pub rows: Vec<SheetRow>,
    pub faults: Vec<Fault>,
    /// 工号 of the people of whom a row is faulty: what the file says of them is not all.
    pub refused: HashSet<Box<str>>,
    pub unread: Unread,
    pub sha256: String,
}

impl Sheet {
    /// Reads a file to its end, unless it is told to stop.
    pub fn read(
        mut content: Content,
        form: &Form,
        asked: &Asked<'_>,
        progress: &Progress,
    ) -> Result<Self, ImportError> {
        let mut sheet = Self { sha256: content.digest()?, ..Self::default() };
        let result = import::read(&mut content, form, asked, &mut |found| {
            match found {
                Found::Header(header) => {
                    let sha256 = std::mem::take(&mut sheet.sha256);
                    sheet = Self { header, sha256, ..Self::default() };
                }
                Found::Row(row) => sheet.rows.push(row),
                Found::Faults { of, mut faults } => {
                    sheet.refused.extend(of);
                    sheet.faults.append(&mut faults);
                }
                Found::Note(note) => sheet.header.notes.push(note),
                Found::Unread(mut unread) => {
                    sheet.unread.asked.append(&mut unread.asked);
                    sheet.unread.others.append(&mut unread.others);
                }
            }
            match sheet.rows.len().is_multiple_of(TOLD_ROWS) {
                true if progress(Stage::Reading(sheet.rows.len())).is_break() => Err(ImportError::Stopped),
                _ => Ok(()),
            }
        });
        result.map_err(|error| own_export::named(&mut content, error))?;
        // One that was handed over as good may have been found to be none.
        let faulty: HashSet<u32> = sheet.faults.iter().filter_map(|fault| fault.row).collect();
        let Self { rows, refused, .. } = &mut sheet;
        let withdrawn = rows.extract_if(.., |row| faulty.contains(&row.row));
        refused.extend(withdrawn.map(|row| row.employee_no));
        Ok(sheet)
    }
}
