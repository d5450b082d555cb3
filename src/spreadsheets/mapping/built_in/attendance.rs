//! The monthly attendance summary, as DingTalk exports it.
//!
//! Required are 工号, 出勤天数 (of WeCom's report 正常天数), 迟到次数, 早退次数 and 旷工天数. The rest are optional: a kind of leave that has no column
//! has not been taken. DingTalk leaves zeros out, so an empty cell or a dash is zero, except in the columns that say how
//! many days there were to work and were worked: these are not guessed. Which kinds of leave there are, and whether they
//! are protected, is data.
//!
//! How often somebody was late may be said by how long it was, 10 分钟以内, 10-30 分钟, 30 分钟以上: these add up to how often.
//!
//! Absence may be counted instead of measured: 旷工次数 for 旷工天数, 旷工迟到次数 for 旷工迟到天数. Nobody is absent, or so
//! late that it counts as absence, more than once a day, so each one is a day; and the report says that it was read so.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::of_no_use;
use crate::diary::leave::LeaveType;
use crate::said::{Said, say};
use crate::spreadsheets::import::form::{EmptyCell, Foreign, FormColumn, Need, Note, To};
use crate::spreadsheets::import::header::Twins;
use crate::spreadsheets::import::number::Measure::{Count, Days, FineDays, Hours};
use crate::spreadsheets::import::reading::Reading;
use crate::spreadsheets::import::{AllLeave, Balance, Form, Schedule};

const ATTENDED: &str = "出勤天数";
/// WeCom's days without anything wrong, which say no more than that the sheet is its.
const FAULTLESS: &str = "正常天数";
const SCHEDULED: &str = "应出勤天数";
const RESTED: &str = "休息天数";
const ABSENCE: &str = "旷工天数";
const LATE_ABSENCE: &str = "旷工迟到天数";
const OVERTIME: &str = "加班总时长";
/// Leave of whatever kind.
const ALL_LEAVE: &str = "请假天数";
/// Days worked elsewhere.
const TRIPS: &str = "出差天数";
/// Hours worked elsewhere.
const TRIP_HOURS: &str = "出差时长";
/// The same, out of the house for a while.
const OUTINGS: &str = "外出天数";
const OUTING_HOURS: &str = "外出时长";

/// What may stand behind the name of a kind of leave: none of it makes another kind of it.
const BEHIND_LEAVE: &[&str] = &["天数", "天", "时长", "合计", "总天数"];

/// The parts of a kind of leave by how it is paid: what scores is their sum.
const BY_PAY: [&[&str]; 2] = [&["(带薪)", "(有薪)"], &["(扣薪)", "(无薪)", "(不带薪)", "(停薪)"]];

const PERSONAL_LEAVE: &str = "personal_leave_days";
const PROTECTED_LEAVE: &str = "protected_leave_days";
const ABSENT: &str = "absent_days";
const MISSED: &str = "missed_punches";
const OVERTIME_HOURS: &str = "overtime_hours";

/// The form of a monthly summary, whether a workbook or text.
pub(super) fn form(kind: &str, leave_types: &[LeaveType]) -> Form {
    let mut columns = super::person(Twins::Passed);
    columns.extend(days());
    columns.extend(tallies());
    columns.extend(overtime());
    columns.extend(leave_types.iter().flat_map(leave));
    columns.extend(explanations());
    Form {
        notes: vec![Note {
            without: &[SCHEDULED, RESTED],
            says: Said::fixed(
                "没有“应出勤天数”或“休息天数”列：应出勤天数不取自本文件，按工作日历",
                "there is no column 应出勤天数 or 休息天数: the days to work are not of this file, but of the working calendar",
            ),
        }],
        finish,
        no_use: of_no_use::beside_attendance,
        watches_leave: true,
        ..Form::new(kind, kind, columns)
    }
}

/// Days to work and days worked.
fn days() -> [FormColumn; 4] {
    let checked = |headers: &[&'static str]| FormColumn {
        to: To::Check,
        blank: EmptyCell::Fault,
        twins: Twins::Passed,
        ..FormColumn::optional("", FineDays, headers)
    };
    [
        checked(&[
            ATTENDED,
            "实际出勤天数",
            "实出勤天数",
            "实际出勤",
            "实出勤",
            "出勤",
            "出勤天数实际",
            "出勤实际",
            "实到天数",
            "实到",
            "实勤天数",
            "实际上班天数",
        ]),
        FormColumn {
            need: Need::Without(ATTENDED),
            blank: EmptyCell::Zero,
            note: Some(Said::fixed(
                "没有“出勤天数”列：应出勤与出勤、请假是否相符未核对",
                "there is no column 出勤天数: the days to work are not held against those worked and on leave",
            )),
            ..checked(&[FAULTLESS])
        },
        FormColumn {
            blank: EmptyCell::Fault,
            ..FormColumn::optional(
                "scheduled_days",
                Days,
                &[
                    SCHEDULED,
                    "应出勤",
                    "应出勤日数",
                    "应出勤日",
                    "应打卡天数",
                    "出勤天数标准",
                    "出勤标准",
                    "应到天数",
                    "应到",
                    "应勤天数",
                    "应上班天数",
                ],
            )
        },
        FormColumn { need: Need::Spare(&[SCHEDULED]), ..checked(&[RESTED, "休息日天数", "休息"]) },
    ]
}

/// What columns are called that count late arrivals, and early leaves, by how long these were.
const LATE_BANDS: [&str; 6] = ["迟到分段1", "迟到分段2", "迟到分段3", "迟到分段4", "迟到分段5", "迟到分段6"];
const EARLY_BANDS: [&str; 6] = ["早退分段1", "早退分段2", "早退分段3", "早退分段4", "早退分段5", "早退分段6"];

/// A count, whether as a whole or by how long each was.
fn in_bands(
    metric: &'static str,
    whole: &[&'static str],
    bands: [&'static str; 6],
    spare: &'static [&'static str],
    note: Said,
) -> impl Iterator<Item = FormColumn> {
    let [first, ..] = bands;
    let band = move |name| FormColumn {
        note: (name == first).then(|| note.clone()),
        ..FormColumn::tally(metric, Count, Need::Spare(spare), &[name])
    };
    let whole = FormColumn::tally(metric, Count, Need::Or(first), whole);
    std::iter::once(whole).chain(bands.into_iter().map(band))
}

fn tallies() -> Vec<FormColumn> {
    let late = in_bands(
        "late",
        &["迟到次数", "迟到", "上班迟到次数", "上班迟到"],
        LATE_BANDS,
        &["迟到次数"],
        Said::fixed(
            "没有“迟到次数”列：按时长分段的迟到次数，各段相加",
            "there is no column 迟到次数: late arrivals by how late they were are added up",
        ),
    );
    let early = in_bands(
        "early_leave",
        &["早退次数", "早退", "下班早退次数", "下班早退"],
        EARLY_BANDS,
        &["早退次数"],
        Said::fixed(
            "没有“早退次数”列：按时长分段的早退次数，各段相加",
            "there is no column 早退次数: early leaves by how early they were are added up",
        ),
    );
    late.chain(early).chain(counts()).collect()
}

fn counts() -> Vec<FormColumn> {
    vec![
        FormColumn::tally("severe_late", Count, Need::Optional, &["严重迟到次数", "严重迟到"]),
        FormColumn::tally(
            MISSED,
            Count,
            Need::Optional,
            &[
                "上班缺卡次数",
                "上班缺卡",
                "上班未打卡次数",
                "上班未打卡",
                "上班漏打卡",
                "未签到次数",
                "未签到",
            ],
        ),
        FormColumn::tally(
            MISSED,
            Count,
            Need::Optional,
            &[
                "下班缺卡次数",
                "下班缺卡",
                "下班未打卡次数",
                "下班未打卡",
                "下班漏打卡",
                "未签退次数",
                "未签退",
            ],
        ),
        FormColumn::tally(
            MISSED,
            Count,
            Need::Spare(&["上班缺卡次数", "下班缺卡次数"]),
            &[
                "缺卡次数",
                "缺卡",
                "缺卡总次数",
                "缺卡数",
                "未打卡次数",
                "未打卡",
                "漏打卡次数",
                "漏打卡",
                "漏卡",
                "忘打卡次数",
                "忘打卡",
                "忘记打卡",
            ],
        ),
        FormColumn::tally(ABSENT, Days, Need::Optional, &[ABSENCE, "旷工"]),
        FormColumn {
            note: Some(Said::fixed(
                "没有“旷工天数”列：按旷工次数，每次计 1 天",
                "there is no column 旷工天数: each time of 旷工次数 is a day",
            )),
            ..FormColumn::tally(ABSENT, Count, Need::Without(ABSENCE), &["旷工次数", "旷工"])
        },
        FormColumn::tally(ABSENT, Days, Need::Optional, &[LATE_ABSENCE, "旷工迟到"]),
        FormColumn {
            note: Some(Said::fixed(
                "没有“旷工迟到天数”列：按旷工迟到次数，每次计旷工 1 天",
                "there is no column 旷工迟到天数: each time of 旷工迟到次数 is a day of absence",
            )),
            ..FormColumn::tally(ABSENT, Count, Need::Spare(&[LATE_ABSENCE]), &["旷工迟到次数", "旷工迟到"])
        },
    ]
}

/// Overtime is kept and scores nothing: as a total, or by the kind of day.
fn overtime() -> Vec<FormColumn> {
    let source = |need, headers: &[&'static str]| FormColumn {
        foreign: Foreign::Noted,
        ..FormColumn::tally(OVERTIME_HOURS, Hours, need, headers)
    };
    let part = |headers: &[&'static str]| source(Need::Spare(&[OVERTIME]), headers);
    vec![
        source(
            Need::Optional,
            &[
                OVERTIME,
                "加班时长",
                "总加班时长",
                "加班时长合计",
                "加班合计",
                "加班小时数",
                "加班工时",
                "加班总工时",
                "加班",
            ],
        ),
        part(&[
            "工作日加班",
            "工作日加班时长",
            "平时加班",
            "平时加班时长",
            "加班工作日",
            "加班平时",
            "加班正常",
        ]),
        part(&["休息日加班", "休息日加班时长", "周末加班", "周末加班时长", "加班休息日", "加班周末"]),
        part(&[
            "节假日加班",
            "节假日加班时长",
            "法定节假日加班",
            "法定节假日加班时长",
            "加班节假日",
            "加班法定节假日",
            "加班特殊",
        ]),
    ]
}

/// Why days were not worked, whatever the kind of leave: it has to agree with what is read.
fn explanations() -> [FormColumn; 5] {
    let checked = |measure, foreign, headers: &[&'static str]| FormColumn {
        to: To::Check,
        twins: Twins::Ranked,
        foreign,
        ..FormColumn::tally("", measure, Need::Optional, headers)
    };
    // Hours elsewhere say that somebody was elsewhere, and no more.
    let hours = |headers| FormColumn {
        otherwise: Some(Decimal::ONE),
        ..checked(Hours, Foreign::PassedOver, headers)
    };
    let leave = [ALL_LEAVE, "请假", "请假合计", "请假总天数", "休假", "休假天数", "假期合计", "请假时长"];
    [
        checked(Days, Foreign::Faulty, &leave),
        checked(FineDays, Foreign::PassedOver, &[TRIPS, "出差"]),
        hours(&[TRIP_HOURS, "出差"]),
        checked(
            FineDays,
            Foreign::PassedOver,
            &[OUTINGS, "外出", "公出", "公出天数", "外勤天数", "因公外出"],
        ),
        hours(&[OUTING_HOURS, "外出", "公出", "公出时长", "外勤时长", "因公外出"]),
    ]
}

/// A column for each name: 陪产假 and 护理假 may stand beside each other, and are added up. Where a kind stands there by how
/// it is paid, and not as a whole, so are its parts.
fn leave(leave_type: &LeaveType) -> impl Iterator<Item = FormColumn> {
    let metric = if leave_type.is_protected { PROTECTED_LEAVE } else { PERSONAL_LEAVE };
    let column = move |headers: Vec<Cow<'static, str>>, part_of| FormColumn {
        blank: EmptyCell::Zero,
        twins: Twins::Compared,
        foreign: Foreign::Faulty,
        part_of,
        ..FormColumn::new(To::Metric(Cow::Borrowed(metric)), Days, headers)
    };
    let names = std::iter::once(&leave_type.name).chain(&leave_type.aliases);
    names.flat_map(move |name| {
        let behind =
            |words: &[&str]| words.iter().map(|word| Cow::Owned(format!("{name}{word}"))).collect::<Vec<_>>();
        let whole = std::iter::once(Cow::Owned(name.clone())).chain(behind(BEHIND_LEAVE)).collect();
        let parts = BY_PAY.map(|words| column(behind(words), Some(Cow::Owned(name.clone()))));
        std::iter::once(column(whole, None)).chain(parts)
    })
}

/// Derives the schedule, and faults a month with more days than the calendar has, or whose days do not add up.
fn finish(row: &mut Reading<'_>) {
    // A faulty cell is left out of the sums here, so what they exceed is exceeded all the more.
    let calendar = Decimal::from(row.period.days());
    refuse_too_much(row, calendar);
    let Some((attended, column)) = row.value(ATTENDED).map(|(days, column)| (days, column.to_owned())) else {
        return hold_leave(row);
    };
    let given = row.value(SCHEDULED).or_else(|| row.value(RESTED));
    let given = given.map(|(days, column)| (days, column.to_owned()));
    let period = row.period;

    if let Some((days, from)) = given.as_ref().filter(|(days, _)| *days > calendar) {
        let expected = say!(
            "不超过 {calendar} 天（{period} 的日历天数）",
            "no more than the {calendar} calendar days of {period}"
        );
        row.fault(Some(from), &days.to_string(), expected);
        return;
    }
    // DingTalk's 出勤天数 counts days attended; what was scheduled are the calendar days less the days of rest.
    let scheduled = match (row.value(SCHEDULED), given) {
        (Some((days, _)), _) => Some(days),
        (None, Some((rested, from))) => {
            row.add("scheduled_days", &from, calendar - rested);
            Some(calendar - rested)
        }
        (None, None) => None,
    };
    let leave = row.sum(PERSONAL_LEAVE) + row.sum(PROTECTED_LEAVE);
    let absent = row.sum(ABSENT);
    let total = attended + leave + absent;
    if total > calendar {
        let found = say!(
            "出勤 {attended} + 请假 {leave} + 旷工 {absent} = {total} 天",
            "attended {attended} + leave {leave} + absent {absent} = {total} days"
        );
        let expected = say!(
            "合计不超过 {calendar} 天（{period} 的日历天数）",
            "together no more than the {calendar} calendar days of {period}"
        );
        row.fault_of(Some(&column), found, expected);
    }
    if let Some(scheduled) = scheduled.filter(|scheduled| leave > *scheduled) {
        let expected =
            say!("请假不超过应出勤的 {scheduled} 天", "no more leave than the {scheduled} days to work");
        row.fault_of(None, say!("请假 {leave} 天", "{leave} days of leave"), expected);
    }
    // What else would be wrong with the sums follows from the cells that are.
    if row.is_faulty() {
        return;
    }
    let value = |header| row.value(header).map_or(Decimal::ZERO, |(value, _)| value);
    let schedule = match (row.value(SCHEDULED), scheduled) {
        (Some((days, _)), _) => Some(Schedule::Given(days)),
        (None, Some(_)) => Some(Schedule::Rested(value(RESTED))),
        (None, None) => None,
    };
    let balance = Balance {
        attended: Some((attended, column)),
        schedule,
        leave,
        all_leave: all_leave(row),
        absent,
        trips: value(TRIPS) + value(OUTINGS),
        // How many days hours of travel are is not known, and of a day with a missing punch half may not count.
        has_other_trips: !value(TRIP_HOURS).is_zero() || !value(OUTING_HOURS).is_zero(),
        missed_punches: row.sum(MISSED),
    };
    hold(row, balance, scheduled);
}

/// So many hours of overtime nobody has in a month.
const TOO_LONG: i64 = 150;

/// Faults minutes and yuan where arrivals are counted, and yuan where hours are measured.
fn refuse_too_much(row: &mut Reading<'_>, calendar: Decimal) {
    for metric in ["late", "severe_late", "early_leave"] {
        let times = row.sum(metric);
        let found = row.of_metric(metric).map(|(_, column)| column.to_owned()).filter(|_| times > calendar);
        if let Some(column) = found {
            let expected = say!(
                "次数，一个月不超过 {calendar} 次：像是分钟数或金额",
                "how often, at most {calendar} times a month: these may be minutes or yuan"
            );
            row.fault(Some(&column), &times.to_string(), expected);
        }
    }
    let hours = row.sum(OVERTIME_HOURS);
    let is_said = |column: &str| column.contains(['时', 'h', 'H']);
    let found = row.of_metric(OVERTIME_HOURS).map(|(_, column)| column.to_owned());
    if let Some(column) = found.filter(|column| hours > Decimal::from(TOO_LONG) && !is_said(column)) {
        let expected = say!(
            "加班小时数：表头没有写单位，像是金额",
            "hours of overtime: the header has no unit, and these may be yuan"
        );
        row.fault(Some(&column), &hours.to_string(), expected);
    }
}

/// Leave of all kinds together, if a column says it.
fn all_leave(row: &Reading<'_>) -> Option<AllLeave> {
    let said =
        |(said, column): (Decimal, &str), in_hours| AllLeave { said, in_hours, column: column.to_owned() };
    let in_days = row.value(ALL_LEAVE).map(|found| said(found, false));
    in_days.or_else(|| row.hours_of(ALL_LEAVE).map(|found| said(found, true)))
}

/// Holds leave of all kinds against the kinds in a sheet that says no more of days.
fn hold_leave(row: &mut Reading<'_>) {
    if row.is_faulty() {
        return;
    }
    let Some(all_leave) = all_leave(row) else { return };
    let balance = Balance {
        attended: None,
        schedule: None,
        leave: row.sum(PERSONAL_LEAVE) + row.sum(PROTECTED_LEAVE),
        all_leave: Some(all_leave),
        absent: Decimal::ZERO,
        trips: Decimal::ZERO,
        has_other_trips: false,
        missed_punches: Decimal::ZERO,
    };
    hold(row, balance, None);
}

/// Faults days that do not add up, or leaves it to who knows how long a day is and since when the person was posted.
fn hold(row: &mut Reading<'_>, balance: Balance, scheduled: Option<Decimal>) {
    let is_in_hours =
        row.has_hours() || balance.all_leave.as_ref().is_some_and(|all| all.in_hours && !all.said.is_zero());
    if is_in_hours || matches!(balance.schedule, Some(Schedule::Rested(_))) {
        row.balance = Some(Box::new(balance));
        return;
    }
    let fault = balance.fault(scheduled);
    if let Some((column, found, expected)) = fault {
        row.fault_of(Some(column), found, expected);
    }
}
