//! Cycles and reviews in the database.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::compute::ReviewDraft;
use super::cycle::CycleState;
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::db::schema::{review, review_cycle, review_item};
use crate::http::Problem;
use crate::period::Period;
use crate::rules::scoring::Outcome;

/// Reviews, and their items, written in one statement: PostgreSQL takes 65,535 parameters at most.
const CHUNK: usize = 2_000;

/// One store's month of reviews.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewCycle {
    /// Its id.
    pub id: i64,
    /// Code of the store.
    pub store: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// How far it has come.
    pub state: CycleState,
    /// Hash of the bundle that scored the current reviews.
    pub bundle: Option<String>,
    /// The release that scored them.
    pub release: Option<i64>,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When its rules were settled, by freezing or by first generating reviews. Automatic releases after that do not
    /// apply to it.
    pub frozen_at: Option<DateTime<Utc>>,
    /// When its facts were frozen; null while they may still change.
    pub facts_frozen_at: Option<DateTime<Utc>>,
    /// How many late corrections are waiting for a decision.
    pub pending_corrections: i64,
    /// Whether corrections have been accepted since reviews were last generated.
    pub needs_generation: bool,
    /// When reviews were last written.
    pub generated_at: Option<DateTime<Utc>>,
    /// Goes up with every change; also the ETag.
    pub version: i32,
    /// The store's id, for the program's own use.
    #[serde(skip)]
    pub store_id: i64,
    /// The revision of the frozen facts, likewise.
    #[serde(skip)]
    pub facts_revision: Option<i32>,
}

#[derive(QueryableByName)]
struct CycleRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Nullable<Text>)]
    bundle_hash: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    release_id: Option<i64>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    frozen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    facts_frozen_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Integer>)]
    facts_revision: Option<i32>,
    #[diesel(sql_type = BigInt)]
    pending_corrections: i64,
    #[diesel(sql_type = Bool)]
    needs_generation: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    generated_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    version: i32,
}

impl From<CycleRow> for ReviewCycle {
    fn from(row: CycleRow) -> Self {
        Self {
            id: row.id,
            store: row.store,
            period: Period::containing(row.period),
            // The table allows no other words.
            state: CycleState::named(&row.state).unwrap_or(CycleState::Locked),
            bundle: row.bundle_hash,
            release: row.release_id,
            created_at: row.created_at,
            frozen_at: row.frozen_at,
            facts_frozen_at: row.facts_frozen_at,
            pending_corrections: row.pending_corrections,
            needs_generation: row.needs_generation,
            generated_at: row.generated_at,
            version: row.version,
            store_id: row.store_id,
            facts_revision: row.facts_revision,
        }
    }
}

/// Which cycles to list.
#[derive(Clone, Debug, Default)]
pub struct CycleFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only this store's, by code.
    pub store: Option<String>,
    /// Only this month's.
    pub period: Option<Period>,
}

/// Cycles behind `after` that `scope` reaches, by id.
pub async fn list_cycles(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &CycleFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<ReviewCycle>, Problem> {
    let rows: Vec<CycleRow> = diesel::sql_query(
        "SELECT c.id, c.store_id, u.code AS store, c.period, c.state, c.bundle_hash, c.release_id, \
                c.created_at, c.frozen_at, c.generated_at, c.version, m.frozen_at AS facts_frozen_at, m.revision AS facts_revision, \
                (SELECT count(*) FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period \
                    AND l.state = 'pending') AS pending_corrections, \
                coalesce(m.revision > c.facts_revision, false) AS needs_generation \
         FROM review_cycle c JOIN org_unit u ON u.id = c.store_id \
         LEFT JOIN month_close m ON m.store_id = c.store_id AND m.period = c.period \
         WHERE c.id > $1 AND ($2 IS NULL OR c.id = $2) AND ($3 IS NULL OR u.code = $3) \
         AND ($4 IS NULL OR c.period = $4) AND may_reach($5, $6, $7, 0, c.store_id, c.period) \
         ORDER BY c.id LIMIT $8",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Text>, _>(&filter.store)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(ReviewCycle::from).collect())
}

/// The cycle with this id, if `scope` reaches it.
pub async fn find_cycle(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<ReviewCycle, Problem> {
    let filter = CycleFilter { id: Some(id), ..CycleFilter::default() };
    let found = list_cycles(connection, scope, &filter, 0, 1).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("review cycle"))
}

/// Opens a store's month; one that is open already is a conflict.
pub async fn create_cycle(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    store: &str,
    period: Period,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<ReviewCycle, Problem> {
    #[derive(QueryableByName)]
    struct Store {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_reached: bool,
    }
    let found: Option<Store> = diesel::sql_query(
        "SELECT id, may_reach($1, $2, $3, 0, id, $4) AS is_reached FROM org_unit \
         WHERE code = $5 AND kind = 'store'",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Date, _>(period.first_day())
    .bind::<Text, _>(store)
    .get_result(connection)
    .await
    .optional()?;
    let store_id = match found {
        Some(Store { id, is_reached: true }) => id,
        _ => {
            return Err(Problem::field(
                "store",
                format!("there is no store '{store}' within your reach in {period}"),
            ));
        }
    };
    let id: i64 = diesel::insert_into(review_cycle::table)
        .values((
            review_cycle::store_id.eq(store_id),
            review_cycle::period.eq(period.first_day()),
            review_cycle::state.eq(CycleState::Collecting.name()),
            review_cycle::created_at.eq(now),
        ))
        .returning(review_cycle::id)
        .get_result(connection)
        .await?;
    let detail = json!({ "store": store, "period": period });
    audit::record(connection, now, by, "create_review_cycle", &format!("review_cycle/{id}"), detail).await?;
    find_cycle(connection, scope, id).await
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
                    review::grade_reasons.eq(&scored.grade_reasons),
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
        for (ordinal, result) in (1_i16..).zip(&draft.scored.rules) {
            items.push((
                review_item::review_id.eq(*id),
                review_item::ordinal.eq(ordinal),
                review_item::rule.eq(&result.rule),
                review_item::outcome.eq(word(result.outcome)),
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

/// The word for an outcome in the table of items.
pub(super) const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Scored => "scored",
        Outcome::NotApplicable => "not_applicable",
        Outcome::Failed => "failed",
    }
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
            review_cycle::state.eq(CycleState::Computed.name()),
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
