//! Adjustments in the database.

use diesel::deserialize::FromSqlRow;
use diesel::expression::AsExpression;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Jsonb, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Adjustment, AdjustmentState, NewAdjustment};
use crate::auth::Context;
use crate::db::json::json_columns;
use crate::db::schema::{adjustment, review, review_cycle};
use crate::db::{sql, sql_of};
use crate::http::Problem;
use crate::ledger::month::AddedPoints;
use crate::period::Period;
use crate::reviews::subject::Subject;

/// Adjustments with the logins of their two people.
macro_rules! adjustments {
    () => {
        "SELECT j.id, j.rule, j.points, j.reason, j.state, j.appeal_id AS appeal, p.login AS proposed_by, j.proposed_at,
             d.login AS decided_by, j.decided_at, j.decision_note, j.version
         FROM adjustment j JOIN user_account p ON p.id = j.proposed_by LEFT JOIN user_account d ON d.id = j.decided_by "
    };
}

/// The adjustments of a review, by id; only one, where an id is given.
pub async fn list(
    connection: &mut AsyncPgConnection,
    subject: &Subject,
    id: Option<i64>,
) -> Result<Vec<Adjustment>, Problem> {
    let adjustments = sql_of([
        (true, concat!(adjustments!(), "WHERE j.cycle_id = $1 AND j.employee_id = $2 AND j.scheme = $3")),
        (id.is_some(), " AND j.id = $4"),
        (true, " ORDER BY j.id"),
    ])
    .bind::<BigInt, _>(subject.cycle_id)
    .bind::<BigInt, _>(subject.employee_id)
    .bind::<Text, _>(subject.scheme.clone())
    .bind::<BigInt, _>(id.unwrap_or(0))
    .load(connection)
    .await?;
    Ok(adjustments)
}

/// An adjustment that counts: the store, the person, and of which scheme's review.
pub type Approved = (i64, i64, (String, AddedPoints));

/// Those that count in a month of these stores, in the order in which they were decided.
pub async fn approved(
    connection: &mut AsyncPgConnection,
    period: Period,
    stores: &[i64],
) -> Result<Vec<Approved>, Problem> {
    let rows: Vec<(i64, i64, String, String, Decimal)> = adjustment::table
        .inner_join(review_cycle::table.on(review_cycle::id.eq(adjustment::cycle_id)))
        .filter(review_cycle::period.eq(period).and(review_cycle::store_id.eq_any(stores)))
        .filter(adjustment::state.eq(AdjustmentState::Approved))
        .order((adjustment::decided_at, adjustment::id))
        .select((
            review_cycle::store_id,
            adjustment::employee_id,
            adjustment::scheme,
            adjustment::rule,
            adjustment::points,
        ))
        .load(connection)
        .await?;
    let approved = rows.into_iter().map(|(store_id, employee_id, scheme, rule, points)| {
        (store_id, employee_id, (scheme, AddedPoints { rule, points: points.normalize() }))
    });
    Ok(approved.collect())
}

/// The adjustments that counted when a revision was computed, as one value: what `kept_of_revision!` selects.
#[derive(Clone, Debug, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(transparent)]
#[diesel(sql_type = Jsonb)]
pub struct KeptAdjustments(pub Vec<Adjustment>);

json_columns!(KeptAdjustments in "adjustment");

/// The column `adjustments` with the [`KeptAdjustments`] of the revision `r`.
macro_rules! kept_of_revision {
    () => {
        concat!(
            "(SELECT coalesce(jsonb_agg(to_jsonb(one) ORDER BY one.decided_at, one.id), '[]') FROM (",
            $crate::reviews::adjustments::store::adjustments!(),
            "WHERE j.cycle_id = r.cycle_id AND j.employee_id = r.employee_id AND j.scheme = r.scheme
             AND j.counts_from <= r.revision) AS one) AS adjustments"
        )
    };
}

pub(in crate::reviews) use {adjustments, kept_of_revision};

/// Those that counted when a revision was computed.
pub async fn of_revision(
    connection: &mut AsyncPgConnection,
    review_id: i64,
) -> Result<Vec<Adjustment>, Problem> {
    #[derive(QueryableByName)]
    struct Kept {
        #[diesel(sql_type = Jsonb)]
        adjustments: KeptAdjustments,
    }
    let kept: Kept = sql(concat!("SELECT ", kept_of_revision!(), " FROM review r WHERE r.id = $1"))
        .bind::<BigInt, _>(review_id)
        .get_result(connection)
        .await?;
    Ok(kept.adjustments.0)
}

/// Keeps a proposal.
pub(super) async fn propose(
    cx: &mut Context,
    subject: &Subject,
    new: &NewAdjustment,
    reason: &str,
) -> Result<i64, Problem> {
    let (now, by) = (cx.now, cx.by());
    let id = diesel::insert_into(adjustment::table)
        .values((
            adjustment::cycle_id.eq(subject.cycle_id),
            adjustment::employee_id.eq(subject.employee_id),
            adjustment::scheme.eq(&subject.scheme),
            adjustment::rule.eq(&new.rule),
            adjustment::points.eq(new.points),
            adjustment::reason.eq(reason),
            adjustment::state.eq(AdjustmentState::Proposed),
            adjustment::proposed_by.eq(by.unwrap_or(0)),
            adjustment::proposed_at.eq(now),
        ))
        .returning(adjustment::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// Keeps what an appeal was decided to, as an adjustment that counts.
pub async fn of_appeal(
    cx: &mut Context,
    subject: &Subject,
    appeal_id: i64,
    (rule, points): (&str, Decimal),
    reason: &str,
) -> Result<i64, Problem> {
    let (now, by) = (cx.now, cx.by());
    let id = diesel::insert_into(adjustment::table)
        .values((
            adjustment::cycle_id.eq(subject.cycle_id),
            adjustment::employee_id.eq(subject.employee_id),
            adjustment::scheme.eq(&subject.scheme),
            adjustment::rule.eq(rule),
            adjustment::points.eq(points),
            adjustment::reason.eq(reason),
            adjustment::state.eq(AdjustmentState::Approved),
            adjustment::appeal_id.eq(appeal_id),
            adjustment::proposed_by.eq(by.unwrap_or(0)),
            adjustment::proposed_at.eq(now),
            adjustment::decided_by.eq(by),
            adjustment::decided_at.eq(now),
        ))
        .returning(adjustment::id)
        .get_result(cx.db())
        .await?;
    Ok(id)
}

/// Says of an adjustment that counts which revision was the first to have it.
pub async fn counts_from(cx: &mut Context, id: i64, review_id: i64) -> Result<(), Problem> {
    let revision: i32 = review::table.find(review_id).select(review::revision).first(cx.db()).await?;
    diesel::update(adjustment::table.find(id))
        .set(adjustment::counts_from.eq(revision))
        .execute(cx.db())
        .await?;
    Ok(())
}

/// An adjustment of a review, locked.
pub(super) async fn lock(cx: &mut Context, subject: &Subject, id: i64) -> Result<Adjustment, Problem> {
    let locked: Option<i64> = adjustment::table
        .find(id)
        .filter(adjustment::cycle_id.eq(subject.cycle_id).and(adjustment::scheme.eq(&subject.scheme)))
        .filter(adjustment::employee_id.eq(subject.employee_id))
        .select(adjustment::id)
        .for_update()
        .first(cx.db())
        .await
        .optional()?;
    let id = locked.ok_or_else(|| Problem::not_found("adjustment"))?;
    let found = list(cx.db(), subject, Some(id)).await?.pop();
    found.ok_or_else(|| Problem::not_found("adjustment"))
}

/// Whether the caller proposed it.
pub(super) async fn is_proposed_by_caller(cx: &mut Context, id: i64) -> Result<bool, Problem> {
    let by = cx.by();
    let proposed_by: i64 = adjustment::table.find(id).select(adjustment::proposed_by).first(cx.db()).await?;
    Ok(by == Some(proposed_by))
}

/// Gives an adjustment that is locked its end.
pub(super) async fn decide(
    cx: &mut Context,
    id: i64,
    state: AdjustmentState,
    note: Option<&str>,
) -> Result<(), Problem> {
    let (now, by) = (cx.now, cx.by());
    let is_decided = state != AdjustmentState::Withdrawn;
    diesel::update(adjustment::table.find(id))
        .set((
            adjustment::state.eq(state),
            adjustment::decided_by.eq(by.filter(|_| is_decided)),
            adjustment::decided_at.eq(Some(now).filter(|_| is_decided)),
            adjustment::decision_note.eq(note),
            adjustment::version.eq(adjustment::version + 1),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}
