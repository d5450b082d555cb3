//! What the group has issued to a unit, beside what the unit's own plan comes to.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use utoipa::ToSchema;

use super::roll_up::{self, Committed};
use crate::auth::Context;
use crate::db::sql;
use crate::http::Problem;
use crate::plan::versions::rows::{self, months};
use crate::plan::versions::store;
use crate::plan::withheld;

/// A plan compared with the group's, months January first, in units of the metric or cents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct IssuedTargets {
    /// Code of the store or group whose plan it is.
    pub unit: String,
    /// The calendar year.
    pub year: i32,
    /// Number of the version that was asked for.
    pub version: i32,
    /// The line.
    pub metric: String,
    /// Whether its numbers are cents.
    pub is_amount: bool,
    /// What the plan of the nearest group above gives this unit; null where no version with a place for it governs the
    /// month.
    pub issued: [Option<i64>; 12],
    /// Code of that group.
    pub issued_by: [Option<String>; 12],
    /// What this version plans for the unit as a whole.
    pub planned: [i64; 12],
    /// Planned − issued; null if nothing was issued.
    pub gap: [Option<i64>; 12],
    /// The sum of what was issued; null if nothing was.
    pub issued_year: Option<i64>,
    /// The sum of what is planned.
    pub planned_year: i64,
    /// The sum of the gaps, only over the months that were issued.
    pub gap_year: Option<i64>,
}

#[derive(QueryableByName)]
struct IssuedRow {
    #[diesel(sql_type = Integer)]
    month: i32,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = BigInt)]
    value: i64,
}

#[derive(QueryableByName)]
struct Planned {
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
}

/// What was issued to the unit of version `id` in the line `metric`, by default the version's first. Of each group above,
/// the latest version approved with an effective month not after a month governs it; the nearest group whose governing
/// version has a place for the unit and plans the line says what is issued.
///
/// # Errors
///
/// Not found where the plan is not seen as a whole; forbidden where months of it are withheld; a field at fault where it has no
/// such line.
pub async fn read(cx: &mut Context, id: i64, metric: Option<&str>) -> Result<IssuedTargets, Problem> {
    let plan = store::find(cx, id).await?;
    withheld::require_all(cx, id).await?;
    withheld::require_all_in_force(cx, id).await?;
    let line = rows::line(cx.db(), id, metric).await?;
    let root: Planned = sql("SELECT months_of($2, confirmed) AS confirmed FROM plan_node
         WHERE plan_id = $1 AND tree = 'organisation' AND ordinal = 0")
    .bind::<BigInt, _>(id)
    .bind::<Integer, _>(line.number)
    .get_result(cx.db())
    .await?;
    let rows: Vec<IssuedRow> = sql("WITH governing AS (
             SELECT DISTINCT ON (m, p.unit_id) m AS month, p.id, p.unit_id
             FROM annual_plan own JOIN org_unit unit ON unit.id = own.unit_id
             JOIN annual_plan p ON p.unit_id = ANY (unit.path) AND p.unit_id <> unit.id AND p.year = own.year
             CROSS JOIN generate_series(1, 12) m
             WHERE own.id = $1 AND p.approved_at IS NOT NULL AND p.status IN ('approved', 'superseded')
             AND p.effective_from <= make_date(p.year, m, 1)
             ORDER BY m, p.unit_id, p.version DESC)
         SELECT DISTINCT ON (g.month) g.month, issuer.code, n.confirmed[12 * l.line + g.month] AS value
         FROM governing g
         JOIN annual_plan own ON own.id = $1
         JOIN org_unit unit ON unit.id = own.unit_id
         JOIN org_unit issuer ON issuer.id = g.unit_id
         JOIN plan_node n ON n.plan_id = g.id AND n.tree = 'organisation' AND n.unit_id = own.unit_id
             AND n.employee_id IS NULL
         JOIN plan_line l ON l.plan_id = g.id AND l.metric = $2
         ORDER BY g.month, array_position(unit.path, g.unit_id) DESC")
    .bind::<BigInt, _>(id)
    .bind::<Text, _>(line.metric.clone())
    .load(cx.db())
    .await?;
    let mut issued: Committed = [None; 12];
    let mut issued_by: [Option<String>; 12] = Default::default();
    for row in rows {
        let month = usize::try_from(row.month).unwrap_or(0).saturating_sub(1);
        if let Some((slot, by)) = issued.get_mut(month).zip(issued_by.get_mut(month)) {
            (*slot, *by) = (Some(row.value), Some(row.code));
        }
    }
    let planned = months(&root.confirmed);
    let gap = roll_up::gap(&planned.map(Some), &issued);
    Ok(IssuedTargets {
        unit: plan.unit,
        year: plan.year,
        version: plan.version,
        metric: line.metric,
        is_amount: line.is_amount,
        issued_year: roll_up::sum(&issued),
        planned_year: planned.iter().sum(),
        gap_year: roll_up::sum(&gap),
        issued,
        issued_by,
        planned,
        gap,
    })
}
