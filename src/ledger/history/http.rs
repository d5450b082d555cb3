//! The history of facts over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{FactCorrected, FactCorrection, FactRow, HistoryFilter};
use crate::auth::Caller;
use crate::auth::access::{EnterFacts, ViewFacts};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::ledger::metric::CatalogueFile;
use crate::period::Period;

/// Which rows, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only this person's, by 工号.
    employee_no: Option<String>,
    /// Only this metric's.
    metric: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List every value that was recorded for a month, with what it replaced and why, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(HistoryQuery), responses(
    (status = 200, description = "A page of the ledger, oldest first", body = Page<FactRow>),
))]
#[get("/facts/history")]
pub async fn list_fact_history(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<HistoryQuery>,
) -> Result<Json<Page<FactRow>>, Problem> {
    let HistoryQuery { period, employee_no, metric, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = HistoryFilter { id: None, period: Some(period), employee_no, metric };
    let rows = super::list(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Correct one value: another row takes the place of the one that stands, and says why.
#[utoipa::path(tag = "facts", request_body = FactCorrection, responses(
    (status = 200, description = "Corrected, or waiting because the month is frozen", body = FactCorrected),
    (status = 403, description = "The caller's roles do not enter this source", body = ProblemBody),
    (status = 404, description = "There is no such row for the caller", body = ProblemBody),
    (status = 409, description = "Another row has taken its place, it follows from an event or report, or the month is frozen", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/facts/{id}/correct")]
pub async fn correct_fact(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<FactCorrection>,
) -> Result<Json<FactCorrected>, Problem> {
    let catalogue = catalogue.current()?;
    let connection = &mut *pool.get().await?;
    super::correct(connection, &catalogue, *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}
