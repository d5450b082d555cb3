//! What happened from July to December.

use super::{LOCKED, Month, PUBLISHED, lead, managing, on, own};
use crate::demo::year::scene::{CALLS, Day, Deed, leading, sales};
use crate::reviews::appeals::AppealOutcome;
use crate::reviews::coefficient_sheets::Capacity;
use crate::reviews::contributions::ContributionKind;
use crate::reviews::cycle::CycleState;
use crate::reviews::improvement::ImprovementOutcome;

/// These months.
pub const MONTHS: &[Month] = &[
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
                    "dms",
                    "A02",
                    &[("deliveries", "11"), ("accessory_revenue", "25300"), ("insurance_policies", "9")],
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
            managing(leading("A05"), "同意给吴海涛做改进计划。"),
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
                    "每周一次录音点评；跟岗刘建国两天；产品知识补考。",
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
            managing(leading("A05"), "吴海涛的情况年底前要有结论。"),
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
                    "二次追踪话术培训；每周一次陪访；结对周婷婷。",
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
