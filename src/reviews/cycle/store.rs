//! Cycles on their way, in the database.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::CycleState;
use super::moves::CycleMove;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::{sql, sql_of};
use crate::http::{Problem, Window};
use crate::org::reached;
use crate::period::Period;

/// A cycle whose row is locked.
#[derive(Debug, QueryableByName)]
pub(super) struct LockedCycle {
    #[diesel(sql_type = BigInt)]
    pub(super) id: i64,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub(super) store: String,
    #[diesel(sql_type = Text)]
    pub(super) state: CycleState,
    #[diesel(sql_type = Integer)]
    pub(super) version: i32,
}

/// The id of a store that the caller reaches now.
pub(super) async fn reached_store(cx: &mut Context, code: &str) -> Result<i64, Problem> {
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    reached::store(cx.db(), &scope, code, month).await
}

/// Lets one change at a time be made to a store's terms.
pub(super) async fn lock_terms(connection: &mut AsyncPgConnection, store_id: i64) -> Result<(), Problem> {
    sql("SELECT pg_advisory_xact_lock(hashtext('review_terms'), hashtext($1::text))")
        .bind::<BigInt, _>(store_id)
        .execute(connection)
        .await?;
    Ok(())
}

/// The cycles of a month in stores that the caller reaches, by id; only of these stores, where codes are given.
pub(super) async fn reached_cycles(
    cx: &mut Context,
    period: Period,
    stores: Option<&[String]>,
) -> Result<Vec<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Id {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let is_everything = cx.scope.is_everything();
    let ids: Vec<Id> = sql_of([
        (true, "SELECT c.id FROM review_cycle c JOIN org_unit s ON s.id = c.store_id WHERE c.period = $1"),
        (stores.is_some(), " AND s.code = ANY ($2)"),
        (!is_everything, concat!(" AND ", reaches!("$3", "c.store_id", "$1"))),
        (true, " ORDER BY c.id"),
    ])
    .bind::<Date, _>(period)
    .bind::<Nullable<Array<Text>>, _>(stores)
    .bind::<CallerScope, _>(cx.scope.clone())
    .load(cx.db())
    .await?;
    Ok(ids.into_iter().map(|row| row.id).collect())
}

/// Locks cycles in the order of their ids.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> Result<Vec<LockedCycle>, Problem> {
    let locked = sql("SELECT c.id, s.code AS store, c.state, c.version FROM review_cycle c
         JOIN org_unit s ON s.id = c.store_id WHERE c.id = ANY ($1) ORDER BY c.id FOR UPDATE OF c")
    .over(ids.len())
    .bind::<Array<BigInt>, _>(ids)
    .load(connection)
    .await?;
    Ok(locked)
}

/// Holds a cycle in its state, and everybody else off it, until the transaction ends.
pub async fn hold_alone(connection: &mut AsyncPgConnection, cycle_id: i64) -> Result<CycleState, Problem> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Text)]
        state: CycleState,
    }
    let held: Held = sql("SELECT state FROM review_cycle WHERE id = $1 FOR NO KEY UPDATE")
        .bind::<BigInt, _>(cycle_id)
        .get_result(connection)
        .await?;
    Ok(held.state)
}

/// Moves cycles that are locked, and records it.
pub(super) async fn apply(
    cx: &mut Context,
    cycles: &[&LockedCycle],
    to: CycleState,
    reason: Option<&str>,
) -> Result<(), Problem> {
    let (now, by) = (cx.now, cx.by());
    let ids = cycles.iter().map(|cycle| cycle.id).collect::<Vec<_>>();
    let from = cycles.iter().map(|cycle| cycle.state.name()).collect::<Vec<_>>();
    sql("WITH moved AS (
             INSERT INTO review_cycle_move (cycle_id, at, user_id, from_state, to_state, reason)
             SELECT one.id, $3, $4, one.state, $5, $6 FROM unnest($1, $2) AS one (id, state))
         UPDATE review_cycle SET state = $5, version = version + 1 WHERE id = ANY ($1)")
    .over(ids.len())
    .bind::<Array<BigInt>, _>(ids.clone())
    .bind::<Array<Text>, _>(from)
    .bind::<Timestamptz, _>(now)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Text, _>(to)
    .bind::<Nullable<Text>, _>(reason)
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Moves with the logins of who made them.
macro_rules! moves {
    ($columns:literal, $rest:literal) => {
        sql(concat!(
            "SELECT ",
            $columns,
            "m.id, m.at, a.login AS by, m.from_state AS \"from\", m.to_state AS \"to\", m.reason
             FROM review_cycle_move m LEFT JOIN user_account a ON a.id = m.user_id WHERE ",
            $rest
        ))
    };
}

/// The moves of a cycle behind a cursor.
pub(super) async fn moves(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    window: Window,
) -> Result<Vec<CycleMove>, Problem> {
    let moves = moves!("", "m.cycle_id = $1 AND m.id > $2 ORDER BY m.id LIMIT $3")
        .bind::<BigInt, _>(cycle_id)
        .bind::<BigInt, _>(window.after)
        .bind::<BigInt, _>(window.rows())
        .load(connection)
        .await?;
    Ok(moves)
}

/// The last move of each of these cycles, by id; none where one has never been moved.
pub(super) async fn last_moves(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
) -> Result<HashMap<i64, CycleMove>, Problem> {
    #[derive(QueryableByName)]
    struct Last {
        #[diesel(sql_type = BigInt)]
        cycle_id: i64,
        #[diesel(embed)]
        last: CycleMove,
    }
    if cycles.is_empty() {
        return Ok(HashMap::new());
    }
    let last: Vec<Last> = moves!(
        "DISTINCT ON (m.cycle_id) m.cycle_id, ",
        "m.cycle_id = ANY ($1) ORDER BY m.cycle_id, m.id DESC"
    )
    .over(cycles.len())
    .bind::<Array<BigInt>, _>(cycles)
    .load(connection)
    .await?;
    Ok(last.into_iter().map(|one| (one.cycle_id, one.last)).collect())
}
