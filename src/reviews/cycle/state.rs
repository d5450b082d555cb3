//! The states of a review cycle: one store's month, from collecting facts to locked.

use crate::words::words;

words! {
    /// How far a review cycle has come, in the order in which it passes the states.
    #[schema(as = State)]
    pub enum CycleState in "review_cycle.state" {
        /// Facts are being collected.
        Collecting = "collecting" "收集数据",
        /// The facts are frozen.
        Frozen = "frozen" "数据冻结",
        /// Reviews have been generated.
        Computed = "computed" "已计分",
        /// People assess themselves.
        SelfReview = "self_review" "自评",
        /// Team leaders assess.
        LeaderReview = "leader_review" "组长评",
        /// Managers assess.
        ManagerReview = "manager_review" "经理评",
        /// HR checks.
        HrCheck = "hr_check" "人事复核",
        /// The reviews are published.
        Published = "published" "已公布",
        /// Nothing changes any more.
        Locked = "locked" "已锁定",
    }
}

impl CycleState {
    /// Whether reviews may be generated: once people have begun to comment on them, the cycle must be reopened first.
    pub fn may_generate(self) -> bool {
        self <= Self::Computed
    }

    /// Its place on the way, from 1: the column `review_cycle.stage`.
    pub const fn stage(self) -> i16 {
        self as i16 + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_and_generation_ends_with_computed() {
        for state in CycleState::ALL {
            assert_eq!(CycleState::named(state.name()), Some(*state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.name());
        }
        let open = CycleState::ALL.iter().filter(|state| state.may_generate()).map(|state| state.name());
        assert_eq!(open.collect::<Vec<_>>(), ["collecting", "frozen", "computed"]);
    }
}
