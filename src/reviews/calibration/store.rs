//! Sums of a store's teams by month, scheme and grade.

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::reviews::store::ReviewCycle;

/// The reviews of a team in a month that have the same grade by the same scheme.
#[derive(Debug, QueryableByName)]
pub(super) struct TeamSum {
    #[diesel(sql_type = Date)]
    pub(super) period: Period,
    /// Code of the unit.
    #[diesel(sql_type = Text)]
    pub(super) unit: String,
    #[diesel(sql_type = Text)]
    pub(super) unit_name: String,
    #[diesel(sql_type = Text)]
    pub(super) store_name: String,
    #[diesel(sql_type = Text)]
    pub(super) scheme: String,
    /// Employee number of the line leader at the month's end.
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) leader_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) leader_name: Option<String>,
    #[diesel(sql_type = Text)]
    pub(super) final_grade: String,
    #[diesel(sql_type = BigInt)]
    pub(super) reviews: i64,
    /// Their totals together.
    #[diesel(sql_type = Numeric)]
    pub(super) points: Decimal,
}

/// The sums of a cycle, and of the three months before it as far as they are published. Reviews that were erased since still
/// count.
pub(super) async fn sums(
    connection: &mut AsyncPgConnection,
    cycle: &ReviewCycle,
) -> Result<Vec<TeamSum>, Problem> {
    let sums = sql("SELECT c.period, u.code AS unit, u.name AS unit_name, s.name AS store_name, r.scheme,
             w.employee_no AS leader_no, w.name AS leader_name, r.final_grade, sum(r.reviews)::bigint AS reviews,
             sum(r.points) AS points
         FROM review_cycle c CROSS JOIN LATERAL (
             SELECT r.unit_id, r.scheme, r.final_grade, count(*) AS reviews, coalesce(sum(r.total), 0) AS points
             FROM review r WHERE r.cycle_id = c.id AND r.is_current GROUP BY r.unit_id, r.scheme, r.final_grade
             UNION ALL
             SELECT e.unit_id, e.scheme, e.final_grade, e.reviews, e.points FROM erased_grade e WHERE e.cycle_id = c.id) r
         JOIN org_unit u ON u.id = r.unit_id JOIN org_unit s ON s.id = c.store_id
         LEFT JOIN team_leadership l ON l.unit_id = u.id AND l.kind = 'line'
             AND daterange(l.valid_from, l.valid_to) @> ((c.period + interval '1 month')::date - 1)
         LEFT JOIN employee w ON w.id = l.employee_id
         WHERE c.store_id = $1 AND (c.id = $2 OR c.state IN ('published', 'locked') AND c.period < $3
             AND c.period >= ($3::date - interval '3 months')::date)
         GROUP BY c.period, u.id, s.id, r.scheme, w.id, r.final_grade")
    .bind::<BigInt, _>(cycle.store_id)
    .bind::<BigInt, _>(cycle.id)
    .bind::<Date, _>(cycle.period)
    .load(connection)
    .await?;
    Ok(sums)
}
