//! Months that stay closed: freezing a store's facts, reading what scoring reads, and deciding on what comes too late.

pub mod corrections;
pub mod http;
mod store;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::corrections::CorrectionState;
use crate::db::schema::{assignment, frozen_fact, late_correction, month_close, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::{self, locks};
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
    let frozen = sql(
        "INSERT INTO frozen_fact (store_id, period, employee_id, metric, value) \
         SELECT $1, $2, employee_id, metric, value FROM current_fact WHERE period = $2 AND employee_id = ANY ($3)",
    )
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .execute(connection)
    .await?;
    Ok(frozen)
}

/// What scoring reads of these people's month in a store: what was frozen, or while it is open what is known now.
pub async fn scored(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    if find(connection, store_id, period).await?.is_none() {
        return ledger::current(connection, period, people).await;
    }
    let facts: Vec<(i64, String, Decimal)> = frozen_fact::table
        .filter(frozen_fact::store_id.eq(store_id).and(frozen_fact::period.eq(period)))
        .filter(frozen_fact::employee_id.eq_any(people))
        .select((frozen_fact::employee_id, frozen_fact::metric, frozen_fact::value))
        .load(connection)
        .await?;
    Ok(ledger::by_person(facts))
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
