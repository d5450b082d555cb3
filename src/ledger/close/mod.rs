//! Months that stay closed: freezing a store's facts, reading what scoring reads, and deciding on what comes too late.

pub mod corrections;
pub mod http;
mod store;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::corrections::CorrectionState;
use crate::db::schema::{assignment, late_correction, month_close, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::locks;
use crate::ledger::person_months::Numbers;
use crate::period::Period;

/// A store's month that is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, ToSchema)]
pub struct MonthClose {
    /// When its facts were frozen.
    pub frozen_at: DateTime<Utc>,
    /// What was known to be missing then and was accepted.
    pub note: Option<String>,
    /// One more with each decision that accepted late corrections.
    pub revision: i32,
}

/// The freeze of a store's month, if it is frozen.
pub async fn find(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Option<MonthClose>, Problem> {
    let found = month_close::table
        .filter(month_close::store_id.eq(store_id).and(month_close::period.eq(period)))
        .select((month_close::frozen_at, month_close::note, month_close::revision))
        .first(connection)
        .await;
    Ok(found.optional()?)
}

/// The people posted in a store on some day of a month.
pub async fn people_of(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<i64>, Problem> {
    let people = assignment::table
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(org_unit::store_id.eq(store_id).and(assignment::valid_from.lt(period.end())))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(period.first_day())))
        .select(assignment::employee_id)
        .distinct()
        .order(assignment::employee_id)
        .load(connection)
        .await?;
    Ok(people)
}

/// Freezes the facts of a store's month, and returns how many values it froze. To be called within a transaction.
///
/// # Errors
///
/// A conflict where the month is frozen already.
pub async fn freeze(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    note: Option<&str>,
    user_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<usize, Problem> {
    // Who records facts of its people holds this lock until they are committed: nothing slips in between reading and
    // freezing.
    locks::lock_months(connection, Vec::new(), vec![(store_id, period)]).await?;
    diesel::insert_into(month_close::table)
        .values((
            month_close::store_id.eq(store_id),
            month_close::period.eq(period),
            month_close::frozen_at.eq(now),
            month_close::user_id.eq(user_id),
            month_close::note.eq(note),
        ))
        .execute(connection)
        .await?;
    let people = people_of(connection, store_id, period).await?;
    let frozen: FrozenValues = sql("WITH frozen AS ( \
             INSERT INTO frozen_month (store_id, period, employee_id, value) \
             SELECT $1, $2, employee_id, value FROM person_month WHERE period = $2 AND employee_id = ANY ($3) \
             RETURNING value) \
         SELECT coalesce(sum(cardinality(array_remove(value, NULL))), 0) AS number FROM frozen")
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .get_result(connection)
    .await?;
    Ok(usize::try_from(frozen.number).unwrap_or(0))
}

/// How many values were frozen.
#[derive(QueryableByName)]
struct FrozenValues {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// What scoring reads of one person's month in one store.
#[derive(Debug, QueryableByName)]
pub struct ScoredMonth {
    /// The store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// The person.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// What counts, by the index of the metric in [`Places`](crate::ledger::person_months::Places).
    #[diesel(sql_type = Array<Nullable<Numeric>>)]
    pub value: Numbers,
}

/// What scoring reads of many people's months: of each pair of a store and a person, given as two lists of one length,
/// what was frozen, or while the store's month is open what is known now. Of whom nothing is known there is no row.
/// [`Places`](crate::ledger::person_months::Places) say which metric is where.
pub async fn scored_months(
    connection: &mut AsyncPgConnection,
    period: Period,
    stores: &[i64],
    people: &[i64],
) -> Result<Vec<ScoredMonth>, Problem> {
    Ok(sql("SELECT p.store_id, p.employee_id, CASE WHEN c.store_id IS NULL THEN m.value ELSE f.value END AS value \
         FROM unnest($2, $3) AS p (store_id, employee_id) \
         LEFT JOIN month_close c ON c.store_id = p.store_id AND c.period = $1 \
         LEFT JOIN frozen_month f ON f.store_id = c.store_id AND f.period = $1 AND f.employee_id = p.employee_id \
         LEFT JOIN person_month m ON m.period = $1 AND m.employee_id = p.employee_id AND c.store_id IS NULL \
         WHERE CASE WHEN c.store_id IS NULL THEN m.value ELSE f.value END IS NOT NULL")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(stores)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?)
}

/// How many corrections of a store's month wait for a decision.
pub async fn pending(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<i64, Problem> {
    let count = late_correction::table
        .filter(late_correction::store_id.eq(store_id).and(late_correction::period.eq(period)))
        .filter(late_correction::state.eq(CorrectionState::Pending))
        .count()
        .get_result(connection)
        .await?;
    Ok(count)
}
