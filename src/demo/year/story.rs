//! What happened in 2014, in the words in which people wrote it: a table. How a month is lived otherwise stands beside it.

use super::scene::{CALLS, Day, Deed, Of, leading, sales};
use crate::reviews::appeals::AppealOutcome;
use crate::reviews::coefficient_sheets::Capacity;
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;
use crate::reviews::improvement::ImprovementOutcome;

/// A month.
#[derive(Debug)]
pub struct Month {
    /// How far it is lived.
    pub until: CycleState,
    /// What people wrote before it was published.
    pub words: &'static [Word],
    /// Members whom their leader did not tell, because there was nothing to tell or nobody to be found.
    pub untold: &'static [&'static str],
    /// Reviews that were not confirmed on the day after publication.
    pub silent: &'static [Of],
    /// What happened besides.
    pub events: &'static [Event],
}

/// What somebody wrote about a review.
#[derive(Debug)]
pub struct Word {
    /// By which login.
    pub login: &'static str,
    /// What it is.
    pub kind: ContributionKind,
    /// About which review.
    pub of: Of,
    /// What it says.
    pub text: &'static str,
}

/// What somebody did on a day.
#[derive(Debug)]
pub struct Event {
    /// The day of the month after, from 1.
    pub day: u64,
    /// The hour.
    pub hour: u32,
    /// By which login.
    pub login: &'static str,
    /// What.
    pub deed: Deed,
}

const fn word(login: &'static str, kind: ContributionKind, of: Of, text: &'static str) -> Word {
    Word { login, kind, of, text }
}

/// A person's word about the own month.
const fn own(login: &'static str, of: Of, text: &'static str) -> Word {
    word(login, ContributionKind::SelfAssessment, of, text)
}

/// A leader's word about a member; the sales manager's, where nobody leads.
const fn lead(login: &'static str, of: Of, text: &'static str) -> Word {
    word(login, ContributionKind::LeaderComment, of, text)
}

/// The sales manager's word.
const fn managing(of: Of, text: &'static str) -> Word {
    word("manager", ContributionKind::ManagerComment, of, text)
}

const fn on(day: u64, hour: u32, login: &'static str, deed: Deed) -> Event {
    Event { day, hour, login, deed }
}

/// Who received the rules, and by which login: those who have one by themselves, the others on paper from HR.
pub const RECEIPTS: &[(&str, Option<&str>)] = &[
    ("leader", None),
    ("consultant", None),
    ("leader2", None),
    ("leader3", None),
    ("telesales", None),
    ("hr", Some("A03")),
    ("hr", Some("A04")),
    ("hr", Some("A06")),
    ("hr", Some("A07")),
    ("hr", Some("A08")),
    ("hr", Some("A10")),
    ("hr", Some("A11")),
    ("hr", Some("A12")),
];

const PUBLISHED: CycleState = CycleState::Published;
const LOCKED: CycleState = CycleState::Locked;

/// January to December.
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
            managing(leading("A09"), "组内差距大，把 A12 的改进抓起来。"),
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
                    "每周一次陪访；二次追踪话术培训两次；结对 A10。",
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
    // 六月：A07 休产假（六到八月没有成绩）。T01 申诉行为分，部分调整。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额一台，日志有三天没按时交。"),
            own("telesales", CALLS, "系统升级三天，线索跟进慢了。"),
            lead("leader", sales("A03"), "战败客户追得紧。"),
            lead("manager", CALLS, "升级期间手工登记做得好，到店率要补回来。"),
        ],
        untold: &["A07"],
        silent: &[CALLS],
        events: &[
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
    // 七月：A02 有一台车漏登，更正采纳后重算。A12 评级 D，三次联系不上，无法送达。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "31 号交的一台系统里好像没有，请核对。"),
            own("leader", leading("A01"), "七月淡季，组里把老客户都回访了一遍。"),
            lead("leader", sales("A02"), "淡季保持住了。"),
            lead("leader3", sales("A12"), "七月销量不到六成，八月每天看他的回访。"),
            managing(leading("A01"), "老客户回访值得推广。"),
        ],
        untold: &["A07", "A12"],
        silent: &[sales("A02")],
        events: &[
            on(
                8,
                10,
                "consultant",
                Deed::Appeal(
                    sales("A02"),
                    "10_sales_attainment",
                    "7 月 31 日交车一台，DMS 8 月 1 日才录，七月少算一台。",
                ),
            ),
            on(8, 11, "gm", Deed::TakeUp(sales("A02"))),
            on(
                8,
                15,
                "clerk",
                Deed::Correct(
                    "A02",
                    &[("deliveries", 11), ("accessory_revenue", 25_300), ("insurance_policies", 9)],
                    "7 月 31 日交车一台，DMS 8 月 1 日补录",
                ),
            ),
            on(11, 10, "hr", Deed::AcceptCorrections("交车确认单日期为 7 月 31 日。")),
            on(
                11,
                11,
                "gm",
                Deed::Decide(
                    sales("A02"),
                    AppealOutcome::Recomputed,
                    None,
                    "交车数已更正为 11 台，按更正后的数重算。",
                ),
            ),
            on(
                11,
                16,
                "leader3",
                Deed::OutOfReach(sales("A12"), "8 月 8 日、9 日、11 日三次电话无人接听，成绩单已寄 EMS。"),
            ),
            on(12, 9, "consultant", Deed::Confirm(sales("A02"))),
            on(12, 10, "leader", Deed::Confirm(leading("A01"))),
        ],
    },
    // 八月：A08 评级 D，拒签；制定改进计划。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "目标完成。"),
            own("leader2", leading("A05"), "吴海涛情绪低落，要多谈。"),
            own("telesales", CALLS, "暑期线索质量一般，有效率下降。"),
            lead("leader2", sales("A08"), "回访、二次追踪都只有一半多，需要改进计划。"),
            managing(leading("A05"), "同意给 A08 做改进计划。"),
        ],
        untold: &["A07"],
        silent: &[],
        events: &[
            on(
                10,
                10,
                "leader2",
                Deed::Talk(
                    sales("A08"),
                    "本人认为分到的线索差，不同意评级；说明了评分依据和申诉办法。",
                    "九月起线索按轮次分，每周一起看一次录音。",
                ),
            ),
            on(
                10,
                14,
                "leader2",
                Deed::Improve(
                    sales("A08"),
                    "总分 60 以上，二次追踪完成率 70% 以上，不再旷工。",
                    "每周一次录音点评；跟岗 A05 两天；产品知识补考。",
                    [Day(2014, 10, 10), Day(2014, 12, 9)],
                ),
            ),
            on(
                11,
                10,
                "leader2",
                Deed::Refuse(sales("A08"), "认为线索分配不公，不签。", ["谢文博", "曹玉兰"]),
            ),
        ],
    },
    // 九月：A10 一起重大投诉，一票否决到 C。A08 首次评估。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额一台，冲回 S。"),
            own("leader3", leading("A09"), "重大投诉暴露交车检查不严，已整改。"),
            lead("leader3", sales("A10"), "业务没问题，交车前检查漏项造成重大投诉。"),
            lead("leader", sales("A02"), "国庆前锁单做得好。"),
            managing(leading("A09"), "交车检查单要组长签字。"),
        ],
        untold: &[],
        silent: &[],
        events: &[
            on(
                9,
                15,
                "leader3",
                Deed::Talk(
                    sales("A10"),
                    "讲了投诉经过和一票否决的规定；本人认可，愿意向客户当面道歉。",
                    "交车检查单逐项签字，十月不再发生。",
                ),
            ),
            on(
                10,
                15,
                "leader2",
                Deed::Assess(
                    sales("A08"),
                    ImprovementOutcome::Reached,
                    "九月 62.40，过了 60，没有旷工；十一月再看。",
                    None,
                ),
            ),
        ],
    },
    // 十月：A09 申诉后查清无误，撤回。
    Month {
        until: LOCKED,
        words: &[
            own("consultant", sales("A02"), "超额一台；单据又错一次，已重新核对模板。"),
            own("leader3", sales("A09"), "国庆成交好，试驾登记可能少一次。"),
            own("telesales", CALLS, "国庆期间线索多，24 小时跟进没跟上。"),
            lead("leader", sales("A04"), "进步明显，继续。"),
            lead("manager", CALLS, "节假日要排两个人值线索。"),
        ],
        untold: &[],
        silent: &[sales("A09")],
        events: &[
            on(
                10,
                10,
                "leader3",
                Deed::Appeal(sales("A09"), "20_funnel_kpi", "10 月 4 日有一次试驾好像没登记。"),
            ),
            on(11, 10, "leader3", Deed::Withdraw(sales("A09"), "查了登记本，那次已经算上。")),
            on(11, 11, "leader3", Deed::Confirm(sales("A09"))),
        ],
    },
    // 十一月：已公布。A08 旷工三天，评级 D，改进计划结束，未达成。T01 的申诉待补材料；绩效系数表等总经理签。
    Month {
        until: PUBLISHED,
        words: &[
            own("consultant", sales("A02"), "目标完成，又回到 S。"),
            own("leader2", leading("A05"), "吴海涛旷工三天，组里补位。"),
            own("telesales", CALLS, "周末两天的线索周一才分下来。"),
            lead("leader", sales("A02"), "稳定，可以带新人了。"),
            lead("leader2", sales("A08"), "旷工三天，电话不接，已按制度谈话。"),
            lead("manager", CALLS, "全年最高分，第一次到 A。"),
            managing(leading("A05"), "A08 的情况年底前要有结论。"),
        ],
        untold: &[],
        silent: &[sales("A02"), sales("A09"), CALLS],
        events: &[
            on(9, 9, "leader3", Deed::See(sales("A09"))),
            on(9, 9, "consultant", Deed::See(sales("A02"))),
            on(
                9,
                10,
                "telesales",
                Deed::Appeal(
                    CALLS,
                    "10_follow_up",
                    "11 月 8 日、9 日是周末，线索周一才分下来，不应算 24 小时未跟进。",
                ),
            ),
            on(
                9,
                15,
                "leader2",
                Deed::Assess(
                    sales("A08"),
                    ImprovementOutcome::NotReached,
                    "十一月旷工三天，总分 53.75，没有达到目标。",
                    None,
                ),
            ),
            on(
                9,
                16,
                "leader2",
                Deed::Improve(
                    sales("A06"),
                    "总分 75 以上，回访完成率 85% 以上。",
                    "二次追踪话术培训；每周一次陪访；结对 A07。",
                    [Day(2015, 1, 12), Day(2015, 2, 12)],
                ),
            ),
            on(10, 9, "gm", Deed::TakeUp(CALLS)),
            on(10, 9, "gm", Deed::AskForMaterial(CALLS, "请提供 11 月 8 日、9 日线索的分配时间。")),
            on(10, 14, "hr", Deed::Sheet),
            on(10, 14, "hr", Deed::Sign(Capacity::Hr)),
        ],
    },
    // 十二月：组长评。自评交齐，组长评有的交了，一份还是草稿。
    Month {
        until: CycleState::LeaderReview,
        words: &[
            own("consultant", sales("A02"), "除二月外每个月都完成了目标，明年想带新人。"),
            own("leader", sales("A01"), "年底冲量完成，日志按时。"),
            own("leader", leading("A01"), "一组全年达成，会议一次没落。"),
            own("leader2", sales("A05"), "年底冲量超额，5S 责任区已落实。"),
            own("leader2", leading("A05"), "二组差距还是大，明年继续帮扶。"),
            own("leader3", sales("A09"), "下半年稳定，十二月冲到 S。"),
            own("leader3", leading("A09"), "交车检查单坚持了三个月，没有再出重大投诉。"),
            own("telesales", CALLS, "年底线索多、人手少，到店率下来了。"),
            lead("leader", sales("A02"), "全年最稳定的顾问。"),
            lead("leader", sales("A03"), "年底冲量积极，二次追踪还可以再紧一点。"),
            lead("leader2", sales("A06"), "有进步，离 75 只差一点。"),
        ],
        untold: &[],
        silent: &[],
        events: &[on(
            5,
            13,
            "leader",
            Deed::Draft(ContributionKind::LeaderComment, sales("A04"), "下半年进步明显，……（还没写完）"),
        )],
    },
];
