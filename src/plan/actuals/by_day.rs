//! What people had brought of a month by the end of one of its days.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::known::units;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// What somebody had brought by the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::plan) enum ByDay {
    /// So much, in units of the metric or cents.
    Known(i64),
    /// That cannot be told: the ledger has the month's total, and had none yet on that day.
    TotalOnly,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Nullable<Numeric>)]
    value: Option<Decimal>,
    #[diesel(sql_type = Bool)]
    has_days: bool,
}

/// What each of `people` had brought of a metric by the end of `day`, a day of the month.
///
/// Values of days and records that have a day count up to that day, as they stand now: a record that is corrected later was
/// never true. A total counts from the day on up to which its file goes, otherwise from the day on which it came: it says
/// what was known then. Of what is left, the ledger's ranks decide as they do for the month.
pub(in crate::plan) async fn by_day(
    connection: &mut AsyncPgConnection,
    people: Vec<i64>,
    (metric, is_amount): (&str, bool),
    day: NaiveDate,
) -> Result<HashMap<i64, ByDay>, Problem> {
    let period = Period::containing(day);
    let rows: Vec<Row> = sql("WITH one AS MATERIALIZED (
             SELECT f.id, f.employee_id, f.rank, f.place, f.value, f.day,
                 coalesce(b.up_to, least((f.recorded_at AT TIME ZONE 'Asia/Shanghai')::date, $5)) AS told_on
             FROM fact f LEFT JOIN import_batch b ON b.id = f.batch_id
             WHERE f.period = $1 AND f.employee_id = ANY ($2) AND f.metric = $3),
         youngest AS MATERIALIZED (
             SELECT DISTINCT ON (employee_id, rank, place) * FROM one ORDER BY employee_id, rank, place, id DESC),
         standing AS (
             SELECT employee_id, rank, value FROM youngest WHERE day <= $4
             UNION ALL
             SELECT employee_id, rank, value FROM (
                 SELECT DISTINCT ON (o.employee_id, o.rank, o.place) o.*
                 FROM one o JOIN youngest y ON (y.employee_id, y.rank, y.place) = (o.employee_id, o.rank, o.place)
                 WHERE y.day IS NULL AND o.day IS NULL AND o.told_on <= $4
                 ORDER BY o.employee_id, o.rank, o.place, o.id DESC) AS told),
         ranked AS (
             SELECT employee_id, rank, sum(value) AS value FROM standing WHERE value IS NOT NULL GROUP BY employee_id, rank)
         SELECT DISTINCT ON (person.id) person.id AS employee_id,
             CASE WHEN off.value IS NULL THEN top.value ELSE greatest(0, top.value + off.value) END AS value,
             EXISTS (SELECT FROM youngest y
                 WHERE y.employee_id = person.id AND y.rank >= 0 AND y.day IS NOT NULL AND y.value IS NOT NULL) AS has_days
         FROM unnest($2) AS person (id)
         LEFT JOIN ranked top ON top.employee_id = person.id AND top.rank >= 0
         LEFT JOIN ranked off ON off.employee_id = person.id AND off.rank < 0
         ORDER BY person.id, top.rank DESC NULLS LAST")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Text, _>(metric.to_owned())
    .bind::<Date, _>(day)
    .bind::<Date, _>(period.last_day())
    .load(connection)
    .await?;
    let mut known = HashMap::with_capacity(rows.len());
    for Row { employee_id, value, has_days } in rows {
        let by_day = match value {
            Some(value) => {
                let value = units(value, is_amount);
                let too_large =
                    || Problem::internal(&format!("{metric} of employee {employee_id} is too large"));
                ByDay::Known(value.ok_or_else(too_large)?)
            }
            // The month's values have their days, and none of them had come yet.
            None if has_days => ByDay::Known(0),
            None => ByDay::TotalOnly,
        };
        known.insert(employee_id, by_day);
    }
    Ok(known)
}
