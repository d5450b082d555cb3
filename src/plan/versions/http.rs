//! Versions of plans over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, delete, get, post, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::approval::{self, Approval, Return};
use super::diff::{self, PlanDiff};
use super::locks::{self, Lock};
use super::pins::{self, Pins};
use super::replan::{self, Replan};
use super::store::{self, PlanFilter};
use super::trial::{self, Trial, TrialResult};
use super::version::Plan;
use super::{draft, revision};
use crate::auth::Caller;
use crate::auth::access::{ApprovePlan, DraftPlan, ViewPlan};
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query};
use crate::ledger::catalogue::Catalogues;
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::settings::Resplit;

fn changed(plan: Plan) -> impl Responder {
    etag::ok(plan.row_version, plan)
}

fn created(plan: Plan) -> impl Responder {
    etag::created(format_args!("/v1/plans/{}", plan.id), plan.row_version, &plan)
}

/// List versions of plans.
#[utoipa::path(tag = "plans", params(PlanFilter, PageQuery), responses(
    (status = 200, description = "A page of the plans of the stores that the caller reaches", body = Page<Plan>),
))]
#[get("/plans")]
pub async fn list_plans(
    caller: Caller<ViewPlan>,
    query: Paged<PlanFilter>,
) -> Result<Json<Page<Plan>>, Problem> {
    store::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Which version to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// Id of the version to compare with.
    from: i64,
}

/// Compare two versions of a plan, cell by cell.
#[utoipa::path(tag = "plans", params(DiffQuery), responses(
    (status = 200, description = "Every place whose months are different", body = PlanDiff),
))]
#[get("/plans/{id}/diff")]
pub async fn get_plan_diff(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Query<DiffQuery>,
) -> Result<Json<PlanDiff>, Problem> {
    diff::between(&mut caller.context().await?, query.0.from, *id).await.map(Json)
}

/// Try a plan with several methods, side by side. Nothing is stored.
#[utoipa::path(tag = "plans", request_body = Trial, responses(
    (status = 200, description = "What each method gives every place, or why it gives nothing", body = TrialResult),
    (status = 404, description = "The caller does not reach the unit"),
))]
#[post("/plan-trials")]
pub async fn try_plan(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    body: Body<Trial, LARGE>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    Ok(caller.language.answer(trial::run(cx, &catalogue, &body.0).await?))
}

/// Draft a plan: it is split exactly over months, units, people, channels and series.
#[utoipa::path(tag = "plans", request_body = NewPlan, responses(
    (status = 201, description = "Drafted, as the next version", body = Plan),
    (status = 404, description = "The caller does not reach the unit"),
    (status = 409, description = "Another draft is waiting"),
))]
#[post("/plans")]
pub async fn create_plan(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    body: Body<NewPlan, LARGE>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    draft::create(cx, &catalogue, body.0).await.map(created)
}

/// Delete a draft.
#[utoipa::path(tag = "plans", params(Seen), responses(
    (status = 204, description = "Deleted"),
    (status = 409, description = "It is not a draft"),
))]
#[delete("/plans/{id}")]
pub async fn delete_plan(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    store::delete(&mut caller.context().await?, *id, seen).await.map(|()| HttpResponse::NoContent())
}

/// Submit a draft for approval.
#[utoipa::path(tag = "plans", params(Seen), responses(
    (status = 200, description = "Submitted", body = Plan),
    (status = 409, description = "It is not a draft"),
))]
#[post("/plans/{id}/submit")]
pub async fn submit_plan(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    approval::submit(&mut caller.context().await?, *id, seen).await.map(changed)
}

/// Return a submitted plan to its author.
#[utoipa::path(tag = "plans", params(Seen), request_body = Return, responses(
    (status = 200, description = "A draft again", body = Plan),
    (status = 409, description = "It is not submitted, or the caller wrote or changed it"),
))]
#[post("/plans/{id}/return")]
pub async fn return_plan(
    caller: Caller<ApprovePlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Return>,
) -> Result<impl Responder, Problem> {
    approval::return_to_draft(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Approve a submitted plan: it is in force from a month on, and supersedes the version in force before.
#[utoipa::path(tag = "plans", params(Seen), request_body = Approval, responses(
    (status = 200, description = "Approved", body = Plan),
    (status = 409, description = "It is not submitted, or the caller wrote or changed it"),
))]
#[post("/plans/{id}/approve")]
pub async fn approve_plan(
    caller: Caller<ApprovePlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Approval>,
) -> Result<impl Responder, Problem> {
    approval::approve(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Split some months of a unit again among its people, in a draft.
#[utoipa::path(tag = "plans", params(Seen), request_body = Resplit, responses(
    (status = 200, description = "Split again; the other months stay as they are", body = Plan),
    (status = 409, description = "It is not a draft"),
))]
#[post("/plans/{id}/resplits")]
pub async fn create_plan_resplit(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Resplit, LARGE>,
) -> Result<impl Responder, Problem> {
    revision::resplit(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Begin the next version as a copy of the approved plan.
#[utoipa::path(tag = "plans", responses(
    (status = 201, description = "Drafted, with every cell of the plan copied", body = Plan),
    (status = 409, description = "It is not the version in force, or another draft is waiting"),
))]
#[post("/plans/{id}/versions")]
pub async fn create_plan_version(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    revision::next_version(&mut caller.context().await?, *id).await.map(created)
}

/// Pin cells of a draft, or release them again: the rest is split around them.
#[utoipa::path(tag = "plans", params(Seen), request_body = Pins, responses(
    (status = 200, description = "Pinned; what depends on the cells is split around them", body = Plan),
    (status = 409, description = "It is not a draft"),
    (status = 422, description = "Some fields are not valid, or some cells do not fit; nothing was changed"),
))]
#[put("/plans/{id}/pins")]
pub async fn put_plan_pins(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Pins, LARGE>,
) -> Result<impl Responder, Problem> {
    pins::pin(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}

/// Plan the rest of a year again: the months before `from` stay as they are governed, and what is left of the total is
/// spread over the others. Of the approved plan the next version is begun; a draft is planned again itself, with If-Match.
#[utoipa::path(tag = "plans", params(
    ("If-Match" = Option<String>, Header, description = "The ETag of the draft that was read, or *; left out for the approved plan"),
), request_body = Replan, responses(
    (status = 200, description = "The draft, planned again", body = Plan),
    (status = 201, description = "Drafted as the next version", body = Plan),
    (status = 409, description = "It is neither the version in force nor a draft, or another draft is waiting"),
    (status = 412, description = "The draft was changed in the meantime"),
    (status = 422, description = "Some fields are not valid, or nothing is known of somebody in a month; nothing was changed"),
    (status = 428, description = "It is a draft, and If-Match is missing"),
))]
#[post("/plans/{id}/replans")]
pub async fn create_replan(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    id: Path<i64>,
    seen: Result<Seen, Problem>,
    body: Body<Replan, LARGE>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let (plan, is_new) = replan::replan(cx, &catalogue, *id, body.0, seen).await?;
    Ok(match is_new {
        true => etag::created(format_args!("/v1/plans/{}", plan.id), plan.row_version, &plan),
        false => etag::ok(plan.row_version, plan),
    })
}

/// Lock months for good: no new version of the plan can take effect in them.
#[utoipa::path(tag = "plans", params(Seen), request_body = Lock, responses(
    (status = 200, description = "Locked", body = Plan),
    (status = 409, description = "The caller wrote or changed the plan"),
))]
#[post("/plans/{id}/locks")]
pub async fn lock_plan_months(
    caller: Caller<ApprovePlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Lock>,
) -> Result<impl Responder, Problem> {
    locks::lock_months(&mut caller.context().await?, *id, body.0, seen).await.map(changed)
}
