//! Commitments kept: checked as a whole, by who reaches the places.

use std::collections::{HashMap, HashSet};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::roll_up::Committed;
use super::{Commitment, CommitmentDocument, Commitments, committed};
use crate::auth::Context;
use crate::db::sql;
use crate::http::{Code, FieldError, Problem};
use crate::period::Period;
use crate::plan::split::tree::{Place, Shape};
use crate::plan::versions::rows;
use crate::plan::versions::store::{Version, lock, subject};
use crate::plan::versions::version::Status;
use crate::plan::viewer::{self, Reach};
use crate::said::say;

/// Keeps what is committed to beside version `id`: all rows, or none. The answer is what they come to.
///
/// # Errors
///
/// Not found for a plan of which the caller reaches no place; every field at fault, among them places out of reach; a
/// conflict where the version is superseded; [`Code::PreconditionFailed`] where a row is not the one that was read.
pub async fn commit(cx: &mut Context, id: i64, change: Commitments) -> Result<CommitmentDocument, Problem> {
    let by = viewer::person(cx)?;
    viewer::require_place(cx, id).await?;
    cx.transaction(async |cx| {
        // Held against other commitments, too: what was compared is still true when it is kept.
        let plan = lock(cx.db(), id).await?;
        if plan.status == Status::Superseded {
            return Err(Problem::conflict(say!(
                "这一版计划已被新的版本取代：请对新版本承诺",
                "a later version of the plan has replaced this one: commit to that one"
            )));
        }
        let shape = rows::load_shapes(cx.db(), id).await?.organisation;
        let found = find(&shape, &change.rows);
        let scope = cx.scope.clone();
        let reach = Reach::load(cx.db(), &scope, plan.year).await?;
        let reached: Vec<[bool; 12]> = found
            .iter()
            .map(|key| key.map_or([false; 12], |(unit_id, employee_id)| reach.person(unit_id, employee_id)))
            .collect();
        let faults = faults(plan.year, &change.rows, &found, &reached);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        let metric = rows::line(cx.db(), id, change.metric.as_deref()).await?.metric;
        let kept = kept(cx.db(), &plan, &metric).await?;
        let mut stale = Vec::new();
        let mut changed = Vec::new();
        for (index, ((row, key), reached)) in change.rows.iter().zip(&found).zip(&reached).enumerate() {
            let Some(key) = key else { continue };
            let before = kept.get(key);
            let version = before.map_or(0, |kept| kept.row_version);
            if let Some(seen) = row.row_version.filter(|seen| *seen != version) {
                let message = say!(
                    "现在是 {version}，不是 {seen}：请重新读取",
                    "it is {version} now, not {seen}: read it again"
                );
                stale.push(FieldError::new(format!("rows[{index}].row_version"), message));
            }
            let months = merged(before.map_or(&[None; 12], |kept| &kept.months), &row.months, reached);
            if Some(&months) != before.map(|kept| &kept.months)
                && (before.is_some() || months.iter().any(Option::is_some))
            {
                changed.push((*key, months));
            }
        }
        if !stale.is_empty() {
            let detail = say!(
                "读取之后承诺已有改动：请重新读取",
                "commitments have been changed since you read them: read them again"
            );
            return Err(Problem { errors: stale, ..Problem::new(Code::PreconditionFailed, detail) });
        }
        keep(cx, &plan, &metric, changed, by).await?;
        let detail = json!({ "metric": metric, "rows": change.rows });
        cx.audit("commit_plan", &subject(id), detail).await?;
        super::read(cx, id, change.metric.as_deref()).await
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

/// What is wrong with the rows. Who is out of reach is as unknown as who is not there.
fn faults(year: i32, rows: &[Commitment], found: &[Option<Key>], reached: &[[bool; 12]]) -> Vec<FieldError> {
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for (index, ((row, key), reached)) in rows.iter().zip(found).zip(reached).enumerate() {
        let field = format!("rows[{index}]");
        let Some(key) = key.filter(|_| reached.contains(&true)) else {
            let Commitment { unit, employee_no, .. } = row;
            faults.push(match employee_no {
                None => FieldError::new(
                    format!("{field}.unit"),
                    say!(
                        "计划里没有可由您承诺的单位“{unit}”",
                        "the plan has no unit '{unit}' that you may commit for"
                    ),
                ),
                Some(number) => FieldError::new(
                    format!("{field}.employee_no"),
                    say!(
                        "计划里“{unit}”没有可由您承诺的工号“{number}”",
                        "the plan has no employee '{number}' in '{unit}' that you may commit for"
                    ),
                ),
            });
            continue;
        };
        if !seen.insert(key) {
            let message = say!("同一单位或同一人列了两次", "this place is listed twice");
            faults.push(FieldError::new(field.as_str(), message));
        }
        let months = Period::months_of(year);
        for (month, ((value, is_reached), period)) in row.months.iter().zip(reached).zip(months).enumerate() {
            if value.is_some() && !is_reached {
                let message = say!(
                    "{period} 不归您承诺：应为 null",
                    "you may not commit for this place in {period}: expected null"
                );
                faults.push(FieldError::new(format!("{field}.months[{month}]"), message));
            }
        }
    }
    faults
}

/// The months reached as they are given, the others as they were.
fn merged(before: &Committed, given: &[Option<i64>], reached: &[bool; 12]) -> Committed {
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
    plan: &Version,
    metric: &str,
) -> Result<HashMap<Key, Kept>, Problem> {
    let rows: Vec<KeptRow> = sql(
        "SELECT unit_id, coalesce(employee_id, 0) AS employee_id, months, row_version FROM plan_commitment
         WHERE plan_unit_id = $1 AND year = $2 AND metric = $3",
    )
    .bind::<BigInt, _>(plan.unit_id)
    .bind::<Integer, _>(plan.year)
    .bind::<Text, _>(metric.to_owned())
    .load(connection)
    .await?;
    let kept = rows.into_iter().map(|row| {
        let kept = Kept { months: committed(&row.months), row_version: row.row_version };
        ((row.unit_id, row.employee_id), kept)
    });
    Ok(kept.collect())
}

/// Adds commitments or replaces them. One that is taken back stays as twelve nulls, so that its version goes on.
async fn keep(
    cx: &mut Context,
    plan: &Version,
    metric: &str,
    changed: Vec<(Key, Committed)>,
    by: i64,
) -> Result<(), Problem> {
    let months: Vec<Option<i64>> = changed.iter().flat_map(|(_, months)| *months).collect();
    let (units, employees): (Vec<i64>, Vec<i64>) = changed.into_iter().map(|(key, _)| key).unzip();
    let now = cx.now;
    sql("INSERT INTO plan_commitment
             (plan_unit_id, year, metric, unit_id, employee_id, months, author_id, committed_at)
         SELECT $1, $2, $3, place.unit_id, nullif(place.employee_id, 0), ($6::bigint[])[12 * at - 11 : 12 * at], $7, $8
         FROM unnest($4, $5) WITH ORDINALITY AS place (unit_id, employee_id, at)
         ON CONFLICT (plan_unit_id, year, metric, unit_id, (coalesce(employee_id, 0)))
         DO UPDATE SET months = excluded.months, author_id = excluded.author_id,
             committed_at = excluded.committed_at, row_version = plan_commitment.row_version + 1")
    .bind::<BigInt, _>(plan.unit_id)
    .bind::<Integer, _>(plan.year)
    .bind::<Text, _>(metric.to_owned())
    .bind::<Array<BigInt>, _>(units)
    .bind::<Array<BigInt>, _>(employees)
    .bind::<Array<Nullable<BigInt>>, _>(months)
    .bind::<BigInt, _>(by)
    .bind::<Timestamptz, _>(now)
    .execute(cx.db())
    .await?;
    Ok(())
}
