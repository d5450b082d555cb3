//! Columns that are called the same: twins that say the same, parts of one total, or two of which nobody knows which is meant.

use super::{Header, HeaderColumn};
use crate::spreadsheets::import::ImportError;
use crate::spreadsheets::import::form::FormColumn;

/// Whether two columns may be called the same.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::spreadsheets) enum Twins {
    Refused,
    /// The one with the name that comes first is meant, but no two may have it.
    Ranked,
    /// The same, and of two that have it the left one.
    Passed,
    /// The one with the name that comes first is meant, and of two that have it the left one; the others have to say the
    /// same in every row.
    Compared,
}

impl Header {
    /// Of columns that are called the same in several groups (朗逸/交车, 途观/交车, 合计/交车) the one of the total: the others are
    /// parts of it.
    ///
    /// # Errors
    ///
    /// There is no total, and nobody has said that the parts are to be added up.
    pub(super) fn whole(&self, column: &FormColumn, at: usize) -> Result<usize, ImportError> {
        const TOTALS: &[&str] = &["合计", "总计", "小计", "汇总", "全部", "合计数", "总数", "总量"];
        let group = |at: usize| self.columns.get(at).and_then(|found| found.group.as_deref());
        let Some(own) = group(at) else { return Ok(at) };
        let is_called = |other: &usize| {
            let found = self.columns.get(*other).and_then(|found| found.rank(column, false));
            found.is_some_and(|(_, unit)| unit.is_none_or(|unit| column.takes(unit)))
        };
        let called = (0..self.columns.len()).filter(is_called).collect::<Vec<_>>();
        let Some(other) = called.iter().find(|other| group(**other).is_some_and(|group| group != own)) else {
            return Ok(at);
        };
        let is_total = |at: &&usize| group(**at).is_some_and(|group| TOTALS.contains(&group));
        called.iter().find(is_total).copied().ok_or_else(|| ImportError::DuplicateColumn {
            column: column.usual().to_owned(),
            first: self.shown(at).to_owned(),
            second: self.shown(*other).to_owned(),
        })
    }

    /// The other columns that are called like one that is read: they have to say the same. Those of several groups are parts.
    pub(in crate::spreadsheets::import) fn twins(&self, column: &FormColumn, at: usize) -> Vec<usize> {
        if column.twins != Twins::Compared {
            return Vec::new();
        }
        let is_twin = |(other, found): &(usize, &HeaderColumn)| {
            let unit = found.rank(column, false).map(|(_, unit)| unit);
            *other != at && unit.is_some_and(|unit| unit.is_none_or(|unit| column.takes(unit)))
        };
        let twins = self.columns.iter().enumerate().filter(is_twin);
        let group = |at: &usize| self.columns.get(*at).and_then(|found| found.group.as_deref());
        let (own, twins) = (group(&at), twins.map(|(other, _)| other).collect::<Vec<_>>());
        let is_part = |other: &usize| {
            let several = || twins.iter().filter_map(group).any(|one| Some(one) != group(other));
            group(other).is_some_and(|group| own.map_or_else(several, |own| own != group))
        };
        twins.iter().copied().filter(|other| !is_part(other)).collect()
    }
}
