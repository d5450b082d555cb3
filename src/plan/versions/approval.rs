//! From a draft to a plan in force: handed in by one person, put in force or handed back by another.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::four_eyes::require_four_eyes;
use super::locks;
use super::store::{LockedPlan, find, lock, must_be_one, subject};
use super::version::{Plan, Status, Step};
use crate::auth::access::{Action as _, ApprovePlan, Role};
use crate::auth::caller::Scope;
use crate::auth::{Caller, audit};
use crate::db::schema::{annual_plan, org_unit};
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::viewer::{self, Viewer};

/// What an approver decides.
#[derive(Clone, Copy, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The first month that follows this version, of the plan's year; earlier months follow the version before.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-01")]
    pub effective_from: Period,
}

/// Why a submitted plan goes back to its author.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// What should be different.
    #[garde(length(chars, min = 1, max = 2_000))]
    pub note: String,
}

/// Refuses who has no say in plan `id`: a store's plan is approved, returned and locked by its general manager, a group's by
/// a group administrator.
///
/// # Errors
///
/// Not found where the caller does not see the plan; forbidden where the caller sees it in another role.
pub(in crate::plan) async fn require_approver(
    connection: &mut AsyncPgConnection,
    caller: &Caller<ApprovePlan>,
    id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let viewer = Viewer::of(caller, now);
    viewer::require_plan(connection, &viewer, id).await?;
    let kind: UnitKind = annual_plan::table
        .inner_join(org_unit::table.on(org_unit::id.eq(annual_plan::unit_id)))
        .filter(annual_plan::id.eq(id))
        .select(org_unit::kind)
        .first(connection)
        .await?;
    let (approver, detail) = match kind {
        UnitKind::Group => (Role::GroupAdmin, "a group's plan is decided by a group administrator"),
        _ => (Role::GeneralManager, "a store's plan is decided by its general manager"),
    };
    // Who has both roles reaches every store's plan by the one, but decides only the own store's by the other.
    let reach = ApprovePlan::ALLOWED.iter().find(|(role, _)| *role == approver).map(|(_, reach)| *reach);
    let scope = Scope::of(&caller.identity, |role| reach.filter(|_| role == approver));
    match viewer::sees_plan(connection, &Viewer { scope, ..viewer }, id).await? {
        true => Ok(()),
        false => Err(Problem::new(Code::Forbidden, detail)),
    }
}

/// Hands a draft in. `by` is who does it; none is the operator.
pub async fn submit(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    connection
        .transaction(async |connection| {
            let mut plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            plan.status = plan.status.after(Step::Submit)?;
            plan.split.note = None;
            plan.save(connection).await?;
            audit::record(connection, now, by, "submit_plan", &subject(id), json!({})).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Hands a submitted plan back to its author, who reads the `note`.
///
/// # Errors
///
/// A conflict where the plan is not submitted, or `by` is its author or has changed it.
pub async fn return_to_draft(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    note: String,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    connection
        .transaction(async |connection| {
            let mut plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            plan.status = plan.status.after(Step::Return)?;
            require_four_eyes(&plan, by)?;
            plan.split.note = Some(note.clone());
            plan.save(connection).await?;
            let detail = json!({ "note": note });
            audit::record(connection, now, Some(by), "return_plan", &subject(id), detail).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Puts a submitted plan in force from `effective_from` on; the version in force before becomes superseded.
///
/// # Errors
///
/// A conflict where the approver is the author or has changed the draft; a field at fault where the month is not of the
/// plan's year, is closed or locked, or has ended.
pub async fn approve(
    connection: &mut AsyncPgConnection,
    id: i64,
    approver: i64,
    effective_from: Period,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    connection
        .transaction(async |connection| {
            let plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            let status = plan.status.after(Step::Approve)?;
            require_four_eyes(&plan, approver)?;
            if effective_from.year() != plan.year {
                let message = format!("expected a month of {}", plan.year);
                return Err(Problem::field("effective_from", message));
            }
            locks::require_open(connection, &plan, effective_from, now).await?;
            supersede(connection, &plan, approver, now).await?;
            let rows = diesel::update(
                annual_plan::table.find(id).filter(annual_plan::row_version.eq(plan.row_version)),
            )
            .set((
                annual_plan::status.eq(status.name()),
                annual_plan::effective_from.eq(effective_from.first_day()),
                annual_plan::approver_id.eq(approver),
                annual_plan::approved_at.eq(now),
                annual_plan::row_version.eq(plan.row_version + 1),
            ))
            .execute(connection)
            .await?;
            must_be_one(rows)?;
            let detail = json!({ "effective_from": effective_from });
            audit::record(connection, now, Some(approver), "approve_plan", &subject(id), detail).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Moves the version in force, if there is one, out of the way of `plan`.
async fn supersede(
    connection: &mut AsyncPgConnection,
    plan: &LockedPlan,
    approver: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let before: Vec<i64> = diesel::update(
        annual_plan::table
            .filter(annual_plan::unit_id.eq(plan.unit_id))
            .filter(annual_plan::year.eq(plan.year))
            .filter(annual_plan::status.eq(Status::Approved.name())),
    )
    .set((
        annual_plan::status.eq(Status::Approved.after(Step::Supersede)?.name()),
        annual_plan::row_version.eq(annual_plan::row_version + 1),
    ))
    .returning(annual_plan::id)
    .get_results(connection)
    .await?;
    for id in before {
        let detail = json!({ "by": subject(plan.id) });
        audit::record(connection, now, Some(approver), "supersede_plan", &subject(id), detail).await?;
    }
    Ok(())
}
