//! The next version of a plan: begun as a copy of the one in force, and changed where people and units have.

use diesel_async::AsyncPgConnection;
use serde_json::json;

use super::draft::{employee_ids, units_by_code};
use super::store::{Heading, Version, begin, change_draft, lock, subject};
use super::version::{Plan, Step};
use super::{governed, pins, rows, units};
use crate::auth::Context;
use crate::http::FieldError;
use crate::http::Problem;
use crate::http::body::check;
use crate::http::etag::Seen;
use crate::plan::faults::{ALL_ZERO, already_closed, no_unit, other_year};
use crate::plan::split::settings::{Change, Resplit, Split};
use crate::plan::split::tree::{Node, PerTree, Place, Tree};
use crate::plan::split::weights::{self, Known};
use crate::plan::split::whole_plan::{Outcome, Scope, WholePlan};
use crate::plan::viewer;
use crate::said::say;

/// Begins the next version as a copy of the approved plan `id`, cells included.
///
/// # Errors
///
/// A conflict where the plan is not the one in force, or another draft is waiting.
pub async fn next_version(cx: &mut Context, id: i64) -> Result<Plan, Problem> {
    viewer::require_plan(cx, id).await?;
    cx.transaction(async |cx| {
        let source = lock(cx.db(), id).await?;
        source.status.after(Step::Revise)?;
        let split = source.split.inherited();
        let Version { unit_id, year, closed_months, .. } = source;
        let heading = Heading { unit_id, year, split, closed_months };
        let detail = json!({ "from": subject(id) });
        begin(cx, heading, ("create_plan_version", detail), async |cx, copy| {
            rows::copy(cx.db(), id, copy).await
        })
        .await
    })
    .await
}

/// Splits some months of a unit anew among what is below it, in a draft. The other months, and the unit's own, stay.
///
/// # Errors
///
/// Every field at fault; a conflict where the plan is not a draft.
pub async fn resplit(cx: &mut Context, id: i64, change: Resplit, seen: Seen) -> Result<Plan, Problem> {
    check(&change)?;
    change_draft(cx, id, seen, "resplit_plan", async |cx, plan| {
        split_anew(cx, plan, std::slice::from_ref(&change)).await?;
        Ok(json!(change))
    })
    .await
}

/// What a version in memory was before a change that is made but not yet split.
pub(in crate::plan) struct Anew {
    /// Position of the unit.
    pub unit: usize,
    /// How many places the organisation had before.
    pub places: usize,
    /// The version's splits, the change among them.
    pub split: Split,
}

/// Makes a change to the splits of a version in memory; `known` are the people and units that it names.
///
/// # Errors
///
/// Every field at fault; nothing has changed then.
pub(in crate::plan) fn anew(
    known: &Known,
    whole: &mut WholePlan,
    plan: &Version,
    change: Change,
) -> Result<Anew, Problem> {
    let resplit = &change.resplit;
    let unit = whole.shapes.organisation.unit(&resplit.unit);
    let mut faults = faults(plan.year, whole, resplit, unit);
    let members = weights::members("weights", &resplit.weights, &known.employees, &mut faults);
    let new_units = units::to_add(resplit, &whole.shapes.organisation, unit, known, &mut faults);
    let Some(unit) = unit.filter(|_| faults.is_empty()) else {
        return Err(Problem::fields(faults));
    };
    let places = whole.shapes.organisation.len();
    let unit_id = match whole.shapes.organisation.node(unit).map(|node| &node.place) {
        Some(Place::Unit(id)) => *id,
        _ => return Err(Problem::not_found("unit")),
    };
    let members = members.into_iter().map(|(employee_no, employee_id, _)| {
        (employee_no.to_owned(), Place::Person { unit_id, employee_id })
    });
    for (code, place) in new_units.into_iter().chain(members) {
        // Who was no member becomes one, with no part in the other months.
        if whole.shapes.organisation.find(&place).is_none() {
            whole.shapes.organisation.push(Node { place, code, parent: Some(unit), weights: [0; 12] });
        }
    }
    let mut split = plan.split.clone();
    split.resplits.push(change);
    whole.segments = rows::segments(&whole.shapes.organisation, &split);
    Ok(Anew { unit, places, split })
}

/// What the organisation knows of the people and units that changes name.
pub(in crate::plan) async fn known_of(
    connection: &mut AsyncPgConnection,
    plan: &Version,
    changes: &[Resplit],
) -> Result<Known, Problem> {
    let numbers = changes.iter().flat_map(|change| &change.weights);
    let numbers = numbers.map(|member| member.employee_no.as_str());
    let codes = changes.iter().flat_map(|change| &change.units).map(|share| share.unit.as_str());
    Ok(Known {
        employees: employee_ids(connection, plan.unit_id, plan.year, numbers).await?,
        units: units_by_code(connection, codes).await?,
        ..Known::default()
    })
}

/// Makes changes one after the other in memory, without splitting; their fields are named by `field`.
///
/// # Errors
///
/// Every field at fault of the first change that has any.
pub(in crate::plan) fn all_anew(
    known: &Known,
    whole: &mut WholePlan,
    plan: &mut Version,
    changes: &[Resplit],
    by: Option<i64>,
) -> Result<(), Problem> {
    for (index, change) in changes.iter().enumerate() {
        let change = Change { resplit: change.clone(), user_id: by };
        let made = anew(known, whole, plan, change).map_err(|mut problem| {
            // One alone is the body itself.
            for error in problem.errors.iter_mut().filter(|_| changes.len() > 1) {
                error.field = format!("resplits[{index}].{}", error.field);
            }
            problem
        })?;
        plan.split = made.split;
    }
    Ok(())
}

/// Adds changes to the version's splits, and splits what depends on them.
pub(in crate::plan) async fn split_anew(
    cx: &mut Context,
    plan: &mut Version,
    changes: &[Resplit],
) -> Result<(), Problem> {
    let this_month = viewer::month(cx);
    let months = changes.iter().enumerate().map(|(index, change)| match changes.len() {
        1 => ("from".to_owned(), change.from),
        _ => (format!("resplits[{index}].from"), change.from),
    });
    governed::require_changeable(cx.db(), (plan, this_month), months).await?;
    let mut whole = rows::load_whole_plan(cx.db(), plan).await?;
    let places = whole.shapes.organisation.len();
    let known = known_of(cx.db(), plan, changes).await?;
    all_anew(&known, &mut whole, plan, changes, cx.by())?;
    let changed = match whole.split(Scope::Everything) {
        Ok(Outcome { changed, .. }) => changed,
        Err(refusal) => return Err(pins::problem(&refusal, &whole, plan.year)),
    };
    let from = PerTree {
        organisation: places,
        channel: whole.shapes.channel.len(),
        series: whole.shapes.series.len(),
    };
    rows::insert_nodes(cx.db(), plan.id, &whole, from).await?;
    let is_old = |node: &(Tree, usize)| node.0 != Tree::Organisation || node.1 < places;
    let changed: Vec<(Tree, usize)> = changed.into_iter().filter(is_old).collect();
    rows::update_cells(cx.db(), plan.id, &whole, &changed, |_, at| at).await
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
        let message = say!("不能早于 from", "expected a month no earlier than from");
        faults.push(FieldError::new("to", message));
    }
    let first = change.from.index();
    if change.from.year() == year && first < whole.closed {
        faults.push(FieldError::new("from", already_closed(change.from)));
    }
    let organisation = &whole.shapes.organisation;
    let is_unit =
        |child: &usize| organisation.node(*child).is_some_and(|node| matches!(node.place, Place::Unit(_)));
    match unit {
        None => faults.push(FieldError::new("unit", no_unit(&change.unit))),
        Some(unit) if change.units.is_empty() && organisation.children(unit).iter().any(is_unit) => {
            faults.push(FieldError::new(
                "unit",
                say!(
                    "“{}”往下拆到单位，而不是拆到人：请给出各单位的权重",
                    "'{}' is split among units, not among people: give their weights",
                    change.unit
                ),
            ));
        }
        Some(unit)
            if organisation.children(unit).is_empty() && units::has_other_months(whole, unit, change) =>
        {
            let message = say!(
                "这个单位原来没有拆到人：请把十二个月都拆给它的人",
                "the unit was planned without members: split all twelve months among its people"
            );
            faults.push(FieldError::new("from", message));
        }
        Some(_) => {}
    }
    let weights = change.weights.iter().map(|member| member.weight);
    if weights.chain(change.units.iter().map(|share| share.weight)).all(|weight| weight == 0) {
        faults.push(FieldError::new("weights", ALL_ZERO));
    }
    faults
}
