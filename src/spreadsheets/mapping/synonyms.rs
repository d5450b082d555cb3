//! Other words that showrooms have for what a column holds, in the normal form of headers.

use super::built_in;

/// What the column of names is called.
pub(super) const NAME: &[&str] =
    &["姓名", "员工姓名", "顾问姓名", "销售顾问", "员工", "顾问", "销售员", "人员", "人员姓名", "name"];

/// What the column of days is called.
pub(super) const DAY: &[&str] = &[
    "日期",
    "业务日期",
    "发生日期",
    "统计日期",
    "交车日期",
    "订单日期",
    "考试日期",
    "检查日期",
    "日",
    "day",
    "date",
];

/// What the column of the system's own ids is called.
pub(super) const EXTERNAL_ID: &[&str] = &[
    "单号",
    "订单号",
    "订单编号",
    "单据号",
    "单据编号",
    "流水号",
    "外部编号",
    "记录编号",
    "合同号",
    "工单号",
    "投诉单号",
    "externalid",
    "external_id",
];

/// What metrics of the shipped catalogue are called besides their labels and the words of the funnel.
const METRICS: &[(&str, &[&str])] = &[
    ("deliveries", &["销量", "提车数", "零售量"]),
    ("first_visits", &["首次进店"]),
    ("captured_leads", &["建档数"]),
    ("visitors", &["进店量", "客流量"]),
    ("orders", &["签单数"]),
    ("callbacks_done", &["回访数", "回访量"]),
    ("accessory_revenue", &["精品营业额"]),
    ("loans", &["按揭台数"]),
    ("exam_score", &["考试", "考试分数", "考试得分", "考核成绩", "笔试成绩", "成绩"]),
    ("attitude_rating", &["态度", "工作态度", "态度得分"]),
    ("ssi_score", &["ssi", "ssi得分", "满意度", "满意度得分"]),
    ("scheduled_days", &["应出勤", "应出勤日数"]),
    ("late", &["迟到次数"]),
    ("early_leave", &["早退次数"]),
    ("missed_punches", &["缺卡次数", "忘打卡", "漏打卡"]),
    ("absent_days", &["旷工天数"]),
    ("personal_leave_days", &["事假天数"]),
    ("training_hours", &["学时", "培训小时", "培训时长", "培训课时"]),
    ("uniform_violations", &["工装违规次数", "工装不合格", "着装违规"]),
    ("raw_leads", &["线索", "线索数", "线索量", "原始线索数"]),
    ("valid_leads", &["有效线索数"]),
    ("invited_arrivals", &["邀约到店数", "邀约进店"]),
    ("trade_ins", &["置换台数", "置换数"]),
];

/// The other words for a metric.
pub(super) fn of(metric: &str) -> impl Iterator<Item = &'static str> {
    let known = METRICS.iter().find(|(name, _)| *name == metric).map_or(&[][..], |(_, words)| *words);
    known.iter().chain(built_in::words(metric)).copied()
}
