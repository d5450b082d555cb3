//! Daily sheets over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{get, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::lists::{self, SheetLabel, SheetLabelNames, SheetList};
use super::morning::{self, MorningMeeting};
use super::{DailySheet, NewDailySheet, SheetFilter, WrittenSheet};
use crate::auth::Caller;
use crate::auth::access::{ManageReports, ViewFacts, WriteDiary};
use crate::clock::{self, Clock};
use crate::db::Pool;
use crate::diary::writer;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;

/// Write the own daily sheet 日报 of a day, or write it again, until the month is frozen.
///
/// Its numbers are summed into the person's month; what it does not speak of is unknown, not 0. They stand last: what a
/// system delivers for the same metric goes before. What is only odd on a day is taken, and said in `warnings`.
#[utoipa::path(tag = "facts", params(("day" = NaiveDate, Path, description = "The day")),
    request_body = NewDailySheet, responses(
    (status = 200, description = "The sheet as it stands now", body = WrittenSheet),
    (status = 409, description = "The month is frozen, or the login belongs to no employee", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was kept", body = ProblemBody),
))]
#[put("/daily-sheets/{day}")]
pub async fn put_daily_sheet(
    caller: Caller<WriteDiary>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    day: Path<NaiveDate>,
    body: Body<NewDailySheet>,
) -> Result<Json<WrittenSheet>, Problem> {
    let connection = &mut *pool.get().await?;
    super::put(connection, *day, body.0, &caller.identity, clock.now()).await.map(Json)
}

/// Which sheets, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetQuery {
    /// Only this day's.
    day: Option<NaiveDate>,
    /// Only this month's; the running month by default.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only this person's, by 工号.
    employee_no: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List the daily sheets of a day or a month as they were written last, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(SheetQuery), responses(
    (status = 200, description = "A page of sheets", body = Page<DailySheet>),
    (status = 422, description = "Both a day and a month, or neither can be read", body = ProblemBody),
))]
#[get("/daily-sheets")]
pub async fn list_daily_sheets(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<SheetQuery>,
) -> Result<Json<Page<DailySheet>>, Problem> {
    let SheetQuery { day, period, employee_no, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let (from, to) = match (day, period) {
        (Some(_), Some(_)) => return Err(Problem::field("day", "expected a day or a period, not both")),
        (Some(day), None) => {
            writer::require_sane("day", day)?;
            (day, day)
        }
        (None, period) => {
            let period = period.unwrap_or_else(|| Period::containing(clock::day(clock.now())));
            (period.first_day(), period.last_day())
        }
    };
    let filter = SheetFilter { from, to, employee_no };
    let rows = super::list(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// Whose meeting.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MorningQuery {
    /// Code of the store.
    store: String,
    /// The day of the meeting, which looks at the day before; today by default.
    day: Option<NaiveDate>,
}

/// Read what the morning meeting 晨会 looks at, as far as the caller reaches: yesterday's sheets by team and person, who has
/// not written, the month up to then, leads by channel and source, and why prospects were lost.
#[utoipa::path(tag = "facts", params(MorningQuery), responses(
    (status = 200, description = "The meeting", body = MorningMeeting),
    (status = 404, description = "There is no such store, or nobody in it whom the caller reaches", body = ProblemBody),
))]
#[get("/daily-sheets/morning")]
pub async fn get_morning_meeting(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<MorningQuery>,
) -> Result<Json<MorningMeeting>, Problem> {
    let MorningQuery { store, day } = query.into_inner();
    let day = day.unwrap_or_else(|| clock::day(clock.now()));
    morning::meeting(&mut *pool.get().await?, &caller.reach(), &store, day).await.map(Json)
}

/// List the lead sources 线索来源 that daily sheets can name.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every source, by code", body = Vec<SheetLabel>)))]
#[get("/lead-sources")]
pub async fn list_lead_sources(
    _caller: Caller<ViewFacts>,
    pool: Data<Pool>,
) -> Result<Json<Vec<SheetLabel>>, Problem> {
    lists::list(&mut *pool.get().await?, SheetList::LeadSources).await.map(Json)
}

/// Add a lead source, or rename it.
#[utoipa::path(tag = "facts", request_body = SheetLabelNames, responses(
    (status = 200, description = "As it is called now", body = SheetLabel),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[put("/lead-sources/{code}")]
pub async fn put_lead_source(
    caller: Caller<ManageReports>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    code: Path<String>,
    body: Body<SheetLabelNames>,
) -> Result<Json<SheetLabel>, Problem> {
    let (connection, by) = (&mut *pool.get().await?, caller.identity.user_id);
    lists::put(connection, SheetList::LeadSources, &code, body.0, by, clock.now()).await.map(Json)
}

/// List the reasons 战败原因 for which prospects are lost.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Every reason, by code", body = Vec<SheetLabel>)))]
#[get("/lost-reasons")]
pub async fn list_lost_reasons(
    _caller: Caller<ViewFacts>,
    pool: Data<Pool>,
) -> Result<Json<Vec<SheetLabel>>, Problem> {
    lists::list(&mut *pool.get().await?, SheetList::LostReasons).await.map(Json)
}

/// Add a reason for which prospects are lost, or rename it.
#[utoipa::path(tag = "facts", request_body = SheetLabelNames, responses(
    (status = 200, description = "As it is called now", body = SheetLabel),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[put("/lost-reasons/{code}")]
pub async fn put_lost_reason(
    caller: Caller<ManageReports>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    code: Path<String>,
    body: Body<SheetLabelNames>,
) -> Result<Json<SheetLabel>, Problem> {
    let (connection, by) = (&mut *pool.get().await?, caller.identity.user_id);
    lists::put(connection, SheetList::LostReasons, &code, body.0, by, clock.now()).await.map(Json)
}
