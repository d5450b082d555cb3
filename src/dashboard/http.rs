//! Dashboards over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use serde::Deserialize;
use utoipa::IntoParams;

use super::store::{self, Selection};
use super::{Attainment, Distribution, Funnel, LeaderboardPlace};
use crate::auth::Caller;
use crate::auth::access::{ViewAggregates, ViewLeaderboard};
use crate::db::Pool;
use crate::http::Problem;
use crate::period::Period;

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: i32 = 100;

/// Which month, and which part of the organisation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelectionQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only this unit and those below it, by code.
    unit: Option<String>,
}

impl From<SelectionQuery> for Selection {
    fn from(query: SelectionQuery) -> Self {
        Self { period: query.period, unit: query.unit }
    }
}

/// Deliveries against target, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By unit, stores first", body = Vec<Attainment>)))]
#[get("/dashboard/attainment")]
pub async fn get_attainment(
    caller: Caller<ViewAggregates>,
    pool: Data<Pool>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Attainment>>, Problem> {
    let selection = query.into_inner().into();
    store::attainment(&mut *pool.get().await?, &caller.reach(), &selection).await.map(Json)
}

/// The sales funnel with its rates, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By unit, stores first", body = Vec<Funnel>)))]
#[get("/dashboard/funnel")]
pub async fn get_funnel(
    caller: Caller<ViewAggregates>,
    pool: Data<Pool>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Funnel>>, Problem> {
    let selection = query.into_inner().into();
    store::funnel(&mut *pool.get().await?, &caller.reach(), &selection).await.map(Json)
}

/// How many reviews have which grade, by scheme.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By scheme, best grade first", body = Vec<Distribution>)))]
#[get("/dashboard/distribution")]
pub async fn get_distribution(
    caller: Caller<ViewAggregates>,
    pool: Data<Pool>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Distribution>>, Problem> {
    let selection = query.into_inner().into();
    store::distribution(&mut *pool.get().await?, &caller.reach(), &selection).await.map(Json)
}

/// Which leaderboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeaderboardQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only this unit and those below it, by code.
    unit: Option<String>,
    /// The position; sales consultants by default.
    position: Option<String>,
    /// How many places, 1 to 100; 10 by default.
    top: Option<i32>,
}

/// The leaderboard 龙虎榜: the best of a position by total, then deliveries.
#[utoipa::path(tag = "dashboard", params(LeaderboardQuery), responses((status = 200, description = "Best first", body = Vec<LeaderboardPlace>)))]
#[get("/dashboard/leaderboard")]
pub async fn get_leaderboard(
    caller: Caller<ViewLeaderboard>,
    pool: Data<Pool>,
    query: Query<LeaderboardQuery>,
) -> Result<Json<Vec<LeaderboardPlace>>, Problem> {
    let query = query.into_inner();
    let top = query.top.unwrap_or(10);
    if !(1..=MOST_PLACES).contains(&top) {
        return Err(Problem::field("top", format!("expected 1 to {MOST_PLACES}")));
    }
    let position = query.position.as_deref().unwrap_or("sales_consultant");
    let selection = Selection { period: query.period, unit: query.unit };
    store::leaderboard(&mut *pool.get().await?, &caller.reach(), &selection, position, top).await.map(Json)
}
