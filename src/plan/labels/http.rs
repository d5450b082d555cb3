//! Channels and series over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{get, put};

use super::{LabelNames, PlanLabel};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::plan::split::tree::Tree;

/// List the channels 渠道 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every channel, by code", body = Vec<PlanLabel>)))]
#[get("/channels")]
pub async fn list_channels(
    _caller: Caller<ViewPlan>,
    pool: Data<Pool>,
) -> Result<Json<Vec<PlanLabel>>, Problem> {
    super::list(&mut *pool.get().await?, Tree::Channel).await.map(Json)
}

/// Add a channel, or rename it.
#[utoipa::path(tag = "plans", request_body = LabelNames, responses(
    (status = 200, description = "As it is called now", body = PlanLabel),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[put("/channels/{code}")]
pub async fn put_channel(
    _caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    code: Path<String>,
    body: Body<LabelNames>,
) -> Result<Json<PlanLabel>, Problem> {
    super::put(&mut *pool.get().await?, Tree::Channel, &code, body.0).await.map(Json)
}

/// List the series 车系 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every series, by code", body = Vec<PlanLabel>)))]
#[get("/series")]
pub async fn list_series(
    _caller: Caller<ViewPlan>,
    pool: Data<Pool>,
) -> Result<Json<Vec<PlanLabel>>, Problem> {
    super::list(&mut *pool.get().await?, Tree::Series).await.map(Json)
}

/// Add a series, or rename it.
#[utoipa::path(tag = "plans", request_body = LabelNames, responses(
    (status = 200, description = "As it is called now", body = PlanLabel),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[put("/series/{code}")]
pub async fn put_series(
    _caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    code: Path<String>,
    body: Body<LabelNames>,
) -> Result<Json<PlanLabel>, Problem> {
    super::put(&mut *pool.get().await?, Tree::Series, &code, body.0).await.map(Json)
}
