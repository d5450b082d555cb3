//! The cells of plans: listed as far as somebody reaches, and those that are in force in a month.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Numeric, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::db::{rows_of, sql};
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::plan::actuals::known::Leaf;
use crate::plan::split::tree::Tree;
use crate::plan::{viewer, withheld};

/// One month of one place in a plan.
#[derive(Clone, Debug, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct TargetCell {
    /// The tree it belongs to.
    #[diesel(sql_type = Text)]
    pub tree: Tree,
    /// The line: what is planned.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// Code of the unit, in the organisation.
    #[diesel(sql_type = Nullable<Text>)]
    pub unit: Option<String>,
    /// 工号, if it is the cell of a person within that unit.
    #[diesel(sql_type = Nullable<Text>)]
    pub employee_no: Option<String>,
    /// Code of the channel or series, outside the organisation.
    #[diesel(sql_type = Nullable<Text>)]
    pub code: Option<String>,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// 建议值: what the weights give.
    #[diesel(sql_type = BigInt)]
    pub suggested: i64,
    /// 确定值: what counts.
    #[diesel(sql_type = BigInt)]
    pub confirmed: i64,
    /// 保底, where there is one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub floor: Option<i64>,
    /// 挑战, where there is one.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub stretch: Option<i64>,
    /// Where it stands among the cells of its plan.
    #[diesel(sql_type = BigInt)]
    #[serde(skip)]
    position: i64,
}

/// Which cells to list; none: every one.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CellFilter {
    /// Code of the unit.
    pub unit: Option<String>,
    /// 工号
    pub employee_no: Option<String>,
    /// The month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// The tree.
    pub tree: Option<Tree>,
    /// The line, for example `deliveries`.
    pub metric: Option<String>,
}

/// A page of the plan's cells that are reached, by month: a person's and a team's where they are reached in that month, the
/// others where the plan is seen as a whole. Months that are withheld are left out.
///
/// # Errors
///
/// Not found for a plan of which no cell is reached.
pub async fn list(
    cx: &mut Context,
    plan_id: i64,
    filter: &CellFilter,
    window: Window,
) -> Result<Page<TargetCell>, Problem> {
    let sees_plan = viewer::sees_plan(cx, plan_id).await?;
    if !sees_plan {
        viewer::require_place(cx, plan_id).await?;
    }
    let withheld_from = withheld::of_version(cx, plan_id).await?;
    // What is reached in which month is found once for all cells. The cells of a month, a line and a tree follow each other
    // in the author's order: no more of them are looked at than make a page.
    let cells = sql(
        "WITH month AS MATERIALIZED (
             SELECT m AS number, make_date(p.year, m, 1) AS period FROM annual_plan p CROSS JOIN generate_series(1, 12) m
             WHERE p.id = $1),
         unit AS MATERIALIZED (
             SELECT DISTINCT r.unit_id, month.period FROM reached($2) r JOIN month ON r.months @> month.period),
         team AS MATERIALIZED (
             SELECT DISTINCT r.unit_id, month.period FROM reached($3) r JOIN month ON r.months @> month.period)
         SELECT s.tree, s.metric, n.unit, n.employee_no, n.label AS code, s.period,
             (coalesce(n.suggested, n.confirmed))[12 * s.line + s.number] AS suggested,
             n.confirmed[12 * s.line + s.number] AS confirmed,
             CASE WHEN s.floor_total IS NOT NULL THEN n.floor[12 * s.line + s.number] END AS floor,
             CASE WHEN s.stretch_total IS NOT NULL THEN n.stretch[12 * s.line + s.number] END AS stretch,
             s.first + n.ordinal AS position
         FROM (
             SELECT month.*, l.*, tree.tree, ((number::bigint * 1000 + l.line) * 4 + tree.rank) * 1000000 AS first
             FROM month CROSS JOIN unnest('{channel,organisation,series}'::text[]) WITH ORDINALITY AS tree (tree, rank)
             JOIN plan_line l ON l.plan_id = $1
             WHERE ((number::bigint * 1000 + l.line) * 4 + tree.rank + 1) * 1000000 > $5
             AND ($8 IS NULL OR month.period = $8) AND ($9 IS NULL OR tree.tree = $9) AND ($10 IS NULL OR l.metric = $10)
             ORDER BY first) s
         CROSS JOIN LATERAL (
             SELECT n.*, u.code AS unit, e.employee_no
             FROM plan_node n JOIN annual_plan p ON p.id = n.plan_id
             LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id
             WHERE n.plan_id = $1 AND n.tree = s.tree AND n.ordinal > $5 - s.first
             AND (n.tree = 'organisation' OR n.ordinal > 0)
             AND ($6 IS NULL OR n.unit_id = (SELECT id FROM org_unit WHERE code = $6))
             AND ($7 IS NULL OR n.employee_id = (SELECT id FROM employee WHERE employee_no = $7))
             AND CASE WHEN n.employee_id IS NULL
                 THEN ($4 OR ($2).everything
                     OR (coalesce(n.unit_id, p.unit_id), s.period) IN (SELECT unit_id, period FROM unit))
                     AND ($12 IS NULL OR s.period < $12
                         OR (coalesce(n.unit_id, p.unit_id), s.period) IN (SELECT unit_id, period FROM team))
                 ELSE ($3).everything OR n.employee_id = ($3).employee_id
                     OR (n.unit_id, s.period) IN (SELECT unit_id, period FROM team) END
             ORDER BY n.ordinal LIMIT $11) n
         ORDER BY s.first, n.ordinal LIMIT $11",
    )
    .bind::<BigInt, _>(plan_id)
    .bind::<CallerScope, _>(cx.scope.clone())
    .bind::<CallerScope, _>(viewer::people(cx))
    .bind::<Bool, _>(sees_plan)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<Text>, _>(filter.unit.clone())
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Text>, _>(filter.tree)
    .bind::<Nullable<Text>, _>(filter.metric.clone())
    .bind::<BigInt, _>(window.rows())
    .bind::<Nullable<Date>, _>(withheld_from)
    .load(cx.db())
    .await?;
    Ok(window.page(cells, |cell: &TargetCell| cell.position))
}

/// A statement that begins with the version that governs each of so many months ($2) in each of so many stores ($1): of the
/// store's own plan the latest version approved with an effective month not after it; of the groups above it the nearest, where
/// the store has no plan of its own. The nodes of its units are looked up unit by unit (`OFFSET 0`), also while a new plan has
/// not been analyzed and its size is not known.
pub(in crate::plan) fn governed(stores: usize, months: usize, rest: &str) -> String {
    let (store, month) = (rows_of("$1", stores, "asked", "id"), rows_of("$2", months, "month", "period"));
    format!(
        "WITH governing AS (
             SELECT DISTINCT ON (store.id, month.period) store.id AS store_id, month.period,
                 extract(month FROM month.period)::integer AS number, p.id AS plan_id
             FROM {store} JOIN org_unit store ON store.id = asked.id CROSS JOIN {month}
             JOIN annual_plan p ON p.unit_id = ANY (store.path) AND p.effective_from <= month.period
                 AND p.year = extract(year FROM month.period) AND p.approved_at IS NOT NULL
                 AND p.status IN ('approved', 'superseded')
             ORDER BY store.id, month.period, array_position(store.path, p.unit_id) DESC, p.version DESC) {rest}"
    )
}

/// What a person is to reach in a month.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PersonTarget {
    /// The store whose target it is: somebody may have parts in several.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// The person.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The metric planned, for example `deliveries`.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// In units of the metric, yuan for amounts, summed over the person's teams in the store.
    #[diesel(sql_type = Numeric)]
    pub value: Decimal,
}

/// What the people of these stores are to reach in `period`, by the version that governs that month in each.
pub async fn targets_in_force(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    period: Period,
) -> Result<Vec<PersonTarget>, Problem> {
    let targets = sql(governed(
        stores.len(),
        1,
        ", part AS MATERIALIZED (
             SELECT g.store_id, n.employee_id, l.line, l.metric, l.is_amount, n.confirmed[12 * l.line + g.number] AS value
             FROM governing g JOIN org_unit u ON u.store_id = g.store_id
             CROSS JOIN LATERAL (
                 SELECT n.* FROM plan_node n
                 WHERE n.plan_id = g.plan_id AND n.unit_id = u.id AND n.employee_id IS NOT NULL OFFSET 0) n
             JOIN plan_line l ON l.plan_id = g.plan_id)
         SELECT store_id, employee_id, metric, sum(value) * CASE WHEN is_amount THEN 0.01 ELSE 1 END AS value
         FROM part GROUP BY store_id, employee_id, line, metric, is_amount ORDER BY store_id, employee_id, line",
    ))
    .over(stores.len())
    .bind::<Array<BigInt>, _>(stores.to_vec())
    .bind::<Array<Date>, _>(vec![period])
    .load(connection)
    .await?;
    Ok(targets)
}

/// What a store, a department or a team is to reach of a metric in a month.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct UnitTarget {
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// The unit.
    #[diesel(sql_type = BigInt)]
    pub unit_id: i64,
    /// In units of the metric, or cents.
    #[diesel(sql_type = BigInt)]
    pub value: i64,
}

/// What these stores and their units are to reach of `metric` in each of `periods`, by the version that governs that month
/// there.
pub async fn unit_targets_in_force(
    mut connection: &AsyncPgConnection,
    stores: &[i64],
    periods: Vec<Period>,
    metric: &str,
) -> Result<Vec<UnitTarget>, Problem> {
    let targets = sql(governed(
        stores.len(),
        periods.len(),
        "SELECT g.period, u.id AS unit_id, n.confirmed[12 * l.line + g.number] AS value
         FROM governing g JOIN plan_line l ON l.plan_id = g.plan_id AND l.metric = $3
         JOIN org_unit u ON u.store_id = g.store_id
         CROSS JOIN LATERAL (
             SELECT n.confirmed FROM plan_node n
             WHERE n.plan_id = g.plan_id AND n.unit_id = u.id AND n.tree = 'organisation'
             AND n.employee_id IS NULL OFFSET 0) n",
    ))
    .over(stores.len())
    .bind::<Array<BigInt>, _>(stores.to_vec())
    .bind::<Array<Date>, _>(periods)
    .bind::<Text, _>(metric.to_owned())
    .load(&mut connection)
    .await?;
    Ok(targets)
}

/// Which version governs a month in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::plan) struct Governing {
    /// The store.
    #[diesel(sql_type = BigInt)]
    pub store_id: i64,
    /// The month.
    #[diesel(sql_type = Date)]
    pub period: Period,
    /// The version: of the store's own plan, or of a group's above it.
    #[diesel(sql_type = BigInt)]
    pub plan_id: i64,
}

/// The version that governs each of `periods` in each of these stores, where there is one.
pub(in crate::plan) async fn governing(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
    periods: Vec<Period>,
) -> Result<Vec<Governing>, Problem> {
    let all = governed(stores.len(), periods.len(), "SELECT store_id, period, plan_id FROM governing");
    let governing = sql(all)
        .over(stores.len())
        .bind::<Array<BigInt>, _>(stores.to_vec())
        .bind::<Array<Date>, _>(periods)
        .load(connection)
        .await?;
    Ok(governing)
}

#[derive(QueryableByName)]
struct LeafRow {
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = BigInt)]
    target: i64,
}

/// What the people of a store, and the units of it that are not split among people, are to reach of `metric` in each of
/// `periods`, by the version that governs that month.
pub(in crate::plan) async fn leaves_in_force(
    connection: &mut AsyncPgConnection,
    store: i64,
    periods: Vec<Period>,
    metric: &str,
) -> Result<Vec<Leaf>, Problem> {
    let leaves: Vec<LeafRow> = sql(governed(
        1,
        periods.len(),
        "SELECT g.period, n.unit_id, n.employee_id, n.confirmed[12 * l.line + g.number] AS target
         FROM governing g JOIN plan_line l ON l.plan_id = g.plan_id AND l.metric = $3
         JOIN org_unit u ON u.store_id = g.store_id
         CROSS JOIN LATERAL (
             SELECT n.* FROM plan_node n
             WHERE n.plan_id = g.plan_id AND n.unit_id = u.id AND n.tree = 'organisation' OFFSET 0) n
         WHERE NOT EXISTS (
             SELECT FROM plan_node below
             WHERE below.plan_id = n.plan_id AND below.tree = n.tree AND below.parent = n.ordinal)",
    ))
    .bind::<Array<BigInt>, _>(vec![store])
    .bind::<Array<Date>, _>(periods)
    .bind::<Text, _>(metric.to_owned())
    .load(connection)
    .await?;
    let leaf = |row: LeafRow| {
        let LeafRow { period, unit_id, employee_id, target } = row;
        Leaf { unit_id, employee_id, month: period.index(), target }
    };
    Ok(leaves.into_iter().map(leaf).collect())
}
