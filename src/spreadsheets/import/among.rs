//! What rows say about each other: a record, or a person's month or day, stands there once; and where other rows say their
//! day or their record, none is without.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::layout::Layout;
use super::reading::{Key, Reading};
use super::{Fault, Line};

/// What stands once in a file.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Once {
    /// A record, whoever and whenever it is about: an order is not delivered by two people.
    Record(Box<str>),
    /// A person's month or day.
    Person(Box<str>, Option<NaiveDate>),
}

/// A column of days or of records.
struct Kept {
    at: usize,
    /// Whether any row has one.
    is_filled: bool,
    /// The rows before that have none.
    blank: Vec<u32>,
}

/// The rows of a table that have passed.
#[derive(Default)]
pub(super) struct Among {
    /// The row of each record, and of each person and day without one, and the name there until the row is told to have
    /// been repeated.
    rows_of: HashMap<Once, (u32, Option<Box<str>>)>,
    /// The columns of days and records.
    kept: Vec<Kept>,
    /// What is wrong with rows that were handed over as good.
    pub belated: Vec<Fault>,
}

impl Among {
    /// Looks whether a row fits those before; whom, and which day and record, it is about if that can be said.
    pub fn admit(
        &mut self,
        reading: &mut Reading<'_>,
        layout: &Layout<'_>,
        line: &Line,
        key: (Option<Box<str>>, Option<NaiveDate>, Option<Box<str>>),
    ) -> Option<Key> {
        let (employee_no, day, external_id) = key;
        for (at, is_there) in [(layout.day, day.is_some()), (layout.external_id, external_id.is_some())] {
            let Some(at) = at.filter(|_| !layout.form.is_export && !reading.is_faulty()) else {
                continue;
            };
            self.watch_blank(reading, layout.shown(at), at, is_there);
        }
        // Of a row whose day cannot be read nobody knows whether it stands there twice.
        if layout.day.is_some() && day.is_none() && reading.is_faulty() {
            return None;
        }
        let key = (employee_no?, day, external_id);
        let name = layout.name.map(|at| line.spread(at).shown()).unwrap_or_default();
        let once = match &key {
            (_, _, Some(id)) => Once::Record(id.clone()),
            (employee_no, day, None) => Once::Person(employee_no.clone(), *day),
        };
        if let Some((first, first_name)) = self.rows_of.get_mut(&once) {
            let (what, at) = match (&once, layout.external_id) {
                (Once::Record(_), Some(at)) => ("每个编号只出现一次，不论是谁的", at),
                _ if layout.day.is_some() => ("同一工号和日期只出现一次", layout.employee_no),
                _ => ("每个工号只出现一次", layout.employee_no),
            };
            let (found, column) = (line.spread(at).shown(), layout.shown(at));
            reading.fault(Some(column), &found, format!("{what}（第 {first} 行已有）"));
            // Neither is the right one more than the other, unless they are called differently: then the name will tell.
            if first_name.take_if(|first_name| **first_name == *name).is_some() {
                self.belated.push(Fault {
                    row: Some(*first),
                    column: Some(column.to_owned()),
                    found,
                    expected: format!("{what}（第 {} 行又有）", line.row),
                });
            }
            return None;
        }
        self.rows_of.insert(once, (line.row, Some(name.into())));
        Some(key)
    }

    /// Faults rows that say no day, or no record, in a table whose other rows do: without it, a row is the month's total,
    /// and goes before the days.
    fn watch_blank(&mut self, reading: &mut Reading<'_>, column: &str, at: usize, is_there: bool) {
        let expected = "有内容：其他行都有，空着会被当作全月合计";
        let place = self.kept.iter().position(|known| known.at == at).unwrap_or_else(|| {
            self.kept.push(Kept { at, is_filled: false, blank: Vec::new() });
            self.kept.len() - 1
        });
        let Some(kept) = self.kept.get_mut(place) else { return };
        match (is_there, kept.is_filled) {
            (false, true) => reading.fault(Some(column), "", expected),
            (false, false) => kept.blank.push(reading.row),
            (true, _) => {
                kept.is_filled = true;
                let belated = std::mem::take(&mut kept.blank).into_iter().map(|row| Fault {
                    row: Some(row),
                    column: Some(column.to_owned()),
                    found: String::new(),
                    expected: expected.to_owned(),
                });
                self.belated.extend(belated);
            }
        }
    }
}
