//! What stores are to take from the manufacturer, and what they counted in stock: kept and read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::db::schema::{org_unit, supply, supply_year};
use crate::db::sql;
use crate::http::body::refused;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Problem};
use crate::org::{UnitKind, labels};
use crate::period::Period;
use crate::plan::faults::{listed_twice, other_year};
use crate::plan::split::limits::MAX_TOTAL;
use crate::plan::viewer;
use crate::said::say;

/// What a store is to take in a year, series by series.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SupplyYear {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "JC", min_length = 1, max_length = 64)]
    pub store: String,
    /// The calendar year.
    #[garde(range(min = 1900, max = 2999))]
    #[schema(example = 2014, minimum = 1900, maximum = 2999)]
    pub year: i32,
    /// The series: one or more where they are put, none of a year of which nothing was put.
    #[garde(length(min = 1, max = 500), dive)]
    #[schema(max_items = 500)]
    pub series: Vec<SeriesSupply>,
}

/// The cars of a series that a store is to take in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesSupply {
    /// Code of the series.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "series_a", min_length = 1, max_length = 64)]
    pub code: String,
    /// Cars in stock when the year begins, below 0 while cars are missing from before. Null if not known: then the
    /// stock cannot be followed until it is counted.
    #[serde(default)]
    #[garde(inner(range(min = -MAX_TOTAL, max = MAX_TOTAL)))]
    #[schema(example = 40, minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    pub opening: Option<i64>,
    /// 提车任务: cars to be taken in each month, January first.
    #[garde(custom(twelve), inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Amount>, example = json!([70, 50, 65, 60, 60, 60, 55, 55, 65, 70, 70, 80]), min_items = 12, max_items = 12)]
    pub wholesale: Vec<i64>,
    /// Cars that were taken in each month, January first; null where that is not known, and empty if no month is known.
    #[serde(default)]
    #[garde(custom(twelve_or_none), inner(inner(range(min = 0, max = MAX_TOTAL))))]
    #[schema(inline, value_type = Vec<Option<crate::http::bounds::Amount>>, max_items = 12)]
    pub taken: Vec<Option<i64>>,
    /// 盘点: months after January that begin with a counted stock, instead of what the month before left.
    #[serde(default)]
    #[garde(length(max = 11), dive)]
    #[schema(max_items = 11)]
    pub stock_takings: Vec<StockTaking>,
}

/// A stock that was counted when a month began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StockTaking {
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-07")]
    pub period: Period,
    /// Cars in stock when it begins.
    #[garde(range(min = -MAX_TOTAL, max = MAX_TOTAL))]
    #[schema(minimum = -1_000_000_000_000_i64, maximum = 1_000_000_000_000_i64)]
    pub opening: i64,
}

fn twelve<T>(months: &[T], _: &()) -> garde::Result {
    match months.len() {
        12 => Ok(()),
        count => {
            Err(refused(&say!("应为十二个月，而不是 {count} 个", "expected twelve months, not {count}")))
        }
    }
}

fn twelve_or_none<T>(months: &[T], context: &()) -> garde::Result {
    if months.is_empty() { Ok(()) } else { twelve(months, context) }
}

/// A series' year as it is kept, January first; none where nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::plan) struct KeptYear {
    /// Stock that was counted.
    pub opening: [Option<i64>; 12],
    /// Cars to be taken.
    pub wholesale: [Option<i64>; 12],
    /// Cars taken.
    pub taken: [Option<i64>; 12],
}

/// The store with this code; none for a group, a department or a team.
async fn store_id(connection: &mut AsyncPgConnection, code: &str) -> Result<Option<i64>, Problem> {
    let id = org_unit::table
        .filter(org_unit::code.eq(code))
        .filter(org_unit::kind.eq(UnitKind::Store))
        .select(org_unit::id)
        .first(connection)
        .await
        .optional()?;
    Ok(id)
}

/// Whether a unit is a store.
pub(super) async fn is_store(connection: &mut AsyncPgConnection, unit_id: i64) -> Result<bool, Problem> {
    let kind: UnitKind = org_unit::table.find(unit_id).select(org_unit::kind).first(connection).await?;
    Ok(kind == UnitKind::Store)
}

/// The store with this code, if it is reached in `year`.
///
/// # Errors
///
/// Not found; the year at fault.
pub(in crate::plan) async fn reached(cx: &mut Context, code: &str, year: i32) -> Result<i64, Problem> {
    if Period::new(year, 1).is_none() {
        let message = say!("应为 1900 到 2999，而不是 {year}", "expected 1900 to 2999, not {year}");
        return Err(Problem::field("year", message));
    }
    viewer::require_unit(cx, code, year).await?;
    store_id(cx.db(), code).await?.ok_or_else(|| Problem::not_found("store"))
}

/// A code that no store has, as a field at fault.
fn no_store(code: &str) -> FieldError {
    FieldError::new("store", say!("没有门店“{code}”", "there is no store '{code}'"))
}

/// Keeps a year of the series that are given, in place of what was kept of them; other series stay. The answer is the
/// store's whole year, with its version.
///
/// # Errors
///
/// Every field at fault; a failed precondition where it is not the version that was seen, and a missing one where something
/// is kept and none was. Nothing is kept then.
pub async fn put(
    cx: &mut Context,
    change: SupplyYear,
    seen: Result<Seen, Problem>,
) -> Result<(SupplyYear, i32), Problem> {
    viewer::require_unit(cx, &change.store, change.year).await?;
    cx.transaction(async |cx| {
        let store_id = store_id(cx.db(), &change.store).await?;
        let faults = faults(cx.db(), &change, store_id).await?;
        let Some(store_id) = store_id.filter(|_| faults.is_empty()) else {
            return Err(Problem::fields(faults));
        };
        // Two at once are kept one after the other, whole: rows of one never stand between rows of the other.
        let _locked: i64 =
            org_unit::table.find(store_id).select(org_unit::id).for_no_key_update().first(cx.db()).await?;
        let version = version(cx.db(), store_id, change.year).await?;
        match seen {
            Err(problem) if problem.code == Code::PreconditionRequired && version == 0 => {}
            seen => seen?.check(version)?,
        }
        diesel::insert_into(supply_year::table)
            .values((
                supply_year::unit_id.eq(store_id),
                supply_year::year.eq(change.year),
                supply_year::row_version.eq(version + 1),
            ))
            .on_conflict((supply_year::unit_id, supply_year::year))
            .do_update()
            .set(supply_year::row_version.eq(version + 1))
            .execute(cx.db())
            .await?;
        write(cx.db(), store_id, &change).await?;
        let subject = format!("supply/{}/{}", change.store, change.year);
        cx.audit("put_supply", &subject, json!(change)).await?;
        Ok((of_store(cx.db(), store_id, change.store, change.year).await?, version + 1))
    })
    .await
}

/// How often a store's year was set.
async fn version(connection: &mut AsyncPgConnection, store_id: i64, year: i32) -> Result<i32, Problem> {
    let version = supply_year::table
        .find((store_id, year))
        .select(supply_year::row_version)
        .first(connection)
        .await
        .optional()?;
    Ok(version.unwrap_or(0))
}

async fn faults(
    connection: &mut AsyncPgConnection,
    change: &SupplyYear,
    store_id: Option<i64>,
) -> Result<Vec<FieldError>, Problem> {
    let mut faults: Vec<FieldError> = Vec::new();
    if store_id.is_none() {
        faults.push(no_store(&change.store));
    }
    let known = match store_id {
        Some(store_id) => labels::of_unit(connection, labels::SERIES, store_id).await?,
        // Of a store that there is not, nothing can be told to be foreign.
        None => change.series.iter().map(|series| series.code.clone()).collect(),
    };
    let mut listed = HashSet::new();
    for (index, series) in change.series.iter().enumerate() {
        let field = format!("series[{index}]");
        if !known.contains(&series.code) {
            faults.push(FieldError::new(
                format!("{field}.code"),
                say!("没有车系“{}”", "there is no series '{}'", series.code),
            ));
        }
        if !listed.insert(series.code.as_str()) {
            faults.push(listed_twice(format!("{field}.code"), &series.code));
        }
        let mut counted = BTreeSet::new();
        for (index, taking) in series.stock_takings.iter().enumerate() {
            let field = format!("{field}.stock_takings[{index}].period");
            if taking.period.year() != change.year {
                faults.push(other_year(&field, change.year));
            } else if taking.period.month() == 1 {
                faults.push(FieldError::new(
                    &field,
                    say!(
                        "应为一月以后的月份：一月的库存就是 opening",
                        "expected a month after January: its stock is the series' opening"
                    ),
                ));
            } else if !counted.insert(taking.period) {
                faults.push(listed_twice(&field, taking.period));
            }
        }
    }
    Ok(faults)
}

async fn write(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    change: &SupplyYear,
) -> Result<(), Problem> {
    let (mut codes, mut periods) = (Vec::new(), Vec::new());
    let (mut wholesale, mut taken, mut opening) = (Vec::new(), Vec::new(), Vec::new());
    for series in &change.series {
        let given = series.taken.iter().copied().chain(std::iter::repeat(None));
        for ((period, task), taken_then) in
            Period::months_of(change.year).into_iter().zip(&series.wholesale).zip(given)
        {
            let counted = series.stock_takings.iter().find(|taking| taking.period == period);
            codes.push(series.code.clone());
            periods.push(period);
            wholesale.push(*task);
            taken.push(taken_then);
            opening.push(match period.month() {
                1 => series.opening,
                _ => counted.map(|taking| taking.opening),
            });
        }
    }
    sql(
        "INSERT INTO supply (unit_id, series, period, wholesale, taken, opening)
         SELECT $1, month.* FROM unnest($2, $3, $4, $5, $6) AS month (series, period, wholesale, taken, opening)
         ON CONFLICT (unit_id, series, period) DO UPDATE
         SET wholesale = excluded.wholesale, taken = excluded.taken, opening = excluded.opening",
    )
    .bind::<BigInt, _>(store_id)
    .bind::<Array<Text>, _>(codes)
    .bind::<Array<Date>, _>(periods)
    .bind::<Array<BigInt>, _>(wholesale)
    .bind::<Array<Nullable<BigInt>>, _>(taken)
    .bind::<Array<Nullable<BigInt>>, _>(opening)
    .execute(connection)
    .await?;
    Ok(())
}

type SupplyRow = (String, Period, i64, Option<i64>, Option<i64>);

/// What is kept of a unit's year, by the series' code.
pub(in crate::plan) async fn load(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
) -> Result<BTreeMap<String, KeptYear>, Problem> {
    let rows: Vec<SupplyRow> = supply::table
        .filter(supply::unit_id.eq(unit_id))
        .filter(supply::period.eq_any(Period::months_of(year)))
        .select((supply::series, supply::period, supply::wholesale, supply::taken, supply::opening))
        .load(connection)
        .await?;
    let mut kept: BTreeMap<String, KeptYear> = BTreeMap::new();
    for (series, period, wholesale, taken, opening) in rows {
        let year = kept.entry(series).or_default();
        for (months, value) in
            [(&mut year.wholesale, Some(wholesale)), (&mut year.taken, taken), (&mut year.opening, opening)]
        {
            if let Some(slot) = months.get_mut(period.index()) {
                *slot = value;
            }
        }
    }
    Ok(kept)
}

/// Whose supply.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SupplyQuery {
    /// Code of the store.
    pub store: String,
    /// The calendar year, 1900 to 2999.
    pub year: i32,
}

/// A store's year as it is kept, series by code, with its version: 0 where nothing is kept.
///
/// # Errors
///
/// Not found for a store that is not reached; the year at fault.
pub async fn read(
    cx: &mut Context,
    SupplyQuery { store, year }: SupplyQuery,
) -> Result<(SupplyYear, i32), Problem> {
    let store_id = reached(cx, &store, year).await?;
    // The year and its version at one moment.
    cx.snapshot(async |cx| {
        let version = version(cx.db(), store_id, year).await?;
        Ok((of_store(cx.db(), store_id, store, year).await?, version))
    })
    .await
}

async fn of_store(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    store: String,
    year: i32,
) -> Result<SupplyYear, Problem> {
    let kept = load(connection, store_id, year).await?;
    let series = kept.into_iter().map(|(code, kept)| {
        let mut counted = Period::months_of(year).into_iter().zip(kept.opening);
        SeriesSupply {
            code,
            opening: counted.next().and_then(|(_, opening)| opening),
            wholesale: kept.wholesale.into_iter().map(Option::unwrap_or_default).collect(),
            taken: kept.taken.to_vec(),
            stock_takings: counted
                .filter_map(|(period, opening)| Some(StockTaking { period, opening: opening? }))
                .collect(),
        }
    });
    Ok(SupplyYear { store, year, series: series.collect() })
}
