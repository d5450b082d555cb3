//! How far a target has come, measured against how much of its time is over.

use chrono::{Days, NaiveDate};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::calendar::{Basis, Calendar};
use crate::decimal::ratio::Ratio;
use crate::period::Period;
use crate::said::{Said, said_errors, say};

/// Longest span in days: ten years.
pub const MAX_SPAN: i64 = 3_660;

/// The days that a target covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last one.
    pub to: NaiveDate,
}

impl From<Period> for Span {
    fn from(month: Period) -> Self {
        Self { from: month.first_day(), to: month.end() }
    }
}

/// A target and what has been done for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// What is to be reached, 0 or more, in units of the metric.
    pub target: i64,
    /// What has been reached up to and including `day`, 0 or more.
    pub actual: i64,
    /// The day that is looked at; it counts as elapsed.
    pub day: NaiveDate,
    /// The days that the target covers.
    pub span: Span,
    /// Which of them count.
    pub basis: Basis,
}

/// A traffic light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    /// A pace of 1 or more.
    Green,
    /// 0.9 or more, and below 1.
    Yellow,
    /// Below 0.9.
    Red,
    /// There is no pace.
    None,
}

/// How a projection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProjectionMethod {
    /// The days to come will be like those elapsed.
    RunRate,
}

/// How far a target has come. Days are those of the basis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TargetPace)]
pub struct Pace {
    /// The target, in units of the metric.
    #[schema(example = 149)]
    pub target: i64,
    /// What has been reached.
    #[schema(example = 66)]
    pub actual: i64,
    /// 达成率: actual ÷ target, half-up to four places; more than 1 once the target is passed. Null for a target of 0.
    #[schema(example = 0.4430)]
    pub attainment: Option<Decimal>,
    /// Days elapsed, including the day itself.
    #[schema(example = 15)]
    pub elapsed_days: u32,
    /// All days that the target covers.
    #[schema(example = 31)]
    pub total_days: u32,
    /// 时间进度: elapsed ÷ total days, half-up to four places. Null if there are no days.
    #[schema(example = 0.4839)]
    pub time_progress: Option<Decimal>,
    /// Attainment ÷ time progress, of the unrounded values, half-up to three places. Null for a target of 0, and before
    /// the first day has elapsed.
    #[schema(example = 0.915)]
    pub pace: Option<Decimal>,
    /// The light of the unrounded pace: 0.9996 is shown as 1.000 and yellow.
    pub light: Light,
    /// What is missing: target − actual, at least 0.
    #[schema(example = 83)]
    pub gap: i64,
    /// Days left after the day itself.
    #[schema(example = 16)]
    pub remaining_days: u32,
    /// Gap ÷ remaining days, rounded up to two places. Null if no day remains.
    #[schema(example = 5.19)]
    pub required_per_day: Option<Decimal>,
    /// The result at the end if it goes on like this: actual × total ÷ elapsed days, half-up. Null before the first day
    /// has elapsed.
    #[schema(example = 136)]
    pub projection: Option<i64>,
    /// How the projection is made.
    pub projection_method: ProjectionMethod,
}

/// Why there is no pace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaceError {
    /// Targets and actuals are counted from 0.
    Negative {
        /// `target` or `actual`.
        field: &'static str,
        /// What was found.
        found: i64,
    },
    /// The span is empty, runs backwards or is too long.
    Span {
        /// The first day.
        from: NaiveDate,
        /// The day after the last one.
        to: NaiveDate,
    },
    /// A number is too large to be shown.
    TooLarge {
        /// The name of the number.
        field: &'static str,
        /// The actual it comes from.
        actual: i64,
    },
}

impl PaceError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Negative { field, found } => {
                say!("{field} 应为 0 或以上，而不是 {found}", "{field}: expected 0 or more, not {found}")
            }
            Self::Span { from, to } => say!(
                "{from} 到 {to}：应为 1 到 3660 天（不含 to 当天）",
                "from {from} to {to}: expected 1 to 3660 days, `to` not included"
            ),
            Self::TooLarge { field, actual } => {
                say!("实绩 {actual} 时 {field} 的数太大", "{field}: too large for an actual of {actual}")
            }
        }
    }
}

said_errors!(PaceError);

/// How far `course` has come.
///
/// pace = (actual ÷ target) ÷ (elapsed ÷ total days) = actual × total ÷ (target × elapsed); green from 1, yellow from
/// 0.9, red below (docs/DOMAIN.md, "Traffic light"). On 15 March, 66 of 149 in 15 of 31 calendar days are 0.915, yellow.
///
/// # Errors
///
/// [`PaceError`], naming the field.
pub fn pace(course: &Course, calendar: &Calendar) -> Result<Pace, PaceError> {
    let &Course { target, actual, day, span, basis } = course;
    measured(target, actual, elapsed(span, day, basis, calendar)?)
}

/// Days that have elapsed, and all days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elapsed {
    /// Days elapsed, including the day looked at.
    pub elapsed: u32,
    /// All days.
    pub total: u32,
}

/// How many days of a span have elapsed on `day`, which counts as elapsed itself.
///
/// # Errors
///
/// [`PaceError::Span`]
pub fn elapsed(
    Span { from, to }: Span,
    day: NaiveDate,
    basis: Basis,
    calendar: &Calendar,
) -> Result<Elapsed, PaceError> {
    if !(1..=MAX_SPAN).contains(&(to - from).num_days()) {
        return Err(PaceError::Span { from, to });
    }
    let after = day.checked_add_days(Days::new(1)).map_or(to, |next| next.min(to));
    Ok(Elapsed { elapsed: calendar.days(basis, from, after), total: calendar.days(basis, from, to) })
}

/// How far a target has come once so many of its days have elapsed, see [`pace`].
///
/// # Errors
///
/// [`PaceError`], naming the field.
pub fn measured(target: i64, actual: i64, Elapsed { elapsed, total }: Elapsed) -> Result<Pace, PaceError> {
    for (field, found) in [("target", target), ("actual", actual)] {
        if found < 0 {
            return Err(PaceError::Negative { field, found });
        }
    }
    let remaining = total.saturating_sub(elapsed);
    let gap = target.saturating_sub(actual).max(0);

    let fits = |field, value: Option<Decimal>| value.ok_or(PaceError::TooLarge { field, actual });
    let exact = Ratio::new(
        i128::from(actual) * i128::from(total),
        // 0 where there is no pace, of which `Ratio` makes none.
        i128::from(target) * i128::from(elapsed),
    );
    let rate = Ratio::new(i128::from(actual) * i128::from(total), elapsed);
    Ok(Pace {
        target,
        actual,
        attainment: Ratio::new(actual, target)
            .map(|share| fits("attainment", share.half_up(4)))
            .transpose()?,
        elapsed_days: elapsed,
        total_days: total,
        time_progress: Ratio::new(elapsed, total)
            .map(|share| fits("time_progress", share.half_up(4)))
            .transpose()?,
        pace: exact.map(|pace| fits("pace", pace.half_up(3))).transpose()?,
        light: light(exact),
        gap,
        remaining_days: remaining,
        required_per_day: Ratio::new(gap, remaining)
            .map(|rate| fits("required_per_day", rate.up(2)))
            .transpose()?,
        projection: rate
            .map(|rate| rate.whole_half_up().ok_or(PaceError::TooLarge { field: "projection", actual }))
            .transpose()?,
        projection_method: ProjectionMethod::RunRate,
    })
}

fn light(pace: Option<Ratio>) -> Light {
    match pace {
        None => Light::None,
        Some(pace) if pace >= Ratio::from(1) => Light::Green,
        Some(pace) if pace >= Ratio::from(Decimal::new(9, 1)) => Light::Yellow,
        Some(_) => Light::Red,
    }
}

#[cfg(test)]
mod tests;
