//! Supply over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, put};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::document::{self, PlanSupply};
use super::store::{self, SupplyYear};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::viewer::{self, Viewer};

/// Keep what a store is to take of its series in a year, and the stock that was counted: all of it, or nothing. Series
/// that are not listed stay as they are.
#[utoipa::path(tag = "plans", request_body = SupplyYear, responses(
    (status = 200, description = "The store's whole year as it is kept now", body = SupplyYear),
    (status = 404, description = "The caller does not reach the store", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was kept", body = ProblemBody),
))]
#[put("/supply")]
pub async fn put_supply(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<SupplyYear>,
) -> Result<Json<SupplyYear>, Problem> {
    let now = clock.now();
    let mut connection = pool.get().await?;
    let viewer = Viewer::of(&caller, now);
    viewer::require_unit(&mut connection, &viewer, &body.0.store, body.0.year).await?;
    store::put(&mut connection, body.0, Some(caller.identity.user_id), now).await.map(Json)
}

/// Whose supply.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupplyQuery {
    /// Code of the store.
    store: String,
    /// The calendar year, 1900 to 2999.
    year: i32,
}

/// Read what a store is to take of its series in a year.
#[utoipa::path(tag = "plans", params(SupplyQuery), responses(
    (status = 200, description = "The store's year, series by code", body = SupplyYear),
    (status = 404, description = "The caller does not reach the store", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[get("/supply")]
pub async fn get_supply(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<SupplyQuery>,
) -> Result<Json<SupplyYear>, Problem> {
    let SupplyQuery { store, year } = query.into_inner();
    let mut connection = pool.get().await?;
    let viewer = Viewer::of(&caller, clock.now());
    let store_id = store::reached(&mut connection, &viewer, &store, year).await?;
    store::read(&mut connection, store_id, store, year).await.map(Json)
}

/// From which depth stock is deep.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DepthQuery {
    /// 库存深度 above which stock is deep, in months; 1.5 by default.
    #[param(value_type = Option<f64>, example = 1.5)]
    line: Option<Decimal>,
}

/// Follow the stock of a plan's store along its year: where cars are missing, and where too many stand.
#[utoipa::path(tag = "plans", params(DepthQuery), responses(
    (status = 200, description = "Every series' months, and all of them together", body = PlanSupply),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 409, description = "The plan is about money", body = ProblemBody),
    (status = 422, description = "The line is not above 0", body = ProblemBody),
))]
#[get("/plans/{id}/supply")]
pub async fn get_plan_supply(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<DepthQuery>,
) -> Result<Json<PlanSupply>, Problem> {
    let line = query.line.unwrap_or_else(super::default_line);
    let viewer = Viewer::of(&caller, clock.now());
    document::of_plan(&mut *pool.get().await?, &viewer, *id, line).await.map(Json)
}
