//! Improvement plans over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::{ImprovementFilter, ImprovementPlan, NewImprovementAssessment, NewImprovementPlan};
use crate::auth::access::{ManageImprovement, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::etag::{self, Seen};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Body, Page, PageQuery, Paged, Problem};

/// List improvement plans, or what published reviews propose.
#[utoipa::path(tag = "reviews", params(ImprovementFilter, PageQuery), responses(
    (status = 200, description = "A page of plans", body = Page<ImprovementPlan>),
))]
#[get("/improvement-plans")]
pub async fn list_improvement_plans(
    caller: Caller<ViewReviews>,
    query: Paged<ImprovementFilter>,
) -> Result<Json<Page<ImprovementPlan>>, Problem> {
    let plans = super::list(&mut caller.context().await?, &query, query.window).await?;
    plans.logged().await.map(Json)
}

/// Make an improvement plan of what a review proposes.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewImprovementPlan, responses(
    (status = 201, description = "Made", body = ImprovementPlan),
    (status = 409, description = "The review proposes none, or the person has one already"),
))]
#[post("/improvement-plans")]
pub async fn create_improvement_plan(
    caller: Caller<ManageImprovement>,
    request: Keyed<NewImprovementPlan>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let create = async |cx: &mut Context| super::create(cx, &body).await;
    cx.once("create_improvement_plan", key.as_ref(), create).await?.created(|plan| Made {
        location: plan.id.map(|id| format!("/v1/improvement-plans/{id}")),
        version: Some(plan.version),
    })
}

/// Read an improvement plan.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The plan", body = ImprovementPlan)))]
#[get("/improvement-plans/{id}")]
pub async fn get_improvement_plan(
    caller: Caller<ViewReviews>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let plan = super::read(&mut caller.context().await?, *id).await?.logged().await?;
    Ok(etag::ok(plan.version, plan))
}

/// Say what an improvement plan has come to: the second time closes it.
#[utoipa::path(tag = "reviews", params(Seen), request_body = NewImprovementAssessment, responses(
    (status = 200, description = "Assessed", body = ImprovementPlan),
    (status = 409, description = "It is closed, or has not begun"),
))]
#[post("/improvement-plans/{id}/assessments")]
pub async fn assess_improvement_plan(
    caller: Caller<ManageImprovement>,
    id: Path<i64>,
    seen: Seen,
    body: Body<NewImprovementAssessment>,
) -> Result<impl Responder, Problem> {
    let plan = super::assess(&mut caller.context().await?, *id, &body.0, seen).await?;
    Ok(etag::ok(plan.version, plan))
}
