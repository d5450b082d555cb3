//! Plans over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, delete, get, post, put};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::auth::access::{ApprovePlan, DraftPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::ledger::metric::CatalogueFile;
use crate::period::Period;
use crate::plan::reading::document::{self, PlanDocument};
use crate::plan::reading::targets::{self, CellFilter, TargetCell};
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::settings::Resplit;
use crate::plan::split::tree::Tree;
use crate::plan::versions::approval::{self, Approval, Return};
use crate::plan::versions::diff::{self, PlanDiff};
use crate::plan::versions::locks::{self, Lock};
use crate::plan::versions::pins::{self, Pins};
use crate::plan::versions::replan::{self, Replan};
use crate::plan::versions::store::{self, PlanFilter};
use crate::plan::versions::trial::{self, Trial, TrialResult};
use crate::plan::versions::version::{Plan, Status};
use crate::plan::versions::{draft, revision};
use crate::plan::viewer::{self, Viewer};

/// Which plans, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PlanQuery {
    /// Code of the store or group.
    unit: Option<String>,
    /// The calendar year.
    year: Option<i32>,
    /// How far it has come.
    status: Option<Status>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// Which cells, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TargetQuery {
    /// Code of the unit.
    unit: Option<String>,
    /// 工号
    employee_no: Option<String>,
    /// The month.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// The tree.
    tree: Option<Tree>,
    /// The line, for example `deliveries`.
    metric: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

fn changed(plan: Plan) -> HttpResponse {
    HttpResponse::Ok().insert_header(etag::of(plan.row_version)).json(plan)
}

fn created(plan: Plan) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/plans/{}", plan.id)))
        .insert_header(etag::of(plan.row_version))
        .json(plan)
}

/// List versions of plans.
#[utoipa::path(tag = "plans", params(PlanQuery), responses(
    (status = 200, description = "A page of the plans of the stores that the caller reaches", body = Page<Plan>),
))]
#[get("/plans")]
pub async fn list_plans(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<PlanQuery>,
) -> Result<Json<Page<Plan>>, Problem> {
    let PlanQuery { unit, year, status, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = PlanFilter { id: None, unit, year, status };
    let viewer = Viewer::of(&caller, clock.now());
    let plans = store::list(&mut *pool.get().await?, &viewer, &filter, after, limit + 1).await?;
    Ok(Json(Page::of(plans, limit, |plan| plan.id)))
}

/// Which line of a plan to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// The line whose cells are shown; by default the first.
    metric: Option<String>,
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// Id of the version that the differences begin from.
    from: i64,
}

/// Read a version of a plan: its lines, the months of one of them, and the trees that share them.
#[utoipa::path(tag = "plans", params(LineQuery), responses(
    (status = 200, description = "The plan; its ETag goes into If-Match", body = PlanDocument),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
))]
#[get("/plans/{id}")]
pub async fn get_plan(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<LineQuery>,
) -> Result<impl Responder, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    let metric = query.metric.as_deref();
    let document = document::read(&mut *pool.get().await?, &viewer, *id, metric).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(document.plan.row_version)).json(document))
}

/// List the cells of a plan that the caller reaches: the own ones, those of the teams led, or the store's.
#[utoipa::path(tag = "plans", params(TargetQuery), responses(
    (status = 200, description = "A page of cells, by month", body = Page<TargetCell>),
    (status = 404, description = "There is no such plan, or none of it that the caller may see", body = ProblemBody),
))]
#[get("/plans/{id}/targets")]
pub async fn list_plan_targets(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<TargetQuery>,
) -> Result<Json<Page<TargetCell>>, Problem> {
    let TargetQuery { unit, employee_no, period, tree, metric, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = CellFilter { unit, employee_no, period, tree, metric };
    let viewer = Viewer::of(&caller, clock.now());
    targets::list(&mut *pool.get().await?, &viewer, *id, &filter, after, limit).await.map(Json)
}

/// Compare two versions of a plan, cell by cell.
#[utoipa::path(tag = "plans", params(DiffQuery), responses(
    (status = 200, description = "Every place whose months are different", body = PlanDiff),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 422, description = "They are not versions of one plan", body = ProblemBody),
))]
#[get("/plans/{id}/diff")]
pub async fn get_plan_diff(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<DiffQuery>,
) -> Result<Json<PlanDiff>, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    diff::between(&mut *pool.get().await?, &viewer, query.from, *id).await.map(Json)
}

/// Try a plan by several methods, side by side. Nothing is kept.
#[utoipa::path(tag = "plans", request_body = Trial, responses(
    (status = 200, description = "What each method gives every place, or why it gives nothing", body = TrialResult),
    (status = 404, description = "The caller does not reach the unit", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/plan-trials")]
pub async fn try_plan(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    body: Body<Trial>,
) -> Result<Json<TrialResult>, Problem> {
    let mut connection = pool.get().await?;
    let viewer = Viewer::of(&caller, clock.now());
    viewer::require_unit(&mut connection, &viewer, &body.0.plan.unit, body.0.plan.year).await?;
    trial::run(&mut connection, &*catalogue.current()?, &body.0).await.map(Json)
}

/// Draft a plan: it is split exactly to months, units, people, channels and series.
#[utoipa::path(tag = "plans", request_body = NewPlan, responses(
    (status = 201, description = "Drafted, as the next version", body = Plan),
    (status = 404, description = "The caller does not reach the unit", body = ProblemBody),
    (status = 409, description = "Another draft is waiting", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/plans")]
pub async fn create_plan(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    body: Body<NewPlan>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    let viewer = Viewer::of(&caller, now);
    viewer::require_unit(&mut connection, &viewer, &body.0.unit, body.0.year).await?;
    let (catalogue, author) = (catalogue.current()?, Some(caller.identity.user_id));
    draft::create(&mut connection, &catalogue, body.0, author, now).await.map(created)
}

/// Throw a draft away.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), responses(
    (status = 204, description = "Gone"),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not a draft", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[delete("/plans/{id}")]
pub async fn delete_plan(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    store::delete(&mut connection, *id, Some(caller.identity.user_id), seen, now).await?;
    Ok(HttpResponse::NoContent())
}

/// Hand a draft in for approval.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), responses(
    (status = 200, description = "Submitted", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not a draft", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/plans/{id}/submit")]
pub async fn submit_plan(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    approval::submit(&mut connection, *id, Some(caller.identity.user_id), seen, now).await.map(changed)
}

/// Hand a submitted plan back to its author.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = Return, responses(
    (status = 200, description = "A draft again", body = Plan),
    (status = 403, description = "The plan is for another role to decide", body = ProblemBody),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not submitted, or the caller is its author", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/plans/{id}/return")]
pub async fn return_plan(
    caller: Caller<ApprovePlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Return>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = caller.identity.user_id;
    let mut connection = pool.get().await?;
    approval::require_approver(&mut connection, &caller, *id, now).await?;
    approval::return_to_draft(&mut connection, *id, by, body.0.note, seen, now).await.map(changed)
}

/// Put a submitted plan in force from a month on. The version in force before becomes superseded.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = Approval, responses(
    (status = 200, description = "Approved", body = Plan),
    (status = 403, description = "The plan is for another role to decide", body = ProblemBody),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not submitted, or the caller is its author", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "The month is not of the plan's year", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/plans/{id}/approve")]
pub async fn approve_plan(
    caller: Caller<ApprovePlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Approval>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = caller.identity.user_id;
    let mut connection = pool.get().await?;
    approval::require_approver(&mut connection, &caller, *id, now).await?;
    approval::approve(&mut connection, *id, by, body.0.effective_from, seen, now).await.map(changed)
}

/// Split some months of a unit anew among its people, in a draft.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = Resplit, responses(
    (status = 200, description = "Split anew; the other months stay", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not a draft", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/plans/{id}/resplits")]
pub async fn create_plan_resplit(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Resplit>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = Some(caller.identity.user_id);
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    revision::resplit(&mut connection, *id, body.0, by, seen, now).await.map(changed)
}

/// Begin the next version as a copy of the approved plan.
#[utoipa::path(tag = "plans", responses(
    (status = 201, description = "Drafted, with every cell of the plan copied", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not the version in force, or another draft is waiting", body = ProblemBody),
))]
#[post("/plans/{id}/versions")]
pub async fn create_plan_version(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    revision::next_version(&mut connection, *id, Some(caller.identity.user_id), now).await.map(created)
}

/// Pin cells of a draft, or give them back to the weights: the rest is split around them.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = Pins, responses(
    (status = 200, description = "Pinned, and what depends on the cells split around them", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not a draft", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault, or the cells that do not fit; nothing was changed", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[put("/plans/{id}/pins")]
pub async fn put_plan_pins(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Pins>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = Some(caller.identity.user_id);
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    pins::pin(&mut connection, *id, body.0, by, seen, now).await.map(changed)
}

/// Begin the next version of the approved plan with the rest of its year planned again: months before `from` stand, what is
/// left of the total is spread over the others.
#[utoipa::path(tag = "plans", request_body = Replan, responses(
    (status = 201, description = "Drafted as the next version", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not the version in force, or another draft is waiting", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/plans/{id}/replans")]
pub async fn create_replan(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<Replan>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    replan::replan(&mut connection, *id, body.0, Some(caller.identity.user_id), now).await.map(created)
}

/// Lock months for good: no version of the plan takes effect in them any more.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = Lock, responses(
    (status = 200, description = "Locked", body = Plan),
    (status = 403, description = "The plan is for another role to decide", body = ProblemBody),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "The caller is its author", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "The month is not of the plan's year", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[post("/plans/{id}/locks")]
pub async fn lock_plan_months(
    caller: Caller<ApprovePlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Lock>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = caller.identity.user_id;
    let mut connection = pool.get().await?;
    approval::require_approver(&mut connection, &caller, *id, now).await?;
    locks::lock_months(&mut connection, *id, body.0, by, seen, now).await.map(changed)
}
