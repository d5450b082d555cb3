//! How far a draft has come, and what may be done with it next.
//!
//! draft → submitted → approved; submitted → rejected, or back to draft when it is withdrawn; a change makes a rejected
//! one a draft again; what was not submitted can be discarded.

use crate::http::Problem;
use crate::said::say;
use crate::words::words;

words! {
    /// How far a draft has come.
    #[schema(as = RuleDraftState)]
    pub enum DraftState in "rule_draft.state" {
        /// Being written.
        Draft = "draft" "草稿",
        /// Waiting for a decision; it cannot be changed.
        Submitted = "submitted" "已提交",
        /// It can be changed and submitted again.
        Rejected = "rejected" "已退回",
        /// Published as a release.
        Approved = "approved" "已批准",
        /// Kept, but out of use.
        Discarded = "discarded" "已放弃",
    }
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
            (state, step) => Err(Problem::conflict(say!(
                "草稿不能 {}：现在是“{state}”",
                "the draft cannot be {}: its state is '{state}'",
                step.name()
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
