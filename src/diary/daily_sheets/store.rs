//! Sheets in the database.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::check::KnownCodes;
use super::{DailySheet, NewDailySheet, SheetCounts, SheetLeads, SheetLoss};
use crate::auth::caller::Scope;
use crate::db::schema::{
    daily_sheet, daily_sheet_lead, daily_sheet_loss, lead_source, lost_reason, plan_label,
};
use crate::http::Problem;

/// Which sheets are asked for.
#[derive(Clone, Debug)]
pub struct SheetFilter {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Only this person's.
    pub employee_no: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Integer)]
    revision: i32,
    #[diesel(sql_type = Timestamptz)]
    written_at: DateTime<Utc>,
    #[diesel(embed)]
    counts: SheetCounts,
    #[diesel(sql_type = Nullable<Integer>)]
    lost_prospects: Option<i32>,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
}

/// Sheets behind `after` of people whom `scope` reaches in the month, as they were written last.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &SheetFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<DailySheet>, Problem> {
    load(connection, scope, filter, None, after, limit).await
}

/// Somebody's sheet of a day.
pub(super) async fn of_day(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
    day: NaiveDate,
) -> Result<Option<DailySheet>, Problem> {
    let filter = SheetFilter { from: day, to: day, employee_no: None };
    Ok(load(connection, &Scope::operator(), &filter, Some(employee_id), 0, 1).await?.pop())
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &SheetFilter,
    employee_id: Option<i64>,
    after: i64,
    limit: i64,
) -> Result<Vec<DailySheet>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT s.*, e.employee_no, e.name \
         FROM (SELECT DISTINCT ON (employee_id, day) * FROM daily_sheet WHERE day BETWEEN $1 AND $2 \
             AND ($3 IS NULL OR employee_id = $3) ORDER BY employee_id, day, revision DESC) AS s \
         JOIN employee e ON e.id = s.employee_id \
         WHERE s.id > $4 AND ($5 IS NULL OR e.employee_no = $5) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = s.employee_id \
             AND daterange(a.valid_from, a.valid_to) @> s.day \
             AND may_reach($6, $7, $8, s.employee_id, a.unit_id, date_trunc('month', s.day)::date)) \
         ORDER BY s.id LIMIT $9",
    )
    .bind::<Date, _>(filter.from)
    .bind::<Date, _>(filter.to)
    .bind::<Nullable<BigInt>, _>(employee_id)
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    let ids = rows.iter().map(|row| row.id).collect::<Vec<_>>();
    let (mut leads, mut losses) = (leads(connection, &ids).await?, losses(connection, &ids).await?);
    let sheet = |row: Row| DailySheet {
        id: row.id,
        employee_no: row.employee_no,
        name: row.name,
        day: row.day,
        revision: row.revision,
        written_at: row.written_at,
        counts: row.counts,
        leads: leads.remove(&row.id).unwrap_or_default(),
        lost: row.lost_prospects.map(|_| losses.remove(&row.id).unwrap_or_default()),
        note: row.note,
    };
    Ok(rows.into_iter().map(sheet).collect())
}

/// The leads of these sheets, sorted.
async fn leads(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> Result<HashMap<i64, Vec<SheetLeads>>, Problem> {
    let rows: Vec<(i64, String, String, i32)> = daily_sheet_lead::table
        .filter(daily_sheet_lead::sheet_id.eq_any(ids))
        .select((
            daily_sheet_lead::sheet_id,
            daily_sheet_lead::channel,
            daily_sheet_lead::source,
            daily_sheet_lead::leads,
        ))
        .load(connection)
        .await?;
    let mut by_sheet = HashMap::<i64, Vec<SheetLeads>>::new();
    for (id, channel, source, leads) in rows {
        by_sheet.entry(id).or_default().push(SheetLeads { channel, source, leads });
    }
    by_sheet.values_mut().for_each(|leads| leads.sort());
    Ok(by_sheet)
}

/// The losses of these sheets, sorted.
async fn losses(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> Result<HashMap<i64, Vec<SheetLoss>>, Problem> {
    let rows: Vec<(i64, String, i32)> = daily_sheet_loss::table
        .filter(daily_sheet_loss::sheet_id.eq_any(ids))
        .select((daily_sheet_loss::sheet_id, daily_sheet_loss::reason, daily_sheet_loss::prospects))
        .load(connection)
        .await?;
    let mut by_sheet = HashMap::<i64, Vec<SheetLoss>>::new();
    for (id, reason, prospects) in rows {
        by_sheet.entry(id).or_default().push(SheetLoss { reason, prospects });
    }
    by_sheet.values_mut().for_each(|losses| losses.sort());
    Ok(by_sheet)
}

/// Adds a revision of a sheet, and returns its number.
pub(super) async fn add(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
    day: NaiveDate,
    revision: i32,
    sheet: &NewDailySheet,
    user_id: i64,
    now: DateTime<Utc>,
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
            daily_sheet::user_id.eq(user_id),
            daily_sheet::written_at.eq(now),
        ))
        .returning(daily_sheet::id)
        .get_result::<i64>(connection)
        .await?;
    let leads = sheet.leads.iter().map(|one| {
        (
            daily_sheet_lead::sheet_id.eq(id),
            daily_sheet_lead::channel.eq(&one.channel),
            daily_sheet_lead::source.eq(&one.source),
            daily_sheet_lead::leads.eq(one.leads),
        )
    });
    diesel::insert_into(daily_sheet_lead::table)
        .values(leads.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    let losses = sheet.lost.iter().flatten().map(|one| {
        (
            daily_sheet_loss::sheet_id.eq(id),
            daily_sheet_loss::reason.eq(&one.reason),
            daily_sheet_loss::prospects.eq(one.prospects),
        )
    });
    diesel::insert_into(daily_sheet_loss::table)
        .values(losses.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(id)
}

/// The codes that a sheet can name.
pub(super) async fn known_codes(connection: &mut AsyncPgConnection) -> Result<KnownCodes, Problem> {
    let channels: Vec<String> = plan_label::table
        .filter(plan_label::tree.eq("channel"))
        .select(plan_label::code)
        .load(connection)
        .await?;
    let sources: Vec<String> = lead_source::table.select(lead_source::code).load(connection).await?;
    let reasons: Vec<String> = lost_reason::table.select(lost_reason::code).load(connection).await?;
    let set = |codes: Vec<String>| codes.into_iter().collect::<HashSet<_>>();
    Ok(KnownCodes { channels: set(channels), sources: set(sources), reasons: set(reasons) })
}
