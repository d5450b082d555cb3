//! Supply over HTTP.

use actix_web::web::{Data, Path};
use actix_web::{Responder, get, put};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::document::{self, PlanSupply};
use super::store::{self, SupplyQuery, SupplyYear};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::body::LARGE;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem, Query};
use crate::ledger::catalogue::Catalogues;

/// Set how many cars of each series a store is to take in a year, and the stock that was counted: all of it, or
/// nothing. Series that are not listed stay as they are.
#[utoipa::path(tag = "plans", params(
    ("If-Match" = Option<String>, Header, description = "The ETag that was read, or *; left out where nothing is kept yet"),
), request_body = SupplyYear, responses(
    (status = 200, description = "The store's whole year as it is now", body = SupplyYear),
    (status = 404, description = "The caller does not reach the store"),
    (status = 412, description = "It was changed in the meantime"),
    (status = 428, description = "Something is kept of the year, and If-Match is missing"),
))]
#[put("/supply")]
pub async fn put_supply(
    caller: Caller<DraftPlan>,
    seen: Result<Seen, Problem>,
    body: Body<SupplyYear, LARGE>,
) -> Result<impl Responder, Problem> {
    let (kept, version) = store::put(&mut caller.context().await?, body.0, seen).await?;
    Ok(etag::ok(version, kept))
}

/// Read how many cars of each series a store is to take in a year.
#[utoipa::path(tag = "plans", params(SupplyQuery), responses(
    (status = 200, description = "The store's year, series by code; its ETag goes into If-Match", body = SupplyYear),
    (status = 404, description = "The caller does not reach the store"),
))]
#[get("/supply")]
pub async fn get_supply(
    caller: Caller<ViewPlan>,
    query: Query<SupplyQuery>,
) -> Result<impl Responder, Problem> {
    let (kept, version) = store::read(&mut caller.context().await?, query.0).await?;
    Ok(etag::ok(version, kept))
}

/// From which depth stock is deep.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DepthQuery {
    /// The 库存深度, in months, above which stock counts as deep; 1.5 by default.
    #[param(value_type = Option<f64>, example = 1.5)]
    line: Option<Decimal>,
}

/// Follow the stock of a plan's store through its year: where cars are missing, and where there are too many.
#[utoipa::path(tag = "plans", params(DepthQuery), responses(
    (status = 200, description = "Every series' months, and all of them together", body = PlanSupply),
    (status = 409, description = "The plan's first line is an amount of money"),
))]
#[get("/plans/{id}/supply")]
pub async fn get_plan_supply(
    caller: Caller<ViewPlan>,
    catalogues: Data<Catalogues>,
    id: Path<i64>,
    query: Query<DepthQuery>,
) -> Result<impl Responder, Problem> {
    let line = query.0.line.unwrap_or_else(super::default_line);
    let (language, cx) = (caller.language, &mut caller.context().await?);
    let catalogue = catalogues.of_today(cx).await?;
    document::of_plan(cx, &catalogue, *id, line).await.map(|supply| language.answer(supply))
}
