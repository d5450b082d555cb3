//! What a workbook would unpack to, found out before it is opened.
//!
//! A workbook is a zip archive, and a small one can unpack to gigabytes. The sizes in its directory may lie, so every
//! part is inflated once, into nothing. Two parts are then looked at, because the reader trusts what they say about
//! themselves and would ask for memory without bound: no error handling survives a failed allocation.

use std::io::{self, Read, Seek, Write};

use zip::ZipArchive;

use super::{ImportError, MAX_UNPACKED_BYTES};

/// The most that the parts held in memory as a whole may unpack to: styles and shared texts.
const MAX_HELD_BYTES: u64 = 24 << 20;

/// The most memory that the styles may take once every cell format has its copies of fonts and number formats.
const MAX_STYLE_BYTES: usize = 48 << 20;

/// The most bytes without any markup: the reader holds such a text as a whole. A cell has 32,767 characters at the most.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// The most hidden rows that are counted.
const MAX_HIDDEN_ROWS: usize = 10_000;

/// Checks that the archive is sound and unpacks to no more than the reader can take. The rows that its worksheets hide: the
/// reader reads them like the others.
pub(crate) fn check(workbook: impl Read + Seek) -> Result<Vec<u32>, ImportError> {
    let broken = |error: &dyn std::fmt::Display| ImportError::NotAWorkbook(error.to_string());
    let mut archive = ZipArchive::new(workbook).map_err(|error| broken(&error))?;
    if archive.decompressed_size().is_some_and(|declared| declared > u128::from(MAX_UNPACKED_BYTES)) {
        return Err(ImportError::UnpacksTooLarge);
    }
    let mut left = MAX_UNPACKED_BYTES;
    let mut hidden = Vec::new();
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|error| broken(&error))?;
        let name = part.name().map_err(|error| broken(&error))?.to_ascii_lowercase();
        match name.as_str() {
            "xl/workbook.bin" => return Err(ImportError::OtherWorkbook(".xlsb")),
            "content.xml" => return Err(ImportError::OtherWorkbook(".ods")),
            _ => {}
        }
        let checked: Option<fn(&[u8]) -> bool> = match name.rsplit(['/', '\\']).next() {
            Some("sharedstrings.xml") => Some(reserves_too_much),
            Some("styles.xml") => Some(copies_too_much),
            _ => None,
        };
        let limit = if checked.is_some() { left.min(MAX_HELD_BYTES) } else { left };
        // One byte more than allowed tells too large from just fitting.
        let mut part = part.take(limit + 1);
        let mut held = Vec::new();
        let mut passed = Passed { watches_rows: name.contains("worksheets/"), ..Passed::default() };
        let size = match checked {
            Some(_) => {
                part.read_to_end(&mut held).and_then(|size| u64::try_from(size).map_err(io::Error::other))
            }
            None => io::copy(&mut part, &mut passed),
        };
        let size = size.map_err(|error| broken(&error))?;
        let is_page = name.ends_with(".xml") && passed.longest > MAX_TEXT_BYTES;
        if size > limit || is_page || checked.is_some_and(|too_much| too_much(&held)) {
            return Err(ImportError::UnpacksTooLarge);
        }
        left -= size;
        hidden.append(&mut passed.hidden);
    }
    Ok(hidden)
}

/// Forgets what passes by, but for the longest text without any markup and the rows that are hidden.
#[derive(Default)]
struct Passed {
    longest: usize,
    current: usize,
    watches_rows: bool,
    /// The beginning of the last tag, while it may be that of a row.
    tag: Vec<u8>,
    is_tag: bool,
    hidden: Vec<u32>,
}

/// So many bytes of a tag are looked at: a row's attributes are shorter.
const TAG_BYTES: usize = 512;

/// How the tag of a row begins.
const ROW: &[u8] = b"row ";

impl Passed {
    /// Looks at the tags of a piece of a worksheet.
    fn watch(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'<' => {
                    self.tag.clear();
                    self.is_tag = true;
                }
                b'>' if self.is_tag => {
                    self.is_tag = false;
                    let row = hidden_row(&self.tag).filter(|_| self.hidden.len() < MAX_HIDDEN_ROWS);
                    self.hidden.extend(row);
                }
                _ if self.is_tag && self.tag.len() < TAG_BYTES => {
                    self.tag.push(*byte);
                    self.is_tag = self.tag.len() != ROW.len() || self.tag == ROW;
                }
                _ => {}
            }
        }
    }
}

/// The number of the row that a tag hides: `row r="6" hidden="1"`.
fn hidden_row(tag: &[u8]) -> Option<u32> {
    let attributes = std::str::from_utf8(tag.strip_prefix(ROW)?).ok()?;
    let value = |name: &str| {
        let mut quoted = attributes.split_whitespace().filter_map(|one| one.split_once('='));
        quoted.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches(['"', '\'', '/']))
    };
    value("hidden").filter(|hidden| matches!(*hidden, "1" | "true"))?;
    value("r")?.parse().ok()
}

impl Write for Passed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.watches_rows {
            self.watch(bytes);
        }
        let mut pieces = bytes.split(|byte| *byte == b'<').map(<[u8]>::len);
        self.current += pieces.next().unwrap_or(0);
        self.longest = self.longest.max(self.current);
        for piece in pieces {
            self.current = piece;
            self.longest = self.longest.max(piece);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the shared texts claim to be more than their bytes can hold: the reader reserves room for so many.
fn reserves_too_much(part: &[u8]) -> bool {
    const COUNT: &[u8] = b"uniqueCount";
    // In another encoding than UTF-8 the search below would miss the claim.
    if part.contains(&0) {
        return true;
    }
    let mut rest = part;
    while let Some(at) = rest.windows(COUNT.len()).position(|window| window == COUNT) {
        rest = rest.get(at + COUNT.len()..).unwrap_or_default();
        let is_mark = |byte: &u8| byte.is_ascii_whitespace() || b"=\"'".contains(byte);
        let digits = rest.iter().skip_while(|byte| is_mark(byte)).take_while(|byte| byte.is_ascii_digit());
        let claimed = digits.fold(0_usize, |number, digit| {
            number.saturating_mul(10).saturating_add(usize::from(digit - b'0'))
        });
        // Each takes four bytes at the least: <si>.
        if claimed > part.len() / 4 {
            return true;
        }
    }
    false
}

/// Whether the styles multiply: each cell format gets copies of the texts that it refers to.
fn copies_too_much(part: &[u8]) -> bool {
    const OWN_BYTES: usize = 512;
    const COPIED_TEXTS: usize = 4;
    if part.contains(&0) {
        return true;
    }
    let longest = part.split(|byte| b"\"'<>".contains(byte)).map(<[u8]>::len).max().unwrap_or_default();
    let formats = part.windows(3).filter(|window| *window == b"<xf" || *window == b":xf").count();
    formats.saturating_mul(longest * COPIED_TEXTS + OWN_BYTES) > MAX_STYLE_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_texts_may_not_claim_more_than_they_hold() {
        let table = |count: &str| format!("<sst uniqueCount{count}>{}</sst>", "<si/>".repeat(100));
        assert!(!reserves_too_much(table("=\"100\"").as_bytes()));
        assert!(!reserves_too_much(table("=\"0\"").as_bytes()));
        for claim in ["=\"1000\"", " = '99999999999999999999999'", "=\"000000001000000000000\""] {
            assert!(reserves_too_much(table(claim).as_bytes()), "{claim}");
        }
        assert!(reserves_too_much(b"\xff\xfe<\0s\0s\0t\0"));
    }

    #[test]
    fn hidden_rows_are_known_wherever_the_pieces_end() {
        let sheet = "<sheetData><row r=\"5\"><c r=\"A5\"/></row><row r=\"6\" spans=\"1:3\" hidden=\"1\"><c/></row>\
                     <rowBreaks/><row hidden='true' r='17'/><col hidden=\"1\"/><row r=\"18\" hidden=\"0\"/></sheetData>";
        for size in 1..sheet.len() {
            let mut passed = Passed { watches_rows: true, ..Passed::default() };
            for piece in sheet.as_bytes().chunks(size) {
                assert_eq!(passed.write(piece).unwrap(), piece.len());
            }
            assert_eq!(passed.hidden, [6, 17], "{size}");
        }
    }

    #[test]
    fn styles_may_not_multiply_a_long_text() {
        let styles = |name: usize, formats: usize| {
            format!(
                "<font><name val=\"{}\"/></font>{}",
                "x".repeat(name),
                "<xf fontId=\"0\"/>".repeat(formats)
            )
        };
        assert!(!copies_too_much(styles(30, 60_000).as_bytes()));
        assert!(copies_too_much(styles(100_000, 1_000).as_bytes()));
    }
}
