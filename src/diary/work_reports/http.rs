//! Work reports over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, Responder, get, post, put};

use super::duties::{self, ReportDutyChange, ReportDutyQuery, UnitReportDuties};
use super::reading::{self, DueFilter, PersonDueReports, ReportFilter};
use super::tally::{self, ReportTally, ReportsTallied};
use super::timing::{self, NewReportTiming};
use super::{NewReportReview, NewWorkReport, WorkReport, WorkReportInFull};
use crate::auth::Caller;
use crate::auth::access::{ManageReports, ReviewReports, ViewFacts, WriteDiary};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query};

/// Hand in a plan or a summary of your day, week or month, or write one again.
///
/// Whether it is late depends on when it is first handed in; writing it again keeps the earlier text. Of what is written
/// again after it was due, the line leader decides whether it was on time. It counts for the
/// month in which it is due, in `reports_due` and `reports_on_time` of the person and `reports_to_review` of the line
/// leader. If a system delivers totals for these metrics, those count instead.
#[utoipa::path(tag = "facts", request_body = NewWorkReport, responses(
    (status = 200, description = "It was handed in before, and has been written again", body = WorkReport),
    (status = 201, description = "Handed in", body = WorkReport),
    (status = 409, description = "The month is frozen, or the login belongs to no employee"),
))]
#[post("/work-reports")]
pub async fn create_work_report(
    caller: Caller<WriteDiary>,
    body: Body<NewWorkReport>,
) -> Result<impl Responder, Problem> {
    let (report, is_new) = super::hand_in(&mut caller.context().await?, &body.0).await?;
    Ok(match is_new {
        true => HttpResponse::Created().json(report),
        false => HttpResponse::Ok().json(report),
    })
}

/// List the reports that were handed in, as far as the caller reaches.
#[utoipa::path(tag = "facts", params(ReportFilter, PageQuery), responses(
    (status = 200, description = "A page of reports, in the order in which they were handed in", body = Page<WorkReport>),
))]
#[get("/work-reports")]
pub async fn list_work_reports(
    caller: Caller<ViewFacts>,
    query: Paged<ReportFilter>,
) -> Result<Json<Page<WorkReport>>, Problem> {
    reading::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// List the reports that are owed in a month, by the caller and by the people whom the caller reaches: due, missing, late
/// or on time.
///
/// What is owed follows from the duties of the unit in which a person is posted and from the working calendar. Nothing is
/// owed on a day of leave, if the ledger knows on which day it was.
#[utoipa::path(tag = "facts", params(DueFilter, PageQuery), responses(
    (status = 200, description = "A page of people with their reports", body = Page<PersonDueReports>),
))]
#[get("/work-reports/due")]
pub async fn list_due_work_reports(
    caller: Caller<ViewFacts>,
    query: Paged<DueFilter>,
) -> Result<Json<Page<PersonDueReports>>, Problem> {
    reading::due(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read a report with all its revisions.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "The report", body = WorkReportInFull),
))]
#[get("/work-reports/{id}")]
pub async fn get_work_report(
    caller: Caller<ViewFacts>,
    id: Path<i64>,
) -> Result<Json<WorkReportInFull>, Problem> {
    reading::in_full(&mut caller.context().await?, *id).await.map(Json)
}

/// Review a report of somebody whose line leader the caller was on the day it was due.
///
/// A report is reviewed once. A review within 24 hours of when the report was first handed in counts for the leader's
/// `reports_reviewed_24h`, unless a system delivers a total for it.
#[utoipa::path(tag = "facts", request_body = NewReportReview, responses(
    (status = 200, description = "The report with its review", body = WorkReport),
    (status = 404, description = "There is no such report, or the caller did not lead its writer"),
    (status = 409, description = "It is the caller's own, was reviewed already, or its month is frozen"),
))]
#[post("/work-reports/{id}/review")]
pub async fn review_work_report(
    caller: Caller<ReviewReports>,
    id: Path<i64>,
    body: Body<NewReportReview>,
) -> Result<Json<WorkReport>, Problem> {
    super::review(&mut caller.context().await?, *id, &body.0).await.map(Json)
}

/// Decide whether a report that was handed in in time and written again after it was due was on time.
///
/// The report shows when it was first handed in and when it was last written. Until it is decided the first handing in
/// counts; then the writer's `reports_on_time` follows what was decided. A text that is written later asks for another
/// decision.
#[utoipa::path(tag = "facts", request_body = NewReportTiming, responses(
    (status = 200, description = "The report with the decision", body = WorkReport),
    (status = 404, description = "There is no such report, or the caller did not lead its writer"),
    (status = 409, description = "There is nothing to decide, it has been decided, it is the caller's own, or its month is frozen"),
))]
#[post("/work-reports/{id}/timing")]
pub async fn decide_report_timing(
    caller: Caller<ReviewReports>,
    id: Path<i64>,
    body: Body<NewReportTiming>,
) -> Result<Json<WorkReport>, Problem> {
    timing::decide(&mut caller.context().await?, *id, &body.0).await.map(Json)
}

/// Count the reports of a store's month for everybody, including those who wrote nothing.
///
/// While the month runs, reports that are not due yet do not count. Once it is over, counting it completes the source
/// `reports`. It may be repeated: what is right already stays as it is.
#[utoipa::path(tag = "facts", request_body = ReportTally, responses(
    (status = 200, description = "What changed in the ledger", body = ReportsTallied),
    (status = 404, description = "The caller does not reach the store"),
    (status = 409, description = "The month is frozen, and something would change"),
))]
#[post("/work-reports/tally")]
pub async fn tally_work_reports(
    caller: Caller<ManageReports>,
    body: Body<ReportTally>,
) -> Result<Json<ReportsTallied>, Problem> {
    tally::run(&mut caller.context().await?, &body.0).await.map(Json)
}

/// Read which reports are due in a unit, and by when.
///
/// For each kind of report the nearest unit that has set something counts, the unit itself first; if none has, a
/// summary of every working day is due by the end of the day. Sales consultants, team leaders and telesales specialists
/// owe them.
#[utoipa::path(tag = "facts", params(ReportDutyQuery), responses(
    (status = 200, description = "What is due on that day, and everything that the unit itself has set", body = UnitReportDuties),
    (status = 404, description = "There is no such unit"),
))]
#[get("/report-duties")]
pub async fn get_report_duties(
    caller: Caller<ViewFacts>,
    query: Query<ReportDutyQuery>,
) -> Result<Json<UnitReportDuties>, Problem> {
    duties::read(&mut caller.context().await?, &query.0).await.map(Json)
}

/// Set which reports a unit asks for from a day on.
#[utoipa::path(tag = "facts", request_body = ReportDutyChange, responses(
    (status = 200, description = "What is due from that day on", body = UnitReportDuties),
    (status = 404, description = "The caller does not reach the unit"),
))]
#[put("/report-duties")]
pub async fn put_report_duties(
    caller: Caller<ManageReports>,
    body: Body<ReportDutyChange>,
) -> Result<Json<UnitReportDuties>, Problem> {
    duties::put(&mut caller.context().await?, &body.0).await.map(Json)
}
