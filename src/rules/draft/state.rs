//! How far a draft has come, and what may be done with it next.
//!
//! draft → submitted → approved; submitted → rejected, or back to draft when it is withdrawn; a change makes a rejected
//! one a draft again; what was not submitted can be discarded.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Problem;

/// How far a draft has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleDraftState)]
pub enum State {
    /// 草稿: being written.
    Draft,
    /// 已提交: waits for a decision; nobody changes it.
    Submitted,
    /// 已退回: can be changed and submitted again.
    Rejected,
    /// 已批准: published as a release.
    Approved,
    /// 已放弃: kept, but no longer used.
    Discarded,
}

/// What can be done with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Change its files.
    Change,
    /// Hand it in.
    Submit,
    /// Take it back before a decision.
    Withdraw,
    /// Publish it.
    Approve,
    /// Hand it back.
    Reject,
    /// Give it up.
    Discard,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Submitted, Self::Rejected, Self::Approved, Self::Discarded];

    /// The word for it in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Rejected => "rejected",
            Self::Approved => "approved",
            Self::Discarded => "discarded",
        }
    }

    /// The state that `name` is the word for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state after `step`, or a conflict where it cannot be taken from here.
    pub fn after(self, step: Step) -> Result<Self, Problem> {
        match (self, step) {
            (Self::Draft | Self::Rejected, Step::Change) | (Self::Submitted, Step::Withdraw) => {
                Ok(Self::Draft)
            }
            (Self::Draft | Self::Rejected, Step::Submit) => Ok(Self::Submitted),
            (Self::Draft | Self::Rejected, Step::Discard) => Ok(Self::Discarded),
            (Self::Submitted, Step::Approve) => Ok(Self::Approved),
            (Self::Submitted, Step::Reject) => Ok(Self::Rejected),
            (state, step) => Err(Problem::conflict(format!(
                "the draft cannot be {}: its state is '{}'",
                step.name(),
                state.name()
            ))),
        }
    }
}

impl Step {
    const fn name(self) -> &'static str {
        match self {
            Self::Change => "changed",
            Self::Submit => "submitted",
            Self::Withdraw => "withdrawn",
            Self::Approve => "approved",
            Self::Reject => "rejected",
            Self::Discard => "discarded",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_handed_in_is_decided_and_only_what_is_open_is_changed() {
        let steps = [Step::Change, Step::Submit, Step::Withdraw, Step::Approve, Step::Reject, Step::Discard];
        for state in State::ALL {
            assert_eq!(State::named(state.name()), Some(state));
            let possible = steps.into_iter().filter(|step| state.after(*step).is_ok()).collect::<Vec<_>>();
            let expected = match state {
                State::Draft | State::Rejected => vec![Step::Change, Step::Submit, Step::Discard],
                State::Submitted => vec![Step::Withdraw, Step::Approve, Step::Reject],
                State::Approved | State::Discarded => vec![],
            };
            assert_eq!(possible, expected, "{state:?}");
        }
    }
}
