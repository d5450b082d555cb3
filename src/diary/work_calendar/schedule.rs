//! The days that people are scheduled for 应出勤, by their store's calendar.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel::prelude::*;
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
use crate::http::Problem;
use crate::ledger::{self, Counts, Entry, Late, ValueOrigin};
use crate::org::reached;
use crate::period::Period;

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

/// Records the days that everybody posted in a store is scheduled for in a month, by its calendar. What attendance has
/// delivered goes before them.
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
        let (by, now, connection) = (cx.by(), cx.now, cx.db());
        let people = spans(connection, store_id, period).await?;
        // Taken first: the calendar that is read is the one that counts when the days are recorded.
        let posted = people.keys().copied().collect::<Vec<_>>();
        ledger::lock(connection, period, &posted).await?;
        let (work, _) = store::find(connection, store_id, period.year()).await?.unwrap_or_default();
        let calendar = work.calendar(holidays::country(connection).await?);
        let entries = people.iter().map(|(employee_id, spans)| {
            let days = scheduled_days(&calendar, period, spans, work.rest_days_a_month);
            // Who changes stores is scheduled in both: what each says stands beside the other's.
            let external_id = Some(format!("{store_id}:{period}:{employee_id}"));
            Entry { external_id, ..Entry::total(*employee_id, SCHEDULED_DAYS, Decimal::from(days)) }
        });
        let entries = entries.collect::<Vec<_>>();
        let origin = ValueOrigin {
            source_system: "calendar".to_owned(),
            batch_id: None,
            user_id: by,
            at: now,
            reason: Some("scheduled by the store's calendar".to_owned()),
        };
        let counts = ledger::record(connection, period, &entries, &origin, request.late).await?.counts;
        if counts.is_news() {
            let detail = json!({ "period": period, "counts": counts });
            cx.audit("schedule_days", &format!("org_unit/{store_id}"), detail).await?;
        }
        let open_days = calendar.working_days(period.first_day(), period.end());
        Ok(Scheduled { period, open_days, people: people.len(), counts })
    })
    .await
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
