//! Text files: which encoding, which separator, and which row a record is in a spreadsheet.

use encoding_rs::{DecoderResult, Encoding, GB18030, UTF_8};

use super::header::{self, SEARCHED_ROWS};
use super::{ImportError, Line, Lines, MAX_COLUMNS, Value};

/// More separators than this in one physical line are refused before any field is looked at.
const MAX_SEPARATORS: usize = 16_384;

/// Decodes by the byte-order mark; without one, as UTF-8 if that is what the bytes are, else as GB18030. Every line
/// of the result ends in `\n`.
pub(super) fn decode(bytes: &[u8]) -> Result<String, ImportError> {
    let text = decode_any(bytes)?;
    if text.contains('\0') {
        return Err(ImportError::NotText("文件含有二进制内容".into()));
    }
    Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
}

fn decode_any(bytes: &[u8]) -> Result<String, ImportError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return decode_as(encoding, bytes.get(mark..).unwrap_or_default());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.to_owned()),
        Err(error) => {
            // A single bad byte in UTF-8 must not turn the whole file into GB18030 gibberish. GB18030 goes wrong as
            // UTF-8 within its first Chinese characters.
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let chinese =
                String::from_utf8_lossy(before).chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
            decode_as(if chinese { UTF_8 } else { GB18030 }, bytes)
        }
    }
}

fn decode_as(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, ImportError> {
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let undecodable = |line| ImportError::Undecodable { line, encoding: encoding.name() };
    let room =
        decoder.max_utf8_buffer_length_without_replacement(bytes.len()).ok_or(ImportError::TooLarge)?;
    let mut text = String::with_capacity(room);
    match decoder.decode_to_string_without_replacement(bytes, &mut text, true).0 {
        DecoderResult::InputEmpty => Ok(text),
        DecoderResult::Malformed(..) | DecoderResult::OutputFull => {
            Err(undecodable(text.bytes().filter(|byte| *byte == b'\n').count() + 1))
        }
    }
}

/// The lines of a text file as [`decode`] returns it. The separator is the one that gives the widest header row.
pub(super) fn lines(text: &str) -> Result<Box<Lines<'_>>, ImportError> {
    let mut best: Option<(usize, u8)> = None;
    let mut refusal = ImportError::NoHeader;
    for separator in [b',', b'\t', b';'] {
        let wide = |line: &str| line.bytes().filter(|byte| *byte == separator).count() > MAX_SEPARATORS;
        if text.split('\n').any(wide) {
            return Err(ImportError::TooManyColumns);
        }
        match header_width(records(text, separator)) {
            Ok(width) => best = best.max(width.map(|width| (width, separator))),
            Err(error) => refusal = error,
        }
    }
    let (_, separator) = best.ok_or(refusal)?;
    Ok(Box::new(records(text, separator)))
}

fn header_width(
    lines: impl Iterator<Item = Result<Line, ImportError>>,
) -> Result<Option<usize>, ImportError> {
    for line in lines {
        let line = line?;
        if line.row > SEARCHED_ROWS {
            break;
        }
        if header::names_employee_no(&line) {
            return Ok(Some(line.cells.len()));
        }
    }
    Ok(None)
}

/// Reads records, counting rows as a spreadsheet does: a quoted line break does not begin a row, a blank line is one.
fn records(text: &str, separator: u8) -> impl Iterator<Item = Result<Line, ImportError>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut record = csv::ByteRecord::new();
    let mut row = 0;
    std::iter::from_fn(move || {
        loop {
            let from = usize::try_from(reader.position().byte()).unwrap_or(text.len());
            match reader.read_byte_record(&mut record) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(ImportError::NotText(error.to_string()))),
            }
            // The reader passes over blank lines in silence.
            let ahead = text.as_bytes().get(from..).unwrap_or_default();
            row += 1 + ahead.iter().take_while(|byte| **byte == b'\n').count();
            let mut values = record.iter().map(|field| Value::text(&String::from_utf8_lossy(field)));
            let cells = values.by_ref().take(MAX_COLUMNS).collect();
            if values.any(|value| !value.is_blank()) {
                return Some(Err(ImportError::TooManyColumns));
            }
            match Line::new(row, cells, Some(record.len())) {
                Ok(None) => {}
                Ok(Some(line)) => return Some(Ok(line)),
                Err(error) => return Some(Err(error)),
            }
        }
    })
}
