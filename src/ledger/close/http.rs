//! Late corrections over HTTP.

use actix_web::web::{Data, Json, Query};
use actix_web::{get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::corrections::{self, CorrectionDecision, CorrectionFilter, CorrectionState, LateCorrection};
use crate::auth::Caller;
use crate::auth::access::{DecideCorrections, ViewFacts};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;

/// Which corrections, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CorrectionQuery {
    /// Only this store's, by code.
    store: Option<String>,
    /// Only this month's.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only those that are here.
    state: Option<CorrectionState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List what came after its month was frozen, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(CorrectionQuery), responses(
    (status = 200, description = "A page of corrections", body = Page<LateCorrection>),
))]
#[get("/late-corrections")]
pub async fn list_late_corrections(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<CorrectionQuery>,
) -> Result<Json<Page<LateCorrection>>, Problem> {
    let CorrectionQuery { store, period, state, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = CorrectionFilter { store, period, state, ids: None };
    let rows = corrections::list(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |one| one.id)))
}

/// Decide on late corrections that others proposed: on all of them, or on none.
///
/// What is accepted goes into the ledger; the month stays frozen, and generating its reviews again writes their next
/// revision.
#[utoipa::path(tag = "facts", request_body = CorrectionDecision, responses(
    (status = 200, description = "Decided", body = Vec<LateCorrection>),
    (status = 404, description = "One of them does not exist for the caller", body = ProblemBody),
    (status = 409, description = "One is decided already, or the caller's own", body = ProblemBody),
))]
#[post("/late-corrections/decisions")]
pub async fn decide_late_corrections(
    caller: Caller<DecideCorrections>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<CorrectionDecision>,
) -> Result<Json<Vec<LateCorrection>>, Problem> {
    let by = &caller.identity;
    corrections::decide(&mut *pool.get().await?, &caller.reach(), &body.0, by, clock.now()).await.map(Json)
}
