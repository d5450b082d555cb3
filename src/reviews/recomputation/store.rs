//! What has become known of published months, and months computed again, in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{ChangedFacts, Recomputation};
use crate::auth::Context;
use crate::db::schema::{review, review_recomputation};
use crate::db::{sql, sql_of};
use crate::http::{Problem, Window};

/// Corrections of somebody's month that were accepted and that no review has.
#[derive(Debug, QueryableByName)]
pub(super) struct ChangedRow {
    #[diesel(sql_type = BigInt)]
    pub(super) cycle_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    #[diesel(embed)]
    pub(super) changed: ChangedFacts,
    /// Whether one of them says that a source of the whole store is complete.
    #[diesel(sql_type = Bool)]
    pub(super) is_of_store: bool,
    /// Logins of those who accepted them, by id.
    #[diesel(sql_type = Array<BigInt>)]
    pub(super) deciders: Vec<i64>,
}

/// What has changed of these cycles' facts since their reviews were computed, by cycle and person.
pub(super) async fn changed(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
) -> Result<HashMap<i64, Vec<ChangedRow>>, Problem> {
    let rows: Vec<ChangedRow> =
        sql("SELECT c.id AS cycle_id, l.employee_id, e.employee_no, e.name, count(*) AS corrections,
             coalesce(array_agg(DISTINCT a.login) FILTER (WHERE a.id IS NOT NULL), '{}') AS accepted_by,
             max(l.decided_at) AS accepted_at, bool_or(l.metric IS NULL) AS is_of_store,
             coalesce(array_agg(DISTINCT a.id) FILTER (WHERE a.id IS NOT NULL), '{}') AS deciders
         FROM review_cycle c JOIN late_correction l ON l.store_id = c.store_id AND l.period = c.period
         JOIN employee e ON e.id = l.employee_id LEFT JOIN user_account a ON a.id = l.decided_by
         WHERE c.id = ANY ($1) AND l.state = 'accepted' AND l.applied_at IS NULL
         GROUP BY c.id, l.employee_id, e.employee_no, e.name ORDER BY e.employee_no")
        .over(cycles.len())
        .bind::<Array<BigInt>, _>(cycles)
        .load(connection)
        .await?;
    let mut changed = HashMap::<i64, Vec<ChangedRow>>::new();
    for row in rows {
        changed.entry(row.cycle_id).or_default().push(row);
    }
    Ok(changed)
}

/// The people who have a review in a cycle.
pub(super) async fn everybody(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<Vec<i64>, Problem> {
    let people = review::table
        .filter(review::cycle_id.eq(cycle_id).and(review::is_current))
        .select(review::employee_id)
        .distinct()
        .load(connection)
        .await?;
    Ok(people)
}

/// Keeps that a month was computed again.
pub(super) async fn insert(
    cx: &mut Context,
    cycle_id: i64,
    by: i64,
    reason: &str,
    corrections: i64,
    reviews: &[i64],
) -> Result<i64, Problem> {
    let now: DateTime<Utc> = cx.now;
    let id = diesel::insert_into(review_recomputation::table)
        .values((
            review_recomputation::cycle_id.eq(cycle_id),
            review_recomputation::at.eq(now),
            review_recomputation::user_id.eq(by),
            review_recomputation::reason.eq(reason),
            review_recomputation::corrections.eq(corrections),
            review_recomputation::reviews.eq(reviews),
        ))
        .returning(review_recomputation::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// How often a cycle was computed again, by id; only the one with an id, or the one that wrote a review.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    id: Option<i64>,
    window: Window,
) -> Result<Vec<Recomputation>, Problem> {
    let found = sql_of([
        (
            true,
            "SELECT x.id, x.cycle_id AS cycle, x.at, a.login AS by, x.reason, x.corrections, x.reviews
             FROM review_recomputation x JOIN user_account a ON a.id = x.user_id WHERE x.cycle_id = $1 AND x.id > $2",
        ),
        (id.is_some(), " AND x.id = $3"),
        (true, " ORDER BY x.id"),
        (true, window.limit_clause()),
    ])
    .bind::<BigInt, _>(cycle_id)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .load(connection)
    .await?;
    Ok(found)
}

/// The recomputation that wrote a review, if one did.
pub(super) async fn of_review(
    connection: &mut AsyncPgConnection,
    review_id: i64,
) -> Result<Option<(DateTime<Utc>, String)>, Problem> {
    #[derive(QueryableByName)]
    struct Cause {
        #[diesel(sql_type = Timestamptz)]
        at: DateTime<Utc>,
        #[diesel(sql_type = Text)]
        reason: String,
    }
    let found: Option<Cause> =
        sql("SELECT x.at, x.reason FROM review r JOIN review_recomputation x ON x.cycle_id = r.cycle_id
         WHERE r.id = $1 AND r.id = ANY (x.reviews)")
        .bind::<BigInt, _>(review_id)
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.map(|cause| (cause.at, cause.reason)))
}
