//! Reports that were handed in in time and written again after it: whether that was on time, their leader decides.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Record, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::due::{Cadence, ReportKind};
use super::owed::Owed;
use super::{WorkReport, reading, tally};
use crate::auth::{Context, Scope};
use crate::db::schema::{work_report, work_report_text};
use crate::db::sql;
use crate::diary::authors::{self, says_something};
use crate::http::Problem;
use crate::period::Period;
use crate::said::say;
use crate::words::words;

words! {
    /// Whether a report that was written again after it was due was on time.
    pub enum Timing in "work_report.timing" {
        /// What was handed in in time was the report.
        OnTime = "on_time" "按时",
        /// It was not: the report came with what was written afterwards.
        Late = "late" "迟交",
    }
}

/// A leader's decision on when a report was handed in.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReportTiming {
    /// Whether it was on time.
    #[garde(skip)]
    pub timing: Timing,
    /// Why.
    #[garde(length(chars, max = 1_000), custom(says_something))]
    #[schema(example = "截止前只交了一个字，正文是后补的", max_length = 1000)]
    pub reason: String,
}

/// What a leader has decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromSqlRow, ToSchema)]
pub struct ReportTiming {
    /// Whether it was on time.
    pub timing: Timing,
    /// The revision that the leader had read.
    pub revision: i32,
    /// 工号 of the leader.
    pub employee_no: String,
    /// The leader's name.
    pub name: String,
    /// When it was decided.
    pub decided_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A row of the fields of a decision.
pub(super) type TimingRecord = Record<(Text, Integer, Text, Text, Timestamptz, Text)>;

impl FromSql<TimingRecord, Pg> for ReportTiming {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (timing, revision, employee_no, name, decided_at, reason) =
            FromSql::<TimingRecord, Pg>::from_sql(value)?;
        Ok(Self { timing, revision, employee_no, name, decided_at, reason })
    }
}

/// A report of which somebody has to decide whether it was on time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct UndecidedReport {
    /// The report.
    #[diesel(sql_type = BigInt)]
    pub report: i64,
    /// 工号 of the person who wrote it.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether it is a plan or a summary.
    #[diesel(sql_type = Text)]
    pub kind: ReportKind,
    /// Whether it is about a day, a week or a month.
    #[diesel(sql_type = Text)]
    pub cadence: Cadence,
    /// The first day that it is about.
    #[diesel(sql_type = Date)]
    pub day: NaiveDate,
    /// The moment by which it was due.
    #[diesel(sql_type = Timestamptz)]
    pub due_by: DateTime<Utc>,
    /// When it was first handed in.
    #[diesel(sql_type = Timestamptz)]
    pub handed_in_at: DateTime<Utc>,
    /// When it was last written again.
    #[diesel(sql_type = Timestamptz)]
    pub rewritten_at: DateTime<Utc>,
    /// Names of those who may decide: the line leaders of the day on which it was due.
    #[diesel(sql_type = Array<Text>)]
    pub leaders: Vec<String>,
}

/// The reports of a store's month that were written again after they were due, and of which nobody has decided yet whether
/// they were on time. As long as nobody has, the first handing in counts.
pub async fn undecided(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<UndecidedReport>, Problem> {
    let undecided = sql(
        "SELECT r.id AS report, e.employee_no, e.name, r.kind, r.cadence, r.day, r.due_by, r.handed_in_at, \
             t.written_at AS rewritten_at, ARRAY( \
                 SELECT DISTINCT b.name FROM assignment a JOIN team_leadership l ON l.unit_id = a.unit_id \
                     AND l.kind = 'line' AND l.employee_id <> r.employee_id \
                     AND daterange(l.valid_from, l.valid_to) @> r.due_day JOIN employee b ON b.id = l.employee_id \
                 WHERE a.employee_id = r.employee_id AND daterange(a.valid_from, a.valid_to) @> r.due_day \
                 ORDER BY b.name) AS leaders \
         FROM work_report r JOIN employee e ON e.id = r.employee_id \
         CROSS JOIN LATERAL (SELECT t.revision, t.written_at FROM work_report_text t WHERE t.report_id = r.id \
             ORDER BY t.revision DESC LIMIT 1) AS t \
         WHERE r.period = $1 AND NOT r.is_late AND t.written_at > r.due_by \
         AND t.revision IS DISTINCT FROM r.timing_revision \
         AND EXISTS (SELECT FROM posted_stores(r.employee_id, $1) s WHERE s.store_id = $2) \
         ORDER BY e.employee_no, r.day, r.id",
    )
    .bind::<Date, _>(period)
    .bind::<BigInt, _>(store_id)
    .load(connection)
    .await?;
    Ok(undecided)
}

/// Decides whether a report that was written again after it was due was on time. Whoever led its writer on the day on which
/// it was due decides, once for each text; the month's counts follow.
///
/// # Errors
///
/// Not found where the caller did not lead; a conflict where there is nothing to decide, it has been decided, it is the
/// caller's own, or its month is frozen.
pub async fn decide(cx: &mut Context, id: i64, new: &NewReportTiming) -> Result<WorkReport, Problem> {
    type Found = (i64, NaiveDate, Period, Option<DateTime<Utc>>, bool);
    let leader_id = authors::employee(cx)?;
    cx.transaction(async |cx| {
        let found: Option<Found> = work_report::table
            .find(id)
            .select((
                work_report::employee_id,
                work_report::due_day,
                work_report::period,
                work_report::due_by,
                work_report::is_late,
            ))
            .first(cx.db())
            .await
            .optional()?;
        let found = found.ok_or_else(|| Problem::not_found("work report"))?;
        let (author_id, due_day, period, due_by, is_late) = found;
        if author_id == leader_id {
            return Err(Problem::conflict(say!(
                "这是您写的：只能由您的组长决定",
                "you wrote this report: only your leader decides on it"
            )));
        }
        if !tally::leaders_of(cx.db(), author_id, due_day).await?.contains(&leader_id) {
            return Err(Problem::not_found("work report"));
        }
        // Whoever writes or decides holds this: what is read from here on stays.
        authors::require_open(cx.db(), period, &[author_id, leader_id]).await?;
        let (revision, written_at): (i32, DateTime<Utc>) = work_report_text::table
            .filter(work_report_text::report_id.eq(id))
            .order(work_report_text::revision.desc())
            .select((work_report_text::revision, work_report_text::written_at))
            .first(cx.db())
            .await?;
        if is_late || due_by.is_none_or(|due_by| written_at <= due_by) {
            let detail = say!(
                "截止后没有重写：是否迟交看交的时间",
                "it was not written again after it was due: when it was handed in says whether it is late"
            );
            return Err(Problem::conflict(detail));
        }
        let decided: Option<i32> =
            work_report::table.find(id).select(work_report::timing_revision).first(cx.db()).await?;
        if decided == Some(revision) {
            return Err(Problem::conflict(say!(
                "这一份是否按时已经决定",
                "it has been decided already whether this text was on time"
            )));
        }
        let decision = (
            work_report::timing.eq(new.timing),
            work_report::timing_revision.eq(revision),
            work_report::timing_by.eq(leader_id),
            work_report::timing_user.eq(cx.by()),
            work_report::timing_at.eq(cx.now),
            work_report::timing_note.eq(new.reason.trim()),
        );
        diesel::update(work_report::table.find(id)).set(decision).execute(cx.db()).await?;
        let detail = json!({ "timing": new.timing, "revision": revision, "reason": new.reason.trim() });
        cx.audit("decide_report_timing", &format!("work_report/{id}"), detail).await?;
        let owed = Owed::load(cx.db(), &[author_id], period, period).await?;
        let origin = tally::origin(cx.by(), cx.now);
        tally::record(cx.db(), &owed, period, &[author_id], &[], &origin).await?;
        reading::one(cx.db(), Scope::operator(), id).await
    })
    .await
}
