//! Months that no version may change any more: closed, locked or ended.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::four_eyes::require_four_eyes;
use super::store::{LockedPlan, find, lock, subject};
use super::version::Plan;
use crate::auth::audit;
use crate::clock;
use crate::db::schema::{annual_plan, plan_lock};
use crate::http::Problem;
use crate::http::body::check;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::plan::faults::other_year;
use crate::plan::viewer::Viewer;

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
/// A field at fault where the month is not of the plan's year; a conflict where `by` is the author or has changed the plan.
pub async fn lock_months(
    connection: &mut AsyncPgConnection,
    id: i64,
    change: Lock,
    by: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    check(&change)?;
    connection
        .transaction(async |connection| {
            let plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            require_four_eyes(&plan, by)?;
            if change.through.year() != plan.year {
                return Err(Problem::fields(vec![other_year("through", plan.year)]));
            }
            let months = Period::months_of(plan.year).into_iter().filter(|period| *period <= change.through);
            let rows: Vec<_> = months
                .map(|period| {
                    (
                        plan_lock::unit_id.eq(plan.unit_id),
                        plan_lock::period.eq(period.first_day()),
                        plan_lock::user_id.eq(by),
                        plan_lock::locked_at.eq(now),
                    )
                })
                .collect();
            diesel::insert_into(plan_lock::table)
                .values(rows)
                .on_conflict_do_nothing()
                .execute(connection)
                .await?;
            plan.save(connection).await?;
            audit::record(connection, now, Some(by), "lock_plan_months", &subject(id), json!(change)).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Refuses an effective month in which the plan must not change any more.
///
/// A month that has ended is refused to every version but the first, as the one before it governed that month; in a year
/// that is over only locks count, so that its plan can still be put in order.
pub(in crate::plan) async fn require_open(
    connection: &mut AsyncPgConnection,
    plan: &LockedPlan,
    effective_from: Period,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let closed =
        Period::months_of(plan.year).into_iter().nth(usize::try_from(plan.closed_months).unwrap_or(0));
    if closed.is_some_and(|first_open| effective_from < first_open) {
        let message = format!("the {} months before were closed in this version", plan.closed_months);
        return Err(Problem::field("effective_from", message));
    }
    let locked: Option<NaiveDate> = plan_lock::table
        .filter(plan_lock::unit_id.eq(plan.unit_id))
        .filter(plan_lock::period.ge(effective_from.first_day()))
        .filter(plan_lock::period.lt(Period::new(plan.year, 12).unwrap_or(effective_from).end()))
        .select(diesel::dsl::max(plan_lock::period))
        .first(connection)
        .await?;
    if let Some(locked) = locked {
        let message = format!("{} is locked: expected a later month", Period::containing(locked));
        return Err(Problem::field("effective_from", message));
    }
    let this_month = Period::containing(clock::day(now));
    if this_month.year() == plan.year && effective_from < this_month {
        let earlier: i64 = annual_plan::table
            .filter(annual_plan::unit_id.eq(plan.unit_id))
            .filter(annual_plan::year.eq(plan.year))
            .filter(annual_plan::approved_at.is_not_null())
            .count()
            .get_result(connection)
            .await?;
        if earlier > 0 {
            let message = format!(
                "{effective_from} has ended, and another version governed it: expected {this_month} or later"
            );
            return Err(Problem::field("effective_from", message));
        }
    }
    Ok(())
}
