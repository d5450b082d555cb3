//! A file of any layout as rows of cells. Unlike `import`, nothing is known yet about its header.

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{Reader as _, SheetType, SheetVisible, Xlsx};
use encoding_rs::{Encoding, GB18030, UTF_8};

use crate::facts::import::{
    Container, ImportError, MAX_COLUMNS, MAX_FILE_BYTES, MAX_ROWS, Value, container, unpack, workbook,
};

/// The header is looked for in so many rows from the top.
pub(super) const SEARCHED_ROWS: u32 = 20;

/// One row that has anything in it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    /// As a spreadsheet shows it, counted from 1.
    pub number: u32,
    /// From the first column on.
    pub cells: Vec<Value>,
    /// How many fields the row has, in text: a number with an unquoted comma in it makes one too many.
    pub fields: Option<usize>,
}

impl Row {
    pub fn cell(&self, column: usize) -> &Value {
        self.cells.get(column).unwrap_or(&Value::Blank)
    }
}

/// The rows of one table, from top to bottom.
pub(super) type Rows<'a> = dyn Iterator<Item = Result<Row, ImportError>> + 'a;

/// What becomes of a table: `None` where it is not the one that is wanted.
pub(super) type Visit<'a, T> = dyn FnMut(&mut Rows<'_>) -> Result<Option<T>, ImportError> + 'a;

/// Visits the visible worksheets of a workbook, or the one table of a text, up to the first that is wanted.
pub(super) fn first<T>(bytes: &[u8], visit: &mut Visit<'_, T>) -> Result<Option<T>, ImportError> {
    if bytes.len() > MAX_FILE_BYTES {
        return Err(ImportError::TooLarge);
    }
    match container(bytes)? {
        Container::Text => visit(&mut *text_rows(&decode(bytes)?)),
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
        let mut rows = workbook::lines(&mut cells)
            .map(|line| line.map(|line| Row { number: line.row, cells: line.cells, fields: None }));
        if let Some(found) = visit(&mut rows)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Decodes by the byte-order mark; without one, as UTF-8 if that is what the bytes are, else as GB18030. Every line of the
/// result ends in `\n`.
fn decode(bytes: &[u8]) -> Result<String, ImportError> {
    let (encoding, unmarked) = match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => (encoding, bytes.get(mark..).unwrap_or_default()),
        None if std::str::from_utf8(bytes).is_ok() => (UTF_8, bytes),
        None => (GB18030, bytes),
    };
    let text = encoding.decode_without_bom_handling_and_without_replacement(unmarked);
    let text = text.filter(|text| !text.contains('\0'));
    let text = text.ok_or_else(|| ImportError::NotText(format!("不是 {} 编码的文本", encoding.name())))?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

/// The rows of a text. The separator is the one that gives the widest row at the top.
fn text_rows(text: &str) -> Box<Rows<'_>> {
    let width = |separator: u8| {
        let rows = records(text, separator).take(usize::try_from(SEARCHED_ROWS).unwrap_or(usize::MAX));
        rows.filter_map(Result::ok).filter_map(|row| row.fields).max().unwrap_or(0)
    };
    // Of equally wide ones the first.
    let separator = [b';', b'\t', b','].into_iter().max_by_key(|separator| width(*separator)).unwrap_or(b',');
    Box::new(records(text, separator))
}

fn records(text: &str, separator: u8) -> impl Iterator<Item = Result<Row, ImportError>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut record = csv::StringRecord::new();
    let mut number = 0_u32;
    std::iter::from_fn(move || {
        loop {
            let from = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            match reader.read_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(ImportError::NotText(error.to_string()))),
            }
            // The reader passes over blank lines in silence; a spreadsheet counts them.
            let ahead = text.as_bytes().get(from..).unwrap_or_default();
            let blank = ahead.iter().take_while(|byte| **byte == b'\n').count();
            number = number.saturating_add(1).saturating_add(u32::try_from(blank).unwrap_or(MAX_ROWS));
            if number > MAX_ROWS {
                return Some(Err(ImportError::TooManyRows));
            }
            if record.len() > MAX_COLUMNS {
                return Some(Err(ImportError::TooManyColumns));
            }
            let mut cells: Vec<Value> = record.iter().map(Value::text).collect();
            while cells.last().is_some_and(Value::is_blank) {
                cells.pop();
            }
            if !cells.is_empty() {
                return Some(Ok(Row { number, cells, fields: Some(record.len()) }));
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        let read = |rows: &mut Rows<'_>| rows.collect::<Result<Vec<_>, _>>().map(Some);
        let rows = first(bytes, &mut { read }).unwrap().unwrap();
        rows.into_iter().map(|row| (row.number, row.cells.iter().map(Value::shown).collect())).collect()
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        for text in ["标题\n\n编号;数\n1;\"2\n3\"\n", "标题\r\n\r\n编号;数\r\n1;\"2\n3\"\r\n"] {
            let found = rows(text.as_bytes());
            let expected = [(1, vec!["标题"]), (3, vec!["编号", "数"]), (4, vec!["1", "2\n3"])];
            assert_eq!(
                found,
                expected.map(|(row, cells)| (row, cells.into_iter().map(str::to_owned).collect())),
                "{text:?}"
            );
        }
    }

    #[test]
    fn text_may_be_in_the_encodings_of_china() {
        let (gbk, ..) = GB18030.encode("编号,数\nA01,2\n");
        assert_eq!(rows(&gbk)[0].1, ["编号", "数"]);
        assert_eq!(rows("\u{feff}编号\t数\n".as_bytes())[0].1, ["编号", "数"]);
        let visit = |rows: &mut Rows<'_>| rows.collect::<Result<Vec<_>, _>>().map(Some);
        assert!(first(b"a\0b", &mut { visit }).is_err());
    }
}
