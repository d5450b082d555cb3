//! What comes after a month was frozen: it is kept as a correction that somebody else decides on.

use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::delivery::{self, SourceNews, SourceWord};
use super::rows::News;
use super::{Entry, ValueOrigin};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::said::say;

/// The refusal of a change to a frozen month.
pub(super) fn frozen(period: Period, store: &str) -> Problem {
    Problem::conflict(say!(
        "{store} 的 {period} 已经关账：什么都没有改。用 late=keep 可以把改动留作更正，由第二个人决定",
        "{period} of {store} is frozen: nothing was changed. Ask for late=keep to have the changes wait as corrections \
         that a second person decides on"
    ))
}

/// Keeps news of stores' frozen months as pending corrections. Of two proposals for the same value, the later one takes
/// the other's place.
pub(super) async fn keep(
    mut connection: &AsyncPgConnection,
    news: &[(News<'_>, i64, String)],
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    if news.is_empty() {
        return Ok(());
    }
    let stores = news.iter().map(|(_, store_id, _)| *store_id).collect::<Vec<_>>();
    let periods = news.iter().map(|(one, ..)| one.period).collect::<Vec<_>>();
    let people = news.iter().map(|(one, ..)| one.entry.employee_id).collect::<Vec<_>>();
    let metrics = news.iter().map(|(one, ..)| one.entry.metric.as_str()).collect::<Vec<_>>();
    let values = news.iter().map(|(one, ..)| one.entry.value).collect::<Vec<_>>();
    let days = news.iter().map(|(one, ..)| one.entry.day).collect::<Vec<_>>();
    let externals = news.iter().map(|(one, ..)| one.entry.external_id.as_deref()).collect::<Vec<_>>();
    let places = news.iter().map(|(one, ..)| one.place.as_str()).collect::<Vec<_>>();
    sql("UPDATE late_correction c SET state = 'superseded' \
         FROM unnest($1, $2, $3, $4, $5, $6) AS n (store_id, period, employee_id, metric, value, place) \
         WHERE c.state = 'pending' AND c.store_id = n.store_id AND c.period = n.period \
         AND c.metric = n.metric AND c.place = n.place AND c.source_system = $7 \
         AND (c.employee_id = n.employee_id AND c.value IS DISTINCT FROM n.value \
             OR c.employee_id <> n.employee_id AND c.external_id IS NOT NULL)")
    .bind::<Array<BigInt>, _>(stores.clone())
    .bind::<Array<Date>, _>(periods.clone())
    .bind::<Array<BigInt>, _>(people.clone())
    .bind::<Array<Text>, _>(metrics.clone())
    .bind::<Array<Nullable<Numeric>>, _>(values.clone())
    .bind::<Array<Text>, _>(places.clone())
    .bind::<Text, _>(origin.source_system.as_str())
    .execute(&mut connection)
    .await?;
    sql(
        "INSERT INTO late_correction (store_id, period, employee_id, metric, value, day, external_id, place, \
             source_system, batch_id, reason, proposed_by, proposed_at) \
         SELECT store_id, period, employee_id, metric, value, day, external_id, place, $9, $10, $11, $12, $13 \
         FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) \
             AS n (store_id, period, employee_id, metric, value, day, external_id, place) \
         ON CONFLICT DO NOTHING",
    )
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Array<Date>, _>(periods)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<Text>, _>(metrics)
    .bind::<Array<Nullable<Numeric>>, _>(values)
    .bind::<Array<Nullable<Date>>, _>(days)
    .bind::<Array<Nullable<Text>>, _>(externals)
    .bind::<Array<Text>, _>(places)
    .bind::<Text, _>(origin.source_system.as_str())
    .bind::<Nullable<BigInt>, _>(origin.batch_id)
    .bind::<Text, _>(reason(origin))
    .bind::<Nullable<BigInt>, _>(origin.user_id)
    .bind::<Timestamptz, _>(origin.at)
    .execute(&mut connection)
    .await?;
    Ok(())
}

/// Takes back what waits for a decision at the places of these entries: their system has thought better of it.
/// To be called within the transaction that holds the month's lock.
pub async fn retract(
    mut connection: &AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    source_system: &str,
) -> Result<(), Problem> {
    sql("UPDATE late_correction c SET state = 'superseded' \
         FROM unnest($1, $2, $3) AS n (employee_id, metric, place) \
         WHERE c.state = 'pending' AND c.period = $4 AND c.source_system = $5 \
         AND c.employee_id = n.employee_id AND c.metric = n.metric AND c.place = n.place")
    .bind::<Array<BigInt>, _>(entries.iter().map(|entry| entry.employee_id).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(entries.iter().map(|entry| entry.metric.as_str()).collect::<Vec<_>>())
    .bind::<Array<Text>, _>(entries.iter().map(|entry| entry.place(source_system)).collect::<Vec<_>>())
    .bind::<Date, _>(period)
    .bind::<Text, _>(source_system)
    .execute(&mut connection)
    .await?;
    Ok(())
}

/// Keeps a word about sources, for each person of whom it is news: that it is in for the person, or complete for everybody
/// of the store. One that waits already is not kept twice.
pub(super) async fn keep_sources(
    connection: &mut AsyncPgConnection,
    period: Period,
    news: &[SourceNews],
    word: SourceWord,
    origin: &ValueOrigin,
) -> Result<(), Problem> {
    if news.is_empty() {
        return Ok(());
    }
    let (stores, sources, people) = delivery::columns(news);
    sql(
        "INSERT INTO late_correction (store_id, period, employee_id, source, source_system, batch_id, reason, \
             proposed_by, proposed_at, is_of_store) \
         SELECT n.store_id, $4, n.employee_id, n.source, $5, $6, $7, $8, $9, $10 \
         FROM unnest($1, $2, $3) AS n (store_id, employee_id, source) \
         WHERE NOT EXISTS (SELECT FROM late_correction k WHERE k.state = 'pending' AND k.store_id = n.store_id \
             AND k.period = $4 AND k.source = n.source \
             AND (k.is_of_store OR NOT $10 AND k.employee_id = n.employee_id)) ON CONFLICT DO NOTHING",
    )
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<Text>, _>(sources)
    .bind::<Date, _>(period)
    .bind::<Text, _>(origin.source_system.as_str())
    .bind::<Nullable<BigInt>, _>(origin.batch_id)
    .bind::<Text, _>(reason(origin))
    .bind::<Nullable<BigInt>, _>(origin.user_id)
    .bind::<Timestamptz, _>(origin.at)
    .bind::<Bool, _>(word == SourceWord::Complete)
    .execute(connection)
    .await?;
    Ok(())
}

fn reason(origin: &ValueOrigin) -> String {
    origin.reason.clone().unwrap_or_else(|| format!("{} delivered it late", origin.source_system))
}
