//! Versions of plans in the database: found, listed, inserted, locked and thrown away.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::version::{Plan, Status, Step};
use crate::auth::audit;
use crate::db::schema::annual_plan;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::plan::split::settings::Split;
use crate::plan::viewer::{REACHED, Viewer};

/// Which plans to list; none: every one.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// The version with this id.
    pub id: Option<i64>,
    /// Code of the store or group.
    pub unit: Option<String>,
    /// The calendar year.
    pub year: Option<i32>,
    /// How far it has come.
    pub status: Option<Status>,
}

#[derive(QueryableByName)]
struct PlanRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Integer)]
    year: i32,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = Integer)]
    closed_months: i32,
    #[diesel(sql_type = Nullable<Date>)]
    effective_from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    author: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    approver: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    approved_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Integer)]
    row_version: i32,
}

fn plan(row: PlanRow) -> Result<Plan, Problem> {
    Ok(Plan {
        id: row.id,
        unit: row.unit,
        year: row.year,
        metric: row.metric,
        version: row.version,
        status: read_status(&row.status)?,
        total: row.total,
        closed_months: row.closed_months,
        effective_from: row.effective_from.map(Period::containing),
        author: row.author,
        approver: row.approver,
        created_at: row.created_at,
        approved_at: row.approved_at,
        row_version: row.row_version,
    })
}

fn read_status(name: &str) -> Result<Status, Problem> {
    Status::named(name).ok_or_else(|| Problem::internal(&format!("no status is called '{name}'")))
}

/// The plans behind `after` that the viewer sees as a whole, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    filter: &PlanFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Plan>, Problem> {
    let query = format!(
        "SELECT p.id, unit.code AS unit, p.year, l.metric, p.version, p.status, l.total, p.closed_months,
             p.effective_from, author.login AS author, approver.login AS approver, p.created_at, p.approved_at,
             p.row_version
         FROM annual_plan p JOIN org_unit unit ON unit.id = p.unit_id
         JOIN plan_line l ON l.plan_id = p.id AND l.line = 0
         LEFT JOIN user_account author ON author.id = p.author_id AND $5
         LEFT JOIN user_account approver ON approver.id = p.approver_id AND $5
         WHERE p.id > $6 AND ($7 IS NULL OR p.id = $7) AND ($8 IS NULL OR unit.code = $8)
         AND ($9 IS NULL OR p.year = $9) AND ($10 IS NULL OR p.status = $10)
         AND {REACHED}
         ORDER BY p.id LIMIT $11"
    );
    let rows: Vec<PlanRow> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&viewer.scope.reaches)
        .bind::<BigInt, _>(viewer.scope.employee_id)
        .bind::<BigInt, _>(viewer.scope.unit_id)
        .bind::<Date, _>(viewer.month)
        .bind::<Bool, _>(viewer.sees_names())
        .bind::<BigInt, _>(after)
        .bind::<Nullable<BigInt>, _>(filter.id)
        .bind::<Nullable<Text>, _>(&filter.unit)
        .bind::<Nullable<Integer>, _>(filter.year)
        .bind::<Nullable<Text>, _>(filter.status.map(Status::name))
        .bind::<BigInt, _>(limit)
        .load(connection)
        .await?;
    rows.into_iter().map(plan).collect()
}

/// The plan with this id, if the viewer sees it as a whole.
pub async fn find(connection: &mut AsyncPgConnection, viewer: &Viewer, id: i64) -> Result<Plan, Problem> {
    let filter = PlanFilter { id: Some(id), ..PlanFilter::default() };
    let found = list(connection, viewer, &filter, 0, 1).await?.pop();
    found.ok_or_else(|| Problem::not_found("plan"))
}

/// What a new version begins with.
pub(in crate::plan) struct Heading<'a> {
    pub unit_id: i64,
    pub year: i32,
    pub split: &'a Split,
    pub closed_months: i32,
}

/// Inserts a draft, without cells, as the next version.
pub(in crate::plan) async fn insert(
    connection: &mut AsyncPgConnection,
    heading: Heading<'_>,
    author: Option<i64>,
    now: DateTime<Utc>,
) -> Result<i64, Problem> {
    let latest: Option<i32> = annual_plan::table
        .filter(annual_plan::unit_id.eq(heading.unit_id))
        .filter(annual_plan::year.eq(heading.year))
        .select(diesel::dsl::max(annual_plan::version))
        .first(connection)
        .await?;
    let id = diesel::insert_into(annual_plan::table)
        .values((
            annual_plan::unit_id.eq(heading.unit_id),
            annual_plan::year.eq(heading.year),
            annual_plan::version.eq(latest.unwrap_or(0) + 1),
            annual_plan::status.eq(Status::Draft.name()),
            annual_plan::closed_months.eq(heading.closed_months),
            annual_plan::split.eq(to_json(heading.split)?),
            annual_plan::author_id.eq(author),
            annual_plan::created_at.eq(now),
        ))
        .returning(annual_plan::id)
        .get_result(connection)
        .await?;
    Ok(id)
}

/// Throws a draft away with its cells.
pub async fn delete(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    connection
        .transaction(async |connection| {
            let plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            plan.status.after(Step::Delete)?;
            diesel::delete(annual_plan::table.find(id)).execute(connection).await?;
            let detail = json!({
                "unit_id": plan.unit_id, "year": plan.year, "version": plan.version,
            });
            audit::record(connection, now, by, "delete_plan", &subject(id), detail).await
        })
        .await
}

/// A version that nobody else can change until the transaction ends.
pub(in crate::plan) struct LockedPlan {
    pub id: i64,
    pub unit_id: i64,
    pub year: i32,
    pub version: i32,
    pub status: Status,
    pub closed_months: i32,
    pub split: Split,
    pub author_id: Option<i64>,
    pub row_version: i32,
}

type LockedRow = (i64, i64, i32, i32, String, i32, serde_json::Value, Option<i64>, i32);

/// Locks a version together with the other versions of the same plan, always in the same order: approving one moves the
/// one before too, and two transactions must never wait for each other.
pub(in crate::plan) async fn lock(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> Result<LockedPlan, Problem> {
    let series: (i64, i32) = annual_plan::table
        .find(id)
        .select((annual_plan::unit_id, annual_plan::year))
        .first(connection)
        .await
        .optional()?
        .ok_or_else(|| Problem::not_found("plan"))?;
    let rows: Vec<LockedRow> = annual_plan::table
        .filter(annual_plan::unit_id.eq(series.0))
        .filter(annual_plan::year.eq(series.1))
        .order(annual_plan::id)
        .select((
            annual_plan::id,
            annual_plan::unit_id,
            annual_plan::year,
            annual_plan::version,
            annual_plan::status,
            annual_plan::closed_months,
            annual_plan::split,
            annual_plan::author_id,
            annual_plan::row_version,
        ))
        .for_update()
        .load(connection)
        .await?;
    let row = rows.into_iter().find(|row| row.0 == id).ok_or_else(|| Problem::not_found("plan"))?;
    let (id, unit_id, year, version, status, closed_months, split, author_id, row_version) = row;
    let status = read_status(&status)?;
    let split = from_json(split)?;
    Ok(LockedPlan { id, unit_id, year, version, status, closed_months, split, author_id, row_version })
}

impl LockedPlan {
    /// Writes status and split, and counts the change.
    pub(in crate::plan) async fn save(&self, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
        let rows = diesel::update(
            annual_plan::table.find(self.id).filter(annual_plan::row_version.eq(self.row_version)),
        )
        .set((
            annual_plan::status.eq(self.status.name()),
            annual_plan::split.eq(to_json(&self.split)?),
            annual_plan::row_version.eq(self.row_version + 1),
        ))
        .execute(connection)
        .await?;
        must_be_one(rows)
    }
}

/// A change that met no row met a version other than the one it was made for.
pub(in crate::plan) fn must_be_one(rows: usize) -> Result<(), Problem> {
    match rows {
        1 => Ok(()),
        _ => Err(Problem::new(Code::PreconditionFailed, "it has just been changed by somebody else")),
    }
}

/// The split of a plan as its column keeps it.
pub(in crate::plan) fn from_json(split: serde_json::Value) -> Result<Split, Problem> {
    serde_json::from_value(split).map_err(|error| Problem::internal(&error))
}

fn to_json(split: &Split) -> Result<serde_json::Value, Problem> {
    serde_json::to_value(split).map_err(|error| Problem::internal(&error))
}

/// The name under which the trail of what was done knows a plan.
pub(in crate::plan) fn subject(id: i64) -> String {
    format!("plan/{id}")
}
