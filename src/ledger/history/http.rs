//! The history of facts over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{get, post};

use super::{FactCorrected, FactCorrection, FactRow, HistoryQuery};
use crate::auth::Caller;
use crate::auth::access::{EnterFacts, ViewFacts};
use crate::http::{Body, Page, PageQuery, Paged, Problem};
use crate::ledger::catalogue::Catalogues;

/// List every value that was recorded for a month, with what it replaced and why, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(HistoryQuery, PageQuery), responses(
    (status = 200, description = "A page of the ledger, oldest first", body = Page<FactRow>),
))]
#[get("/facts/history")]
pub async fn list_fact_history(
    caller: Caller<ViewFacts>,
    query: Paged<HistoryQuery>,
) -> Result<Json<Page<FactRow>>, Problem> {
    super::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Correct one value: a new row replaces the one that stands, and says why.
#[utoipa::path(tag = "facts", request_body = FactCorrection, responses(
    (status = 200, description = "Corrected, or waiting because the month is frozen", body = FactCorrected),
    (status = 403, description = "The caller's roles may not enter this source"),
    (status = 409, description = "It has been replaced already, comes from an event or a report, or the month is frozen"),
))]
#[post("/facts/{id}/correct")]
pub async fn correct_fact(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    id: Path<i64>,
    body: Body<FactCorrection>,
) -> Result<Json<FactCorrected>, Problem> {
    super::correct(&mut caller.context().await?, &catalogues, *id, &body.0).await.map(Json)
}
