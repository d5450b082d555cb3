//! From a draft to a plan in force: handed in by one person, put in force or handed back by another.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::store::{Version, change, subject};
use super::version::{Plan, Status, Step};
use super::{four_eyes, locks};
use crate::auth::Context;
use crate::auth::access::{Action as _, ApprovePlan, Role};
use crate::auth::scope::Scope;
use crate::db::schema::{annual_plan, org_unit};
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::faults::other_year;
use crate::plan::viewer;
use crate::said::say;

/// The approval of a plan.
#[derive(Clone, Copy, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// The first month to which this version applies, within the plan's year; earlier months keep the version before.
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
    #[schema(min_length = 1, max_length = 2000)]
    pub note: String,
}

/// Who has a say in plan `id`, by login: a store's plan is approved, returned and locked by its general manager, a group's by
/// a group administrator.
///
/// # Errors
///
/// Not found where the plan is not seen; forbidden where it is seen in another role.
pub(super) async fn approver(cx: &mut Context, id: i64) -> Result<i64, Problem> {
    viewer::require_plan(cx, id).await?;
    let by = viewer::person(cx)?;
    let kind: UnitKind = annual_plan::table
        .inner_join(org_unit::table.on(org_unit::id.eq(annual_plan::unit_id)))
        .filter(annual_plan::id.eq(id))
        .select(org_unit::kind)
        .first(cx.db())
        .await?;
    let (role, detail) = match kind {
        UnitKind::Group => (
            Role::GroupAdmin,
            say!("集团的计划由集团管理员审批", "a group's plan is decided on by a group administrator"),
        ),
        _ => (
            Role::GeneralManager,
            say!("门店的计划由本店总经理审批", "a store's plan is decided on by its general manager"),
        ),
    };
    // Who has both roles reaches every store's plan by the one, but decides only the own store's by the other.
    let of_role = |asked| if asked == role { ApprovePlan::reach_of(role) } else { None };
    let scope = cx.identity.as_ref().map(|identity| Scope::of(identity, of_role));
    let decides = match scope {
        Some(scope) => viewer::sees(cx, scope, id).await?,
        None => false,
    };
    if decides { Ok(by) } else { Err(Problem::new(Code::Forbidden, detail)) }
}

/// Hands a draft in.
pub async fn submit(cx: &mut Context, id: i64, seen: Seen) -> Result<Plan, Problem> {
    viewer::require_plan(cx, id).await?;
    change(cx, id, seen, (Step::Submit, "submit_plan"), async |_, plan| {
        plan.split.note = None;
        Ok(json!({}))
    })
    .await
}

/// Hands a submitted plan back to its author, who reads the note.
///
/// # Errors
///
/// A conflict where the plan is not submitted, or who returns it is its author or has changed it.
pub async fn return_to_draft(
    cx: &mut Context,
    id: i64,
    Return { note }: Return,
    seen: Seen,
) -> Result<Plan, Problem> {
    let by = approver(cx, id).await?;
    change(cx, id, seen, (Step::Return, "return_plan"), async |_, plan| {
        four_eyes::require(plan, by)?;
        plan.split.note = Some(note.clone());
        Ok(json!({ "note": note }))
    })
    .await
}

/// Puts a submitted plan in force from a month on; the version in force before becomes superseded.
///
/// # Errors
///
/// A conflict where the approver is the author or has changed the draft; a field at fault where the month is not of the
/// plan's year, is closed or locked, has ended, or where a month before it has other cells than the version that governs it.
pub async fn approve(
    cx: &mut Context,
    id: i64,
    Approval { effective_from }: Approval,
    seen: Seen,
) -> Result<Plan, Problem> {
    let by = approver(cx, id).await?;
    change(cx, id, seen, (Step::Approve, "approve_plan"), async |cx, plan| {
        four_eyes::require(plan, by)?;
        if effective_from.year() != plan.year {
            return Err(Problem::fields(vec![other_year("effective_from", plan.year)]));
        }
        locks::require_open(cx, plan, effective_from).await?;
        supersede(cx, plan).await?;
        diesel::update(annual_plan::table.find(id))
            .set((
                annual_plan::effective_from.eq(effective_from),
                annual_plan::approver_id.eq(by),
                annual_plan::approved_at.eq(cx.now),
            ))
            .execute(cx.db())
            .await?;
        Ok(json!({ "effective_from": effective_from }))
    })
    .await
}

/// Moves the version in force, if there is one, out of the way of `plan`.
async fn supersede(cx: &mut Context, plan: &Version) -> Result<(), Problem> {
    let before: Vec<i64> = diesel::update(
        annual_plan::table
            .filter(annual_plan::unit_id.eq(plan.unit_id))
            .filter(annual_plan::year.eq(plan.year))
            .filter(annual_plan::status.eq(Status::Approved)),
    )
    .set((
        annual_plan::status.eq(Status::Approved.after(Step::Supersede)?),
        annual_plan::row_version.eq(annual_plan::row_version + 1),
    ))
    .returning(annual_plan::id)
    .get_results(cx.db())
    .await?;
    // One at most is in force.
    for id in before {
        cx.audit("supersede_plan", &subject(id), json!({ "by": subject(plan.id) })).await?;
    }
    Ok(())
}
