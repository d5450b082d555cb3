//! What the words around a table say about the month that it is of: the rows above its header, the worksheet's name and
//! the file's.
//!
//! The title, and where it says nothing the worksheet's name, has to agree with the month asked for; neither has to say
//! anything. What a file is called is no more than a hint: it is said, and keeps nothing out. Two days are the first and
//! the last of what is covered; a single day is when the file was made.

use chrono::{Datelike as _, NaiveDate};

use super::header::normal;
use super::months::MONTHS;
use super::span::{self, Mention, mentions, spoken_months, spoken_years};
use super::{Asked, ImportError, Line, Surroundings, Value, spoken};
use crate::period::Period;
use crate::said::{Language, Said as Sentence, say};

/// Words beside a date that is not about the values.
const ABOUT_THE_FILE: &[&str] = &["生成", "导出", "打印", "制表", "制作", "更新", "下载"];

/// Words beside the days that the values are of, rather than when the file was made.
const ABOUT_THE_VALUES: &[&str] = &["统计", "期间", "区间", "起止", "范围", "周期"];

/// Words before the last day that is covered.
const UP_TO: &[&str] = &["截至", "截止", "更新至", "更新到", "统计至", "统计到", "数据至", "累计至", "止于"];

/// Words beside the day from which a form is in use, which is no day of what is in it.
const ABOUT_THE_FORM: &[&str] = &["版本", "修订", "生效", "启用", "发布", "编号", "成立"];

/// Words of a line that says the first day, and of one that says the last.
const FIRST_DAY: &[&str] = &["开始", "起始", "起于"];
const LAST_DAY: &[&str] = &["结束", "截止", "截至", "终止"];

/// Words of a note, whose day is that of something else than the values.
const ABOUT_SOMETHING: &[&str] = &["起", "执行", "实施", "说明", "注", "活动", "会议", "培训", "入职"];

/// Whoever makes a month's table may do it so many days before the month's end: on its last working day.
const AHEAD: i64 = 3;

/// What a table says about its month, where it is read all the same.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Titled {
    /// What whoever imports it should know.
    pub doubt: Option<Sentence>,
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
    let made = days_above(above.iter().chain(groups), period);
    // Of a day well before the month's end it is not the whole month.
    let is_early = |(day, text): &&(NaiveDate, String)| {
        (period.last_day() - *day).num_days() > AHEAD && !is_about_the_file(text)
    };
    let early = || made.iter().find(is_early).map(|(day, _)| (period.first_day(), *day));
    let days = bounds(above, period).or(title.days).or_else(early);
    let title = Said { days, ..title };
    let early = made.first().map(|(day, _)| {
        say!(
            "表上的日期是 {day}，本月还没有结束，请确认数是全月的",
            "the sheet is dated {day}, before the month was over: please check that its numbers are the whole month's"
        )
    });
    let name = around.place.worksheet.unwrap_or_default();
    let spans = texts().map(|text| (false, text));
    for (is_name, text) in spans.chain([(true, name.to_owned())]) {
        let is_exact = title.days.is_some() || is_about_the_file(&text);
        if let Some(found) = spoken::other_span(&text).filter(|_| !is_exact) {
            let place = if is_name { of_worksheet() } else { of_file() };
            return Err(another(place, Sentence::same(found), period));
        }
    }
    let spoken = texts().filter(|text| !is_about_the_file(text)).flat_map(|text| spoken_months(&text));
    let counted = texts().find_map(|text| accounting_month(&text));
    let spoken: Vec<u32> = spoken.chain(counted).collect();
    let month = spoken.iter().find(|month| **month == period.month()).or(spoken.first()).copied();
    let by_label = || above.iter().chain(groups).find_map(|line| labelled(line));
    let title = if title.is_nothing() { by_label().unwrap_or_default() } else { title };
    let has_year = !title.is_nothing() && title.month.is_none();
    let title = if title.is_nothing() { Said { month, ..title } } else { title };
    let years = || texts().filter(|text| !is_about_the_file(text)).flat_map(|text| spoken_years(&text));
    if let Some(year) = years().next().filter(|_| !has_year && years().all(|year| year != period.year())) {
        return Err(another(of_file(), say!("{year} 年", "{year}"), period));
    }
    if title.is_nothing() {
        let mut short = texts().filter(|text| !is_about_the_file(text));
        if let Some(found) = short.find_map(|text| other_short(&text, period, false)) {
            return Err(another(of_file(), found, period));
        }
    }
    let worksheet = Said::of(name, period).or_month(around.place.worksheet);
    if title.is_nothing()
        && worksheet.is_nothing()
        && let Some(found) = other_short(name, period, true)
    {
        return Err(another(of_worksheet(), found, period));
    }
    let places = [(of_file(), title), (of_worksheet(), worksheet)];
    if let Some((place, said)) = places.into_iter().find(|(_, said)| !said.is_nothing()) {
        let up_to = said.check(place, &around.asked)?;
        return Ok(Titled { doubt: early.filter(|_| up_to.is_none()), up_to });
    }
    if let Some(found) = texts().find(|text| text.contains("年度") && !is_about_the_file(text)) {
        return Err(another(of_file(), Sentence::same(found), period));
    }
    let file = Said::of(around.asked.file_name, period).or_month(Some(around.asked.file_name));
    let file_name = around.asked.file_name;
    let of_name = || say!("文件名中的月份", "the month in the file's name");
    let doubt = file.check(of_name(), &Asked { to_date: None, ..around.asked }).err();
    let doubt = doubt.or_else(|| {
        let found = spoken::other_span(file_name).map(Sentence::same);
        let found = found.or_else(|| other_short(file_name, period, true).filter(|_| file.is_nothing()));
        found.map(|found| another(of_name(), found, period))
    });
    let doubt = doubt.map(|doubt| please_check(&doubt.said()));
    let of_day = || named_after(file_name, period).filter(|_| around.asked.to_date.is_none());
    let of_year = || {
        years().next().map(|year| {
            say!(
                "标题只写了 {year} 年，没有写月份，请确认",
                "the title says {year} and no month: please check"
            )
        })
    };
    Ok(Titled { doubt: doubt.or_else(of_day).or_else(of_year).or(early), up_to: None })
}

/// Where a title says of what the table is.
fn of_file() -> Sentence {
    say!("文件的统计日期", "what the file says it covers")
}

/// The same of a worksheet's name.
fn of_worksheet() -> Sentence {
    say!("工作表名称中的月份", "the month in the worksheet's name")
}

/// The refusal of a table that says that it is of something else than the month.
fn another(place: Sentence, found: Sentence, asked: Period) -> ImportError {
    ImportError::WrongPeriod { place, found, asked: Sentence::same(asked.to_string()) }
}

fn please_check(doubt: &Sentence) -> Sentence {
    let zh = doubt.in_language(Language::Chinese);
    Sentence::both(format!("{zh}，请确认"), format!("{doubt}: please check"))
}

/// What a text says in two short numbers, where that can only be another month: `14/04`, `1404`.
fn other_short(text: &str, asked: Period, is_name: bool) -> Option<Sentence> {
    if !mentions(text, asked.year()).is_empty() {
        return None;
    }
    span::other_short(text, asked, is_name).map(Sentence::same)
}

/// What is said where a file is called after a day well before the month's end: it may be that day's.
fn named_after(file_name: &str, asked: Period) -> Option<Sentence> {
    match *mentions(file_name, asked.year()) {
        [Mention::Day(day, _)]
            if asked.first_day() < day && (1 + AHEAD..31).contains(&(asked.last_day() - day).num_days()) =>
        {
            Some(say!(
                "文件名中的日期是 {day}，请确认数是全月的，不是一天的，也不只到那一天",
                "the file is called after {day}: please check that its numbers are the whole month's, and not that day's"
            ))
        }
        _ => None,
    }
}

/// Refuses a table that says that it is one of plans: what should have been is not what was.
pub(crate) fn refuse_plans(above: &[&Line], around: &Surroundings<'_>) -> Result<(), ImportError> {
    let mut texts = above.iter().flat_map(|line| &line.cells).map(Value::shown);
    let name = around.place.worksheet.filter(|name| spoken::is_plan(name)).map(str::to_owned);
    match texts.find(|text| spoken::is_plan(text)).or(name) {
        Some(found) => {
            let period = around.asked.period;
            let asked = say!("{period} 的实际数", "what has been in {period}");
            let (place, found) = (say!("表的标题", "the title"), Sentence::same(found));
            Err(ImportError::WrongPeriod { place, found, asked })
        }
        None => Ok(()),
    }
}

/// Whether the words above a table say that it is of more than the month, so that its rows may be of several.
pub(crate) fn is_of_longer(above: &[&Line], around: &Surroundings<'_>) -> bool {
    let period = around.asked.period;
    let (first, last) = (period.first_day(), period.last_day());
    let covers = |line: &&Line| {
        let said = Said::by_line(line, period).days;
        said.is_some_and(|(from, to)| from <= first && last <= to && (from, to) != (first, last))
    };
    let is_longer = |line: &&Line| line.cells.iter().any(|cell| spoken::is_longer(&cell.shown()));
    // Of the months of another year none is meant.
    let years = above.iter().flat_map(|line| &line.cells).flat_map(|cell| years_in(&cell.shown()));
    let years = years.collect::<Vec<_>>();
    (years.is_empty() || years.contains(&period.year()))
        && above.iter().any(|line| covers(line) || is_longer(line))
}

/// The years that are written in four digits.
fn years_in(text: &str) -> Vec<i32> {
    let numbers = text.split(|c: char| !c.is_ascii_digit()).filter(|number| number.len() == 4);
    numbers.filter_map(|number| number.parse().ok()).filter(|year| (1900..2100).contains(year)).collect()
}

/// The first and the last day where two lines say one each: 开始日期：2014-05-01, and below it 结束日期：2014-05-26.
fn bounds(above: &[&Line], asked: Period) -> Option<(NaiveDate, NaiveDate)> {
    let day = |words: &[&str]| {
        let mut lines = above.iter().map(|line| joined(line)).filter(|text| !is_about_the_file(text));
        lines.find_map(|text| match *mentions(&text, asked.year()) {
            [Mention::Day(day, _)] if words.iter().any(|word| text.contains(word)) => Some(day),
            _ => None,
        })
    };
    day(FIRST_DAY).zip(day(LAST_DAY)).filter(|(first, last)| first <= last)
}

/// The days of the month that titles are dated with, each with the words of its line: but for its last, and its first, which
/// may stand for the month.
fn days_above<'a>(above: impl Iterator<Item = &'a &'a Line>, asked: Period) -> Vec<(NaiveDate, String)> {
    let is_title = |line: &&&Line| line.cells.iter().filter(|cell| !cell.is_blank()).count() <= FEW_NUMBERS;
    let day = |cell: &Value| match *mentions(&cell.shown(), asked.year()) {
        [Mention::Day(day, true)] if asked.first_day() < day && day < asked.last_day() => Some(day),
        _ => None,
    };
    let words = [ABOUT_THE_FORM, ABOUT_SOMETHING, FIRST_DAY, LAST_DAY];
    let is_else = |text: &str| words.iter().copied().flatten().any(|word| text.contains(word));
    let dated = above.filter(is_title).filter_map(|line| {
        let text = joined(line);
        line.cells.iter().find_map(day).filter(|_| !is_else(&text)).map(|day| (day, text))
    });
    dated.collect()
}

/// The words of a line.
fn joined(line: &Line) -> String {
    let shown = line.cells.iter().filter(|cell| !cell.is_blank()).map(Value::shown);
    shown.collect::<Vec<_>>().join(" ")
}

/// The month that stands in the cell behind its label: 月份 and 4, 201404, or 1404.
fn labelled(line: &Line) -> Option<Said> {
    let said = line.cells.iter().filter(|cell| !cell.is_blank()).map(|cell| normal(&cell.shown()));
    let said = said.collect::<Vec<_>>();
    said.windows(2).find_map(|pair| match pair {
        [label, month] if MONTHS.contains(&label.trim_end_matches(':')) => {
            let number: u32 = month.parse().ok()?;
            let whole = i32::try_from(number / 100).ok();
            // 1404, and 201404.
            let century = if number < 10_000 { 2000 } else { 0 };
            let whole = whole.and_then(|year| Period::new(century + year, number % 100));
            match number {
                1..=12 => Some(Said { month: Some(number), ..Said::default() }),
                _ => whole.map(|period| Said { months: vec![period], ..Said::default() }),
            }
        }
        _ => None,
    })
}

/// The month of an accounting period: 会计期间：2014年第4期.
fn accounting_month(text: &str) -> Option<u32> {
    let is_accounting = ["会计", "期间", "账期"].iter().any(|word| text.contains(word));
    let (_, after) = text.split_once('第').filter(|_| is_accounting)?;
    after.split_once('期')?.0.trim().parse().ok().filter(|month| (1..=12).contains(month))
}

/// Whether a text says of which days the values are.
pub(crate) fn is_about_values(text: &str) -> bool {
    ABOUT_THE_VALUES.iter().any(|word| text.contains(word)) && !is_about_the_file(text)
}

fn is_about_the_file(text: &str) -> bool {
    ABOUT_THE_FILE.iter().any(|word| text.contains(word))
}

/// So many numbers of a line may be a part of what it says.
const FEW_NUMBERS: usize = 4;

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
        let days = || {
            let days = span.or_else(|| two_days(&mentions)).or_else(|| up_to(text, asked));
            days.or_else(|| last_day(text, &mentions, asked)).map(|days| up_to_midnight(days, text))
        };
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
        let is_number = |cell: &&Value| matches!(cell, Value::Number(_));
        // A year, a month or a day; an amount of 201504 yuan is no month.
        let is_small = |cell: &&Value| is_number(cell) && cell.shown().len() <= 4;
        let texts = || line.cells.iter().filter(|cell| !cell.is_blank());
        let words = || texts().filter(|cell| !is_number(cell));
        let each = words().map(|cell| Self::of(&cell.shown(), asked)).fold(Self::default(), Self::or);
        // 2014 | 年 | 4 | 月: a row of days has more numbers.
        let has_numbers = (1..=FEW_NUMBERS).contains(&texts().filter(is_number).count());
        let together = texts().filter(|cell| !is_number(cell) || has_numbers && is_small(cell));
        let together = together.map(Value::shown);
        let joined = Self::of(&together.collect::<Vec<_>>().join(" "), asked);
        // The two days may stand in two cells.
        let is_span = |said: &Self| said.days.is_some_and(|(from, to)| from != to);
        let is_more = each.days.is_none() && joined.days.is_some() || is_span(&joined) && !is_span(&each);
        if is_more || has_numbers && each.is_nothing() {
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
    fn check(&self, place: Sentence, asked: &Asked<'_>) -> Result<Option<NaiveDate>, ImportError> {
        let period = asked.period;
        let (first, last) = (period.first_day(), period.last_day());
        let refused = |found, asked| Err(ImportError::WrongPeriod { place, found, asked });
        match (self.days, self.months.first(), self.month) {
            (Some(days), ..) if days == (first, last) => Ok(None),
            (Some((from, to)), ..)
                if from == first && to < last && asked.to_date.is_some_and(|today| to <= today) =>
            {
                Ok(Some(to))
            }
            (Some((from, to)), ..) => {
                let asked = say!("{first} 至 {last}（{period}）", "{first} to {last} ({period})");
                refused(say!("{from} 至 {to}", "{from} to {to}"), asked)
            }
            (None, Some(_), _) if self.months.contains(&period) => Ok(None),
            (None, Some(found), _) => {
                refused(Sentence::same(found.to_string()), Sentence::same(period.to_string()))
            }
            (None, None, Some(month)) if month != period.month() => {
                refused(say!("{month} 月", "month {month}"), Sentence::same(period.to_string()))
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

/// The days without the last one, where that is the first of a month of which no more than its midnight is covered:
/// 2014-05-01 00:00:00 - 2014-06-01 00:00:00.
fn up_to_midnight((from, to): (NaiveDate, NaiveDate), text: &str) -> (NaiveDate, NaiveDate) {
    let is_midnight = ["00:00", "00:00:00"].iter().any(|end| text.trim_end().ends_with(end));
    let before = to.pred_opt().filter(|before| is_midnight && to.day() == 1 && from < *before);
    (from, before.unwrap_or(to))
}

/// The last day that is covered by the words of a text: 更新至5月20日, 截止20日.
fn up_to(text: &str, asked: Period) -> Option<(NaiveDate, NaiveDate)> {
    let after = UP_TO.iter().find_map(|word| text.split_once(word)).map(|(_, after)| after)?;
    let after = after.trim_start_matches([':', '：', '到', '至', ' ']);
    let bare = || {
        let end = after.find(|c: char| !c.is_ascii_digit())?;
        let is_day = after.get(end..).is_some_and(|rest| rest.starts_with(['日', '号']));
        asked.first_day().with_day(after.get(..end)?.parse().ok().filter(|_| is_day)?)
    };
    let day = match mentions(after, asked.year()).first() {
        Some(Mention::Day(day, _)) => *day,
        Some(_) => return None,
        None => bare()?,
    };
    (day < asked.last_day()).then(|| (Period::containing(day).first_day(), day))
}

/// A day by itself is when the file was made, unless the words beside it say that the values are of it, or end with it;
/// after the month's end, it is when they were counted. What was made before the month began is not of it.
fn last_day(text: &str, mentions: &[Mention], asked: Period) -> Option<(NaiveDate, NaiveDate)> {
    let [Mention::Day(day, is_whole)] = mentions else { return None };
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let is_over = *day >= asked.last_day();
    match (says(UP_TO), says(ABOUT_THE_VALUES) && !is_about_the_file(text)) {
        (true, _) if !is_over => Some((Period::containing(*day).first_day(), *day)),
        (_, true) if !is_over => Some((*day, *day)),
        _ if *is_whole && *day < asked.first_day() && !says(ABOUT_THE_FORM) => Some((*day, *day)),
        _ => None,
    }
}
