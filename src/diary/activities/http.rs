//! Training, coaching and meetings over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::{ActivityCancellation, ActivityCompletion, ActivityFilter, LedActivity, NewActivity};
use crate::auth::Caller;
use crate::auth::access::{LeadActivities, ViewFacts};
use crate::http::{Body, Page, PageQuery, Paged, Problem};

/// Enter a training, a coaching or a meeting that is planned or has taken place.
///
/// Coaching is entered by team leaders for their people and by the sales manager, meetings by the sales manager, training
/// by HR. Coaching and meetings count for the person who leads them (`coaching_planned` and `coaching_done`,
/// `meetings_planned` and `meetings_held`), training for those who took part (`training_hours`), wherever no system
/// delivers the same metric.
#[utoipa::path(tag = "facts", request_body = NewActivity, responses(
    (status = 201, description = "Entered", body = LedActivity),
    (status = 409, description = "The month is frozen"),
))]
#[post("/activities")]
pub async fn create_activity(
    caller: Caller<LeadActivities>,
    body: Body<NewActivity>,
) -> Result<impl Responder, Problem> {
    let activity = super::create(&mut caller.context().await?, &body.0).await?;
    Ok(HttpResponse::Created().json(activity))
}

/// Mark a planned activity as done.
#[utoipa::path(tag = "facts", request_body = ActivityCompletion, responses(
    (status = 200, description = "Done", body = LedActivity),
    (status = 404, description = "There is no such activity, or the caller does not reach its leader"),
    (status = 409, description = "It is not planned, its day has not begun, or its month is frozen"),
))]
#[post("/activities/{id}/done")]
pub async fn complete_activity(
    caller: Caller<LeadActivities>,
    id: Path<i64>,
    body: Body<ActivityCompletion>,
) -> Result<Json<LedActivity>, Problem> {
    super::complete(&mut caller.context().await?, *id, &body.0).await.map(Json)
}

/// Cancel an activity, planned or done, with a reason: it no longer counts.
///
/// Once its day is over, nobody can cancel an activity that counts for themselves: what was planned and not done stays
/// that way.
#[utoipa::path(tag = "facts", request_body = ActivityCancellation, responses(
    (status = 200, description = "Cancelled", body = LedActivity),
    (status = 404, description = "There is no such activity, or the caller does not reach its leader"),
    (status = 409, description = "It is cancelled already, counts for the caller and its day is over, or its month is frozen"),
))]
#[post("/activities/{id}/cancel")]
pub async fn cancel_activity(
    caller: Caller<LeadActivities>,
    id: Path<i64>,
    body: Body<ActivityCancellation>,
) -> Result<Json<LedActivity>, Problem> {
    super::cancel(&mut caller.context().await?, *id, &body.0).await.map(Json)
}

/// List training, coaching and meetings of people whom the caller reaches.
#[utoipa::path(tag = "facts", params(ActivityFilter, PageQuery), responses(
    (status = 200, description = "A page of activities", body = Page<LedActivity>),
))]
#[get("/activities")]
pub async fn list_activities(
    caller: Caller<ViewFacts>,
    query: Paged<ActivityFilter>,
) -> Result<Json<Page<LedActivity>>, Problem> {
    super::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}
