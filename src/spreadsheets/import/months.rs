//! Rows that say themselves which month, or which day, they are of. Those of another month than the one asked for are left out,
//! and who imports the file is told which months there are.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::day::day;
use super::form::is_nothing;
use super::header::normal;
use super::layout::Layout;
use super::reading::written_day;
use super::span::{Mention, mentions};
use super::unread::{Unread, UnreadColumn};
use super::{Fault, ImportError, Line, Value};
use crate::period::Period;
use crate::said::{Language, Said, say};

/// What the columns of months are called, in normal form, and those of other spans: of these a row has to be of the month.
pub(super) const MONTHS: &[&str] = &[
    "月份",
    "月",
    "年月",
    "年月份",
    "月度",
    "统计月份",
    "统计年月",
    "统计周期",
    "统计期间",
    "考勤月份",
    "考勤年月",
    "考勤周期",
    "业务月份",
    "销售月份",
    "报表月份",
    "数据月份",
    "考核月份",
    "考核周期",
    "结算月份",
    "归属月份",
    "所属月份",
    "所属年月",
    "所属期间",
    "期间",
    "账期",
    "会计期间",
    "绩效月份",
    "季度",
    "周次",
    "旬",
    "时间段",
    "时间范围",
    "日期范围",
    "统计区间",
    "开始日期",
    "起始日期",
    "统计开始日期",
    "统计起始日期",
    "结束日期",
    "统计结束日期",
    "month",
    "period",
];

/// What the columns of years are called.
pub(super) const YEARS: &[&str] = &["年", "年份", "年度", "统计年份", "year"];

/// So many months are named.
const NAMED: usize = 12;

/// Which month a row says that it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RowMonth {
    /// It says none.
    Unsaid,
    /// The one that is asked for.
    Asked,
    /// Another one, by its name.
    Another(Said),
    /// The column has something else, or two columns say different months.
    Unclear(usize),
}

/// A month as a cell names it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    Whole(Period),
    OfAnyYear(u32),
}

impl Named {
    fn month(self) -> u32 {
        match self {
            Self::Whole(period) => period.month(),
            Self::OfAnyYear(month) => month,
        }
    }
}

/// Which month a row is of.
pub(super) fn of_row(layout: &Layout<'_>, line: &Line, asked: Period) -> RowMonth {
    let (mut month, mut year): (Option<Named>, Option<i32>) = (None, None);
    let filled = |columns: &[usize]| {
        let cells = columns.iter().map(|at| (*at, line.spread(*at)));
        cells.filter(|(_, cell)| !is_nothing(cell)).collect::<Vec<_>>()
    };
    for (at, cell) in filled(&layout.months) {
        let Some(named) = named(cell, asked) else { return RowMonth::Unclear(at) };
        let is_same = |known: Named| match (known, named) {
            (Named::Whole(known), Named::Whole(named)) => known == named,
            (known, named) => known.month() == named.month(),
        };
        if !month.is_none_or(is_same) {
            return RowMonth::Unclear(at);
        }
        month = month.filter(|known| matches!(known, Named::Whole(_))).or(Some(named));
    }
    for (at, cell) in filled(&layout.years) {
        let Some(named) = named_year(cell) else { return RowMonth::Unclear(at) };
        let is_whole = matches!(month, Some(Named::Whole(period)) if period.year() != named);
        if is_whole || year.is_some_and(|known| known != named) {
            return RowMonth::Unclear(at);
        }
        year = Some(named);
    }
    let said = match (month, year) {
        (None, None) => return RowMonth::Unsaid,
        (None, Some(year)) if year != asked.year() => {
            return RowMonth::Another(say!("{year} 年", "{year}"));
        }
        (None, Some(_)) => return RowMonth::Asked,
        (Some(Named::Whole(period)), _) => Some(period),
        (Some(Named::OfAnyYear(month)), Some(year)) => Period::new(year, month),
        (Some(Named::OfAnyYear(month)), None) if month == asked.month() => Some(asked),
        (Some(Named::OfAnyYear(month)), None) => {
            return RowMonth::Another(say!("{month} 月", "month {month}"));
        }
    };
    match said {
        Some(period) if period == asked => RowMonth::Asked,
        Some(period) => RowMonth::Another(Said::same(period.to_string())),
        None => RowMonth::Unclear(layout.years.first().copied().unwrap_or_default()),
    }
}

/// The month of the day that a row says it is of, where that is another one.
pub(super) fn of_day(layout: &Layout<'_>, line: &Line, asked: Period) -> Option<RowMonth> {
    let day = written_day(line.spread(layout.day?), asked)?;
    let period = Period::containing(day);
    (period != asked).then(|| RowMonth::Another(Said::same(period.to_string())))
}

/// Whether a cell names a month, and no day of one.
pub(super) fn names_month(cell: &Value, asked: Period) -> bool {
    let shown = cell.shown();
    let is_day = |mention: &Mention| matches!(mention, Mention::Day(..));
    named(cell, asked).is_some() && day(cell).is_none() && !mentions(&shown, asked.year()).iter().any(is_day)
}

/// The month that a cell names.
fn named(cell: &Value, asked: Period) -> Option<Named> {
    let shown = cell.shown();
    if matches!(normal(&shown).as_str(), "本月" | "当月") {
        return Some(Named::OfAnyYear(asked.month()));
    }
    let whole = |day: NaiveDate| Named::Whole(Period::containing(day));
    let of = |mention: &Mention| match *mention {
        Mention::Days(from, to) => {
            let period = Period::containing(from);
            ((from, to) == (period.first_day(), period.last_day())).then_some(Named::Whole(period))
        }
        Mention::Day(day, _) => Some(whole(day)),
        Mention::Month(period) => Some(Named::Whole(period)),
        Mention::MonthOfYear(month) => Some(Named::OfAnyYear(month)),
        Mention::Months | Mention::Unclear => None,
    };
    let mentions = mentions(&shown, asked.year());
    if let Some((first, others)) = mentions.split_first() {
        let named = of(first)?;
        return others.iter().all(|other| of(other) == Some(named)).then_some(named);
    }
    let plain = shown.parse().ok().filter(|month| (1..=12).contains(month)).map(Named::OfAnyYear);
    plain.or_else(|| day(cell).map(whole))
}

/// The year that a cell names.
fn named_year(cell: &Value) -> Option<i32> {
    let shown = cell.shown();
    shown.trim_end_matches(['年', '度']).parse().ok().filter(|year| (1900..2100).contains(year))
}

/// What the rows of a table say, until all of them are read.
#[derive(Default)]
pub(super) struct Months {
    /// How many rows say that they are of the month that is asked for.
    asked: usize,
    /// The rows that say nothing.
    unsaid: Vec<u32>,
    /// How many rows there are of each other month, and the first of them.
    others: BTreeMap<Said, (usize, u32)>,
}

impl Months {
    /// Notes what a row says; whether it is of another month.
    pub fn is_another(&mut self, row: u32, said: &RowMonth) -> bool {
        match said {
            RowMonth::Asked => self.asked += 1,
            RowMonth::Unsaid => self.unsaid.push(row),
            RowMonth::Unclear(_) => {}
            RowMonth::Another(month) => {
                self.others.entry(month.clone()).or_insert((0, row)).0 += 1;
                return true;
            }
        }
        false
    }

    /// Whether every row has said that it is of the month that is asked for, or of which other one.
    pub fn are_all_said(&self) -> bool {
        self.asked > 0 && self.unsaid.is_empty()
    }

    /// The refusal of a table of which every row is of another month.
    pub fn refusal(&self, asked: Period) -> Option<ImportError> {
        let place = say!("各行写的月份", "the month that the rows say");
        let (found, asked) = (self.named(), Said::same(asked.to_string()));
        (!self.others.is_empty()).then_some(ImportError::WrongPeriod { place, found, asked })
    }

    /// What is wrong with rows that say nothing beside others that are of another month: nobody knows of which they are.
    pub fn faults(&self, layout: &Layout<'_>) -> Vec<Fault> {
        let column = layout.months.iter().chain(&layout.years).next().map(|at| layout.shown(*at).to_owned());
        let unsaid = self.unsaid.iter().filter(|_| !self.others.is_empty());
        let fault = |row: &u32| Fault {
            row: Some(*row),
            column: column.clone(),
            found: Said::same(""),
            expected: say!(
                "写明月份：表里还有其他月份的行，空着不知道是哪个月",
                "a month: there are rows of other months, and without it nobody knows of which this one is"
            ),
        };
        unsaid.map(fault).collect()
    }

    /// The rows of other months, as something that was not read.
    pub fn unread(&self, layout: &Layout<'_>) -> Unread {
        let mut unread = Unread::default();
        let first = self.others.values().map(|(_, row)| *row).min();
        let at = layout.months.iter().chain(&layout.years).copied().next().or(layout.day);
        let (Some(row), Some(at)) = (first, at) else { return unread };
        let column = format!("其他月份的行（{}）", layout.shown(at));
        if layout.form.ignores(&column) {
            unread.others.push(self.named().about(&Said::same(column)));
        } else {
            unread.asked.push(UnreadColumn::unread(column, row, self.named()));
        }
        unread
    }

    /// The other months, with how many rows there are of each.
    fn named(&self) -> Said {
        let named = self.others.iter().take(NAMED);
        let named = named.map(|(month, (rows, _))| {
            let plural = if *rows == 1 { "" } else { "s" };
            let zh = month.in_language(Language::Chinese);
            (format!("{zh}（{rows} 行）"), format!("{month} ({rows} row{plural})"))
        });
        let (zh, en): (Vec<_>, Vec<_>) = named.unzip();
        let more = if self.others.len() > NAMED { ("……", ", …") } else { ("", "") };
        Said::both(zh.join("、") + more.0, en.join(", ") + more.1)
    }
}
