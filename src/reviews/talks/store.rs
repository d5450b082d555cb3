//! Talks in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{NewReviewTalk, ReviewTalk};
use crate::auth::Context;
use crate::db::schema::review_talk;
use crate::db::{sql, sql_of};
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::published::published_and_seen;
use crate::reviews::visibility::{Part, ReviewSight, Sight};
use crate::said::say;

/// The published review that a talk is about.
#[derive(Debug, QueryableByName)]
pub(super) struct Subject {
    #[diesel(sql_type = BigInt)]
    pub(super) employee_id: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) unit_id: i64,
    #[diesel(sql_type = Date)]
    pub(super) period: Period,
    /// The revision in force.
    #[diesel(sql_type = BigInt)]
    pub(super) current: i64,
}

/// The review that the caller names by any of its revisions, if it is published and seen.
pub(super) async fn subject(cx: &mut Context, review_id: i64) -> Result<Subject, Problem> {
    let sight = Sight::of(cx, Part::Score);
    let found: Option<Subject> = sql(concat!(
        "SELECT now.employee_id, now.unit_id, now.period, now.id AS current
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id
         JOIN review now ON now.cycle_id = r.cycle_id AND now.employee_id = r.employee_id AND now.scheme = r.scheme
             AND now.is_current
         WHERE r.id = $1 AND ",
        published_and_seen!("$2")
    ))
    .bind::<BigInt, _>(review_id)
    .bind::<ReviewSight, _>(sight)
    .get_result(cx.db())
    .await
    .optional()?;
    found.ok_or_else(|| Problem::not_found("published review"))
}

/// Talks with the people who had them.
const TALKS: &str = "SELECT t.id, t.review_id AS review, h.revision, e.employee_no, t.day, t.said, t.goals,
         a.login AS recorded_by, w.name AS recorder_name, t.recorded_at, t.confirmed_at, t.word
     FROM review_talk t JOIN review h ON h.id = t.review_id JOIN employee e ON e.id = t.employee_id
     JOIN user_account a ON a.id = t.recorded_by JOIN employee w ON w.id = t.recorder_id ";

/// The talks about a review, in the order in which they were recorded; or the one with an id.
pub(super) async fn list(
    connection: &mut AsyncPgConnection,
    review_id: i64,
    id: Option<i64>,
) -> Result<Vec<ReviewTalk>, Problem> {
    let talks = sql_of([
        (true, TALKS),
        (
            id.is_none(),
            "JOIN review r ON r.id = $1 AND r.employee_id = t.employee_id AND r.cycle_id = h.cycle_id
                 AND r.scheme = h.scheme",
        ),
        (id.is_some(), "WHERE t.id = $2"),
        (true, " ORDER BY t.id"),
    ])
    .bind::<BigInt, _>(review_id)
    .bind::<Nullable<BigInt>, _>(id)
    .load(connection)
    .await?;
    Ok(talks)
}

/// The talk with an id.
pub(super) async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<ReviewTalk, Problem> {
    list(connection, 0, Some(id)).await?.pop().ok_or_else(|| Problem::not_found("talk"))
}

/// Adds a talk.
pub(super) async fn insert(
    cx: &mut Context,
    subject: &Subject,
    new: &NewReviewTalk,
    by: i64,
    recorder: i64,
) -> Result<i64, Problem> {
    let now = cx.now;
    let id = diesel::insert_into(review_talk::table)
        .values((
            review_talk::review_id.eq(subject.current),
            review_talk::employee_id.eq(subject.employee_id),
            review_talk::day.eq(new.day),
            review_talk::said.eq(new.said.trim()),
            review_talk::goals.eq(new.goals.trim()),
            review_talk::recorded_by.eq(by),
            review_talk::recorder_id.eq(recorder),
            review_talk::recorded_at.eq(now),
        ))
        .returning(review_talk::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// Confirms a talk that the caller has had.
pub(super) async fn confirm(cx: &mut Context, id: i64, word: Option<&str>) -> Result<(), Problem> {
    let (now, by) = (cx.now, cx.by());
    let employee_id = cx.identity.as_ref().and_then(|by| by.employee_id);
    let is_confirmed: Option<bool> = review_talk::table
        .find(id)
        .filter(review_talk::employee_id.nullable().eq(employee_id))
        .select(review_talk::confirmed_at.is_not_null())
        .for_update()
        .first(cx.db())
        .await
        .optional()?;
    match is_confirmed {
        None => return Err(Problem::not_found("talk")),
        Some(true) => return Err(Problem::conflict(say!("面谈已经确认", "the talk is confirmed already"))),
        Some(false) => {}
    }
    diesel::update(review_talk::table.find(id))
        .set((
            review_talk::confirmed_by.eq(by),
            review_talk::confirmed_at.eq(now),
            review_talk::word.eq(word),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}
