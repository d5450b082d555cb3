//! Months that stay closed: freezing a store's facts, reading what scoring reads, and deciding on what comes too late.

pub mod corrections;
pub mod http;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::schema::{frozen_fact, month_close};
use crate::http::Problem;
use crate::ledger::{self, locks};
use crate::period::Period;

/// A store's month that is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MonthClose {
    /// When its facts were frozen.
    pub frozen_at: DateTime<Utc>,
    /// What was known to be missing then, and accepted.
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
    let row: Option<(DateTime<Utc>, Option<String>, i32)> = month_close::table
        .find((store_id, period.first_day()))
        .select((month_close::frozen_at, month_close::note, month_close::revision))
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(|(frozen_at, note, revision)| MonthClose { frozen_at, note, revision }))
}

/// The people posted in a store on some day of a month.
pub async fn people_of(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT DISTINCT a.employee_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
         WHERE u.store_id = $1 AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) ORDER BY 1",
    )
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.employee_id).collect())
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
            month_close::period.eq(period.first_day()),
            month_close::frozen_at.eq(now),
            month_close::user_id.eq(user_id),
            month_close::note.eq(note),
        ))
        .execute(connection)
        .await?;
    let people = people_of(connection, store_id, period).await?;
    let frozen = diesel::sql_query(
        "INSERT INTO frozen_fact (store_id, period, employee_id, metric, value) \
         SELECT $1, $2, employee_id, metric, value FROM current_fact WHERE period = $2 AND employee_id = ANY ($3)",
    )
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period.first_day())
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
    let rows: Vec<(i64, String, Decimal)> = frozen_fact::table
        .filter(frozen_fact::store_id.eq(store_id).and(frozen_fact::period.eq(period.first_day())))
        .filter(frozen_fact::employee_id.eq_any(people))
        .select((frozen_fact::employee_id, frozen_fact::metric, frozen_fact::value))
        .load(connection)
        .await?;
    Ok(ledger::by_person(rows))
}

/// How many corrections of a store's month wait for a decision.
pub async fn pending(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<i64, Problem> {
    use crate::db::schema::late_correction;
    let count = late_correction::table
        .filter(late_correction::store_id.eq(store_id).and(late_correction::period.eq(period.first_day())))
        .filter(late_correction::state.eq("pending"))
        .count()
        .get_result(connection)
        .await?;
    Ok(count)
}

/// Brings what was frozen up to what the ledger says of these people and months now, in every store whose month is
/// frozen and where they were posted. To be called within the transaction that changed the ledger.
async fn refresh(
    connection: &mut AsyncPgConnection,
    period: NaiveDate,
    people: &[i64],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let end = Period::containing(period).end();
    let stores = "SELECT DISTINCT c.store_id, a.employee_id FROM month_close c \
                  JOIN org_unit u ON u.store_id = c.store_id \
                  JOIN assignment a ON a.unit_id = u.id AND daterange(a.valid_from, a.valid_to) && daterange($1, $2) \
                  WHERE c.period = $1 AND a.employee_id = ANY ($3)";
    diesel::sql_query("DELETE FROM frozen_fact WHERE period = $1 AND employee_id = ANY ($2)")
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(people)
        .execute(connection)
        .await?;
    diesel::sql_query(format!(
        "INSERT INTO frozen_fact (store_id, period, employee_id, metric, value) \
         SELECT s.store_id, f.period, f.employee_id, f.metric, f.value FROM current_fact f \
         JOIN ({stores}) AS s ON s.employee_id = f.employee_id WHERE f.period = $1 AND f.employee_id = ANY ($3)"
    ))
    .bind::<Date, _>(period)
    .bind::<Date, _>(end)
    .bind::<Array<BigInt>, _>(people)
    .execute(connection)
    .await?;
    diesel::sql_query(
        "UPDATE month_close SET revision = revision + 1 WHERE period = $1 AND store_id IN ( \
             SELECT u.store_id FROM assignment a JOIN org_unit u ON u.id = a.unit_id \
             WHERE a.employee_id = ANY ($3) AND daterange(a.valid_from, a.valid_to) && daterange($1, $2))",
    )
    .bind::<Date, _>(period)
    .bind::<Date, _>(end)
    .bind::<Array<BigInt>, _>(people)
    .execute(connection)
    .await?;
    // Sources that were declared complete late count from now on.
    diesel::sql_query(
        "INSERT INTO source_delivery (store_id, period, source, delivered_at) \
         SELECT DISTINCT store_id, period, source, $2 FROM late_correction \
         WHERE period = $1 AND state = 'accepted' AND source IS NOT NULL ON CONFLICT DO NOTHING",
    )
    .bind::<Date, _>(period)
    .bind::<Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(())
}

/// A text that has to say something.
fn said(note: Option<&str>) -> Option<&str> {
    note.map(str::trim).filter(|note| !note.is_empty())
}

/// Writes the decision on corrections that are locked.
async fn decide(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
    state: &str,
    note: Option<&str>,
    by: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::sql_query(
        "UPDATE late_correction SET state = $2, decided_by = $3, decided_at = $4, decision_note = $5 \
         WHERE id = ANY ($1)",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Text, _>(state)
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<Text>, _>(said(note))
    .execute(connection)
    .await?;
    Ok(())
}
