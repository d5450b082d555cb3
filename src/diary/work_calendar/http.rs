//! Working calendars over HTTP.

use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post, put};

use super::holidays::{self, HolidayYear};
use super::schedule::{self, ScheduleRequest, Scheduled};
use super::{Change, WorkCalendar, WorkDays};
use crate::auth::Caller;
use crate::auth::access::{ManageCalendar, ManageHolidays, ViewCalendar};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem, body};
use crate::period::Period;

/// The month in which a caller has to be of the store to reach its year: the current one, within the year.
fn month_of(year: i32, clock: &Clock) -> Result<Period, Problem> {
    let months = Period::months_of(year);
    let now = Period::containing(crate::clock::day(clock.now()));
    let month = months.iter().copied().rfind(|month| *month <= now);
    month.or_else(|| months.first().copied()).ok_or_else(|| Problem::field("year", "expected 1900 to 2999"))
}

/// Read on which days a store is open in a year.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "Its own calendar, or China's; its ETag goes into If-Match", body = WorkCalendar),
    (status = 404, description = "There is no such store for the caller", body = ProblemBody),
))]
#[get("/work-calendars/{store}/{year}")]
pub async fn get_work_calendar(
    caller: Caller<ViewCalendar>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    path: Path<(String, i32)>,
) -> Result<impl Responder, Problem> {
    let (store, year) = path.into_inner();
    let connection = &mut *pool.get().await?;
    let store_id = super::find_store(connection, &caller.reach(), &store, month_of(year, &clock)?).await?;
    let calendar = super::read(connection, store_id, &store, year).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(calendar.version)).json(calendar))
}

/// Keep on which days a store is open in a year. Days that people are scheduled for follow once they are scheduled again.
#[utoipa::path(tag = "facts", params(("If-Match" = String, Header, description = "The ETag that was read, or *")), request_body = WorkDays, responses(
    (status = 200, description = "As it is now", body = WorkCalendar),
    (status = 404, description = "There is no such store for the caller", body = ProblemBody),
    (status = 412, description = "Somebody else has changed it", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[put("/work-calendars/{store}/{year}")]
pub async fn put_work_calendar(
    caller: Caller<ManageCalendar>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    path: Path<(String, i32)>,
    seen: Seen,
    body: Body<WorkDays>,
) -> Result<impl Responder, Problem> {
    let (store, year) = path.into_inner();
    let connection = &mut *pool.get().await?;
    let store_id = super::find_store(connection, &caller.reach(), &store, month_of(year, &clock)?).await?;
    let user_id = caller.identity.user_id;
    let change = Change { store_id, store: &store, year, work: body.0, seen, user_id };
    let calendar = super::put(connection, change, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(calendar.version)).json(calendar))
}

/// Record the days that everybody posted in a store is scheduled for in a month, by its calendar. What attendance
/// delivers goes before them.
#[utoipa::path(tag = "facts", request_body = ScheduleRequest, responses(
    (status = 200, description = "Recorded", body = Scheduled),
    (status = 404, description = "There is no such store for the caller", body = ProblemBody),
    (status = 409, description = "The month is frozen; nothing was recorded", body = ProblemBody),
))]
#[post("/work-calendars/{store}/schedules")]
pub async fn schedule_days(
    caller: Caller<ManageCalendar>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    store: Path<String>,
    body: Body<ScheduleRequest>,
) -> Result<Json<Scheduled>, Problem> {
    let connection = &mut *pool.get().await?;
    let store_id = super::find_store(connection, &caller.reach(), &store, body.0.period).await?;
    schedule::schedule(connection, store_id, &body.0, caller.identity.user_id, clock.now()).await.map(Json)
}

/// List the years whose public holidays are known, and how many days the country works in them.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every year", body = Vec<HolidayYear>)))]
#[get("/public-holidays")]
pub async fn list_public_holidays(
    _caller: Caller<ViewCalendar>,
    pool: Data<Pool>,
) -> Result<Json<Vec<HolidayYear>>, Problem> {
    holidays::list(&mut *pool.get().await?).await.map(Json)
}

/// Add the public holidays of a year, swapped weekend days included, or amend them: the body is the year's file, in the
/// form of those in `calendar/`.
#[utoipa::path(tag = "facts", request_body(content = String, content_type = "application/toml"), responses(
    (status = 200, description = "As they are known now", body = HolidayYear),
    (status = 422, description = "The file is at fault; its entry is named", body = ProblemBody),
))]
#[put("/public-holidays/{year}")]
pub async fn put_public_holidays(
    caller: Caller<ManageHolidays>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    year: Path<i32>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<Json<HolidayYear>, Problem> {
    let file = file.map_err(|error| body::unreadable(&error))?;
    let user_id = caller.identity.user_id;
    holidays::put(&mut *pool.get().await?, *year, &file, user_id, clock.now()).await.map(Json)
}
