//! Cycles and reviews in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::compute::ReviewDraft;
use super::cycle::CycleState;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::schema::{review, review_cycle, review_item};
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::period::Period;

/// Reviews, and their items, written in one statement: PostgreSQL takes 65,535 parameters at most.
const CHUNK: usize = 2_000;

/// One store's month of reviews.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct ReviewCycle {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: CycleState,
    /// Hash of the bundle that scored the current reviews.
    #[diesel(sql_type = Nullable<Text>)]
    pub bundle: Option<String>,
    /// The release that scored them.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub release: Option<i64>,
    /// When it was opened.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When its rules were settled, by freezing or by first generating reviews. Automatic releases after that do not
    /// apply to it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub frozen_at: Option<DateTime<Utc>>,
    /// When its facts were frozen; null while they may still change.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub facts_frozen_at: Option<DateTime<Utc>>,
    /// How many late corrections are waiting for a decision.
    #[diesel(sql_type = BigInt)]
    pub pending_corrections: i64,
    /// Whether corrections have been accepted since reviews were last generated.
    #[diesel(sql_type = Bool)]
    pub needs_generation: bool,
    /// When reviews were last written.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub generated_at: Option<DateTime<Utc>>,
    /// Goes up with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// The store's id, for the program's own use.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    pub store_id: i64,
    /// The revision of the frozen facts, likewise.
    #[diesel(sql_type = Nullable<Integer>)]
    #[serde(skip)]
    pub facts_revision: Option<i32>,
}

/// Which cycles to list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CycleFilter {
    /// Only cycles of this store, by code.
    pub store: Option<String>,
    /// Only cycles of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
}

/// A page of the cycles that the caller reaches, by id.
pub async fn list_cycles(
    cx: &mut Context,
    filter: &CycleFilter,
    window: Window,
) -> Result<Page<ReviewCycle>, Problem> {
    Ok(window.page(load_cycles(cx, None, filter, window).await?, |cycle| cycle.id))
}

/// The cycle with this id, if the caller reaches it.
pub async fn find_cycle(cx: &mut Context, id: i64) -> Result<ReviewCycle, Problem> {
    let found = load_cycles(cx, Some(id), &CycleFilter::default(), Window::ONE).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("review cycle"))
}

async fn load_cycles(
    cx: &mut Context,
    id: Option<i64>,
    filter: &CycleFilter,
    window: Window,
) -> Result<Vec<ReviewCycle>, Problem> {
    let cycles = sql(concat!(
        "SELECT c.id, c.store_id, u.code AS store, c.period, c.state, c.bundle_hash AS bundle,
                c.release_id AS release, c.created_at, c.frozen_at, c.generated_at, c.version,
                m.frozen_at AS facts_frozen_at, m.revision AS facts_revision,
                (SELECT count(*) FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period
                    AND l.state = 'pending') AS pending_corrections,
                coalesce(m.revision > c.facts_revision, false) AS needs_generation
         FROM review_cycle c JOIN org_unit u ON u.id = c.store_id
         LEFT JOIN month_close m ON m.store_id = c.store_id AND m.period = c.period
         WHERE c.id > $1 AND ($2 IS NULL OR c.id = $2) AND ($3 IS NULL OR u.code = $3)
         AND ($4 IS NULL OR c.period = $4) AND ",
        reaches!("$5", "c.store_id", "c.period"),
        " ORDER BY c.id LIMIT $6"
    ))
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Text>, _>(filter.store.clone())
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(cycles)
}

/// A review cycle to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewCycle {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "JC")]
    pub store: String,
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
}

/// Opens a store's month; one that is open already is a conflict.
pub async fn create_cycle(cx: &mut Context, new: NewReviewCycle) -> Result<ReviewCycle, Problem> {
    #[derive(QueryableByName)]
    struct ReachedStore {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let (now, NewReviewCycle { store, period }) = (cx.now, new);
    cx.transaction(async |cx| {
        let found: Option<ReachedStore> = sql(concat!(
            "SELECT s.id FROM org_unit s WHERE s.code = $1 AND s.kind = 'store' AND ",
            reaches!("$2", "s.id", "$3")
        ))
        .bind::<Text, _>(store.clone())
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Date, _>(period)
        .get_result(cx.db())
        .await
        .optional()?;
        let reached = found.ok_or_else(|| {
            Problem::field("store", format!("there is no store '{store}' within your reach in {period}"))
        })?;
        let id: i64 = diesel::insert_into(review_cycle::table)
            .values((
                review_cycle::store_id.eq(reached.id),
                review_cycle::period.eq(period),
                review_cycle::state.eq(CycleState::Collecting),
                review_cycle::created_at.eq(now),
            ))
            .returning(review_cycle::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "store": store, "period": period });
        cx.audit("create_review_cycle", &format!("review_cycle/{id}"), detail).await?;
        find_cycle(cx, id).await
    })
    .await
}

/// A review as it stands, to compare with a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentReview {
    /// Its id.
    pub id: i64,
    /// How many revisions there are.
    pub revision: i32,
    /// What it was scored with.
    pub bundle: String,
    /// What went in.
    pub snapshot: String,
}

/// The current reviews of a cycle, by employee and scheme.
pub async fn current_reviews(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<HashMap<(i64, String), CurrentReview>, Problem> {
    type CurrentRow = (i64, i64, String, i32, String, String);
    let rows: Vec<CurrentRow> = review::table
        .filter(review::cycle_id.eq(cycle_id).and(review::is_current))
        .select((
            review::id,
            review::employee_id,
            review::scheme,
            review::revision,
            review::bundle_hash,
            review::snapshot,
        ))
        .load(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, employee_id, scheme, revision, bundle, snapshot)| {
            ((employee_id, scheme), CurrentReview { id, revision, bundle, snapshot })
        })
        .collect())
}

/// How many revisions of each person's reviews a cycle has, withdrawn ones included.
pub async fn revisions(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
) -> Result<HashMap<(i64, String), i32>, Problem> {
    let rows: Vec<(i64, String, Option<i32>)> = review::table
        .filter(review::cycle_id.eq(cycle_id))
        .group_by((review::employee_id, review::scheme))
        .select((review::employee_id, review::scheme, diesel::dsl::max(review::revision)))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(employee, scheme, last)| ((employee, scheme), last.unwrap_or(0))).collect())
}

/// Takes reviews out of force; they stay readable as earlier revisions.
pub async fn retire(connection: &mut AsyncPgConnection, reviews: &[i64]) -> Result<(), Problem> {
    diesel::update(review::table.filter(review::id.eq_any(reviews)))
        .set(review::is_current.eq(false))
        .execute(connection)
        .await?;
    Ok(())
}

/// Adds reviews with their items, each as the revision given.
pub async fn insert(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    bundle: &str,
    drafts: &[(&ReviewDraft, i32)],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    for chunk in drafts.chunks(CHUNK) {
        let rows = chunk.iter().map(|(draft, revision)| {
            let scored = &draft.scored;
            (
                (
                    review::cycle_id.eq(cycle_id),
                    review::employee_id.eq(draft.employee_id),
                    review::scheme.eq(&draft.scheme),
                    review::position.eq(&draft.position),
                    review::unit_id.eq(draft.unit_id),
                    review::revision.eq(revision),
                    review::is_current.eq(true),
                    review::bundle_hash.eq(bundle),
                    review::snapshot.eq(&draft.snapshot),
                    review::trace.eq(&draft.trace),
                ),
                (
                    review::base.eq(scored.base),
                    review::bonus.eq(scored.bonus),
                    review::total.eq(scored.total),
                    review::applicable_max.eq(scored.applicable_max),
                    review::grade.eq(&scored.grade),
                    review::final_grade.eq(&scored.final_grade),
                    review::coefficient.eq(scored.coefficient),
                    review::grade_reasons.eq(&draft.grade_reasons),
                    review::attention.eq(&scored.attention),
                    review::deliveries.eq(draft.deliveries),
                    review::created_at.eq(now),
                ),
            )
        });
        // Rows come back in the order in which they were given.
        let ids: Vec<i64> = diesel::insert_into(review::table)
            .values(rows.collect::<Vec<_>>())
            .returning(review::id)
            .get_results(connection)
            .await?;
        insert_items(connection, chunk, &ids).await?;
    }
    Ok(())
}

async fn insert_items(
    connection: &mut AsyncPgConnection,
    drafts: &[(&ReviewDraft, i32)],
    ids: &[i64],
) -> Result<(), Problem> {
    let mut items = Vec::new();
    for ((draft, _), id) in drafts.iter().zip(ids) {
        for (ordinal, result) in (1_i16..).zip(&draft.rules) {
            items.push((
                review_item::review_id.eq(*id),
                review_item::ordinal.eq(ordinal),
                review_item::rule.eq(&result.rule),
                review_item::outcome.eq(result.outcome),
                review_item::score.eq(result.score),
                review_item::max.eq(result.max),
                review_item::reasons.eq(result.reasons()),
            ));
        }
    }
    for chunk in items.chunks(CHUNK) {
        diesel::insert_into(review_item::table).values(chunk).execute(connection).await?;
    }
    Ok(())
}

/// Moves a cycle to `computed` if it is still as it was seen; says whether it was. Its rules are settled from the first
/// time on.
pub async fn mark_computed(
    connection: &mut AsyncPgConnection,
    seen: &ReviewCycle,
    bundle: &str,
    release: i64,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let moved = diesel::update(review_cycle::table)
        .filter(review_cycle::id.eq(seen.id).and(review_cycle::version.eq(seen.version)))
        .set((
            review_cycle::state.eq(CycleState::Computed),
            review_cycle::bundle_hash.eq(bundle),
            review_cycle::release_id.eq(release),
            review_cycle::frozen_at.eq(seen.frozen_at.unwrap_or(now)),
            review_cycle::generated_at.eq(now),
            review_cycle::facts_revision.eq(seen.facts_revision),
            review_cycle::version.eq(seen.version + 1),
        ))
        .execute(connection)
        .await?;
    Ok(moved == 1)
}
