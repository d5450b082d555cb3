//! What the words around a table say about the month that it is of: the rows above its header, the worksheet's name and
//! the file's.
//!
//! The title, and where it says nothing the worksheet's name, has to agree with the month asked for; neither has to say
//! anything. What a file is called is no more than a hint: it is said, and keeps nothing out. Two days are the first and
//! the last of what is covered; a single day is when the file was made.

use std::fmt::Display;

use chrono::NaiveDate;

use super::number::half_width;
use super::spoken::{self, spoken_months};
use super::{ImportError, Line, Surroundings, Value};
use crate::period::Period;

/// Words beside a date that is not about the values.
const ABOUT_THE_FILE: &[&str] = &["生成", "导出", "打印", "制表", "制作", "更新", "下载"];

/// Refuses a table that says that it is of another month; a file that is only called so is worth a word.
///
/// The groups of a header may hold other months beside the one asked for, so only its dates are looked at.
pub(crate) fn check(
    above: &[&Line],
    groups: &[&Line],
    around: &Surroundings<'_>,
) -> Result<Option<String>, ImportError> {
    let period = around.period;
    let texts = || above.iter().flat_map(|line| &line.cells).map(Value::shown);
    let title = above.iter().chain(groups).map(|line| Said::by_line(line)).fold(Said::default(), Said::or);
    let name = around.worksheet.unwrap_or_default();
    let spans = texts().map(|text| ("文件的统计日期", text));
    for (place, text) in spans.chain([("工作表名称中的月份", name.to_owned())]) {
        let is_exact = title.days.is_some() || is_about_the_file(&text);
        if let Some(found) = spoken::longer(&text).filter(|_| !is_exact) {
            return Err(ImportError::WrongPeriod { place, found, asked: period.to_string() });
        }
    }
    let spoken = texts().filter(|text| !is_about_the_file(text)).flat_map(|text| spoken_months(&text));
    let spoken: Vec<u32> = spoken.collect();
    let month = spoken.iter().find(|month| **month == period.month()).or(spoken.first()).copied();
    let title = if title.is_nothing() { Said { month, ..title } } else { title };
    let worksheet = Said::of(name).or_month(around.worksheet);
    let places = [("文件的统计日期", title), ("工作表名称中的月份", worksheet)];
    if let Some((place, said)) = places.into_iter().find(|(_, said)| !said.is_nothing()) {
        return said.check(place, around.period).map(|()| None);
    }
    let file = Said::of(around.file_name).or_month(Some(around.file_name));
    let doubt = file.check("文件名中的月份", around.period).err();
    Ok(doubt.map(|doubt| format!("{doubt}，请确认")))
}

fn is_about_the_file(text: &str) -> bool {
    ABOUT_THE_FILE.iter().any(|word| text.contains(word))
}

/// What a text says about time.
#[derive(Default)]
struct Said {
    /// The first and the last day.
    days: Option<(NaiveDate, NaiveDate)>,
    /// Months with their year.
    months: Vec<Period>,
    /// A month without a year, as worksheets are called.
    month: Option<u32>,
}

impl Said {
    fn of(text: &str) -> Self {
        let runs = runs(text);
        let days = days(&runs);
        let pair = || Some((*days.first()?, *days.get(1)?));
        let months = if is_about_the_file(text) { Vec::new() } else { months(&runs) };
        Self { days: pair(), months, month: None }
    }

    /// What the cells of a line say, each by itself or, where the two days stand in two cells, together.
    fn by_line(line: &Line) -> Self {
        let texts = || line.cells.iter().filter(|cell| matches!(cell, Value::Text(_) | Value::Other(_)));
        let each = texts().map(|cell| Self::of(&cell.shown())).fold(Self::default(), Self::or);
        let together = texts().map(Value::shown).collect::<Vec<_>>().join(" ");
        if each.days.is_none() && days(&runs(&together)).len() == 2 {
            return Self::of(&together);
        }
        each
    }

    /// What this says, and where it says nothing, what the other says.
    fn or(self, other: Self) -> Self {
        if self.days.is_some() {
            return self;
        }
        Self { days: other.days, months: [self.months, other.months].concat(), month: None }
    }

    /// Takes `3月` where nothing more exact is said.
    fn or_month(self, text: Option<&str>) -> Self {
        if !self.is_nothing() {
            return self;
        }
        let month = spoken_months(text.unwrap_or_default()).first().copied();
        Self { month, ..self }
    }

    fn is_nothing(&self) -> bool {
        self.days.is_none() && self.months.is_empty() && self.month.is_none()
    }

    fn check(&self, place: &'static str, period: Period) -> Result<(), ImportError> {
        let (first, last) = (period.first_day(), period.last_day());
        let refused = |found: &dyn Display, asked: &dyn Display| {
            Err(ImportError::WrongPeriod { place, found: found.to_string(), asked: asked.to_string() })
        };
        match (self.days, self.months.first(), self.month) {
            (Some(days), ..) if days == (first, last) => Ok(()),
            (Some((from, to)), ..) => {
                refused(&format!("{from} 至 {to}"), &format!("{first} 至 {last}（{period}）"))
            }
            (None, Some(_), _) if self.months.contains(&period) => Ok(()),
            (None, Some(found), _) => refused(found, &period),
            (None, None, Some(month)) if month != period.month() => refused(&format!("{month} 月"), &period),
            (None, None, _) => Ok(()),
        }
    }
}

/// Every run of digits with what follows it up to the next.
pub(super) fn runs(text: &str) -> Vec<(String, String)> {
    let mut runs: Vec<(String, String)> = Vec::new();
    for c in text.chars().map(half_width) {
        match runs.last_mut() {
            Some((digits, after)) if c.is_ascii_digit() && after.is_empty() => digits.push(c),
            _ if c.is_ascii_digit() => runs.push((c.to_string(), String::new())),
            Some((_, after)) => after.push(c),
            None => {}
        }
    }
    runs
}

/// The days written there: `2014-03-01`, `2014/3/1`, `2014.03.01`, `2014年3月1日`, or two of `20140301` beside each other.
fn days(runs: &[(String, String)]) -> Vec<NaiveDate> {
    let date = |year: &str, month: &str, day: &str| {
        NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    };
    let written = runs.windows(3).filter_map(|window| match window {
        [(year, first), (month, second), (day, _)] if year.len() == 4 => {
            let separated = matches!(
                (first.trim(), second.trim()),
                ("-", "-") | ("/", "/") | (".", ".") | ("年", "月") | ("_", "_")
            );
            date(year, month, day).filter(|_| separated)
        }
        _ => None,
    });
    let compact = runs.iter().filter(|(digits, _)| digits.len() == 8).filter_map(|(digits, _)| {
        let (year, rest) = digits.split_at_checked(4)?;
        let (month, day) = rest.split_at_checked(2)?;
        date(year, month, day)
    });
    written.chain(compact).collect()
}

/// The months written there without a day: `2014年3月`, `2014-03`, `2014.3`, `201403`.
fn months(runs: &[(String, String)]) -> Vec<Period> {
    let is_year = |text: &str| text.len() == 4 && (text.starts_with("19") || text.starts_with("20"));
    let period = |year: &str, month: &str| {
        let year = if year.len() == 2 { format!("20{year}") } else { year.to_owned() };
        Period::new(year.parse().ok()?, month.parse().ok()?)
    };
    let written = runs.windows(2).enumerate().filter_map(|(at, window)| match window {
        [(year, separator), (month, after)]
            if month.len() <= 2
                && (is_year(year)
                    || year.len() == 2 && separator.trim() == "年" && after.starts_with('月')) =>
        {
            let separator = separator.trim();
            // A day follows: that is a date.
            let is_day = runs.get(at + 2).is_some_and(|(day, _)| day.len() <= 2)
                && (after.trim() == separator || after.trim() == "月");
            let is_month = matches!(separator, "年" | "-" | "/" | "." | "_") && !is_day;
            period(year, month).filter(|_| is_month)
        }
        _ => None,
    });
    let compact = runs.iter().filter(|(digits, _)| digits.len() == 6).filter_map(|(digits, _)| {
        let (year, month) = digits.split_at_checked(4)?;
        period(year, month).filter(|_| is_year(year))
    });
    written.chain(compact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_days_in_a_title() {
        let found = |text| days(&runs(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
        for text in [
            "月度汇总 统计日期：2014-03-01 至 2014-03-31",
            "统计日期:2014/3/1~2014/3/31",
            "２０１４年３月１日—２０１４年３月３１日",
            "2014.03.01-2014.03.31",
            "锦程_月度汇总_20140301-20140331.xlsx",
        ] {
            assert_eq!(found(text), ["2014-03-01", "2014-03-31"], "{text}");
        }
        assert_eq!(found("报表时间：2014-04-01 09:03"), ["2014-04-01"]);
        assert!(found("2014-13-01 12014-03-01 2014-03 99999999999999999999-1-1 工号").is_empty());
    }

    #[test]
    fn finds_the_months_in_a_name() {
        let found = |text| months(&runs(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
        for text in [
            "2014年3月考勤",
            "dms-2014-03.csv",
            "锦程2014.3漏斗",
            "考勤201403.xlsx",
            "2014/03 汇总",
            "2014年03月份",
        ] {
            assert_eq!(found(text), ["2014-03"], "{text}");
        }
        for text in
            ["2014-03-01", "20140301", "导出20140401090312", "第3页", "2014年", "A2014-99", "2014年3月1日"]
        {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
