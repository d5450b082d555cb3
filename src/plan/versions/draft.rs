//! A new plan: its codes looked up, its total split, its cells kept.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::store::{Heading, find, insert, subject};
use super::version::Plan;
use super::{pins, rows};
use crate::auth::audit;
use crate::db::schema::{employee, org_unit, plan_label};
use crate::diary::work_calendar::holidays;
use crate::http::Problem;
use crate::http::body::check;
use crate::ledger::metric::Catalogue;
use crate::org::UnitKind;
use crate::plan::actuals;
use crate::plan::split::lines;
use crate::plan::split::method::{Method, weigh};
use crate::plan::split::new_plan::{NewPlan, UnitWeight};
use crate::plan::split::settings::Split;
use crate::plan::split::tree::Tree;
use crate::plan::split::weights::{self, Known, KnownUnit};
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::viewer::Viewer;

/// Drafts a plan: splits it exactly to the last person, and keeps every cell. `author` is who does it; none is the
/// operator. Of one unit and year it is the next version.
///
/// # Errors
///
/// Every field at fault; a conflict where another draft is waiting.
pub async fn create(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: NewPlan,
    author: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Plan, Problem> {
    check(&new)?;
    let id = connection
        .transaction(async |connection| {
            let known = look_up(connection, &new).await?;
            let whole = prepare(connection, catalogue, &new, &new.method, &known).await?;
            let unit_id = known.units.get(&new.unit).map(|unit| unit.id);
            let split = Split { season: new.season.clone(), method: new.method.clone(), ..Split::default() };
            let heading = Heading {
                unit_id: unit_id.ok_or_else(|| Problem::not_found("unit"))?,
                year: new.year,
                split: &split,
                closed_months: 0,
            };
            let id = insert(connection, heading, author, now).await?;
            keep(connection, id, &whole, author, now).await?;
            let detail =
                json!({ "unit": new.unit, "year": new.year, "metric": new.metric, "total": new.total });
            audit::record(connection, now, author, "create_plan", &subject(id), detail).await?;
            Ok::<_, Problem>(id)
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Writes everything of a version that has no rows yet.
async fn keep(
    connection: &mut AsyncPgConnection,
    id: i64,
    whole: &WholePlan,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    rows::insert_lines(connection, id, &whole.lines).await?;
    for tree in Tree::ALL {
        rows::insert_nodes(connection, id, tree, whole.shapes.of(tree), 0).await?;
    }
    rows::write_months(connection, id, whole, None).await?;
    let pinned = whole
        .pins
        .iter()
        .flat_map(|(line, pins)| pins.iter().map(|pin| (*line, pin.tree, pin.node, pin.month)));
    rows::write_pins(connection, id, whole, &pinned.collect(), by, now).await
}

/// A new plan split by `method`, nothing of it kept.
///
/// # Errors
///
/// Every field at fault.
pub(in crate::plan) async fn prepare(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: &NewPlan,
    method: &Method,
    known: &Known,
) -> Result<WholePlan, Problem> {
    let mut faults = Vec::new();
    let lines = lines::of(new, catalogue, &mut faults);
    let new_by_method = NewPlan { method: method.clone(), ..new.clone() };
    let trees = weights::trees(&new_by_method, known).map_err(|more| faults.extend(more));
    let Some(mut shapes) = trees.ok().filter(|_| faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };
    let findings = actuals::findings(connection, method, new, &shapes.organisation, known).await?;
    let calendar = holidays::country(connection).await?;
    weigh(method, new.year, new.total, &mut shapes, &findings, &calendar).map_err(Problem::fields)?;
    let mut whole = WholePlan { shapes, lines, ..WholePlan::default() };
    pins::set_all(&mut whole, &new.pins, new.year, &mut faults);
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    match whole.split(Scope::Everything) {
        Ok(_) => Ok(whole),
        Err(refusal) => Err(pins::problem(&refusal, &whole, new.year)),
    }
}

/// What the organisation knows of the codes in `new`.
pub(in crate::plan) async fn look_up(
    connection: &mut AsyncPgConnection,
    new: &NewPlan,
) -> Result<Known, Problem> {
    let mut codes = BTreeSet::from([new.unit.as_str()]);
    let mut numbers = BTreeSet::new();
    let mut waiting: Vec<&UnitWeight> = new.units.iter().collect();
    while let Some(unit) = waiting.pop() {
        codes.insert(unit.unit.as_str());
        numbers.extend(unit.members.iter().map(|member| member.employee_no.as_str()));
        waiting.extend(&unit.units);
    }
    let units: Vec<(String, i64, UnitKind, Vec<i64>)> = org_unit::table
        .filter(org_unit::code.eq_any(codes))
        .select((org_unit::code, org_unit::id, org_unit::kind, org_unit::path))
        .load(connection)
        .await?;
    let units = units.into_iter().map(|(code, id, kind, path)| (code, KnownUnit { id, kind, path }));
    let labels: Vec<(String, String)> =
        plan_label::table.select((plan_label::tree, plan_label::code)).load(connection).await?;
    let mut known_labels = HashSet::new();
    for (tree, code) in labels {
        known_labels.insert((rows::known_tree(&tree)?, code));
    }
    let employees = employee_ids(connection, numbers.into_iter()).await?;
    Ok(Known { units: units.collect(), employees, labels: known_labels })
}

/// Ids by 工号, of those that exist.
pub(in crate::plan) async fn employee_ids(
    connection: &mut AsyncPgConnection,
    employee_nos: impl Iterator<Item = &str>,
) -> Result<HashMap<String, i64>, Problem> {
    let rows: Vec<(String, i64)> = employee::table
        .filter(employee::employee_no.eq_any(employee_nos.collect::<BTreeSet<_>>()))
        .select((employee::employee_no, employee::id))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}
