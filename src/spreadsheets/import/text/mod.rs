//! Text files: which separator they have, and which row a record is in a spreadsheet.

mod decode;

use std::cell::Cell;
use std::io::{self, Cursor, Read};
use std::rc::Rc;

use self::decode::{Decoded, SEPARATORS, encoding_of};
use super::header::SEARCHED_ROWS;
use super::{Content, ImportError, Line, Lines, MAX_COLUMNS, Value};
use crate::said::Said;

/// The header is looked for in so many bytes of the text.
const HEAD_BYTES: u64 = 256 << 10;

/// A record with more bytes than this has swallowed the rows behind it.
const MAX_RECORD_BYTES: usize = 1 << 20;

/// The lines of a text file. The separator is the one that its first line names (`sep=;`), or that gives the widest
/// header, or the widest row at the top.
pub(super) fn lines<'a>(
    content: &'a mut Content,
    is_header: &dyn Fn(&Line) -> bool,
) -> Result<Box<Lines<'a>>, ImportError> {
    let encoding = encoding_of(content)?;
    let mut text = Decoded::new(content, encoding);
    let mut head = Vec::new();
    text.by_ref().take(HEAD_BYTES).read_to_end(&mut head)?;
    let named = named_separator(&head);
    if named.is_some() {
        // Spreadsheets do not show this line.
        let end = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |end| end + 1);
        head.drain(..end);
    }
    // Of equally wide ones the first.
    let widest = || SEPARATORS.into_iter().rev().max_by_key(|separator| width(&head, *separator, is_header));
    let separator = named.or_else(widest).unwrap_or(b',');
    Ok(Box::new(records(Cursor::new(head).chain(text), separator)))
}

/// The separator that a first line `sep=;` names, which Excel reads and other programs write.
fn named_separator(head: &[u8]) -> Option<u8> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let line = std::str::from_utf8(line).ok()?.trim_matches('"');
    let (key, value) = line.split_at_checked(4)?;
    let separator = value.as_bytes().first().copied().filter(|byte| SEPARATORS.contains(byte))?;
    key.eq_ignore_ascii_case("sep=").then_some(separator)
}

/// How wide the header is, and the widest row at the top, and how many rows are parted at all: a number may hold another
/// separator.
fn width(head: &[u8], separator: u8, is_header: &dyn Fn(&Line) -> bool) -> (usize, usize, usize) {
    let (mut header, mut widest, mut parted) = (0, 0, 0);
    for line in records(head, separator) {
        let line = match line {
            Ok(line) if line.row <= SEARCHED_ROWS => line,
            Err(ImportError::TooManyColumns) => return (header, usize::MAX, parted),
            Ok(_) | Err(_) => break,
        };
        let width = line.cells.len();
        if header == 0 && is_header(&line) {
            // What another separator would part is no name: some programs write a tab behind each value.
            header = line.cells.iter().filter(|cell| !holds_separator(cell)).count();
        }
        widest = widest.max(width);
        parted += usize::from(width > 1);
    }
    (header, widest, parted)
}

fn holds_separator(cell: &Value) -> bool {
    matches!(cell, Value::Text(text) if text.bytes().any(|byte| SEPARATORS.contains(&byte)))
}

/// Reads records, counting rows as a spreadsheet does: a quoted line break does not begin a row, a blank line is one.
fn records(text: impl Read, separator: u8) -> impl Iterator<Item = Result<Line, ImportError>> {
    let quotes = Rc::new(Cell::new(Quotes::default()));
    let text = Watched { text, separator, quotes: Rc::clone(&quotes) };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .terminator(csv::Terminator::Any(b'\n'))
        .from_reader(text);
    let mut record = csv::ByteRecord::new();
    let mut row = 0;
    std::iter::from_fn(move || {
        loop {
            let before = reader.position().line();
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(unreadable(error))),
            }
            // The reader passes over blank lines in silence, but counts them.
            let lines = usize::try_from(reader.position().line() - before).unwrap_or(usize::MAX);
            let within = record.as_slice().iter().filter(|byte| **byte == b'\n').count();
            row += lines.saturating_sub(within).max(1);
            // Only a quotation goes on over the end of its line.
            let is_swallowed = record.as_slice().len() > MAX_RECORD_BYTES;
            if quotes.get().never_close() || is_swallowed && within > 0 {
                return Some(Err(ImportError::UnclosedQuote { row }));
            }
            if is_swallowed {
                return Some(Err(ImportError::LineTooLong { row }));
            }
            let mut values = record.iter().map(|field| value(&String::from_utf8_lossy(field)));
            let cells = values.by_ref().take(MAX_COLUMNS).collect();
            if values.any(|value| !value.is_blank()) {
                return Some(Err(ImportError::TooManyColumns));
            }
            match Line::new(row, cells, Some(record.len())) {
                Ok(None) => {}
                Ok(Some(line)) => {
                    return Some(Ok(Line { is_parted_by_commas: separator == b',', ..line }));
                }
                Err(error) => return Some(Err(error)),
            }
        }
    })
}

/// Where the text stands with its quotation marks.
#[derive(Clone, Copy, Default)]
struct Quotes {
    place: QuotePlace,
    has_ended: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum QuotePlace {
    #[default]
    FieldStart,
    Plain,
    Quoted,
    /// Behind a mark that ends the quotation or, where another follows, stands for itself.
    AfterMark,
}

impl Quotes {
    fn never_close(self) -> bool {
        self.has_ended && self.place == QuotePlace::Quoted
    }

    fn pass(&mut self, byte: u8, separator: u8) {
        self.place = match (self.place, byte) {
            (QuotePlace::FieldStart | QuotePlace::AfterMark, b'"')
            | (QuotePlace::Quoted, 0..=b'!' | b'#'..) => QuotePlace::Quoted,
            (QuotePlace::Quoted, b'"') => QuotePlace::AfterMark,
            (_, byte) if byte == separator || byte == b'\n' => QuotePlace::FieldStart,
            _ => QuotePlace::Plain,
        };
    }
}

/// A text whose quotation marks are followed: the reader of records takes what is never closed as closed by the end.
struct Watched<R> {
    text: R,
    separator: u8,
    quotes: Rc<Cell<Quotes>>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        let mut quotes = self.quotes.get();
        quotes.has_ended = length == 0;
        for byte in buffer.get(..length).unwrap_or_default() {
            quotes.pass(*byte, self.separator);
        }
        self.quotes.set(quotes);
        Ok(length)
    }
}

/// `="0012"` is how programs tell Excel that 0012 is a text; nothing else that begins like a formula is read as one.
fn value(field: &str) -> Value {
    let text = field.trim();
    let quoted = text.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    Value::text(quoted.filter(|inner| !inner.contains('"')).unwrap_or(text))
}

fn unreadable(error: csv::Error) -> ImportError {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => ImportError::NotText(Said::same(format!("{other:?}"))),
    }
}
