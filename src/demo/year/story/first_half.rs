//! What happened from January to June.

use super::{LOCKED, Month, lead, managing, on, own};
use crate::demo::year::scene::{CALLS, Day, Deed, leading, sales};
use crate::reviews::appeals::AppealOutcome;
use crate::reviews::coefficient_sheets::Capacity;
use crate::reviews::improvement::ImprovementOutcome;

/// These months.
pub const MONTHS: &[Month] = &[
    // 一月：A02 申诉一起一般投诉，维持。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额完成一台，回访还要更及时；有一起客户投诉。"),
            own("leader", leading("A01"), "每周两次陪访，日报当天批完。"),
            own("telesales", CALLS, "线索当天跟进，邀约还有提升空间。"),
            lead("leader", sales("A02"), "试驾邀约主动，注意战败二次追踪。"),
            lead("leader", sales("A03"), "留档做得扎实。"),
            managing(leading("A01"), "带队有方，会议按时。"),
            managing(sales("A02"), "同意组长意见，投诉要吸取教训。"),
        ],
        untold: &[],
        silent: &[sales("A02")],
        events: &[
            on(8, 9, "consultant", Deed::See(sales("A02"))),
            on(
                8,
                10,
                "consultant",
                Deed::Appeal(sales("A02"), "70_complaints", "交车推迟是厂家发车晚了，不应算我的责任。"),
            ),
            on(10, 10, "gm", Deed::TakeUp(sales("A02"))),
            on(
                11,
                10,
                "gm",
                Deed::Decide(
                    sales("A02"),
                    AppealOutcome::Upheld,
                    None,
                    "客服回访记录：发车推迟三天前已知，没有告知客户。投诉属实，责任在我方，维持原评分。",
                ),
            ),
            on(12, 9, "consultant", Deed::Object(sales("A02"), "发车时间不由我定，保留意见。")),
        ],
    },
    // 二月：A12 评级 D，面谈，制定改进计划。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "春节后客流少，差两台；单据出了一次错。"),
            own("leader3", leading("A09"), "罗天成下滑明显，陪访次数要加。"),
            lead("leader", sales("A02"), "留档率保持住了，单据要自查。"),
            lead("leader3", sales("A12"), "回访和二次追踪都没跟上，三月重点帮扶。"),
            managing(leading("A09"), "组内差距大，把罗天成的改进抓起来。"),
        ],
        untold: &[],
        silent: &[],
        events: &[
            on(
                10,
                11,
                "leader3",
                Deed::Talk(
                    sales("A12"),
                    "销量不到六成，回访完成率七成；本人说老客户资料不全，不敢打电话。",
                    "三月起每天下班前补齐当天客户资料，每周陪访一次。",
                ),
            ),
            on(
                10,
                14,
                "leader3",
                Deed::Improve(
                    sales("A12"),
                    "连续两个月总分 65 以上，回访完成率 75% 以上。",
                    "每周一次陪访；二次追踪话术培训两次；结对马俊杰。",
                    [Day(2014, 4, 10), Day(2014, 5, 12)],
                ),
            ),
        ],
    },
    // 三月：A02 与组长面谈，双方确认。改进计划首次评估，延长。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "目标完成，回访还要更及时。"),
            own("leader", leading("A01"), "每周两次陪访，日报当天批完。"),
            own("telesales", CALLS, "线索当天跟进，到店转订单有进步。"),
            lead("leader", sales("A02"), "试驾邀约主动，注意战败二次追踪。"),
            lead("leader", sales("A03"), "留档做得扎实。"),
            managing(leading("A01"), "带队有方，会议按时。"),
            managing(sales("A02"), "同意组长意见。"),
            managing(CALLS, "到店率稳定。"),
        ],
        untold: &[],
        silent: &[],
        events: &[
            on(
                9,
                15,
                "leader",
                Deed::Talk(
                    sales("A02"),
                    "一季度稳定在 A；成交率还差一点到 S。",
                    "四月试着用置换政策留住犹豫的客户，五月冲 S。",
                ),
            ),
            on(10, 10, "consultant", Deed::ConfirmTalk(sales("A02"), "同意，置换政策请安排一次培训。")),
            on(
                10,
                15,
                "leader3",
                Deed::Assess(
                    sales("A12"),
                    ImprovementOutcome::Extended,
                    "三月 68.53，过了 65；只有一个月，回访还不稳，延长到六月看三个月。",
                    Some(Day(2014, 6, 10)),
                ),
            ),
        ],
    },
    // 四月：A11 收到客户表扬信，两人签字加 0.5 分。A09 看过没有回应，逾期自动确认。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "目标完成，五一前的意向客户都回访过了。"),
            own("leader2", leading("A05"), "四月抓 5S，还有死角。"),
            lead("leader", sales("A04"), "留档率下滑，每天接待后当场录入。"),
            lead("leader3", sales("A11"), "有客户来信表扬，服务细致。"),
            managing(leading("A05"), "5S 死角要落实到人。"),
        ],
        untold: &[],
        silent: &[sales("A09")],
        events: &[
            on(8, 9, "leader3", Deed::See(sales("A09"))),
            on(
                8,
                14,
                "manager",
                Deed::Adjust(
                    sales("A11"),
                    "80_conduct_skill",
                    50,
                    "客户表扬信（4 月 26 日），态度评分未计入。",
                ),
            ),
            on(9, 10, "gm", Deed::Approve(sales("A11"), "信已核实，同意。")),
            on(9, 17, "leader3", Deed::TellByHand(sales("A11"))),
        ],
    },
    // 五月：A05 申诉 5S，调整；先出的绩效系数表由补充表更正。A12 的改进计划结束，达成。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额一台，缺卡三次是外出试驾没补卡，以后当天补。"),
            own("leader2", sales("A05"), "销量完成；5S 两处不合格，有一处不是我的责任区。"),
            own("telesales", CALLS, "邀约到店率创了今年新高。"),
            lead("leader", sales("A02"), "五月冲到 S，很好。"),
            lead("leader2", sales("A06"), "旷工两天已谈话，家里有事要先请假。"),
            managing(sales("A05"), "5S 先按点检记录算，有异议走申诉。"),
        ],
        untold: &[],
        silent: &[sales("A05"), leading("A05")],
        events: &[
            on(10, 9, "leader2", Deed::See(sales("A05"))),
            on(
                10,
                10,
                "leader2",
                Deed::Appeal(
                    sales("A05"),
                    "60_five_s_uniform",
                    "第二处不合格在公共展车区，五月由展厅主管直管，不是二组的责任区。",
                ),
            ),
            on(
                10,
                10,
                "leader2",
                Deed::Evidence(
                    sales("A05"),
                    "展厅责任区划分（五月）.txt",
                    "公共展车区：展厅主管；1–4 号展位：一组；5–8 号展位：二组；9–12 号展位：三组。",
                ),
            ),
            on(
                10,
                11,
                "leader3",
                Deed::Assess(
                    sales("A12"),
                    ImprovementOutcome::Reached,
                    "三月 68.53、四月 68.08、五月 71.27，三个月都在 65 以上。",
                    None,
                ),
            ),
            on(10, 14, "gm", Deed::TakeUp(sales("A05"))),
            on(10, 15, "hr", Deed::Sheet),
            on(10, 15, "hr", Deed::Sign(Capacity::Hr)),
            on(10, 16, "gm", Deed::Sign(Capacity::GeneralManager)),
            on(
                11,
                10,
                "gm",
                Deed::Decide(
                    sales("A05"),
                    AppealOutcome::Adjusted,
                    Some(175),
                    "责任区表属实，公共展车区一处不计。5S 项由 6.50 调整为 8.25。",
                ),
            ),
            on(12, 9, "leader2", Deed::Confirm(sales("A05"))),
            on(12, 9, "leader2", Deed::Confirm(leading("A05"))),
        ],
    },
    // 六月：A07 休产假（六到八月没有成绩）。T01 申诉行为分，部分调整。A01 的一封表扬信算了两次，装不进这一项：两份成绩有关注项，
    // 人事具名放行，公布后更正、重算。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额一台，日志有三天没按时交。"),
            own("telesales", CALLS, "系统升级三天，线索跟进慢了。"),
            lead("leader", sales("A03"), "战败客户追得紧。"),
            lead("manager", CALLS, "升级期间手工登记做得好，到店率要补回来。"),
        ],
        untold: &["A07"],
        silent: &[CALLS, sales("A01"), leading("A01")],
        events: &[
            on(
                1,
                14,
                "hr",
                Deed::Adjust(
                    sales("A01"),
                    "80_conduct_skill",
                    40,
                    "客户表扬信（6 月 27 日，寄到集团），态度评分未计入。",
                ),
            ),
            on(1, 15, "group", Deed::Approve(sales("A01"), "信已核实，同意。")),
            on(
                1,
                16,
                "manager",
                Deed::Correct("ratings", "A01", &[("attitude_rating", "5")], "展厅主管补评 5 分，按表扬信"),
            ),
            on(1, 17, "hr", Deed::AcceptCorrections("补评表已收到。")),
            on(2, 9, "hr", Deed::Generate),
            on(
                7,
                9,
                "hr",
                Deed::Waive(
                    sales("A01"),
                    "表扬信在补评和加分里各算了一次，超过本项满分；补评表要重填，今天收不回来，先公布、不计总分，更正后重算。",
                ),
            ),
            on(7, 9, "hr", Deed::Waive(leading("A01"), "本人总分待更正，见销售顾问的成绩。")),
            on(
                8,
                9,
                "manager",
                Deed::Correct(
                    "ratings",
                    "A01",
                    &[("attitude_rating", "4.5")],
                    "补评重填：表扬信已另行加分，不再计入",
                ),
            ),
            on(8, 10, "hr", Deed::AcceptCorrections("重填的补评表已收到。")),
            on(8, 11, "gm", Deed::Recompute("A01 的态度评分已更正，按更正后的数重算。")),
            on(9, 9, "leader", Deed::Confirm(sales("A01"))),
            on(9, 9, "leader", Deed::Confirm(leading("A01"))),
            on(
                8,
                10,
                "telesales",
                Deed::Appeal(CALLS, "50_conduct", "系统升级三天是手工登记线索，没有漏一条，应当加 1 分。"),
            ),
            on(8, 15, "gm", Deed::TakeUp(CALLS)),
            on(
                9,
                10,
                "gm",
                Deed::Decide(
                    CALLS,
                    AppealOutcome::PartlyAdjusted,
                    Some(50),
                    "手工登记属实；有两条第二天才补录，加 0.5 分。",
                ),
            ),
            on(10, 9, "telesales", Deed::Confirm(CALLS)),
        ],
    },
];
