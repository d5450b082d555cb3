//! What a version's channels or series are to reach in its first line: the vehicles.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::sql;
use crate::http::Problem;
use crate::plan::split::tree::Months;
use crate::plan::split::tree::Tree;
use crate::plan::versions::rows::{self, months};
use crate::said::say;

/// A channel or a series with its confirmed months.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) struct LabelVehicles {
    /// Its code.
    pub code: String,
    /// Its Chinese name.
    pub name: String,
    /// 确定值 of the first line, January first.
    pub months: Months,
}

#[derive(QueryableByName)]
struct VehicleRow {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
}

/// The channels or series of a version, in the author's order.
///
/// # Errors
///
/// A conflict where the plan's first line is money: no vehicles can be told from it.
pub(in crate::plan) async fn load(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    tree: Tree,
) -> Result<Vec<LabelVehicles>, Problem> {
    if rows::load_lines(connection, plan_id).await?.iter().any(|line| line.number == 0 && line.is_amount) {
        return Err(Problem::conflict(say!(
            "计划的主指标是金额，不是台数",
            "the plan's first line is an amount of money, not a number of vehicles"
        )));
    }
    let rows: Vec<VehicleRow> = sql(
        "SELECT n.label AS code, coalesce(label.zh, n.label) AS name, months_of(0, n.confirmed) AS confirmed
         FROM plan_node n
         LEFT JOIN plan_label label ON label.tree = n.tree AND label.code = n.label
         WHERE n.plan_id = $1 AND n.tree = $2 AND n.label IS NOT NULL
         ORDER BY n.ordinal",
    )
    .bind::<BigInt, _>(plan_id)
    .bind::<Text, _>(tree)
    .load(connection)
    .await?;
    let cells =
        |row: VehicleRow| LabelVehicles { code: row.code, name: row.name, months: months(&row.confirmed) };
    Ok(rows.into_iter().map(cells).collect())
}
