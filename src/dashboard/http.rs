//! Dashboards over HTTP.

use actix_web::get;
use actix_web::web::Json;

use super::{
    Attainment, Distribution, Funnel, LeaderboardPlace, LeaderboardQuery, SelectionQuery, grades,
    leaderboard, store,
};
use crate::auth::Caller;
use crate::auth::access::{ViewAggregates, ViewLeaderboard};
use crate::http::{Problem, Query};

/// Deliveries against target, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By unit, stores first", body = Vec<Attainment>)))]
#[get("/dashboard/attainment")]
pub async fn get_attainment(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Attainment>>, Problem> {
    store::attainment(&mut caller.context().await?, &query.0).await.map(Json)
}

/// The sales funnel with its rates, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By unit, stores first", body = Vec<Funnel>)))]
#[get("/dashboard/funnel")]
pub async fn get_funnel(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Funnel>>, Problem> {
    store::funnel(&mut caller.context().await?, &query.0).await.map(Json)
}

/// How many reviews have each grade, by scheme. To those who may not read the reviews, grades of one or two people stand together,
/// and single teams are not shown.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses((status = 200, description = "By scheme, best grade first", body = Vec<Distribution>)))]
#[get("/dashboard/distribution")]
pub async fn get_distribution(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
) -> Result<Json<Vec<Distribution>>, Problem> {
    grades::distribution(&mut caller.context().await?, &query.0).await.map(Json)
}

/// The leaderboard 龙虎榜: the best of a position by total, then deliveries. Whoever may not read the reviews sees a share of those who
/// have a rank, a third unless the store's terms say less or more: there is no list of the last. What it tells of others is logged.
#[utoipa::path(tag = "dashboard", params(LeaderboardQuery), responses((status = 200, description = "Best first", body = Vec<LeaderboardPlace>)))]
#[get("/dashboard/leaderboard")]
pub async fn get_leaderboard(
    caller: Caller<ViewLeaderboard>,
    query: Query<LeaderboardQuery>,
) -> Result<Json<Vec<LeaderboardPlace>>, Problem> {
    let places = leaderboard::leaderboard(&mut caller.context().await?, &query.0).await?;
    places.logged().await.map(Json)
}
