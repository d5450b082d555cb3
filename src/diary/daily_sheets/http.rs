//! Daily sheets over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{Responder, get, put};
use chrono::NaiveDate;

use super::morning::{self, MorningMeeting, MorningQuery};
use super::{DailySheet, LEAD_SOURCES, LOST_REASONS, NewDailySheet, SheetFilter, WrittenSheet};
use crate::auth::Caller;
use crate::auth::access::{ManageReports, ViewFacts, WriteSheets};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query};
use crate::org::labels::{self, CodedLabel, LabelNames};

/// Write your own daily sheet 日报 for a day, or write it again, until the month is frozen.
///
/// Its numbers are added up into the person's month, and what it says of leads by channel and source
/// (`/v1/dashboard/channel-funnel`); what it leaves out is unknown, not 0. They count only where no
/// system delivers the same metric. What is merely odd is accepted, and named in `warnings`.
#[utoipa::path(tag = "facts", params(("day" = NaiveDate, Path, description = "The day")),
    request_body = NewDailySheet, responses(
    (status = 200, description = "The sheet as it is now", body = WrittenSheet),
    (status = 409, description = "The month is frozen, or the login belongs to no employee"),
))]
#[put("/daily-sheets/{day}")]
pub async fn put_daily_sheet(
    caller: Caller<WriteSheets>,
    day: Path<NaiveDate>,
    body: Body<NewDailySheet>,
) -> Result<Json<WrittenSheet>, Problem> {
    super::put(&mut caller.context().await?, *day, body.0).await.map(Json)
}

/// List the latest daily sheets of a day or a month, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(SheetFilter, PageQuery), responses(
    (status = 200, description = "A page of sheets", body = Page<DailySheet>),
))]
#[get("/daily-sheets")]
pub async fn list_daily_sheets(
    caller: Caller<ViewFacts>,
    query: Paged<SheetFilter>,
) -> Result<Json<Page<DailySheet>>, Problem> {
    super::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read the figures for the morning meeting 晨会, as far as the caller reaches: yesterday's sheets by team and person,
/// who has not written one, the month up to then, leads by channel and source, and why prospects were lost.
///
/// The month counts for each team what people wrote while they were posted there; who has moved or left since is still
/// listed, as not posted.
#[utoipa::path(tag = "facts", params(MorningQuery), responses(
    (status = 200, description = "The meeting", body = MorningMeeting),
    (status = 404, description = "There is no such store, or nobody in it whom the caller reaches"),
))]
#[get("/daily-sheets/morning")]
pub async fn get_morning_meeting(
    caller: Caller<ViewFacts>,
    query: Query<MorningQuery>,
) -> Result<Json<MorningMeeting>, Problem> {
    morning::meeting(&mut caller.context().await?, query.0).await.map(Json)
}

/// List the lead sources 线索来源 that daily sheets can name.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every source, by code", body = Vec<CodedLabel>)))]
#[get("/lead-sources")]
pub async fn list_lead_sources(caller: Caller<ViewFacts>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    labels::list(&mut caller.context().await?, LEAD_SOURCES).await.map(Json)
}

/// Add a lead source, or rename it; `"0"` in If-Match adds one. What all stores share is the group's to change.
#[utoipa::path(tag = "facts", params(Seen), request_body = LabelNames, responses(
    (status = 200, description = "The source as it is now", body = CodedLabel),
))]
#[put("/lead-sources/{code}")]
pub async fn put_lead_source(
    caller: Caller<ManageReports>,
    code: Path<String>,
    seen: Seen,
    body: Body<LabelNames>,
) -> Result<impl Responder, Problem> {
    let label = labels::put(&mut caller.context().await?, LEAD_SOURCES, &code, body.0, seen).await?;
    Ok(etag::ok(label.version, label))
}

/// List the reasons 战败原因 for which prospects are lost.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every reason, by code", body = Vec<CodedLabel>)))]
#[get("/lost-reasons")]
pub async fn list_lost_reasons(caller: Caller<ViewFacts>) -> Result<Json<Vec<CodedLabel>>, Problem> {
    labels::list(&mut caller.context().await?, LOST_REASONS).await.map(Json)
}

/// Add a reason for which prospects are lost, or rename it; `"0"` in If-Match adds one. What all stores share is the group's to change.
#[utoipa::path(tag = "facts", params(Seen), request_body = LabelNames, responses(
    (status = 200, description = "The reason as it is now", body = CodedLabel),
))]
#[put("/lost-reasons/{code}")]
pub async fn put_lost_reason(
    caller: Caller<ManageReports>,
    code: Path<String>,
    seen: Seen,
    body: Body<LabelNames>,
) -> Result<impl Responder, Problem> {
    let label = labels::put(&mut caller.context().await?, LOST_REASONS, &code, body.0, seen).await?;
    Ok(etag::ok(label.version, label))
}
