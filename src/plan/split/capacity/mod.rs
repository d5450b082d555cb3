//! How much of each month somebody can work: the weights of a split by capacity.

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::Calendar;
use crate::period::Period;
use crate::said::{Said, said_errors, say};

/// Most months of a ramp.
pub const MAX_RAMP: usize = 60;

/// When somebody is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Working {
    /// The day of joining; before it there is no capacity, whatever the postings say.
    pub joined: NaiveDate,
    /// The postings in the unit: from a day up to, not including, another, or open.
    pub postings: Vec<(NaiveDate, Option<NaiveDate>)>,
    /// Leave of any kind: its first and its last day.
    pub away: Vec<(NaiveDate, NaiveDate)>,
}

impl Working {
    /// Whether `day` is within a posting and not within a leave. Before joining, the ramp is 0.
    fn is_there(&self, day: NaiveDate) -> bool {
        let posted =
            |(from, to): &(NaiveDate, Option<NaiveDate>)| *from <= day && to.is_none_or(|to| day < to);
        let away = |(first, last): &(NaiveDate, NaiveDate)| *first <= day && day <= *last;
        self.postings.iter().any(posted) && !self.away.iter().any(away)
    }
}

/// What a newcomer can do of an experienced colleague's work: percent in the first, second … month since joining, and
/// 100 in the months after these.
///
/// A month here begins on the day of joining: who joins on 15 March is in the second month from 15 April. Where a month
/// has no such day, the next one begins on its last day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "Vec<u32>", into = "Vec<u32>")]
#[schema(value_type = Vec<crate::http::bounds::Percent>, example = json!([30, 60, 80]), max_items = 60)]
pub struct Ramp(Vec<u32>);

/// Why percentages are no ramp.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RampError {
    /// More than 100 percent.
    Percent {
        /// The month since joining, from 1.
        month: usize,
        /// What was found.
        percent: u32,
    },
    /// Too many months.
    TooLong(usize),
}

impl RampError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Percent { month, percent } => say!(
                "新人第 {month} 个月应为 0 到 100（%），而不是 {percent}",
                "month {month} of the ramp: expected 0 to 100 percent, not {percent}"
            ),
            Self::TooLong(months) => say!(
                "新人爬坡最多 60 个月，而不是 {months} 个",
                "the ramp: expected at most 60 months, not {months}"
            ),
        }
    }
}

said_errors!(RampError);

impl Ramp {
    /// The ramp with these percentages, each 0 to 100; none: everybody counts in full from the first day.
    ///
    /// # Errors
    ///
    /// [`RampError`], naming the month.
    pub fn new(percent: Vec<u32>) -> Result<Self, RampError> {
        if percent.len() > MAX_RAMP {
            return Err(RampError::TooLong(percent.len()));
        }
        match percent.iter().zip(1..).find(|(percent, _)| **percent > 100) {
            Some((&percent, month)) => Err(RampError::Percent { month, percent }),
            None => Ok(Self(percent)),
        }
    }

    /// The percentage on `day` of somebody who joined on `joined`; 0 before that day.
    pub fn percent(&self, joined: NaiveDate, day: NaiveDate) -> u32 {
        if day < joined {
            return 0;
        }
        // The months whose beginning has come; those after the ramp do not matter.
        let begun =
            |month: &u32| joined.checked_add_months(Months::new(*month)).is_some_and(|from| from <= day);
        let elapsed = (1..).take(self.0.len()).take_while(begun).count();
        self.0.get(elapsed).copied().unwrap_or(100)
    }
}

impl Default for Ramp {
    /// 30, 60 and 80 percent: what a plan begins with until a store knows its own.
    fn default() -> Self {
        Self(vec![30, 60, 80])
    }
}

impl TryFrom<Vec<u32>> for Ramp {
    /// In both languages: what reads it carries nothing but a text.
    type Error = String;

    fn try_from(percent: Vec<u32>) -> Result<Self, String> {
        Self::new(percent).map_err(|error| error.said().joined())
    }
}

impl From<Ramp> for Vec<u32> {
    fn from(ramp: Ramp) -> Self {
        ramp.0
    }
}

/// What `working` can do in each month of `year`, January first, in percent-days: the sum of the ramp's percentage over
/// the working days on which the person is posted and not away. A full month of 21 working days is 2100.
///
/// Postings or leaves that overlap count a day once; one that ends before it begins counts nothing. A year outside 1900
/// to 2999 has no capacity.
pub fn capacity(working: &Working, ramp: &Ramp, calendar: &Calendar, year: i32) -> [u64; 12] {
    let mut months = [0; 12];
    for (sum, month) in months.iter_mut().zip(Period::months_of(year)) {
        let days = month.first_day().iter_days().take_while(|day| day.month() == month.month());
        let there = days.filter(|day| calendar.is_working(*day) && working.is_there(*day));
        *sum = there.map(|day| u64::from(ramp.percent(working.joined, day))).sum();
    }
    months
}

#[cfg(test)]
mod tests;
