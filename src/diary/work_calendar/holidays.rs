//! China's public holidays of further years: the notice comes in November, and nobody should have to build a program for
//! it. A year is kept as the text of its file, in the form of those in `calendar/`.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::auth::Context;
use crate::calendar::Calendar;
use crate::db::schema::holiday_year;
use crate::db::sql;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::said::say;

/// Largest file, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// A year whose public holidays are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HolidayYear {
    /// The year.
    pub year: i32,
    /// How many days the country works, month by month.
    #[schema(example = json!([22, 17, 21, 21, 21, 20, 23, 21, 22, 19, 20, 23]))]
    pub working_days: Vec<u32>,
    /// Grows with every change; 0 for a year as it comes with the program. Also the ETag.
    pub version: i32,
}

/// The country's calendar: the years of the program, and those that were added or amended.
pub async fn country(connection: &mut AsyncPgConnection) -> Result<Calendar, Problem> {
    let years: Vec<(i32, String)> =
        holiday_year::table.select((holiday_year::year, holiday_year::text)).load(connection).await?;
    with_added(years)
}

/// The years of the program with those that were added or amended, each with the text of its file.
pub(super) fn with_added(years: Vec<(i32, String)>) -> Result<Calendar, Problem> {
    let shipped = Calendar::shipped().map_err(|error| Problem::internal(&error))?;
    let files = years.into_iter().map(|(year, text)| (format!("calendar/{year}.toml"), text));
    let files = files.collect::<Vec<_>>();
    let files = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    shipped.with_years(files).map_err(|error| Problem::internal(&error))
}

/// Every year whose public holidays are known.
pub async fn list(connection: &mut AsyncPgConnection) -> Result<Vec<HolidayYear>, Problem> {
    let calendar = country(connection).await?;
    let versions: Vec<(i32, i32)> =
        holiday_year::table.select((holiday_year::year, holiday_year::version)).load(connection).await?;
    let versions = versions.into_iter().collect::<HashMap<_, _>>();
    let of = |year| of(&calendar, year, versions.get(&year).copied().unwrap_or(0));
    Ok(calendar.years().map(of).collect())
}

fn of(calendar: &Calendar, year: i32, version: i32) -> HolidayYear {
    HolidayYear { year, working_days: days_by_month(calendar, year), version }
}

/// How many days of each month of a year are worked.
pub(super) fn days_by_month(calendar: &Calendar, year: i32) -> Vec<u32> {
    let months = Period::months_of(year);
    months.iter().map(|month| calendar.working_days(month.first_day(), month.end())).collect()
}

/// Adds the public holidays of a year, or puts them in the place of those that were known.
///
/// # Errors
///
/// A field at fault with the entry of the file; a failed precondition where somebody else has changed the year; nothing is kept then.
pub async fn put(cx: &mut Context, year: i32, file: &[u8], seen: Seen) -> Result<HolidayYear, Problem> {
    if file.len() > MAX_BYTES {
        return Err(Problem::field("file", say!("最多 {} KiB", "expected at most {} KiB", MAX_BYTES / 1024)));
    }
    let text = std::str::from_utf8(file).map_err(|error| {
        Problem::field("file", say!("不是 UTF-8 文本：{error}", "this is no UTF-8 text: {error}"))
    })?;
    let name = format!("calendar/{year}.toml");
    let calendar = Calendar::default().with_years([(name.as_str(), text)]);
    let calendar = calendar.map_err(|error| Problem::field("file", error))?;
    if !calendar.knows(year) {
        return Err(Problem::field(
            "file",
            say!("应为 year = {year}，与地址里的一样", "expected year = {year}, as in the address"),
        ));
    }
    cx.transaction(async |cx| {
        sql("LOCK TABLE holiday_year IN SHARE ROW EXCLUSIVE MODE").execute(cx.db()).await?;
        let before = holiday_year::table.find(year).select(holiday_year::version).first::<i32>(cx.db()).await;
        let version = before.optional()?.unwrap_or(0);
        seen.check(version)?;
        let values = (
            holiday_year::version.eq(version + 1),
            holiday_year::text.eq(text),
            holiday_year::user_id.eq(cx.by()),
            holiday_year::changed_at.eq(cx.now),
        );
        diesel::insert_into(holiday_year::table)
            .values((holiday_year::year.eq(year), values))
            .on_conflict(holiday_year::year)
            .do_update()
            .set(values)
            .execute(cx.db())
            .await?;
        cx.audit("put_public_holidays", &format!("holiday_year/{year}"), json!({ "text": text })).await?;
        Ok(of(&country(cx.db()).await?, year, version + 1))
    })
    .await
}
