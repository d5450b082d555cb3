//! Commitments, and what the group has issued, over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::issued::{self, IssuedTargets};
use super::{CommitmentDocument, Commitments};
use crate::auth::Caller;
use crate::auth::access::{CommitPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::viewer::Viewer;

/// Which line of a plan.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CommitmentQuery {
    /// The line, for example `deliveries`; by default the first.
    metric: Option<String>,
}

/// Read what was committed to beside the targets of a version, place by place, as far as the caller reaches.
#[utoipa::path(tag = "plans", params(CommitmentQuery), responses(
    (status = 200, description = "Targets, commitments and gaps", body = CommitmentDocument),
    (status = 404, description = "There is no such plan, or none of it that the caller may see", body = ProblemBody),
    (status = 422, description = "The plan has no such line", body = ProblemBody),
))]
#[get("/plans/{id}/commitments")]
pub async fn get_plan_commitments(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<CommitmentQuery>,
) -> Result<Json<CommitmentDocument>, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    super::read(&mut *pool.get().await?, &viewer, *id, query.metric.as_deref()).await.map(Json)
}

/// Commit to months: a consultant to the own ones, a leader to the team's and its people's, a sales manager to any of the
/// store's. Every row is kept, or none.
#[utoipa::path(tag = "plans", request_body = Commitments, responses(
    (status = 200, description = "Kept; targets, commitments and gaps as they are now", body = CommitmentDocument),
    (status = 404, description = "There is no such plan, or none of it that the caller commits for", body = ProblemBody),
    (status = 409, description = "A later version has taken this one's place", body = ProblemBody),
    (status = 412, description = "A row_version is not the one that was read", body = ProblemBody),
    (status = 422, description = "Fields at fault, among them places that the caller does not commit for; nothing was kept", body = ProblemBody),
))]
#[put("/plans/{id}/commitments")]
pub async fn put_plan_commitments(
    caller: Caller<CommitPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<Commitments>,
) -> Result<Json<CommitmentDocument>, Problem> {
    let now = clock.now();
    let (scope, by) = (caller.reach(), caller.identity.user_id);
    let mut connection = pool.get().await?;
    let metric = body.0.metric.clone();
    super::commit(&mut connection, *id, body.0, &scope, by, now).await?;
    super::read(&mut connection, &Viewer::of(&caller, now), *id, metric.as_deref()).await.map(Json)
}

/// Read what the group's plan issues to the unit of this plan, and how far the plan is from it.
#[utoipa::path(tag = "plans", params(CommitmentQuery), responses(
    (status = 200, description = "Issued, planned, and the gaps; null where nothing was issued", body = IssuedTargets),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 422, description = "The plan has no such line", body = ProblemBody),
))]
#[get("/plans/{id}/issued")]
pub async fn get_plan_issued(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<CommitmentQuery>,
) -> Result<Json<IssuedTargets>, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    issued::read(&mut *pool.get().await?, &viewer, *id, query.metric.as_deref()).await.map(Json)
}
