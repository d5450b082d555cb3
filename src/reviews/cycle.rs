//! The states of a review cycle: one store's month, from collecting facts to locked.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far a review cycle has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = State)]
pub enum CycleState {
    /// 收集数据: facts are being collected.
    Collecting,
    /// 数据冻结: the facts are frozen.
    Frozen,
    /// 已计分: reviews have been generated.
    Computed,
    /// 自评: people assess themselves.
    SelfReview,
    /// 组长评: team leaders assess.
    LeaderReview,
    /// 经理评: managers assess.
    ManagerReview,
    /// 人事复核: HR checks.
    HrCheck,
    /// 已公布: the reviews are published.
    Published,
    /// 已锁定: nothing changes any more.
    Locked,
}

impl CycleState {
    /// Every state, in the order in which a cycle passes them.
    pub const ALL: [Self; 9] = [
        Self::Collecting,
        Self::Frozen,
        Self::Computed,
        Self::SelfReview,
        Self::LeaderReview,
        Self::ManagerReview,
        Self::HrCheck,
        Self::Published,
        Self::Locked,
    ];

    /// The word in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collecting => "collecting",
            Self::Frozen => "frozen",
            Self::Computed => "computed",
            Self::SelfReview => "self_review",
            Self::LeaderReview => "leader_review",
            Self::ManagerReview => "manager_review",
            Self::HrCheck => "hr_check",
            Self::Published => "published",
            Self::Locked => "locked",
        }
    }

    /// The state called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// Whether reviews may be generated: once people have begun to comment on them, the cycle must be reopened first.
    pub fn may_generate(self) -> bool {
        self <= Self::Computed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_generation_ends_with_computed() {
        for state in CycleState::ALL {
            assert_eq!(CycleState::named(state.name()), Some(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        let open = CycleState::ALL.into_iter().filter(|state| state.may_generate()).map(CycleState::name);
        assert_eq!(open.collect::<Vec<_>>(), ["collecting", "frozen", "computed"]);
    }
}
