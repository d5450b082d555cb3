//! Channels and series over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{get, put};

use super::{CHANNELS, CodedLabel, LabelNames, SERIES};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::{Body, Problem};

/// List the channels 渠道 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every channel, by code", body = Vec<CodedLabel>)))]
#[get("/channels")]
pub async fn list_channels(caller: Caller<ViewPlan>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    super::list(caller.context().await?.db(), CHANNELS).await.map(Json)
}

/// Add a channel, or rename it.
#[utoipa::path(tag = "plans", request_body = LabelNames, responses(
    (status = 200, description = "The channel as it is now", body = CodedLabel),
))]
#[put("/channels/{code}")]
pub async fn put_channel(
    caller: Caller<DraftPlan>,
    code: Path<String>,
    body: Body<LabelNames>,
) -> Result<Json<CodedLabel>, Problem> {
    super::put(&mut caller.context().await?, CHANNELS, &code, body.0).await.map(Json)
}

/// List the series 车系 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every series, by code", body = Vec<CodedLabel>)))]
#[get("/series")]
pub async fn list_series(caller: Caller<ViewPlan>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    super::list(caller.context().await?.db(), SERIES).await.map(Json)
}

/// Add a series, or rename it.
#[utoipa::path(tag = "plans", request_body = LabelNames, responses(
    (status = 200, description = "The series as it is now", body = CodedLabel),
))]
#[put("/series/{code}")]
pub async fn put_series(
    caller: Caller<DraftPlan>,
    code: Path<String>,
    body: Body<LabelNames>,
) -> Result<Json<CodedLabel>, Problem> {
    super::put(&mut caller.context().await?, SERIES, &code, body.0).await.map(Json)
}
