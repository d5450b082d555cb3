//! A calendar month, the unit in which plans are split, facts collected and people reviewed.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, Days, Months, NaiveDate};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::Date;
use serde::{Deserialize, Serialize};

/// A calendar month, written `2014-03` everywhere: in URLs, bodies, files and on the command line.
///
/// It is held as the month's first day, which is also how PostgreSQL stores it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[serde(try_from = "String", into = "String")]
#[diesel(sql_type = Date)]
pub struct Period(NaiveDate);

/// The text is not a month written `YYYY-MM`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a month: expected YYYY-MM, for example 2014-03")]
pub struct NotAPeriod(String);

impl Period {
    /// The month `month` (1 to 12) of `year` (1900 to 2999), or `None` outside these.
    pub fn new(year: i32, month: u32) -> Option<Self> {
        if !(1900..3000).contains(&year) {
            return None;
        }
        NaiveDate::from_ymd_opt(year, month, 1).map(Self)
    }

    /// The month that contains `day`.
    pub fn containing(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The twelve months of `year`, January first; empty for a year out of range.
    pub fn months_of(year: i32) -> Vec<Self> {
        (1..=12).filter_map(|month| Self::new(year, month)).collect()
    }

    /// So many months of which this is the last, the earliest first; fewer where they would begin before 1900.
    pub fn months_up_to(self, months: u32) -> Vec<Self> {
        let earlier = (0..months).rev().filter_map(|back| self.0.checked_sub_months(Months::new(back)));
        earlier.filter_map(|day| Self::new(day.year(), day.month())).collect()
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month of the year, 1 to 12.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The month of the year counted from 0: its place among the twelve.
    pub fn index(self) -> usize {
        usize::try_from(self.0.month0()).unwrap_or(0)
    }

    /// The first day of the month.
    pub fn first_day(self) -> NaiveDate {
        self.0
    }

    /// The first day of the month after: the exclusive end of this one.
    pub fn end(self) -> NaiveDate {
        self.0 + Months::new(1)
    }

    /// The last day of the month.
    pub fn last_day(self) -> NaiveDate {
        self.end() - Days::new(1)
    }

    /// Whether any day of the month has begun, if it is `today`.
    pub fn has_begun(self, today: NaiveDate) -> bool {
        self.first_day() <= today
    }

    /// Whether the month has begun and its last day has not, if it is `today`.
    pub fn is_running(self, today: NaiveDate) -> bool {
        self.has_begun(today) && today < self.last_day()
    }

    /// How many calendar days the month has, 28 to 31.
    pub fn days(self) -> u32 {
        self.last_day().day()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let wrong = || NotAPeriod(text.chars().take(40).collect());
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |part: &str, width| part.len() == width && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(month, 2) {
            return Err(wrong());
        }
        match (year.parse(), month.parse()) {
            (Ok(year), Ok(month)) => Self::new(year, month).ok_or_else(wrong),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Period {
    type Error = NotAPeriod;

    fn try_from(text: String) -> Result<Self, NotAPeriod> {
        text.parse()
    }
}

impl From<Period> for String {
    fn from(period: Period) -> String {
        period.to_string()
    }
}

impl ToSql<Date, Pg> for Period {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        <NaiveDate as ToSql<Date, Pg>>::to_sql(&self.0, out)
    }
}

impl FromSql<Date, Pg> for Period {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let day = <NaiveDate as FromSql<Date, Pg>>::from_sql(value)?;
        match Self::new(day.year(), day.month()) {
            Some(period) if period.0 == day => Ok(period),
            _ => Err(format!("{day} is not the first day of a month").into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes_and_knows_its_days() {
        for (text, days) in [("2014-02", 28), ("2016-02", 29), ("2014-12", 31)] {
            let period: Period = text.parse().unwrap();
            assert_eq!((period.to_string().as_str(), period.days()), (text, days));
        }
    }

    #[test]
    fn months_up_to_one_go_over_the_turn_of_the_year() {
        let written = |period: &str, months| {
            let months = period.parse::<Period>().unwrap().months_up_to(months);
            months.iter().map(Period::to_string).collect::<Vec<_>>()
        };
        assert_eq!(written("2014-02", 4), ["2013-11", "2013-12", "2014-01", "2014-02"]);
        assert_eq!(
            (written("2014-02", 1), written("1900-02", 9)),
            (vec!["2014-02".to_owned()], vec!["1900-01".to_owned(), "1900-02".to_owned()])
        );
    }

    #[test]
    fn a_month_runs_until_its_last_day() {
        let month: Period = "2014-02".parse().unwrap();
        for (today, has_begun, is_running) in [
            ("2014-01-31", false, false),
            ("2014-02-01", true, true),
            ("2014-02-27", true, true),
            ("2014-02-28", true, false),
            ("2014-03-01", true, false),
        ] {
            let today = today.parse().unwrap();
            assert_eq!((month.has_begun(today), month.is_running(today)), (has_begun, is_running), "{today}");
        }
    }

    #[test]
    fn refuses_anything_but_year_dash_month() {
        for text in
            ["", "2014", "2014-3", "2014-13", "2014-00", "2014-03-01", "二〇一四-03", "+014-03", "0000-01"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
