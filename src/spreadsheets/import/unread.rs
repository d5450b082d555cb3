//! What a file has beside what is read from it. Where that is numbers for people, somebody has to say that it is not wanted
//! before anything goes in; the rest is only named.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::header::{EMPLOYEE_NO, HeaderColumn, NAME, is_unit, name, normal};
use super::layout::Layout;
use super::number::half_width;
use super::{Form, Line, Value};
use crate::said::{Language, Said};

/// Larger numbers are those of telephones, of cards and of milliseconds.
const MOST_DIGITS: usize = 9;

/// The first rows of a worksheet that is not read tell what it holds.
const LOOKED_AT: usize = 60;

/// From this likeness on, in percent, a header is said to be near to one that is known.
const NEAR: u8 = 60;

/// What a file has beside what is read from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unread {
    /// Columns, worksheets and rows of other months with numbers for people, which nobody has said to leave out; and columns
    /// of which it is in doubt what their numbers are.
    pub asked: Vec<UnreadColumn>,
    /// What else there is, by its name.
    pub others: Vec<Said>,
}

/// A column, a worksheet, or rows of other months, not read although people have numbers there; or a column that is read, and
/// of which it is in doubt what its numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadColumn {
    /// Its header as the file writes it, or what stands for it: by that name a mapping remembers it, in whatever language.
    pub column: String,
    /// The first row with a number there, as a spreadsheet numbers it.
    pub row: u32,
    /// That number; of other months, which, and how many rows of each.
    pub found: Said,
    /// The usual header of the column that may be meant.
    pub near: Option<String>,
    /// What is in doubt of a column that is read.
    pub doubt: Option<Said>,
}

impl UnreadColumn {
    /// What is not read.
    pub(super) fn unread(column: String, row: u32, found: Said) -> Self {
        Self { column, row, found, near: None, doubt: None }
    }

    /// What is read, and in doubt.
    pub(in crate::spreadsheets) fn doubted(column: String, row: u32, found: Said, doubt: Said) -> Self {
        Self { doubt: Some(doubt), ..Self::unread(column, row, found) }
    }

    /// What is sent to a reader.
    pub fn body(&self, language: Language) -> UnreadColumnBody {
        let Self { column, row, found, near, doubt } = self;
        let said = |said: &Said| said.in_language(language).to_owned();
        let (found, doubt) = (said(found), doubt.as_ref().map(said));
        UnreadColumnBody { column: column.clone(), row: *row, found, near: near.clone(), doubt }
    }
}

/// A column, a worksheet, or rows of other months, not read although people have numbers there; or a column that is read, and
/// of which it is in doubt what its numbers are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = UnreadColumn)]
pub struct UnreadColumnBody {
    /// Its header as the file writes it; a column without one has its letter, and a worksheet its name: `F 列（无表头）`,
    /// `工作表“明细”`. Rows that say that they are of other months stand together: `其他月份的行（月份）`. By this name, which is
    /// the same in every language, a saved mapping remembers it.
    pub column: String,
    /// The first row with a number there, as a spreadsheet numbers it.
    pub row: u32,
    /// That number; of other months, which, and how many rows of each: `2014-03（12 行）`.
    pub found: String,
    /// The usual header of the column that may be meant; null where none is like it.
    pub near: Option<String>,
    /// What is in doubt of a column that is read: its money may be in ten thousands, or its days no month's. Null of what is
    /// not read. Saved mappings do not remember it.
    pub doubt: Option<String>,
}

/// What becomes of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    /// It is known to be of no use, or somebody has said so.
    None,
    Unknown,
}

/// Looks out for numbers in the columns that are not read.
pub(super) struct Watch {
    uses: Vec<Use>,
    found: BTreeMap<usize, (u32, String)>,
}

impl Watch {
    pub fn new(layout: &Layout<'_>) -> Self {
        let of = |(at, column): (usize, &HeaderColumn)| match () {
            () if layout.reads(at) => Use::Read,
            () if is_no_use(layout.form, column) || layout.is_wanted(column) => Use::None,
            () if layout.form.ignores(&called(layout, at)) => Use::None,
            () => Use::Unknown,
        };
        Self { uses: layout.header.columns.iter().enumerate().map(of).collect(), found: BTreeMap::new() }
    }

    /// Looks at what a row has in columns that are not read; from a column on.
    pub fn look(&mut self, line: &Line, from: usize) {
        for (at, cell) in line.cells.iter().enumerate().skip(from) {
            // Most are read, so no number is looked at twice.
            let is_known = self.uses.get(at).is_some_and(|of| *of != Use::Unknown);
            if !is_known && !self.found.contains_key(&at) && is_number(cell) {
                self.found.insert(at, (line.row, cell.shown()));
            }
        }
    }

    pub fn done(self, layout: &Layout<'_>) -> Unread {
        let Self { uses, found } = self;
        let columns = layout.header.columns.iter().zip(&uses).enumerate();
        let others = columns.filter(|(at, (column, of))| {
            let is_named = !column.shown.is_empty() || layout.form.ignores(&called(layout, *at));
            **of != Use::Read && is_named && !found.contains_key(at)
        });
        let others = others.map(|(at, _)| Said::same(called(layout, at))).collect();
        let asked = found.into_iter().map(|(at, (row, found))| {
            let near = layout.header.columns.get(at).and_then(|column| near_header(layout, column));
            UnreadColumn { near, ..UnreadColumn::unread(called(layout, at), row, Said::same(found)) }
        });
        // Behind the last header there may be more columns, which somebody has said to leave out.
        let asked = asked.filter(|one| !layout.form.ignores(&one.column));
        Unread { asked: asked.collect(), others }
    }
}

/// What is said of a column: its header, or where it stands if it has none. A mapping remembers it by that.
fn called(layout: &Layout<'_>, at: usize) -> String {
    match layout.shown(at) {
        "" => format!("{} 列（无表头）", letters(at)),
        shown => shown.to_owned(),
    }
}

/// Whether a column is of no use whatever stands in it, or somebody has said so.
fn is_no_use(form: &Form, column: &HeaderColumn) -> bool {
    !column.is_beside && (column.is_about_else || (form.no_use)(&normal(&column.shown)))
        || form.ignores(&column.shown)
}

/// The known header that one may have been meant for: of a column that is looked for and is not there.
fn near_header(layout: &Layout<'_>, column: &HeaderColumn) -> Option<String> {
    let text = &name(&column.shown).text;
    let missing =
        layout.form.columns.iter().filter(|column| column.is_measured() && !layout.has(column.usual()));
    let likeness = missing.filter_map(|column| {
        let alike = column.keys.iter().filter_map(|key| likeness(text, key)).max()?;
        Some((alike, column.usual()))
    });
    let (_, usual) = likeness.filter(|(alike, _)| *alike >= NEAR).max_by_key(|(alike, _)| *alike)?;
    Some(usual.to_owned())
}

/// How near two headers in normal form are, in percent, below what counts as sure.
pub(in crate::spreadsheets) fn likeness(text: &str, word: &str) -> Option<u8> {
    let (given, own) = (text.chars().count(), word.chars().count());
    let (shorter, longer) = (given.min(own), given.max(own));
    if shorter < 2 {
        return None;
    }
    if text.contains(word) || word.contains(text) {
        // 60 where it is a small part, towards 85 where it is nearly all.
        return u8::try_from(60 + 25 * shorter / longer).ok();
    }
    let distance = strsim::damerau_levenshtein(text, word);
    (distance * 3 <= longer).then(|| u8::try_from(80 - 60 * distance / longer).ok()).flatten()
}

/// Whether a cell has a number that may be somebody's: not 0, no code with zeros before it, no percentage.
fn is_number(cell: &Value) -> bool {
    match cell {
        Value::Number(number) => *number != 0.0 && number.abs() < 1e9,
        Value::Text(text) => is_written_number(text),
        Value::Blank | Value::Other(_) => false,
    }
}

fn is_written_number(text: &str) -> bool {
    let text: String = text.chars().map(half_width).collect();
    let text = text.trim().trim_start_matches(['¥', '-', '+', '\'']).trim_start();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = normal(unit);
    let whole = number.split('.').next().unwrap_or_default();
    let is_code = whole.len() > 1 && whole.starts_with('0');
    let is_sized = whole.bytes().filter(u8::is_ascii_digit).count() <= MOST_DIGITS;
    let is_measured = unit.is_empty() || unit != "%" && is_unit(&unit);
    number.contains(|c: char| ('1'..='9').contains(&c)) && !is_code && is_sized && is_measured
}

/// What a spreadsheet calls a column, counted from 0: A, Z, AA.
fn letters(at: usize) -> String {
    let last = u8::try_from(at % 26).map_or('?', |letter| char::from(b'A' + letter));
    match at / 26 {
        0 => last.to_string(),
        before => format!("{}{last}", letters(before - 1)),
    }
}

/// What is called for a worksheet.
pub(super) fn worksheet(name: &str) -> String {
    format!("工作表“{name}”")
}

/// Looks at the lines of a worksheet while somebody finds out whether it is the one that is wanted: whether it has numbers
/// for people.
#[derive(Default)]
pub(super) struct Sighting {
    looked: usize,
    header: Option<(usize, Line)>,
    found: Option<(u32, String)>,
}

impl Sighting {
    pub fn look(&mut self, form: &Form, line: &Line) {
        self.looked += 1;
        if self.looked > LOOKED_AT || self.found.is_some() {
            return;
        }
        let is_person = |cell: &Value| {
            let text = name(&cell.shown()).text;
            form.names_person(cell) || EMPLOYEE_NO.contains(&text.as_str()) || NAME.contains(&text.as_str())
        };
        let Some((person, header)) = &self.header else {
            let person = line.cells.iter().position(is_person);
            self.header = person.map(|at| (at, line.clone()));
            return;
        };
        if line.cell(*person).is_blank() {
            return;
        }
        let cells = line.cells.iter().enumerate().filter(|(_, cell)| is_number(cell));
        let mut unknown = cells.filter(|(at, _)| {
            let shown = header.cell(*at).shown();
            at != person && !is_person(header.cell(*at)) && !(form.no_use)(&normal(&shown))
        });
        self.found = unknown.next().map(|(_, cell)| (line.row, cell.shown()));
    }

    /// Whether nothing stands there.
    pub fn is_blank(&self) -> bool {
        self.looked == 0
    }

    /// The worksheet as one that is not read: what is asked of whoever imports the file, if anything is.
    pub fn asks(&self, form: &Form, worksheet_name: &str) -> Option<UnreadColumn> {
        let column = worksheet(worksheet_name);
        let is_known = (form.no_use)(&normal(&column)) || form.ignores(&column);
        let (row, found) = self.found.clone().filter(|_| !is_known)?;
        Some(UnreadColumn::unread(column, row, Said::same(found)))
    }
}
