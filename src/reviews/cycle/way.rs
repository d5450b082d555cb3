//! The way of a cycle: which state follows which, and who may take it there.

use super::CycleState;
use crate::auth::access::Role;
use crate::http::Problem;
use crate::said::{Said, say};

/// A step from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it begins.
    pub from: CycleState,
    /// Where it ends.
    pub to: CycleState,
    /// Who may take it.
    pub roles: &'static [Role],
    /// Which operation takes it.
    pub by: Operation,
}

/// The operations that take a cycle to another state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// The facts are frozen.
    Freeze,
    /// Reviews are generated.
    Generate,
    /// It is moved.
    Move,
}

impl Operation {
    /// What it is called among the allowed actions.
    pub const fn action(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Generate => "generate",
            Self::Move => "move",
        }
    }

    /// The last part of its path.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Generate => "generate",
            Self::Move => "moves",
        }
    }
}

/// Who runs a month and publishes it.
const RUN: &[Role] = &[Role::Hr, Role::GroupAdmin];
/// Who opens again what people have been shown.
const REOPEN_PUBLISHED: &[Role] = &[Role::GeneralManager, Role::GroupAdmin];
/// Who opens again what was closed for good.
const REOPEN_LOCKED: &[Role] = &[Role::GroupAdmin];

impl CycleState {
    /// The state after it.
    pub fn next(self) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| *state > self)
    }

    /// The step from here to `to`, if there is one. Forward it goes one state at a time. Back it goes as far as the reviews
    /// as they were computed: facts stay frozen, and what is wrong with them is corrected.
    pub fn step(self, to: Self) -> Option<Step> {
        let (by, roles) = match (self, to) {
            _ if to == self => return None,
            _ if self.next() == Some(to) => match to {
                Self::Frozen => (Operation::Freeze, RUN),
                Self::Computed => (Operation::Generate, RUN),
                _ => (Operation::Move, RUN),
            },
            (Self::Locked, Self::Published) => (Operation::Move, REOPEN_LOCKED),
            (Self::Locked, _) => return None,
            _ if to < Self::Computed || to > self => return None,
            (Self::Published, _) => (Operation::Move, REOPEN_PUBLISHED),
            _ => (Operation::Move, RUN),
        };
        Some(Step { from: self, to, roles, by })
    }

    /// Every step from here, in the order of the states.
    pub fn steps(self) -> impl Iterator<Item = Step> {
        Self::ALL.iter().filter_map(move |to| self.step(*to))
    }
}

impl Step {
    /// Whether it goes back, which takes a reason.
    pub fn is_back(self) -> bool {
        self.to < self.from
    }

    /// Whether one of these roles may take it.
    pub fn is_open_to(self, roles: &[Role]) -> bool {
        roles.iter().any(|role| self.roles.contains(role))
    }
}

/// Why a cycle cannot be moved from a state to another: the answer says from which states it could.
pub fn no_way(from: CycleState, to: CycleState) -> Problem {
    let before = CycleState::ALL.iter().filter(|state| state.step(to).is_some()).collect::<Vec<_>>();
    let needed = match before.is_empty() {
        true => say!("没有考核转到那里", "no cycle is moved there"),
        false => {
            let [zh, en] = [("、", ('“', '”')), (", ", ('\'', '\''))].map(|(between, (opens, closes))| {
                let named = before.iter().map(|state| format!("{opens}{state}{closes}"));
                named.collect::<Vec<_>>().join(between)
            });
            Said::both(format!("要从{zh}转过去"), format!("that takes a cycle in {en}"))
        }
    };
    let states =
        say!("现在是“{from}”，不能转到“{to}”", "the cycle is in '{from}' and cannot be moved to '{to}'");
    Problem::conflict(needed.about(&states))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The states by their first letters: c f C s l m h p L.
    fn letter(state: CycleState) -> char {
        match state {
            CycleState::Computed => 'C',
            CycleState::Locked => 'L',
            other => other.name().chars().next().unwrap(),
        }
    }

    #[test]
    fn the_way_is_the_one_of_the_design() {
        // docs/DOMAIN.md: one state at a time; while computed it is generated again, later it has to be reopened first.
        let ways = CycleState::ALL.iter().map(|from| {
            let to = from.steps().map(|step| letter(step.to)).collect::<String>();
            format!("{}→{to}", letter(*from))
        });
        let expected = ["c→f", "f→C", "C→s", "s→Cl", "l→Csm", "m→Cslh", "h→Cslmp", "p→CslmhL", "L→p"];
        assert_eq!(ways.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_people_were_shown_is_not_opened_by_who_runs_the_month() {
        for from in CycleState::ALL {
            for step in from.steps() {
                let by_hr = step.is_open_to(&[Role::Hr]);
                let expected = !(step.is_back() && step.from >= CycleState::Published);
                assert_eq!(by_hr, expected, "{step:?}");
                assert!(step.is_open_to(&[Role::GroupAdmin]), "{step:?}");
            }
        }
        assert!(CycleState::Published.step(CycleState::HrCheck).unwrap().is_open_to(&[Role::GeneralManager]));
        assert!(!CycleState::Locked.step(CycleState::Published).unwrap().is_open_to(&[Role::GeneralManager]));
    }

    #[test]
    fn a_move_that_is_none_says_which_state_it_would_take() {
        let problem = no_way(CycleState::Computed, CycleState::Published);
        let expected = "the cycle is in 'computed' and cannot be moved to 'published': \
                        that takes a cycle in 'hr_check', 'locked'";
        assert_eq!(problem.detail.to_string(), expected);
        let problem = no_way(CycleState::Published, CycleState::Collecting);
        assert!(problem.detail.to_string().ends_with("no cycle is moved there"), "{problem}");
    }
}
