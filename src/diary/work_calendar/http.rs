//! Working calendars over HTTP.

use actix_web::web::{Bytes, Json, Path};
use actix_web::{Responder, get, post, put};

use super::holidays::{self, HolidayYear};
use super::schedule::{self, ScheduleRequest, Scheduled};
use super::{WorkCalendar, WorkDays};
use crate::auth::Caller;
use crate::auth::access::{ManageCalendar, ManageHolidays, ViewCalendar};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem, body};

/// Read the days on which a store is open in a year.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "Its own calendar, or China's; its ETag goes into If-Match", body = WorkCalendar),
))]
#[get("/work-calendars/{store}/{year}")]
pub async fn get_work_calendar(
    caller: Caller<ViewCalendar>,
    path: Path<(String, i32)>,
) -> Result<impl Responder, Problem> {
    let (store, year) = path.into_inner();
    let calendar = super::read(&mut caller.context().await?, &store, year).await?;
    Ok(etag::ok(calendar.version, calendar))
}

/// Set the days on which a store is open in a year. The days that people are scheduled for change only when they are
/// scheduled again.
#[utoipa::path(tag = "facts", params(Seen), request_body = WorkDays, responses(
    (status = 200, description = "The calendar as it is now", body = WorkCalendar),
))]
#[put("/work-calendars/{store}/{year}")]
pub async fn put_work_calendar(
    caller: Caller<ManageCalendar>,
    path: Path<(String, i32)>,
    seen: Seen,
    body: Body<WorkDays>,
) -> Result<impl Responder, Problem> {
    let (store, year) = path.into_inner();
    let calendar = super::put(&mut caller.context().await?, &store, year, body.0, seen).await?;
    Ok(etag::ok(calendar.version, calendar))
}

/// Record the days that everybody posted in a store is scheduled for in a month, by its calendar. If attendance
/// delivers them, its numbers count instead.
#[utoipa::path(tag = "facts", request_body = ScheduleRequest, responses(
    (status = 200, description = "Recorded", body = Scheduled),
    (status = 409, description = "The month is frozen; nothing was recorded"),
))]
#[post("/work-calendars/{store}/schedules")]
pub async fn schedule_days(
    caller: Caller<ManageCalendar>,
    store: Path<String>,
    body: Body<ScheduleRequest>,
) -> Result<Json<Scheduled>, Problem> {
    schedule::schedule(&mut caller.context().await?, &store, &body.0).await.map(Json)
}

/// List the years whose public holidays are known, and how many days the country works in them.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every year", body = Vec<HolidayYear>)))]
#[get("/public-holidays")]
pub async fn list_public_holidays(caller: Caller<ViewCalendar>) -> Result<Json<Vec<HolidayYear>>, Problem> {
    holidays::list(caller.context().await?.db()).await.map(Json)
}

/// Add or amend the public holidays of a year, including the weekend days worked in exchange: the body is the year's
/// file, in the format of those in `calendar/`.
#[utoipa::path(tag = "facts", params(Seen), request_body(content = inline(crate::http::bounds::HolidayFile), content_type = "application/octet-stream"), responses(
    (status = 200, description = "The year as it is known now", body = HolidayYear),
))]
#[put("/public-holidays/{year}")]
pub async fn put_public_holidays(
    caller: Caller<ManageHolidays>,
    year: Path<i32>,
    seen: Seen,
    file: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let file = file.map_err(|error| body::unreadable(&error))?;
    let kept = holidays::put(&mut caller.context().await?, *year, &file, seen).await?;
    Ok(etag::ok(kept.version, kept))
}
