//! The next version of a plan: begun as a copy of the one in force, and changed where people have.

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use serde_json::json;

use super::draft::employee_ids;
use super::store::{Heading, LockedPlan, find, insert, lock, subject};
use super::version::{Plan, Step};
use super::{pins, rows};
use crate::auth::audit;
use crate::http::Problem;
use crate::http::body::check;
use crate::http::etag::Seen;
use crate::http::problem::FieldError;
use crate::plan::faults::{ALL_ZERO, fault, other_year};
use crate::plan::split::settings::{Change, Resplit, Split};
use crate::plan::split::tree::{Node, Place, Tree};
use crate::plan::split::weights;
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::viewer::Viewer;

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
            let heading = Heading {
                unit_id: source.unit_id,
                year: source.year,
                split: &source.split.inherited(),
                closed_months: source.closed_months,
            };
            let copy = insert(connection, heading, author, now).await?;
            rows::copy(connection, id, copy).await?;
            let detail = json!({ "from": subject(id) });
            audit::record(connection, now, author, "create_plan_version", &subject(copy), detail).await?;
            Ok::<_, Problem>(copy)
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// Splits some months of a unit anew among its people, in a draft. The other months, and the unit's own, stay.
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
            split_anew(connection, &mut plan, &change, by).await?;
            plan.save(connection).await?;
            audit::record(connection, now, by, "resplit_plan", &subject(id), json!(change)).await
        })
        .await?;
    find(connection, &Viewer::program(), id).await
}

/// A version in memory, changed but not yet split.
pub(in crate::plan) struct Anew {
    pub whole: WholePlan,
    /// Position of the unit.
    pub unit: usize,
    /// How many places the organisation had before.
    pub places: usize,
    /// The version's splits, the change among them.
    pub split: Split,
}

/// Makes a change to the splits of a version in memory.
///
/// # Errors
///
/// Every field at fault.
pub(in crate::plan) async fn anew(
    connection: &mut AsyncPgConnection,
    mut whole: WholePlan,
    year: i32,
    split: &Split,
    change: Change,
) -> Result<Anew, Problem> {
    let resplit = &change.resplit;
    let numbers = resplit.weights.iter().map(|member| member.employee_no.as_str());
    let known = employee_ids(connection, numbers).await?;
    let unit = whole.shapes.organisation.unit(&resplit.unit);
    let mut faults = faults(year, &whole, resplit, unit);
    let members = weights::members("weights", &resplit.weights, &known, &mut faults);
    let Some(unit) = unit.filter(|_| faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };
    let places = whole.shapes.organisation.len();
    let unit_id = match whole.shapes.organisation.node(unit).map(|node| &node.place) {
        Some(Place::Unit(id)) => *id,
        _ => return Err(Problem::not_found("unit")),
    };
    for (employee_no, employee_id, _) in members {
        let place = Place::Person { unit_id, employee_id };
        // Who was no member becomes one, with no part in the other months.
        if whole.shapes.organisation.find(&place).is_none() {
            let code = employee_no.to_owned();
            whole.shapes.organisation.push(Node { place, code, parent: Some(unit), weights: [0; 12] });
        }
    }
    let mut split = split.clone();
    split.resplits.push(change);
    whole.segments = rows::segments(&whole.shapes.organisation, &split);
    Ok(Anew { whole, unit, places, split })
}

/// Adds the change to the version's splits, and splits what depends on it.
pub(in crate::plan) async fn split_anew(
    connection: &mut AsyncPgConnection,
    plan: &mut LockedPlan,
    change: &Resplit,
    by: Option<i64>,
) -> Result<(), Problem> {
    let whole = rows::load_whole_plan(connection, plan.id, plan.closed_months, &plan.split).await?;
    let change = Change { resplit: change.clone(), user_id: by };
    let Anew { mut whole, places, split, .. } =
        anew(connection, whole, plan.year, &plan.split, change).await?;
    plan.split = split;
    if let Err(refusal) = whole.split(Scope::Everything) {
        return Err(pins::problem(&refusal, &whole, plan.year));
    }
    rows::insert_nodes(connection, plan.id, Tree::Organisation, &whole.shapes.organisation, places).await?;
    rows::write_months(connection, plan.id, &whole, None).await
}

/// What is wrong with a change.
fn faults(year: i32, whole: &WholePlan, change: &Resplit, unit: Option<usize>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    for (field, period) in [("from", change.from), ("to", change.to)] {
        if period.year() != year {
            faults.push(other_year(field, year));
        }
    }
    if change.to < change.from {
        faults.push(fault("to", "expected no month before from"));
    }
    let first = usize::try_from(change.from.month()).unwrap_or(1).saturating_sub(1);
    if change.from.year() == year && first < whole.closed {
        faults.push(fault("from", format!("{} is closed: it stands as it was", change.from)));
    }
    let organisation = &whole.shapes.organisation;
    let is_unit =
        |child: &usize| organisation.node(*child).is_some_and(|node| matches!(node.place, Place::Unit(_)));
    match unit {
        None => faults.push(fault("unit", format!("the plan has no unit '{}'", change.unit))),
        Some(unit) if organisation.children(unit).iter().any(is_unit) => {
            faults.push(fault("unit", format!("'{}' is split among units, not among people", change.unit)));
        }
        Some(unit)
            if organisation.children(unit).is_empty()
                && (change.from.month(), change.to.month()) != (1, 12) =>
        {
            let message = "the unit was planned without members: split all twelve months among its people";
            faults.push(fault("from", message));
        }
        Some(_) => {}
    }
    if change.weights.iter().all(|member| member.weight == 0) {
        faults.push(fault("weights", ALL_ZERO));
    }
    faults
}
