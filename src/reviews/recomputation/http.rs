//! Months computed again over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, get, post};

use super::{NewRecomputation, Recomputation};
use crate::auth::access::{RecomputeReviews, ViewCycles};
use crate::auth::{Caller, Context};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Page, PageQuery, Paged, Problem};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// List how often a month was computed again after it was published.
#[utoipa::path(tag = "reviews", params(PageQuery), responses(
    (status = 200, description = "A page of them", body = Page<Recomputation>),
))]
#[get("/review-cycles/{id}/recomputations")]
pub async fn list_recomputations(
    caller: Caller<ViewCycles>,
    id: Path<i64>,
    query: Paged,
) -> Result<Json<Page<Recomputation>>, Problem> {
    super::list(&mut caller.context().await?, *id, query.window).await.map(Json)
}

/// Compute the reviews of a published month again for the corrections that were accepted since: those that come out otherwise
/// have another revision, and the people are told anew.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewRecomputation, responses(
    (status = 201, description = "Computed again", body = Recomputation),
    (status = 409, description = "The cycle is not published, nothing has changed, or it takes somebody who accepted none of the corrections"),
))]
#[post("/review-cycles/{id}/recomputations")]
pub async fn create_recomputation(
    caller: Caller<RecomputeReviews>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
    request: Keyed<NewRecomputation>,
) -> Result<HttpResponse, Problem> {
    let rules = (&**folder, &**library);
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let recompute = async |cx: &mut Context| super::recompute(cx, rules, *id, &body).await;
    cx.once(&format!("create_recomputation/{id}"), key.as_ref(), recompute)
        .await?
        .created(|_| Made { location: Some(format!("/v1/review-cycles/{id}/recomputations")), version: None })
}
