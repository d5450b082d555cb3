//! The catalogue and the facts of a month over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json};
use serde::Deserialize;
use utoipa::IntoParams;

use super::catalogue::Catalogues;
use super::metric::Metric;
use super::reading::{self, FactQuery, PersonFacts};
use crate::auth::Caller;
use crate::auth::access::{ViewFacts, ViewSelf};
use crate::http::{Page, PageQuery, Paged, Problem, Query};
use crate::period::Period;

/// Which month's metrics to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MetricQuery {
    /// The month; by default the current one.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
}

/// List the metrics that may be collected for a month: those of the release of the rules that scores it, and of those that
/// score later ones.
#[utoipa::path(tag = "facts", params(MetricQuery), responses((status = 200, description = "The catalogue", body = Vec<Metric>)))]
#[get("/metrics")]
pub async fn list_metrics(
    caller: Caller<ViewSelf>,
    catalogues: Data<Catalogues>,
    query: Query<MetricQuery>,
) -> Result<Json<Vec<Metric>>, Problem> {
    let cx = &mut caller.context().await?;
    let month = query.0.period.unwrap_or_else(|| Period::containing(cx.today()));
    Ok(Json(catalogues.of(cx.db(), month).await?.listed().to_vec()))
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
