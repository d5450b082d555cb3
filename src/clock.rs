//! The clock, as a parameter: a server, a test and a replay each bring their own.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, Utc};

/// Where the time comes from.
#[derive(Clone, Copy, Debug)]
pub enum Clock {
    /// The machine's.
    System,
    /// One that stands still.
    Fixed(DateTime<Utc>),
}

impl Clock {
    /// What it shows now, to the microsecond that PostgreSQL keeps.
    pub fn now(self) -> DateTime<Utc> {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
            Self::System => chrono::SubsecRound::trunc_subsecs(Utc::now(), 6),
            Self::Fixed(at) => at,
        }
    }
}

/// Chinese time, eight hours ahead of UTC all year.
pub const CHINA: FixedOffset = FixedOffset::east_opt(8 * 60 * 60).unwrap();

/// The day it is at the dealerships, which keep Chinese time: a month begins there while it is still yesterday in UTC.
pub fn day(now: DateTime<Utc>) -> NaiveDate {
    let utc = now.naive_utc();
    utc.checked_add_offset(CHINA).unwrap_or(utc).date()
}

/// The first moment at the dealerships that is no longer of `day`; none at the end of all days.
pub fn end_of(day: NaiveDate) -> Option<DateTime<Utc>> {
    at(day.succ_opt()?, NaiveTime::MIN)
}

/// The moment at which clocks at the dealerships show `time` on `day`; none outside of all days.
pub fn at(day: NaiveDate, time: NaiveTime) -> Option<DateTime<Utc>> {
    day.and_time(time).checked_sub_offset(CHINA).map(|utc| utc.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_in_china_at_four_in_the_afternoon_of_utc() {
        for (now, expected) in [
            ("2014-05-31T15:59:59Z", "2014-05-31"),
            ("2014-05-31T16:00:00Z", "2014-06-01"),
            ("2014-06-01T00:00:00Z", "2014-06-01"),
        ] {
            assert_eq!(day(now.parse().unwrap()).to_string(), expected);
        }
        let end = end_of("2014-05-31".parse().unwrap()).unwrap();
        assert_eq!(end.to_rfc3339(), "2014-05-31T16:00:00+00:00");
        assert_eq!((day(DateTime::<Utc>::MAX_UTC), end_of(NaiveDate::MAX)), (NaiveDate::MAX, None));
    }
}
