//! The review that something is about: what people write, decide and dispute belongs to a person's review of a month by a
//! scheme, whatever its revision.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Text};
use diesel_async::RunQueryDsl;

use super::cycle::CycleState;
use super::erased;
use super::visibility::{Part, ReviewSight, Sight, seen};
use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// A review, named by any of its revisions.
#[derive(Clone, Debug, QueryableByName)]
pub struct Subject {
    /// Id of its cycle.
    #[diesel(sql_type = BigInt)]
    pub cycle_id: i64,
    /// The state of the cycle.
    #[diesel(sql_type = Text)]
    pub state: CycleState,
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// Id of the store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// Whose it is.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// Id of the unit of the posting.
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
    /// The scheme.
    #[diesel(sql_type = Text)]
    pub scheme: String,
    /// Id of the revision in force.
    #[diesel(sql_type = BigInt)]
    pub current: i64,
}

/// The review of which this is a revision, if the caller sees its score.
///
/// # Errors
///
/// Not found where the caller does not.
pub async fn subject(cx: &mut Context, review_id: i64) -> Result<Subject, Problem> {
    let sight = Sight::of(cx, Part::Score);
    let found: Option<Subject> = sql(concat!(
        "SELECT r.cycle_id, c.state, r.period, now.store_id, now.employee_id, now.unit_id, now.scheme,
             now.id AS current
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id
         JOIN review now ON now.cycle_id = r.cycle_id AND now.employee_id = r.employee_id
             AND now.scheme = r.scheme AND now.is_current
         WHERE r.id = $1 AND ",
        seen!("$2", "r.employee_id", "r.unit_id", "r.period", "c.stage")
    ))
    .bind::<BigInt, _>(review_id)
    .bind::<ReviewSight, _>(sight)
    .get_result(cx.db())
    .await
    .optional()?;
    match found {
        Some(subject) => Ok(subject),
        None => Err(erased::absent(cx, review_id).await),
    }
}

/// The same, to be called in a transaction: the cycle stays in its state, and the revision in force, until that ends.
///
/// # Errors
///
/// Not found where the caller does not see it.
pub async fn hold(cx: &mut Context, review_id: i64) -> Result<Subject, Problem> {
    hold_cycle(cx, review_id).await?;
    subject(cx, review_id).await
}

/// Keeps the cycle of a review as it is until the transaction ends: its state, and which revisions are in force. What is read
/// of it is read by a statement after this one: one that waited for somebody else would still see the other rows as they
/// were before.
pub async fn hold_cycle(cx: &mut Context, review_id: i64) -> Result<(), Problem> {
    sql("SELECT c.id FROM review_cycle c WHERE c.id = (SELECT r.cycle_id FROM review r WHERE r.id = $1) FOR SHARE")
        .bind::<BigInt, _>(review_id)
        .execute(cx.db())
        .await?;
    Ok(())
}

impl Subject {
    /// Whether it is the caller's own.
    pub fn is_own(&self, cx: &Context) -> bool {
        cx.identity.as_ref().is_some_and(|identity| identity.employee_id == Some(self.employee_id))
    }
}
