//! Contributions in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;

use super::round::{self, contribution_seen};
use super::{Contribution, ContributionKind, ContributionState, ItemComments, NewContribution};
use crate::auth::Context;
use crate::db::schema::review_contribution;
use crate::db::{sql, sql_of};
use crate::http::Problem;
use crate::reviews::subject::Subject;
use crate::reviews::visibility::ReviewSight;
use crate::said::say;

/// What is contributed to a review, as far as the caller sees it, by kind and in the order in which it was begun; only one,
/// where an id is given.
pub(super) async fn list(
    cx: &mut Context,
    review_id: i64,
    id: Option<i64>,
) -> Result<Vec<Contribution>, Problem> {
    let [assessment, leader, manager, hr] = round::sights(cx);
    let contributions = sql_of([
        (
            true,
            concat!(
                "SELECT k.id, k.kind, k.state, a.login AS author, w.name AS author_name, k.text, k.items, k.written_at,
                     h.revision, k.handed_in_at, k.given_back_at, b.login AS given_back_by, k.given_back_reason, k.version
                 FROM review r JOIN review_cycle c ON c.id = r.cycle_id
                 JOIN review_contribution k ON k.cycle_id = r.cycle_id AND k.employee_id = r.employee_id
                     AND k.scheme = r.scheme
                 JOIN user_account a ON a.id = k.author_id LEFT JOIN employee w ON w.id = a.employee_id
                 LEFT JOIN user_account b ON b.id = k.given_back_by LEFT JOIN review h ON h.id = k.review_id
                 WHERE r.id = $1 AND ",
                contribution_seen!("$2", "$3", "$4", "$5", "$6"),
            ),
        ),
        (id.is_some(), " AND k.id = $7"),
        (true, " ORDER BY array_position(ARRAY['self_assessment', 'leader_comment', 'manager_comment'], k.kind), k.id"),
    ])
    .bind::<BigInt, _>(review_id)
    .bind::<Nullable<BigInt>, _>(cx.by())
    .bind::<ReviewSight, _>(assessment)
    .bind::<ReviewSight, _>(leader)
    .bind::<ReviewSight, _>(manager)
    .bind::<ReviewSight, _>(hr)
    .bind::<Nullable<BigInt>, _>(id)
    .load(cx.db())
    .await?;
    Ok(contributions)
}

/// Id and version of somebody's draft, locked.
pub(super) async fn draft(
    cx: &mut Context,
    subject: &Subject,
    kind: ContributionKind,
    author: i64,
) -> Result<Option<(i64, i32)>, Problem> {
    let draft = review_contribution::table
        .filter(review_contribution::cycle_id.eq(subject.cycle_id))
        .filter(review_contribution::employee_id.eq(subject.employee_id))
        .filter(review_contribution::scheme.eq(&subject.scheme))
        .filter(review_contribution::kind.eq(kind).and(review_contribution::author_id.eq(author)))
        .filter(review_contribution::state.eq(ContributionState::Draft))
        .select((review_contribution::id, review_contribution::version))
        .for_update()
        .first(cx.db())
        .await
        .optional()?;
    Ok(draft)
}

/// Writes a draft: into the row with this id, or a new one.
pub(super) async fn write(
    cx: &mut Context,
    subject: &Subject,
    kind: ContributionKind,
    author: i64,
    new: &NewContribution,
    draft: Option<i64>,
) -> Result<i64, Problem> {
    let now = cx.now;
    let said = (
        review_contribution::text.eq(&new.text),
        review_contribution::items.eq(&new.items),
        review_contribution::written_at.eq(now),
    );
    let id = match draft {
        Some(id) => {
            diesel::update(review_contribution::table.find(id))
                .set((said, review_contribution::version.eq(review_contribution::version + 1)))
                .returning(review_contribution::id)
                .get_result(cx.db())
                .await?
        }
        None => {
            diesel::insert_into(review_contribution::table)
                .values((
                    review_contribution::cycle_id.eq(subject.cycle_id),
                    review_contribution::employee_id.eq(subject.employee_id),
                    review_contribution::scheme.eq(&subject.scheme),
                    review_contribution::kind.eq(kind),
                    review_contribution::state.eq(ContributionState::Draft),
                    review_contribution::author_id.eq(author),
                    said,
                ))
                .returning(review_contribution::id)
                .get_result(cx.db())
                .await?
        }
    };
    Ok(id)
}

/// Fixes a draft, about the revision in force. A check takes the place of the one before.
pub(super) async fn hand_in(cx: &mut Context, subject: &Subject, id: i64) -> Result<(), Problem> {
    let now = cx.now;
    sql("UPDATE review_contribution SET state = 'superseded', version = version + 1
         WHERE cycle_id = $1 AND employee_id = $2 AND scheme = $3 AND kind = 'hr_check' AND state = 'handed_in'
         AND EXISTS (SELECT FROM review_contribution new WHERE new.id = $4 AND new.kind = 'hr_check')")
    .bind::<BigInt, _>(subject.cycle_id)
    .bind::<BigInt, _>(subject.employee_id)
    .bind::<Text, _>(subject.scheme.clone())
    .bind::<BigInt, _>(id)
    .execute(cx.db())
    .await?;
    diesel::update(review_contribution::table.find(id))
        .set((
            review_contribution::state.eq(ContributionState::HandedIn),
            review_contribution::review_id.eq(subject.current),
            review_contribution::handed_in_at.eq(now),
            review_contribution::version.eq(review_contribution::version + 1),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}

/// Gives back what was handed in.
pub(super) async fn give_back(cx: &mut Context, id: i64, by: i64, reason: &str) -> Result<(), Problem> {
    let now = cx.now;
    let given_back = diesel::update(review_contribution::table.find(id))
        .filter(review_contribution::state.eq(ContributionState::HandedIn))
        .set((
            review_contribution::state.eq(ContributionState::GivenBack),
            review_contribution::given_back_at.eq(now),
            review_contribution::given_back_by.eq(by),
            review_contribution::given_back_reason.eq(reason),
            review_contribution::version.eq(review_contribution::version + 1),
        ))
        .execute(cx.db())
        .await?;
    match given_back {
        0 => Err(Problem::conflict(say!("别人刚刚退回了它", "somebody else has just given it back"))),
        _ => Ok(()),
    }
}

/// Checks every review of a cycle that has no check of its revision in force, those of the caller left out; how many were
/// checked, and how many are the caller's own.
pub(super) async fn check_cycle(
    cx: &mut Context,
    cycle_id: i64,
    by: i64,
    text: &str,
) -> Result<(usize, i64), Problem> {
    #[derive(QueryableByName)]
    struct Own {
        #[diesel(sql_type = BigInt)]
        own: i64,
    }
    let (now, employee_id) = (cx.now, cx.identity.as_ref().and_then(|by| by.employee_id));
    sql("UPDATE review_contribution k SET state = 'superseded', version = version + 1
         WHERE k.cycle_id = $1 AND k.kind = 'hr_check' AND k.state = 'handed_in' AND k.employee_id IS DISTINCT FROM $2
         AND NOT EXISTS (SELECT FROM review r WHERE r.id = k.review_id AND r.is_current)")
    .bind::<BigInt, _>(cycle_id)
    .bind::<Nullable<BigInt>, _>(employee_id)
    .execute(cx.db())
    .await?;
    let checked = sql("INSERT INTO review_contribution
             (cycle_id, employee_id, scheme, kind, state, author_id, text, items, written_at, review_id, handed_in_at)
         SELECT r.cycle_id, r.employee_id, r.scheme, 'hr_check', 'handed_in', $3, $4, $5, $6, r.id, $6 FROM review r
         WHERE r.cycle_id = $1 AND r.is_current AND r.employee_id IS DISTINCT FROM $2
         AND NOT EXISTS (SELECT FROM review_contribution k WHERE k.cycle_id = $1 AND k.employee_id = r.employee_id
             AND k.scheme = r.scheme AND k.kind = 'hr_check' AND k.state = 'handed_in')")
    .bind::<BigInt, _>(cycle_id)
    .bind::<Nullable<BigInt>, _>(employee_id)
    .bind::<BigInt, _>(by)
    .bind::<Text, _>(text.to_owned())
    .bind::<Jsonb, _>(ItemComments::default())
    .bind::<Timestamptz, _>(now)
    .execute(cx.db())
    .await?;
    let own: Own =
        sql("SELECT count(*) AS own FROM review WHERE cycle_id = $1 AND is_current AND employee_id = $2")
            .bind::<BigInt, _>(cycle_id)
            .bind::<Nullable<BigInt>, _>(employee_id)
            .get_result(cx.db())
            .await?;
    Ok((checked, own.own))
}
