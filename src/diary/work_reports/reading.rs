//! Reports as they are read, and what is still owed, as far as the reader reaches.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::due::{self, Cadence, DueState, ReportKind};
use super::owed::Owed;
use super::tally::{self, OwedReport};
use super::{WorkReport, WorkReportInFull};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::work_report_text;
use crate::db::sql;
use crate::diary::authors::POSITIONS;
use crate::http::{Page, Problem, Window};
use crate::org::reached::reached_in_month;
use crate::period::Period;
use crate::words::words;

words! {
    /// Which reports that were handed in are asked for.
    pub enum ReportState in "state" {
        /// On time, or asked for by nobody.
        OnTime = "on_time" "按时",
        /// Handed in after they were due.
        Late = "late" "迟交",
        /// Written again after they were due: nobody has decided yet whether that was on time.
        Undecided = "undecided" "待认定",
        /// Reviewed by nobody yet.
        Unreviewed = "unreviewed" "未批阅",
        /// Reviewed.
        Reviewed = "reviewed" "已批阅",
    }
}

/// Which reports that were handed in are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReportFilter {
    /// Only reports that count for this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only this person's reports, by 工号.
    pub employee_no: Option<String>,
    /// Only reports in this state.
    #[param(inline)]
    pub state: Option<ReportState>,
}

/// A page of reports of people whom the caller reaches in the month for which they count, in the order in which they were
/// handed in.
pub async fn list(
    cx: &mut Context,
    filter: &ReportFilter,
    window: Window,
) -> Result<Page<WorkReport>, Problem> {
    let scope = cx.scope.clone();
    Ok(window.page(load(cx.db(), scope, None, filter, window).await?, |report| report.id))
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: Scope,
    id: Option<i64>,
    filter: &ReportFilter,
    window: Window,
) -> Result<Vec<WorkReport>, Problem> {
    let reports = sql(concat!(
        "SELECT r.id, e.employee_no, e.name, r.kind, r.cadence, r.day, r.period, r.due_by, r.handed_in_at, \
             r.is_late OR coalesce(r.timing = 'late', false) AS is_late, \
             NOT r.is_late AND coalesce(t.written_at > r.due_by, false) AS is_rewritten_late, \
             CASE WHEN r.timing IS NOT NULL THEN ROW(r.timing, r.timing_revision, d.employee_no, d.name, \
                 r.timing_at, r.timing_note) END AS timing, t.content, t.revision, t.written_at, CASE WHEN v.report_id IS NOT NULL THEN \
                 ROW(b.employee_no, v.comment, v.revision, v.reviewed_at, \
                     v.reviewed_at <= r.handed_in_at + interval '24 hours') END AS review \
         FROM work_report r JOIN employee e ON e.id = r.employee_id \
         CROSS JOIN LATERAL (SELECT * FROM work_report_text t WHERE t.report_id = r.id \
             ORDER BY t.revision DESC LIMIT 1) AS t \
         LEFT JOIN work_report_review v ON v.report_id = r.id LEFT JOIN employee b ON b.id = v.reviewer_id \
         LEFT JOIN employee d ON d.id = r.timing_by \
         WHERE r.id > $2 AND ($3 IS NULL OR r.id = $3) AND ($4 IS NULL OR r.period = $4) \
         AND ($5 IS NULL OR e.employee_no = $5) \
         AND CASE $6 WHEN 'late' THEN r.is_late OR coalesce(r.timing = 'late', false) \
             WHEN 'on_time' THEN NOT (r.is_late OR coalesce(r.timing = 'late', false)) \
             WHEN 'undecided' THEN NOT r.is_late AND coalesce(t.written_at > r.due_by, false) \
                 AND t.revision IS DISTINCT FROM r.timing_revision \
             WHEN 'unreviewed' THEN v.report_id IS NULL WHEN 'reviewed' THEN v.report_id IS NOT NULL ELSE true END \
         AND ",
        reached_in_month!("$1", "r.employee_id", "r.period"),
        " ORDER BY r.id LIMIT $7"
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    Ok(reports)
}

/// One report.
///
/// # Errors
///
/// Not found where there is none that `scope` reaches.
pub(super) async fn one(
    connection: &mut AsyncPgConnection,
    scope: Scope,
    id: i64,
) -> Result<WorkReport, Problem> {
    let found = load(connection, scope, Some(id), &ReportFilter::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("work report"))
}

/// One report with everything that it ever said.
///
/// # Errors
///
/// Not found where there is none that the caller reaches.
pub async fn in_full(cx: &mut Context, id: i64) -> Result<WorkReportInFull, Problem> {
    let scope = cx.scope.clone();
    let report = one(cx.db(), scope, id).await?;
    let revisions = work_report_text::table
        .filter(work_report_text::report_id.eq(id))
        .order(work_report_text::revision)
        .select((work_report_text::revision, work_report_text::content, work_report_text::written_at))
        .load(cx.db())
        .await?;
    Ok(WorkReportInFull { report, revisions })
}

/// What somebody owes in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PersonDueReports {
    /// Number of the employee.
    #[serde(skip)]
    pub employee_id: i64,
    /// 工号.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// How many reports are due by now, or were handed in already.
    pub due: u32,
    /// How many of them were handed in on time.
    pub on_time: u32,
    /// The reports, by when they are due.
    pub reports: Vec<DueReport>,
}

/// One report that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueReport {
    /// Whether it is a plan or a summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The first day that it is about.
    pub day: NaiveDate,
    /// The moment by which it is due.
    pub due_by: DateTime<Utc>,
    /// What has become of it.
    pub state: DueState,
    /// Its number, if it was handed in.
    pub report: Option<i64>,
}

impl From<&OwedReport> for DueReport {
    fn from(owed: &OwedReport) -> Self {
        Self {
            kind: owed.due.kind,
            cadence: owed.due.cadence,
            day: owed.due.day,
            due_by: owed.due.by,
            state: owed.state,
            report: owed.report,
        }
    }
}

/// Whose reports of which month are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueFilter {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Only what this person owes, by 工号.
    pub employee_no: Option<String>,
    /// Only reports in this state; the counts still cover all of them.
    pub state: Option<DueState>,
}

/// A page of people whom the caller reaches in the month, with what they owe.
pub async fn due(
    cx: &mut Context,
    filter: &DueFilter,
    window: Window,
) -> Result<Page<PersonDueReports>, Problem> {
    #[derive(QueryableByName)]
    struct OwingPerson {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let (period, now) = (filter.period, cx.now);
    let reached = reaches!("$1", "e.id", "a.unit_id", "$4");
    let people: Vec<OwingPerson> = sql(format!(
        "SELECT e.id, e.employee_no, e.name FROM employee e WHERE e.id > $2 AND ($3 IS NULL OR e.employee_no = $3) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id AND a.position IN {POSITIONS} \
             AND daterange(a.valid_from, a.valid_to) && daterange($4, $5) AND {reached}) \
         ORDER BY e.id LIMIT $6"
    ))
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let owed = Owed::load(cx.db(), &ids, period, period).await?;
    let mut reports = tally::standings(cx.db(), &owed, &ids, period, now).await?;
    let of_person = |person: OwingPerson| {
        let reports = reports.remove(&person.id).unwrap_or_default();
        let (due, on_time) = due::count(reports.iter().map(|one| one.state));
        let asked = reports.iter().filter(|one| filter.state.is_none_or(|state| state == one.state));
        PersonDueReports {
            employee_id: person.id,
            employee_no: person.employee_no,
            name: person.name,
            due,
            on_time,
            reports: asked.map(DueReport::from).collect(),
        }
    };
    Ok(window.page(people.into_iter().map(of_person).collect(), |person| person.employee_id))
}
