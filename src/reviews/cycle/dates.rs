//! A store's terms with the days on which it is open: what the last days of its reviews follow from. It is one value, to be
//! read with whatever else a statement reads.

use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::sql_types::Jsonb;
use serde::{Deserialize, Serialize};

use super::terms::{CycleDue, ReviewTerms, working_days_after};
use crate::db::json::json_columns;
use crate::diary::work_calendar::StoreCalendars;
use crate::diary::work_calendar::kept::KeptCalendars;
use crate::http::Problem;
use crate::period::Period;

/// A store's terms and calendars as they are kept: what `kept_dates!` selects.
#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
pub struct KeptDates {
    store_id: i64,
    /// None where it has the usual ones.
    terms: Option<ReviewTerms>,
    calendars: KeptCalendars,
}

json_columns!(KeptDates in "review_terms");

/// The terms and calendars of a store as [`KeptDates`]: `kept_dates!("c.store_id", "$1", "$2")`, with the store's id and the
/// first and the last of the [`years`].
macro_rules! kept_dates {
    ($store:literal, $first:literal, $last:literal) => {
        concat!(
            "jsonb_build_object('store_id', ",
            $store,
            ", 'terms', (SELECT to_jsonb(t) - 'store_id' - 'version' FROM review_terms t WHERE t.store_id = ",
            $store,
            "), 'calendars', ",
            $crate::diary::work_calendar::kept::kept_calendars!(["= ", $store], $first, $last),
            ")"
        )
    };
}

pub(crate) use kept_dates;

/// The years in which the terms of a month can begin or end, asked for on a day.
pub fn years(period: Period, today: NaiveDate) -> RangeInclusive<i32> {
    period.year().min(today.year())..=period.year().max(today.year()) + 1
}

/// A store's terms and the days on which it is open.
#[derive(Debug)]
pub struct Dates {
    store_id: i64,
    terms: ReviewTerms,
    calendars: StoreCalendars,
}

impl KeptDates {
    /// What they say.
    ///
    /// # Errors
    ///
    /// A fault of the program where the text of a year of public holidays, which was checked when it was kept, cannot be read.
    pub fn open(self) -> Result<Dates, Problem> {
        let Self { store_id, terms, calendars } = self;
        let calendars = StoreCalendars::kept(calendars)?;
        Ok(Dates { store_id, terms: terms.unwrap_or_default(), calendars })
    }
}

impl Dates {
    /// Until when each part of a month has to be done.
    pub fn due(&self, period: Period) -> CycleDue {
        self.terms.due(period, |day| self.is_open(day))
    }

    /// The last day to appeal for somebody who was told on a day.
    pub fn appeal_until(&self, told: NaiveDate) -> NaiveDate {
        working_days_after(told, self.terms.appeal_working_days, |day| self.is_open(day))
    }

    /// The last day to decide on an appeal that was filed on a day.
    pub fn decide_until(&self, filed: NaiveDate) -> NaiveDate {
        working_days_after(filed, self.terms.decision_working_days, |day| self.is_open(day))
    }

    fn is_open(&self, day: NaiveDate) -> bool {
        self.calendars.is_working(self.store_id, day)
    }
}
