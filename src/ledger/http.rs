//! The catalogue and the facts of a month over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json};

use super::metric::{CatalogueFile, Metric};
use super::reading::{self, FactQuery, PersonFacts};
use crate::auth::Caller;
use crate::auth::access::{ViewFacts, ViewSelf};
use crate::http::{Page, PageQuery, Paged, Problem};

/// List the metrics that may be collected and scored.
#[utoipa::path(tag = "facts", responses((status = 200, description = "The catalogue", body = Vec<Metric>)))]
#[get("/metrics")]
pub async fn list_metrics(
    _caller: Caller<ViewSelf>,
    catalogue: Data<CatalogueFile>,
) -> Result<Json<Vec<Metric>>, Problem> {
    Ok(Json(catalogue.current()?.listed().to_vec()))
}

/// List the facts of a month, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(FactQuery, PageQuery), responses(
    (status = 200, description = "A page of people", body = Page<PersonFacts>),
))]
#[get("/facts")]
pub async fn list_facts(
    caller: Caller<ViewFacts>,
    query: Paged<FactQuery>,
) -> Result<Json<Page<PersonFacts>>, Problem> {
    reading::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}
