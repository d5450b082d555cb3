//! The monthly attendance summary, as DingTalk exports it.
//!
//! Required are 工号, 出勤天数, 迟到次数, 早退次数, 旷工天数, and 应出勤天数 or 休息天数. The rest are optional: a kind of
//! leave that has no column has not been taken. DingTalk leaves zeros out, so an empty cell or a dash is zero, except
//! in the columns that say how many days there were to work and were worked: these are not guessed.

use rust_decimal::Decimal;

use super::number::Measure::{self, Count, Days};
use super::sheet::{Blank, Form, Keep, Need, Reading, Source};

/// The workbook, with its title.
pub(super) static DINGTALK: Form = Form { sources: SOURCES, titled: true, finish };

/// The same as text, which has often lost its title.
pub(super) static TEXT: Form = Form { sources: SOURCES, titled: false, finish };

const ATTENDED: &str = "出勤天数";
const SCHEDULED: &str = "应出勤天数";
const RESTED: &str = "休息天数";

const PERSONAL_LEAVE: &str = "personal_leave_days";
const PROTECTED_LEAVE: &str = "protected_leave_days";
const ABSENT: &str = "absent_days";

static SOURCES: &[Source] = &[
    Source {
        headers: &[ATTENDED, "实际出勤天数", "实出勤天数"],
        measure: Days,
        keep: Keep::ToCheck,
        need: Need::Required,
        blank: Blank::Fault,
    },
    Source {
        headers: &[SCHEDULED, "应出勤", "应出勤日数"],
        measure: Days,
        keep: Keep::As("scheduled_days"),
        need: Need::Optional,
        blank: Blank::Fault,
    },
    Source {
        headers: &[RESTED, "休息日天数"],
        measure: Days,
        keep: Keep::ToCheck,
        need: Need::Without(SCHEDULED),
        blank: Blank::Fault,
    },
    tally("late", Count, Need::Required, &["迟到次数"]),
    tally("severe_late", Count, Need::Optional, &["严重迟到次数"]),
    tally("early_leave", Count, Need::Required, &["早退次数"]),
    tally("missed_punches", Count, Need::Optional, &["上班缺卡次数", "上班缺卡"]),
    tally("missed_punches", Count, Need::Optional, &["下班缺卡次数", "下班缺卡"]),
    tally(ABSENT, Days, Need::Required, &["旷工天数"]),
    tally(ABSENT, Days, Need::Optional, &["旷工迟到天数"]),
    tally(PERSONAL_LEAVE, Days, Need::Optional, &["事假", "事假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["病假", "病假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["年假", "年假天数", "年休假"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["调休", "调休天数", "调休假"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["婚假", "婚假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["产假", "产假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["陪产假", "陪产假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["丧假", "丧假天数"]),
    tally(PROTECTED_LEAVE, Days, Need::Optional, &["工伤", "工伤假", "工伤天数", "工伤假天数"]),
];

const fn tally(
    metric: &'static str,
    measure: Measure,
    need: Need,
    headers: &'static [&'static str],
) -> Source {
    Source { headers, measure, keep: Keep::As(metric), need, blank: Blank::Zero }
}

/// Derives the schedule, and faults a month with more days than the calendar has.
fn finish(row: &mut Reading<'_>) {
    // A faulty cell is left out of the sums here, so what they exceed is exceeded all the more.
    let calendar = Decimal::from(row.period.days());
    let Some((attended, column)) = row.value(ATTENDED).map(|(days, column)| (days, column.to_owned())) else {
        return;
    };
    let given = row.value(SCHEDULED).or_else(|| row.value(RESTED));
    let Some((given, from)) = given.map(|(days, column)| (days, column.to_owned())) else { return };
    let month = format!("不超过 {calendar} 天（{} 的日历天数）", row.period);

    if given > calendar {
        row.fault(Some(&from), &given.to_string(), month);
        return;
    }
    // DingTalk's 出勤天数 counts days attended; what was scheduled are the calendar days less the days of rest.
    let scheduled = match row.value(SCHEDULED) {
        Some((days, _)) => days,
        None => {
            row.add("scheduled_days", &from, calendar - given);
            calendar - given
        }
    };
    let leave = row.sum(PERSONAL_LEAVE) + row.sum(PROTECTED_LEAVE);
    let absent = row.sum(ABSENT);
    let total = attended + leave + absent;
    if total > calendar {
        let found = format!("出勤 {attended} + 请假 {leave} + 旷工 {absent} = {total} 天");
        row.fault(Some(&column), &found, format!("合计{month}"));
    }
    if leave > scheduled {
        row.fault(None, &format!("请假 {leave} 天"), format!("请假不超过应出勤的 {scheduled} 天"));
    }
}
