//! Which days are worked in China, and when its year begins.
//!
//! The State Council announces every year's holidays, and the weekend days that are worked in exchange, in November or
//! December of the year before. A file a year says so: those in `calendar/` are part of the program, others can be added.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, Days, NaiveDate, Weekday, WeekdaySet};
use serde::{Deserialize, Serialize};
use toml::value::Datetime;
use utoipa::ToSchema;

use crate::period::Period;
use crate::said::{Said, said_errors, say};

/// The years that are part of the program.
const SHIPPED: &[(&str, &str)] = &[
    ("calendar/2014.toml", include_str!("../../calendar/2014.toml")),
    ("calendar/2024.toml", include_str!("../../calendar/2024.toml")),
    ("calendar/2025.toml", include_str!("../../calendar/2025.toml")),
    ("calendar/2026.toml", include_str!("../../calendar/2026.toml")),
];

/// Longest holiday in days.
const LONGEST: usize = 31;

/// Which days count as time passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Working days, by the public holidays and the weekend days worked in exchange.
    #[default]
    Working,
    /// Every day.
    Calendar,
}

/// Why a year's file is refused. `file` is its name, `holiday` the position of the `[[holiday]]` from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CalendarError {
    /// The text is not TOML of this shape.
    Shape {
        /// The file.
        file: String,
        /// What the parser says, with the line.
        message: String,
    },
    /// The year is out of range.
    Year {
        /// The file.
        file: String,
        /// What it says.
        year: i32,
    },
    /// Two files of one delivery are about the same year.
    Twice {
        /// The second file.
        file: String,
        /// The first file.
        other: String,
        /// The year of both.
        year: i32,
    },
    /// An entry is at fault.
    Entry {
        /// The file.
        file: String,
        /// Position of the entry.
        holiday: usize,
        /// Its name.
        name: String,
        /// What is wrong with it.
        fault: EntryFault,
    },
}

/// What is wrong with a `[[holiday]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryFault {
    /// A holiday has a name.
    Name,
    /// A day is written as a date alone.
    Day {
        /// `from`, `to` or `work`.
        field: &'static str,
        /// What was found.
        found: String,
    },
    /// A notice is about its year; a New Year's holiday may begin in the December before.
    OutOfYear {
        /// `from`, `to` or `work`.
        field: &'static str,
        /// The year of the file.
        year: i32,
        /// The day found.
        day: NaiveDate,
    },
    /// The days off run backwards or are too many.
    Range {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
    },
    /// Only a weekend day is worked in exchange; the others are worked anyway.
    Weekday(NaiveDate),
    /// A day is listed by two entries, or as off and as worked.
    Again(NaiveDate),
}

impl CalendarError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        let (file, fault) = match self {
            Self::Shape { file, message } => (file, Said::same(message)),
            Self::Year { file, year } => (
                file,
                say!("year 应为 1900 到 2999，而不是 {year}", "year: expected 1900 to 2999, not {year}"),
            ),
            Self::Twice { file, other, year } => {
                (file, say!("{year} 年已有文件：{other}", "the year {year} has a file already: {other}"))
            }
            Self::Entry { file, holiday, name, fault } => {
                let entry = say!("第 {holiday} 个假期（{name}）", "holiday {holiday} ({name})");
                (file, fault.said().about(&entry))
            }
        };
        fault.about(&Said::same(file))
    }
}

impl EntryFault {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Name => say!("name 应为 1 到 40 个字", "name: expected 1 to 40 characters"),
            Self::Day { field, found } => say!(
                "{field} 应为日期，例如 2026-02-15，而不是 {found}",
                "{field}: expected a day such as 2026-02-15, not {found}"
            ),
            Self::OutOfYear { field, year, day } => say!(
                "{field} 应为 {year} 年或上一年十二月的日期，而不是 {day}",
                "{field}: expected a day of {year} or of the December before, not {day}"
            ),
            Self::Range { from, to } => say!(
                "{from} 到 {to}：应为 1 到 31 天，先写第一天",
                "from {from} to {to}: expected 1 to 31 days, the first one first"
            ),
            Self::Weekday(day) => say!(
                "work 应为星期六或星期日，而不是 {day}",
                "work: expected a Saturday or Sunday, not {day}"
            ),
            Self::Again(day) => say!("{day} 列了两次", "{day} is listed twice"),
        }
    }
}

said_errors!(CalendarError, EntryFault);

/// The weekdays that are off in China unless a notice says otherwise.
const WEEKEND: WeekdaySet = WeekdaySet::from_array([Weekday::Sat, Weekday::Sun]);

/// The holidays and swapped weekends of some years.
///
/// In a year that it does not know, Monday to Friday are working days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i32, BTreeMap<NaiveDate, Special>>,
    /// The days of all years. A December day of two files is as the later notice has it.
    special: BTreeMap<NaiveDate, Special>,
    /// The weekdays that are off.
    rest: WeekdaySet,
}

impl Default for Calendar {
    fn default() -> Self {
        Self { years: BTreeMap::new(), special: BTreeMap::new(), rest: WEEKEND }
    }
}

/// How a store works otherwise than the country: showrooms are open at weekends, and close on days of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreDays {
    /// The weekdays on which it is closed.
    pub rest: WeekdaySet,
    /// Whether public holidays, and the weekend days worked in exchange, hold for it.
    pub keeps_holidays: bool,
    /// Single days: whether it is open, and what they are called. They go before everything else.
    pub days: BTreeMap<NaiveDate, (bool, String)>,
}

/// A day that a notice names.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Special {
    /// It is off, for the holiday of this name.
    Off(String),
    /// It is a weekend day that is worked.
    Worked,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct YearFile {
    year: i32,
    #[serde(default)]
    holiday: Vec<Holiday>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Holiday {
    name: String,
    from: Datetime,
    to: Datetime,
    #[serde(default)]
    work: Vec<Datetime>,
}

impl Calendar {
    /// The years that are part of the program: 2014, 2024, 2025 and 2026.
    ///
    /// # Errors
    ///
    /// None with the files as they are; they are read like any other.
    pub fn shipped() -> Result<Self, CalendarError> {
        // They are read once: every term of every store asks for them.
        static READ: LazyLock<Result<Calendar, CalendarError>> =
            LazyLock::new(|| Calendar::default().with_years(SHIPPED.iter().copied()));
        READ.clone()
    }

    /// This calendar and the years of `files`, each a name for messages and its text. A year that was known is
    /// replaced, because a notice may be amended.
    ///
    /// # Errors
    ///
    /// [`CalendarError`], naming the file and the entry; two of the `files` about the same year are refused.
    pub fn with_years<'a>(
        mut self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, CalendarError> {
        let mut added: BTreeMap<i32, &str> = BTreeMap::new();
        for (file, text) in files {
            let (year, days) = read(file, text)?;
            if let Some(other) = added.insert(year, file) {
                return Err(CalendarError::Twice { file: file.to_owned(), other: other.to_owned(), year });
            }
            self.years.insert(year, days);
        }
        self.special = self.years.values().flatten().map(|(day, special)| (*day, special.clone())).collect();
        Ok(self)
    }

    /// The calendar of a store that works on other days than the country.
    #[must_use]
    pub fn of_store(mut self, store: &StoreDays) -> Self {
        self.rest = store.rest;
        if !store.keeps_holidays {
            self.special.clear();
        }
        self.special.extend(store.days.iter().map(|(day, (is_open, name))| match is_open {
            true => (*day, Special::Worked),
            false => (*day, Special::Off(name.clone())),
        }));
        self
    }

    /// Whether there is a file for `year`.
    pub fn knows(&self, year: i32) -> bool {
        self.years.contains_key(&year)
    }

    /// The years with a file, in order.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.keys().copied()
    }

    /// The name of the holiday for which `day` is off, weekends that join it included.
    pub fn holiday(&self, day: NaiveDate) -> Option<&str> {
        match self.special.get(&day)? {
            Special::Off(name) => Some(name),
            Special::Worked => None,
        }
    }

    /// Whether `day` is a working day.
    pub fn is_working(&self, day: NaiveDate) -> bool {
        match self.special.get(&day) {
            Some(Special::Off(_)) => false,
            Some(Special::Worked) => true,
            None => !self.rest.contains(day.weekday()),
        }
    }

    /// How many working days there are from `from` up to, not including, `to`; none if `to` is not after `from`.
    pub fn working_days(&self, from: NaiveDate, to: NaiveDate) -> u32 {
        if to <= from {
            return 0;
        }
        let mut gained = 0_i64;
        for (day, special) in self.special.range(from..to) {
            match special {
                Special::Off(_) if !self.rest.contains(day.weekday()) => gained -= 1,
                Special::Worked if self.rest.contains(day.weekday()) => gained += 1,
                _ => {}
            }
        }
        // The regular days of whole weeks, and of the days that are left over after them.
        let days = (to - from).num_days();
        let is_regular = |day: &NaiveDate| !self.rest.contains(day.weekday());
        let left = from.iter_days().take(usize::try_from(days % 7).unwrap_or(0)).filter(is_regular).count();
        let weekdays = days / 7 * (7 - i64::from(self.rest.len())) + i64::try_from(left).unwrap_or(0);
        u32::try_from(weekdays + gained).unwrap_or(0)
    }

    /// How many days of `basis` there are from `from` up to, not including, `to`; none if `to` is not after `from`.
    pub fn days(&self, basis: Basis, from: NaiveDate, to: NaiveDate) -> u32 {
        match basis {
            Basis::Working => self.working_days(from, to),
            Basis::Calendar => u32::try_from((to - from).num_days()).unwrap_or(0),
        }
    }
}

/// The first day of the Chinese year 春节 that begins in `year`, 2000 to 2040.
pub fn spring_festival(year: i32) -> Option<NaiveDate> {
    static DAYS: LazyLock<BTreeMap<i32, NaiveDate>> = LazyLock::new(|| {
        #[derive(Deserialize)]
        struct Festivals {
            day: Vec<Datetime>,
        }
        let text = include_str!("../../calendar/spring_festival.toml");
        let days = toml::from_str(text).map_or_else(|_| Vec::new(), |Festivals { day }| day);
        days.iter().filter_map(|day| date("day", day).ok()).map(|day| (day.year(), day)).collect()
    });
    DAYS.get(&year).copied()
}

fn is_weekday(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A year's file: the year, and the days that it names.
fn read(file: &str, text: &str) -> Result<(i32, BTreeMap<NaiveDate, Special>), CalendarError> {
    let YearFile { year, holiday } = toml::from_str(text)
        .map_err(|error| CalendarError::Shape { file: file.to_owned(), message: error.to_string() })?;
    if Period::new(year, 1).is_none() {
        return Err(CalendarError::Year { file: file.to_owned(), year });
    }
    let mut days = BTreeMap::new();
    for (entry, position) in holiday.iter().zip(1..) {
        take_in(year, entry, &mut days).map_err(|fault| CalendarError::Entry {
            file: file.to_owned(),
            holiday: position,
            name: entry.name.chars().take(40).collect(),
            fault,
        })?;
    }
    Ok((year, days))
}

/// Adds the days of one entry to those of the entries before it.
fn take_in(year: i32, entry: &Holiday, days: &mut BTreeMap<NaiveDate, Special>) -> Result<(), EntryFault> {
    if !(1..=40).contains(&entry.name.trim().chars().count()) {
        return Err(EntryFault::Name);
    }
    let (from, to) = (day_of(year, "from", &entry.from)?, day_of(year, "to", &entry.to)?);
    let off: Vec<_> = from.iter_days().take_while(|day| *day <= to).take(LONGEST + 1).collect();
    if off.is_empty() || off.len() > LONGEST {
        return Err(EntryFault::Range { from, to });
    }
    let off = off.into_iter().map(|day| (day, Special::Off(entry.name.trim().to_owned())));
    let mut listed: Vec<_> = off.collect();
    for day in &entry.work {
        let day = day_of(year, "work", day)?;
        if is_weekday(day) {
            return Err(EntryFault::Weekday(day));
        }
        listed.push((day, Special::Worked));
    }
    for (day, special) in listed {
        if days.insert(day, special).is_some() {
            return Err(EntryFault::Again(day));
        }
    }
    Ok(())
}

/// A day of `year` or of the December before.
fn day_of(year: i32, field: &'static str, found: &Datetime) -> Result<NaiveDate, EntryFault> {
    let day = date(field, found)?;
    match (day + Days::new(31)).year() == year || day.year() == year {
        true => Ok(day),
        false => Err(EntryFault::OutOfYear { field, year, day }),
    }
}

/// A TOML date without time and zone.
fn date(field: &'static str, found: &Datetime) -> Result<NaiveDate, EntryFault> {
    let wrong = || EntryFault::Day { field, found: found.to_string() };
    match (found.date, found.time, found.offset) {
        (Some(date), None, None) => {
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into()).ok_or_else(wrong)
        }
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
