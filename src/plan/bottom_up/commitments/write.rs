//! Commitments kept: checked as a whole, by who reaches the places.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::roll_up::Committed;
use super::{Commitment, Commitments, committed, line};
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::http::body::check;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::plan::faults::fault;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::versions::rows;
use crate::plan::versions::store::{LockedPlan, lock, subject};
use crate::plan::versions::version::Status;
use crate::plan::viewer;

/// Keeps what is committed to beside version `id`: all rows, or none. `scope` is how far the caller reaches.
///
/// # Errors
///
/// Not found for a plan of which the caller reaches no place; every field at fault, among them places out of reach; a
/// conflict where the version is superseded; [`Code::PreconditionFailed`] where a row is not the one that was read.
pub async fn commit(
    connection: &mut AsyncPgConnection,
    id: i64,
    change: Commitments,
    scope: &Scope,
    by: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    check(&change)?;
    connection
        .transaction(async |connection| {
            // Held against other commitments, too: what was compared is still true when it is kept.
            let plan = lock(connection, id).await?;
            let shape = rows::load_shapes(connection, id).await?.organisation;
            let found = find(&shape, &change.rows);
            let reached = reached(connection, scope, &plan, &found).await?;
            let reaches_one = reached.iter().flatten().any(|month| *month);
            if !reaches_one && !viewer::reaches_place(connection, scope, id).await? {
                return Err(Problem::not_found("plan"));
            }
            if plan.status == Status::Superseded {
                return Err(Problem::conflict(
                    "a later version of the plan has taken this one's place: commit to that one",
                ));
            }
            let faults = faults(&plan, &change.rows, &found, &reached);
            if !faults.is_empty() {
                return Err(Problem::fields(faults));
            }
            let metric = line(connection, id, change.metric.as_deref()).await?.metric;
            let kept = kept(connection, &plan, &metric).await?;
            let mut stale = Vec::new();
            for (index, ((row, key), reached)) in change.rows.iter().zip(&found).zip(&reached).enumerate() {
                let Some(key) = key else { continue };
                let before = kept.get(key);
                let version = before.map_or(0, |kept| kept.row_version);
                if let Some(seen) = row.row_version.filter(|seen| *seen != version) {
                    let message = format!("it is {version} now, not {seen}: read it again");
                    stale.push(fault(format!("rows[{index}].row_version"), message));
                }
                let months = merged(before.map_or(&[None; 12], |kept| &kept.months), &row.months, reached);
                if Some(&months) != before.map(|kept| &kept.months)
                    && (before.is_some() || months.iter().any(Option::is_some))
                {
                    keep(connection, &plan, &metric, *key, &months, by, now).await?;
                }
            }
            if !stale.is_empty() {
                let detail = "commitments have been changed since you read them: read them again";
                return Err(Problem { errors: stale, ..Problem::new(Code::PreconditionFailed, detail) });
            }
            let detail = json!({ "metric": metric, "rows": change.rows });
            audit::record(connection, now, Some(by), "commit_plan", &subject(id), detail).await
        })
        .await
}

/// A unit, and a person within it; 0 for the unit itself.
type Key = (i64, i64);

/// The places that the rows name, as far as the plan has them.
fn find(shape: &Shape, rows: &[Commitment]) -> Vec<Option<Key>> {
    let mut known: HashMap<(&str, Option<&str>), Key> = HashMap::new();
    for node in shape.nodes() {
        match &node.place {
            Place::Unit(id) => {
                known.insert((node.code.as_str(), None), (*id, 0));
            }
            Place::Person { unit_id, employee_id } => {
                let unit = node.parent.and_then(|parent| shape.node(parent));
                let code = unit.map(|unit| unit.code.as_str()).unwrap_or_default();
                known.insert((code, Some(node.code.as_str())), (*unit_id, *employee_id));
            }
            Place::Label(_) => {}
        }
    }
    rows.iter().map(|row| known.get(&(row.unit.as_str(), row.employee_no.as_deref())).copied()).collect()
}

#[derive(QueryableByName)]
struct Reached {
    #[diesel(sql_type = Array<Bool>)]
    months: Vec<bool>,
}

/// The months, January first, in which the caller reaches each of the places; none of a place that is not there.
async fn reached(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    plan: &LockedPlan,
    found: &[Option<Key>],
) -> Result<Vec<Vec<bool>>, Problem> {
    let (units, employees): (Vec<Option<i64>>, Vec<i64>) =
        found.iter().map(|key| (key.map(|key| key.0), key.map_or(0, |key| key.1))).unzip();
    let rows: Vec<Reached> = diesel::sql_query(
        "SELECT ARRAY(
             SELECT place.unit_id IS NOT NULL
                 AND may_reach($1, $2, $3, place.employee_id, place.unit_id, make_date($4, m, 1))
             FROM generate_series(1, 12) m ORDER BY m) AS months
         FROM unnest($5, $6) WITH ORDINALITY AS place (unit_id, employee_id, at) ORDER BY place.at",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<Integer, _>(plan.year)
    .bind::<Array<Nullable<BigInt>>, _>(units)
    .bind::<Array<BigInt>, _>(employees)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.months).collect())
}

/// What is wrong with the rows. Who is out of reach is as unknown as who is not there.
fn faults(
    plan: &LockedPlan,
    rows: &[Commitment],
    found: &[Option<Key>],
    reached: &[Vec<bool>],
) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for (index, ((row, key), reached)) in rows.iter().zip(found).zip(reached).enumerate() {
        let field = format!("rows[{index}]");
        let Some(key) = key.filter(|_| reached.contains(&true)) else {
            let Commitment { unit, employee_no, .. } = row;
            faults.push(match employee_no {
                None => fault(
                    format!("{field}.unit"),
                    format!("the plan has no unit '{unit}' that you commit for"),
                ),
                Some(number) => fault(
                    format!("{field}.employee_no"),
                    format!("the plan has no '{number}' in '{unit}' that you commit for"),
                ),
            });
            continue;
        };
        if !seen.insert(key) {
            faults.push(fault(field.as_str(), "this place is listed twice"));
        }
        let months = Period::months_of(plan.year);
        for (month, ((value, is_reached), period)) in row.months.iter().zip(reached).zip(months).enumerate() {
            if value.is_some() && !is_reached {
                let message = format!("you do not commit for this place in {period}: expected null");
                faults.push(fault(format!("{field}.months[{month}]"), message));
            }
        }
    }
    faults
}

/// The months reached as they are given, the others as they were.
fn merged(before: &Committed, given: &[Option<i64>], reached: &[bool]) -> Committed {
    let mut months = *before;
    for ((slot, value), is_reached) in months.iter_mut().zip(given).zip(reached) {
        if *is_reached {
            *slot = *value;
        }
    }
    months
}

/// A commitment as it is kept.
struct Kept {
    months: Committed,
    row_version: i32,
}

#[derive(QueryableByName)]
struct KeptRow {
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Array<Nullable<BigInt>>)]
    months: Vec<Option<i64>>,
    #[diesel(sql_type = Integer)]
    row_version: i32,
}

async fn kept(
    connection: &mut AsyncPgConnection,
    plan: &LockedPlan,
    metric: &str,
) -> Result<HashMap<Key, Kept>, Problem> {
    let rows: Vec<KeptRow> = diesel::sql_query(
        "SELECT unit_id, coalesce(employee_id, 0) AS employee_id, months, row_version FROM plan_commitment
         WHERE plan_unit_id = $1 AND year = $2 AND metric = $3",
    )
    .bind::<BigInt, _>(plan.unit_id)
    .bind::<Integer, _>(plan.year)
    .bind::<Text, _>(metric)
    .load(connection)
    .await?;
    let kept = rows.into_iter().map(|row| {
        let kept = Kept { months: committed(&row.months), row_version: row.row_version };
        ((row.unit_id, row.employee_id), kept)
    });
    Ok(kept.collect())
}

/// Adds a commitment or replaces it. One that is taken back stays as twelve nulls, so that its version goes on.
async fn keep(
    connection: &mut AsyncPgConnection,
    plan: &LockedPlan,
    metric: &str,
    (unit_id, employee_id): Key,
    months: &Committed,
    by: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::sql_query(
        "INSERT INTO plan_commitment
             (plan_unit_id, year, metric, unit_id, employee_id, months, author_id, committed_at)
         VALUES ($1, $2, $3, $4, nullif($5, 0), $6, $7, $8)
         ON CONFLICT (plan_unit_id, year, metric, unit_id, (coalesce(employee_id, 0)))
         DO UPDATE SET months = excluded.months, author_id = excluded.author_id,
             committed_at = excluded.committed_at, row_version = plan_commitment.row_version + 1",
    )
    .bind::<BigInt, _>(plan.unit_id)
    .bind::<Integer, _>(plan.year)
    .bind::<Text, _>(metric)
    .bind::<BigInt, _>(unit_id)
    .bind::<BigInt, _>(employee_id)
    .bind::<Array<Nullable<BigInt>>, _>(months.to_vec())
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(now)
    .execute(connection)
    .await?;
    Ok(())
}
