//! Which leader a month counts for, when it changes within it. (Which postings do, says the database's `posting_held`.)
//!
//! The days are calendar days: the roster of a month may not be known yet when it is asked for.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::Validity;
use crate::period::Period;

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
    let mut teams: BTreeMap<i64, BTreeMap<i64, (u32, NaiveDate)>> = BTreeMap::new();
    for day in period.first_day().iter_days().take_while(|day| *day < period.end()) {
        for tenure in tenures.iter().filter(|tenure| tenure.validity.covers(day)) {
            let Leadership { unit_id, employee_id } = tenure.leadership;
            let (days, last) = teams.entry(unit_id).or_default().entry(employee_id).or_default();
            (*days, *last) = (*days + 1, day);
        }
    }
    // Nobody leads a team on the last day of somebody else, so the order is total.
    let longest = |leaders: BTreeMap<i64, _>| leaders.into_iter().max_by_key(|(_, spent)| *spent);
    let led = teams.into_iter().filter_map(|(unit_id, leaders)| {
        let (employee_id, _) = longest(leaders)?;
        Some(Leadership { unit_id, employee_id })
    });
    led.collect()
}

#[cfg(test)]
mod tests;
