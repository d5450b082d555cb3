//! Transfers over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, post};

use super::{FollowQuery, Reorganisation, ReorganisationPreview, SuggestedResplits};
use crate::auth::Caller;
use crate::auth::access::DraftPlan;
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem, Query};
use crate::plan::versions::version::Plan;

/// Say how a version would follow the postings of its year: who has been transferred, joined or left, and the re-splits by
/// which targets go with the people. Nothing is stored.
#[utoipa::path(tag = "plans", params(FollowQuery), responses(
    (status = 200, description = "What has changed in the postings, the re-splits, and what they would come to",
        body = SuggestedResplits),
))]
#[get("/plans/{id}/suggested-resplits")]
pub async fn get_suggested_resplits(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    query: Query<FollowQuery>,
) -> Result<impl Responder, Problem> {
    let mut cx = caller.context().await?;
    let language = cx.language;
    super::suggest(&mut cx, *id, query.0).await.map(|suggested| language.answer(suggested))
}

/// Show what re-splits would come to in a version. Nothing is stored.
#[utoipa::path(tag = "plans", request_body = Reorganisation, responses(
    (status = 200, description = "The places whose months would be different", body = ReorganisationPreview),
))]
#[post("/plans/{id}/reorganisation-previews")]
pub async fn preview_reorganisation(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    body: Body<Reorganisation, LARGE>,
) -> Result<Json<ReorganisationPreview>, Problem> {
    super::preview(&mut caller.context().await?, *id, &body.0).await.map(Json)
}

/// Make several re-splits in a draft together, at any unit and from a month on: units come and go, people are transferred.
#[utoipa::path(tag = "plans", params(Seen), request_body = Reorganisation, responses(
    (status = 200, description = "Split again; the months before stay as they are", body = Plan),
    (status = 409, description = "It is not a draft"),
))]
#[post("/plans/{id}/reorganisations")]
pub async fn reorganise_plan(
    caller: Caller<DraftPlan>,
    id: Path<i64>,
    seen: Seen,
    body: Body<Reorganisation, LARGE>,
) -> Result<impl Responder, Problem> {
    let plan = super::reorganise(&mut caller.context().await?, *id, body.0, seen).await?;
    Ok(etag::ok(plan.row_version, plan))
}
