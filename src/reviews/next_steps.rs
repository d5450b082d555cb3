//! What the caller may do next with a review, and until when: what each part of the review's life says of itself, put together.

use super::allowed::AllowedAction;
use super::cycle::{CycleState, terms};
use super::listing::Review;
use super::subject::{Subject, subject};
use super::{acknowledgements, adjustments, appeals, contributions, talks, waiver};
use crate::auth::access::{
    Acknowledge, Action, AdjustReviews, CheckReviews, Contribute, RecordTalks, ViewReviews,
};
use crate::auth::{Context, Scope};
use crate::http::{Code, Problem};

/// Whether the caller, who sees a review, reaches it with an action, too.
pub(super) async fn is_reached<A: Action>(cx: &mut Context, review_id: i64) -> Result<bool, Problem> {
    let Some(identity) = cx.identity.clone() else { return Ok(false) };
    if !identity.roles.iter().any(|role| A::reach_of(*role).is_some()) {
        return Ok(false);
    }
    // Mostly every role that sees the review may do it as far as it sees.
    let is_as_wide = |role| ViewReviews::reach_of(role).is_none_or(|reach| A::reach_of(role) == Some(reach));
    if identity.roles.iter().all(|role| is_as_wide(*role)) {
        return Ok(true);
    }
    let scope = Scope::of(&identity, A::reach_of);
    match cx.within(scope, async |cx| subject(cx, review_id).await).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.code == Code::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// What the caller, who sees a review, may do with it.
pub(super) async fn of_review(
    cx: &mut Context,
    review: &Review,
    subject: &Subject,
) -> Result<Vec<AllowedAction>, Problem> {
    let mut allowed = Vec::new();
    if cx.identity.is_none() {
        return Ok(allowed);
    }
    let (id, is_own, state) = (review.id, subject.is_own(cx), subject.state);
    if is_reached::<Contribute>(cx, id).await? {
        allowed.extend(contributions::open_to(cx, id, subject).await?);
    }
    if !is_own && is_reached::<CheckReviews>(cx, id).await? {
        allowed.extend(waiver::open_to(cx, review).await?);
    }
    if !is_own && is_reached::<AdjustReviews>(cx, id).await? {
        allowed.extend(adjustments::open_to_propose(cx, id, subject)?);
    }
    if !allowed.is_empty() {
        let due = terms::due_of(cx.db(), subject.store_id, subject.period).await?;
        for one in &mut allowed {
            one.until = match one.action.as_str() {
                "write" | "hand_in" if one.is_of(state) => due.of(state),
                _ if state >= CycleState::Published => due.of(state),
                // What was given back is written until publication.
                _ => Some(due.publish),
            };
        }
    }
    if state == CycleState::Published {
        allowed.extend(appeals::open_to_file(cx, subject).await?);
        if is_reached::<Acknowledge>(cx, id).await? {
            allowed.extend(acknowledgements::open_acts(cx, subject).await?);
        }
    }
    if state >= CycleState::Published && is_reached::<RecordTalks>(cx, id).await? {
        allowed.extend(talks::open_to(cx, subject).await?);
    }
    Ok(allowed)
}

impl AllowedAction {
    /// Whether it is about what is written in a state of the cycle.
    fn is_of(&self, state: CycleState) -> bool {
        let kind = self.to.as_deref().and_then(contributions::ContributionKind::named);
        kind.is_some_and(|kind| kind.written_in() == state)
    }
}
