//! Months that no version may change any more: closed, locked or ended.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::governed::{self, Differences};
use super::store::{Version, change};
use super::version::{Plan, Step};
use super::{approval, four_eyes};
use crate::auth::Context;
use crate::db::schema::plan_lock;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::plan::faults::other_year;
use crate::plan::viewer;
use crate::said::{Said, say};

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

/// Refuses an effective month in which the plan must not change any more, or before which this version is other than what is
/// in force: the year would be no sum of anything.
///
/// A month that has ended is refused to every version but the first, as the one before it governed that month; in a year
/// that is over only locks count, so that its plan can still be put in order.
pub(super) async fn require_open(
    cx: &mut Context,
    plan: &Version,
    effective_from: Period,
) -> Result<(), Problem> {
    let refused = |message: Said| Err(Problem::field("effective_from", message));
    let months = Period::months_of(plan.year);
    let first_open = usize::try_from(plan.closed_months).ok().and_then(|closed| months.get(closed));
    let this_month = viewer::month(cx);
    let held = governed::held_months(cx.db(), (plan.unit_id, plan.year, this_month)).await?;
    if effective_from.index() < held {
        let expected = match months.get(held) {
            Some(open) => say!("应为 {open} 或以后", "expected {open} or later"),
            None => say!("今年没有可以生效的月份了", "none is left"),
        };
        return refused(expected.about(&say!(
            "{effective_from} 已锁定，或已由另一版计划管着过去了",
            "{effective_from} is locked, or has ended while another version governed it"
        )));
    }
    if first_open.is_some_and(|first_open| effective_from < *first_open) {
        return refused(say!(
            "这一版的前 {} 个月已关账：应为以后的月份",
            "the first {} months of the year are closed in this version: expected a later month",
            plan.closed_months
        ));
    }
    let Some(differing) = governed::differences(cx.db(), plan, effective_from.index()).await? else {
        return Ok(());
    };
    let Differences { month, place, here, in_force, places } = differing;
    let month = months.get(month).copied().unwrap_or(effective_from);
    refused(say!(
        "在此之前这一版与执行中的不同：{place} 在 {month} 是 {here}，而管着该月的版本是 {in_force}（共 {places} 处不同）；请让这一版从 {month} 起生效，或从 {effective_from} 起重排",
        "before it this version is not what is in force: {place} has {here} in {month}, and {in_force} in the version that governs it ({places} places differ); let this one count from {month}, or plan it again from {effective_from}"
    ))
}
