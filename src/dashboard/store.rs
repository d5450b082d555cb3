//! Aggregates in the database.

use std::collections::HashMap;

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
use crate::plan::{self, UnitTarget};

/// Most places of a leaderboard. There is no list of the last ones.
const MOST_PLACES: i32 = 100;

/// The stores and teams of the month that a scope reaches, each with the sums of up to six metrics over everybody whose
/// month counts there or below. Units' own sums are kept beside the ledger (`unit_month`), so that a group costs as many
/// rows as it has teams, and not as it has people.
const SUMS: &str = concat!(
    "WITH shown AS (
         SELECT u.id, u.store_id, u.code, u.name, array_length(u.path, 1) AS depth FROM org_unit u
         WHERE u.kind IN ('store', 'team') AND daterange(u.valid_from, u.valid_to) && daterange($1, $2)
         AND ($3 IS NULL OR u.path @> (SELECT ARRAY[top.id] FROM org_unit top WHERE top.code = $3))
         AND ",
    reaches!("$4", "u.id", "$1"),
    "),
     place AS (
         SELECT array_agg(p.place ORDER BY wanted.at) AS at
         FROM unnest($5) WITH ORDINALITY AS wanted (metric, at) LEFT JOIN metric_place p ON p.metric = wanted.metric),
     own AS (
         SELECT u.path, m.value[p.at[1]] AS v1, m.value[p.at[2]] AS v2, m.value[p.at[3]] AS v3,
                m.value[p.at[4]] AS v4, m.value[p.at[5]] AS v5, m.value[p.at[6]] AS v6
         FROM org_unit u JOIN unit_month m ON m.period = $1 AND m.unit_id = u.id CROSS JOIN place p
         WHERE u.store_id IN (SELECT shown.store_id FROM shown)),
     summed AS (
         SELECT above.id, sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3, sum(v4) AS v4, sum(v5) AS v5, sum(v6) AS v6
         FROM own CROSS JOIN LATERAL unnest(own.path) AS above (id) GROUP BY above.id)
     SELECT u.id, u.store_id, u.code, u.name, ARRAY[s.v1, s.v2, s.v3, s.v4, s.v5, s.v6] AS sums
     FROM shown u LEFT JOIN summed s ON s.id = u.id ORDER BY u.depth, u.code"
);

/// A unit with its sums, in the order in which metrics were asked for.
#[derive(QueryableByName)]
struct UnitSums {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    store_id: Option<i64>,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<Nullable<Numeric>>)]
    sums: Vec<Option<Decimal>>,
}

impl UnitSums {
    /// The first sums as whole numbers.
    fn numbers<const N: usize>(&self) -> [i64; N] {
        let number = |place: usize| self.sums.get(place).copied().flatten().and_then(|sum| sum.to_i64());
        std::array::from_fn(|place| number(place).unwrap_or(0))
    }
}

async fn sums<const N: usize>(
    cx: &mut Context,
    selection: &SelectionQuery,
    metrics: [&str; N],
) -> Result<Vec<UnitSums>, Problem> {
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

/// Deliveries against the plan in force, by unit.
pub async fn attainment(cx: &mut Context, selection: &SelectionQuery) -> Result<Vec<Attainment>, Problem> {
    let rows = sums(cx, selection, ["deliveries"]).await?;
    let mut stores = rows.iter().filter_map(|row| row.store_id).collect::<Vec<_>>();
    stores.sort_unstable();
    stores.dedup();
    let targets = plan::unit_targets_in_force(cx.db(), &stores, selection.period).await?;
    let of_unit =
        |target: UnitTarget| Some((target.unit_id.filter(|_| target.metric == "deliveries")?, target.value));
    let targets: HashMap<i64, i64> = targets.into_iter().filter_map(of_unit).collect();
    let attainment = rows.iter().map(|unit| {
        let (target, [deliveries]) = (targets.get(&unit.id).copied(), unit.numbers());
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
    let rows = sums(cx, selection, metrics).await?;
    let funnels = rows.iter().map(|unit| {
        let [first_visits, captured_leads, visitors, test_drives, orders, deliveries] = unit.numbers();
        Funnel {
            unit: unit.code.clone(),
            name: unit.name.clone(),
            first_visits,
            captured_leads,
            visitors,
            test_drives,
            orders,
            deliveries,
            lead_capture_rate: rate(captured_leads, first_visits),
            test_drive_rate: rate(test_drives, visitors),
            closing_rate: rate(orders, captured_leads),
        }
    });
    Ok(funnels.collect())
}

/// `$what` of the reviews in force of a month ($1), as far as a scope ($3) reaches: in a unit and below it, or everywhere
/// ($2). They are found by their stores' cycles, so that a store costs what it has reviews.
macro_rules! month_reviews {
    (within $what:literal, $within:literal, $rest:literal) => {
        concat!(
            $what,
            " FROM review_cycle c JOIN review r ON r.cycle_id = c.id AND r.is_current
              JOIN org_unit u ON u.id = r.unit_id JOIN employee e ON e.id = r.employee_id
              WHERE c.period = $1 AND ",
            $within,
            " AND ",
            reaches!("$3", "r.unit_id", "$1"),
            $rest
        )
    };
    ($unit:expr, $what:literal, $rest:literal) => {
        match $unit {
            Some(_) => month_reviews!(
                within $what,
                "(c.store_id IN (SELECT below.store_id FROM org_unit below
                      WHERE below.path @> (SELECT ARRAY[top.id] FROM org_unit top WHERE top.code = $2))
                  AND u.path @> (SELECT ARRAY[top.id] FROM org_unit top WHERE top.code = $2))",
                $rest
            ),
            None => month_reviews!(within $what, "$2 IS NULL", $rest),
        }
    };
}

/// How many reviews have which final grade.
pub async fn distribution(
    cx: &mut Context,
    selection: &SelectionQuery,
) -> Result<Vec<Distribution>, Problem> {
    let mut rows: Vec<Distribution> = sql(month_reviews!(
        selection.unit,
        "SELECT r.scheme, r.final_grade AS grade, count(*) AS reviews, avg(r.total)::numeric(12, 6) AS mean_total",
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
    let rows = sql(month_reviews!(
        query.unit,
        "SELECT rank() OVER (ORDER BY r.total DESC, r.deliveries DESC) AS rank, e.employee_no, e.name,
                u.name AS unit, r.total, r.deliveries, r.final_grade",
        " AND r.position = $4 AND r.total IS NOT NULL
         ORDER BY r.total DESC, r.deliveries DESC, e.employee_no LIMIT $5"
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
