//! Sums of people's months by the unit for which each counts. They follow by what is added to them and taken from them,
//! so transactions that know nothing of each other come to the same sums in whichever order they end. The database adds
//! up when a transaction ends (`unit_change`), and moves months whose people are posted elsewhere (`move_months`).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Date, Integer, Numeric, SmallInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::person_months::PersonMonth;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// What is added to a sum, and how many people more are in it.
#[derive(Default)]
struct Summand {
    value: Decimal,
    known: i32,
}

impl Summand {
    /// Adds what one person's value was and has become; nothing where that is too large.
    fn add(&mut self, before: Option<Decimal>, after: Option<Decimal>) -> Option<()> {
        self.value =
            self.value.checked_add(after.unwrap_or_default())?.checked_sub(before.unwrap_or_default())?;
        self.known += i32::from(after.is_some()) - i32::from(before.is_some());
        Some(())
    }
}

/// Has the sums follow the months that have changed by what was recorded at a moment, each as it was and as it is. A month counts
/// for the unit that it counted for before.
pub(super) async fn follow(
    mut connection: &AsyncPgConnection,
    recorded_at: DateTime<Utc>,
    months: impl Iterator<Item = (Option<&PersonMonth>, &PersonMonth)>,
) -> Result<(), Problem> {
    let mut sums = BTreeMap::<(Period, i64, i16), Summand>::new();
    for (before, after) in months {
        let Some(unit_id) = after.unit_id else { continue };
        for at in 0..after.value.0.len().max(before.map_or(0, |before| before.value.0.len())) {
            let (was, is) = (before.and_then(|before| before.value.get(at)), after.value.get(at));
            if was != is {
                let sum = sums.entry((after.period, unit_id, i16::try_from(at + 1).unwrap_or(i16::MAX)));
                let too_large = || Problem::internal(&format!("the sums of unit {unit_id} are too large"));
                sum.or_default().add(was, is).ok_or_else(too_large)?;
            }
        }
    }
    if sums.is_empty() {
        return Ok(());
    }
    sql("INSERT INTO unit_change (period, unit_id, place, value, known, recorded_at) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind::<Array<Date>, _>(sums.keys().map(|(period, ..)| *period).collect::<Vec<_>>())
        .bind::<Array<BigInt>, _>(sums.keys().map(|(_, unit_id, _)| *unit_id).collect::<Vec<_>>())
        .bind::<Array<SmallInt>, _>(sums.keys().map(|(.., place)| *place).collect::<Vec<_>>())
        .bind::<Array<Numeric>, _>(sums.values().map(|sum| sum.value).collect::<Vec<_>>())
        .bind::<Array<Integer>, _>(sums.values().map(|sum| sum.known).collect::<Vec<_>>())
        .bind::<Timestamptz, _>(recorded_at)
        .execute(&mut connection)
        .await?;
    Ok(())
}
