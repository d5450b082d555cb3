//! How far an appeal has come, and what may be done with it next.

use crate::http::Problem;
use crate::said::say;
use crate::words::words;

words! {
    /// How far an appeal 申诉 has come.
    pub enum AppealState in "appeal.state" {
        /// It waits to be taken up.
        Filed = "filed" "已提交",
        /// Somebody looks into it.
        InReview = "in_review" "受理中",
        /// The person has been asked for material.
        Waiting = "waiting" "待补材料",
        /// It is decided.
        Decided = "decided" "已决定",
        /// The person has taken it back.
        Withdrawn = "withdrawn" "已撤回",
    }

    /// What an appeal was decided to.
    pub enum AppealOutcome in "appeal.outcome" {
        /// The score stays.
        Upheld = "upheld" "维持",
        /// The points asked for.
        Adjusted = "adjusted" "调整",
        /// Some of them.
        PartlyAdjusted = "partly_adjusted" "部分调整",
        /// Facts were wrong and have been corrected: the review was computed again.
        Recomputed = "recomputed" "重算",
    }
}

/// What can be done with an appeal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppealStep {
    /// Look into it.
    TakeUp,
    /// Ask the person for material.
    AskForMaterial,
    /// Bring material.
    Supply,
    /// Decide.
    Decide,
    /// Take it back.
    Withdraw,
}

impl AppealState {
    /// The state after `step`, or a conflict where it cannot be taken from here.
    pub fn after(self, step: AppealStep) -> Result<Self, Problem> {
        match (self, step) {
            (Self::Filed, AppealStep::TakeUp) => Ok(Self::InReview),
            (Self::InReview, AppealStep::AskForMaterial) => Ok(Self::Waiting),
            (Self::Waiting, AppealStep::Supply) => Ok(Self::InReview),
            (Self::Filed | Self::InReview, AppealStep::Supply) => Ok(self),
            (Self::InReview | Self::Waiting, AppealStep::Decide) => Ok(Self::Decided),
            (Self::Filed | Self::InReview | Self::Waiting, AppealStep::Withdraw) => Ok(Self::Withdrawn),
            (state, step) => Err(Problem::conflict(say!(
                "申诉不能 {}：现在是“{state}”，而那需要 {}",
                "the appeal cannot be {}: its state is '{state}', and that takes {}",
                step.name(),
                step.before()
            ))),
        }
    }

    /// Whether something is still to be done with it.
    pub fn is_open(self) -> bool {
        self < Self::Decided
    }
}

impl AppealStep {
    const fn name(self) -> &'static str {
        match self {
            Self::TakeUp => "taken up",
            Self::AskForMaterial => "sent back for material",
            Self::Supply => "added to",
            Self::Decide => "decided",
            Self::Withdraw => "withdrawn",
        }
    }

    /// The states in which it can be taken.
    const fn before(self) -> &'static str {
        match self {
            Self::TakeUp => "'filed'",
            Self::AskForMaterial => "'in_review'",
            Self::Supply | Self::Withdraw => "'filed', 'in_review' or 'waiting'",
            Self::Decide => "'in_review' or 'waiting'",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_decided_or_withdrawn_stays_and_nothing_is_decided_before_it_was_taken_up() {
        let steps = [
            AppealStep::TakeUp,
            AppealStep::AskForMaterial,
            AppealStep::Supply,
            AppealStep::Decide,
            AppealStep::Withdraw,
        ];
        for state in AppealState::ALL {
            let possible = steps.into_iter().filter(|step| state.after(*step).is_ok()).collect::<Vec<_>>();
            let expected = match state {
                AppealState::Filed => vec![AppealStep::TakeUp, AppealStep::Supply, AppealStep::Withdraw],
                AppealState::InReview => steps[1..].to_vec(),
                AppealState::Waiting => vec![AppealStep::Supply, AppealStep::Decide, AppealStep::Withdraw],
                AppealState::Decided | AppealState::Withdrawn => vec![],
            };
            assert_eq!(possible, expected, "{state:?}");
            assert_eq!(state.is_open(), !expected.is_empty());
        }
    }
}
