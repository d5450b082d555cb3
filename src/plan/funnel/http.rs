//! Activity targets over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, put};

use super::{PlanActivities, PlanFunnel};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::versions::version::Plan;
use crate::plan::viewer::{self, Viewer};

/// Say by which funnels the deliveries of a draft's channels are read backwards to leads. The next version begins with them.
#[utoipa::path(tag = "plans", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = PlanFunnel, responses(
    (status = 200, description = "Kept, in place of the funnels that the draft had", body = Plan),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "It is not a draft, or is about money", body = ProblemBody),
    (status = 412, description = "It was changed in the meantime", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was changed", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[put("/plans/{id}/funnel")]
pub async fn put_plan_funnel(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    seen: Seen,
    body: Body<PlanFunnel>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let by = Some(caller.identity.user_id);
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    let plan = super::put(&mut connection, *id, body.0, by, seen, now).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(plan.row_version)).json(plan))
}

/// Read the orders, visits and leads that the deliveries of a plan's channels take.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "Every channel that has a funnel, and the sums over them", body = PlanActivities),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "The plan is about money, or a number is too large", body = ProblemBody),
))]
#[get("/plans/{id}/activities")]
pub async fn list_plan_activities(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<PlanActivities>, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    super::of_plan(&mut *pool.get().await?, &viewer, *id).await.map(Json)
}
