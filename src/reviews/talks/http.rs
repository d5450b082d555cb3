//! Talks over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, get, post};

use super::{NewReviewTalk, ReviewTalk, TalkConfirmation};
use crate::auth::access::{ConfirmTalks, RecordTalks, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Body, Problem};

/// List the talks about a published review.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The talks", body = Vec<ReviewTalk>)))]
#[get("/reviews/{id}/talks")]
pub async fn list_review_talks(
    caller: Caller<ViewReviews>,
    id: Path<i64>,
) -> Result<Json<Vec<ReviewTalk>>, Problem> {
    let talks = super::list(&mut caller.context().await?, *id).await?;
    talks.logged().await.map(Json)
}

/// Record a talk about a published review: by who leads the person, or who heads the department.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewReviewTalk, responses(
    (status = 201, description = "Recorded; the person confirms it", body = ReviewTalk),
))]
#[post("/reviews/{id}/talks")]
pub async fn record_review_talk(
    caller: Caller<RecordTalks>,
    id: Path<i64>,
    request: Keyed<NewReviewTalk>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let record = async |cx: &mut Context| super::record(cx, *id, &body).await;
    let operation = format!("record_review_talk/{id}");
    cx.once(&operation, key.as_ref(), record).await?.created(|_| Made::default())
}

/// Confirm a talk that one has had.
#[utoipa::path(tag = "reviews", request_body = TalkConfirmation, responses(
    (status = 200, description = "Confirmed by both", body = ReviewTalk),
    (status = 409, description = "It is confirmed already"),
))]
#[post("/review-talks/{id}/confirmation")]
pub async fn confirm_review_talk(
    caller: Caller<ConfirmTalks>,
    id: Path<i64>,
    body: Body<TalkConfirmation>,
) -> Result<Json<ReviewTalk>, Problem> {
    super::confirm(&mut caller.context().await?, *id, &body.0).await.map(Json)
}
