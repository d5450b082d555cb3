//! Aggregates in the database.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Attainment, Distribution, Funnel, LeaderboardPlace, rate};
use crate::auth::caller::Scope;
use crate::decimal;
use crate::http::Problem;
use crate::period::Period;
use crate::plan;

/// Which part of the organisation, and which month.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The month.
    pub period: Period,
    /// Only this unit and those below it, by code.
    pub unit: Option<String>,
}

/// The stores and teams of the month that a scope reaches, with everybody's facts under the unit that they belonged to
/// for the longest part of the month. Leading is not selling, so a leader counts with the posting as a consultant.
const SUMS: &str = "\
    WITH posting AS ( \
        SELECT DISTINCT ON (a.employee_id) a.employee_id, u.path FROM assignment a \
        JOIN org_unit u ON u.id = a.unit_id \
        WHERE daterange(a.valid_from, a.valid_to) && daterange($1, $2) AND a.position <> 'team_leader' \
        ORDER BY a.employee_id, least(coalesce(a.valid_to, $2), $2) - greatest(a.valid_from, $1) DESC, \
                 a.valid_from DESC), \
    amount AS ( \
        SELECT p.path, f.metric, f.value FROM current_fact f JOIN posting p ON p.employee_id = f.employee_id \
        WHERE f.period = $1 AND f.metric = ANY ($7)) \
    SELECT u.id, u.store_id, u.code, u.name, coalesce(amount.metric, '') AS metric, \
           coalesce(sum(amount.value), 0) AS value \
    FROM org_unit u LEFT JOIN amount ON amount.path @> ARRAY[u.id] \
    WHERE u.kind IN ('store', 'team') AND daterange(u.valid_from, u.valid_to) && daterange($1, $2) \
    AND ($3 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $3 AND u.path @> ARRAY[top.id])) \
    AND may_reach($4, $5, $6, 0, u.id, $1) \
    GROUP BY u.id, u.store_id, u.code, u.name, amount.metric ORDER BY array_length(u.path, 1), u.code";

#[derive(QueryableByName)]
struct SumRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
}

async fn sums(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    selection: &Selection,
    metrics: &[&str],
) -> Result<Vec<SumRow>, Problem> {
    let rows = diesel::sql_query(SUMS)
        .bind::<Date, _>(selection.period.first_day())
        .bind::<Date, _>(selection.period.end())
        .bind::<Nullable<Text>, _>(&selection.unit)
        .bind::<Array<Text>, _>(&scope.reaches)
        .bind::<BigInt, _>(scope.employee_id)
        .bind::<BigInt, _>(scope.unit_id)
        .bind::<Array<Text>, _>(metrics)
        .load(connection)
        .await?;
    Ok(rows)
}

/// The rows of each unit, units in order.
fn by_unit(rows: &[SumRow]) -> impl Iterator<Item = (&SumRow, impl Fn(&str) -> i64)> {
    rows.chunk_by(|one, next| one.id == next.id).filter_map(|unit| {
        let first = unit.first()?;
        let number = |metric: &str| {
            let found = unit.iter().find(|row| row.metric == metric);
            found.and_then(|row| row.value.to_i64()).unwrap_or(0)
        };
        Some((first, number))
    })
}

/// Deliveries against the plan in force, by unit.
pub async fn attainment(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    selection: &Selection,
) -> Result<Vec<Attainment>, Problem> {
    let rows = sums(connection, scope, selection, &["deliveries"]).await?;
    let mut stores = rows.iter().filter_map(|row| row.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let mut targets = std::collections::HashMap::new();
    for store_id in stores {
        for target in plan::unit_targets_in_force(connection, store_id, selection.period).await? {
            if let Some(unit) = target.unit_id.filter(|_| target.metric == "deliveries") {
                targets.insert(unit, target.value);
            }
        }
    }
    let attainment = by_unit(&rows).map(|(unit, number)| {
        let (target, deliveries) = (targets.get(&unit.id).copied(), number("deliveries"));
        Attainment {
            unit: unit.code.clone(),
            name: unit.name.clone(),
            target,
            deliveries,
            attainment_rate: target.and_then(|target| rate(deliveries, target)),
        }
    });
    Ok(attainment.collect())
}

/// The sales funnel, by unit.
pub async fn funnel(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    selection: &Selection,
) -> Result<Vec<Funnel>, Problem> {
    let metrics = ["first_visits", "captured_leads", "visitors", "test_drives", "orders", "deliveries"];
    let rows = sums(connection, scope, selection, &metrics).await?;
    let funnels = by_unit(&rows).map(|(unit, number)| Funnel {
        unit: unit.code.clone(),
        name: unit.name.clone(),
        first_visits: number("first_visits"),
        captured_leads: number("captured_leads"),
        visitors: number("visitors"),
        test_drives: number("test_drives"),
        orders: number("orders"),
        deliveries: number("deliveries"),
        lead_capture_rate: rate(number("captured_leads"), number("first_visits")),
        test_drive_rate: rate(number("test_drives"), number("visitors")),
        closing_rate: rate(number("orders"), number("captured_leads")),
    });
    Ok(funnels.collect())
}

#[derive(QueryableByName)]
struct DistributionRow {
    #[diesel(sql_type = Text)]
    scheme: String,
    #[diesel(sql_type = Text)]
    grade: String,
    #[diesel(sql_type = BigInt)]
    reviews: i64,
    #[diesel(sql_type = Nullable<Numeric>)]
    mean_total: Option<Decimal>,
}

/// How many reviews have which final grade.
pub async fn distribution(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    selection: &Selection,
) -> Result<Vec<Distribution>, Problem> {
    let rows: Vec<DistributionRow> = diesel::sql_query(
        "SELECT r.scheme, r.final_grade AS grade, count(*) AS reviews, avg(r.total)::numeric(12, 6) AS mean_total \
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit u ON u.id = r.unit_id \
         WHERE r.is_current AND c.period = $1 \
         AND ($2 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $2 AND u.path @> ARRAY[top.id])) \
         AND may_reach($3, $4, $5, 0, r.unit_id, c.period) \
         GROUP BY r.scheme, r.final_grade ORDER BY r.scheme, min(r.total) DESC NULLS LAST, r.final_grade",
    )
    .bind::<Date, _>(selection.period.first_day())
    .bind::<Nullable<Text>, _>(&selection.unit)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .load(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Distribution {
            scheme: row.scheme,
            grade: row.grade,
            reviews: row.reviews,
            mean_total: row.mean_total.map(|mean| decimal::half_up(mean, 2)),
        })
        .collect())
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = BigInt)]
    rank: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    unit: String,
    #[diesel(sql_type = Numeric)]
    total: Decimal,
    #[diesel(sql_type = BigInt)]
    deliveries: i64,
    #[diesel(sql_type = Text)]
    final_grade: String,
}

/// The best of a position by total, then deliveries. Reviews without a total have no place.
pub async fn leaderboard(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    selection: &Selection,
    position: &str,
    top: i32,
) -> Result<Vec<LeaderboardPlace>, Problem> {
    let rows: Vec<PlaceRow> = diesel::sql_query(
        "SELECT rank() OVER (ORDER BY r.total DESC, r.deliveries DESC) AS rank, e.employee_no, e.name, \
                u.name AS unit, r.total, r.deliveries, r.final_grade \
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit u ON u.id = r.unit_id \
         JOIN employee e ON e.id = r.employee_id \
         WHERE r.is_current AND c.period = $1 AND r.position = $6 AND r.total IS NOT NULL \
         AND ($2 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $2 AND u.path @> ARRAY[top.id])) \
         AND may_reach($3, $4, $5, 0, r.unit_id, c.period) \
         ORDER BY r.total DESC, r.deliveries DESC, e.employee_no LIMIT $7",
    )
    .bind::<Date, _>(selection.period.first_day())
    .bind::<Nullable<Text>, _>(&selection.unit)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Text, _>(position)
    .bind::<Integer, _>(top)
    .load(connection)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| LeaderboardPlace {
            rank: row.rank,
            employee_no: row.employee_no,
            name: row.name,
            unit: row.unit,
            total: row.total,
            deliveries: row.deliveries,
            final_grade: row.final_grade,
        })
        .collect())
}
