//! The cells of plans: listed as far as somebody reaches, and those that are in force in a month.

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Problem;
use crate::http::page::Page;
use crate::period::Period;
use crate::plan::split::tree::Tree;
use crate::plan::versions::rows::known_tree;
use crate::plan::viewer::{self, PERSON_REACHED, Viewer};

/// One month of one place in a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TargetCell {
    /// The tree it belongs to.
    pub tree: Tree,
    /// The line: what is planned.
    pub metric: String,
    /// Code of the unit, in the organisation.
    pub unit: Option<String>,
    /// 工号, where it is a person's cell within that unit.
    pub employee_no: Option<String>,
    /// Code of the channel or series, outside the organisation.
    pub code: Option<String>,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// 建议值: what the weights give.
    pub suggested: i64,
    /// 确定值: what counts.
    pub confirmed: i64,
    /// 保底, where there is one.
    pub floor: Option<i64>,
    /// 挑战, where there is one.
    pub stretch: Option<i64>,
}

/// Which cells to list; none: every one.
#[derive(Clone, Debug, Default)]
pub struct CellFilter {
    /// Code of the unit.
    pub unit: Option<String>,
    /// 工号
    pub employee_no: Option<String>,
    /// The month.
    pub period: Option<Period>,
    /// The tree.
    pub tree: Option<Tree>,
    /// The line: what is planned.
    pub metric: Option<String>,
}

#[derive(QueryableByName)]
struct CellRow {
    #[diesel(sql_type = Text)]
    tree: String,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Date)]
    period: NaiveDate,
    #[diesel(sql_type = BigInt)]
    suggested: i64,
    #[diesel(sql_type = BigInt)]
    confirmed: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    floor: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    stretch: Option<i64>,
    #[diesel(sql_type = Text)]
    metric: String,
}

/// A page of the plan's cells that the viewer reaches, by month: a person's and a team's where the viewer reaches them in
/// that month, the others where the viewer sees the plan as a whole. The page begins behind the first `after` of them.
///
/// # Errors
///
/// Not found for a plan of which the viewer reaches no cell.
pub async fn list(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    plan_id: i64,
    filter: &CellFilter,
    after: i64,
    limit: i64,
) -> Result<Page<TargetCell>, Problem> {
    let sees_plan = viewer::sees_plan(connection, viewer, plan_id).await?;
    if !sees_plan && rows(connection, viewer, false, plan_id, &CellFilter::default(), 0, 1).await?.is_empty()
    {
        return Err(Problem::not_found("plan"));
    }
    let rows = rows(connection, viewer, sees_plan, plan_id, filter, after, limit + 1).await?;
    let cells = (after + 1..).zip(rows).map(|(position, row)| {
        let cell = TargetCell {
            tree: known_tree(&row.tree)?,
            metric: row.metric,
            unit: row.unit,
            employee_no: row.employee_no,
            code: row.label,
            period: Period::containing(row.period),
            suggested: row.suggested,
            confirmed: row.confirmed,
            floor: row.floor,
            stretch: row.stretch,
        };
        Ok((position, cell))
    });
    // A cell has no id: its position among the cells listed stands for one.
    let page = Page::of(cells.collect::<Result<Vec<_>, Problem>>()?, limit, |(position, _)| *position);
    let items = page.items.into_iter().map(|(_, cell)| cell).collect();
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// By month, line and place.
async fn rows(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    sees_plan: bool,
    plan_id: i64,
    filter: &CellFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<CellRow>, Problem> {
    let query = format!(
        "SELECT t.tree, u.code AS unit, e.employee_no, t.label, t.period, t.suggested, t.confirmed,
             t.floor, t.stretch, t.metric
         FROM target t JOIN annual_plan p ON p.id = t.plan_id
         LEFT JOIN org_unit u ON u.id = t.unit_id LEFT JOIN employee e ON e.id = t.employee_id
         WHERE t.plan_id = $4
         AND ($7 IS NULL OR u.code = $7) AND ($8 IS NULL OR e.employee_no = $8)
         AND ($9 IS NULL OR t.period = $9) AND ($10 IS NULL OR t.tree = $10) AND ($13 IS NULL OR t.metric = $13)
         AND CASE WHEN t.employee_id IS NULL
             THEN $5 OR may_reach($6, $2, $3, 0, coalesce(t.unit_id, p.unit_id), t.period)
             ELSE {PERSON_REACHED} END
         ORDER BY t.period, t.line, t.tree, coalesce(t.unit_id, 0), coalesce(t.employee_id, 0), coalesce(t.label, '')
         OFFSET $11 LIMIT $12"
    );
    let rows = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&viewer.people.reaches)
        .bind::<BigInt, _>(viewer.people.employee_id)
        .bind::<BigInt, _>(viewer.people.unit_id)
        .bind::<BigInt, _>(plan_id)
        .bind::<Bool, _>(sees_plan)
        .bind::<Array<Text>, _>(&viewer.scope.reaches)
        .bind::<Nullable<Text>, _>(&filter.unit)
        .bind::<Nullable<Text>, _>(&filter.employee_no)
        .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
        .bind::<Nullable<Text>, _>(filter.tree.map(Tree::name))
        .bind::<BigInt, _>(after)
        .bind::<BigInt, _>(limit)
        .bind::<Nullable<Text>, _>(&filter.metric)
        .load(connection)
        .await?;
    Ok(rows)
}

/// The version that governs a month ($3) of a year ($2) in a store ($1): of the store's own plan the latest version approved
/// with an effective month not after it; of the groups above it the nearest, where the store has no plan of its own.
const GOVERNING: &str = "WITH governing AS (
    SELECT p.id FROM annual_plan p
    JOIN org_unit store ON store.id = $1 AND p.unit_id = ANY (store.path)
    WHERE p.year = $2 AND p.effective_from <= $3 AND p.approved_at IS NOT NULL
    AND p.status IN ('approved', 'superseded')
    ORDER BY array_position(store.path, p.unit_id) DESC, p.version DESC LIMIT 1)";

/// What a person is to reach in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonTarget {
    /// The person.
    pub employee_id: i64,
    /// The metric planned, for example `deliveries`.
    pub metric: String,
    /// In units of the metric, yuan for amounts, summed over the person's teams.
    pub value: Decimal,
}

#[derive(QueryableByName)]
struct PersonRow {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Bool)]
    is_amount: bool,
    #[diesel(sql_type = BigInt)]
    value: i64,
}

/// What the people of a store are to reach in `period`, by the version that governs that month.
pub async fn targets_in_force(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<PersonTarget>, Problem> {
    let query = format!(
        "{GOVERNING}
         SELECT t.employee_id, t.metric, t.is_amount, sum(t.confirmed)::bigint AS value
         FROM governing g JOIN target t ON t.plan_id = g.id JOIN org_unit u ON u.id = t.unit_id
         WHERE t.period = $3 AND t.employee_id IS NOT NULL AND u.store_id = $1
         GROUP BY t.employee_id, t.metric, t.is_amount ORDER BY t.employee_id, t.metric"
    );
    let rows: Vec<PersonRow> = diesel::sql_query(query)
        .bind::<BigInt, _>(store_id)
        .bind::<Integer, _>(period.year())
        .bind::<Date, _>(period.first_day())
        .load(connection)
        .await?;
    let target = |row: PersonRow| PersonTarget {
        employee_id: row.employee_id,
        metric: row.metric,
        value: Decimal::new(row.value, if row.is_amount { 2 } else { 0 }),
    };
    Ok(rows.into_iter().map(target).collect())
}

/// What a unit, a channel or a series is to reach in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTarget {
    /// The tree it belongs to.
    pub tree: Tree,
    /// The group, store, department or team, in the organisation.
    pub unit_id: Option<i64>,
    /// Code of the channel or series, outside the organisation.
    pub code: Option<String>,
    /// The metric planned, for example `deliveries`.
    pub metric: String,
    /// In units of the metric, or cents.
    pub value: i64,
}

#[derive(QueryableByName)]
struct UnitRow {
    #[diesel(sql_type = Text)]
    tree: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = BigInt)]
    confirmed: i64,
}

/// What the store itself, its units, channels and series are to reach in `period`, by the version that governs that month.
pub async fn unit_targets_in_force(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<UnitTarget>, Problem> {
    // Channels and series of a group's plan are the whole group's.
    let query = format!(
        "{GOVERNING}
         SELECT t.tree, t.unit_id, t.label, t.metric, t.confirmed
         FROM governing g JOIN target t ON t.plan_id = g.id JOIN annual_plan p ON p.id = g.id
         LEFT JOIN org_unit u ON u.id = t.unit_id
         WHERE t.period = $3 AND t.employee_id IS NULL AND coalesce(u.store_id, p.unit_id) = $1
         ORDER BY t.line, t.tree, t.unit_id, t.label"
    );
    let rows: Vec<UnitRow> = diesel::sql_query(query)
        .bind::<BigInt, _>(store_id)
        .bind::<Integer, _>(period.year())
        .bind::<Date, _>(period.first_day())
        .load(connection)
        .await?;
    let target = |row: UnitRow| {
        let UnitRow { tree, unit_id, label, metric, confirmed } = row;
        Ok(UnitTarget { tree: known_tree(&tree)?, unit_id, code: label, metric, value: confirmed })
    };
    rows.into_iter().map(target).collect()
}
