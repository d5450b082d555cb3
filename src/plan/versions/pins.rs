//! Cells that stand: set, given back to the weights, and told where they do not fit.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::governed;
use super::rows::{self, Excerpt};
use super::store::change_draft;
use super::version::Plan;
use crate::auth::Context;
use crate::http::FieldError;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::plan::faults::{already_closed, no_channel, no_line, no_unit, other_year};
use crate::plan::split::apportion::largest_remainder;
use crate::plan::split::new_plan::Pin;
use crate::plan::split::split_tree::{self, PinnedCell};
use crate::plan::split::tree::{Place, Shape, Tree};
use crate::plan::split::whole_plan::{Level, Line, LineRefusal, Outcome, Scope, WholePlan};
use crate::plan::viewer;
use crate::said::{Language, Said, say};

/// Cells to be pinned or released: all of them, or none.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PinRequest)]
pub struct Pins {
    /// The cells.
    #[garde(length(min = 1, max = 5_000), dive)]
    #[schema(min_items = 1, max_items = 5000)]
    pub pins: Vec<Pin>,
}

/// A cell of a version: line, tree, position of the node, month from 0.
pub(in crate::plan) type Cell = (i32, Tree, usize, usize);

/// Pins cells of a draft, or gives them back, and splits what depends on them around them. Only that is read and written.
///
/// # Errors
///
/// Every field at fault; the cells in the way where the pins do not fit; a conflict where the plan is not a draft.
pub async fn pin(cx: &mut Context, id: i64, pins: Pins, seen: Seen) -> Result<Plan, Problem> {
    change_draft(cx, id, seen, "pin_plan", async |cx, plan| {
        let months = pins.pins.iter().enumerate();
        let of_year = Period::months_of(plan.year);
        let months = months.flat_map(|(index, pin)| {
            let months = pin.period.months().filter_map(|month| of_year.get(month).copied());
            months.map(move |month| (format!("pins[{index}].period"), month))
        });
        let this_month = viewer::month(cx);
        let held = governed::require_changeable(cx.db(), (plan, this_month), months).await?;
        let mut excerpt = Excerpt::load(cx.db(), plan, &pins.pins).await?;
        loop {
            let mut packed = excerpt.pack()?;
            let former = packed.whole.pins.clone();
            let before = packed.whole.lines.clone();
            let mut faults = Vec::new();
            let touched = set_all(&mut packed.whole, &pins.pins, plan.year, &mut faults);
            if !faults.is_empty() {
                return Err(Problem::fields(faults));
            }
            let Outcome { changed, cut } = split_around(&mut packed.whole, &former, plan.year)?;
            if cut.is_empty() {
                require_past(&packed.whole, &before, &changed, held)?;
                let ordinal = |tree, at| packed.ordinal(tree, at);
                rows::update_cells(cx.db(), plan.id, &packed.whole, &changed, ordinal).await?;
                rows::write_pins(cx, plan.id, &packed.whole, &touched, ordinal).await?;
                return Ok(json!(pins));
            }
            let cut = cut.into_iter().map(|(tree, at)| (tree, packed.ordinal(tree, at)));
            excerpt.add_below(cx.db(), cut).await?;
        }
    })
    .await
}

/// Refuses a change that would move cells of the first `held` months, which can no longer be changed, though none of them is
/// pinned.
pub(in crate::plan) fn require_past(
    whole: &WholePlan,
    before: &[Line],
    changed: &[(Tree, usize)],
    held: usize,
) -> Result<(), Problem> {
    let months = whole.closed..held;
    let past = |line: &Line, (tree, node): (Tree, usize)| {
        let row = line.cells.of(tree).confirmed.get(node).copied().unwrap_or_default();
        row.get(months.clone()).map(<[i64]>::to_vec).unwrap_or_default()
    };
    let moved = changed.iter().find(|place| {
        whole.lines.iter().zip(before).any(|(now, before)| past(now, **place) != past(before, **place))
    });
    let Some((tree, node)) = moved else { return Ok(()) };
    let message = say!(
        "这会改动 {} 已锁定或已过去的月份：请先重排今年余下的月份",
        "this would change months of {} that are locked or have ended: plan the rest of the year again first",
        whole.shapes.of(*tree).path(*node)
    );
    Err(Problem::field("pins", message))
}

/// Splits what depends on the pins that are other than the `former` ones, and says what has changed.
pub(in crate::plan) fn split_around(
    whole: &mut WholePlan,
    former: &BTreeMap<i32, Vec<PinnedCell>>,
    year: i32,
) -> Result<Outcome, Problem> {
    whole.split(Scope::Pins(former)).map_err(|refusal| problem(&refusal, whole, year))
}

/// Sets or takes away the pins of the field `pins`, and says which cells they are; what is wrong with them is added to
/// `faults`.
pub(in crate::plan) fn set_all(
    whole: &mut WholePlan,
    pins: &[Pin],
    year: i32,
    faults: &mut Vec<FieldError>,
) -> BTreeSet<Cell> {
    // By which pin each cell is held.
    let mut touched: BTreeMap<Cell, usize> = BTreeMap::new();
    for (index, pin) in pins.iter().enumerate() {
        let mut twice = None;
        for cell in set(whole, pin, year, &format!("pins[{index}]"), faults) {
            match touched.entry(cell) {
                Entry::Vacant(free) => drop(free.insert(index)),
                Entry::Occupied(held) => twice = twice.or(Some((cell, *held.get()))),
            }
        }
        let Some((cell, by)) = twice else { continue };
        let span = pins.get(by).map_or_else(String::new, |pin| pin.period.to_string());
        let message = held_twice(whole, cell, year, &format!("pins[{by}] {span}"));
        faults.push(FieldError::new(format!("pins[{index}]"), message));
    }
    touched.into_keys().collect()
}

/// What is wrong with a cell that two pins of one request set: which it is, and by which other it is held.
fn held_twice(whole: &WholePlan, (_, tree, node, month): Cell, year: i32, by: &str) -> Said {
    let place = whole.shapes.of(tree).path(node);
    let month = u32::try_from(month).ok().and_then(|month| Period::new(year, month + 1));
    let month = month.map(|month| month.to_string()).unwrap_or_default();
    say!(
        "{place} 的 {month} 已由 {by} 锁定：两个锁定请去掉一个；要单独定其中一个月，就逐月给出",
        "{month} of {place} is held by {by} already: leave out one of the two, or give the months one by one"
    )
}

/// Sets or takes away one pin, and says which cells it is of; what is wrong with it is added to `faults`.
fn set(whole: &mut WholePlan, pin: &Pin, year: i32, field: &str, faults: &mut Vec<FieldError>) -> Vec<Cell> {
    let before = faults.len();
    let line = match &pin.metric {
        None => Some(0),
        Some(metric) => whole.lines.iter().find(|line| line.metric == *metric).map(|line| line.number),
    };
    if line.is_none() {
        let metric = pin.metric.as_deref().unwrap_or_default();
        faults.push(FieldError::new(format!("{field}.metric"), no_line(metric)));
    }
    let place = place(whole, pin, field, faults);
    if pin.period.year() != year {
        faults.push(other_year(&format!("{field}.period"), year));
    }
    let months = pin.period.months();
    if pin.period.year() == year && months.end <= whole.closed {
        faults.push(FieldError::new(format!("{field}.period"), already_closed(pin.period)));
    }
    let Some((line, (tree, node))) = line.zip(place).filter(|_| faults.len() == before) else {
        return Vec::new();
    };
    let open = months.start.max(whole.closed)..months.end;
    let values = match pin.value.map(|value| spread(whole, (line, tree, node), months, value)).transpose() {
        Ok(values) => values,
        Err(message) => {
            faults.push(FieldError::new(format!("{field}.value"), message));
            return Vec::new();
        }
    };
    let pins = whole.pins.entry(line).or_default();
    pins.retain(|other| (other.tree, other.node) != (tree, node) || !open.contains(&other.month));
    for (month, value) in open.clone().zip(values.into_iter().flatten()) {
        pins.push(split_tree::PinnedCell { tree, node, month, value });
    }
    open.map(|month| (line, tree, node, month)).collect()
}

/// What is given for some months of a node, over those of them that are open: in proportion to what they have, or alike where
/// they have nothing. What the closed ones among them have is taken off first.
fn spread(
    whole: &WholePlan,
    (line, tree, node): (i32, Tree, usize),
    months: Range<usize>,
    value: i64,
) -> Result<Vec<i64>, Said> {
    let cells = whole.lines.iter().find(|other| other.number == line);
    // The roots of channels and series are the organisation's.
    let cells = cells.and_then(|line| line.cells.of(tree).confirmed.get(node)).copied().unwrap_or_default();
    let closed: i64 = cells.iter().take(whole.closed).skip(months.start).sum();
    if months.start < whole.closed && value < closed {
        return Err(say!(
            "其中已关账的月份已有 {closed}：不能低于它",
            "the closed months among them have {closed} already: expected at least as much"
        ));
    }
    let first = months.start.max(whole.closed);
    let weights = cells.get(first..months.end).unwrap_or_default();
    let weights = weights.iter().map(|cell| u64::try_from(*cell).unwrap_or(0)).collect::<Vec<_>>();
    let has_weight = weights.iter().any(|weight| *weight > 0);
    let weights = if has_weight { weights } else { vec![1; weights.len()] };
    let left = if months.start < whole.closed { value - closed } else { value };
    largest_remainder(left, &weights).map_err(|error| error.said())
}

/// The node that a pin names.
fn place(whole: &WholePlan, pin: &Pin, field: &str, faults: &mut Vec<FieldError>) -> Option<(Tree, usize)> {
    let Pin { unit, employee_no, channel, series, .. } = pin;
    let mut refuse = |name: &str, message: Said| {
        faults.push(FieldError::new(format!("{field}.{name}"), message));
        None
    };
    let organisation = &whole.shapes.organisation;
    match (channel, series) {
        (Some(_), Some(_)) => {
            refuse("series", say!("渠道和车系只能写一个", "expected a channel or a series, not both"))
        }
        (Some(_), None) | (None, Some(_)) if unit.is_some() || employee_no.is_some() => refuse(
            "unit",
            say!(
                "单位、渠道、车系只能写其中一种",
                "expected the cell of a unit, a channel or a series, not of two of them"
            ),
        ),
        (Some(code), None) => match whole.shapes.channel.find(&Place::Label(code.clone())) {
            Some(node) => Some((Tree::Channel, node)),
            None => refuse("channel", no_channel(code)),
        },
        (None, Some(code)) => match whole.shapes.series.find(&Place::Label(code.clone())) {
            Some(node) => Some((Tree::Series, node)),
            None => refuse("series", say!("计划里没有车系“{code}”", "the plan has no series '{code}'")),
        },
        (None, None) => {
            let position = match unit {
                None => Some(0),
                Some(code) => organisation.unit(code),
            };
            let Some(position) = position else {
                return refuse("unit", no_unit(unit.as_deref().unwrap_or_default()));
            };
            let Some(employee_no) = employee_no else { return Some((Tree::Organisation, position)) };
            match child(organisation, position, employee_no) {
                Some(person) => Some((Tree::Organisation, person)),
                None => {
                    let path = organisation.path(position);
                    let message = say!(
                        "计划里 {path} 没有工号“{employee_no}”",
                        "the plan has no employee '{employee_no}' in {path}"
                    );
                    refuse("employee_no", message)
                }
            }
        }
    }
}

/// The person with this 工号 right below a unit.
pub(in crate::plan) fn child(shape: &Shape, unit: usize, employee_no: &str) -> Option<usize> {
    let is_meant = |position: &usize| {
        shape
            .node(*position)
            .is_some_and(|node| matches!(node.place, Place::Person { .. }) && node.code == employee_no)
    };
    shape.children(unit).iter().copied().find(is_meant)
}

/// Why the cells cannot be split: which line and level, at which node and in which months, with every pinned cell that is in
/// the way.
pub(in crate::plan) fn problem(refusal: &LineRefusal, whole: &WholePlan, year: i32) -> Problem {
    let LineRefusal { line, level, refusal } = refusal;
    let metric =
        whole.lines.iter().find(|known| known.number == *line).map_or("", |line| line.metric.as_str());
    let what = match level.map(Level::said) {
        Some(level) => {
            let zh = level.in_language(Language::Chinese);
            Said::both(format!("{metric} 的{zh}"), format!("{metric}, {level}"))
        }
        None => Said::same(metric),
    };
    let message = refusal.message.about(&what);
    let shape = whole.shapes.of(refusal.tree);
    let is_held = |pin: &&split_tree::PinnedCell| {
        refusal.months.contains(&pin.month)
            // The root's months are shared by the trees, so that any tree's pin can be in the way of the year.
            && (pin.tree == refusal.tree || refusal.node == 0)
            && (refusal.held.contains(&pin.node)
                || whole.shapes.of(pin.tree).above(pin.node).any(|above| refusal.held.contains(&above)))
    };
    let cells: Vec<FieldError> = whole
        .pins
        .get(line)
        .into_iter()
        .flatten()
        .filter(is_held)
        .map(|pin| {
            let path = whole.shapes.of(pin.tree).path(pin.node);
            let month = u32::try_from(pin.month).ok().and_then(|month| Period::new(year, month + 1));
            let month = month.map(|month| month.to_string()).unwrap_or_default();
            let pinned = say!("已锁定为 {}", "pinned at {}", pin.value);
            FieldError::new(format!("{path} {month}"), message.about(&pinned))
        })
        .collect();
    if cells.is_empty() {
        let months: Vec<String> = refusal
            .months
            .iter()
            .filter_map(|month| Some(Period::new(year, u32::try_from(*month).ok()? + 1)?.to_string()))
            .collect();
        let place = format!("{} {}", shape.path(refusal.node), months.join(", "));
        return Problem::field(place.trim_end(), message);
    }
    Problem::fields(cells)
}
