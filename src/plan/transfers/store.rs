//! Who is posted where in the months of a year, and what people and units are called.

use std::collections::HashMap;

use diesel::PgArrayExpressionMethods as _;
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::follow::{Held, Organisation};
use crate::db::schema::{employee, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::org::Position;
use crate::plan::split::tree::Place;
use crate::plan::split::weights::{Known, KnownUnit, UnitRow};
use crate::plan::split::whole_plan::WholePlan;

#[derive(QueryableByName)]
struct HeldRow {
    #[diesel(sql_type = Integer)]
    month: i32,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Bool)]
    sells: bool,
}

/// What the organisation knows of a plan's year at and below `unit_id`.
pub(super) async fn load(
    connection: &mut AsyncPgConnection,
    unit_id: i64,
    year: i32,
    whole: &WholePlan,
) -> Result<Organisation, Problem> {
    let rows: Vec<HeldRow> = sql("WITH posted AS MATERIALIZED (
             SELECT array_agg(DISTINCT a.employee_id) AS people FROM assignment a JOIN org_unit u ON u.id = a.unit_id
             WHERE u.path @> ARRAY[$1]
             AND daterange(a.valid_from, a.valid_to) && daterange(make_date($2, 1, 1), make_date($2 + 1, 1, 1)))
         SELECT m.month, p.employee_id, p.unit_id, p.position = $3 AS sells
         FROM generate_series(1, 12) AS m (month), posted,
             LATERAL posting_held(make_date($2, m.month, 1), posted.people) p
         JOIN org_unit u ON u.id = p.unit_id AND u.path @> ARRAY[$1]
         WHERE posted.people IS NOT NULL
         ORDER BY m.month, p.employee_id, p.position <> $3, p.position = 'team_leader', p.valid_from DESC, p.id DESC")
    .bind::<BigInt, _>(unit_id)
    .bind::<Integer, _>(year)
    .bind::<Text, _>(Position::SalesConsultant)
    .load(connection)
    .await?;
    let mut months: [HashMap<i64, Held>; 12] = Default::default();
    for row in rows {
        let month = usize::try_from(row.month).unwrap_or(1).saturating_sub(1);
        let Some(slot) = months.get_mut(month) else { continue };
        let held = slot.entry(row.employee_id).or_default();
        held.units.push(row.unit_id);
        held.sells |= row.sells;
    }
    let planned = whole.shapes.organisation.nodes().iter().filter_map(|node| match node.place {
        Place::Person { employee_id, .. } => Some(employee_id),
        _ => None,
    });
    let people: Vec<i64> = planned.chain(months.iter().flat_map(|month| month.keys().copied())).collect();
    let people: Vec<(i64, String, String)> = employee::table
        .filter(employee::id.eq_any(people))
        .select((employee::id, employee::employee_no, employee::name))
        .load(connection)
        .await?;
    let units: Vec<UnitRow> = org_unit::table
        .filter(org_unit::path.contains(vec![unit_id]))
        .select((org_unit::code, org_unit::id, org_unit::kind, org_unit::path, org_unit::store_id))
        .load(connection)
        .await?;
    Ok(Organisation {
        months,
        known: Known {
            employees: people.iter().map(|(id, number, _)| (number.clone(), *id)).collect(),
            units: units.into_iter().map(KnownUnit::by_code).collect(),
            ..Known::default()
        },
        people: people.into_iter().map(|(id, number, name)| (id, (number, name))).collect(),
    })
}
