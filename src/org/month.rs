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
mod tests {
    use super::*;

    fn march() -> Period {
        Period::new(2014, 3).unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn tenure(unit_id: i64, employee_id: i64, from: &str, to: &str) -> Tenure {
        let validity = Validity { from: day(from), to: (!to.is_empty()).then(|| day(to)) };
        Tenure { leadership: Leadership { unit_id, employee_id }, validity }
    }

    #[test]
    fn a_team_is_led_by_who_led_it_on_most_days() {
        let tenures = [
            // 1–10 and 21–31 against 11–20: 21 days to 10.
            tenure(2, 5, "2014-01-01", "2014-03-11"),
            tenure(2, 6, "2014-03-11", "2014-03-21"),
            tenure(2, 5, "2014-03-21", ""),
            // 15 days each, nobody on the 1st: the later one.
            tenure(1, 9, "2014-03-17", ""),
            tenure(1, 8, "2014-03-02", "2014-03-17"),
            // Not in March.
            tenure(3, 7, "2014-04-01", ""),
        ];
        let led = led_in(march(), &tenures);
        assert_eq!(
            led,
            [Leadership { unit_id: 1, employee_id: 9 }, Leadership { unit_id: 2, employee_id: 5 }]
        );
    }
}
