//! Reading reviews: lists of totals, and one review explained point by point.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::snapshot::Snapshot;
use super::snapshot::stored::{self, Subject};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::ledger::month::MonthFacts;
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::rules::explanation::ExplainedRule;
use crate::rules::library::Library;

/// A review without its explanation.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the store.
    #[diesel(sql_type = Text)]
    pub store: String,
    /// Code of the unit.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// The position that was scored.
    #[diesel(sql_type = Text)]
    pub position: String,
    /// The scheme it was scored by.
    #[diesel(sql_type = Text)]
    pub scheme: String,
    /// 1 for the first; one more each time the review was generated again from other rules or facts.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// Whether this is the revision that counts.
    #[diesel(sql_type = Bool)]
    pub is_current: bool,
    /// Points out of 100 without the bonus; null while the review needs attention, or if no rule applies.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub base: Option<Decimal>,
    /// Bonus points.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub bonus: Option<Decimal>,
    /// Points including the bonus.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub total: Option<Decimal>,
    /// The most points that the applicable rules can give together.
    #[diesel(sql_type = Numeric)]
    pub applicable_max: Decimal,
    /// The grade that the total alone would give.
    #[diesel(sql_type = Nullable<Text>)]
    pub grade: Option<String>,
    /// The grade that counts, after vetoes; `NR` if not rated.
    #[diesel(sql_type = Text)]
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub coefficient: Option<Decimal>,
    /// What has to be looked into before the review counts.
    #[diesel(sql_type = Array<Text>)]
    pub attention: Vec<String>,
    /// When it was computed.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
}

/// A review with everything needed to understand and dispute it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The review.
    pub review: Review,
    /// Why the final grade is what it is, in Chinese.
    pub grade_reasons: Vec<String>,
    /// Every rule with its points, its inputs, and what it did step by step.
    pub rules: Vec<ExplainedRule>,
    /// Everything that went into it.
    pub snapshot: Snapshot,
    /// SHA-256 of the rules it was scored with.
    pub bundle: String,
}

#[derive(QueryableByName)]
struct ReviewRow {
    #[diesel(embed)]
    review: Review,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Binary)]
    inputs: Vec<u8>,
    #[diesel(sql_type = Binary)]
    trace: Vec<u8>,
    #[diesel(sql_type = Text)]
    bundle_hash: String,
}

/// Which reviews to list: of those that count.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewFilter {
    /// Only reviews of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only reviews from this unit and those below it, by code.
    pub unit: Option<String>,
    /// Only reviews of this position.
    pub position: Option<String>,
    /// Only reviews with this final grade, for example `S` or `NR`.
    pub grade: Option<String>,
    /// Only reviews of this person, by employee number 工号.
    pub employee_no: Option<String>,
}

/// The reviews that count and that the caller reaches, or the one with this id, whichever revision it is.
async fn load(
    cx: &mut Context,
    id: Option<i64>,
    filter: &ReviewFilter,
    window: Window,
) -> Result<Vec<ReviewRow>, Problem> {
    let rows = sql(concat!(
        "SELECT r.id, r.employee_id, e.employee_no, e.name, c.period, s.code AS store, u.code AS unit, r.position,
                r.scheme, r.revision, r.is_current, r.base, r.bonus, r.total, r.applicable_max, r.grade,
                r.final_grade, r.coefficient, r.attention, r.created_at, r.bundle_hash,
                CASE WHEN $2 IS NULL THEN '' ELSE r.inputs END AS inputs,
                CASE WHEN $2 IS NULL THEN '' ELSE r.trace END AS trace
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id
         JOIN org_unit u ON u.id = r.unit_id JOIN org_unit s ON s.id = c.store_id
         WHERE r.id > $1 AND ($2 IS NULL OR r.id = $2) AND ($2 IS NOT NULL OR r.is_current)
         AND ($3 IS NULL OR c.period = $3)
         AND ($4 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $4 AND u.path @> ARRAY[top.id]))
         AND ($5 IS NULL OR r.position = $5) AND ($6 IS NULL OR r.final_grade = $6)
         AND ($7 IS NULL OR e.employee_no = $7) AND ",
        reaches!("$8", "r.employee_id", "r.unit_id", "c.period"),
        " ORDER BY r.id LIMIT $9"
    ))
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Text>, _>(filter.unit.clone())
    .bind::<Nullable<Text>, _>(filter.position.clone())
    .bind::<Nullable<Text>, _>(filter.grade.clone())
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(rows)
}

/// A page of the reviews that the caller reaches, by id. Reading other people's is logged.
pub async fn list(cx: &mut Context, filter: &ReviewFilter, window: Window) -> Result<Page<Review>, Problem> {
    let page = window.page(load(cx, None, filter, window).await?, |row| row.review.id);
    log_reading(cx, page.items.iter().map(|row| (row.review.id, row.employee_id))).await?;
    let items = page.items.into_iter().map(|row| row.review).collect();
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// One review, explained. One that the caller does not reach does not exist.
pub async fn explain(cx: &mut Context, library: &Library, id: i64) -> Result<Explanation, Problem> {
    let row = read(cx, id).await?;
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let (subject, facts) = inputs_of(&row, &bundle)?;
    let scheme = bundle.schemes.get(&row.review.scheme).ok_or_else(|| Problem::not_found("scheme"))?;
    let results = scheme.read_trace(&row.trace).map_err(|damaged| Problem::internal(&damaged))?;
    let (total, applicable_max) = (row.review.total, row.review.applicable_max);
    let has_failed = !row.review.attention.is_empty();
    Ok(Explanation {
        grade_reasons: scheme.grade_reasons(&facts, total, applicable_max, has_failed, cx.language),
        rules: scheme.explain(&results, &facts, cx.language),
        snapshot: Snapshot::of(&bundle.catalogue, &subject, &facts),
        bundle: row.bundle_hash,
        review: row.review,
    })
}

/// A review to be run again: with its bundle, and the facts that it was scored from.
pub struct ReviewInputs {
    /// The review.
    pub review: Review,
    /// The rules that scored it.
    pub bundle: Arc<Bundle>,
    /// What they read.
    pub facts: MonthFacts,
}

/// What a review that the caller reaches was scored from. Reading other people's is logged.
pub async fn inputs(cx: &mut Context, library: &Library, id: i64) -> Result<ReviewInputs, Problem> {
    let row = read(cx, id).await?;
    let bundle = library.bundle(cx.db(), &row.bundle_hash).await?;
    let (_, facts) = inputs_of(&row, &bundle)?;
    Ok(ReviewInputs { review: row.review, bundle, facts })
}

fn inputs_of<'a>(row: &'a ReviewRow, bundle: &Bundle) -> Result<(Subject<'a>, MonthFacts), Problem> {
    stored::read(&row.inputs, &bundle.catalogue).map_err(|error| Problem::internal(&error))
}

/// The first review of a filter, explained.
pub async fn first(
    cx: &mut Context,
    library: &Library,
    filter: &ReviewFilter,
) -> Result<Explanation, Problem> {
    let first = load(cx, None, filter, Window::ONE).await?.into_iter().next();
    explain(cx, library, first.ok_or_else(|| Problem::not_found("review"))?.review.id).await
}

/// Checks that the caller reaches a review, and logs the reading, for what shows it in another way.
pub async fn reach(cx: &mut Context, id: i64) -> Result<(), Problem> {
    read(cx, id).await.map(|_| ())
}

async fn read(cx: &mut Context, id: i64) -> Result<ReviewRow, Problem> {
    let found = load(cx, Some(id), &ReviewFilter::default(), Window::ONE).await?.into_iter().next();
    let row = found.ok_or_else(|| Problem::not_found("review"))?;
    log_reading(cx, [(row.review.id, row.employee_id)].into_iter()).await?;
    Ok(row)
}

/// Logs the reading of reviews, each with the employee whose it is; one's own are nobody's business, and the operator's
/// readings are not logged.
pub(super) async fn log_reading(
    cx: &mut Context,
    reviews: impl Iterator<Item = (i64, i64)>,
) -> Result<(), Problem> {
    let Some(reader) = &cx.identity else { return Ok(()) };
    let others = reviews
        .filter(|(_, employee_id)| reader.employee_id != Some(*employee_id))
        .map(|(id, _)| id)
        .collect::<Vec<_>>();
    if others.is_empty() {
        return Ok(());
    }
    sql("INSERT INTO access_log (at, user_id, review_id) SELECT $1, $2, unnest($3)")
        .bind::<Timestamptz, _>(cx.now)
        .bind::<BigInt, _>(reader.user_id)
        .bind::<Array<BigInt>, _>(others)
        .execute(cx.db())
        .await?;
    Ok(())
}

/// One reading of a review by somebody other than the person reviewed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, QueryableByName)]
pub struct Access {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// When it was read.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of the reader.
    #[diesel(sql_type = Text)]
    pub login: String,
    /// The review.
    #[diesel(sql_type = BigInt)]
    pub review: i64,
    /// Employee number 工号 of the person reviewed.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
}

/// A page of the readings of reviews that the caller reaches, by id.
pub async fn list_accesses(cx: &mut Context, window: Window) -> Result<Page<Access>, Problem> {
    let accesses = sql(concat!(
        "SELECT l.id, l.at, a.login, l.review_id AS review, e.employee_no FROM access_log l
         JOIN user_account a ON a.id = l.user_id JOIN review r ON r.id = l.review_id
         JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id
         WHERE l.id > $1 AND ",
        reaches!("$2", "r.employee_id", "r.unit_id", "c.period"),
        " ORDER BY l.id LIMIT $3"
    ))
    .bind::<BigInt, _>(window.after)
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(window.page(accesses, |access: &Access| access.id))
}
