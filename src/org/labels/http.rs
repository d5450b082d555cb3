//! Channels and series over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, put};

use super::{CHANNELS, CodedLabel, LabelNames, SERIES};
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem};

/// List the channels 渠道 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every channel, by code", body = Vec<CodedLabel>)))]
#[get("/channels")]
pub async fn list_channels(caller: Caller<ViewPlan>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    super::list(&mut caller.context().await?, CHANNELS).await.map(Json)
}

/// Add a channel, or rename it; `"0"` in If-Match adds one. What all stores share is the group's to change.
#[utoipa::path(tag = "plans", params(Seen), request_body = LabelNames, responses(
    (status = 200, description = "The channel as it is now", body = CodedLabel),
))]
#[put("/channels/{code}")]
pub async fn put_channel(
    caller: Caller<DraftPlan>,
    code: Path<String>,
    seen: Seen,
    body: Body<LabelNames>,
) -> Result<impl Responder, Problem> {
    let label = super::put(&mut caller.context().await?, CHANNELS, &code, body.0, seen).await?;
    Ok(etag::ok(label.version, label))
}

/// List the series 车系 that plans can name.
#[utoipa::path(tag = "plans", responses((status = 200, description = "Every series, by code", body = Vec<CodedLabel>)))]
#[get("/series")]
pub async fn list_series(caller: Caller<ViewPlan>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    super::list(&mut caller.context().await?, SERIES).await.map(Json)
}

/// Add a series 车系, or rename it; `"0"` in If-Match adds one. What all stores share is the group's to change.
#[utoipa::path(tag = "plans", params(Seen), request_body = LabelNames, responses(
    (status = 200, description = "The series as it is now", body = CodedLabel),
))]
#[put("/series/{code}")]
pub async fn put_series(
    caller: Caller<DraftPlan>,
    code: Path<String>,
    seen: Seen,
    body: Body<LabelNames>,
) -> Result<impl Responder, Problem> {
    let label = super::put(&mut caller.context().await?, SERIES, &code, body.0, seen).await?;
    Ok(etag::ok(label.version, label))
}
