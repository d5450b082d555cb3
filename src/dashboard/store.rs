//! Aggregates in the database.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Numeric, Text};
use diesel_async::RunQueryDsl;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::{Attainment, Distribution, Funnel, LeaderboardPlace, LeaderboardQuery, SelectionQuery, rate};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, reaches};
use crate::db::sql;
use crate::decimal;
use crate::http::Problem;
use crate::plan;

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: i32 = 100;

/// The stores and teams of the month that a scope reaches, with everybody's facts under the unit for which the person's
/// month counts.
const SUMS: &str = concat!(
    "WITH amount AS (
         SELECT u.path, f.metric, f.value FROM current_fact f
         JOIN unit_held($1, NULL) held ON held.employee_id = f.employee_id JOIN org_unit u ON u.id = held.unit_id
         WHERE f.period = $1 AND f.metric = ANY ($5))
     SELECT u.id, u.store_id, u.code, u.name, coalesce(amount.metric, '') AS metric,
            coalesce(sum(amount.value), 0) AS value
     FROM org_unit u LEFT JOIN amount ON amount.path @> ARRAY[u.id]
     WHERE u.kind IN ('store', 'team') AND daterange(u.valid_from, u.valid_to) && daterange($1, $2)
     AND ($3 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $3 AND u.path @> ARRAY[top.id]))
     AND ",
    reaches!("$4", "u.id", "$1"),
    " GROUP BY u.id, u.store_id, u.code, u.name, amount.metric ORDER BY array_length(u.path, 1), u.code"
);

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
    cx: &mut Context,
    selection: &SelectionQuery,
    metrics: &[&str],
) -> Result<Vec<SumRow>, Problem> {
    let rows = sql(SUMS)
        .bind::<Date, _>(selection.period)
        .bind::<Date, _>(selection.period.end())
        .bind::<Nullable<Text>, _>(selection.unit.clone())
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Array<Text>, _>(metrics.to_vec())
        .load(cx.db())
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
pub async fn attainment(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Attainment>, Problem> {
    let rows = sums(cx, selection, &["deliveries"]).await?;
    let mut stores = rows.iter().filter_map(|row| row.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let mut targets = std::collections::HashMap::new();
    for store_id in stores {
        for target in plan::unit_targets_in_force(cx.db(), store_id, selection.period).await? {
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
pub async fn funnel(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Funnel>, Problem> {
    let metrics = ["first_visits", "captured_leads", "visitors", "test_drives", "orders", "deliveries"];
    let rows = sums(cx, selection, &metrics).await?;
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

/// How many reviews have which final grade.
pub async fn distribution(
    cx: &mut Context,
    selection: &SelectionQuery,
) -> Result<Vec<Distribution>, Problem> {
    let mut rows: Vec<Distribution> = sql(concat!(
        "SELECT r.scheme, r.final_grade AS grade, count(*) AS reviews, avg(r.total)::numeric(12, 6) AS mean_total
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit u ON u.id = r.unit_id
         WHERE r.is_current AND c.period = $1
         AND ($2 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $2 AND u.path @> ARRAY[top.id]))
         AND ",
        reaches!("$3", "r.unit_id", "$1"),
        " GROUP BY r.scheme, r.final_grade ORDER BY r.scheme, min(r.total) DESC NULLS LAST, r.final_grade"
    ))
    .bind::<Date, _>(selection.period)
    .bind::<Nullable<Text>, _>(selection.unit.clone())
    .bind::<CallerScope, _>(cx.scope.clone())
    .load(cx.db())
    .await?;
    for row in &mut rows {
        row.mean_total = row.mean_total.map(|mean| decimal::half_up(mean, 2));
    }
    Ok(rows)
}

/// The best of a position by total, then deliveries. Reviews without a total have no place.
pub async fn leaderboard(
    cx: &mut Context,
    query: &LeaderboardQuery,
) -> Result<Vec<LeaderboardPlace>, Problem> {
    let top = query.top.unwrap_or(10);
    if !(1..=MOST_PLACES).contains(&top) {
        return Err(Problem::field("top", format!("expected 1 to {MOST_PLACES}")));
    }
    let rows = sql(concat!(
        "SELECT rank() OVER (ORDER BY r.total DESC, r.deliveries DESC) AS rank, e.employee_no, e.name,
                u.name AS unit, r.total, r.deliveries, r.final_grade
         FROM review r JOIN review_cycle c ON c.id = r.cycle_id JOIN org_unit u ON u.id = r.unit_id
         JOIN employee e ON e.id = r.employee_id
         WHERE r.is_current AND c.period = $1 AND r.position = $4 AND r.total IS NOT NULL
         AND ($2 IS NULL OR EXISTS (SELECT FROM org_unit top WHERE top.code = $2 AND u.path @> ARRAY[top.id]))
         AND ",
        reaches!("$3", "r.unit_id", "$1"),
        " ORDER BY r.total DESC, r.deliveries DESC, e.employee_no LIMIT $5"
    ))
    .bind::<Date, _>(query.period)
    .bind::<Nullable<Text>, _>(query.unit.clone())
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<Text, _>(query.position.clone().unwrap_or_else(|| "sales_consultant".to_owned()))
    .bind::<Integer, _>(top)
    .load(cx.db())
    .await?;
    Ok(rows)
}
