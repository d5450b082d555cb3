//! Sheets in the database.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{DailySheet, NewDailySheet};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::{daily_sheet, daily_sheet_lead, daily_sheet_loss};
use crate::db::sql;
use crate::diary::authors;
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

/// Which sheets are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetFilter {
    /// Only this day's sheets.
    pub day: Option<NaiveDate>,
    /// Only this month's sheets; the current month by default.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only this person's sheets, by 工号.
    pub employee_no: Option<String>,
}

/// The first and the last of some days.
type Days = (NaiveDate, NaiveDate);

/// A page of the sheets of people whom the caller reaches in their months, as they were written last.
///
/// # Errors
///
/// The field at fault where both a day and a month are given.
pub async fn list(
    cx: &mut Context,
    filter: &SheetFilter,
    window: Window,
) -> Result<Page<DailySheet>, Problem> {
    let days = match (filter.day, filter.period) {
        (Some(_), Some(_)) => {
            return Err(Problem::field(
                "day",
                say!("只能写日期或月份之一", "expected a day or a period, not both"),
            ));
        }
        (Some(day), None) => {
            authors::require_sane("day", day)?;
            (day, day)
        }
        (None, period) => {
            let period = period.unwrap_or_else(|| Period::containing(cx.today()));
            (period.first_day(), period.last_day())
        }
    };
    let (scope, employee_no) = (cx.scope.clone(), filter.employee_no.clone());
    let sheets = load(cx.db(), scope, days, None, employee_no, window).await?;
    Ok(window.page(sheets, |sheet| sheet.id))
}

/// Somebody's sheet of a day.
pub(super) async fn of_day(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
    day: NaiveDate,
) -> Result<Option<DailySheet>, Problem> {
    let scope = Scope::operator();
    Ok(load(connection, scope, (day, day), Some(employee_id), None, Window::ONE).await?.pop())
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: Scope,
    (from, to): Days,
    employee_id: Option<i64>,
    employee_no: Option<String>,
    window: Window,
) -> Result<Vec<DailySheet>, Problem> {
    let sheets = sql(concat!(
        "SELECT s.*, e.employee_no, e.name, \
             ARRAY(SELECT ROW(l.channel, l.source, l.leads, l.visitors, l.test_drives, l.orders, l.deliveries) \
                 FROM daily_sheet_lead l WHERE l.sheet_id = s.id \
                 ORDER BY l.channel COLLATE \"C\", l.source COLLATE \"C\") AS leads, \
             CASE WHEN s.lost_prospects IS NOT NULL THEN \
                 ARRAY(SELECT ROW(l.reason, l.prospects) FROM daily_sheet_loss l WHERE l.sheet_id = s.id \
                     ORDER BY l.reason COLLATE \"C\") END AS lost \
         FROM (SELECT DISTINCT ON (employee_id, day) * FROM daily_sheet WHERE day BETWEEN $2 AND $3 \
             AND ($4 IS NULL OR employee_id = $4) ORDER BY employee_id, day, revision DESC) AS s \
         JOIN employee e ON e.id = s.employee_id \
         WHERE s.id > $5 AND ($6 IS NULL OR e.employee_no = $6) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = s.employee_id \
             AND daterange(a.valid_from, a.valid_to) @> s.day AND ",
        reaches!("$1", "s.employee_id", "a.unit_id", "date_trunc('month', s.day)::date"),
        ") ORDER BY s.id LIMIT $7"
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(from)
    .bind::<Date, _>(to)
    .bind::<Nullable<BigInt>, _>(employee_id)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<Text>, _>(employee_no)
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    Ok(sheets)
}

/// Adds a revision of a sheet, and returns its number.
pub(super) async fn add(
    cx: &mut Context,
    employee_id: i64,
    day: NaiveDate,
    revision: i32,
    sheet: &NewDailySheet,
) -> Result<i64, Problem> {
    let counts = &sheet.counts;
    let id = diesel::insert_into(daily_sheet::table)
        .values((
            daily_sheet::employee_id.eq(employee_id),
            daily_sheet::day.eq(day),
            daily_sheet::revision.eq(revision),
            daily_sheet::first_visits.eq(counts.first_visits),
            daily_sheet::visitors.eq(counts.visitors),
            daily_sheet::captured_leads.eq(counts.captured_leads),
            daily_sheet::test_drives.eq(counts.test_drives),
            daily_sheet::orders.eq(counts.orders),
            daily_sheet::deliveries.eq(counts.deliveries),
            daily_sheet::lost_prospects.eq(super::lost(sheet)),
            daily_sheet::note.eq(&sheet.note),
            daily_sheet::user_id.eq(cx.by()),
            daily_sheet::written_at.eq(cx.now),
        ))
        .returning(daily_sheet::id)
        .get_result::<i64>(cx.db())
        .await?;
    let leads = sheet.leads.iter().map(|one| {
        (
            daily_sheet_lead::sheet_id.eq(id),
            daily_sheet_lead::channel.eq(&one.channel),
            daily_sheet_lead::source.eq(&one.source),
            daily_sheet_lead::leads.eq(one.leads),
            daily_sheet_lead::visitors.eq(one.visitors),
            daily_sheet_lead::test_drives.eq(one.test_drives),
            daily_sheet_lead::orders.eq(one.orders),
            daily_sheet_lead::deliveries.eq(one.deliveries),
        )
    });
    diesel::insert_into(daily_sheet_lead::table).values(leads.collect::<Vec<_>>()).execute(cx.db()).await?;
    let losses = sheet.lost.iter().flatten().map(|one| {
        (
            daily_sheet_loss::sheet_id.eq(id),
            daily_sheet_loss::reason.eq(&one.reason),
            daily_sheet_loss::prospects.eq(one.prospects),
        )
    });
    diesel::insert_into(daily_sheet_loss::table).values(losses.collect::<Vec<_>>()).execute(cx.db()).await?;
    Ok(id)
}
