//! Adjustments: points added to an item of a review or taken off it, by two people and for a reason, or as an appeal was
//! decided. A score is never overwritten: an adjustment stands beside what the rules gave, and the review has another
//! revision.

pub mod http;
pub mod store;

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Numeric, Text, Timestamptz};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::allowed::{AllowedAction, is_granted};
use super::cycle::CycleState;
use super::next_steps;
use super::revise;
use super::subject::{Subject, hold, subject};
use crate::auth::access::AdjustReviews;
use crate::auth::{Context, Reading};
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::say;
use crate::words::words;

words! {
    /// How far an adjustment has come.
    pub enum AdjustmentState in "adjustment.state" {
        /// It waits for a second person.
        Proposed = "proposed" "待批",
        /// It counts.
        Approved = "approved" "已批准",
        /// It was refused.
        Rejected = "rejected" "已驳回",
        /// It was taken back.
        Withdrawn = "withdrawn" "已撤回",
    }
}

/// Points added to an item or taken off it.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Adjustment {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The rule whose item it is.
    #[diesel(sql_type = Text)]
    pub rule: String,
    /// The points; below zero where they are taken off.
    #[diesel(sql_type = Numeric)]
    #[schema(value_type = f64)]
    pub points: Decimal,
    /// Why.
    #[diesel(sql_type = Text)]
    pub reason: String,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: AdjustmentState,
    /// The appeal that was decided to it; null where two people agreed on it.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub appeal: Option<i64>,
    /// Login of who proposed it.
    #[diesel(sql_type = Text)]
    pub proposed_by: String,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub proposed_at: DateTime<Utc>,
    /// Login of who decided on it.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// What was said of the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub decision_note: Option<String>,
    /// Grows with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// An adjustment to be proposed.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAdjustment {
    /// The rule whose item it is.
    #[garde(length(chars, min = 1, max = 100))]
    #[schema(example = "70_complaints", min_length = 1, max_length = 100)]
    pub rule: String,
    /// The points, with two places at most; below zero where they are taken off.
    #[garde(custom(crate::http::bounds::within(-1000..=1000)))]
    #[schema(value_type = f64, example = 3, minimum = -1000, maximum = 1000)]
    pub points: Decimal,
    /// Why.
    #[garde(length(chars, min = 1, max = 1000))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// A decision on an adjustment.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustmentDecision {
    /// Whether it counts.
    #[garde(skip)]
    pub approve: bool,
    /// What is to be said of it; required where it is refused.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// An adjustment with what the caller may do with it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AdjustmentOutlook {
    /// The adjustment.
    #[serde(flatten)]
    pub adjustment: Adjustment,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// The adjustments of a review, in the order in which they were proposed. The person sees those that count: what one has
/// proposed and nobody else has signed is no adjustment yet, and what was refused is none. Reading other people's is logged.
pub async fn list(cx: &mut Context, review_id: i64) -> Result<Reading<Vec<AdjustmentOutlook>>, Problem> {
    let subject = subject(cx, review_id).await?;
    let mut adjustments = store::list(cx.db(), &subject, None).await?;
    adjustments.retain(|one| one.state == AdjustmentState::Approved || !subject.is_own(cx));
    let is_open = adjustments.iter().any(|one| one.state == AdjustmentState::Proposed)
        && next_steps::is_reached::<AdjustReviews>(cx, review_id).await?
        && is_open_to(cx, &subject)?;
    let mut outlooks = Vec::with_capacity(adjustments.len());
    for adjustment in adjustments {
        let mut allowed_actions = Vec::new();
        if is_open && adjustment.state == AdjustmentState::Proposed {
            let path = format!("/v1/reviews/{review_id}/adjustments/{}", adjustment.id);
            allowed_actions.push(match store::is_proposed_by_caller(cx, adjustment.id).await? {
                true => AllowedAction::post("withdraw", format!("{path}/withdraw")),
                false => AllowedAction::post("decide", format!("{path}/decision")),
            });
        }
        outlooks.push(AdjustmentOutlook { adjustment, allowed_actions });
    }
    Ok(cx.reading(outlooks, [(review_id, subject.employee_id)]))
}

/// The proposal of an adjustment.
pub(super) fn open_action(review_id: i64) -> AllowedAction {
    AllowedAction::post("propose_adjustment", format!("/v1/reviews/{review_id}/adjustments")).for_a_reason()
}

/// Whether the caller, who reaches a review to adjust it, may do so now.
pub(super) fn is_open_to(cx: &Context, subject: &Subject) -> Result<bool, Problem> {
    is_granted(open_to(cx, subject))
}

/// Proposes an adjustment of a review that the caller sees.
///
/// # Errors
///
/// Not found where the caller does not see it; a conflict where it is the caller's own, the month is not computed or is locked,
/// or another is open about the item; fields at fault, for points outside the item's bounds too.
pub async fn propose(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    review_id: i64,
    new: &NewAdjustment,
) -> Result<Adjustment, Problem> {
    let reason = new.reason.trim();
    if reason.is_empty() {
        return Err(Problem::field("reason", say!("请写一句话", "expected a sentence")));
    }
    let named = subject(cx, review_id).await?;
    open_to(cx, &named)?;
    revise::foresee(cx, rules, &named, Some((&new.rule, new.points))).await?;
    cx.transaction(async |cx| {
        let subject = hold(cx, review_id).await?;
        open_to(cx, &subject)?;
        let id = store::propose(cx, &subject, new, reason).await?;
        let detail = json!({ "rule": new.rule, "points": new.points, "reason": reason });
        cx.audit("propose_adjustment", &format!("adjustment/{id}"), detail).await?;
        find(cx, &subject, id).await
    })
    .await
}

/// Decides on an adjustment that somebody else proposed. If it counts, the review has another revision.
///
/// # Errors
///
/// Not found where the caller does not see the review; a conflict where it is decided already, was proposed by the caller, or is
/// about the caller's own review.
pub async fn decide(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    (review_id, id): (i64, i64),
    decision: &AdjustmentDecision,
    seen: Seen,
) -> Result<Adjustment, Problem> {
    let note = decision.note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    if !decision.approve && note.is_none() {
        return Err(Problem::field("note", say!("请写明为什么不同意", "say why it is refused")));
    }
    for _ in 0..revise::ATTEMPTS {
        if let Some(decided) = attempt(cx, rules, (review_id, id), decision, (note, seen)).await? {
            return Ok(decided);
        }
    }
    Err(revise::moved())
}

/// Decides, unless somebody has changed the month since it was computed what that comes to.
async fn attempt(
    cx: &mut Context,
    rules: (&RulesFolder, &Library),
    (review_id, id): (i64, i64),
    decision: &AdjustmentDecision,
    (note, seen): (Option<&str>, Seen),
) -> Result<Option<Adjustment>, Problem> {
    let named = subject(cx, review_id).await?;
    open_to(cx, &named)?;
    let adjustment = find(cx, &named, id).await?;
    open(&adjustment)?;
    let rescoring = match decision.approve {
        true => {
            let added = Some((adjustment.rule.as_str(), adjustment.points));
            Some(revise::foresee(cx, rules, &named, added).await?)
        }
        false => None,
    };
    cx.transaction(async |cx| {
        if let Some(rescoring) = &rescoring
            && !revise::still_holds(cx, rescoring).await?
        {
            return Ok(None);
        }
        let subject = hold(cx, review_id).await?;
        open_to(cx, &subject)?;
        let adjustment = store::lock(cx, &subject, id).await?;
        open(&adjustment)?;
        seen.check(adjustment.version)?;
        let state = if decision.approve { AdjustmentState::Approved } else { AdjustmentState::Rejected };
        store::decide(cx, id, state, note).await?;
        if let Some(rescoring) = rescoring {
            let revised = revise::write(cx, rescoring).await?;
            store::counts_from(cx, id, revised.review_of(&subject).unwrap_or(subject.current)).await?;
            revised.tell(cx, rules.1, &subject).await?;
        }
        let detail = json!({ "state": state, "note": note });
        cx.audit("decide_adjustment", &format!("adjustment/{id}"), detail).await?;
        find(cx, &subject, id).await.map(Some)
    })
    .await
}

/// Whoever comes second is told what has happened.
fn open(adjustment: &Adjustment) -> Result<(), Problem> {
    if adjustment.state == AdjustmentState::Proposed {
        return Ok(());
    }
    let who = adjustment.decided_by.as_deref().unwrap_or(&adjustment.proposed_by);
    let (state, zh) = (adjustment.state, adjustment.state.label());
    Err(Problem::conflict(say!("这项调整{zh}，由 {who}", "the adjustment is {state} already, by {who}")))
}

/// Takes back what the caller proposed, before a decision.
///
/// # Errors
///
/// Not found where it is none of the caller's; a conflict where it is decided already.
pub async fn withdraw(
    cx: &mut Context,
    (review_id, id): (i64, i64),
    seen: Seen,
) -> Result<Adjustment, Problem> {
    cx.transaction(async |cx| {
        let subject = hold(cx, review_id).await?;
        let adjustment = store::lock(cx, &subject, id).await?;
        if !store::is_proposed_by_caller(cx, id).await? {
            return Err(Problem::not_found("adjustment of yours"));
        }
        open(&adjustment)?;
        seen.check(adjustment.version)?;
        store::decide(cx, id, AdjustmentState::Withdrawn, None).await?;
        cx.audit("withdraw_adjustment", &format!("adjustment/{id}"), json!({})).await?;
        find(cx, &subject, id).await
    })
    .await
}

async fn find(cx: &mut Context, subject: &Subject, id: i64) -> Result<Adjustment, Problem> {
    let found = store::list(cx.db(), subject, Some(id)).await?.pop();
    found.ok_or_else(|| Problem::not_found("adjustment"))
}

/// Whether the caller may adjust a review: somebody else's, once it is computed and as long as the month is not locked.
fn open_to(cx: &Context, subject: &Subject) -> Result<(), Problem> {
    if cx.by().is_none() {
        return Err(Problem::new(
            Code::Forbidden,
            say!("调整要署名：请登录", "an adjustment is signed: sign in"),
        ));
    }
    if subject.is_own(cx) {
        return Err(Problem::conflict(say!(
            "这是您自己的考核：由别人调整",
            "the review is your own: somebody else adjusts it"
        )));
    }
    if subject.state < CycleState::Computed || subject.state == CycleState::Locked {
        let state = subject.state;
        let detail = say!(
            "现在是“{state}”：从 'computed' 到 'published' 可以调整",
            "the cycle is in '{state}': reviews are adjusted from 'computed' to 'published'"
        );
        return Err(Problem::conflict(detail));
    }
    Ok(())
}
