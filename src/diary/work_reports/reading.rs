//! Reports as they are read, and what is still owed, as far as the reader reaches.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::due::{self, Cadence, DueState, ReportKind};
use super::owed::Owed;
use super::tally::{self, Standing};
use super::{WorkReport, WorkReportInFull, WorkReportReview, WorkReportText, prompt_until};
use crate::auth::caller::Scope;
use crate::db::schema::work_report_text;
use crate::diary::writer::POSITIONS;
use crate::http::Problem;
use crate::period::Period;

/// Which reports that were handed in are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportState {
    /// On time, or asked for by nobody
    OnTime,
    /// Handed in when their time had passed
    Late,
    /// Nobody has reviewed them
    Unreviewed,
    /// Somebody has reviewed them
    Reviewed,
}

impl ReportState {
    const fn name(self) -> &'static str {
        match self {
            Self::OnTime => "on_time",
            Self::Late => "late",
            Self::Unreviewed => "unreviewed",
            Self::Reviewed => "reviewed",
        }
    }
}

/// Which reports are asked for; what is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct ReportFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only those that count for this month.
    pub period: Option<Period>,
    /// Only this person's.
    pub employee_no: Option<String>,
    /// Only those with which it stands so.
    pub state: Option<ReportState>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: ReportKind,
    #[diesel(sql_type = Text)]
    cadence: Cadence,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    due_by: Option<DateTime<Utc>>,
    #[diesel(sql_type = Timestamptz)]
    handed_in_at: DateTime<Utc>,
    #[diesel(sql_type = Bool)]
    is_late: bool,
    #[diesel(sql_type = Text)]
    content: String,
    #[diesel(sql_type = Integer)]
    revision: i32,
    #[diesel(sql_type = Timestamptz)]
    written_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    reviewer_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    comment: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    reviewed_revision: Option<i32>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    reviewed_at: Option<DateTime<Utc>>,
}

impl From<Row> for WorkReport {
    fn from(row: Row) -> Self {
        let review = match (row.reviewer_no, row.comment, row.reviewed_revision, row.reviewed_at) {
            (Some(employee_no), Some(comment), Some(revision), Some(reviewed_at)) => Some(WorkReportReview {
                employee_no,
                comment,
                revision,
                reviewed_at,
                in_24h: reviewed_at <= prompt_until(row.handed_in_at),
            }),
            _ => None,
        };
        Self {
            id: row.id,
            employee_no: row.employee_no,
            name: row.name,
            kind: row.kind,
            cadence: row.cadence,
            day: row.day,
            period: Period::containing(row.period),
            due_by: row.due_by,
            handed_in_at: row.handed_in_at,
            is_late: row.is_late,
            content: row.content,
            revision: row.revision,
            written_at: row.written_at,
            review,
        }
    }
}

/// Reports behind `after` of people whom `scope` reaches in the month that they count for, in the order in which they were
/// handed in.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &ReportFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<WorkReport>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT r.id, e.employee_no, e.name, r.kind, r.cadence, r.day, r.period, r.due_by, r.handed_in_at, r.is_late, \
             t.content, t.revision, t.written_at, \
             b.employee_no AS reviewer_no, v.comment, v.revision AS reviewed_revision, v.reviewed_at \
         FROM work_report r JOIN employee e ON e.id = r.employee_id \
         CROSS JOIN LATERAL (SELECT * FROM work_report_text t WHERE t.report_id = r.id \
             ORDER BY t.revision DESC LIMIT 1) AS t \
         LEFT JOIN work_report_review v ON v.report_id = r.id LEFT JOIN employee b ON b.id = v.reviewer_id \
         WHERE r.id > $1 AND ($2 IS NULL OR r.id = $2) AND ($3 IS NULL OR r.period = $3) \
         AND ($4 IS NULL OR e.employee_no = $4) \
         AND CASE $5 WHEN 'late' THEN r.is_late WHEN 'on_time' THEN NOT r.is_late \
             WHEN 'unreviewed' THEN v.report_id IS NULL WHEN 'reviewed' THEN v.report_id IS NOT NULL ELSE true END \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = r.employee_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(r.period, (r.period + interval '1 month')::date) \
             AND may_reach($6, $7, $8, r.employee_id, a.unit_id, r.period)) \
         ORDER BY r.id LIMIT $9",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Nullable<Text>, _>(filter.state.map(ReportState::name))
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(WorkReport::from).collect())
}

/// One report.
///
/// # Errors
///
/// Not found where there is none that `scope` reaches.
pub(super) async fn one(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<WorkReport, Problem> {
    let filter = ReportFilter { id: Some(id), ..ReportFilter::default() };
    let found = list(connection, scope, &filter, 0, 1).await?.pop();
    found.ok_or_else(|| Problem::not_found("work report"))
}

/// One report with everything that it ever said.
///
/// # Errors
///
/// Not found where there is none that `scope` reaches.
pub async fn in_full(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<WorkReportInFull, Problem> {
    let report = one(connection, scope, id).await?;
    let revisions: Vec<WorkReportText> = work_report_text::table
        .filter(work_report_text::report_id.eq(id))
        .order(work_report_text::revision)
        .select((work_report_text::revision, work_report_text::content, work_report_text::written_at))
        .load(connection)
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
    /// How many of these were handed in on time.
    pub on_time: u32,
    /// The reports, the earliest first.
    pub reports: Vec<DueReport>,
}

/// One report that is owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueReport {
    /// Plan or summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The first day of that.
    pub day: NaiveDate,
    /// Until when it is on time.
    pub due_by: DateTime<Utc>,
    /// How it stands with it.
    pub state: DueState,
    /// Its number, if it was handed in.
    pub report: Option<i64>,
}

impl From<&Standing> for DueReport {
    fn from(standing: &Standing) -> Self {
        Self {
            kind: standing.due.kind,
            cadence: standing.due.cadence,
            day: standing.due.day,
            due_by: standing.due.by,
            state: standing.state,
            report: standing.report,
        }
    }
}

/// Whose reports of which month are asked for.
#[derive(Clone, Debug)]
pub struct DueFilter {
    /// The month.
    pub period: Period,
    /// Only this person's.
    pub employee_no: Option<String>,
    /// Only reports with which it stands so; the counts are of all.
    pub state: Option<DueState>,
}

/// What the people behind `after` owe whom `scope` reaches in the month.
pub async fn due(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &DueFilter,
    now: DateTime<Utc>,
    after: i64,
    limit: i64,
) -> Result<Vec<PersonDueReports>, Problem> {
    #[derive(QueryableByName)]
    struct Person {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Text)]
        employee_no: String,
        #[diesel(sql_type = Text)]
        name: String,
    }
    let people: Vec<Person> = diesel::sql_query(format!(
        "SELECT e.id, e.employee_no, e.name FROM employee e WHERE e.id > $1 AND ($2 IS NULL OR e.employee_no = $2) \
         AND EXISTS (SELECT FROM assignment a WHERE a.employee_id = e.id AND a.position IN {POSITIONS} \
             AND daterange(a.valid_from, a.valid_to) && daterange($3, $4) \
             AND may_reach($5, $6, $7, e.id, a.unit_id, $3)) \
         ORDER BY e.id LIMIT $8"
    ))
    .bind::<BigInt, _>(after)
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Date, _>(filter.period.first_day())
    .bind::<Date, _>(filter.period.end())
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    let ids = people.iter().map(|person| person.id).collect::<Vec<_>>();
    let owed = Owed::load(connection, &ids, filter.period, filter.period).await?;
    let mut standings = tally::standings(connection, &owed, &ids, filter.period, now).await?;
    let of_person = |person: Person| {
        let standings = standings.remove(&person.id).unwrap_or_default();
        let (due, on_time) = due::count(standings.iter().map(|one| one.state));
        let asked = standings.iter().filter(|one| filter.state.is_none_or(|state| state == one.state));
        PersonDueReports {
            employee_id: person.id,
            employee_no: person.employee_no,
            name: person.name,
            due,
            on_time,
            reports: asked.map(DueReport::from).collect(),
        }
    };
    Ok(people.into_iter().map(of_person).collect())
}
