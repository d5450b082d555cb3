//! Text files of any layout. Encodings and records are those of `import::text`; here the separator is found without
//! knowing what the header says.

use std::io::{Cursor, Read as _};

use super::file::{Rows, SEARCHED_ROWS};
use crate::spreadsheets::import::text::decode::{Decoded, SEPARATORS, encoding_of};
use crate::spreadsheets::import::text::{named_separator, records};
use crate::spreadsheets::import::{Content, ImportError};

/// The text as UTF-8, every line of which ends in `\n`.
pub(super) fn decode(bytes: &[u8]) -> Result<Vec<u8>, ImportError> {
    let mut content = Content::from(bytes.to_vec());
    let encoding = encoding_of(&mut content)?;
    let mut text = Vec::new();
    Decoded::new(&mut content, encoding).read_to_end(&mut text)?;
    Ok(text)
}

/// The rows of a text. The separator is the one that its first line names (`sep=;`), or that gives the widest row at the
/// top.
pub(super) fn rows(text: &[u8]) -> Result<Box<Rows<'_>>, ImportError> {
    let named = named_separator(text);
    // Spreadsheets do not show the line that names it.
    let shown = text.iter().position(|byte| *byte == b'\n').filter(|_| named.is_some());
    let text = shown.and_then(|end| text.get(end + 1..)).unwrap_or(text);
    // Of equally wide ones the first.
    let widest = || SEPARATORS.into_iter().rev().max_by_key(|separator| width(text, *separator));
    let separator = named.or_else(widest).unwrap_or(b',');
    match unclosed_quote(text, separator) {
        Some(row) => Err(ImportError::UnclosedQuote { row }),
        None => Ok(Box::new(records(Cursor::new(text), separator))),
    }
}

/// How wide the widest row at the top is, and how many rows are parted at all: a number may hold another separator.
fn width(text: &[u8], separator: u8) -> (usize, usize) {
    let lines = records(text, separator).map_while(Result::ok);
    let top = lines.take_while(|line| line.row <= SEARCHED_ROWS);
    top.map(|line| line.cells.len())
        .fold((0, 0), |(widest, parted), width| (widest.max(width), parted + usize::from(width > 1)))
}

/// The row in which a quotation mark is opened that nothing closes: it would swallow everybody behind it.
fn unclosed_quote(text: &[u8], separator: u8) -> Option<usize> {
    let (mut row, mut is_quoted, mut begins) = (1, false, true);
    for byte in text {
        match byte {
            // A doubled one within a quoted field closes it and opens it again.
            b'"' if is_quoted => (is_quoted, begins) = (false, true),
            b'"' if begins => is_quoted = true,
            _ if is_quoted => {}
            b'\n' => (row, begins) = (row + 1, true),
            other => begins = *other == separator,
        }
    }
    is_quoted.then_some(row)
}

#[cfg(test)]
mod tests {
    use encoding_rs::GB18030;

    use super::super::file::first;
    use super::*;
    use crate::spreadsheets::import::Value;

    fn read(bytes: &[u8]) -> Result<Vec<(u32, Vec<String>)>, ImportError> {
        let rows = first(bytes, &mut |_, rows| rows.collect::<Result<Vec<_>, _>>().map(Some))?.unwrap();
        Ok(rows.into_iter().map(|row| (row.row, row.cells.iter().map(Value::shown).collect())).collect())
    }

    fn rows(bytes: &[u8]) -> Vec<(u32, Vec<String>)> {
        read(bytes).unwrap()
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
        let unmarked: Vec<u8> = "编号,数\nA01,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(rows(&unmarked)[1].1, ["A01", "2"]);
        assert!(read(b"a\0b").is_err());
    }

    #[test]
    fn separators_and_texts_are_those_of_every_import() {
        assert_eq!(rows("编号|数|备注\nA01|1,2|无\n".as_bytes())[1].1, ["A01", "1,2", "无"]);
        assert_eq!(rows("sep=;\n编号;数\n=\"0012\";2\n".as_bytes())[1], (2, vec!["0012".into(), "2".into()]));
    }

    #[test]
    fn a_quote_that_nothing_closes_is_refused() {
        let refused = read("编号,备注,数\nA01,\"五,1\nA02,六,2\n".as_bytes()).unwrap_err();
        assert_eq!(refused, ImportError::UnclosedQuote { row: 2 });
        for whole in ["编号,数\nA01,\"a\"\"b\"\n", "编号,数\nA01,5\"\n", "编号,数\n\"A01\",\"1\n2\"\n"]
        {
            assert!(read(whole.as_bytes()).is_ok(), "{whole}");
        }
    }
}
