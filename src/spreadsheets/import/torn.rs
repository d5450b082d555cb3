//! Numbers that their own thousands separators have torn: `9,600` without quotes in a text whose fields commas part.
//!
//! Mostly the row then has a field too many. Where another one has been lost, it has as many as the header, and only what
//! the other rows have shows it: the row is then in doubt, and never read as if nothing were. Where nothing speaks for it,
//! 10 and 600 beside each other are two numbers.

use super::layout::Layout;
use super::{Fault, Line, MAX_FAULTS, Value};
use crate::said::{Said, say};

/// What nobody sells a hundred of in a month.
const FEW: &[&str] =
    &["deliveries", "orders", "insurance_policies", "loans", "trade_ins", "second_follow_ups"];

/// A number is not torn where it would be so many times what anybody else has.
const TIMES: u64 = 10;

/// Whether two cells look like one number: 9 and 600, ¥48 and 450.00.
pub(super) fn is_torn(line: &Line) -> bool {
    (0..line.cells.len()).any(|at| pair(line, at).is_some())
}

/// The number that the cells at a place and behind it would make.
fn pair(line: &Line, at: usize) -> Option<u64> {
    let (Value::Text(first), Value::Text(second)) = (line.cell(at), line.cell(at + 1)) else { return None };
    let first = first.trim_start_matches(['¥', '￥']).trim_start();
    let second = second.trim_end_matches('元').trim_end();
    let (whole, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let begins = first.len() <= 3 && is_number(first) && !first.starts_with('0');
    let goes_on = whole.len() == 3 && is_number(whole) && is_number(fraction);
    if begins && goes_on { format!("{first}{whole}").parse().ok() } else { None }
}

/// What is seen in the rows of a table, until all of them are.
#[derive(Default)]
pub(super) struct Torn {
    columns: Vec<Seen>,
    suspects: Vec<Suspect>,
}

/// What a column has in the rows that are not in doubt.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// The largest number, without its fraction.
    most: u64,
    has_words: bool,
}

/// A row in doubt.
struct Suspect {
    row: u32,
    at: usize,
    whole: u64,
    found: String,
    /// The last column in which the row has anything, where that is a number.
    last_number: Option<usize>,
    begins_with_zero: bool,
    /// The row has fewer fields than the header, as it would without the comma within the number, too.
    is_short: bool,
}

impl Torn {
    /// Looks at a row that has no more fields than the header, which has so many.
    pub fn look(&mut self, line: &Line, width: usize) {
        if !line.is_parted_by_commas || self.suspects.len() > MAX_FAULTS {
            return;
        }
        let last = line.cells.len().saturating_sub(1);
        let last_number = whole(line.cell(last)).map(|_| last);
        let before = self.suspects.len();
        for at in 0..last {
            let Some(whole) = pair(line, at) else { continue };
            let (first, second) = (line.cell(at).shown(), line.cell(at + 1).shown());
            self.suspects.push(Suspect {
                row: line.row,
                at,
                whole,
                begins_with_zero: second.starts_with('0'),
                is_short: line.fields.is_some_and(|fields| fields < width),
                found: format!("{first},{second}"),
                last_number,
            });
        }
        if self.columns.len() < line.cells.len() {
            self.columns.resize(line.cells.len(), Seen::default());
        }
        // From a number on that may be torn, nobody knows what stands under which header.
        let known = self.suspects.get(before).map_or(usize::MAX, |suspect| suspect.at);
        for (at, (seen, cell)) in self.columns.iter_mut().zip(&line.cells).enumerate() {
            match whole(cell) {
                Some(number) if at < known => seen.most = seen.most.max(number),
                Some(_) => {}
                None => seen.has_words |= matches!(cell, Value::Text(_)),
            }
        }
    }

    /// What is wrong with the rows of which something speaks for it.
    pub fn faults(self, layout: &Layout<'_>) -> Vec<Fault> {
        let Self { columns, suspects } = self;
        let seen = |at: usize| columns.get(at).copied().unwrap_or_default();
        let measured = |at: usize| layout.measured.iter().find(|read| read.at == at).map(|read| read.column);
        let is_number = |at: usize| measured(at).is_some() || !layout.reads(at);
        let is_torn = |one: &Suspect| {
            let (first, second) = (seen(one.at), seen(one.at + 1));
            let is_few = || {
                let metric = measured(one.at + 1).and_then(|column| column.metric());
                metric.is_some_and(|metric| FEW.contains(&metric))
            };
            let is_usual = first.most >= 1000 && one.whole <= first.most.saturating_mul(TIMES);
            // Where the others have words, this row has a number: everything has moved on.
            let has_moved = one.last_number.is_some_and(|last| {
                last > one.at && !layout.reads(last) && seen(last).has_words && seen(last).most == 0
            });
            let is_money = measured(one.at).is_some_and(|column| column.is_money());
            one.begins_with_zero && measured(one.at + 1).is_some()
                || is_usual && second.most < 100
                || has_moved
                || is_money && is_few() && second.most < 100
                || is_money && one.is_short
        };
        let suspects = suspects.into_iter().filter(|one| is_number(one.at) && is_number(one.at + 1));
        let faults = suspects.filter(is_torn).map(|one| Fault {
            row: Some(one.row),
            column: Some(layout.shown(one.at).to_owned()),
            expected: say!(
                "像是一个没有加引号的数 {}，被逗号拆成了两列：请加引号；如果确实是两列各自的数，请把前一个写成 {}.0",
                "no number that its comma has parted: {} needs quotes; if these are two numbers, write the first as {}.0",
                one.found,
                one.found.split(',').next().unwrap_or_default(),
            ),
            found: Said::same(one.found),
        });
        faults.collect()
    }
}

/// A number without its fraction.
fn whole(cell: &Value) -> Option<u64> {
    let Value::Text(text) = cell else { return None };
    let text = text.trim_start_matches(['¥', '￥']).trim_end_matches('元').trim();
    let whole = text.split('.').next().filter(|whole| whole.starts_with(|c: char| c.is_ascii_digit()))?;
    whole
        .chars()
        .filter(|c| !matches!(c, ',' | '，'))
        .try_fold(0_u64, |number, c| number.checked_mul(10)?.checked_add(c.to_digit(10)?.into()))
}
