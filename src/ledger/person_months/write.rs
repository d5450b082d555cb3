//! Writing people's months: many rows at once, each sent as PostgreSQL keeps it.

use diesel::pg::Pg;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, Output, ToSql, WriteTuple};
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, SmallInt, SqlType};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{Change, PersonMonth};
use crate::db::sql;
use crate::http::Problem;

/// PostgreSQL's type of the table's rows.
#[derive(Debug, QueryId, SqlType)]
#[diesel(postgres_type(name = "person_month"))]
struct PersonMonthRow;

impl ToSql<PersonMonthRow, Pg> for PersonMonth {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        type Columns = (Date, BigInt, Nullable<BigInt>, Array<Nullable<Numeric>>, Array<Nullable<SmallInt>>);
        WriteTuple::<Columns>::write_tuple(
            &(self.period, self.employee_id, self.unit_id, &self.value, &self.rank),
            &mut out.reborrow(),
        )
    }
}

/// Writes the months as they are after the changes.
pub(super) async fn write(connection: &mut AsyncPgConnection, changes: &[Change]) -> Result<(), Problem> {
    let (known, new): (Vec<_>, Vec<_>) = changes.iter().partition(|change| change.before.is_some());
    let known = known.into_iter().filter(|change| change.before.as_ref() != Some(&change.after));
    let rows =
        |changes: Vec<&'_ Change>| changes.into_iter().map(|one| one.after.clone()).collect::<Vec<_>>();
    let (known, new) = (rows(known.collect()), rows(new));
    if !new.is_empty() {
        add(connection, new).await?;
    }
    if !known.is_empty() {
        sql("UPDATE person_month m SET value = n.value, rank = n.rank FROM unnest($1) AS n \
             WHERE m.period = n.period AND m.employee_id = n.employee_id")
        .bind::<Array<PersonMonthRow>, _>(known)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// Adds months of which nothing was recorded before.
pub(super) async fn add(connection: &mut AsyncPgConnection, months: Vec<PersonMonth>) -> Result<(), Problem> {
    sql("INSERT INTO person_month (period, employee_id, unit_id, value, rank) \
         SELECT n.period, n.employee_id, n.unit_id, n.value, n.rank FROM unnest($1) AS n")
    .bind::<Array<PersonMonthRow>, _>(months)
    .execute(connection)
    .await?;
    Ok(())
}
