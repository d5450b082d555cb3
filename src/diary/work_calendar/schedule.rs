//! The days that people are scheduled for 应出勤, by their store's calendar.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{holidays, store};
use crate::auth::Context;
use crate::calendar::Calendar;
use crate::db::schema::{assignment, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::{self, Counts, Entry, Late, ValueOrigin};
use crate::org::reached;
use crate::period::Period;

/// The name under which the calendar stands in the ledger.
const SYSTEM: &str = "calendar";

/// The metric that it gives.
const SCHEDULED_DAYS: &str = "scheduled_days";

/// A month to be scheduled.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleRequest {
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// What happens to it if the month is already frozen.
    #[garde(skip)]
    #[serde(default)]
    pub late: Late,
}

/// What scheduling did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Scheduled {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// How many days the store is open.
    pub open_days: u32,
    /// How many people are posted there.
    pub people: usize,
    /// What became of their days.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Days from one up to another, not included.
type Span = (NaiveDate, NaiveDate);

/// The days that somebody is scheduled for who is posted on these spans: the open days among them, less the part of the
/// month's days off in turn that falls on them, half-up. Somebody who is there throughout has all of these off.
fn scheduled_days(calendar: &Calendar, period: Period, spans: &[Span], rest_days: u8) -> u32 {
    let is_posted = |day: &NaiveDate| spans.iter().any(|(from, to)| from <= day && day < to);
    let days = period.first_day().iter_days().take_while(|day| *day < period.end());
    let open = days.filter(|day| calendar.is_working(*day)).collect::<Vec<_>>();
    let there = u32::try_from(open.iter().filter(|day| is_posted(day)).count()).unwrap_or(0);
    let all = u32::try_from(open.len()).unwrap_or(0);
    match all {
        0 => 0,
        _ => there.saturating_sub((2 * u32::from(rest_days) * there + all) / (2 * all)),
    }
}

/// Records the days that everybody posted in a store is scheduled for in a month, by its calendar, and takes back those of
/// people who are not posted there any more. What attendance has delivered goes before them.
///
/// # Errors
///
/// Not found where the caller does not reach the store; a conflict where the month is frozen.
pub async fn schedule(
    cx: &mut Context,
    store: &str,
    request: &ScheduleRequest,
) -> Result<Scheduled, Problem> {
    let (scope, period) = (cx.scope.clone(), request.period);
    let store_id = reached::store(cx.db(), &scope, store, period).await?;
    cx.transaction(async |cx| {
        let origin = origin(cx.by(), cx.now);
        let scheduled = record(cx.db(), store_id, period, &origin, request.late).await?;
        if scheduled.counts.is_news() {
            let detail = json!({ "period": period, "counts": scheduled.counts });
            cx.audit("schedule_days", &format!("org_unit/{store_id}"), detail).await?;
        }
        Ok(scheduled)
    })
    .await
}

fn origin(user_id: Option<i64>, at: DateTime<Utc>) -> ValueOrigin {
    ValueOrigin {
        source_system: SYSTEM.to_owned(),
        batch_id: None,
        user_id,
        at,
        reason: Some("scheduled by the store's calendar".to_owned()),
    }
}

/// What begins the ids of the days that a store's calendar gives people in a month.
fn own_ids(store_id: i64, period: Period) -> String {
    format!("{store_id}:{period}:")
}

/// Records everybody's days; those of people who are not posted there any more are taken back.
async fn record(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    origin: &ValueOrigin,
    late: Late,
) -> Result<Scheduled, Problem> {
    let people = spans(connection, store_id, period).await?;
    let scheduled = scheduled_before(connection, store_id, period).await?;
    let gone = scheduled.difference(&people.keys().copied().collect()).copied().collect::<Vec<_>>();
    // Taken first: the calendar that is read is the one that counts when the days are recorded.
    let concerned = people.keys().copied().chain(gone.iter().copied()).collect::<Vec<_>>();
    ledger::lock(connection, period, &concerned).await?;
    let (work, _) = store::find(connection, store_id, period.year()).await?.unwrap_or_default();
    let calendar = work.calendar(holidays::country(connection).await?);
    let entry = |employee_id: i64, days: Option<u32>| {
        // Who changes stores is scheduled in both: what each says stands beside the other's.
        let external_id = Some(format!("{}{employee_id}", own_ids(store_id, period)));
        let value = days.map(Decimal::from);
        Entry { external_id, value, ..Entry::total(employee_id, SCHEDULED_DAYS, Decimal::ZERO) }
    };
    let posted = people.iter().map(|(employee_id, spans)| {
        entry(*employee_id, Some(scheduled_days(&calendar, period, spans, work.rest_days_a_month)))
    });
    let entries = posted.chain(gone.iter().map(|id| entry(*id, None))).collect::<Vec<_>>();
    let counts = ledger::record(connection, period, &entries, origin, late).await?.counts;
    let open_days = calendar.working_days(period.first_day(), period.end());
    Ok(Scheduled { period, open_days, people: people.len(), counts })
}

/// Schedules a store's month once more if it has been scheduled: postings that were corrected since are followed. To be
/// called within a transaction, before anything else of the month is locked.
///
/// # Errors
///
/// A conflict where the month is frozen and something would change.
pub async fn renew_if_used(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    user_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    if !scheduled_before(connection, store_id, period).await?.is_empty() {
        record(connection, store_id, period, &origin(user_id, now), Late::Refuse).await?;
    }
    Ok(())
}

/// The people whose days a store's calendar has given for a month.
async fn scheduled_before(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<BTreeSet<i64>, Problem> {
    #[derive(QueryableByName)]
    struct ScheduledPerson {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let scheduled: Vec<ScheduledPerson> = sql("SELECT employee_id FROM ( \
             SELECT DISTINCT ON (f.external_id) f.employee_id, f.value FROM fact f \
             WHERE f.source_system = $1 AND f.external_id IS NOT NULL AND starts_with(f.external_id, $2) \
             ORDER BY f.external_id, f.id DESC) AS youngest WHERE value IS NOT NULL")
    .bind::<Text, _>(SYSTEM)
    .bind::<Text, _>(own_ids(store_id, period))
    .load(connection)
    .await?;
    Ok(scheduled.into_iter().map(|one| one.employee_id).collect())
}

/// On which days of a month the people of a store are posted there.
async fn spans(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<BTreeMap<i64, Vec<Span>>, Problem> {
    let rows: Vec<(i64, NaiveDate, Option<NaiveDate>)> = assignment::table
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(org_unit::store_id.eq(store_id))
        .filter(assignment::valid_from.lt(period.end()))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(period.first_day())))
        .select((assignment::employee_id, assignment::valid_from, assignment::valid_to))
        .load(connection)
        .await?;
    let mut spans = BTreeMap::<i64, Vec<Span>>::new();
    for (employee_id, from, to) in rows {
        spans.entry(employee_id).or_default().push((from, to.unwrap_or_else(|| period.end())));
    }
    Ok(spans)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diary::work_calendar::WorkDays;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_off_in_turn_follow_the_days_one_is_there() {
        let march = "2014-03".parse().unwrap();
        let open = WorkDays { rest_weekdays: vec![], keeps_public_holidays: false, ..WorkDays::default() };
        let country = || Calendar::shipped().unwrap();
        let open = open.calendar(country());
        let whole = [(day("2013-01-01"), day("2015-01-01"))];
        // The demonstration's: the days of the month less four.
        assert_eq!(scheduled_days(&open, march, &whole, 4), 27);
        assert_eq!(scheduled_days(&open, march, &whole, 0), 31);
        // Here for 12 days of 31: 4 · 12 ÷ 31 = 1.55, so two days off.
        assert_eq!(scheduled_days(&open, march, &[(day("2014-03-20"), day("2014-04-01"))], 4), 10);
        // Two postings on the same days are one presence.
        let twice = [(day("2014-03-01"), day("2014-03-11")), (day("2014-03-06"), day("2014-03-11"))];
        assert_eq!(scheduled_days(&open, march, &twice, 0), 10);
        assert_eq!(scheduled_days(&open, march, &[], 4), 0);
        // By the country's calendar February 2014 has 17 working days, its swapped Saturday the 8th among them.
        let february = "2014-02".parse().unwrap();
        assert_eq!(scheduled_days(&WorkDays::default().calendar(country()), february, &whole, 0), 17);
    }
}
