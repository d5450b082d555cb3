//! Which reports are due, and by when. No database: postings, duties and working days come from outside.
//!
//! A daily report is due on its day, if that is worked; a plan of a week or month on its first working day, a summary on
//! its last. A week is Monday to Sunday, and counts for the month of the day on which its report is due; one without a
//! working day asks for nothing. Handed in at the very minute, a report is on time.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock;
use crate::period::Period;
use crate::words::words;

words! {
    /// Whether a report looks ahead or back.
    pub enum ReportKind in "work_report.kind" {
        Plan = "plan" "计划",
        Summary = "summary" "总结",
    }

    /// The length of time a report is about.
    pub enum Cadence in "work_report.cadence" {
        Daily = "daily" "日",
        Weekly = "weekly" "周",
        Monthly = "monthly" "月",
    }
}

impl Cadence {
    /// The first day of the day, week or month that `day` is in: by it, the report about that time is known.
    pub fn first_day(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Daily => day,
            Self::Weekly => day.week(chrono::Weekday::Mon).first_day(),
            Self::Monthly => Period::containing(day).first_day(),
        }
    }

    /// The last day of the day, week or month that `day` is in.
    pub fn last_day(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Daily => day,
            Self::Weekly => day.week(chrono::Weekday::Mon).last_day(),
            Self::Monthly => Period::containing(day).last_day(),
        }
    }
}

/// The last minute of a day, counted from its first: what is due then is due by the day's end.
pub const END_OF_DAY: i16 = 24 * 60;

/// A kind of report that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duty {
    /// Whether it is a plan or a summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// By when, in minutes after the midnight with which the day begins on which it is due.
    pub minute: i16,
}

/// What is asked for where nobody has said anything else: a summary of every working day, by the day's end.
pub const DEFAULT: Duty = Duty { kind: ReportKind::Summary, cadence: Cadence::Daily, minute: END_OF_DAY };

/// One report that somebody owes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whether it is a plan or a summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The first day of that.
    pub day: NaiveDate,
    /// The day on which it is due.
    pub due_day: NaiveDate,
    /// Until when it is on time.
    pub by: DateTime<Utc>,
}

/// The day on which the report is due that is about the time around `day`; none where no day of that is worked.
pub fn due_day(
    kind: ReportKind,
    cadence: Cadence,
    day: NaiveDate,
    is_working: impl Fn(NaiveDate) -> bool,
) -> Option<NaiveDate> {
    let last = cadence.last_day(day);
    let mut worked =
        cadence.first_day(day).iter_days().take_while(|day| *day <= last).filter(|day| is_working(*day));
    match kind {
        ReportKind::Plan => worked.next(),
        ReportKind::Summary => worked.last(),
    }
}

/// The moment that lies `minute` minutes after the midnight in China with which `day` begins.
pub fn moment(day: NaiveDate, minute: i16) -> Option<DateTime<Utc>> {
    let midnight = clock::end_of(day.checked_sub_days(Days::new(1))?)?;
    midnight.checked_add_signed(TimeDelta::minutes(minute.into()))
}

/// What is due in a month, the earliest first. `duties` says what is asked for on a day: nothing on days on which
/// somebody holds no posting or is on leave.
pub fn due_in(
    period: Period,
    duties: impl Fn(NaiveDate) -> Vec<Duty>,
    is_working: impl Fn(NaiveDate) -> bool,
) -> Vec<Due> {
    let days = period.first_day().iter_days().take_while(|day| *day < period.end());
    let mut due = Vec::new();
    for day in days.filter(|day| is_working(*day)) {
        for Duty { kind, cadence, minute } in duties(day) {
            if due_day(kind, cadence, day, &is_working) == Some(day)
                && let Some(by) = moment(day, minute)
            {
                due.push(Due { kind, cadence, day: cadence.first_day(day), due_day: day, by });
            }
        }
    }
    due.sort_by_key(|one| (one.by, one.kind, one.cadence));
    due
}

/// What has become of a report that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DueState {
    /// There is still time.
    Due,
    /// The time for it has passed, and it was not handed in.
    Missing,
    /// It was handed in on time.
    OnTime,
    /// It was handed in after it was due.
    Late,
}

impl DueState {
    /// What has become of a report that was handed in late, on time, or not (none).
    pub fn of(due: &Due, is_late: Option<bool>, now: DateTime<Utc>) -> Self {
        match is_late {
            Some(true) => Self::Late,
            Some(false) => Self::OnTime,
            None if now <= due.by => Self::Due,
            None => Self::Missing,
        }
    }
}

/// What counts of somebody's month: what is due by now or handed in already, and what of it was on time.
pub fn count(states: impl IntoIterator<Item = DueState>) -> (u32, u32) {
    states.into_iter().fold((0, 0), |(due, on_time), state| match state {
        DueState::Due => (due, on_time),
        DueState::Missing | DueState::Late => (due + 1, on_time),
        DueState::OnTime => (due + 1, on_time + 1),
    })
}

#[cfg(test)]
mod tests;
