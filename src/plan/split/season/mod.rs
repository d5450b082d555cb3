//! Last year's seasonal weights moved to where the Spring Festival 春节 falls in the planned year.
//!
//! The festival moves between 21 January and 20 February, and the showroom is quiet from its first day on. Weights of a
//! year in which it was in January make January too small in a year in which it is in February.

use crate::said::{Said, said_errors, say};
use chrono::{Datelike, Days, NaiveDate};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Longest quiet window in days.
pub const MAX_DAYS: u32 = 45;

/// The most that a season weighs.
const MAX_SEASON: u64 = 12_000_000_000_000;

/// The festival in the two years.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FestivalShift {
    /// The festival's day in the year that the weights come from.
    #[garde(skip)]
    #[schema(example = "2013-02-10")]
    pub from: NaiveDate,
    /// The festival's day in the planned year.
    #[garde(skip)]
    #[schema(example = "2014-01-31")]
    pub to: NaiveDate,
    /// Length of the quiet window, 1 to 45 days, which begins on the festival's day.
    #[garde(range(min = 1, max = MAX_DAYS))]
    #[schema(minimum = 1, maximum = 45, example = 15)]
    pub days: u32,
    /// How much of the season's weight the window as a whole takes away, in the season's own units.
    #[garde(range(max = MAX_SEASON))]
    #[schema(maximum = 12_000_000_000_000_i64, example = 300)]
    pub weight: u64,
}

impl FestivalShift {
    /// Whether window and weight are within their bounds, for who does not send a body.
    fn check(&self) -> Result<(), SeasonError> {
        match self {
            Self { days, .. } if !(1..=MAX_DAYS).contains(days) => Err(SeasonError::Days(*days)),
            Self { weight, .. } if *weight > MAX_SEASON => Err(SeasonError::Weight(*weight)),
            _ => Ok(()),
        }
    }
}

/// Why weights cannot be moved. `month` is 1 to 12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeasonError {
    /// The window has a length.
    Days(u32),
    /// The window takes away more than any season has.
    Weight(u64),
    /// The window ends after the last day that there is.
    Day {
        /// `from` or `to`.
        field: &'static str,
        /// The festival's day.
        day: NaiveDate,
        /// Length of the window.
        days: u32,
    },
    /// A month would have less than nothing.
    Below {
        /// The month.
        month: u32,
        /// Its weight and what it gains, times the days of the window.
        has: u128,
        /// What it loses, times the days of the window.
        loses: u128,
        /// Length of the window.
        days: u32,
    },
    /// A weight passes `u64::MAX`.
    TooLarge {
        /// The month.
        month: u32,
    },
}

impl SeasonError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Days(days) => {
                say!("days 应为 1 到 45，而不是 {days}", "days: expected 1 to 45, not {days}")
            }
            Self::Weight(weight) => {
                say!(
                    "weight 应为 0 到 {MAX_SEASON}，而不是 {weight}",
                    "weight: expected 0 to {MAX_SEASON}, not {weight}"
                )
            }
            Self::Day { field, day, days } => say!(
                "{field}：从 {day} 起的 {days} 天没有尽头",
                "{field}: a window of {days} days from {day} has no end"
            ),
            Self::Below { month, has, loses, days } => say!(
                "{month} 月：春节窗口要移走 {loses}，而该月只有 {has}（都是权重乘 {days} 天）：请减小权重或加长窗口",
                "month {month}: the festival's window takes {loses}, but the month has only {has} (both in weights times {days} days): expected a smaller weight or a longer window"
            ),
            Self::TooLarge { month } => {
                say!("{month} 月的权重太大", "month {month}: the weight becomes too large")
            }
        }
    }
}

said_errors!(SeasonError);

/// The weights of `season`, January first, as they are in the planned year.
///
/// All weights are multiplied by the window's days, so that nothing has to be rounded. Each day of the window takes
/// weight ÷ days; therefore a month gains `weight` for every day that the window of the former year has in it, and loses
/// `weight` for every day that the window of the planned year has in it. The sum is that of `season` × days.
///
/// Months are the calendar's, by number. With the same festival day in both years the answer is in proportion to
/// `season`; if only month and day are the same, a window over the end of February moves by the leap day.
///
/// # Errors
///
/// [`SeasonError`], naming the field or the month.
pub fn shifted(season: &[u64; 12], shift: &FestivalShift) -> Result<[u64; 12], SeasonError> {
    shift.check()?;
    let &FestivalShift { from, to, days, weight } = shift;
    let gains = window("from", from, days)?;
    let losses = window("to", to, days)?;
    let mut moved = [0; 12];
    let months = season.iter().zip(gains.iter().zip(&losses)).zip(&mut moved).zip(1..);
    for (((before, (gained, lost)), after), month) in months {
        // Each product is below 2^64 × 45, so that the sums stay below 2^128.
        let has = u128::from(*before) * u128::from(days) + u128::from(weight) * u128::from(*gained);
        let loses = u128::from(weight) * u128::from(*lost);
        let left = has.checked_sub(loses).ok_or(SeasonError::Below { month, has, loses, days })?;
        *after = u64::try_from(left).map_err(|_| SeasonError::TooLarge { month })?;
    }
    Ok(moved)
}

/// How many days of the window each month has.
fn window(field: &'static str, day: NaiveDate, days: u32) -> Result<[u32; 12], SeasonError> {
    let end = day.checked_add_days(Days::new(days.into())).ok_or(SeasonError::Day { field, day, days })?;
    let mut months = [0; 12];
    for (count, month) in months.iter_mut().zip(1..) {
        let within = day.iter_days().take_while(|day| *day < end).filter(|day| day.month() == month);
        *count = u32::try_from(within.count()).unwrap_or(0);
    }
    Ok(months)
}

#[cfg(test)]
mod tests;
