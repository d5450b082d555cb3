//! Months that no version may change any more: closed, locked or ended.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::{Version, change};
use super::version::{Plan, Step};
use super::{approval, four_eyes};
use crate::auth::Context;
use crate::db::schema::{annual_plan, plan_lock};
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::plan::faults::other_year;
use crate::plan::viewer;

/// Months to be locked for good.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// The last month: it and those before it in the plan's year are locked.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub through: Period,
}

/// Locks the months of the plan's unit up to `through`: no version takes effect in them any more.
///
/// # Errors
///
/// A field at fault where the month is not of the plan's year; a conflict where who locks is the author or has changed the
/// plan.
pub async fn lock_months(cx: &mut Context, id: i64, lock: Lock, seen: Seen) -> Result<Plan, Problem> {
    let by = approval::approver(cx, id).await?;
    change(cx, id, seen, (Step::LockMonths, "lock_plan_months"), async |cx, plan| {
        four_eyes::require(plan, by)?;
        if lock.through.year() != plan.year {
            return Err(Problem::fields(vec![other_year("through", plan.year)]));
        }
        let months = Period::months_of(plan.year).into_iter().filter(|period| *period <= lock.through);
        let rows: Vec<_> = months
            .map(|period| {
                (
                    plan_lock::unit_id.eq(plan.unit_id),
                    plan_lock::period.eq(period),
                    plan_lock::user_id.eq(by),
                    plan_lock::locked_at.eq(cx.now),
                )
            })
            .collect();
        diesel::insert_into(plan_lock::table).values(rows).on_conflict_do_nothing().execute(cx.db()).await?;
        Ok(json!(lock))
    })
    .await
}

/// Refuses an effective month in which the plan must not change any more.
///
/// A month that has ended is refused to every version but the first, as the one before it governed that month; in a year
/// that is over only locks count, so that its plan can still be put in order.
pub(super) async fn require_open(
    cx: &mut Context,
    plan: &Version,
    effective_from: Period,
) -> Result<(), Problem> {
    let refused = |message: String| Err(Problem::field("effective_from", message));
    let months = Period::months_of(plan.year);
    let first_open = usize::try_from(plan.closed_months).ok().and_then(|closed| months.get(closed));
    if first_open.is_some_and(|first_open| effective_from < *first_open) {
        return refused(format!(
            "the first {} months of the year are closed in this version: expected a later month",
            plan.closed_months
        ));
    }
    let locked: Option<Period> = plan_lock::table
        .filter(plan_lock::unit_id.eq(plan.unit_id))
        .filter(plan_lock::period.ge(effective_from))
        .filter(plan_lock::period.le(months.last().copied().unwrap_or(effective_from)))
        .select(diesel::dsl::max(plan_lock::period))
        .first(cx.db())
        .await?;
    if let Some(locked) = locked {
        return refused(format!("{locked} is locked: expected a later month"));
    }
    let this_month = viewer::month(cx);
    if this_month.year() == plan.year && effective_from < this_month {
        let earlier: i64 = annual_plan::table
            .filter(annual_plan::unit_id.eq(plan.unit_id))
            .filter(annual_plan::year.eq(plan.year))
            .filter(annual_plan::approved_at.is_not_null())
            .count()
            .get_result(cx.db())
            .await?;
        if earlier > 0 {
            return refused(format!(
                "{effective_from} has ended, and another version governed it: expected {this_month} or later"
            ));
        }
    }
    Ok(())
}
