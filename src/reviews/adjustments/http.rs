//! Adjustments over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::{Adjustment, AdjustmentDecision, AdjustmentOutlook, NewAdjustment};
use crate::auth::access::{AdjustReviews, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::etag::{self, Seen};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Body, Problem};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// List the adjustments of a review.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The adjustments", body = Vec<AdjustmentOutlook>)))]
#[get("/reviews/{id}/adjustments")]
pub async fn list_adjustments(
    caller: Caller<ViewReviews>,
    id: Path<i64>,
) -> Result<Json<Vec<AdjustmentOutlook>>, Problem> {
    super::list(&mut caller.context().await?, *id).await?.logged().await.map(Json)
}

/// Propose points that are added to an item of a review or taken off it. They count once somebody else has approved them.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewAdjustment, responses(
    (status = 201, description = "Proposed", body = Adjustment),
    (status = 409, description = "The review is the caller's own, the month is not open to it, or another is open about the item"),
))]
#[post("/reviews/{id}/adjustments")]
pub async fn propose_adjustment(
    caller: Caller<AdjustReviews>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
    request: Keyed<NewAdjustment>,
) -> Result<HttpResponse, Problem> {
    let rules = (&**folder, &**library);
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let propose = async |cx: &mut Context| super::propose(cx, rules, *id, &body).await;
    cx.once(&format!("propose_adjustment/{id}"), key.as_ref(), propose).await?.created(|proposed| Made {
        location: Some(format!("/v1/reviews/{id}/adjustments")),
        version: Some(proposed.version),
    })
}

/// Decide on an adjustment that somebody else proposed. If it counts, the review has another revision.
#[utoipa::path(tag = "reviews", params(Seen), request_body = AdjustmentDecision, responses(
    (status = 200, description = "Decided", body = Adjustment),
    (status = 409, description = "It is decided already, was proposed by the caller, or is about the caller's own review"),
))]
#[post("/reviews/{id}/adjustments/{adjustment}/decision")]
pub async fn decide_adjustment(
    caller: Caller<AdjustReviews>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    path: Path<(i64, i64)>,
    seen: Seen,
    body: Body<AdjustmentDecision>,
) -> Result<impl Responder, Problem> {
    let rules = (&**folder, &**library);
    let cx = &mut caller.context().await?;
    let decided = super::decide(cx, rules, path.into_inner(), &body.0, seen).await?;
    Ok(etag::ok(decided.version, decided))
}

/// Take back an adjustment that the caller proposed.
#[utoipa::path(tag = "reviews", params(Seen), responses(
    (status = 200, description = "Withdrawn", body = Adjustment),
    (status = 409, description = "It is decided already"),
))]
#[post("/reviews/{id}/adjustments/{adjustment}/withdraw")]
pub async fn withdraw_adjustment(
    caller: Caller<AdjustReviews>,
    path: Path<(i64, i64)>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let withdrawn = super::withdraw(&mut caller.context().await?, path.into_inner(), seen).await?;
    Ok(etag::ok(withdrawn.version, withdrawn))
}
