//! Dashboards over HTTP.

use actix_web::{HttpResponse, get};

use super::form::RowForm;
use super::{
    Attainment, Distribution, Funnel, LeaderboardPlace, LeaderboardQuery, SelectionQuery, grades,
    leaderboard, store,
};
use crate::auth::Caller;
use crate::auth::access::{ViewAggregates, ViewLeaderboard};
use crate::http::{Problem, Query};

/// Deliveries against target, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses(
    (status = 200, description = "By month and unit, stores first", content((Vec<Attainment> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/attainment")]
pub async fn get_attainment(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    form.answer(&store::attainment(&mut caller.context().await?, &query.0).await?)
}

/// The sales funnel with its rates, by store and team.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses(
    (status = 200, description = "By month and unit, stores first", content((Vec<Funnel> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/funnel")]
pub async fn get_funnel(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    form.answer(&store::funnel(&mut caller.context().await?, &query.0).await?)
}

/// How many reviews have each grade, by scheme. To those who may not read the reviews, grades of one or two people stand together,
/// and single teams are not shown.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses(
    (status = 200, description = "By month and scheme, best grade first", content((Vec<Distribution> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/distribution")]
pub async fn get_distribution(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    form.answer(&grades::distribution(&mut caller.context().await?, &query.0).await?)
}

/// The leaderboard 龙虎榜: the best of a position by total, then deliveries. Whoever may not read the reviews sees a share of those who
/// have a rank, a third unless the store's terms say less or more: there is no list of the last. What it tells of others is logged.
#[utoipa::path(tag = "dashboard", params(LeaderboardQuery), responses(
    (status = 200, description = "Best first", content((Vec<LeaderboardPlace> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/leaderboard")]
pub async fn get_leaderboard(
    caller: Caller<ViewLeaderboard>,
    query: Query<LeaderboardQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    let places = leaderboard::leaderboard(&mut caller.context().await?, &query.0).await?;
    form.answer(&places.logged().await?)
}
