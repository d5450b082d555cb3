//! Plans and summaries that people write of their days, weeks and months: on time or late by the first handing in, read
//! by their leaders, and counted for both.

pub mod due;
pub mod duties;
pub mod http;
mod owed;
pub mod reading;
pub mod tally;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::due::{Cadence, ReportKind};
use self::owed::Owed;
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::clock;
use crate::db::schema::{work_report, work_report_review, work_report_text};
use crate::diary::writer;
use crate::http::Problem;
use crate::http::problem::FieldError;
use crate::ledger;
use crate::period::Period;

/// How far ahead a plan may look.
const AHEAD: Days = Days::new(62);

/// A plan or summary to be handed in, or written again.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWorkReport {
    /// Plan or summary.
    #[garde(skip)]
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    #[garde(skip)]
    pub cadence: Cadence,
    /// The day, or any day of the week or month.
    #[garde(skip)]
    pub day: NaiveDate,
    /// What it says.
    #[garde(length(chars, max = 20_000), custom(says_something))]
    #[schema(example = "今日接待4批，留档3批；明日回访李先生。")]
    pub content: String,
}

/// What a leader says of a report.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReportReview {
    /// A word that helps.
    #[garde(length(chars, max = 2_000), custom(says_something))]
    #[schema(example = "回访话术不错，注意二次追踪。")]
    pub comment: String,
}

fn says_something(text: &str, (): &()) -> garde::Result {
    match text.trim().is_empty() {
        true => Err(garde::Error::new("expected a text")),
        false => Ok(()),
    }
}

/// A report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkReport {
    /// Its number.
    pub id: i64,
    /// 工号 of who wrote it.
    pub employee_no: String,
    /// The person's name.
    pub name: String,
    /// Plan or summary.
    pub kind: ReportKind,
    /// Of a day, a week or a month.
    pub cadence: Cadence,
    /// The first day of that.
    pub day: NaiveDate,
    /// The month it counts for: that of the day on which it is due.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Until when it was on time; null: nobody asked for it.
    pub due_by: Option<DateTime<Utc>>,
    /// When it was handed in first, which decides whether it is late.
    pub handed_in_at: DateTime<Utc>,
    /// Whether its time had passed then.
    pub is_late: bool,
    /// What it says, as it was written last.
    pub content: String,
    /// How often it was written.
    pub revision: i32,
    /// When it was written last.
    pub written_at: DateTime<Utc>,
    /// What the leader says.
    pub review: Option<WorkReportReview>,
}

/// A leader's word on a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkReportReview {
    /// 工号 of the leader.
    pub employee_no: String,
    /// What the leader says.
    pub comment: String,
    /// Which revision the leader had read.
    pub revision: i32,
    /// When.
    pub reviewed_at: DateTime<Utc>,
    /// Whether that was within 24 hours of the first handing in.
    pub in_24h: bool,
}

/// A report with everything that it ever said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WorkReportInFull {
    /// The report.
    pub report: WorkReport,
    /// Its texts, oldest first.
    pub revisions: Vec<WorkReportText>,
}

/// What a report said once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Queryable, ToSchema)]
pub struct WorkReportText {
    /// Which one: 1 is what was handed in first.
    pub revision: i32,
    /// What it said.
    pub content: String,
    /// When it was written.
    pub written_at: DateTime<Utc>,
}

/// Hands a report in, or writes one again, and says whether it is new. The same text again changes nothing.
///
/// # Errors
///
/// Fields at fault; a conflict where the login has no employee, or where the month is frozen.
pub async fn hand_in(
    connection: &mut AsyncPgConnection,
    new: &NewWorkReport,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<(WorkReport, bool), Problem> {
    let employee_id = writer::of(by)?;
    writer::require_sane("day", new.day)?;
    let day = new.cadence.first_day(new.day);
    check_day(new.kind, day, clock::day(now))?;
    let (from, to) = (Period::containing(day), Period::containing(new.cadence.last_day(day)));
    connection
        .transaction(async |connection| {
            let owed = Owed::load(connection, &[employee_id], from, to).await?;
            let due_day = owed.due_day(employee_id, new.kind, new.cadence, day);
            if !owed.is_posted(employee_id, due_day) {
                let message = format!("you hold no posting that writes reports on {due_day}, when it is due");
                return Err(Problem::field("day", message));
            }
            let period = Period::containing(due_day);
            let leaders = tally::leaders_of(connection, employee_id, due_day).await?;
            let counted = leaders.iter().copied().chain([employee_id]).collect::<Vec<_>>();
            ledger::lock(connection, period, &counted).await?;
            writer::require_open(connection, period, &[employee_id]).await?;
            let due = owed.of(employee_id, period).into_iter();
            let due =
                due.into_iter().find(|due| (due.kind, due.cadence, due.day) == (new.kind, new.cadence, day));
            let found: Option<i64> = work_report::table
                .filter(work_report::employee_id.eq(employee_id).and(work_report::day.eq(day)))
                .filter(work_report::kind.eq(new.kind.name()))
                .filter(work_report::cadence.eq(new.cadence.name()))
                .select(work_report::id)
                .first(connection)
                .await
                .optional()?;
            let id = match found {
                Some(id) => id,
                None => {
                    let columns = (
                        work_report::employee_id.eq(employee_id),
                        work_report::kind.eq(new.kind.name()),
                        work_report::cadence.eq(new.cadence.name()),
                        work_report::day.eq(day),
                        work_report::due_day.eq(due_day),
                        work_report::period.eq(period.first_day()),
                        work_report::due_by.eq(due.map(|due| due.by)),
                        work_report::handed_in_at.eq(now),
                    );
                    let row = diesel::insert_into(work_report::table).values(columns);
                    row.returning(work_report::id).get_result(connection).await?
                }
            };
            write(connection, id, new.content.trim(), by.user_id, now).await?;
            if found.is_none() {
                let origin = tally::origin(Some(by.user_id), now);
                tally::record(connection, &owed, period, &[employee_id], &leaders, &origin).await?;
            }
            Ok((reading::one(connection, &Scope::operator(), id).await?, found.is_none()))
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
    let message = match kind {
        ReportKind::Plan => format!("expected a time that begins between {earliest} and {latest}"),
        ReportKind::Summary => format!("expected a time that has begun, between {earliest} and {latest}"),
    };
    Err(Problem::fields(vec![FieldError { field: "day".to_owned(), message }]))
}

/// Adds a text to a report, unless it is the one that stands.
async fn write(
    connection: &mut AsyncPgConnection,
    id: i64,
    content: &str,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let last: Option<(i32, String)> = work_report_text::table
        .filter(work_report_text::report_id.eq(id))
        .order(work_report_text::revision.desc())
        .select((work_report_text::revision, work_report_text::content))
        .first(connection)
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
            work_report_text::user_id.eq(user_id),
            work_report_text::written_at.eq(now),
        ))
        .execute(connection)
        .await?;
    let subject = format!("work_report/{id}");
    let detail = serde_json::json!({ "revision": revision });
    audit::record(connection, now, Some(user_id), "write_work_report", &subject, detail).await
}

/// Until when a review counts as prompt.
fn prompt_until(handed_in_at: DateTime<Utc>) -> DateTime<Utc> {
    handed_in_at.checked_add_signed(TimeDelta::hours(24)).unwrap_or(handed_in_at)
}

/// Reviews a report of somebody whom the caller led on the day on which it was due.
///
/// # Errors
///
/// Not found where the caller did not; a conflict where it is the caller's own, was reviewed already, or where its month
/// is frozen.
pub async fn review(
    connection: &mut AsyncPgConnection,
    id: i64,
    review: &NewReportReview,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<WorkReport, Problem> {
    let reviewer_id = writer::of(by)?;
    connection
        .transaction(async |connection| {
            let found: Option<(i64, NaiveDate, NaiveDate)> = work_report::table
                .find(id)
                .select((work_report::employee_id, work_report::due_day, work_report::period))
                .first(connection)
                .await
                .optional()?;
            let (author_id, due_day, period) = found.ok_or_else(|| Problem::not_found("work report"))?;
            if author_id == reviewer_id {
                return Err(Problem::conflict("nobody reviews the own report"));
            }
            if !tally::leaders_of(connection, author_id, due_day).await?.contains(&reviewer_id) {
                return Err(Problem::not_found("work report"));
            }
            let period = Period::containing(period);
            writer::require_open(connection, period, &[author_id, reviewer_id]).await?;
            let revision: Option<i32> = work_report_text::table
                .filter(work_report_text::report_id.eq(id))
                .select(diesel::dsl::max(work_report_text::revision))
                .first(connection)
                .await?;
            diesel::insert_into(work_report_review::table)
                .values((
                    work_report_review::report_id.eq(id),
                    work_report_review::reviewer_id.eq(reviewer_id),
                    work_report_review::revision.eq(revision.unwrap_or(1)),
                    work_report_review::comment.eq(review.comment.trim()),
                    work_report_review::user_id.eq(by.user_id),
                    work_report_review::reviewed_at.eq(now),
                ))
                .execute(connection)
                .await?;
            let subject = format!("work_report/{id}");
            let detail = serde_json::json!({ "revision": revision });
            audit::record(connection, now, Some(by.user_id), "review_work_report", &subject, detail).await?;
            let owed = Owed::load(connection, &[], period, period).await?;
            let origin = tally::origin(Some(by.user_id), now);
            tally::record(connection, &owed, period, &[], &[reviewer_id], &origin).await?;
            reading::one(connection, &Scope::operator(), id).await
        })
        .await
}
