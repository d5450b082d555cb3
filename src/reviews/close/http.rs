//! Closing a month over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{Responder, get, post};

use super::{Freeze, Outstanding};
use crate::auth::Caller;
use crate::auth::access::{RunReviews, ViewCycles};
use crate::http::{Body, Problem, etag};
use crate::reviews::generate;
use crate::reviews::store::ReviewCycle;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// Read what is still missing for a month, by source and person, and who has to deliver it.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "What is outstanding", body = Outstanding),
    (status = 409, description = "No release scores the month"),
))]
#[get("/review-cycles/{id}/outstanding")]
pub async fn get_outstanding(
    caller: Caller<ViewCycles>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<Json<Outstanding>, Problem> {
    let cx = &mut caller.context().await?;
    let rules = generate::rules_of(cx, &folder, &library, *id).await?;
    super::outstanding(cx, &rules, *id).await.map(Json)
}

/// Freeze the facts of a month: from now on scoring uses what is known now, and whatever arrives later waits as a
/// correction for a second person to decide on.
#[utoipa::path(tag = "reviews", request_body = Freeze, responses(
    (status = 200, description = "Frozen", body = ReviewCycle),
    (status = 409, description = "It is frozen already, or something is missing; the answer names the sources and people"),
))]
#[post("/review-cycles/{id}/freeze")]
pub async fn freeze_review_cycle(
    caller: Caller<RunReviews>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
    body: Body<Freeze>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let rules = generate::rules_of(cx, &folder, &library, *id).await?;
    let cycle = super::freeze(cx, &rules.bundle, *id, &body.0).await?;
    Ok(etag::ok(cycle.version, cycle))
}
