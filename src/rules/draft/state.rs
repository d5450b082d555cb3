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
pub enum DraftState {
    /// 草稿: being written.
    Draft,
    /// 已提交: waiting for a decision; it cannot be changed.
    Submitted,
    /// 已退回: can be changed and submitted again.
    Rejected,
    /// 已批准: published as a release.
    Approved,
    /// 已放弃: kept, but out of use.
    Discarded,
}

/// What can be done with a draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DraftStep {
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

impl DraftState {
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
    pub fn after(self, step: DraftStep) -> Result<Self, Problem> {
        match (self, step) {
            (Self::Draft | Self::Rejected, DraftStep::Change) | (Self::Submitted, DraftStep::Withdraw) => {
                Ok(Self::Draft)
            }
            (Self::Draft | Self::Rejected, DraftStep::Submit) => Ok(Self::Submitted),
            (Self::Draft | Self::Rejected, DraftStep::Discard) => Ok(Self::Discarded),
            (Self::Submitted, DraftStep::Approve) => Ok(Self::Approved),
            (Self::Submitted, DraftStep::Reject) => Ok(Self::Rejected),
            (state, step) => Err(Problem::conflict(format!(
                "the draft cannot be {}: its state is '{}'",
                step.name(),
                state.name()
            ))),
        }
    }
}

impl DraftStep {
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
        let steps = [
            DraftStep::Change,
            DraftStep::Submit,
            DraftStep::Withdraw,
            DraftStep::Approve,
            DraftStep::Reject,
            DraftStep::Discard,
        ];
        for state in DraftState::ALL {
            assert_eq!(DraftState::named(state.name()), Some(state));
            let possible = steps.into_iter().filter(|step| state.after(*step).is_ok()).collect::<Vec<_>>();
            let expected = match state {
                DraftState::Draft | DraftState::Rejected => {
                    vec![DraftStep::Change, DraftStep::Submit, DraftStep::Discard]
                }
                DraftState::Submitted => vec![DraftStep::Withdraw, DraftStep::Approve, DraftStep::Reject],
                DraftState::Approved | DraftState::Discarded => vec![],
            };
            assert_eq!(possible, expected, "{state:?}");
        }
    }
}
