//! What rows say about each other: a record, or a person's month or day, stands there once; and where other rows say their
//! day or their record, none is without.

use std::collections::HashMap;

use chrono::NaiveDate;

use super::header::normal;
use super::layout::Layout;
use super::reading::{Key, Reading};
use super::{Fault, Line};
use crate::said::{Said, say};

/// What stands once in a file.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Once {
    /// A record, whoever and whenever it is about: an order is not delivered by two people.
    Record(Box<str>),
    /// A person's month or day, or a part of it.
    Person(Box<str>, Option<NaiveDate>, Option<Box<str>>),
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
        let mut kept = vec![(layout.day, day.is_some()), (layout.external_id, external_id.is_some())];
        kept.extend(layout.parts.iter().map(|at| (Some(*at), !line.spread(*at).is_blank())));
        for (at, is_there) in kept {
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
        let parts =
            || layout.parts.iter().map(|at| normal(&line.spread(*at).shown())).collect::<Vec<_>>().join("/");
        let part = layout.is_in_parts().then(|| parts().into_boxed_str());
        let name = layout.name.map(|at| line.spread(at).shown()).unwrap_or_default();
        let once = match &key {
            (_, _, Some(id)) => Once::Record(id.clone()),
            (employee_no, day, None) => Once::Person(employee_no.clone(), *day, part),
        };
        if let Some((first, first_name)) = self.rows_of.get_mut(&once) {
            let ((zh, en), at) = match (&once, layout.external_id) {
                (Once::Record(_), Some(at)) => {
                    (("每个编号只出现一次，不论是谁的", "each id once, whoever it is of"), at)
                }
                _ if layout.is_in_parts() => {
                    (("同一个人的每一类只出现一次", "each part of a person once"), layout.employee_no)
                }
                _ if layout.day.is_some() => {
                    (("同一工号和日期只出现一次", "each employee number and day once"), layout.employee_no)
                }
                _ => (("每个工号只出现一次", "each employee number once"), layout.employee_no),
            };
            let (found, column) = (line.spread(at).shown(), layout.shown(at));
            let expected = say!("{zh}（第 {first} 行已有）", "{en} (row {first} has it already)");
            reading.fault(Some(column), &found, expected);
            // Neither is the right one more than the other, unless they are called differently: then the name will tell.
            if first_name.take_if(|first_name| **first_name == *name).is_some() {
                self.belated.push(Fault {
                    row: Some(*first),
                    column: Some(column.to_owned()),
                    found: Said::same(found),
                    expected: say!("{zh}（第 {} 行又有）", "{en} (row {} has it again)", line.row),
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
        let expected = || {
            say!(
                "有内容：其他行都有，空着会被当作全月合计",
                "something, as in the other rows: without it, the row would be taken for the month's total"
            )
        };
        let place = self.kept.iter().position(|known| known.at == at).unwrap_or_else(|| {
            self.kept.push(Kept { at, is_filled: false, blank: Vec::new() });
            self.kept.len() - 1
        });
        let Some(kept) = self.kept.get_mut(place) else { return };
        match (is_there, kept.is_filled) {
            (false, true) => reading.fault(Some(column), "", expected()),
            (false, false) => kept.blank.push(reading.row),
            (true, _) => {
                kept.is_filled = true;
                let belated = std::mem::take(&mut kept.blank).into_iter().map(|row| Fault {
                    row: Some(row),
                    column: Some(column.to_owned()),
                    found: Said::same(""),
                    expected: expected(),
                });
                self.belated.extend(belated);
            }
        }
    }
}
