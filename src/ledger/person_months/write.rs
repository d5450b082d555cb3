//! Writing people's months: many rows at once, each sent as PostgreSQL keeps it.

use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql, WriteTuple};
use diesel::sql_types::{Array, BigInt, Date, Nullable, SmallInt, SqlType, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Changes, PersonMonth};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// PostgreSQL's type of the table's rows.
#[derive(Debug, QueryId, SqlType)]
#[diesel(postgres_type(name = "person_month"))]
struct PersonMonthRow;

impl ToSql<PersonMonthRow, Pg> for PersonMonth {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        type Columns = (Date, BigInt, Nullable<BigInt>, Text, Array<Nullable<SmallInt>>);
        WriteTuple::<Columns>::write_tuple(
            &(self.period, self.employee_id, self.unit_id, &self.value, &self.rank),
            &mut out.reborrow(),
        )
    }
}

/// Writes the months as they are after the changes, and notes for which unit each counts by now: until their people were
/// held, they could be posted elsewhere.
pub(super) async fn write(connection: &mut AsyncPgConnection, changes: &mut Changes) -> Result<(), Problem> {
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
    connection: &mut AsyncPgConnection,
    months: Vec<&PersonMonth>,
) -> Result<Vec<CountsFor>, Problem> {
    if months.is_empty() {
        return Ok(Vec::new());
    }
    Ok(sql("UPDATE person_month m SET value = n.value, rank = n.rank FROM unnest($1) AS n \
         WHERE m.period = n.period AND m.employee_id = n.employee_id \
         RETURNING m.period, m.employee_id, m.unit_id")
    .bind::<Array<PersonMonthRow>, _>(months)
    .load(connection)
    .await?)
}

/// Adds months of which nothing was recorded before.
pub(super) async fn add(
    connection: &mut AsyncPgConnection,
    months: Vec<&PersonMonth>,
) -> Result<(), Problem> {
    if months.is_empty() {
        return Ok(());
    }
    sql("INSERT INTO person_month (period, employee_id, unit_id, value, rank) \
         SELECT n.period, n.employee_id, n.unit_id, n.value, n.rank FROM unnest($1) AS n")
    .bind::<Array<PersonMonthRow>, _>(months)
    .execute(connection)
    .await?;
    Ok(())
}
