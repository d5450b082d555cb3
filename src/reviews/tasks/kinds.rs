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
        /// The rules that score the month are to be received.
        ReceiveRules = "receive_rules" "签收规则",
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
        /// An adjustment that somebody else proposed is to be decided on.
        DecideAdjustment = "decide_adjustment" "决定调整",
        /// Corrections that came late are to be decided on.
        LateCorrections = "late_corrections" "审批迟到更正",
        /// An event is to be verified or rejected.
        VerifyEvent = "verify_event" "核实事件",
        /// Somebody who was not told in the program is to be told in another way.
        TellByHand = "tell_by_hand" "当面告知",
        /// The own review is to be confirmed or objected to.
        AnswerReview = "answer_review" "确认考核",
        /// An appeal is to be taken up.
        TakeUpAppeal = "take_up_appeal" "受理申诉",
        /// Material is to be brought for the own appeal.
        BringMaterial = "bring_material" "补充材料",
        /// An appeal is to be decided.
        DecideAppeal = "decide_appeal" "决定申诉",
        /// Published reviews are to be computed again for corrections that were accepted.
        Recompute = "recompute" "重算考核",
        /// A coefficient sheet is to be made, or its supplement.
        MakeSheet = "make_sheet" "编制系数表",
        /// A coefficient sheet is to be signed off by HR.
        SignSheet = "sign_sheet" "签批系数表",
        /// A coefficient sheet that HR has signed is to be signed by the general manager.
        CountersignSheet = "countersign_sheet" "批准系数表",
        /// A published review is to be talked about.
        HoldTalk = "hold_talk" "面谈",
        /// A talk is to be confirmed.
        ConfirmTalk = "confirm_talk" "确认面谈记录",
        /// An improvement plan that a review proposes is to be made.
        MakeImprovement = "make_improvement" "制定改进计划",
        /// An improvement plan is to be assessed.
        AssessImprovement = "assess_improvement" "评估改进计划",
        /// An improvement plan whose maker has gone is to be assessed by somebody else.
        TakeOverImprovement = "take_over_improvement" "接手改进计划",
    }
}
