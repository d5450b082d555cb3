//! Writing people's months: many rows at once.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::numbers::Ranks;
use super::{Changes, Numbers, PersonMonth};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// Writes the months as they are after the changes, and notes for which unit each counts by now: until their people were
/// held, they could be posted elsewhere.
pub(super) async fn write(connection: &AsyncPgConnection, changes: &mut Changes) -> Result<(), Problem> {
    let (mut known, mut new) = (Vec::new(), Vec::new());
    for change in changes.values() {
        match &change.before {
            None => new.push(&change.after),
            Some(before) if *before != change.after => known.push(&change.after),
            Some(_) => {}
        }
    }
    add(connection, new).await?;
    let units = renew(connection, known).await?;
    for unit in units {
        if let Some(change) = changes.get_mut(&(unit.period, unit.employee_id)) {
            change.after.unit_id = unit.unit_id;
        }
    }
    Ok(())
}

/// For which unit a month counts.
#[derive(QueryableByName)]
struct CountsFor {
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
}

async fn renew(
    mut connection: &AsyncPgConnection,
    months: Vec<&PersonMonth>,
) -> Result<Vec<CountsFor>, Problem> {
    if months.is_empty() {
        return Ok(Vec::new());
    }
    let Columns { periods, people, values, ranks } = Columns::of(&months);
    Ok(sql("UPDATE person_month m SET value = n.value, rank = n.rank \
         FROM unnest($1, $2, $3, $4) AS n (period, employee_id, value, rank) \
         WHERE m.period = n.period AND m.employee_id = n.employee_id \
         RETURNING m.period, m.employee_id, m.unit_id")
    .bind::<Array<Date>, _>(periods)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<Text>, _>(values)
    .bind::<Array<Text>, _>(ranks)
    .load(&mut connection)
    .await?)
}

/// Adds months of which nothing was recorded before.
pub(super) async fn add(
    mut connection: &AsyncPgConnection,
    months: Vec<&PersonMonth>,
) -> Result<(), Problem> {
    if months.is_empty() {
        return Ok(());
    }
    let Columns { periods, people, values, ranks } = Columns::of(&months);
    sql("INSERT INTO person_month (period, employee_id, unit_id, value, rank) \
         SELECT n.period, n.employee_id, n.unit_id, n.value, n.rank \
         FROM unnest($1, $2, $3, $4, $5) AS n (period, employee_id, value, rank, unit_id)")
    .bind::<Array<Date>, _>(periods)
    .bind::<Array<BigInt>, _>(people)
    .bind::<Array<Text>, _>(values)
    .bind::<Array<Text>, _>(ranks)
    .bind::<Array<Nullable<BigInt>>, _>(months.iter().map(|month| month.unit_id).collect::<Vec<_>>())
    .execute(&mut connection)
    .await?;
    Ok(())
}

/// What is written of months, column by column.
struct Columns<'a> {
    periods: Vec<Period>,
    people: Vec<i64>,
    values: Vec<&'a Numbers>,
    ranks: Vec<&'a Ranks>,
}

impl<'a> Columns<'a> {
    fn of(months: &[&'a PersonMonth]) -> Self {
        Self {
            periods: months.iter().map(|month| month.period).collect(),
            people: months.iter().map(|month| month.employee_id).collect(),
            values: months.iter().map(|month| &month.value).collect(),
            ranks: months.iter().map(|month| &month.rank).collect(),
        }
    }
}
