//! Activity targets over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, put};

use super::{PlanActivities, PlanFunnel};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem};
use crate::plan::versions::version::Plan;

/// Say by which funnels the deliveries of a draft's channels are read backwards to leads. The next version begins with them.
#[utoipa::path(tag = "plans", params(Seen), request_body = PlanFunnel, responses(
    (status = 200, description = "Kept, in place of the funnels that the draft had", body = Plan),
    (status = 409, description = "It is not a draft, or is about money"),
))]
#[put("/plans/{id}/funnel")]
pub async fn put_plan_funnel(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<PlanFunnel>,
) -> Result<impl Responder, Problem> {
    let plan = super::put(&mut caller.context().await?, *id, body.0, seen).await?;
    Ok(etag::ok(plan.row_version, plan))
}

/// Read the orders, visits and leads that the deliveries of a plan's channels take.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "Every channel that has a funnel, and the sums over them", body = PlanActivities),
    (status = 409, description = "The plan is about money, or a number is too large"),
))]
#[get("/plans/{id}/activities")]
pub async fn list_plan_activities(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
) -> Result<Json<PlanActivities>, Problem> {
    super::of_plan(&mut caller.context().await?, *id).await.map(Json)
}
