//! The next version of a plan: begun as a copy of the one in force, and changed where people have.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::decompose::{self, Months, ResplitError};
use super::draft::employee_ids;
use super::store::{Heading, Locked, find, insert, lock, subject};
use super::targets::{self, Cells, Tree, cell_of};
use super::version::Step;
use super::viewer::Viewer;
use super::weights::{self, ALL_ZERO, Change, Place, fault};
use super::{Plan, Resplit};
use crate::auth::audit;
use crate::db::schema::{org_unit, target};
use crate::http::Problem;
use crate::http::body::check;
use crate::http::etag::Seen;

/// Begins the next version as a copy of the approved plan `id`, cells included. `author` is who does it; none is the
/// operator.
///
/// # Errors
///
/// A conflict where the plan is not the one in force, or another draft is waiting.
pub async fn next_version(
    connection: &mut AsyncPgConnection,
    id: i64,
    author: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    let id = connection
        .transaction(async |connection| {
            let source = lock(connection, id).await?;
            source.status.after(Step::Revise)?;
            let mut split = source.split.clone();
            // Who changed an earlier version has no part in this one.
            for change in &mut split.resplits {
                change.user_id = None;
            }
            let heading = Heading {
                store_id: source.store_id,
                year: source.year,
                metric: &source.metric,
                total: source.total,
                split: &split,
            };
            let copy = insert(connection, heading, author, now).await?;
            targets::copy(connection, id, copy).await?;
            let detail = json!({ "from": subject(id) });
            audit::record(connection, now, author, "create_plan_version", &subject(copy), detail).await?;
            Ok::<_, Problem>(copy)
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Splits some months of a team anew among its people, in a draft. The other months, and the team's own, stay.
///
/// # Errors
///
/// Every field at fault; a conflict where the plan is not a draft.
pub async fn resplit(
    connection: &mut AsyncPgConnection,
    id: i64,
    change: Resplit,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    check(&change)?;
    connection
        .transaction(async |connection| {
            let mut plan = lock(connection, id).await?;
            seen.check(plan.row_version)?;
            plan.status = plan.status.after(Step::Change)?;
            let detail = json!(change);
            plan.split.resplits.push(Change { resplit: change.clone(), user_id: by });
            split_anew(connection, &plan, &change).await?.write(connection, id).await?;
            plan.save(connection).await?;
            audit::record(connection, now, by, "resplit_plan", &subject(id), detail).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// The cells of the team's people after the change, which `plan.split` lists already.
async fn split_anew(
    connection: &mut AsyncPgConnection,
    plan: &Locked,
    change: &Resplit,
) -> Result<Cells, Problem> {
    let order = plan.split.members(&change.unit);
    let known = employee_ids(connection, order.iter().copied()).await?;
    let team = team(connection, plan.id, &change.unit).await?;

    let mut faults = Vec::new();
    for (field, period) in [("from", change.from), ("to", change.to)] {
        if period.year() != plan.year {
            faults.push(fault(field, format!("expected a month of {}", plan.year)));
        }
    }
    if change.to < change.from {
        faults.push(fault("to", "expected no month before from"));
    }
    if team.is_none() {
        faults.push(fault("unit", format!("the plan has no team '{}'", change.unit)));
    }
    if change.weights.iter().all(|member| member.weight == 0) {
        faults.push(fault("weights", ALL_ZERO));
    }
    let given: HashMap<i64, u64> =
        weights::members("weights", &change.weights, &known, &mut faults).into_iter().collect();
    let Some((unit_id, rows)) = team.filter(|_| faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };

    let people: Vec<i64> = order.iter().filter_map(|employee_no| known.get(*employee_no).copied()).collect();
    let row = |employee_id| rows.get(&employee_id).copied().unwrap_or_default();
    let before: Vec<Months> = people.iter().map(|&id| row(Some(id))).collect();
    let weights: Vec<u64> = people.iter().map(|id| given.get(id).copied().unwrap_or(0)).collect();
    let months = change.from.month()..=change.to.month();
    let after =
        decompose::resplit(&row(None), &before, months, &weights).map_err(|error| refusal(&error, &rows))?;

    let mut cells = Cells::default();
    for (employee_id, months) in people.into_iter().zip(&after) {
        cells.push(Tree::Organisation, &Place::Person { unit_id, employee_id }, plan.year, months);
    }
    Ok(cells)
}

fn refusal(error: &ResplitError, rows: &Rows) -> Problem {
    match error {
        // A team that was planned as a whole has nobody in the months that would stay.
        ResplitError::Margin { .. } if rows.len() == 1 => Problem::conflict(
            "the team was planned without members: split all twelve months among its people",
        ),
        error => Problem::field("weights", error.to_string()),
    }
}

/// The months of a team's people by employee, and the team's own under none.
type Rows = HashMap<Option<i64>, Months>;

/// The team's id and rows in a plan, if it has any there.
async fn team(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    code: &str,
) -> Result<Option<(i64, Rows)>, Problem> {
    let cells: Vec<(i64, Option<i64>, NaiveDate, i64)> = target::table
        .inner_join(org_unit::table.on(target::unit_id.eq(org_unit::id.nullable())))
        .filter(target::plan_id.eq(plan_id))
        .filter(org_unit::code.eq(code))
        .filter(org_unit::kind.eq("team"))
        .select((org_unit::id, target::employee_id, target::period, target::confirmed))
        .load(connection)
        .await?;
    let mut found = None;
    let mut rows = Rows::new();
    for (unit_id, employee_id, period, units) in cells {
        found = Some(unit_id);
        if let Some(cell) = cell_of(rows.entry(employee_id).or_default(), period) {
            *cell = units;
        }
    }
    Ok(found.map(|unit_id| (unit_id, rows)))
}
