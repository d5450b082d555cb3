//! The catalogue and the facts of a month over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::access::{ViewFacts, ViewSelf};
use crate::auth::caller::Caller;
use crate::db::Pool;
use crate::http::Problem;
use crate::http::page::{self, Page};
use crate::ledger::metric::{CatalogueFile, Metric};
use crate::ledger::reading::{self, AsOf, PersonFacts, Question};
use crate::period::Period;

/// List the metrics that may be collected and scored.
#[utoipa::path(tag = "facts", responses((status = 200, description = "The catalogue", body = Vec<Metric>)))]
#[get("/metrics")]
pub async fn list_metrics(
    _caller: Caller<ViewSelf>,
    catalogue: Data<CatalogueFile>,
) -> Result<Json<Vec<Metric>>, Problem> {
    Ok(Json(catalogue.current()?.listed().to_vec()))
}

/// Which facts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FactQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only this person, by 工号.
    employee_no: Option<String>,
    /// What was known then: a day, up to its end in China, or a moment. Now by default.
    #[param(value_type = Option<String>, example = "2014-04-05")]
    as_of: Option<AsOf>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// People of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List the facts of a month, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(FactQuery), responses((status = 200, description = "A page of people", body = Page<PersonFacts>)))]
#[get("/facts")]
pub async fn list_facts(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<FactQuery>,
) -> Result<Json<Page<PersonFacts>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let question =
        Question { period: query.period, employee_no: query.employee_no.clone(), as_of: query.as_of };
    let people = reading::list(&mut *pool.get().await?, &caller.reach(), &question, after, limit + 1).await?;
    Ok(Json(Page::of(people, limit, |person| person.employee_id)))
}
