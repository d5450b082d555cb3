//! Late corrections over HTTP.

use actix_web::web::Json;
use actix_web::{get, post};

use super::corrections::{self, CorrectionDecision, CorrectionQuery, LateCorrection};
use crate::auth::Caller;
use crate::auth::access::{DecideCorrections, ViewFacts};
use crate::http::{Body, Page, PageQuery, Paged, Problem};

/// List what arrived after its month was frozen, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(CorrectionQuery, PageQuery), responses(
    (status = 200, description = "A page of corrections", body = Page<LateCorrection>),
))]
#[get("/late-corrections")]
pub async fn list_late_corrections(
    caller: Caller<ViewFacts>,
    query: Paged<CorrectionQuery>,
) -> Result<Json<Page<LateCorrection>>, Problem> {
    corrections::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Decide on late corrections that others proposed: on all of them, or on none.
///
/// What is accepted goes into the ledger; the month stays frozen. Generating its reviews again writes their next revision, or,
/// once they are published, computing them again: POST /v1/review-cycles/{id}/recomputations.
#[utoipa::path(tag = "facts", request_body = CorrectionDecision, responses(
    (status = 200, description = "Decided", body = Vec<LateCorrection>),
    (status = 404, description = "One of them does not exist, or the caller does not reach it"),
    (status = 409, description = "One has been decided already, is about the caller, was proposed by the caller, or is of a locked month"),
))]
#[post("/late-corrections/decisions")]
pub async fn decide_late_corrections(
    caller: Caller<DecideCorrections>,
    body: Body<CorrectionDecision>,
) -> Result<Json<Vec<LateCorrection>>, Problem> {
    corrections::decide(&mut caller.context().await?, &body.0).await.map(Json)
}
