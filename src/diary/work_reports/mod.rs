//! Plans and summaries that people write of their days, weeks and months: on time or late by the first handing in, read
//! by their leaders, and counted for both.

pub mod due;
pub mod duties;
pub mod http;
mod owed;
pub mod reading;
pub mod tally;
pub mod timing;

use chrono::{DateTime, Days, NaiveDate, Utc};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Record, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::due::{Cadence, ReportKind};
use self::owed::Owed;
use self::timing::{ReportTiming, TimingRecord};
use crate::auth::Context;
use crate::auth::Scope;
use crate::db::schema::{work_report, work_report_review, work_report_text};
use crate::diary::authors::{self, says_something};
use crate::http::Problem;
use crate::ledger;
use crate::period::Period;
use crate::said::say;

/// How far ahead a plan may look.
const AHEAD: Days = Days::new(62);

/// A plan or summary to be handed in, or written again.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkReport {
    /// Whether it is a plan or a summary.
    #[garde(skip)]
    pub kind: ReportKind,
    /// Whether it is about a day, a week or a month.
    #[garde(skip)]
    pub cadence: Cadence,
    /// The day, or any day of the week or month, that it is about.
    #[garde(skip)]
    pub day: NaiveDate,
    /// Its text.
    #[garde(length(chars, max = 20_000), custom(says_something))]
    #[schema(example = "今日接待4批，留档3批；明日回访李先生。", max_length = 20000)]
    pub content: String,
}

/// A leader's review of a report.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReportReview {
    /// The leader's comment.
    #[garde(length(chars, max = 2_000), custom(says_something))]
    #[schema(example = "回访话术不错，注意二次追踪。", max_length = 2000)]
    pub comment: String,
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct WorkReport {
    /// Its number.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
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
    /// The month for which it counts: the one in which it is due.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The moment by which it was due; null if nobody asked for it.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub due_by: Option<DateTime<Utc>>,
    /// When it was first handed in, which decides whether it is late unless it was written again after it was due.
    #[diesel(sql_type = Timestamptz)]
    pub handed_in_at: DateTime<Utc>,
    /// Whether it counts as late: it was first handed in after it was due, or the leader has decided that what was handed in
    /// in time was not the report.
    #[diesel(sql_type = Bool)]
    pub is_late: bool,
    /// Whether it was handed in in time and written again after it was due: the leader decides whether it was on time.
    #[diesel(sql_type = Bool)]
    pub is_rewritten_late: bool,
    /// What the leader has decided; null as long as nobody has. It is of the text that was read: one that is written later
    /// asks for another decision, and until then the one before counts.
    #[diesel(sql_type = Nullable<TimingRecord>)]
    pub timing: Option<ReportTiming>,
    /// Its latest text.
    #[diesel(sql_type = Text)]
    pub content: String,
    /// How many times it was written.
    #[diesel(sql_type = Integer)]
    pub revision: i32,
    /// When it was last written.
    #[diesel(sql_type = Timestamptz)]
    pub written_at: DateTime<Utc>,
    /// The leader's review, if there is one.
    #[diesel(sql_type = Nullable<ReviewRecord>)]
    pub review: Option<WorkReportReview>,
}

/// A leader's review of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, FromSqlRow, ToSchema)]
pub struct WorkReportReview {
    /// 工号 of the leader.
    pub employee_no: String,
    /// The leader's comment.
    pub comment: String,
    /// The revision of the report that the leader had read.
    pub revision: i32,
    /// When the report was reviewed.
    pub reviewed_at: DateTime<Utc>,
    /// Whether that was within 24 hours of when it was first handed in.
    pub in_24h: bool,
}

/// A row of the fields of a review.
type ReviewRecord = Record<(Text, Text, Integer, Timestamptz, Bool)>;

impl FromSql<ReviewRecord, Pg> for WorkReportReview {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (employee_no, comment, revision, reviewed_at, in_24h) =
            FromSql::<ReviewRecord, Pg>::from_sql(value)?;
        Ok(Self { employee_no, comment, revision, reviewed_at, in_24h })
    }
}

/// A report with all its revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkReportInFull {
    /// The report.
    pub report: WorkReport,
    /// Its texts, oldest first.
    pub revisions: Vec<WorkReportText>,
}

/// A text that a report has had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Queryable, ToSchema)]
pub struct WorkReportText {
    /// Its number: 1 is what was first handed in.
    pub revision: i32,
    /// Its text.
    pub content: String,
    /// When it was written.
    pub written_at: DateTime<Utc>,
}

/// Hands a report in, or writes one again, and says whether it is new. The same text again changes nothing.
///
/// # Errors
///
/// Fields at fault; a conflict where the login has no employee, or where the month is frozen.
pub async fn hand_in(cx: &mut Context, new: &NewWorkReport) -> Result<(WorkReport, bool), Problem> {
    let employee_id = authors::employee(cx)?;
    authors::require_sane("day", new.day)?;
    let day = new.cadence.first_day(new.day);
    check_day(new.kind, day, cx.today())?;
    let (from, to) = (Period::containing(day), Period::containing(new.cadence.last_day(day)));
    cx.transaction(async |cx| {
        let owed = Owed::load(cx.db(), &[employee_id], from, to).await?;
        let due_day = owed.due_day(employee_id, new.kind, new.cadence, day);
        if !owed.is_posted(employee_id, due_day) {
            let message = say!(
                "应交的那天（{due_day}）您不在要写总结的岗位上",
                "on {due_day}, when it is due, you hold no position that writes reports"
            );
            return Err(Problem::field("day", message));
        }
        let period = Period::containing(due_day);
        let leaders = tally::leaders_of(cx.db(), employee_id, due_day).await?;
        let counted = leaders.iter().copied().chain([employee_id]).collect::<Vec<_>>();
        ledger::lock(cx.db(), period, &counted).await?;
        authors::require_open(cx.db(), period, &[employee_id]).await?;
        let due = owed.of(employee_id, period).into_iter();
        let due =
            due.into_iter().find(|due| (due.kind, due.cadence, due.day) == (new.kind, new.cadence, day));
        let found: Option<i64> = work_report::table
            .filter(work_report::employee_id.eq(employee_id).and(work_report::day.eq(day)))
            .filter(work_report::kind.eq(new.kind).and(work_report::cadence.eq(new.cadence)))
            .select(work_report::id)
            .first(cx.db())
            .await
            .optional()?;
        let id = match found {
            Some(id) => id,
            None => {
                let columns = (
                    work_report::employee_id.eq(employee_id),
                    work_report::kind.eq(new.kind),
                    work_report::cadence.eq(new.cadence),
                    work_report::day.eq(day),
                    work_report::due_day.eq(due_day),
                    work_report::period.eq(period),
                    work_report::due_by.eq(due.map(|due| due.by)),
                    work_report::handed_in_at.eq(cx.now),
                );
                let row = diesel::insert_into(work_report::table).values(columns);
                row.returning(work_report::id).get_result(cx.db()).await?
            }
        };
        write(cx, id, new.content.trim()).await?;
        if found.is_none() {
            let origin = tally::origin(cx.by(), cx.now);
            tally::record(cx.db(), &owed, period, &[employee_id], &leaders, &origin).await?;
        }
        Ok((reading::one(cx.db(), Scope::operator(), id).await?, found.is_none()))
    })
    .await
}

/// Refuses days of which there is nothing to say yet.
fn check_day(kind: ReportKind, day: NaiveDate, today: NaiveDate) -> Result<(), Problem> {
    let latest = match kind {
        ReportKind::Plan => today.checked_add_days(AHEAD).unwrap_or(today),
        ReportKind::Summary => today,
    };
    let earliest = Period::new(2000, 1).map(Period::first_day).unwrap_or_default();
    if (earliest..=latest).contains(&day) {
        return Ok(());
    }
    Err(Problem::field(
        "day",
        say!(
            "{kind} 的开始日期应在 {earliest} 到 {latest} 之间",
            "expected a {kind} that begins between {earliest} and {latest}"
        ),
    ))
}

/// Adds a text to a report, unless it is the one that stands.
async fn write(cx: &mut Context, id: i64, content: &str) -> Result<(), Problem> {
    let last: Option<(i32, String)> = work_report_text::table
        .filter(work_report_text::report_id.eq(id))
        .order(work_report_text::revision.desc())
        .select((work_report_text::revision, work_report_text::content))
        .first(cx.db())
        .await
        .optional()?;
    let revision = match last {
        Some((_, text)) if text == content => return Ok(()),
        Some((revision, _)) => revision + 1,
        None => 1,
    };
    diesel::insert_into(work_report_text::table)
        .values((
            work_report_text::report_id.eq(id),
            work_report_text::revision.eq(revision),
            work_report_text::content.eq(content),
            work_report_text::user_id.eq(cx.by()),
            work_report_text::written_at.eq(cx.now),
        ))
        .execute(cx.db())
        .await?;
    cx.audit("write_work_report", &format!("work_report/{id}"), json!({ "revision": revision })).await
}

/// Reviews a report of somebody whom the caller led on the day on which it was due.
///
/// # Errors
///
/// Not found where the caller did not; a conflict where it is the caller's own, was reviewed already, or where its month
/// is frozen.
pub async fn review(cx: &mut Context, id: i64, review: &NewReportReview) -> Result<WorkReport, Problem> {
    let reviewer_id = authors::employee(cx)?;
    cx.transaction(async |cx| {
        let found: Option<(i64, NaiveDate, Period)> = work_report::table
            .find(id)
            .select((work_report::employee_id, work_report::due_day, work_report::period))
            .first(cx.db())
            .await
            .optional()?;
        let (author_id, due_day, period) = found.ok_or_else(|| Problem::not_found("work report"))?;
        if author_id == reviewer_id {
            return Err(Problem::conflict(say!(
                "这是您写的：只能由您的组长批阅",
                "you wrote this report: only your leader can review it"
            )));
        }
        if !tally::leaders_of(cx.db(), author_id, due_day).await?.contains(&reviewer_id) {
            return Err(Problem::not_found("work report"));
        }
        authors::require_open(cx.db(), period, &[author_id, reviewer_id]).await?;
        let revision: Option<i32> = work_report_text::table
            .filter(work_report_text::report_id.eq(id))
            .select(diesel::dsl::max(work_report_text::revision))
            .first(cx.db())
            .await?;
        diesel::insert_into(work_report_review::table)
            .values((
                work_report_review::report_id.eq(id),
                work_report_review::reviewer_id.eq(reviewer_id),
                work_report_review::revision.eq(revision.unwrap_or(1)),
                work_report_review::comment.eq(review.comment.trim()),
                work_report_review::user_id.eq(cx.by()),
                work_report_review::reviewed_at.eq(cx.now),
            ))
            .execute(cx.db())
            .await?;
        cx.audit("review_work_report", &format!("work_report/{id}"), json!({ "revision": revision })).await?;
        let owed = Owed::load(cx.db(), &[], period, period).await?;
        let origin = tally::origin(cx.by(), cx.now);
        tally::record(cx.db(), &owed, period, &[], &[reviewer_id], &origin).await?;
        reading::one(cx.db(), Scope::operator(), id).await
    })
    .await
}
