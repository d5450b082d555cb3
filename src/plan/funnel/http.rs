//! Activity targets over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, put};

use super::{PlanActivities, PlanFunnel};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem};
use crate::plan::versions::version::Plan;

/// Set the funnels by which the deliveries of a draft's channels are traced back to leads. The next version begins with
/// them.
#[utoipa::path(tag = "plans", params(Seen), request_body = PlanFunnel, responses(
    (status = 200, description = "Stored, in place of the draft's earlier funnels", body = Plan),
    (status = 409, description = "It is not a draft, or its first line is an amount of money"),
))]
#[put("/plans/{id}/funnel")]
pub async fn put_plan_funnel(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<PlanFunnel, LARGE>,
) -> Result<impl Responder, Problem> {
    let plan = super::put(&mut caller.context().await?, *id, body.0, seen).await?;
    Ok(etag::ok(plan.row_version, plan))
}

/// Read the orders, visits and leads that the deliveries of a plan's channels require.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "Every channel that has a funnel, and the sums over them", body = PlanActivities),
    (status = 409, description = "The plan's first line is an amount of money, or a number is too large"),
))]
#[get("/plans/{id}/activities")]
pub async fn list_plan_activities(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
) -> Result<Json<PlanActivities>, Problem> {
    super::of_plan(&mut caller.context().await?, *id).await.map(Json)
}
