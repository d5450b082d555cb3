//! Training, coaching and meetings over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    ActivityCancellation, ActivityCompletion, ActivityFilter, ActivityKind, ActivityState, LedActivity,
    NewActivity,
};
use crate::auth::Caller;
use crate::auth::access::{LeadActivities, ViewFacts};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;

/// Enter a training, a coaching or a meeting that is planned, or was done.
///
/// Coaching is entered by team leaders for their people and by the sales manager, meetings by the sales manager, training
/// by HR. It counts for `coaching_planned` and `coaching_done`, `meetings_planned` and `meetings_held` of who leads it, or
/// for `training_hours` of who took part. What a system delivers for the same metric goes before.
#[utoipa::path(tag = "facts", request_body = NewActivity, responses(
    (status = 201, description = "Entered", body = LedActivity),
    (status = 409, description = "The month is frozen", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was kept", body = ProblemBody),
))]
#[post("/activities")]
pub async fn create_activity(
    caller: Caller<LeadActivities>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewActivity>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let activity = super::create(connection, &body.0, &caller.identity, clock.now()).await?;
    Ok(HttpResponse::Created().json(activity))
}

/// Say that something planned was done.
#[utoipa::path(tag = "facts", request_body = ActivityCompletion, responses(
    (status = 200, description = "Done", body = LedActivity),
    (status = 404, description = "There is none, or none whose leader the caller reaches", body = ProblemBody),
    (status = 409, description = "It is not planned, its day has not begun, or its month is frozen", body = ProblemBody),
    (status = 422, description = "A training has to say its hours", body = ProblemBody),
))]
#[post("/activities/{id}/done")]
pub async fn complete_activity(
    caller: Caller<LeadActivities>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<ActivityCompletion>,
) -> Result<Json<LedActivity>, Problem> {
    let connection = &mut *pool.get().await?;
    super::complete(connection, *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}

/// Cancel something, planned or done: it counts no longer, and says why.
///
/// Once its day is over, nobody cancels what counts for oneself: what was planned and not done stays so.
#[utoipa::path(tag = "facts", request_body = ActivityCancellation, responses(
    (status = 200, description = "Cancelled", body = LedActivity),
    (status = 404, description = "There is none, or none whose leader the caller reaches", body = ProblemBody),
    (status = 409, description = "It is cancelled already, counts for the caller and its day is over, or its month is frozen", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/activities/{id}/cancel")]
pub async fn cancel_activity(
    caller: Caller<LeadActivities>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<ActivityCancellation>,
) -> Result<Json<LedActivity>, Problem> {
    let connection = &mut *pool.get().await?;
    super::cancel(connection, *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}

/// Which activities, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityQuery {
    /// Only this month's.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only those that this person leads or takes part in, by 工号.
    employee_no: Option<String>,
    /// Only these.
    kind: Option<ActivityKind>,
    /// Only those that have come this far.
    state: Option<ActivityState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List training, coaching and meetings of people whom the caller reaches.
#[utoipa::path(tag = "facts", params(ActivityQuery), responses(
    (status = 200, description = "A page of activities", body = Page<LedActivity>),
))]
#[get("/activities")]
pub async fn list_activities(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<ActivityQuery>,
) -> Result<Json<Page<LedActivity>>, Problem> {
    let ActivityQuery { period, employee_no, kind, state, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = ActivityFilter { id: None, period, employee_no, kind, state };
    let rows = super::list(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}
