//! What closing a month reads and writes.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::FactConflict;
use crate::auth::access::Role;
use crate::db::schema::{org_unit, source_delivery};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::cycle::CycleState;

/// When each source first delivered something for a store's month.
pub(super) async fn delivered(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<HashMap<String, DateTime<Utc>>, Problem> {
    let rows: Vec<(String, DateTime<Utc>)> = source_delivery::table
        .filter(source_delivery::store_id.eq(store_id).and(source_delivery::period.eq(period)))
        .select((source_delivery::source, source_delivery::delivered_at))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The people of a store who have logins, with their roles.
pub(super) async fn deliverers(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<(String, Vec<Role>)>, Problem> {
    #[derive(QueryableByName)]
    struct Deliverer {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Array<Text>)]
        roles: Vec<Role>,
    }
    let deliverers: Vec<Deliverer> =
        sql("SELECT e.name, l.roles FROM user_account l JOIN employee e ON e.id = l.employee_id
         WHERE NOT l.is_disabled AND EXISTS (SELECT FROM assignment a JOIN org_unit u ON u.id = a.unit_id
             WHERE a.employee_id = e.id AND u.store_id = $1
             AND daterange(a.valid_from, a.valid_to) && daterange($2, $3)) ORDER BY e.employee_no")
        .bind::<BigInt, _>(store_id)
        .bind::<Date, _>(period)
        .bind::<Date, _>(period.end())
        .load(connection)
        .await?;
    Ok(deliverers.into_iter().map(|one| (one.name, one.roles)).collect())
}

/// Values of verified events beside others that were delivered.
pub(super) async fn conflicts(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<FactConflict>, Problem> {
    let people = crate::ledger::close::people_of(connection, store_id, period).await?;
    let mut conflicts: Vec<FactConflict> = sql("SELECT e.employee_no, r.metric, r.counts, r.besides FROM (
             SELECT employee_id, metric, sum(value) FILTER (WHERE rank = 3) AS counts,
                 sum(value) FILTER (WHERE rank = 2) AS besides
             FROM standing_fact('infinity') WHERE period = $1 AND employee_id = ANY ($2)
             GROUP BY employee_id, metric) AS r JOIN employee e ON e.id = r.employee_id
         WHERE r.counts <> r.besides ORDER BY e.employee_no, r.metric")
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    for conflict in &mut conflicts {
        conflict.counts.normalize_assign();
        conflict.besides.normalize_assign();
    }
    Ok(conflicts)
}

/// Waits for whoever is changing postings in a store, and keeps others from it until the transaction ends: who posts
/// somebody shares the lock of the unit.
pub(super) async fn hold_postings(connection: &mut AsyncPgConnection, store_id: i64) -> Result<(), Problem> {
    // Children before their parents, as who ends a unit locks them.
    org_unit::table
        .filter(org_unit::store_id.eq(store_id))
        .order(org_unit::id.desc())
        .select(org_unit::id)
        .for_no_key_update()
        .load::<i64>(connection)
        .await?;
    Ok(())
}

/// Moves a cycle that still collects to `frozen`.
pub(super) async fn mark_frozen(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    sql("UPDATE review_cycle SET version = version + 1, frozen_at = coalesce(frozen_at, $2),
             state = CASE WHEN state = $3 THEN $4 ELSE state END WHERE id = $1")
    .bind::<BigInt, _>(cycle_id)
    .bind::<Timestamptz, _>(now)
    .bind::<Text, _>(CycleState::Collecting)
    .bind::<Text, _>(CycleState::Frozen)
    .execute(connection)
    .await?;
    Ok(())
}
