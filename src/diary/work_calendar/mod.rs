//! A store's working calendar 工作日历: on which days it is open, how many days its people have off in turn, and the days
//! that each of them is scheduled for. Where a store has none, China's working days hold.

pub mod holidays;
pub mod http;
pub mod kept;
pub mod schedule;
mod store;

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday, WeekdaySet};
use diesel_async::AsyncPgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use self::store::{StoreCalendars, day_hours, of_unit};
use crate::auth::Context;
use crate::calendar::{Calendar, StoreDays};
use crate::http::etag::Seen;
use crate::http::{FieldError, Problem};
use crate::org::reached;
use crate::period::Period;
use crate::said::say;

/// When a store is open in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkDays {
    /// Weekdays on which it is closed, 1 (Monday) to 7 (Sunday); empty if it is open all week.
    #[garde(length(max = 6), inner(range(min = 1, max = 7)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Weekday>, example = json!([6, 7]), max_items = 6)]
    pub rest_weekdays: Vec<u8>,
    /// Whether it is closed on public holidays, and open on the weekend days worked in exchange.
    #[garde(skip)]
    pub keeps_public_holidays: bool,
    /// 轮休: days off that everybody who is employed for the whole month takes in turn.
    #[garde(range(max = 15))]
    #[serde(default)]
    #[schema(maximum = 15)]
    pub rest_days_a_month: u8,
    /// How long a day is, in minutes: by it, hours of leave in a file of attendance are days. Null where it is not known,
    /// and such a row is faulty.
    #[garde(range(min = 60, max = 1440))]
    #[serde(default)]
    #[schema(example = 480, minimum = 60, maximum = 1440)]
    pub day_minutes: Option<u16>,
    /// Single days that differ from that.
    #[garde(length(max = 366), dive)]
    #[serde(default)]
    #[schema(max_items = 366)]
    pub days: Vec<WorkDay>,
}

/// A single day that differs from the usual week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkDay {
    /// The day.
    #[garde(skip)]
    pub day: NaiveDate,
    /// Whether the store is open on it.
    #[garde(skip)]
    pub is_open: bool,
    /// What it is for, for example 盘点.
    #[garde(length(chars, min = 1, max = 40))]
    #[schema(example = "盘点", min_length = 1, max_length = 40)]
    pub name: String,
}

/// A store's calendar of a year.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WorkCalendar {
    /// Code of the store.
    pub store: String,
    /// The year.
    pub year: i32,
    /// When it is open.
    #[serde(flatten)]
    pub work: WorkDays,
    /// Whether the year's public holidays are known.
    pub holidays_known: bool,
    /// How many days it is open, month by month.
    #[schema(example = json!([22, 17, 21, 21, 21, 20, 23, 21, 22, 19, 20, 23]))]
    pub open_days: Vec<u32>,
    /// Grows with every change; 0 while the store has no calendar of its own.
    pub version: i32,
}

impl Default for WorkDays {
    /// China's working days.
    fn default() -> Self {
        Self {
            rest_weekdays: vec![6, 7],
            keeps_public_holidays: true,
            rest_days_a_month: 0,
            day_minutes: None,
            days: Vec::new(),
        }
    }
}

impl WorkDays {
    /// The days of a store in a country with this calendar.
    fn calendar(&self, country: Calendar) -> Calendar {
        // garde has seen to 1 to 7.
        let weekday = |number: &u8| Weekday::try_from(number.saturating_sub(1)).ok();
        let rest = self.rest_weekdays.iter().filter_map(weekday).collect::<WeekdaySet>();
        let days = self.days.iter().map(|one| (one.day, (one.is_open, one.name.clone())));
        let keeps_holidays = self.keeps_public_holidays;
        country.of_store(&StoreDays { rest, keeps_holidays, days: days.collect() })
    }

    /// Days of another year, and days that are listed twice.
    fn faults(&self, year: i32) -> Vec<FieldError> {
        let mut seen = BTreeMap::new();
        let mut faults = Vec::new();
        for (at, one) in self.days.iter().enumerate() {
            let message = if one.day.year() != year {
                say!("{} 不是 {year} 年的日期", "{} is not a day of {year}", one.day)
            } else if let Some(earlier) = seen.insert(one.day, at) {
                say!("{} 已在 days[{earlier}] 里", "{} is in days[{earlier}] already", one.day)
            } else {
                continue;
            };
            faults.push(FieldError::new(format!("days[{at}].day"), message));
        }
        faults
    }
}

/// The month in which a caller has to be of a store to reach its year: the current one, within the year.
fn month_of(year: i32, today: NaiveDate) -> Result<Period, Problem> {
    let months = Period::months_of(year);
    let now = Period::containing(today);
    let month = months.iter().copied().rfind(|month| *month <= now);
    month
        .or_else(|| months.first().copied())
        .ok_or_else(|| Problem::field("year", say!("应在 1900 到 2999 之间", "expected 1900 to 2999")))
}

/// The calendar of a year of a store that the caller reaches: its own, or the country's.
///
/// # Errors
///
/// Not found where the caller does not reach the store.
pub async fn read(cx: &mut Context, store: &str, year: i32) -> Result<WorkCalendar, Problem> {
    let (scope, month) = (cx.scope.clone(), month_of(year, cx.today())?);
    let store_id = reached::store(cx.db(), &scope, store, month).await?;
    of_store(cx.db(), store_id, store, year).await
}

async fn of_store(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    store: &str,
    year: i32,
) -> Result<WorkCalendar, Problem> {
    let (work, version) = store::find(connection, store_id, year).await?.unwrap_or_default();
    let calendar = holidays::country(connection).await?;
    let holidays_known = calendar.knows(year);
    let open_days = holidays::days_by_month(&work.calendar(calendar), year);
    Ok(WorkCalendar { store: store.to_owned(), year, work, holidays_known, open_days, version })
}

/// Keeps how a store works in a year. Days that people are scheduled for stay as they are until they are scheduled again.
///
/// # Errors
///
/// Not found where the caller does not reach the store; fields at fault; a failed precondition where somebody else has
/// changed it.
pub async fn put(
    cx: &mut Context,
    store: &str,
    year: i32,
    work: WorkDays,
    seen: Seen,
) -> Result<WorkCalendar, Problem> {
    let (scope, month) = (cx.scope.clone(), month_of(year, cx.today())?);
    let store_id = reached::store(cx.db(), &scope, store, month).await?;
    let faults = work.faults(year);
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    cx.transaction(async |cx| {
        let before = store::lock(cx.db(), store_id, year).await?;
        seen.check(before)?;
        store::write(cx.db(), store_id, year, &work, before + 1).await?;
        cx.audit("put_work_calendar", &format!("work_calendar/{store}/{year}"), json!(work)).await?;
        of_store(cx.db(), store_id, store, year).await
    })
    .await
}
