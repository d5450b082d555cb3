//! Which posting and which leader a month counts for, when they change within it.
//!
//! The days are calendar days: the roster of a month may not be known yet when it is asked for.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{Posting, Validity};
use crate::period::Period;

/// The postings by which the month is scored, in the order in which they were given.
///
/// On each day a person holds a set of postings (a leader who sells holds two). The set held on most days of the month
/// counts, of sets held equally long the one held later; days without any posting do not count. A posting that was
/// ended and given again in the same unit is the same posting: of its rows the last one is returned.
pub fn held_in(period: Period, postings: &[Posting]) -> Vec<&Posting> {
    let mut people: BTreeMap<i64, Vec<(usize, &Posting)>> = BTreeMap::new();
    for (index, posting) in postings.iter().enumerate() {
        people.entry(posting.employee_id).or_default().push((index, posting));
    }
    let held: BTreeMap<usize, &Posting> = people
        .into_values()
        .filter_map(|own| {
            longest(period, |day| {
                let held: Vec<_> =
                    own.iter().filter(|(_, posting)| posting.validity().covers(day)).copied().collect();
                let mut set: Vec<_> =
                    held.iter().map(|(_, posting)| (posting.position, posting.unit_id)).collect();
                set.sort_unstable();
                (!set.is_empty()).then_some((set, held))
            })
        })
        .flatten()
        .collect();
    held.into_values().collect()
}

/// Who leads a team for a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leadership {
    /// Id of the team.
    pub unit_id: i64,
    /// Id of its line leader.
    pub employee_id: i64,
}

/// Somebody leads a team from a day up to a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tenure {
    /// Which team, and who.
    pub leadership: Leadership,
    /// When.
    pub validity: Validity,
}

/// For each team who led it on most days of the month, of those who led it equally long the later one; by team.
pub fn led_in(period: Period, tenures: &[Tenure]) -> Vec<Leadership> {
    let mut teams: BTreeMap<i64, Vec<&Tenure>> = BTreeMap::new();
    for tenure in tenures {
        teams.entry(tenure.leadership.unit_id).or_default().push(tenure);
    }
    teams
        .into_values()
        .filter_map(|tenures| {
            longest(period, |day| {
                let tenure = tenures.iter().find(|tenure| tenure.validity.covers(day))?;
                Some((tenure.leadership.employee_id, tenure.leadership))
            })
        })
        .collect()
}

/// Of what `on` names for the days of the month, the one named for most days, of equals the one named later; as it was
/// named last.
fn longest<K: Ord, V>(period: Period, on: impl Fn(NaiveDate) -> Option<(K, V)>) -> Option<V> {
    let mut seen: BTreeMap<K, (u32, NaiveDate, V)> = BTreeMap::new();
    for day in period.first_day().iter_days().take_while(|day| *day < period.end()) {
        let Some((key, value)) = on(day) else { continue };
        let days = seen.get(&key).map_or(0, |(days, _, _)| *days);
        seen.insert(key, (days + 1, day, value));
    }
    // Different keys never share their last day, so the order is total.
    seen.into_values().max_by_key(|(days, last, _)| (*days, *last)).map(|(_, _, value)| value)
}

#[cfg(test)]
mod tests;
