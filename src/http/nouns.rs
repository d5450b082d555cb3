//! What things are called of which there is none.

/// English and Chinese.
const NOUNS: &[(&str, &str)] = &[
    ("API key", "密钥"),
    ("activity", "培训、辅导或会议"),
    ("adjustment", "调整"),
    ("adjustment of yours", "由您提出的调整"),
    ("appeal", "申诉"),
    ("assignment", "任职"),
    ("backtest", "试算"),
    ("bundle", "规则包"),
    ("coefficient sheet", "绩效系数表"),
    ("column mapping", "列对应"),
    ("contribution", "评语"),
    ("daily sheet", "日报"),
    ("draft", "规则草稿"),
    ("earlier revision", "更早的版次"),
    ("employee", "员工"),
    ("erasure", "删除申请"),
    ("event", "事件"),
    ("evidence", "证据"),
    ("fact", "数据"),
    ("file", "文件"),
    ("improvement plan", "改进计划"),
    ("import under way", "进行中的导入"),
    ("kind of leave", "假别"),
    ("legal hold", "法律保留"),
    ("plan", "计划"),
    ("proposal", "提案"),
    ("protection", "保护性假期的决定"),
    ("published month of this person", "已公布的月份"),
    ("published review", "已公布的考核"),
    ("rebate policy", "返利政策"),
    ("recomputation", "重算"),
    ("release", "规则发布版本"),
    ("review", "考核"),
    ("review cycle", "考核月份"),
    ("scheme", "考核方案"),
    ("store", "门店"),
    ("talk", "面谈"),
    ("team leadership", "组长任命"),
    ("thing", "内容"),
    ("unit", "单位"),
    ("user", "登录账号"),
    ("work report", "总结或计划"),
];

/// The Chinese name of a thing.
pub(super) fn in_chinese(noun: &str) -> &str {
    NOUNS.iter().find(|(english, _)| *english == noun).map_or("内容", |(_, chinese)| chinese)
}
