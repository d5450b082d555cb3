//! What it means to a person that a constraint of the database refuses something.

use crate::said::Said;

/// Constraints by their names.
pub(super) const CONSTRAINTS: &[(&str, Said)] = &[
    ("org_unit_code_unique", Said::fixed("已经有单位用了这个代码", "a unit with this code already exists")),
    (
        "employee_no_unique",
        Said::fixed("已经有员工用了这个工号", "an employee with this employee_no already exists"),
    ),
    (
        "employee_no_any_case",
        Said::fixed(
            "已经有员工用了这个工号；工号不分大小写",
            "an employee with this employee_no already exists; upper and lower case are the same",
        ),
    ),
    (
        "assignment_no_overlap",
        Said::fixed(
            "这名员工在其中一些日子已经担任这个岗位",
            "the employee already holds this position on some of these days",
        ),
    ),
    (
        "team_leadership_no_overlap",
        Said::fixed(
            "这个组在其中一些日子已经有这样的组长",
            "the team already has such a leader on some of these days",
        ),
    ),
    ("user_account_login_unique", Said::fixed("这个登录名已被使用", "this login is already taken")),
    (
        "api_key_name",
        Said::fixed(
            "这个名称的密钥正在使用：先撤销它，或换一个名称",
            "a key of this name is in use: revoke it first, or choose another name",
        ),
    ),
    (
        "user_account_employee_unique",
        Said::fixed("这名员工已经有登录账号", "the employee already has a login"),
    ),
    (
        "annual_plan_version_unique",
        Said::fixed("别人刚刚建了计划的这一版", "somebody else has just created this version of the plan"),
    ),
    (
        "annual_plan_one_draft",
        Said::fixed(
            "这份计划已经有一份草稿，请先提交、批准或删除它",
            "there is already a draft of this plan; submit, approve or delete it first",
        ),
    ),
    (
        "annual_plan_one_in_force",
        Said::fixed("计划的另一版刚刚被批准", "another version of this plan has just been approved"),
    ),
    (
        "annual_plan_four_eyes",
        Said::fixed("计划不能由编制人自己批准", "a plan is never approved by its author"),
    ),
    (
        "plan_proposal_one_open",
        Said::fixed(
            "这个单位已经有一份待定的提案，请先撤回，或等它有决定",
            "a proposal for this unit is open already; withdraw it, or have it decided, first",
        ),
    ),
    ("fact_day", Said::fixed("这一天不在该月之内", "the day is not in the month")),
    (
        "month_close_pkey",
        Said::fixed("这个月刚刚被别人关账", "the month has just been frozen by somebody else"),
    ),
    (
        "late_correction_one_pending",
        Said::fixed(
            "别人刚刚对同一个数提出了更正",
            "somebody else has just proposed a correction of the same value",
        ),
    ),
    (
        "late_correction_four_eyes",
        Said::fixed(
            "提出更正的人不能自己决定，请由别人决定",
            "whoever proposed a correction never decides on it: ask somebody else",
        ),
    ),
    (
        "column_mapping_name_unique",
        Said::fixed("已经有这个名字的列对应", "a column mapping of this name already exists"),
    ),
    (
        "event_external_unique",
        Said::fixed("别人刚刚上报了这件事", "somebody else has just reported this event"),
    ),
    (
        "event_step_four_eyes",
        Said::fixed(
            "事件不能由上报人自己核实或驳回",
            "an event is never verified or rejected by the person who reported it",
        ),
    ),
    (
        "event_step_not_own",
        Said::fixed(
            "事件不能由当事人自己核实或驳回",
            "an event is never verified or rejected by the person it is about",
        ),
    ),
    ("event_step_once", Said::fixed("您已经对这件事作过决定", "you have already decided on this event")),
    (
        "work_report_once",
        Said::fixed(
            "您刚刚在别处交过这份总结或计划",
            "you have just handed in this report from somewhere else",
        ),
    ),
    (
        "work_report_review_once",
        Said::fixed("这份总结或计划已经批阅过", "the report has already been reviewed"),
    ),
    (
        "daily_sheet_revision",
        Said::fixed("您刚刚在别处写过这份日报", "you have just written this sheet from somewhere else"),
    ),
    (
        "review_cycle_unique",
        Said::fixed(
            "这家门店这个月的考核已经开了",
            "the review cycle of this store and month already exists",
        ),
    ),
    ("review_contribution_one", Said::fixed("别人刚刚交了", "somebody else has just handed it in")),
    (
        "review_contribution_draft",
        Said::fixed("您刚刚在别处写过", "you have just written it from somewhere else"),
    ),
    (
        "adjustment_four_eyes",
        Said::fixed(
            "提出调整的人不能自己决定，请由别人决定",
            "whoever proposed an adjustment never decides on it: ask somebody else",
        ),
    ),
    (
        "adjustment_one_open",
        Said::fixed("这一项已经有一个调整待定", "an adjustment of this item waits for a decision already"),
    ),
    ("appeal_one_open", Said::fixed("这一项已经有一个申诉未结", "an appeal of this item is open already")),
    ("review_waiver_pkey", Said::fixed("别人刚刚放行了", "somebody else has just waived it")),
    (
        "review_talk_two_people",
        Said::fixed("面谈不能由被面谈的人自己记录", "a talk is never recorded by the person it was with"),
    ),
    (
        "review_talk_two_logins",
        Said::fixed("面谈不能由记录人自己确认", "a talk is never confirmed by who recorded it"),
    ),
    (
        "improvement_plan_one_running",
        Said::fixed(
            "此人这个方案已经有一份进行中的改进计划",
            "an improvement plan of this person and scheme is running already",
        ),
    ),
    (
        "improvement_plan_of_another",
        Said::fixed("不能给自己制定改进计划", "nobody makes an improvement plan for themselves"),
    ),
    ("improvement_assessment_once", Said::fixed("别人刚刚评定了它", "somebody else has just assessed it")),
    (
        "improvement_assessment_of_another",
        Said::fixed("不能评定自己的改进计划", "nobody assesses the own improvement plan"),
    ),
    (
        "review_revision_unique",
        Said::fixed("别人刚刚生成了这些考核", "somebody else has just generated these reviews"),
    ),
    (
        "review_one_current",
        Said::fixed("别人刚刚生成了这些考核", "somebody else has just generated these reviews"),
    ),
    (
        "review_acknowledgement_answered",
        Said::fixed("别人刚刚登记了答复", "somebody else has just recorded an answer"),
    ),
    ("review_acknowledgement_seen_once", Said::fixed("刚刚已阅", "it has just been seen")),
    (
        "review_acknowledgement_own",
        Said::fixed("只有被考核人本人可以这样答复", "only the person reviewed says this"),
    ),
    (
        "review_acknowledgement_not_own",
        Said::fixed("不能为自己的考核登记这一项", "nobody records this about the own review"),
    ),
    ("rule_receipt_once", Said::fixed("这份签收已经登记过", "this receipt has been recorded already")),
    ("coefficient_sheet_number", Said::fixed("别人刚刚做了这张表", "somebody else has just made this sheet")),
    (
        "coefficient_line_basis",
        Said::fixed(
            "有等级的系数为 0，而系数表上不能写 0：请更正考核方案",
            "a grade has the coefficient 0, and a sheet never says 0: correct the scheme",
        ),
    ),
    (
        "coefficient_line_replaced_once",
        Said::fixed("别人刚刚做了这张表", "somebody else has just made this sheet"),
    ),
    (
        "coefficient_sheet_sign_off_pkey",
        Said::fixed("别人刚刚以这个身份签了字", "somebody else has just signed it off in this capacity"),
    ),
    (
        "coefficient_sheet_sign_off_two",
        Said::fixed(
            "您已经在这张表上签过字：另一个签字要由别人来签",
            "you have signed this sheet off already: the other signature is somebody else's",
        ),
    ),
    (
        "coefficient_sheet_sign_off_order",
        Said::fixed("人事先签字，总经理后签字", "HR signs a sheet off before the general manager does"),
    ),
    (
        "leave_protection_four_eyes",
        Said::fixed(
            "提出的人不能自己决定，请由别人决定",
            "whoever said it never decides on it: ask somebody else",
        ),
    ),
    (
        "leave_protection_one_open",
        Said::fixed(
            "这种假别已经有一项待定",
            "something said of this kind of leave waits for a decision already",
        ),
    ),
    (
        "legal_hold_four_eyes",
        Said::fixed(
            "设保留的人不能自己解除，请由别人解除",
            "whoever placed a hold never releases it: ask somebody else",
        ),
    ),
    (
        "erasure_four_eyes",
        Said::fixed(
            "提出删除的人不能自己决定：请撤回，或由别人决定",
            "whoever proposed an erasure never decides on it: withdraw it, or ask somebody else",
        ),
    ),
    (
        "erasure_one_open",
        Said::fixed(
            "此人的数据已经有一项删除待定",
            "an erasure of this person's data waits for a decision already",
        ),
    ),
    ("erasure_once", Said::fixed("此人的数据已经删除", "this person's data has been erased already")),
    (
        "erased_month_stays_erased",
        Said::fixed(
            "此人这个月的数据已经删除，合计保留：不能再添加",
            "the person's data of this month has been erased, and its sums have stayed: nothing is added to it",
        ),
    ),
    (
        "erased_month_stays_locked",
        Said::fixed(
            "这个月的考核已经删除，不能重算：它保持锁定",
            "reviews of this month have been erased and cannot be computed again: it stays locked",
        ),
    ),
];
