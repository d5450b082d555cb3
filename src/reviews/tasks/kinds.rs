//! The kinds of tasks.

use crate::words::words;

words! {
    /// What waits for somebody.
    pub enum TaskKind in "tasks" {
        /// The own review is to be assessed.
        SelfAssessment = "self_assessment" "写自评",
        /// A member's review is to be commented on.
        LeaderComment = "leader_comment" "写组长评",
        /// A review of the department is to be commented on.
        ManagerComment = "manager_comment" "写经理评",
        /// What was handed in has been given back, and is to be written anew.
        GivenBack = "given_back" "重写退回的内容",
        /// A month's facts are to be frozen.
        Freeze = "freeze" "冻结数据",
        /// A month's reviews are to be generated.
        Generate = "generate" "生成考核",
        /// A cycle is to be moved on.
        Move = "move" "推进考核周期",
        /// What a review has to be looked at for is to be cleared or waived.
        WaiveAttention = "waive_attention" "处理关注项",
        /// Reviews are to be answered for by name.
        HrCheck = "hr_check" "人事复核",
        /// The reviews of HR's own people are to be answered for by somebody else.
        CheckOfHr = "check_of_hr" "复核人事本人的考核",
        /// Corrections that came late are to be decided on.
        LateCorrections = "late_corrections" "审批迟到更正",
        /// An event is to be verified or rejected.
        VerifyEvent = "verify_event" "核实事件",
        /// A talk is to be confirmed.
        ConfirmTalk = "confirm_talk" "确认面谈记录",
        /// An improvement plan is to be assessed.
        AssessImprovement = "assess_improvement" "评估改进计划",
    }
}
