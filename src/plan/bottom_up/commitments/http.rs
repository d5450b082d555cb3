//! Commitments, and what the group has issued, over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{get, put};

use super::issued::{self, IssuedTargets};
use super::{CommitmentDocument, Commitments};
use crate::auth::Caller;
use crate::auth::access::{CommitPlan, ViewPlan};
use crate::http::{Body, Problem, Query};
use crate::plan::reading::http::LineQuery;

/// Read what was committed to beside the targets of a version, place by place, as far as the caller reaches.
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

/// Commit to months: a consultant to the own ones, a leader to the team's and its people's, a sales manager to any of the
/// store's. Every row is kept, or none.
#[utoipa::path(tag = "plans", request_body = Commitments, responses(
    (status = 200, description = "Kept; targets, commitments and gaps as they are now", body = CommitmentDocument),
    (status = 409, description = "A later version has taken this one's place"),
    (status = 412, description = "A row_version is not the one that was read"),
    (status = 422, description = "Fields at fault, among them places that the caller does not commit for; nothing was kept"),
))]
#[put("/plans/{id}/commitments")]
pub async fn put_plan_commitments(
    caller: Caller<CommitPlan>,
    id: Path<i64>,
    body: Body<Commitments>,
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
