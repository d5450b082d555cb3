//! The cells of plans: written in bulk, listed as far as somebody reaches, and those that are in force in a month.

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decompose::Months;
use super::viewer::{self, PERSON_REACHED, Viewer};
use super::weights::Place;
use crate::http::Problem;
use crate::http::page::Page;
use crate::period::Period;

/// Which of the trees that share the store's months.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tree {
    /// Store, teams and people.
    Organisation,
    /// Channels.
    Channel,
    /// Series.
    Series,
}

impl Tree {
    /// The word for it in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Organisation => "organisation",
            Self::Channel => "channel",
            Self::Series => "series",
        }
    }

    fn named(name: &str) -> Result<Self, Problem> {
        [Self::Organisation, Self::Channel, Self::Series]
            .into_iter()
            .find(|tree| tree.name() == name)
            .ok_or_else(|| Problem::internal(&format!("no tree is called '{name}'")))
    }
}

/// Cells to be written, column by column: a row of binds each would be too many for PostgreSQL.
#[derive(Debug, Default)]
pub(super) struct Cells {
    trees: Vec<&'static str>,
    units: Vec<Option<i64>>,
    employees: Vec<Option<i64>>,
    labels: Vec<Option<String>>,
    periods: Vec<NaiveDate>,
    values: Vec<i64>,
}

impl Cells {
    /// Adds the months of `year` of one place in a tree.
    pub(super) fn push(&mut self, tree: Tree, place: &Place, year: i32, months: &Months) {
        let (unit_id, employee_id, label) = match place {
            Place::Unit(id) => (Some(*id), None, None),
            Place::Person { unit_id, employee_id } => (Some(*unit_id), Some(*employee_id), None),
            Place::Label(code) => (None, None, Some(code)),
        };
        for (period, &value) in Period::months_of(year).into_iter().zip(months) {
            self.trees.push(tree.name());
            self.units.push(unit_id);
            self.employees.push(employee_id);
            self.labels.push(label.cloned());
            self.periods.push(period.first_day());
            self.values.push(value);
        }
    }

    /// Writes them into a plan; a cell that is there already gets the new value.
    pub(super) async fn write(self, connection: &mut AsyncPgConnection, plan_id: i64) -> Result<(), Problem> {
        diesel::sql_query(
            "INSERT INTO target (plan_id, tree, unit_id, employee_id, label, period, suggested, confirmed)
             SELECT $1, cell.tree, cell.unit_id, cell.employee_id, cell.label, cell.period, cell.units, cell.units
             FROM unnest($2, $3, $4, $5, $6, $7) AS cell (tree, unit_id, employee_id, label, period, units)
             ON CONFLICT (plan_id, period, tree, coalesce(unit_id, 0), coalesce(employee_id, 0), coalesce(label, ''))
             DO UPDATE SET suggested = excluded.suggested, confirmed = excluded.confirmed",
        )
        .bind::<BigInt, _>(plan_id)
        .bind::<Array<Text>, _>(self.trees)
        .bind::<Array<Nullable<BigInt>>, _>(self.units)
        .bind::<Array<Nullable<BigInt>>, _>(self.employees)
        .bind::<Array<Nullable<Text>>, _>(self.labels)
        .bind::<Array<Date>, _>(self.periods)
        .bind::<Array<BigInt>, _>(self.values)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The cell of `period` in a year's months.
pub(super) fn cell_of<T>(months: &mut [T; 12], period: NaiveDate) -> Option<&mut T> {
    usize::try_from(period.month0()).ok().and_then(|index| months.get_mut(index))
}

/// Copies every cell of one plan into another.
pub(super) async fn copy(connection: &mut AsyncPgConnection, from: i64, to: i64) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO target (plan_id, tree, unit_id, employee_id, label, period, suggested, confirmed)
         SELECT $2, tree, unit_id, employee_id, label, period, suggested, confirmed FROM target WHERE plan_id = $1",
    )
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(to)
    .execute(connection)
    .await?;
    Ok(())
}

/// One month of one place in a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TargetCell {
    /// The tree it belongs to.
    pub tree: Tree,
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
            tree: Tree::named(&row.tree)?,
            unit: row.unit,
            employee_no: row.employee_no,
            code: row.label,
            period: Period::containing(row.period),
            suggested: row.suggested,
            confirmed: row.confirmed,
        };
        Ok((position, cell))
    });
    // A cell has no id: its position among the cells listed stands for one.
    let page = Page::of(cells.collect::<Result<Vec<_>, Problem>>()?, limit, |(position, _)| *position);
    let items = page.items.into_iter().map(|(_, cell)| cell).collect();
    Ok(Page { items, next_cursor: page.next_cursor })
}

/// In the order of the index `target_cell`, so that a page stops as soon as it is full.
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
        "SELECT t.tree, u.code AS unit, e.employee_no, t.label, t.period, t.suggested, t.confirmed
         FROM target t JOIN annual_plan p ON p.id = t.plan_id
         LEFT JOIN org_unit u ON u.id = t.unit_id LEFT JOIN employee e ON e.id = t.employee_id
         WHERE t.plan_id = $4
         AND ($7 IS NULL OR u.code = $7) AND ($8 IS NULL OR e.employee_no = $8)
         AND ($9 IS NULL OR t.period = $9) AND ($10 IS NULL OR t.tree = $10)
         AND CASE WHEN t.employee_id IS NULL
             THEN $5 OR may_reach($6, $2, $3, 0, coalesce(t.unit_id, p.store_id), t.period)
             ELSE {PERSON_REACHED} END
         ORDER BY t.period, t.tree, coalesce(t.unit_id, 0), coalesce(t.employee_id, 0), coalesce(t.label, '')
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
        .load(connection)
        .await?;
    Ok(rows)
}

/// The versions that govern a month ($3) of a year ($2) in a store ($1): for each metric, the latest one approved with an
/// effective month not after it.
const GOVERNING: &str = "WITH governing AS (
    SELECT DISTINCT ON (metric) id, metric FROM annual_plan
    WHERE store_id = $1 AND year = $2 AND effective_from <= $3
    AND approved_at IS NOT NULL AND status IN ('approved', 'superseded')
    ORDER BY metric, version DESC)";

/// What a person is to reach in a month.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct PersonTarget {
    /// The person.
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The metric planned, for example `deliveries`.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// In units of the metric, summed over the person's teams.
    #[diesel(sql_type = BigInt)]
    pub value: i64,
}

/// What the people of a store are to reach in `period`, by the versions that govern that month.
pub async fn targets_in_force(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<PersonTarget>, Problem> {
    let query = format!(
        "{GOVERNING}
         SELECT t.employee_id, g.metric, sum(t.confirmed)::bigint AS value
         FROM governing g JOIN target t ON t.plan_id = g.id
         WHERE t.period = $3 AND t.employee_id IS NOT NULL
         GROUP BY t.employee_id, g.metric ORDER BY t.employee_id, g.metric"
    );
    let targets = diesel::sql_query(query)
        .bind::<BigInt, _>(store_id)
        .bind::<Integer, _>(period.year())
        .bind::<Date, _>(period.first_day())
        .load(connection)
        .await?;
    Ok(targets)
}

/// What a unit, a channel or a series is to reach in a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitTarget {
    /// The tree it belongs to.
    pub tree: Tree,
    /// The store or team, in the organisation.
    pub unit_id: Option<i64>,
    /// Code of the channel or series, outside the organisation.
    pub code: Option<String>,
    /// The metric planned, for example `deliveries`.
    pub metric: String,
    /// In units of the metric.
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

/// What the store itself, its teams, channels and series are to reach in `period`, by the versions that govern that month.
pub async fn unit_targets_in_force(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<UnitTarget>, Problem> {
    let query = format!(
        "{GOVERNING}
         SELECT t.tree, t.unit_id, t.label, g.metric, t.confirmed
         FROM governing g JOIN target t ON t.plan_id = g.id
         WHERE t.period = $3 AND t.employee_id IS NULL
         ORDER BY g.metric, t.tree, t.unit_id, t.label"
    );
    let rows: Vec<UnitRow> = diesel::sql_query(query)
        .bind::<BigInt, _>(store_id)
        .bind::<Integer, _>(period.year())
        .bind::<Date, _>(period.first_day())
        .load(connection)
        .await?;
    let target = |row: UnitRow| {
        let UnitRow { tree, unit_id, label, metric, confirmed } = row;
        Ok(UnitTarget { tree: Tree::named(&tree)?, unit_id, code: label, metric, value: confirmed })
    };
    rows.into_iter().map(target).collect()
}
