//! What a workbook would unpack to, found out before it is opened.
//!
//! A workbook is a zip archive, and a small one can unpack to gigabytes. The sizes in its directory may lie, so every
//! part is inflated once, into nothing. Two parts are then looked at, because the reader trusts what they say about
//! themselves and would ask for memory without bound: no error handling survives a failed allocation. What the reader does
//! not tell of a worksheet, or only by inflating it once more, is noted as it passes: hidden rows and columns, and merged
//! cells.

use std::collections::HashMap;
use std::io::{self, Read, Seek, Write};

use zip::ZipArchive;

use super::{ImportError, MAX_UNPACKED_BYTES};
use crate::said::Said;

/// The most that the parts held in memory as a whole may unpack to: styles and shared texts.
const MAX_HELD_BYTES: u64 = 24 << 20;

/// The most memory that the styles may take once every cell format has its copies of fonts and number formats.
const MAX_STYLE_BYTES: usize = 48 << 20;

/// The most bytes without any markup: the reader holds such a text as a whole. A cell has 32,767 characters at the most.
const MAX_TEXT_BYTES: usize = 4 << 20;

/// The most hidden rows, hidden columns and merged cells of a worksheet that are noted.
const MAX_NOTED: usize = 200_000;

/// What passes by of a worksheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// The rows that it hides, which are read like the others.
    pub hidden_rows: Vec<u32>,
    /// The columns that it hides: the first and the last of each run, counted from 0.
    pub hidden_columns: Vec<(usize, usize)>,
    /// Its cells that are merged over several rows.
    pub merged: Vec<Merged>,
}

/// A cell that is merged over several rows, counted from 1, and where it begins among the columns, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Merged {
    pub first_row: u32,
    pub last_row: u32,
    pub column: usize,
}

/// Checks that the archive is sound and unpacks to no more than the reader can take. Its worksheets, in the order in which
/// the workbook lists them.
pub(crate) fn check(workbook: impl Read + Seek) -> Result<Vec<Page>, ImportError> {
    let broken = |error: &dyn std::fmt::Display| ImportError::NotAWorkbook(Said::same(error.to_string()));
    let mut archive = ZipArchive::new(workbook).map_err(|error| broken(&error))?;
    if archive.decompressed_size().is_some_and(|declared| declared > u128::from(MAX_UNPACKED_BYTES)) {
        return Err(ImportError::UnpacksTooLarge);
    }
    let mut left = MAX_UNPACKED_BYTES;
    let (mut pages, mut list, mut targets) = (HashMap::new(), Vec::new(), Vec::new());
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
            // What they say is only where the worksheets are.
            Some("workbook.xml" | "workbook.xml.rels") => Some(|_: &[u8]| false),
            _ => None,
        };
        let limit = if checked.is_some() { left.min(MAX_HELD_BYTES) } else { left };
        // One byte more than allowed tells too large from just fitting.
        let mut part = part.take(limit + 1);
        let mut held = Vec::new();
        let mut passed = Passed { is_page: name.contains("worksheets/"), ..Passed::default() };
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
        match name.as_str() {
            "xl/workbook.xml" => list = attributes_of(&held, "sheet", &["r:id"]),
            "xl/_rels/workbook.xml.rels" => targets = attributes_of(&held, "Relationship", &["Id", "Target"]),
            _ if passed.is_page => drop(pages.insert(name, passed.page)),
            _ => {}
        }
    }
    let mut page = |sheet: Vec<String>| {
        let target =
            targets.iter().find(|target| target.first() == sheet.first())?.get(1)?.to_ascii_lowercase();
        let name = target.strip_prefix('/').map_or_else(|| format!("xl/{target}"), str::to_owned);
        pages.remove(&name)
    };
    Ok(list.into_iter().map(|sheet| page(sheet).unwrap_or_default()).collect())
}

/// Some attributes of every tag of a name, in the order in which these are asked for; empty where one is not there.
fn attributes_of(part: &[u8], tag: &str, names: &[&str]) -> Vec<Vec<String>> {
    let text = String::from_utf8_lossy(part);
    let tags = text.split('<').filter_map(|rest| {
        let (name, attributes) = rest.split('>').next()?.split_once(char::is_whitespace)?;
        (name.rsplit(':').next() == Some(tag)).then(|| attributes.to_owned())
    });
    let values = |attributes: String| {
        let value = |name: &&str| attribute(&attributes, name).unwrap_or_default().to_owned();
        names.iter().map(value).collect()
    };
    tags.map(values).collect()
}

/// The value of an attribute without spaces.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut quoted = attributes.split_whitespace().filter_map(|one| one.split_once('='));
    quoted
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value.trim_end_matches('/').trim_matches(['"', '\'']))
}

/// Forgets what passes by, but for the longest text without any markup and what is noted of a worksheet.
#[derive(Default)]
struct Passed {
    longest: usize,
    current: usize,
    is_page: bool,
    /// The beginning of the last tag, while it may be one that is noted.
    tag: Vec<u8>,
    is_tag: bool,
    page: Page,
}

/// So many bytes of a tag are looked at: a row's attributes are shorter.
const TAG_BYTES: usize = 512;

/// How the tags begin that are noted.
const ROW: &[u8] = b"row ";
const COLUMN: &[u8] = b"col ";
const MERGED: &[u8] = b"mergeCell ";

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
                    self.note();
                }
                // Some programs write x:row.
                b':' if self.is_tag && !self.tag.contains(&b' ') => self.tag.clear(),
                _ if self.is_tag && self.tag.len() < TAG_BYTES => {
                    self.tag.push(*byte);
                    self.is_tag = self.tag.len() != ROW.len()
                        || [ROW, COLUMN].contains(&self.tag.as_slice())
                        || MERGED.starts_with(&self.tag);
                }
                _ => {}
            }
        }
    }

    fn note(&mut self) {
        let Page { hidden_rows, hidden_columns, merged } = &mut self.page;
        if hidden_rows.len() < MAX_NOTED {
            hidden_rows.extend(hidden_row(&self.tag));
        }
        if hidden_columns.len() < MAX_NOTED {
            hidden_columns.extend(hidden_columns_of(&self.tag));
        }
        if merged.len() < MAX_NOTED {
            merged.extend(merged_cell(&self.tag));
        }
    }
}

/// The number of the row that a tag hides: `row r="6" hidden="1"`.
fn hidden_row(tag: &[u8]) -> Option<u32> {
    let attributes = std::str::from_utf8(tag.strip_prefix(ROW)?).ok()?;
    attribute(attributes, "hidden").filter(|hidden| matches!(*hidden, "1" | "true"))?;
    attribute(attributes, "r")?.parse().ok()
}

/// The columns that a tag hides: `col min="3" max="5" hidden="1"`.
fn hidden_columns_of(tag: &[u8]) -> Option<(usize, usize)> {
    let attributes = std::str::from_utf8(tag.strip_prefix(COLUMN)?).ok()?;
    attribute(attributes, "hidden").filter(|hidden| matches!(*hidden, "1" | "true"))?;
    let place = |name: &str| attribute(attributes, name)?.parse::<usize>().ok()?.checked_sub(1);
    Some((place("min")?, place("max")?))
}

/// The cell that a tag merges, if over several rows: `mergeCell ref="A1:B3"`.
fn merged_cell(tag: &[u8]) -> Option<Merged> {
    let attributes = std::str::from_utf8(tag.strip_prefix(MERGED)?).ok()?;
    let (first, last) = attribute(attributes, "ref")?.split_once(':')?;
    let ((column, first_row), (_, last_row)) = (place(first)?, place(last)?);
    (last_row > first_row).then_some(Merged { first_row, last_row, column })
}

/// The column, counted from 0, and the row, counted from 1, that `B3` names.
fn place(cell: &str) -> Option<(usize, u32)> {
    let (letters, row) = cell.split_at_checked(cell.find(|c: char| c.is_ascii_digit())?)?;
    let letter = |letter: u8| letter.is_ascii_uppercase().then(|| usize::from(letter - b'A') + 1);
    let column =
        letters.bytes().try_fold(0_usize, |column, byte| column.checked_mul(26)?.checked_add(letter(byte)?));
    Some((column?.checked_sub(1)?, row.parse().ok()?))
}

impl Write for Passed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_page {
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
    fn hidden_rows_and_merged_cells_are_known_wherever_the_pieces_end() {
        let sheet = "<sheetData><row r=\"5\"><c r=\"A5\"/></row><row r=\"6\" spans=\"1:3\" hidden=\"1\"><c/></row>\
                     <rowBreaks/><x:row hidden='true' r='17'/><col min=\"3\" max=\"5\" width=\"0\" hidden=\"1\"/>\
                     <x:col min='7' max='7'/><row r=\"18\" hidden=\"0\"/></sheetData>\
                     <mergeCells><mergeCell ref=\"AB2:AC4\"/><mergeCell ref=\"A1:F1\"/></mergeCells>";
        for size in 1..sheet.len() {
            let mut passed = Passed { is_page: true, ..Passed::default() };
            for piece in sheet.as_bytes().chunks(size) {
                assert_eq!(passed.write(piece).unwrap(), piece.len());
            }
            assert_eq!(passed.page.hidden_rows, [6, 17], "{size}");
            assert_eq!(passed.page.hidden_columns, [(2, 4)], "{size}");
            assert_eq!(passed.page.merged, [Merged { first_row: 2, last_row: 4, column: 27 }], "{size}");
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
