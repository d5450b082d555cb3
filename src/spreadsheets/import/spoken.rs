//! Words for other spans than a month: `一季度`, `年累计`, `5月上旬`, `第19周`.

use super::span::{LEAP_YEAR, Mention, mentions};

/// Spans of more than a month, unless a month is named beside them.
const LONGER: &[&str] = &["季度", "季报", "上半年", "下半年", "半年", "全年", "个月"];

/// Values that add up since the beginning of the year.
const SINCE: &[&str] = &["年累计", "至今", "累计表", "累计数", "累计报表", "截至目前"];

/// Spans of less than a month.
const SHORTER: &[&str] =
    &["上旬", "中旬", "下旬", "旬报", "上半月", "下半月", "周报", "本周", "上周", "双周"];

/// The month or the year before.
const BEFORE: &[&str] = &["上月", "上个月", "去年", "上年", "同期"];

/// What a table of plans is called at its end, rather than one of results.
const PLANNED: &[&str] = &["目标", "任务", "计划", "预测", "预算", "分解"];

/// A day's values, unless they are gathered: 日报汇总.
const OF_A_DAY: &[&str] = &["日报", "每日统计"];

/// What the text says where it speaks of another span than one month.
pub(super) fn other_span(text: &str) -> Option<String> {
    let is_note = ["注", "说明", "备注"].iter().any(|word| text.starts_with(word));
    let mentions = mentions(text, LEAP_YEAR);
    let is_of_month =
        || mentions.iter().any(|said| matches!(said, Mention::Month(_) | Mention::MonthOfYear(_)));
    let is_span = mentions.iter().any(|said| matches!(said, Mention::Months | Mention::Unclear));
    let is_since =
        SINCE.iter().any(|word| text.contains(word)) || text.ends_with("累计") && !text.ends_with("月累计");
    // 截止5月31日累计销量, but 5月累计 and 本月累计 are the month's.
    let adds_up =
        |(at, _): (usize, &str)| !text.get(..at).is_some_and(|before| before.ends_with(['月', '期']));
    let is_since = is_since || !is_of_month() && text.match_indices("累计").any(adds_up);
    let is_longer = (LONGER.iter().any(|word| text.contains(word)) || is_quarter(text)) && !is_of_month();
    let is_of_a_day = OF_A_DAY.iter().any(|word| text.contains(word)) && !text.contains("汇总");
    let is_alone =
        |text: &str| !text.contains(|c: char| c.is_ascii_digit() || matches!(c, ':' | '：' | '比'));
    let is_before = BEFORE.iter().any(|word| text.starts_with(word)) && is_alone(text);
    let is_shorter = SHORTER.iter().any(|word| text.contains(word)) || is_week(text) || is_of_a_day;
    (!is_note && (is_span || is_since || is_longer || is_before || is_shorter))
        .then(|| text.chars().take(60).collect())
}

/// Whether the text says that what it is about is what should be, and not what has been: 5月目标, 销售任务分解表.
pub(super) fn is_plan(text: &str) -> bool {
    let text = text.trim_end_matches(['表', '单']);
    PLANNED.iter().any(|word| text.ends_with(word)) && !text.contains(['：', ':'])
}

/// Whether the text speaks of more than one month, or of all since some day: rows below it may each be of their own.
pub(super) fn is_longer(text: &str) -> bool {
    let mentions = mentions(text, LEAP_YEAR);
    mentions.contains(&Mention::Months)
        || LONGER.iter().chain(SINCE).any(|word| text.contains(word))
        || text.contains("累计")
        || text.contains("年度")
        || is_quarter(text)
}

/// Q2, 2014Q2.
fn is_quarter(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    text.match_indices('q').any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let mut after = text.get(at + 1..).unwrap_or_default().chars();
        !before.is_some_and(|c| c.is_ascii_alphabetic())
            && after.next().is_some_and(|c| ('1'..='4').contains(&c))
            && !after.next().is_some_and(|c| c.is_ascii_alphanumeric())
    })
}

/// 第19周, 第三周, Week 19, WK19.
fn is_week(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let numbered = |word: &str| {
        lower.match_indices(word).any(|(at, _)| {
            let after = lower.get(at + word.len()..).unwrap_or_default();
            after.trim_start_matches([' ', '-']).starts_with(|c: char| c.is_ascii_digit())
        })
    };
    if numbered("week") || numbered("wk") {
        return true;
    }
    text.match_indices('第').any(|(at, _)| {
        let after = text.get(at + '第'.len_utf8()..).unwrap_or_default();
        let number = |c: char| c.is_numeric() || "一二三四五六七八九十 ".contains(c);
        after.starts_with(number) && after.trim_start_matches(number).starts_with('周')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_are_known() {
        for text in ["2014年5月目标", "5月销售任务分解表", "销量预测"] {
            assert!(is_plan(text), "{text}");
        }
        for text in ["5月目标完成情况", "年度目标 1000万元 2014年5月", "任务：完成 30 台", "目标达成表"]
        {
            assert!(!is_plan(text), "{text}");
        }
    }

    #[test]
    fn other_spans_are_known() {
        for text in [
            "1-3月",
            "1月至3月累计",
            "一至三月",
            "2014年一季度",
            "本年累计",
            "2015年1～2月漏斗",
            "上半年",
            "3月上旬",
            "销售周报（第19周）",
            "第三周",
            "2014-02~2014-03",
            "2014Q2 sales",
            "Week 19, 2014",
            "WK19",
            "2014年前5个月",
            "2014年1月1日至今",
            "截止3月31日累计销量",
            "3月31日销售日报",
            "上月销量",
            "去年同期",
            "上下班打卡_日报",
        ] {
            assert!(other_span(text).is_some(), "{text}");
        }
        for text in [
            "2014年3月考勤",
            "2015年2月1日 至 2015年2月28日",
            "3月1日-3月31日",
            "2014-03月",
            "本月累计",
            "注：累计迟到 3 次计旷工",
            "2014年3月（一季度）",
            "第2次培训，周末班",
            "3月累计交车",
            "本月累计（含二网）",
            "2014年度3月",
            "3月日报汇总",
            "上月库存：30",
            "去年同期对比",
            "SQ4 Q5",
        ] {
            assert_eq!(other_span(text), None, "{text}");
        }
    }
}
