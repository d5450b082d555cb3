//! Appeals in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Jsonb, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::filing::{Term, Told, told};
use super::part::{ReviewPart, parts};
use super::{Appeal, AppealEntry, AppealFilter, AppealOutcome, AppealState, NewAppeal};
use crate::auth::Context;
use crate::db::schema::{appeal, appeal_step};
use crate::db::{sql, sql_of};
use crate::http::{Problem, Window};
use crate::reviews::cycle::dates::{self, KeptDates, kept_dates};
use crate::reviews::subject::Subject;
use crate::reviews::visibility::{Part, ReviewSight, Sight, seen};

/// An appeal with the id of the person.
#[derive(Debug, QueryableByName)]
pub(super) struct AppealRow {
    #[diesel(embed)]
    pub(super) appeal: Appeal,
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
}

/// The appeals that the caller sees, by id; only one, where an id is given.
pub(super) async fn list(
    cx: &mut Context,
    filter: &AppealFilter,
    window: Window,
    id: Option<i64>,
) -> Result<Vec<AppealRow>, Problem> {
    let sight = Sight::of(cx, Part::Appeal);
    let appeals = sql_of([
        (
            true,
            concat!(
                "SELECT p.id, p.review_id AS review, p.employee_id, e.employee_no, e.name, r.period, p.rule, p.step, p.text,
                     p.state, p.filed_at, p.file_until, p.decide_until, p.outcome, d.login AS decided_by, p.decided_at,
                     p.reason, p.adjustment_id AS adjustment, p.result_id AS result, p.version
                 FROM appeal p JOIN review r ON r.id = p.review_id JOIN review_cycle c ON c.id = p.cycle_id
                 JOIN employee e ON e.id = p.employee_id LEFT JOIN user_account d ON d.id = p.decided_by
                 WHERE p.id > $1 AND ",
                seen!("$2", "r.employee_id", "r.unit_id", "r.period", "c.stage")
            ),
        ),
        (filter.period.is_some(), " AND r.period = $3"),
        (filter.state.is_some(), " AND p.state = $4"),
        (filter.employee_no.is_some(), " AND e.employee_no = $5"),
        (id.is_some(), " AND p.id = $6"),
        (true, " ORDER BY p.id"),
        (true, window.limit_clause()),
    ])
    .bind::<BigInt, _>(window.after)
    .bind::<ReviewSight, _>(sight)
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<Nullable<Text>, _>(filter.employee_no.as_deref())
    .bind::<Nullable<BigInt>, _>(id)
    .load(cx.db())
    .await?;
    Ok(appeals)
}

/// One appeal that the caller sees.
pub(super) async fn find(cx: &mut Context, id: i64) -> Result<AppealRow, Problem> {
    let found = list(cx, &AppealFilter::default(), Window::ONE, Some(id)).await?.pop();
    found.ok_or_else(|| Problem::not_found("appeal"))
}

/// Lets one change at a time be made to an appeal.
pub(super) async fn lock(connection: &mut AsyncPgConnection, id: i64) -> Result<(), Problem> {
    appeal::table.find(id).select(appeal::id).for_update().first::<i64>(connection).await?;
    Ok(())
}

/// What was done with an appeal, in order.
pub(super) async fn steps(connection: &mut AsyncPgConnection, id: i64) -> Result<Vec<AppealEntry>, Problem> {
    let steps = sql("SELECT s.at, a.login AS by, s.state, s.note FROM appeal_step s
         JOIN user_account a ON a.id = s.user_id WHERE s.appeal_id = $1 ORDER BY s.id")
    .bind::<BigInt, _>(id)
    .load(connection)
    .await?;
    Ok(steps)
}

/// Until when an appeal of a published review is filed and decided in time, if it is filed now.
pub(super) async fn term(cx: &mut Context, subject: &Subject) -> Result<Term, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(embed)]
        told: Told,
        #[diesel(sql_type = Jsonb)]
        dates: KeptDates,
    }
    let today = cx.today();
    let years = dates::years(subject.period, today);
    let row: Row = sql(concat!(
        "SELECT ",
        told!(),
        ", ",
        kept_dates!("now.store_id", "$2", "$3"),
        " AS dates FROM review now WHERE now.id = $1"
    ))
    .bind::<BigInt, _>(subject.current)
    .bind::<Integer, _>(*years.start())
    .bind::<Integer, _>(*years.end())
    .get_result(cx.db())
    .await?;
    Ok(row.told.term(&row.dates.open()?, today))
}

/// Keeps a new appeal.
pub(super) async fn file(
    cx: &mut Context,
    subject: &Subject,
    new: &NewAppeal,
    text: &str,
    term: &Term,
) -> Result<i64, Problem> {
    let now = cx.now;
    let id = diesel::insert_into(appeal::table)
        .values((
            appeal::cycle_id.eq(subject.cycle_id),
            appeal::employee_id.eq(subject.employee_id),
            appeal::scheme.eq(&subject.scheme),
            appeal::review_id.eq(subject.current),
            appeal::rule.eq(&new.rule),
            appeal::step.eq(new.step),
            appeal::text.eq(text),
            appeal::state.eq(AppealState::Filed),
            appeal::filed_at.eq(now),
            appeal::file_until.eq(term.file_until),
            appeal::decide_until.eq(term.decide_until),
        ))
        .returning(appeal::id)
        .get_result(cx.db())
        .await?;
    record(cx, id, AppealState::Filed, None).await?;
    Ok(id)
}

/// Takes a locked appeal to its next state.
pub(super) async fn advance(
    cx: &mut Context,
    id: i64,
    state: AppealState,
    note: Option<&str>,
) -> Result<(), Problem> {
    diesel::update(appeal::table.find(id))
        .set((appeal::state.eq(state), appeal::version.eq(appeal::version + 1)))
        .execute(cx.db())
        .await?;
    record(cx, id, state, note).await
}

/// Keeps the decision on a locked appeal.
pub(super) async fn decide(
    cx: &mut Context,
    id: i64,
    outcome: AppealOutcome,
    reason: &str,
    adjustment: Option<i64>,
    result: i64,
) -> Result<(), Problem> {
    let (now, by) = (cx.now, cx.by());
    diesel::update(appeal::table.find(id))
        .set((
            appeal::state.eq(AppealState::Decided),
            appeal::outcome.eq(outcome),
            appeal::reason.eq(reason),
            appeal::decided_by.eq(by),
            appeal::decided_at.eq(now),
            appeal::adjustment_id.eq(adjustment),
            appeal::result_id.eq(result),
            appeal::version.eq(appeal::version + 1),
        ))
        .execute(cx.db())
        .await?;
    record(cx, id, AppealState::Decided, Some(reason)).await
}

async fn record(cx: &mut Context, id: i64, state: AppealState, note: Option<&str>) -> Result<(), Problem> {
    let (now, by) = (cx.now, cx.by());
    diesel::insert_into(appeal_step::table)
        .values((
            appeal_step::appeal_id.eq(id),
            appeal_step::at.eq(now),
            appeal_step::user_id.eq(by.unwrap_or(0)),
            appeal_step::state.eq(state),
            appeal_step::note.eq(note),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}

/// The part that somebody had in a review, if any.
pub(super) async fn part_of(
    connection: &mut AsyncPgConnection,
    subject: &Subject,
    user_id: i64,
) -> Result<Option<ReviewPart>, Problem> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        part: ReviewPart,
    }
    let found: Option<Found> =
        sql(concat!("SELECT part FROM (", parts!("$1", "$2", "$3"), ") AS had WHERE user_id = $4 LIMIT 1"))
            .bind::<BigInt, _>(subject.cycle_id)
            .bind::<BigInt, _>(subject.employee_id)
            .bind::<Text, _>(subject.scheme.clone())
            .bind::<BigInt, _>(user_id)
            .get_result(connection)
            .await
            .optional()?;
    Ok(found.map(|found| found.part))
}
