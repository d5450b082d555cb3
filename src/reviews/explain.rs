//! Reading reviews: lists of totals, and one review explained point by point.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::snapshot::Snapshot;
use crate::auth::caller::{Identity, Scope};
use crate::http::Problem;
use crate::period::Period;
use crate::rules::scoring::RuleResult;

/// A review without its explanation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Review {
    /// Its id.
    pub id: i64,
    /// Employee number 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the store.
    pub store: String,
    /// Code of the unit.
    pub unit: String,
    /// The position that was scored.
    pub position: String,
    /// The scheme it was scored by.
    pub scheme: String,
    /// 1 for the first; one more each time the review was generated again from other rules or facts.
    pub revision: i32,
    /// Whether this is the revision that counts.
    pub is_current: bool,
    /// Points out of 100 without the bonus; null while the review needs attention, or if no rule applies.
    pub base: Option<Decimal>,
    /// Bonus points.
    pub bonus: Option<Decimal>,
    /// Points including the bonus.
    pub total: Option<Decimal>,
    /// The most points that the applicable rules can give together.
    pub applicable_max: Decimal,
    /// The grade that the total alone would give.
    pub grade: Option<String>,
    /// The grade that counts, after vetoes; `NR` if not rated.
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    pub coefficient: Option<Decimal>,
    /// What has to be looked into before the review counts.
    pub attention: Vec<String>,
    /// When it was computed.
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
    pub rules: Vec<RuleResult>,
    /// Everything that went into it.
    pub snapshot: Snapshot,
    /// SHA-256 of the rules it was scored with.
    pub bundle: String,
}

#[derive(QueryableByName)]
struct ReviewRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Text)]
    position: String,
    #[diesel(sql_type = Text)]
    scheme: String,
    #[diesel(sql_type = Integer)]
    revision: i32,
    #[diesel(sql_type = Bool)]
    is_current: bool,
    #[diesel(sql_type = Nullable<Numeric>)]
    base: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    bonus: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    total: Option<Decimal>,
    #[diesel(sql_type = Numeric)]
    applicable_max: Decimal,
    #[diesel(sql_type = Nullable<Text>)]
    grade: Option<String>,
    #[diesel(sql_type = Text)]
    final_grade: String,
    #[diesel(sql_type = Nullable<Numeric>)]
    coefficient: Option<Decimal>,
    #[diesel(sql_type = Array<Text>)]
    attention: Vec<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Array<Text>)]
    grade_reasons: Vec<String>,
    #[diesel(sql_type = Text)]
    snapshot: String,
    #[diesel(sql_type = Text)]
    trace: String,
    #[diesel(sql_type = Text)]
    bundle_hash: String,
}

impl ReviewRow {
    fn review(&self) -> Review {
        Review {
            id: self.id,
            employee_no: self.employee_no.clone(),
            name: self.name.clone(),
            period: Period::containing(self.period),
            store: self.store.clone(),
            unit: self.unit.clone(),
            position: self.position.clone(),
            scheme: self.scheme.clone(),
            revision: self.revision,
            is_current: self.is_current,
            base: self.base,
            bonus: self.bonus,
            total: self.total,
            applicable_max: self.applicable_max,
            grade: self.grade.clone(),
            final_grade: self.final_grade.clone(),
            coefficient: self.coefficient,
            attention: self.attention.clone(),
            created_at: self.created_at,
        }
    }
}

impl ReviewRow {
    fn explanation(self) -> Result<Explanation, Problem> {
        Ok(Explanation {
            review: self.review(),
            rules: serde_json::from_str(&self.trace).map_err(|error| Problem::internal(&error))?,
            snapshot: serde_json::from_str(&self.snapshot).map_err(|error| Problem::internal(&error))?,
            grade_reasons: self.grade_reasons,
            bundle: self.bundle_hash,
        })
    }
}

/// Which reviews to list. Without an id, only those that count.
#[derive(Clone, Debug, Default)]
pub struct ReviewFilter {
    /// Only this one, whichever revision it is.
    pub id: Option<i64>,
    /// Only this month's.
    pub period: Option<Period>,
    /// Only this unit's and those of the units below it, by code.
    pub unit: Option<String>,
    /// Only this position's.
    pub position: Option<String>,
    /// Only those with this final grade.
    pub grade: Option<String>,
    /// Only this person's, by 工号.
    pub employee_no: Option<String>,
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &ReviewFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<ReviewRow>, Problem> {
    let rows = diesel::sql_query(
        "SELECT r.id, r.employee_id, e.employee_no, e.name, c.period, s.code AS store, u.code AS unit, r.position, \
                r.scheme, r.revision, r.is_current, r.base, r.bonus, r.total, r.applicable_max, r.grade, \
                r.final_grade, r.coefficient, r.attention, r.created_at, r.grade_reasons, r.bundle_hash, \
                CASE WHEN $2 IS NULL THEN '' ELSE r.snapshot END AS snapshot, \
                CASE WHEN $2 IS NULL THEN '' ELSE r.trace END AS trace \
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id \
         JOIN org_unit u ON u.id = r.unit_id JOIN org_unit s ON s.id = c.store_id \
         WHERE r.id > $1 AND ($2 IS NULL OR r.id = $2) AND ($2 IS NOT NULL OR r.is_current) \
         AND ($3 IS NULL OR c.period = $3) \
         AND ($4 IS NULL OR u.path @> ARRAY(SELECT id FROM org_unit WHERE code = $4) \
              AND EXISTS (SELECT FROM org_unit WHERE code = $4)) \
         AND ($5 IS NULL OR r.position = $5) AND ($6 IS NULL OR r.final_grade = $6) \
         AND ($7 IS NULL OR e.employee_no = $7) \
         AND may_reach($8, $9, $10, r.employee_id, r.unit_id, c.period) \
         ORDER BY r.id LIMIT $11",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Text>, _>(&filter.unit)
    .bind::<Nullable<Text>, _>(&filter.position)
    .bind::<Nullable<Text>, _>(&filter.grade)
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows)
}

/// Up to `limit` reviews behind `after` that the reader reaches, by id, and one more if there is one. Reading other
/// people's is logged.
pub async fn list(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    scope: &Scope,
    filter: &ReviewFilter,
    after: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Review>, Problem> {
    let rows = load(connection, scope, filter, after, limit + 1).await?;
    let shown = rows.len().min(usize::try_from(limit).unwrap_or(usize::MAX));
    log(connection, reader, rows.get(..shown).unwrap_or_default(), now).await?;
    Ok(rows.iter().map(ReviewRow::review).collect())
}

/// One review, explained. One that the reader does not reach does not exist.
pub async fn explain(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    scope: &Scope,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Explanation, Problem> {
    read(connection, reader, scope, id, now).await?.explanation()
}

/// Checks that the reader reaches a review, and logs the reading, for what shows it in another way.
pub async fn reach(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    scope: &Scope,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    read(connection, reader, scope, id, now).await.map(|_| ())
}

async fn read(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    scope: &Scope,
    id: i64,
    now: DateTime<Utc>,
) -> Result<ReviewRow, Problem> {
    let filter = ReviewFilter { id: Some(id), ..ReviewFilter::default() };
    let rows = load(connection, scope, &filter, 0, 1).await?;
    log(connection, reader, &rows, now).await?;
    rows.into_iter().next().ok_or_else(|| Problem::not_found("review"))
}

/// The first review of a filter, explained to the operator, whose readings are not logged.
pub async fn for_operator(
    connection: &mut AsyncPgConnection,
    filter: &ReviewFilter,
) -> Result<Explanation, Problem> {
    let operator = Scope::operator();
    let found = load(connection, &operator, filter, 0, 1).await?.into_iter().next();
    let found = found.ok_or_else(|| Problem::not_found("review"))?;
    let filter = ReviewFilter { id: Some(found.id), ..ReviewFilter::default() };
    let rows = load(connection, &operator, &filter, 0, 1).await?;
    rows.into_iter().next().ok_or_else(|| Problem::not_found("review"))?.explanation()
}

/// Logs the reading of other people's reviews.
async fn log(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    rows: &[ReviewRow],
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    log_reading(connection, reader, rows.iter().map(|row| (row.id, row.employee_id)), now).await
}

/// Logs the reading of reviews, each with the employee whose it is; one's own are nobody's business.
pub(super) async fn log_reading(
    connection: &mut AsyncPgConnection,
    reader: &Identity,
    reviews: impl Iterator<Item = (i64, i64)>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let others = reviews
        .filter(|(_, employee_id)| reader.employee_id != Some(*employee_id))
        .map(|(id, _)| id)
        .collect::<Vec<_>>();
    if others.is_empty() {
        return Ok(());
    }
    diesel::sql_query("INSERT INTO access_log (at, user_id, review_id) SELECT $1, $2, unnest($3)")
        .bind::<Timestamptz, _>(now)
        .bind::<BigInt, _>(reader.user_id)
        .bind::<Array<BigInt>, _>(others)
        .execute(connection)
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

/// Readings behind `after` of reviews that `scope` reaches, by id.
pub async fn list_accesses(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    after: i64,
    limit: i64,
) -> Result<Vec<Access>, Problem> {
    let rows = diesel::sql_query(
        "SELECT l.id, l.at, a.login, l.review_id AS review, e.employee_no FROM access_log l \
         JOIN user_account a ON a.id = l.user_id JOIN review r ON r.id = l.review_id \
         JOIN review_cycle c ON c.id = r.cycle_id JOIN employee e ON e.id = r.employee_id \
         WHERE l.id > $1 AND may_reach($2, $3, $4, r.employee_id, r.unit_id, c.period) ORDER BY l.id LIMIT $5",
    )
    .bind::<BigInt, _>(after)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows)
}
