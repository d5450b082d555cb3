//! Cycles and reviews in the database.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::compute::{Before, CurrentReview};
use super::cycle::CycleState;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches, reaches_month};
use crate::db::schema::{review, review_cycle};
use crate::db::{sql, sql_of};
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

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
    /// When its rules were settled: when its facts were frozen. What is released after that does not apply to it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub frozen_at: Option<DateTime<Utc>>,
    /// When its facts were frozen; null while they may still change.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub facts_frozen_at: Option<DateTime<Utc>>,
    /// How many late corrections are waiting for a decision.
    #[diesel(sql_type = BigInt)]
    pub pending_corrections: i64,
    /// Whether reviews have to be generated again: corrections have been accepted since, or they are from before the month
    /// was frozen.
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

impl ReviewCycle {
    /// A cycle that has just been opened.
    pub(super) fn opened(id: i64, store_id: i64, store: &str, period: Period, now: DateTime<Utc>) -> Self {
        Self {
            id,
            store: store.to_owned(),
            period,
            state: CycleState::Collecting,
            bundle: None,
            release: None,
            created_at: now,
            frozen_at: None,
            facts_frozen_at: None,
            pending_corrections: 0,
            needs_generation: false,
            generated_at: None,
            version: 1,
            store_id,
            facts_revision: None,
        }
    }
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

/// Whether the reviews of the cycle `c` are not from the facts that were frozen as `m`: they were generated before that, or
/// corrections have been accepted since.
macro_rules! needs_generation {
    () => {
        "coalesce(c.generated_at IS NOT NULL AND m.revision > coalesce(c.facts_revision, 0), false)"
    };
}

pub(super) use needs_generation;

/// Cycles with what is known of their months.
macro_rules! cycles {
    () => {
        concat!(
            "SELECT c.id, c.store_id, u.code AS store, c.period, c.state, c.bundle_hash AS bundle,
            c.release_id AS release, c.created_at, c.frozen_at, c.generated_at, c.version,
            m.frozen_at AS facts_frozen_at, m.revision AS facts_revision,
            (SELECT count(*) FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period
                AND l.state = 'pending') AS pending_corrections,
            ",
            needs_generation!(),
            " AS needs_generation
         FROM review_cycle c JOIN org_unit u ON u.id = c.store_id
         LEFT JOIN month_close m ON m.store_id = c.store_id AND m.period = c.period "
        )
    };
}

/// The cycles of stores that are reached, found by store.
const REACHED: &str = " AND c.id = ANY (ARRAY(
    SELECT month.id FROM reached($4) within JOIN review_cycle month ON month.store_id = within.unit_id
    WHERE within.months @> month.period AND month.id > $1))";

/// A page of the cycles that the caller reaches, by id.
pub async fn list_cycles(
    cx: &mut Context,
    filter: &CycleFilter,
    window: Window,
) -> Result<Page<ReviewCycle>, Problem> {
    let pieces = [
        (filter.period.is_none(), concat!(cycles!(), "WHERE c.id > $1")),
        // As for reviews: by ids alone all the months before would be read, and by a month that is seen it is planned anew.
        (
            filter.period.is_some(),
            concat!(cycles!(), "WHERE (c.period, c.id) > ((SELECT $3), $1) AND c.period <= (SELECT $3)"),
        ),
        (filter.store.is_some(), " AND u.code = $2"),
        (!cx.scope.is_everything(), REACHED),
        (filter.period.is_none(), " ORDER BY c.id"),
        (filter.period.is_some(), " ORDER BY c.period, c.id"),
        (true, window.limit_clause()),
    ];
    let cycles = sql_of(pieces)
        .bind::<BigInt, _>(window.after)
        .bind::<Nullable<Text>, _>(filter.store.as_deref())
        .bind::<Nullable<Date>, _>(filter.period)
        .bind::<CallerScope, _>(cx.scope.clone())
        .load(cx.db())
        .await?;
    Ok(window.page(cycles, |cycle: &ReviewCycle| cycle.id))
}

/// The cycle with this id, if the caller reaches it.
pub async fn find_cycle(cx: &mut Context, id: i64) -> Result<ReviewCycle, Problem> {
    let found =
        sql(concat!(cycles!(), "WHERE c.id = $1 AND ", reaches_month!("$2", "c.store_id", "c.period")))
            .bind::<BigInt, _>(id)
            .bind::<CallerScope, _>(cx.scope.clone())
            .get_result(cx.db())
            .await
            .optional()?;
    found.ok_or_else(|| Problem::not_found("review cycle"))
}

/// The cycles of a month in these stores, whoever asks; by store.
pub(super) async fn cycles_of(
    connection: &mut AsyncPgConnection,
    period: Period,
    stores: &[i64],
) -> Result<HashMap<i64, ReviewCycle>, Problem> {
    let cycles: Vec<ReviewCycle> = sql(concat!(cycles!(), "WHERE c.period = $1 AND c.store_id = ANY ($2)"))
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(stores)
        .load(connection)
        .await?;
    Ok(cycles.into_iter().map(|cycle| (cycle.store_id, cycle)).collect())
}

/// A review cycle to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewCycle {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "JC", min_length = 1, max_length = 32)]
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
            Problem::field(
                "store",
                say!(
                    "{period} 您管辖的范围内没有门店“{store}”",
                    "there is no store '{store}' within your reach in {period}"
                ),
            )
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

/// The reviews in force of these cycles, by cycle.
pub(super) async fn current_reviews(
    connection: &mut AsyncPgConnection,
    cycles: &[i64],
) -> Result<HashMap<i64, Before>, Problem> {
    type CurrentRow = (i64, i64, i64, String, String, Vec<u8>, Option<Decimal>, String, bool);

    // A plan made while the table was empty would read all of it, for nothing.
    if cycles.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<CurrentRow> = review::table
        .filter(review::cycle_id.eq_any(cycles).and(review::is_current))
        .select((
            review::cycle_id,
            review::employee_id,
            review::id,
            review::scheme,
            review::bundle_hash,
            review::inputs,
            review::total,
            review::final_grade,
            review::attention.ne(Vec::<String>::new()),
        ))
        .load(connection)
        .await?;
    let mut before = HashMap::<i64, Before>::new();
    for (cycle_id, employee_id, id, scheme, bundle, inputs, total, final_grade, needs_attention) in rows {
        let current = CurrentReview { id, scheme, bundle, inputs, total, final_grade, needs_attention };
        before.entry(cycle_id).or_default().entry(employee_id).or_default().push(current);
    }
    Ok(before)
}

/// Says of a cycle that is locked that its reviews have changed, and that those of some people have every correction that was
/// accepted for them; what was said of the store's sources they have only where the `whole` month does. Once nothing else is left, the cycle's reviews are those of the facts as they are.
pub(super) async fn apply_corrections(
    cx: &mut Context,
    cycle: &ReviewCycle,
    people: &[i64],
    is_whole: bool,
) -> Result<(), Problem> {
    let now = cx.now;
    sql("UPDATE late_correction SET applied_at = $1
         WHERE store_id = $2 AND period = $3 AND employee_id = ANY ($4) AND state = 'accepted' AND applied_at IS NULL
         AND (metric IS NOT NULL OR $5)")
    .bind::<Timestamptz, _>(now)
    .bind::<BigInt, _>(cycle.store_id)
    .bind::<Date, _>(cycle.period)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Bool, _>(is_whole)
    .execute(cx.db())
    .await?;
    sql("UPDATE review_cycle c SET version = c.version + 1, facts_revision = CASE WHEN EXISTS (
             SELECT FROM late_correction l WHERE l.store_id = c.store_id AND l.period = c.period
             AND l.state = 'accepted' AND l.applied_at IS NULL) THEN c.facts_revision
             ELSE coalesce((SELECT m.revision FROM month_close m WHERE m.store_id = c.store_id AND m.period = c.period),
                 c.facts_revision) END
         WHERE c.id = $1")
    .bind::<BigInt, _>(cycle.id)
    .execute(cx.db())
    .await?;
    // What is published already changes for those who follow it.
    sql("SELECT tell_reviews(ARRAY[$1])").bind::<BigInt, _>(cycle.id).execute(cx.db()).await?;
    Ok(())
}
