//! What the words around a table say about the month that it is of: the rows above its header, the worksheet's name and
//! the file's.
//!
//! The title, and where it says nothing the worksheet's name, has to agree with the month asked for; neither has to say
//! anything. What a file is called is no more than a hint: it is said, and keeps nothing out. Two days are the first and
//! the last of what is covered; a single day is when the file was made.

use chrono::NaiveDate;

use super::span::{Mention, mentions, spoken_months};
use super::{Asked, ImportError, Line, Surroundings, Value, spoken};
use crate::period::Period;

/// Words beside a date that is not about the values.
const ABOUT_THE_FILE: &[&str] = &["生成", "导出", "打印", "制表", "制作", "更新", "下载"];

/// Words beside the days that the values are of, rather than when the file was made.
const ABOUT_THE_VALUES: &[&str] = &["统计", "期间", "区间", "起止", "范围", "周期"];

/// Words before the last day that is covered.
const UP_TO: &[&str] = &["截至", "截止"];

/// What a table says about its month, where it is read all the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Titled {
    /// What whoever imports it should know, in Chinese.
    pub doubt: Option<String>,
    /// The last day that it covers, where that is not the month's last.
    pub up_to: Option<NaiveDate>,
}

/// Refuses a table that says that it is of anything but the month; a file that is only called so is worth a word.
///
/// The groups of a header may hold other months beside the one asked for, so only its dates are looked at.
pub(crate) fn check(
    above: &[&Line],
    groups: &[&Line],
    around: &Surroundings<'_>,
) -> Result<Titled, ImportError> {
    let period = around.asked.period;
    let texts = || above.iter().flat_map(|line| &line.cells).map(Value::shown);
    let lines = above.iter().chain(groups).map(|line| Said::by_line(line, period));
    let title = lines.fold(Said::default(), Said::or);
    let name = around.place.worksheet.unwrap_or_default();
    let spans = texts().map(|text| ("文件的统计日期", text));
    for (place, text) in spans.chain([("工作表名称中的月份", name.to_owned())]) {
        let is_exact = title.days.is_some() || is_about_the_file(&text);
        if let Some(found) = spoken::other_span(&text).filter(|_| !is_exact) {
            return Err(ImportError::WrongPeriod { place, found, asked: period.to_string() });
        }
    }
    let spoken = texts().filter(|text| !is_about_the_file(text)).flat_map(|text| spoken_months(&text));
    let spoken: Vec<u32> = spoken.collect();
    let month = spoken.iter().find(|month| **month == period.month()).or(spoken.first()).copied();
    let title = if title.is_nothing() { Said { month, ..title } } else { title };
    let worksheet = Said::of(name, period).or_month(around.place.worksheet);
    let places = [("文件的统计日期", title), ("工作表名称中的月份", worksheet)];
    if let Some((place, said)) = places.into_iter().find(|(_, said)| !said.is_nothing()) {
        return said.check(place, &around.asked).map(|up_to| Titled { doubt: None, up_to });
    }
    let file = Said::of(around.asked.file_name, period).or_month(Some(around.asked.file_name));
    let doubt = file.check("文件名中的月份", &Asked { to_date: None, ..around.asked }).err();
    let doubt = doubt.or_else(|| {
        let found = spoken::other_span(around.asked.file_name)?;
        Some(ImportError::WrongPeriod { place: "文件名中的月份", found, asked: period.to_string() })
    });
    Ok(Titled { doubt: doubt.map(|doubt| format!("{doubt}，请确认")), up_to: None })
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
    fn of(text: &str, asked: Period) -> Self {
        let mentions = mentions(text, asked.year());
        let span = mentions.iter().find_map(|said| match said {
            Mention::Days(from, to) => Some((*from, *to)),
            _ => None,
        });
        let days = || span.or_else(|| two_days(&mentions)).or_else(|| last_day(text, &mentions, asked));
        let month = |said: &Mention| match said {
            Mention::Month(period) => Some(*period),
            _ => None,
        };
        let months =
            if is_about_the_file(text) { Vec::new() } else { mentions.iter().filter_map(month).collect() };
        Self { days: days(), months, month: None }
    }

    /// What the cells of a line say, each by itself or, where the two days stand in two cells, together.
    fn by_line(line: &Line, asked: Period) -> Self {
        let texts = || line.cells.iter().filter(|cell| matches!(cell, Value::Text(_) | Value::Other(_)));
        let each = texts().map(|cell| Self::of(&cell.shown(), asked)).fold(Self::default(), Self::or);
        let together = texts().map(Value::shown).collect::<Vec<_>>().join(" ");
        let joined = Self::of(&together, asked);
        if each.days.is_none() && joined.days.is_some() {
            return joined;
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

    /// Refuses what is not of the month. The last day that is covered, where that is not the month's last and whoever
    /// imports it says that they know.
    fn check(&self, place: &'static str, asked: &Asked<'_>) -> Result<Option<NaiveDate>, ImportError> {
        let period = asked.period;
        let (first, last) = (period.first_day(), period.last_day());
        let refused = |found: String, asked: String| Err(ImportError::WrongPeriod { place, found, asked });
        match (self.days, self.months.first(), self.month) {
            (Some(days), ..) if days == (first, last) => Ok(None),
            (Some((from, to)), ..)
                if from == first && to < last && asked.to_date.is_some_and(|today| to <= today) =>
            {
                Ok(Some(to))
            }
            (Some((from, to)), ..) => {
                refused(format!("{from} 至 {to}"), format!("{first} 至 {last}（{period}）"))
            }
            (None, Some(_), _) if self.months.contains(&period) => Ok(None),
            (None, Some(found), _) => refused(found.to_string(), period.to_string()),
            (None, None, Some(month)) if month != period.month() => {
                refused(format!("{month} 月"), period.to_string())
            }
            (None, None, _) => Ok(None),
        }
    }
}

/// Two days with their years are the first and the last of what is covered, whatever stands between them.
fn two_days(mentions: &[Mention]) -> Option<(NaiveDate, NaiveDate)> {
    let mut days = mentions.iter().filter_map(|said| match said {
        Mention::Day(day, true) => Some(*day),
        _ => None,
    });
    Some((days.next()?, days.next()?))
}

/// A day by itself is when the file was made, unless the words beside it say that the values are of it, or end with it;
/// after the month's end, it is when they were counted.
fn last_day(text: &str, mentions: &[Mention], asked: Period) -> Option<(NaiveDate, NaiveDate)> {
    let [Mention::Day(day, _)] = mentions else { return None };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_over = *day >= asked.last_day();
    match (says(UP_TO), says(ABOUT_THE_VALUES) && !is_about_the_file(text)) {
        (true, _) if !is_over => Some((Period::containing(*day).first_day(), *day)),
        (_, true) if !is_over => Some((*day, *day)),
        _ => None,
    }
}
