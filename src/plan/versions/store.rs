//! Versions of plans in the database: found, listed, begun, changed and thrown away.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::IntoParams;

use super::version::{Plan, Status, Step};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope};
use crate::db::schema::annual_plan;
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::period::Period;
use crate::plan::split::settings::Split;
use crate::plan::viewer::{self, seen_whole};
use crate::said::say;

/// Which plans to list; none: every one.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlanFilter {
    /// Only plans of this store or group, by code.
    pub unit: Option<String>,
    /// Only plans of this calendar year.
    pub year: Option<i32>,
    /// Only plans in this status.
    pub status: Option<Status>,
}

/// A page of the plans that are seen as a whole, by id.
pub async fn list(cx: &mut Context, filter: &PlanFilter, window: Window) -> Result<Page<Plan>, Problem> {
    let looking =
        Looking { scope: cx.scope.clone(), month: viewer::month(cx), names: viewer::sees_names(cx) };
    Ok(window.page(select(cx.db(), looking, None, filter, window).await?, |plan| plan.id))
}

/// The plan with this id, if it is seen as a whole.
pub async fn find(cx: &mut Context, id: i64) -> Result<Plan, Problem> {
    let looking =
        Looking { scope: cx.scope.clone(), month: viewer::month(cx), names: viewer::sees_names(cx) };
    one(cx.db(), looking, id).await
}

/// The plan with this id, whoever asks: what a change that was allowed has made of it.
pub(in crate::plan) async fn kept(connection: &mut AsyncPgConnection, id: i64) -> Result<Plan, Problem> {
    one(connection, Looking::everywhere(), id).await
}

/// Every version of a unit's plan of a year, whoever asks.
pub(in crate::plan) async fn versions_of(
    connection: &mut AsyncPgConnection,
    unit: &str,
    year: i32,
) -> Result<Vec<Plan>, Problem> {
    let filter = PlanFilter { unit: Some(unit.to_owned()), year: Some(year), status: None };
    select(connection, Looking::everywhere(), None, &filter, Window { after: 0, limit: 10_000 }).await
}

async fn one(connection: &mut AsyncPgConnection, looking: Looking, id: i64) -> Result<Plan, Problem> {
    let found = select(connection, looking, Some(id), &PlanFilter::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("plan"))
}

/// How somebody looks at headings.
struct Looking {
    scope: Scope,
    month: Period,
    /// Logins are shown.
    names: bool,
}

impl Looking {
    fn everywhere() -> Self {
        // Who reaches everything does so in any month.
        Self {
            scope: Scope::operator(),
            month: Period::containing(chrono::NaiveDate::default()),
            names: true,
        }
    }
}

async fn select(
    connection: &mut AsyncPgConnection,
    looking: Looking,
    id: Option<i64>,
    filter: &PlanFilter,
    window: Window,
) -> Result<Vec<Plan>, Problem> {
    let plans = sql(concat!(
        "SELECT p.id, unit.code AS unit, p.year, l.metric, p.version, p.status, l.total, p.closed_months,
             p.effective_from, author.login AS author, approver.login AS approver, p.created_at, p.approved_at,
             p.row_version
         FROM annual_plan p JOIN org_unit unit ON unit.id = p.unit_id
         JOIN plan_line l ON l.plan_id = p.id AND l.line = 0
         LEFT JOIN user_account author ON author.id = p.author_id AND $3
         LEFT JOIN user_account approver ON approver.id = p.approver_id AND $3
         WHERE p.id > $4 AND ($5 IS NULL OR p.id = $5) AND ($6 IS NULL OR unit.code = $6)
         AND ($7 IS NULL OR p.year = $7) AND ($8 IS NULL OR p.status = $8)
         AND ",
        seen_whole!("$1", "$2", "p.unit_id", "p.year"),
        " ORDER BY p.id LIMIT $9"
    ))
    .bind::<CallerScope, _>(looking.scope)
    .bind::<Date, _>(looking.month)
    .bind::<Bool, _>(looking.names)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Text>, _>(filter.unit.clone())
    .bind::<Nullable<Integer>, _>(filter.year)
    .bind::<Nullable<Text>, _>(filter.status)
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    Ok(plans)
}

/// A version as it is kept.
#[derive(Queryable, Selectable)]
#[diesel(table_name = annual_plan, check_for_backend(diesel::pg::Pg))]
pub(in crate::plan) struct Version {
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

/// The version with this id.
pub(in crate::plan) async fn version(
    connection: &mut AsyncPgConnection,
    id: i64,
) -> Result<Version, Problem> {
    let found =
        annual_plan::table.find(id).select(Version::as_select()).first(connection).await.optional()?;
    found.ok_or_else(|| Problem::not_found("plan"))
}

/// Locks a version together with the other versions of the same plan, always in the same order: approving one moves the
/// one before too, and two transactions must never wait for each other.
pub(in crate::plan) async fn lock(connection: &mut AsyncPgConnection, id: i64) -> Result<Version, Problem> {
    let Version { unit_id, year, .. } = version(connection, id).await?;
    let versions: Vec<Version> = annual_plan::table
        .filter(annual_plan::unit_id.eq(unit_id))
        .filter(annual_plan::year.eq(year))
        .order(annual_plan::id)
        .select(Version::as_select())
        .for_update()
        .load(connection)
        .await?;
    versions.into_iter().find(|version| version.id == id).ok_or_else(|| Problem::not_found("plan"))
}

impl Version {
    /// Writes status and split, and counts the change.
    pub(in crate::plan) async fn save(&self, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
        let rows = diesel::update(
            annual_plan::table.find(self.id).filter(annual_plan::row_version.eq(self.row_version)),
        )
        .set((
            annual_plan::status.eq(self.status),
            annual_plan::split.eq(&self.split),
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
        _ => Err(Problem::new(
            Code::PreconditionFailed,
            say!("刚刚被别人改过，请重新读取", "it has just been changed by somebody else"),
        )),
    }
}

/// Locks the version that was seen, for a step that may be taken from where it stands.
async fn locked(cx: &mut Context, id: i64, seen: Seen, step: Step) -> Result<Version, Problem> {
    let mut version = lock(cx.db(), id).await?;
    seen.check(version.row_version)?;
    version.status = version.status.after(step)?;
    Ok(version)
}

/// Takes a step with version `id` as a whole or not at all: `work` does it, and says what the trail tells of it. The
/// answer is the version as the transaction leaves it.
///
/// # Errors
///
/// Those of `work`; a failed precondition where the version is not the one that was seen; a conflict where the step
/// cannot be taken.
pub(in crate::plan) async fn change(
    cx: &mut Context,
    id: i64,
    seen: Seen,
    (step, action): (Step, &str),
    work: impl AsyncFnOnce(&mut Context, &mut Version) -> Result<Value, Problem>,
) -> Result<Plan, Problem> {
    cx.transaction(async |cx| {
        let mut version = locked(cx, id, seen, step).await?;
        let detail = work(cx, &mut version).await?;
        version.save(cx.db()).await?;
        cx.audit(action, &subject(id), detail).await?;
        kept(cx.db(), id).await
    })
    .await
}

/// Changes the draft `id`, see [`change`]; who does it does not approve it.
pub(in crate::plan) async fn change_draft(
    cx: &mut Context,
    id: i64,
    seen: Seen,
    action: &str,
    work: impl AsyncFnOnce(&mut Context, &mut Version) -> Result<Value, Problem>,
) -> Result<Plan, Problem> {
    viewer::require_plan(cx, id).await?;
    change(cx, id, seen, (Step::Change, action), async |cx, version| {
        if let Some(user) = cx.by() {
            version.split.note_changer(user);
        }
        work(cx, version).await
    })
    .await
}

/// Throws a draft away with its cells.
pub async fn delete(cx: &mut Context, id: i64, seen: Seen) -> Result<(), Problem> {
    viewer::require_plan(cx, id).await?;
    cx.transaction(async |cx| {
        let version = locked(cx, id, seen, Step::Delete).await?;
        diesel::delete(annual_plan::table.find(id)).execute(cx.db()).await?;
        let detail = json!({
            "unit_id": version.unit_id, "year": version.year, "version": version.version,
        });
        cx.audit("delete_plan", &subject(id), detail).await
    })
    .await
}

/// What a new version begins with.
pub(in crate::plan) struct Heading {
    pub unit_id: i64,
    pub year: i32,
    pub split: Split,
    pub closed_months: i32,
}

/// Begins a draft as the next version, by who asks: `fill` gives it its cells. It is part of a transaction, and the answer
/// is the version as that leaves it.
pub(in crate::plan) async fn begin(
    cx: &mut Context,
    heading: Heading,
    (action, detail): (&str, Value),
    fill: impl AsyncFnOnce(&mut Context, i64) -> Result<(), Problem>,
) -> Result<Plan, Problem> {
    let latest: Option<i32> = annual_plan::table
        .filter(annual_plan::unit_id.eq(heading.unit_id))
        .filter(annual_plan::year.eq(heading.year))
        .select(diesel::dsl::max(annual_plan::version))
        .first(cx.db())
        .await?;
    let id = diesel::insert_into(annual_plan::table)
        .values((
            annual_plan::unit_id.eq(heading.unit_id),
            annual_plan::year.eq(heading.year),
            annual_plan::version.eq(latest.unwrap_or(0) + 1),
            annual_plan::status.eq(Status::Draft),
            annual_plan::closed_months.eq(heading.closed_months),
            annual_plan::split.eq(heading.split),
            annual_plan::author_id.eq(cx.by()),
            annual_plan::created_at.eq(cx.now),
        ))
        .returning(annual_plan::id)
        .get_result(cx.db())
        .await?;
    fill(cx, id).await?;
    cx.audit(action, &subject(id), detail).await?;
    kept(cx.db(), id).await
}

/// The name under which the trail of what was done knows a plan.
pub(in crate::plan) fn subject(id: i64) -> String {
    format!("plan/{id}")
}
