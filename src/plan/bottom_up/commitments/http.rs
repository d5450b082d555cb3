//! Commitments, and what the group has issued, over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{get, put};

use super::issued::{self, IssuedTargets};
use super::{CommitmentDocument, Commitments};
use crate::auth::Caller;
use crate::auth::access::{CommitPlan, ViewPlan};
use crate::http::body::LARGE;
use crate::http::{Body, Problem, Query};
use crate::plan::reading::http::LineQuery;

/// Read the targets of a version next to what was committed to, place by place, as far as the caller reaches.
#[utoipa::path(tag = "plans", params(LineQuery), responses(
    (status = 200, description = "Targets, commitments and gaps", body = CommitmentDocument),
))]
#[get("/plans/{id}/commitments")]
pub async fn get_plan_commitments(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Query<LineQuery>,
) -> Result<Json<CommitmentDocument>, Problem> {
    super::read(&mut caller.context().await?, *id, query.0.metric.as_deref()).await.map(Json)
}

/// Commit to months: a consultant to their own, a leader to those of the team and its people, a sales manager to any of
/// the store's. Either every row is kept, or none.
#[utoipa::path(tag = "plans", request_body = Commitments, responses(
    (status = 200, description = "Kept; targets, commitments and gaps as they are now", body = CommitmentDocument),
    (status = 409, description = "A later version has replaced this one"),
    (status = 412, description = "A row_version has changed since it was read"),
    (status = 422, description = "Some fields are not valid, for example places that the caller may not commit for; nothing was kept"),
))]
#[put("/plans/{id}/commitments")]
pub async fn put_plan_commitments(
    caller: Caller<CommitPlan>,
    id: Path<i64>,
    body: Body<Commitments, LARGE>,
) -> Result<Json<CommitmentDocument>, Problem> {
    super::commit(&mut caller.context().await?, *id, body.0).await.map(Json)
}

/// Read what the group's plan issues to the unit of this plan, and how far the plan is from it.
#[utoipa::path(tag = "plans", params(LineQuery), responses(
    (status = 200, description = "Issued, planned, and the gaps; null where nothing was issued", body = IssuedTargets),
))]
#[get("/plans/{id}/issued")]
pub async fn get_plan_issued(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Query<LineQuery>,
) -> Result<Json<IssuedTargets>, Problem> {
    issued::read(&mut caller.context().await?, *id, query.0.metric.as_deref()).await.map(Json)
}
