//! What is different between two versions of a plan, cell by cell.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use super::rows::months;
use super::store;
use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::plan::split::tree::Tree;
use crate::plan::{viewer, withheld};
use crate::said::say;

/// The differences between two versions.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlanDiff {
    /// The version compared with.
    pub from: i32,
    /// The version that was asked for.
    pub to: i32,
    /// Places whose months differ, by line and tree; people only if the reader may see names.
    pub rows: Vec<DiffRow>,
}

/// A place whose months differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct DiffRow {
    /// The line.
    pub metric: String,
    /// The tree.
    pub tree: Tree,
    /// Code of the unit, in the organisation.
    pub unit: Option<String>,
    /// 工号, if it is a person within that unit.
    pub employee_no: Option<String>,
    /// Code of the channel or series.
    pub code: Option<String>,
    /// The months before; null if the place did not exist.
    pub from: Option<[i64; 12]>,
    /// The months after; null if the place no longer exists.
    pub to: Option<[i64; 12]>,
    /// After minus before, month by month, absent ones as 0.
    pub change: [i64; 12],
    /// The same for the year.
    pub year_change: i64,
}

#[derive(QueryableByName)]
struct CellRow {
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    employee_no: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    label: Option<String>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    before: Option<Vec<i64>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    after: Option<Vec<i64>>,
}

/// The differences from version `from` to version `to`, by their ids.
///
/// # Errors
///
/// Not found where one of them is not seen as a whole; forbidden where months of one are withheld; a field at fault where they
/// are not of one unit and year.
pub async fn between(cx: &mut Context, from: i64, to: i64) -> Result<PlanDiff, Problem> {
    let before = store::find(cx, from).await?;
    let after = store::find(cx, to).await?;
    if (&before.unit, before.year) != (&after.unit, after.year) {
        let message = say!(
            "应为“{}” {} 年计划的一个版本",
            "expected a version of the plan of {} for {}",
            after.unit,
            after.year
        );
        return Err(Problem::field("from", message));
    }
    for version in [from, to] {
        withheld::require_all(cx, version).await?;
    }
    // They are of one unit and year, and so is who sees them.
    let people = viewer::sees_people(cx, to).await?;
    let rows: Vec<CellRow> = sql(
        "WITH cell AS (
             SELECT n.plan_id, l.line, l.metric, n.tree, n.unit_id, n.employee_id, n.label, n.ordinal,
                 months_of(l.line, n.confirmed) AS confirmed
             FROM plan_node n JOIN plan_line l ON l.plan_id = n.plan_id
             WHERE n.plan_id IN ($1, $2) AND (n.tree = 'organisation' OR n.ordinal > 0)
             AND (n.employee_id IS NULL OR $3))
         SELECT coalesce(a.metric, b.metric) AS metric, coalesce(a.tree, b.tree) AS tree, u.code AS unit, e.employee_no,
             coalesce(a.label, b.label) AS label, b.confirmed AS before, a.confirmed AS after
         FROM (SELECT * FROM cell WHERE plan_id = $1) b
         FULL JOIN (SELECT * FROM cell WHERE plan_id = $2) a
             ON a.metric = b.metric AND a.tree = b.tree
             AND coalesce(a.employee_id, 0) = coalesce(b.employee_id, 0)
             AND coalesce(a.label, '') = coalesce(b.label, '') AND coalesce(a.unit_id, 0) = coalesce(b.unit_id, 0)
         LEFT JOIN org_unit u ON u.id = coalesce(a.unit_id, b.unit_id)
         LEFT JOIN employee e ON e.id = coalesce(a.employee_id, b.employee_id)
         WHERE a.confirmed IS DISTINCT FROM b.confirmed
         ORDER BY coalesce(a.line, b.line), coalesce(a.tree, b.tree), coalesce(a.ordinal, b.ordinal)",
    )
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(to)
    .bind::<Bool, _>(people)
    .load(cx.db())
    .await?;
    let rows = rows.into_iter().map(row).collect();
    Ok(PlanDiff { from: before.version, to: after.version, rows })
}

fn row(row: CellRow) -> DiffRow {
    let [from, to] = [row.before, row.after].map(|cells| cells.map(|cells| months(&cells)));
    let mut change = to.unwrap_or_default();
    for (change, before) in change.iter_mut().zip(from.unwrap_or_default()) {
        *change -= before;
    }
    DiffRow {
        metric: row.metric,
        tree: row.tree,
        unit: row.unit,
        employee_no: row.employee_no,
        code: row.label,
        year_change: change.iter().sum(),
        from,
        to,
        change,
    }
}
