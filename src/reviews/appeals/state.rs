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
        self.next(step).ok_or_else(|| {
            let before = Self::ALL.iter().copied().filter(|state| state.next(step).is_some());
            let before = before.map(|state| format!("'{state}'")).collect::<Vec<_>>();
            let (zh_step, en_step) = step.names();
            let (zh_before, en_before) = (before.join("、"), before.join(" or "));
            Problem::conflict(say!(
                "申诉现在不能{zh_step}：它是“{self}”，而那要先是 {zh_before}",
                "the appeal cannot be {en_step}: its state is '{self}', and that takes {en_before}"
            ))
        })
    }

    const fn next(self, step: AppealStep) -> Option<Self> {
        match (self, step) {
            (Self::Filed, AppealStep::TakeUp) => Some(Self::InReview),
            (Self::InReview, AppealStep::AskForMaterial) => Some(Self::Waiting),
            (Self::Waiting, AppealStep::Supply) => Some(Self::InReview),
            (Self::Filed | Self::InReview, AppealStep::Supply) => Some(self),
            (Self::InReview | Self::Waiting, AppealStep::Decide) => Some(Self::Decided),
            (Self::Filed | Self::InReview | Self::Waiting, AppealStep::Withdraw) => Some(Self::Withdrawn),
            _ => None,
        }
    }

    /// Whether something is still to be done with it.
    pub fn is_open(self) -> bool {
        self < Self::Decided
    }
}

impl AppealStep {
    /// What is done by it, in Chinese and in English.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::TakeUp => ("受理", "taken up"),
            Self::AskForMaterial => ("要求补材料", "sent back for material"),
            Self::Supply => ("补材料", "added to"),
            Self::Decide => ("决定", "decided"),
            Self::Withdraw => ("撤回", "withdrawn"),
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
