//! The SQL of working calendars.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, SmallInt};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::kept::KeptCalendars;
use super::{WorkDays, holidays};
use crate::calendar::Calendar;
use crate::db::schema::{org_unit, work_calendar, work_calendar_day};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// How a store works in a year, with the version; none where it has no calendar of its own.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    year: i32,
) -> Result<Option<(WorkDays, i32)>, Problem> {
    let kept = KeptCalendars::read(connection, &[store_id], year..=year).await?;
    Ok(kept.own.into_iter().next().map(|one| (one.work, one.version)))
}

/// The calendars of some stores and years. A store and year without one of its own has the country's.
#[derive(Debug)]
pub struct StoreCalendars {
    country: Calendar,
    own: HashMap<(i64, i32), Calendar>,
}

impl StoreCalendars {
    /// Loads them.
    pub async fn load(
        connection: &mut AsyncPgConnection,
        stores: &[i64],
        years: RangeInclusive<i32>,
    ) -> Result<Self, Problem> {
        Self::kept(KeptCalendars::read(connection, stores, years).await?)
    }

    /// Those that a statement has read.
    pub fn kept(kept: KeptCalendars) -> Result<Self, Problem> {
        let country = holidays::with_added(kept.holidays)?;
        let own = kept.own.into_iter().map(|one| {
            let calendar = one.work.calendar(country.clone());
            ((one.store_id, one.year), calendar)
        });
        let own = own.collect();
        Ok(Self { country, own })
    }

    /// The country's days.
    pub const fn country(&self) -> &Calendar {
        &self.country
    }

    /// The days of a store in a year.
    pub fn of(&self, store_id: i64, year: i32) -> &Calendar {
        self.own.get(&(store_id, year)).unwrap_or(&self.country)
    }

    /// Whether a store works on a day.
    pub fn is_working(&self, store_id: i64, day: NaiveDate) -> bool {
        self.of(store_id, day.year()).is_working(day)
    }
}

/// The calendar by which a unit's store works in a year; the country's for a unit above the stores.
pub async fn of_unit(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
) -> Result<Calendar, Problem> {
    let store: Option<Option<i64>> =
        org_unit::table.find(unit_id).select(org_unit::store_id).first(connection).await.optional()?;
    let found = match store.flatten() {
        Some(store_id) => find(connection, store_id, year).await?,
        None => None,
    };
    Ok(found.unwrap_or_default().0.calendar(holidays::country(connection).await?))
}

/// How many hours a day has for each of these people in a month: those of the stores where they are posted in it, where
/// these say the same.
pub async fn day_hours(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, Decimal>, Problem> {
    #[derive(QueryableByName)]
    struct DayMinutes {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = SmallInt)]
        minutes: i16,
    }
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let known: Vec<DayMinutes> = sql("SELECT a.employee_id, min(w.day_minutes) AS minutes \
         FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
         LEFT JOIN work_calendar w ON w.store_id = u.store_id AND w.year = $4 \
         WHERE a.employee_id = ANY ($1) AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) \
         GROUP BY a.employee_id HAVING min(coalesce(w.day_minutes, 0)) = max(w.day_minutes)")
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<Integer, _>(period.year())
    .load(connection)
    .await?;
    let hours = |one: DayMinutes| {
        let hours = Decimal::from(one.minutes).checked_div(Decimal::from(60)).unwrap_or_default();
        (one.employee_id, hours)
    };
    Ok(known.into_iter().map(hours).collect())
}

/// Lets one change at a time be made to a store's calendar; its version, 0 where there is none.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    year: i32,
) -> Result<i32, Problem> {
    sql("SELECT pg_advisory_xact_lock(hashtext('work_calendar'), hashtext($1::text || ':' || $2))")
        .bind::<BigInt, _>(store_id)
        .bind::<Integer, _>(year)
        .execute(connection)
        .await?;
    let version: Option<i32> = work_calendar::table
        .find((store_id, year))
        .select(work_calendar::version)
        .first(connection)
        .await
        .optional()?;
    Ok(version.unwrap_or(0))
}

/// Writes a store's year in the place of what was there.
pub(super) async fn write(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    year: i32,
    work: &WorkDays,
    version: i32,
) -> Result<(), Problem> {
    let mut rest = work.rest_weekdays.iter().map(|number| i16::from(*number)).collect::<Vec<_>>();
    rest.sort_unstable();
    rest.dedup();
    let minutes = work.day_minutes.map(i16::try_from).transpose();
    let minutes = minutes.map_err(|error| Problem::internal(&error))?;
    let values = (
        work_calendar::store_id.eq(store_id),
        work_calendar::year.eq(year),
        work_calendar::rest_weekdays.eq(rest),
        work_calendar::keeps_holidays.eq(work.keeps_public_holidays),
        work_calendar::rest_days_a_month.eq(i16::from(work.rest_days_a_month)),
        work_calendar::day_minutes.eq(minutes),
        work_calendar::version.eq(version),
    );
    diesel::delete(
        work_calendar_day::table
            .filter(work_calendar_day::store_id.eq(store_id).and(work_calendar_day::year.eq(year))),
    )
    .execute(connection)
    .await?;
    diesel::delete(work_calendar::table.find((store_id, year))).execute(connection).await?;
    diesel::insert_into(work_calendar::table).values(values).execute(connection).await?;
    let days = work.days.iter().map(|one| {
        (
            work_calendar_day::store_id.eq(store_id),
            work_calendar_day::year.eq(year),
            work_calendar_day::day.eq(one.day),
            work_calendar_day::is_open.eq(one.is_open),
            work_calendar_day::name.eq(one.name.trim()),
        )
    });
    diesel::insert_into(work_calendar_day::table)
        .values(days.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}
