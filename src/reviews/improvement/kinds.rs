//! Words of improvement plans.

use crate::words::words;

words! {
    /// How far an improvement plan has come.
    pub enum ImprovementState in "improvement_plan.state" {
        /// Reviews propose it; nobody has made it.
        Proposed = "proposed" "建议",
        /// It runs.
        Open = "open" "进行中",
        /// It has been looked at once.
        FirstAssessed = "first_assessed" "已首次评估",
        /// It has been looked at twice.
        Closed = "closed" "已结束",
    }

    /// Why reviews propose an improvement plan.
    pub enum ImprovementCause in "improvement_plan.cause" {
        /// A grade D.
        GradeD = "grade_d" "评级为 D",
        /// A grade C in two rated months that follow each other.
        TwoC = "two_c" "连续两个月评级为 C",
    }

    /// What an improvement plan has come to.
    pub enum ImprovementOutcome in "improvement_assessment.outcome" {
        /// Its goals are reached.
        Reached = "reached" "达成",
        /// It takes longer.
        Extended = "extended" "延长",
        /// Its goals are not reached.
        NotReached = "not_reached" "未达成",
    }
}
