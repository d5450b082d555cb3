//! What people contribute to a review, when, and whose it is to give back.

use crate::reviews::cycle::CycleState;
use crate::reviews::visibility::Part;
use crate::words::words;

words! {
    /// What somebody contributes to a review.
    pub enum ContributionKind in "review_contribution.kind" {
        /// By the person reviewed.
        SelfAssessment = "self_assessment" "自评",
        /// By the team's leader; where nobody leads, by the head of the department.
        LeaderComment = "leader_comment" "组长评",
        /// By the head of the department; for the head, by the general manager.
        ManagerComment = "manager_comment" "经理评",
        /// By HR: a named person answers for publishing the review.
        HrCheck = "hr_check" "人事复核",
    }

    /// How far a contribution has come.
    pub enum ContributionState in "review_contribution.state" {
        /// Being written: its author alone sees it.
        Draft = "draft" "草稿",
        /// Fixed.
        HandedIn = "handed_in" "已提交",
        /// Given back for a reason: its author may write another.
        GivenBack = "given_back" "已退回",
        /// Another check has taken its place, of a later revision.
        Superseded = "superseded" "已被取代",
    }
}

impl ContributionKind {
    /// The state of the cycle in which it is written.
    pub const fn written_in(self) -> CycleState {
        match self {
            Self::SelfAssessment => CycleState::SelfReview,
            Self::LeaderComment => CycleState::LeaderReview,
            Self::ManagerComment => CycleState::ManagerReview,
            Self::HrCheck => CycleState::HrCheck,
        }
    }

    /// The part of the review that it is.
    pub const fn part(self) -> Part {
        match self {
            Self::SelfAssessment => Part::SelfAssessment,
            Self::LeaderComment => Part::LeaderComment,
            Self::ManagerComment => Part::ManagerComment,
            Self::HrCheck => Part::HrCheck,
        }
    }

    /// Whose comments follow it: they may give it back.
    pub fn later(self) -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(move |kind| *kind > self)
    }

    /// Whether it may be written while the cycle is in a state: in its own, and later, until publication, where it was given
    /// back.
    pub fn may_be_written(self, state: CycleState, was_given_back: bool) -> bool {
        state == self.written_in()
            || was_given_back && self.written_in() < state && state < CycleState::Published
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contribution_is_written_in_its_own_state_and_once_given_back_until_publication() {
        let states = |kind: ContributionKind, was_given_back| {
            let states = CycleState::ALL.iter().filter(|state| kind.may_be_written(**state, was_given_back));
            states.map(|state| state.name()).collect::<Vec<_>>()
        };
        assert_eq!(states(ContributionKind::SelfAssessment, false), ["self_review"]);
        let again = ["self_review", "leader_review", "manager_review", "hr_check"];
        assert_eq!(states(ContributionKind::SelfAssessment, true), again);
        assert_eq!(states(ContributionKind::HrCheck, true), ["hr_check"]);
        assert_eq!(ContributionKind::LeaderComment.later().count(), 2);
    }
}
