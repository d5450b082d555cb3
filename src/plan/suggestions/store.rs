//! Who sells where in a year, and what was planned before.

use chrono::{Datelike as _, NaiveDate};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::compose::{Seller, Sellers, Unit};
use super::former::Former;
use crate::db::schema::{annual_plan, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::org::{Position, UnitKind};
use crate::period::Period;
use crate::plan::versions::rows;
use crate::plan::versions::store::version;
use crate::plan::versions::version::Status;

/// The unit with this code.
pub(super) async fn unit(connection: &mut AsyncPgConnection, code: &str) -> Result<Option<Unit>, Problem> {
    let found: Option<(i64, String, UnitKind, Option<i64>)> = org_unit::table
        .filter(org_unit::code.eq(code))
        .select((org_unit::id, org_unit::code, org_unit::kind, org_unit::parent_id))
        .first(connection)
        .await
        .optional()?;
    Ok(found.map(|(id, code, kind, parent)| Unit { id, code, kind, parent }))
}

#[derive(QueryableByName)]
struct SellerRow {
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Date)]
    first_day: NaiveDate,
}

/// The units at and below one, and who sells in them in a year: everybody where the year's first such posting is.
///
/// Of a year that has begun, people count from today's month on: who was there before and has left is not planned for.
pub(super) async fn sellers(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
    today: NaiveDate,
) -> Result<Sellers, Problem> {
    let units: Vec<(i64, String, UnitKind, Option<i64>)> = org_unit::table
        .filter(org_unit::path.contains(vec![unit_id]))
        .order(org_unit::code)
        .select((org_unit::id, org_unit::code, org_unit::kind, org_unit::parent_id))
        .load(connection)
        .await?;
    let first = if today.year() == year { Period::containing(today).month() } else { 1 };
    let people: Vec<SellerRow> =
        sql("SELECT DISTINCT ON (e.employee_no COLLATE \"C\") e.employee_no, e.name, a.unit_id,
             greatest(a.valid_from, make_date($2, $3, 1)) AS first_day
         FROM assignment a JOIN employee e ON e.id = a.employee_id
         JOIN org_unit u ON u.id = a.unit_id AND u.path @> ARRAY[$1]
         WHERE a.position = $4
         AND daterange(a.valid_from, a.valid_to) && daterange(make_date($2, $3, 1), make_date($2 + 1, 1, 1))
         ORDER BY e.employee_no COLLATE \"C\", a.valid_from, a.id")
        .bind::<BigInt, _>(unit_id)
        .bind::<Integer, _>(year)
        .bind::<Integer, _>(i32::try_from(first).unwrap_or(1))
        .bind::<Text, _>(Position::SalesConsultant)
        .load(connection)
        .await?;
    let people = people.into_iter().map(|row| Seller {
        employee_no: row.employee_no,
        name: row.name,
        unit_id: row.unit_id,
        from: Period::containing(row.first_day),
    });
    Ok(Sellers {
        units: units.into_iter().map(|(id, code, kind, parent)| Unit { id, code, kind, parent }).collect(),
        people: people.collect(),
    })
}

/// The version in force of a unit's plan of a year, or of the latest year before `before`.
pub(super) async fn former(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: Option<i32>,
    before: i32,
) -> Result<Option<Former>, Problem> {
    let (from, to) = year.map_or((i32::MIN, before), |year| (year, year.saturating_add(1)));
    let found: Option<(i64, i32)> = annual_plan::table
        .filter(annual_plan::unit_id.eq(unit_id))
        .filter(annual_plan::status.eq(Status::Approved))
        .filter(annual_plan::year.ge(from))
        .filter(annual_plan::year.lt(to))
        .order(annual_plan::year.desc())
        .select((annual_plan::id, annual_plan::year))
        .first(connection)
        .await
        .optional()?;
    let Some((id, year)) = found else { return Ok(None) };
    let version = version(connection, id).await?;
    let whole = rows::load_whole_plan(connection, &version).await?;
    Ok(Some(Former { year, season: version.split.season, whole }))
}
