//! Whose rows they are: finding people by 工号, and telling whoever corrects the file where that does not work out.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Sheet;
use crate::auth::{Context, Identity};
use crate::diary::work_calendar;
use crate::http::Problem;
use crate::ledger::metric::{Catalogue, is_target, nearest, needs_verification};
use crate::ledger::{self, Entry, ReachedPerson, SaidOf, beyond_within, is_own_judgement};
use crate::period::Period;
use crate::said::{Said, say};
use crate::spreadsheets::import::number::half_width;
use crate::spreadsheets::import::{Balance, Cell, Fault, Hours, Schedule, SheetRow, TableHeader};

/// So many rows' people are looked up at a time.
const LOOKED_UP: usize = 50_000;

/// So many pairs of 工号 are compared for hints: a file of strangers in a large group is the wrong file.
const MAX_COMPARISONS: usize = 20_000_000;

/// A sheet whose people are found.
#[derive(Default)]
pub(super) struct Addressed {
    /// Rows without a fault.
    pub rows: Vec<AddressedRow>,
    pub faults: Vec<Fault>,
    /// People of whom another row is faulty: what the file says of them is not all.
    pub refused: HashSet<i64>,
    /// What there is to know about how the file is read.
    pub notes: Vec<Said>,
}

/// A row with whose it is.
pub(super) struct AddressedRow {
    pub employee_id: i64,
    pub row: SheetRow,
}

impl AddressedRow {
    /// A value of it, as it is recorded.
    pub fn entry(&self, cell: &Cell) -> Entry {
        Entry {
            day: self.row.day,
            external_id: self.row.external_id.as_deref().map(str::to_owned),
            ..Entry::total(self.employee_id, &*cell.column.metric, cell.value)
        }
    }

    /// What it says in a cell.
    pub fn said<'a>(&self, cell: &'a Cell) -> SaidOf<'a> {
        let is_total = self.row.day.is_none() && self.row.external_id.is_none();
        let total = Some(cell.value).filter(|_| is_total);
        SaidOf { employee_id: self.employee_id, metric: &cell.column.metric, total }
    }
}

/// Finds the people of the rows, as far as the caller reaches. A row of somebody else, by its number or its name, is
/// faulty, and so is one with a value that the metric cannot have, that only counts once somebody else has verified it, or
/// that nobody enters about themselves.
pub(super) async fn address(
    cx: &mut Context,
    catalogue: &Catalogue,
    period: Period,
    sheet: Sheet,
) -> Result<Addressed, Problem> {
    let Sheet { header, rows, faults, mut refused, .. } = sheet;
    let scope = cx.scope.clone();
    let by = cx.identity.clone();
    let checks = Checks { catalogue, period, today: cx.today(), header: &header, by: by.as_ref() };
    let mut addressed = Addressed { faults, notes: header.notes.clone(), ..Addressed::default() };
    addressed.rows.reserve(rows.len());
    let (mut colleagues, mut compared, mut left_out) = (None, 0, BTreeSet::new());
    let mut rows = rows.into_iter().peekable();
    while rows.peek().is_some() {
        let chunk = rows.by_ref().take(LOOKED_UP).collect::<Vec<_>>();
        let employee_nos = chunk.iter().map(|row| row.employee_no.to_string()).collect::<Vec<_>>();
        let people = ledger::people(cx.db(), period, &employee_nos, Some(&scope)).await?;
        let reached = people.iter().filter(|person| person.is_reached);
        let people: HashMap<&str, &ReachedPerson> =
            reached.map(|one| (one.employee_no.as_str(), one)).collect();
        let balanced = chunk.iter().filter(|row| row.balance.is_some());
        let balanced = balanced.filter_map(|row| Some(people.get(&*row.employee_no)?.id)).collect::<Vec<_>>();
        let posted = ledger::posted_days(cx.db(), period, &balanced).await?;
        let timed = chunk.iter().filter(|row| has_hours(row));
        let timed = timed.filter_map(|row| Some(people.get(&*row.employee_no)?.id)).collect::<Vec<_>>();
        let day_hours = work_calendar::day_hours(cx.db(), period, &timed).await?;
        for mut row in chunk {
            let Some(person) = people.get(&*row.employee_no) else {
                let known = match colleagues.take() {
                    Some(known) => known,
                    None => ledger::employee_nos(cx.db(), period, Some(&scope)).await?,
                };
                compared += known.len();
                let near = if compared <= MAX_COMPARISONS { known.as_slice() } else { &[] };
                addressed.faults.push(stranger(&header, row, near));
                colleagues = Some(known);
                continue;
            };
            let is_collected = |cell: &Cell| catalogue.find(&cell.column.metric).is_some();
            if !row.values.iter().all(is_collected) {
                let (kept, foreign) = row.values.into_iter().partition::<Vec<_>, _>(is_collected);
                left_out.extend(foreign.into_iter().map(|cell| cell.column.shown.clone()));
                row.values = kept.into();
            }
            let mut faults = checks.faults(&row, person);
            let day_hours = day_hours.get(&person.id).copied();
            let mut late = days_of_hours(&mut row, day_hours);
            late.extend(
                row.balance.as_mut().and_then(|balance| all_leave_in_days(row.row, balance, day_hours)),
            );
            if late.is_empty() {
                faults.extend(balance(&mut row, posted.get(&person.id).copied().unwrap_or(0)));
            }
            faults.extend(late);
            match faults.is_empty() {
                true => addressed.rows.push(AddressedRow { employee_id: person.id, row }),
                false => {
                    refused.insert(row.employee_no);
                    addressed.faults.extend(faults);
                }
            }
        }
    }
    let of_refused = addressed.rows.iter().filter(|one| refused.contains(&one.row.employee_no));
    addressed.refused = of_refused.map(|one| one.employee_id).collect();
    addressed.faults.sort_by_key(|fault| fault.row);
    let note = |column| {
        say!(
            "指标目录中没有“{column}”列的指标，未读取",
            "the catalogue has no metric for '{column}': it is not read"
        )
    };
    addressed.notes.extend(left_out.into_iter().map(note));
    Ok(addressed)
}

/// What a row is checked for once its person is known.
struct Checks<'a> {
    catalogue: &'a Catalogue,
    period: Period,
    today: NaiveDate,
    header: &'a TableHeader,
    /// Who asks; none is the operator.
    by: Option<&'a Identity>,
}

impl Checks<'_> {
    fn faults(&self, row: &SheetRow, person: &ReachedPerson) -> Vec<Fault> {
        let fault = |column: Option<String>, found: String, expected: Said| Fault {
            row: Some(row.row),
            column,
            found: Said::same(found),
            expected,
        };
        let name = row.name.as_deref().filter(|name| !is_same_person(name, &person.name));
        let misnamed = name.map(|name| {
            let (no, own) = (&person.employee_no, &person.name);
            let expected = say!("{own}（工号 {no} 是{own}）", "{own} (who has the number {no})");
            fault(self.header.name.clone(), name.to_owned(), expected)
        });
        let refused = row.values.iter().filter_map(|cell| {
            let metric = cell.column.metric.as_str();
            let expected = match self.catalogue.read(metric, cell.value) {
                Err(expected) => expected.about(&say!("指标目录允许的值", "what the catalogue allows")),
                Ok(_) if self.by.is_some() && needs_verification(metric, cell.value) => say!(
                    "0，或作为事件上报：须由其他人核实后才计入",
                    "0, or an event: it counts once somebody else has verified it"
                ),
                Ok(_) if is_own_judgement(self.by, self.catalogue.source_of(metric), person.id) => say!(
                    "空：评价和目标由其他人录入，本人不录自己的",
                    "nothing: ratings and targets are entered by others, and not by whom they are of"
                ),
                Ok(_) => return None,
            };
            Some(fault(Some(cell.column.shown.clone()), cell.value.to_string(), expected))
        });
        let early = person.not_yet(self.period, row.day).map(|_| {
            let from = person.posted_from.map(|day| day.to_string()).unwrap_or_default();
            let found = row.day.map_or_else(|| self.period.to_string(), |day| day.to_string());
            fault(
                Some(self.header.employee_no.clone()),
                found,
                say!(
                    "{from} 及以后：{}从那天起在岗",
                    "{from} or later: from that day on {} is posted",
                    person.name
                ),
            )
        });
        misnamed
            .into_iter()
            .chain(early)
            .chain(self.ahead(row))
            .chain(refused)
            .chain(self.beyond(row))
            .collect()
    }

    /// Totals of a row that are larger than another one there of which they are a part.
    fn beyond(&self, row: &SheetRow) -> Vec<Fault> {
        let is_total = row.day.is_none() && row.external_id.is_none();
        let values = row.values.iter().filter(|_| is_total);
        let beyond =
            beyond_within(self.catalogue, values.map(|cell| (cell.column.metric.as_str(), cell.value)));
        let faults = beyond.into_iter().filter_map(|(at, by)| {
            let (cell, bound) = (row.values.get(at)?, row.values.get(by)?);
            let (shown, most) = (&bound.column.shown, bound.value);
            let expected = say!(
                "不大于“{shown}”的 {most}：它是其中的一部分",
                "no more than the {most} of '{shown}', of which it is a part"
            );
            let column = Some(cell.column.shown.clone());
            Some(Fault { row: Some(row.row), column, found: Said::same(cell.value.to_string()), expected })
        });
        faults.collect()
    }

    /// What is wrong with a row that says what has been on a day, or in a month, that has not begun.
    fn ahead(&self, row: &SheetRow) -> Option<Fault> {
        let Self { period, today, header, .. } = self;
        let fault = |column, found: String, expected| {
            Some(Fault { row: Some(row.row), column, found: Said::same(found), expected })
        };
        if !period.has_begun(*today) {
            let cell = row.values.iter().find(|cell| !is_target(&cell.column.metric))?;
            let expected = say!(
                "目标：{period} 还没有开始（今天是 {today}），没有实际的数",
                "targets only: {period} has not begun (today is {today}), and nothing has been in it"
            );
            return fault(Some(cell.column.shown.clone()), cell.value.to_string(), expected);
        }
        let day = row.day.filter(|day| day > today)?;
        let column = header.day.clone().or_else(|| Some(header.employee_no.clone()));
        fault(column, day.to_string(), say!("今天（{today}）及以前的日期", "a day up to today ({today})"))
    }
}

/// Whether anything of a row stands in hours, in the place of days.
fn has_hours(row: &SheetRow) -> bool {
    let all_leave = row.balance.as_ref().and_then(|balance| balance.all_leave.as_ref());
    !row.hours.is_empty() || all_leave.is_some_and(|all| all.in_hours)
}

/// Makes days of leave of all kinds, so that it can be held against the kinds.
fn all_leave_in_days(row: u32, balance: &mut Balance, day_hours: Option<Decimal>) -> Option<Fault> {
    let leave = balance.leave;
    let all = balance.all_leave.as_mut().filter(|all| all.in_hours)?;
    if all.said.is_zero() {
        all.in_hours = false;
        return None;
    }
    let Some(length) = day_hours.filter(|length| !length.is_zero()) else {
        let (column, found) = (Some(all.column.clone()), Said::same(all.said.normalize().to_string()));
        return Some(Fault { row: Some(row), column, found, expected: BY_DAYS });
    };
    // Hours are compared, for a day of eight hours has no exact third.
    all.said = match leave.checked_mul(length) {
        Some(hours) if hours == all.said => leave,
        _ => all.said.checked_div(length).unwrap_or_default().round_dp(2).normalize(),
    };
    all.in_hours = false;
    None
}

/// What has to stand in the place of hours where nobody has said how many a day has.
const BY_DAYS: Said = Said::fixed(
    "以“天”为单位的数；要按小时导入，请先在门店的工作日历中写明一天几小时（day_minutes）",
    "days; to import hours, say first in the store's working calendar how long a day is (day_minutes)",
);

/// Makes days of what stands in hours, by the length of a day where the person works.
fn days_of_hours(row: &mut SheetRow, day_hours: Option<Decimal>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for Hours { column, hours } in std::mem::take(&mut row.hours) {
        let days = day_hours.and_then(|length| hours.checked_div(length)).map(|days| days.normalize());
        let halves = days.filter(|days| (days * Decimal::TWO).fract().is_zero());
        let Some(days) = halves else {
            let expected = match day_hours {
                Some(length) => {
                    say!("半天的倍数（一天 {} 小时）", "half days (a day has {} hours)", length.normalize())
                }
                None => BY_DAYS,
            };
            let (row, found) = (Some(row.row), Said::same(hours.normalize().to_string()));
            faults.push(Fault { row, column: Some(column.shown.clone()), found, expected });
            continue;
        };
        match row.values.iter_mut().find(|cell| cell.column.metric == column.metric) {
            Some(cell) => cell.value = (cell.value + days).normalize(),
            None => {
                let values = std::mem::take(&mut row.values).into_iter();
                row.values = values.chain([Cell { column, value: days }]).collect();
            }
        }
        if let Some(balance) = &mut row.balance {
            balance.leave = (balance.leave + days).normalize();
        }
    }
    faults
}

/// Takes days of rest from the days on which the person was posted, and says where the days do not add up: who joined on
/// the 19th and rested twice was to work 11 days of May, and not 29.
fn balance(row: &mut SheetRow, posted: u32) -> Option<Fault> {
    let balance = row.balance.take()?;
    let at = row.row;
    let fault = |column: Option<&str>, found, expected| {
        Some(Fault { row: Some(at), column: column.map(str::to_owned), found, expected })
    };
    let column = balance.attended.as_ref().map(|(_, column)| column.as_str());
    let scheduled = match balance.schedule {
        Some(Schedule::Rested(rested)) => {
            let scheduled = Decimal::from(posted) - rested;
            if scheduled < Decimal::ZERO {
                let found = say!("休息 {rested} 天", "{rested} days of rest");
                let expected =
                    say!("不超过在岗的 {posted} 天", "no more than the {posted} days of the posting");
                return fault(column, found, expected);
            }
            if let Some(cell) = row.values.iter_mut().find(|cell| cell.column.metric == "scheduled_days") {
                cell.value = scheduled;
            }
            Some(scheduled)
        }
        Some(Schedule::Given(scheduled)) => Some(scheduled),
        None => None,
    };
    if let Some((leave, scheduled)) =
        scheduled.map(|days| (balance.leave, days)).filter(|(leave, days)| leave > days)
    {
        let expected =
            say!("请假不超过应出勤的 {scheduled} 天", "no more leave than the {scheduled} days to work");
        return fault(column, say!("请假 {leave} 天", "{leave} days of leave"), expected);
    }
    let (column, found, expected) = balance.fault(scheduled)?;
    fault(Some(column), found, expected)
}

fn stranger(header: &TableHeader, row: SheetRow, colleagues: &[String]) -> Fault {
    let written = row.employee_no.strip_suffix(".0").unwrap_or(&row.employee_no);
    let is_number = written.bytes().all(|byte| byte.is_ascii_digit());
    let same_number = |known: &&String| known.trim_start_matches('0') == written && is_number;
    let foreign = row.employee_no.chars().find(|c| looks_latin(*c));
    let expected = match (colleagues.iter().find(same_number), foreign.map(u32::from)) {
        (Some(whole), _) if whole.len() == written.len() => say!(
            "本月在岗员工的工号，像是被当作了数：{whole}？请把该列设为文本",
            "the number of somebody who is posted in the month; is {whole} meant, made a number? Make the column text"
        ),
        (Some(whole), _) => say!(
            "本月在岗员工的工号，像是丢了前面的 0：{whole}？请把该列设为文本",
            "the number of somebody who is posted in the month; has {whole} lost its zeros? Make the column text"
        ),
        (None, Some(foreign)) => say!(
            "本月在岗员工的工号，里面的 U+{foreign:04X} 看起来像英文字母，其实不是：请重新输入",
            "the number of somebody who is posted in the month; U+{foreign:04X} only looks like a Latin letter: type it again"
        ),
        (None, None) => match nearest(&row.employee_no, colleagues.iter().map(String::as_str)) {
            Some(near) => say!(
                "本月在岗员工的工号，最接近的是 {near}",
                "the number of somebody who is posted in the month; the nearest is {near}"
            ),
            None => say!("本月在岗员工的工号", "the number of somebody who is posted in the month"),
        },
    };
    Fault {
        row: Some(row.row),
        column: Some(header.employee_no.clone()),
        found: Said::same(String::from(row.employee_no)),
        expected,
    }
}

/// Letters of the Greek and the Cyrillic alphabet, which look like Latin ones.
fn looks_latin(c: char) -> bool {
    matches!(c, '\u{370}'..='\u{52f}')
}

/// What files write behind the names of people who have left, or are new.
const REMARKS: &[&str] = &["已离职", "离职", "试用期", "试用", "实习生", "实习"];

/// Whether a name in a file is the person's: spaces, full-width characters and the dots of foreign names do not matter,
/// nor does a department behind or before it, as in 陈志远(销售一组), or that somebody has left. A program that keeps texts from
/// being formulas writes an apostrophe before some.
fn is_same_person(written: &str, name: &str) -> bool {
    let plain = |c| match half_width(c) {
        '•' | '．' | '・' | '●' | '‧' | '.' => '·',
        other => other,
    };
    let normal = |text: &str| -> String {
        let text = text.chars().map(plain).filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        // What is remarked of somebody without any mark before it.
        let remark = REMARKS.iter().find_map(|remark| text.strip_suffix(remark));
        remark.filter(|rest| rest.chars().count() > 1).map(str::to_owned).unwrap_or(text)
    };
    let unmarked = |text: &str| text.strip_prefix('\'').unwrap_or(text).to_owned();
    let (name, written) = (normal(&unmarked(name)), unmarked(written));
    let written: String = written.chars().map(plain).collect();
    let is_between =
        |c: char| matches!(c, '(' | ')' | '[' | ']' | '【' | '】' | '-' | '_' | '/' | '|' | '—' | ',' | '、');
    normal(&written) == name
        || written.split(is_between).any(|part| normal(part) == name)
        || written.split_whitespace().any(|part| normal(part) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_however_it_is_set() {
        for (written, name) in [
            ("陈志远", "陈志远"),
            ("陈 志远", "陈志远"),
            ("李　明", "李明"),
            ("陈志远(销售一组)", "陈志远"),
            ("陈志远（展厅）", "陈志远"),
            ("陈志远-销售一组", "陈志远"),
            ("销售一组/陈志远", "陈志远"),
            ("陈志远 销售一组", "陈志远"),
            ("陈志远(已离职)", "陈志远"),
            ("（离职）陈志远", "陈志远"),
            ("陈志远 已离职", "陈志远"),
            ("陈志远离职", "陈志远"),
            ("陈志远[已离职2014-05-20]", "陈志远"),
            ("'@陈", "@陈"),
            ("ＴＯＭ ＬＥＥ", "Tom Lee"),
            ("阿依古丽•买买提", "阿依古丽·买买提"),
        ] {
            assert!(is_same_person(written, name), "{written}");
        }
        for (written, name) in
            [("陈志", "陈志远"), ("陈志远远", "陈志远"), ("王浩然", "陈志远"), ("(陈志)远", "陈志远")]
        {
            assert!(!is_same_person(written, name), "{written}");
        }
    }
}
