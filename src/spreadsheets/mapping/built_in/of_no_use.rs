//! What sheets have that is of no use here, whatever stands in it: nobody is asked about it. One place for all of it, by the
//! headers in normal form, a group and its part joined by `/`; worksheets are called `工作表“…”`.

use crate::spreadsheets::import::header::{is_bounded, name};

/// Numbers that are nobody's performance.
const ABOUT_THE_PERSON: &[&str] = &[
    "序号",
    "行号",
    "编号",
    "no",
    "no.",
    "id",
    "userid",
    "账号",
    "帐号",
    "工号",
    "考勤号",
    "考勤号码",
    "登记号",
    "登记号码",
    "机器号",
    "设备号",
    "卡号",
    "银行卡号",
    "身份证",
    "身份证号",
    "身份证号码",
    "手机",
    "手机号",
    "手机号码",
    "电话",
    "电话号码",
    "联系电话",
    "联系方式",
    "年龄",
    "工龄",
    "司龄",
    "部门编号",
    "部门编码",
    "门店编号",
    "门店代码",
    "门店编码",
    "店代码",
    "经销商代码",
    "经销商编号",
    "组号",
    "邮编",
    "年",
    "年份",
    "月",
    "月份",
    "年月",
    "期间",
    "workdate",
];

/// What follows from other columns, is of other months, or is what should be rather than what is: anywhere in a header.
const DERIVED: &[&str] = &[
    "率",
    "占比",
    "百分比",
    "排名",
    "名次",
    "同比",
    "环比",
    "同期",
    "去年",
    "上年",
    "上月",
    "上周",
    "目标",
    "日期",
    "%",
];

/// Of attendance: what is measured beside the days and counts that score, and what is left of something.
const BESIDE_ATTENDANCE: &[&str] = &[
    "工作时长",
    "工作时数",
    "工时",
    "迟到时长",
    "早退时长",
    "旷工时长",
    "旷工迟到时长",
    "异常时长",
    "补卡",
    "审批打卡",
    "打卡次数",
    "打卡天数",
    "外勤",
    "地点异常",
    "设备异常",
    "异常合计",
    "异常天数",
    "异常次数",
    "正常天数",
    "正常次数",
    "签到时间",
    "签退时间",
    "签到地点",
    "签退地点",
    "签到次数",
    "签退次数",
    "排班",
    "请假次数",
    "休假次数",
    "假次数",
    "余额",
    "剩余",
    "结余",
    "可用",
    "应休",
    "未休",
    "可休",
    "享有",
    "额度",
    "结转",
    "请假合计",
    "考勤结果",
    "打卡明细",
    "考勤明细",
    "每日考勤",
    "每日统计",
    "转调休",
    "转加班费",
    "计为调休",
    "计为加班费",
    "审批单",
    "分数",
    "班次",
    "班内",
    "夜班",
    "餐",
];

/// Of attendance: money.
const MONEY: &[&str] = &[
    "工资",
    "薪",
    "奖金",
    "津贴",
    "补贴",
    "补助",
    "扣款",
    "罚款",
    "全勤奖",
    "实发",
    "应发",
    "社保",
    "公积金",
    "个税",
    "加班费",
    "费用",
];

/// Worksheets that come with those of attendance.
const BESIDE_THE_SUMMARY: &[&str] =
    &["每日统计", "日报", "打卡时间", "打卡记录", "原始记录", "考勤明细", "明细", "排班", "刷卡", "说明"];

/// Whether a column is of no use in any sheet.
pub(in crate::spreadsheets) fn anywhere(header: &str) -> bool {
    let part = name(header.rsplit('/').next().unwrap_or(header));
    ABOUT_THE_PERSON.contains(&part.text.as_str())
        || part.unit.as_deref() == Some("%")
        || DERIVED.iter().any(|word| header.contains(word))
}

/// Whether a column is of no use in a sheet of attendance.
pub(super) fn beside_attendance(header: &str) -> bool {
    let has = |words: &[&str]| words.iter().any(|word| header.contains(word));
    if let Some(worksheet) = header.strip_prefix("工作表") {
        return BESIDE_THE_SUMMARY.iter().any(|word| worksheet.contains(word));
    }
    let part = name(header.rsplit('/').next().unwrap_or(header));
    let is_in_minutes = matches!(part.unit.as_deref(), Some("分钟" | "分" | "秒" | "元"));
    // 带薪调休(天) is no money, and 未签到(次) nothing beside: what is counted in days or times may be meant.
    let is_counted = matches!(part.unit.as_deref(), Some("天" | "日" | "次"));
    let is_money = has(MONEY) && !is_counted;
    // 旷工迟到(60分钟以上) is no length of time, but what was so long.
    let is_in_minutes = is_in_minutes || header.contains("分钟") && !is_bounded(header);
    anywhere(header) || is_in_minutes || has(BESIDE_ATTENDANCE) || is_money || is_day(&part.text)
}

/// A day of the month, as the columns of its days are called: 1, 01日, 05-01, 2014/5/1, 1星期四.
fn is_day(text: &str) -> bool {
    let text = ["星期", "周", "("].iter().fold(text, |text, mark| text.split(mark).next().unwrap_or(text));
    let parts = text.trim_end_matches(['日', '号']).split(['-', '/', '.', '月', '年']).collect::<Vec<_>>();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let day = parts.last().and_then(|day| day.parse::<u32>().ok());
    parts.len() <= 3 && parts.iter().all(is_number) && day.is_some_and(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_attendance_is_known() {
        for header in [
            "工作时长(分钟)",
            "迟到时长",
            "考勤概况/标准工作时长(小时)",
            "假勤统计/补卡次数(次)",
            "加项工资/标准",
            "实得工资",
            "考勤结果/1",
            "打卡明细/1星期四",
            "31",
            "05-01",
            "2014/5/1",
            "1日",
            "迟到/分钟",
            "年假余额",
            "序号",
            "工作表“每日统计”",
            "加班时长(转调休)/工作日(转调休)",
            "出勤率",
        ] {
            assert!(beside_attendance(header), "{header}");
        }
        for header in [
            "未到岗",
            "公出(天)",
            "探亲",
            "加班天数",
            "32",
            "工作表“五月”",
            "其他(天)",
            "培训(天)",
            "旷工迟到(60分钟以上)",
        ] {
            assert!(!beside_attendance(header), "{header}");
        }
        for header in ["精品额", "二手车置换", "毛利", "经理评分", "到店", "合计"] {
            assert!(!anywhere(header), "{header}");
        }
    }
}
