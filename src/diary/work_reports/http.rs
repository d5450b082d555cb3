//! Work reports over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post, put};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::due::DueState;
use super::duties::{self, ReportDutyChange, UnitReportDuties};
use super::reading::{self, DueFilter, PersonDueReports, ReportFilter, ReportState};
use super::tally::{self, ReportTally, ReportsTallied};
use super::{NewReportReview, NewWorkReport, WorkReport, WorkReportInFull};
use crate::auth::Caller;
use crate::auth::access::{ManageReports, ReviewReports, ViewFacts, WriteDiary};
use crate::clock::{self, Clock};
use crate::db::Pool;
use crate::diary::writer;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;

/// Hand in a plan or a summary of the own day, week or month, or write one again.
///
/// The first handing in decides whether it is late; writing it again keeps what it said before. It counts for the month
/// of the day on which it is due: there, `reports_due` and `reports_on_time` of the person and `reports_to_review` of the
/// line leader are counted anew. Totals that a system has delivered for these metrics go before what is counted here.
#[utoipa::path(tag = "facts", request_body = NewWorkReport, responses(
    (status = 200, description = "It was there already, and says this now", body = WorkReport),
    (status = 201, description = "Handed in", body = WorkReport),
    (status = 409, description = "The month is frozen, or the login belongs to no employee", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was kept", body = ProblemBody),
))]
#[post("/work-reports")]
pub async fn create_work_report(
    caller: Caller<WriteDiary>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewWorkReport>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let (report, is_new) = super::hand_in(connection, &body.0, &caller.identity, clock.now()).await?;
    Ok(match is_new {
        true => HttpResponse::Created().json(report),
        false => HttpResponse::Ok().json(report),
    })
}

/// Which reports, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WorkReportQuery {
    /// Only those that count for this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only this person's, by 工号.
    employee_no: Option<String>,
    /// Only those with which it stands so.
    #[param(inline)]
    state: Option<ReportState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List the reports that were handed in, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(WorkReportQuery), responses(
    (status = 200, description = "A page of reports, in the order in which they were handed in", body = Page<WorkReport>),
))]
#[get("/work-reports")]
pub async fn list_work_reports(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<WorkReportQuery>,
) -> Result<Json<Page<WorkReport>>, Problem> {
    let WorkReportQuery { period, employee_no, state, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = ReportFilter { id: None, period, employee_no, state };
    let rows = reading::list(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |row| row.id)))
}

/// What is owed in which month, and which page of people.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueReportQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only what this person owes, by 工号.
    employee_no: Option<String>,
    /// Only reports with which it stands so; the counts are of all.
    state: Option<DueState>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// People of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List what is owed in a month, by oneself and by whom the caller reaches: due, missing, late or on time.
///
/// By the duties of the unit that a person is posted in and the working calendar. Nothing is owed on a day of leave that
/// the ledger knows by its day.
#[utoipa::path(tag = "facts", params(DueReportQuery), responses(
    (status = 200, description = "A page of people with their reports", body = Page<PersonDueReports>),
))]
#[get("/work-reports/due")]
pub async fn list_due_work_reports(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<DueReportQuery>,
) -> Result<Json<Page<PersonDueReports>>, Problem> {
    let DueReportQuery { period, employee_no, state, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = DueFilter { period, employee_no, state };
    let (connection, now) = (&mut *pool.get().await?, clock.now());
    let people = reading::due(connection, &caller.reach(), &filter, now, after, limit + 1).await?;
    Ok(Json(Page::of(people, limit, |person| person.employee_id)))
}

/// Read a report with everything that it ever said.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "The report", body = WorkReportInFull),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
))]
#[get("/work-reports/{id}")]
pub async fn get_work_report(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<Json<WorkReportInFull>, Problem> {
    reading::in_full(&mut *pool.get().await?, &caller.reach(), *id).await.map(Json)
}

/// Review a report of somebody whom one led, as the line leader, on the day on which it was due.
///
/// There is one review: the first. Within 24 hours of the first handing in it counts for the leader's
/// `reports_reviewed_24h`. Totals that a system has delivered for it go before what is counted here.
#[utoipa::path(tag = "facts", request_body = NewReportReview, responses(
    (status = 200, description = "The report with its review", body = WorkReport),
    (status = 404, description = "There is none, or none of a person whom the caller led", body = ProblemBody),
    (status = 409, description = "It is the caller's own, was reviewed already, or its month is frozen", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/work-reports/{id}/review")]
pub async fn review_work_report(
    caller: Caller<ReviewReports>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<NewReportReview>,
) -> Result<Json<WorkReport>, Problem> {
    let connection = &mut *pool.get().await?;
    super::review(connection, *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}

/// Count a store's month for everybody, those included who wrote nothing.
///
/// While the month runs, what is still to come does not count. Once it is over, its reports are delivered by this. It may
/// be repeated: what is right already stays as it is.
#[utoipa::path(tag = "facts", request_body = ReportTally, responses(
    (status = 200, description = "What changed in the ledger", body = ReportsTallied),
    (status = 404, description = "The caller does not reach the store", body = ProblemBody),
    (status = 409, description = "The month is frozen, and something would change", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/work-reports/tally")]
pub async fn tally_work_reports(
    caller: Caller<ManageReports>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<ReportTally>,
) -> Result<Json<ReportsTallied>, Problem> {
    let (connection, by) = (&mut *pool.get().await?, caller.identity.user_id);
    tally::run(connection, &body.0, &caller.reach(), by, clock.now()).await.map(Json)
}

/// Whose duties, on which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportDutyQuery {
    /// Code of the unit.
    unit: String,
    /// The day; today by default.
    on: Option<NaiveDate>,
}

/// Read which reports are due in a unit, and by when.
///
/// The nearest unit that says something of a kind of report counts; where none does, a summary of every working day is
/// due by the day's end. Sales consultants, team leaders and telesales specialists owe them.
#[utoipa::path(tag = "facts", params(ReportDutyQuery), responses(
    (status = 200, description = "What holds on that day, and all that the unit has said", body = UnitReportDuties),
    (status = 404, description = "There is no such unit", body = ProblemBody),
))]
#[get("/report-duties")]
pub async fn get_report_duties(
    _caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<ReportDutyQuery>,
) -> Result<Json<UnitReportDuties>, Problem> {
    let ReportDutyQuery { unit, on } = query.into_inner();
    let on = on.unwrap_or_else(|| clock::day(clock.now()));
    writer::require_sane("on", on)?;
    duties::read(&mut *pool.get().await?, &unit, on).await.map(Json)
}

/// Set which reports a unit asks for from a day on.
#[utoipa::path(tag = "facts", request_body = ReportDutyChange, responses(
    (status = 200, description = "What holds from that day on", body = UnitReportDuties),
    (status = 404, description = "The caller does not reach the unit", body = ProblemBody),
    (status = 422, description = "Fields at fault; nothing was kept", body = ProblemBody),
))]
#[put("/report-duties")]
pub async fn put_report_duties(
    caller: Caller<ManageReports>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<ReportDutyChange>,
) -> Result<Json<UnitReportDuties>, Problem> {
    let (connection, by) = (&mut *pool.get().await?, caller.identity.user_id);
    duties::put(connection, &body.0, &caller.reach(), by, clock.now()).await.map(Json)
}
