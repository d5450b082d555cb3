//! Whether somebody who sees a review reaches it with another action, too.

use crate::auth::access::{Action, ViewReviews};
use crate::auth::{Context, Identity, Scope};
use crate::http::{Code, Problem};
use crate::reviews::subject::subject;

/// What the roles alone say of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Reached {
    /// No role may do it.
    #[default]
    No,
    /// Every role that sees the review may do it, as far as it sees.
    Yes,
    /// It depends on which role sees the review: the database has to be asked.
    Asked,
}

/// What an identity's roles say of it.
pub(super) fn foretold<A: Action>(identity: &Identity) -> Reached {
    if !identity.roles.iter().any(|role| A::reach_of(*role).is_some()) {
        return Reached::No;
    }
    let is_as_wide = |role| ViewReviews::reach_of(role).is_none_or(|reach| A::reach_of(role) == Some(reach));
    match identity.roles.iter().all(|role| is_as_wide(*role)) {
        true => Reached::Yes,
        false => Reached::Asked,
    }
}

/// Whether the caller, who sees a review, reaches it with an action, too.
pub(in crate::reviews) async fn is_reached<A: Action>(
    cx: &mut Context,
    review_id: i64,
) -> Result<bool, Problem> {
    let Some(identity) = cx.identity.clone() else { return Ok(false) };
    match foretold::<A>(&identity) {
        Reached::No => return Ok(false),
        Reached::Yes => return Ok(true),
        Reached::Asked => {}
    }
    let scope = Scope::of(&identity, A::reach_of);
    match cx.within(scope, async |cx| subject(cx, review_id).await).await {
        Ok(_) => Ok(true),
        Err(problem) if problem.code == Code::NotFound => Ok(false),
        Err(problem) => Err(problem),
    }
}
