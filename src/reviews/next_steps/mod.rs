//! What the caller may do next with a review, and until when: what each part of the review's life says of itself, put together.
//! What it depends on is read in one statement.

mod reached;
mod standing;

pub(super) use self::reached::is_reached;
use self::reached::{Reached, foretold};
use self::standing::{Asked, Standing};
use super::allowed::AllowedAction;
use super::cycle::CycleState;
use super::listing::Review;
use super::subject::Subject;
use super::{acknowledgements, adjustments, appeals, contributions, talks, waiver};
use crate::auth::Context;
use crate::auth::access::{Acknowledge, AdjustReviews, CheckReviews, Contribute, RecordTalks};
use crate::http::Problem;

/// What the caller, who sees a review, may do with it.
pub(super) async fn of_review(
    cx: &mut Context,
    review: &Review,
    subject: &Subject,
) -> Result<Vec<AllowedAction>, Problem> {
    let asked = asked(cx, review, subject)?;
    if asked.is_nothing() {
        return Ok(Vec::new());
    }
    let standing = Standing::load(cx, review.id, subject, &asked).await?;
    let dates = standing.dates()?;
    let (id, state) = (review.id, subject.state);
    let mut allowed = Vec::new();
    if standing.contributes {
        allowed.extend(contributions::open_to(cx, id, subject, &standing.round)?);
    }
    if standing.checks && !standing.is_waived {
        allowed.push(waiver::open_action(id));
    }
    if standing.adjusts {
        allowed.push(adjustments::open_action(id));
    }
    if !allowed.is_empty() {
        let due = dates.due(subject.period);
        for one in &mut allowed {
            one.until = match one.action.as_str() {
                "write" | "hand_in" if one.is_of(state) => due.of(state),
                _ if state >= CycleState::Published => due.of(state),
                // What was given back is written until publication.
                _ => Some(due.publish),
            };
        }
    }
    if asked.files_appeal {
        allowed.extend(appeals::filing::open_to_file(cx, subject, &standing.told, &dates));
    }
    if standing.acknowledges {
        allowed.extend(acknowledgements::standing::open_acts(cx, subject, &standing.acknowledgement));
    }
    if standing.talks && standing.round.is_the_callers() {
        allowed.push(talks::open_action(subject));
    }
    Ok(allowed)
}

/// What has to be known to say it: nothing is asked that the state of the month, or the caller's roles, rule out.
fn asked(cx: &Context, review: &Review, subject: &Subject) -> Result<Asked, Problem> {
    let Some(identity) = &cx.identity else { return Ok(Asked::default()) };
    let (is_own, state) = (subject.is_own(cx), subject.state);
    let only_if = |is_open: bool, reached: Reached| if is_open { reached } else { Reached::No };
    let is_round = (CycleState::SelfReview..CycleState::Published).contains(&state);
    let adjusts = adjustments::is_open_to(cx, subject)?;
    Ok(Asked {
        contributes: only_if(is_round, foretold::<Contribute>(identity)),
        checks: only_if(!is_own && waiver::is_askable(review), foretold::<CheckReviews>(identity)),
        adjusts: only_if(adjusts, foretold::<AdjustReviews>(identity)),
        acknowledges: only_if(state == CycleState::Published, foretold::<Acknowledge>(identity)),
        talks: only_if(
            state >= CycleState::Published && identity.employee_id.is_some(),
            foretold::<RecordTalks>(identity),
        ),
        files_appeal: appeals::filing::may_file(cx, subject),
    })
}

impl AllowedAction {
    /// Whether it is about what is written in a state of the cycle.
    fn is_of(&self, state: CycleState) -> bool {
        let kind = self.to.as_deref().and_then(contributions::ContributionKind::named);
        kind.is_some_and(|kind| kind.written_in() == state)
    }
}
