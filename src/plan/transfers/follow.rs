//! A version held against the postings, month by month.
//!
//! In the first month in which somebody is no longer where the version has the target, the rest of the year is split anew
//! ([`super::moves`]); the next months are compared with what comes of it. What is written down is a list of re-splits, so
//! that it can be looked at, changed and made by hand.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::moves::{Arrival, Month, resplits};
use super::{PostingChange, PostingMove};
use crate::http::Problem;
use crate::period::Period;
use crate::plan::split::new_plan::Pin;
use crate::plan::split::settings::Resplit;
use crate::plan::split::split_tree::PinnedCell;
use crate::plan::split::tree::{Place, Shape, Tree};
use crate::plan::split::weights::Known;
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::versions::store::Version;
use crate::plan::versions::{pins, revision};

/// Where somebody is posted in a month.
#[derive(Clone, Debug, Default)]
pub(super) struct Held {
    /// The units, the one where the person sells first.
    pub units: Vec<i64>,
    /// Whether the person sells.
    pub sells: bool,
}

/// What the organisation knows of a plan's year.
#[derive(Clone, Debug, Default)]
pub(super) struct Organisation {
    /// By person, in each month.
    pub months: [HashMap<i64, Held>; 12],
    /// Ids by 工号, and units by code.
    pub known: Known,
    /// 工号 and 姓名 by id.
    pub people: HashMap<i64, (String, String)>,
}

/// What following the postings has come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Followed {
    pub changes: Vec<PostingChange>,
    pub release: Vec<Pin>,
    pub resplits: Vec<Resplit>,
}

/// Where a person's target belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum At {
    /// In this unit of the plan.
    Unit(usize),
    /// In a unit that the plan does not have yet, by its id, right below this one of the plan.
    New(i64, usize),
}

/// Follows the postings from month `first` (counted from 0) on; `whole` and `version` are then as they would be.
pub(super) fn follow(
    whole: &mut WholePlan,
    version: &mut Version,
    organisation: &Organisation,
    first: usize,
) -> Result<Followed, Problem> {
    let mut followed = Followed::default();
    for (index, period) in Period::months_of(version.year).into_iter().enumerate().skip(first) {
        let Some(held) = organisation.months.get(index) else { continue };
        let month = compare(whole, organisation, held, index);
        if month.is_empty() {
            continue;
        }
        followed.changes.extend(changes(whole, organisation, &month, period));
        followed.release.extend(release(whole, &month, version.year));
        let made = resplits(whole, organisation, &month, version.year);
        revision::all_anew(&organisation.known, whole, version, &made, None)?;
        if let Err(refusal) = whole.split(Scope::Everything) {
            return Err(pins::problem(&refusal, whole, version.year));
        }
        followed.resplits.extend(made);
    }
    Ok(followed)
}

/// What a node's months go by in `month`: the latest split that has a say, else the tree's own weight.
fn weight(whole: &WholePlan, node: usize, month: usize) -> u64 {
    let Some(found) = whole.shapes.organisation.node(node) else { return 0 };
    let mut segments = whole.segments.iter().rev();
    match segments.find(|segment| Some(segment.node) == found.parent && segment.months.contains(&month)) {
        Some(segment) => segment.weights.get(&node).copied().unwrap_or(0),
        None => found.weights.get(month).copied().unwrap_or(0),
    }
}

/// Who is not where the version has the target in a month.
fn compare(whole: &WholePlan, organisation: &Organisation, held: &HashMap<i64, Held>, index: usize) -> Month {
    let shape = &whole.shapes.organisation;
    let mut nodes: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, node) in shape.nodes().iter().enumerate() {
        if let Place::Person { employee_id, .. } = node.place {
            nodes.entry(employee_id).or_default().push(at);
        }
    }
    for person in held.iter().filter(|(_, held)| held.sells).map(|(person, _)| *person) {
        nodes.entry(person).or_default();
    }
    let places = Places::of(shape, organisation);
    let mut month = Month { index, gone: BTreeSet::new(), arrivals: Vec::new() };
    for (employee_id, nodes) in nodes {
        let held = held.get(&employee_id);
        let belongs: Vec<At> =
            held.iter().flat_map(|held| &held.units).filter_map(|unit| places.place(shape, *unit)).collect();
        let unit_of = |node: &usize| shape.node(*node).and_then(|node| node.parent);
        // Somebody of the department may well have been given a part of a team's months.
        let is_below = |unit: usize| {
            held.iter().flat_map(|held| &held.units).any(|posted| places.is_below(shape, unit, *posted))
        };
        let is_there = |node: &usize| {
            unit_of(node).is_some_and(|unit| belongs.contains(&At::Unit(unit)) || is_below(unit))
        };
        let active: Vec<usize> =
            nodes.iter().copied().filter(|node| weight(whole, *node, index) > 0).collect();
        let stray: Vec<usize> = active.iter().copied().filter(|node| !is_there(node)).collect();
        let Some(to) = belongs.first().copied() else {
            month.gone.extend(stray);
            continue;
        };
        // Who is listed and has nothing for now is away, and comes back.
        let joins = nodes.is_empty() && held.is_some_and(|held| held.sells);
        if joins || !stray.is_empty() {
            month.gone.extend(stray.iter().copied());
            month.arrivals.push(Arrival { employee_id, from: stray, to });
        }
    }
    month
}

/// Which units the plan has, and what stands below what.
struct Places {
    /// The unit and everything above it, by id.
    paths: HashMap<i64, Vec<i64>>,
    /// Units that stand above one of the plan's, or are one.
    above: BTreeSet<i64>,
    /// Positions of the units below which the plan goes down to people. A store that was given a total is nobody's.
    peopled: BTreeSet<usize>,
}

impl Places {
    fn of(shape: &Shape, organisation: &Organisation) -> Self {
        let paths: HashMap<i64, Vec<i64>> =
            organisation.known.units.values().map(|unit| (unit.id, unit.path.clone())).collect();
        let planned = shape.nodes().iter().filter_map(|node| match node.place {
            Place::Unit(id) => paths.get(&id),
            _ => None,
        });
        let above = planned.flatten().copied().collect();
        let people = shape.nodes().iter().enumerate();
        let people = people.filter(|(_, node)| matches!(node.place, Place::Person { .. }));
        let peopled = people.flat_map(|(at, _)| shape.above(at)).collect();
        Self { paths, above, peopled }
    }

    /// Whether a unit of the plan stands below one of the organisation.
    fn is_below(&self, shape: &Shape, at: usize, unit: i64) -> bool {
        let id = shape.node(at).and_then(|node| match node.place {
            Place::Unit(id) => Some(id),
            _ => None,
        });
        id.and_then(|id| self.paths.get(&id)).is_some_and(|path| path.contains(&unit))
    }

    /// Where the target of somebody who is posted in a unit belongs: in the nearest unit of the plan at or above it, or in the
    /// unit itself, where the plan goes down to its like.
    fn place(&self, shape: &Shape, unit: i64) -> Option<At> {
        let mut up = self.paths.get(&unit)?.iter().rev();
        let nearest = up.find_map(|id| shape.find(&Place::Unit(*id)));
        let nearest = nearest.filter(|at| self.peopled.contains(at))?;
        let is_unit =
            |child: &usize| shape.node(*child).is_some_and(|node| matches!(node.place, Place::Unit(_)));
        let is_split = shape.children(nearest).iter().any(is_unit);
        Some(match is_split && !self.above.contains(&unit) {
            true => At::New(unit, nearest),
            false => At::Unit(nearest),
        })
    }
}

fn changes(
    whole: &WholePlan,
    organisation: &Organisation,
    month: &Month,
    period: Period,
) -> Vec<PostingChange> {
    let shape = &whole.shapes.organisation;
    let code = |at: usize| shape.node(at).map(|node| node.code.clone());
    let named = |employee_id: i64| organisation.people.get(&employee_id).cloned().unwrap_or_default();
    let unit_above = |node: usize| shape.node(node).and_then(|node| node.parent).and_then(code);
    let mut left = month.gone.clone();
    let mut changes = Vec::new();
    for arrival in &month.arrivals {
        arrival.from.iter().for_each(|node| {
            left.remove(node);
        });
        let (employee_no, name) = named(arrival.employee_id);
        let to_unit = match arrival.to {
            At::Unit(at) => code(at),
            At::New(id, _) => organisation.code(id).map(str::to_owned),
        };
        changes.push(PostingChange {
            employee_no,
            name,
            change: if arrival.from.is_empty() { PostingMove::Joined } else { PostingMove::Transferred },
            from: period,
            from_unit: arrival.from.first().copied().and_then(unit_above),
            to_unit,
            carried: arrival.from.iter().map(|node| month.rest(whole, *node)).sum(),
        });
    }
    for node in left {
        let Some(Place::Person { employee_id, .. }) = shape.node(node).map(|node| node.place.clone()) else {
            continue;
        };
        let (employee_no, name) = named(employee_id);
        changes.push(PostingChange {
            employee_no,
            name,
            change: PostingMove::Left,
            from: period,
            from_unit: unit_above(node),
            to_unit: None,
            carried: 0,
        });
    }
    changes.sort_by(|one, other| one.employee_no.cmp(&other.employee_no));
    changes
}

impl Organisation {
    /// The code of a unit.
    pub(super) fn code(&self, id: i64) -> Option<&str> {
        self.known.units.iter().find(|(_, unit)| unit.id == id).map(|(code, _)| code.as_str())
    }
}

/// Takes the pins of those who have gone, from the month on, out of the plan, and says which they were.
fn release(whole: &mut WholePlan, month: &Month, year: i32) -> Vec<Pin> {
    let shape = &whole.shapes.organisation;
    let empty = month.emptied(shape);
    let is_in_the_way = |pin: &PinnedCell| {
        pin.tree == Tree::Organisation
            && pin.month >= month.index
            && (month.gone.contains(&pin.node) || empty.contains(&pin.node))
    };
    let periods = Period::months_of(year);
    let mut released = Vec::new();
    for (line, pins) in &mut whole.pins {
        let metric = whole.lines.iter().find(|other| other.number == *line).map(|line| line.metric.clone());
        for pin in pins.iter().filter(|pin| is_in_the_way(pin)) {
            let (Some(node), Some(period)) = (shape.node(pin.node), periods.get(pin.month)) else { continue };
            let is_person = matches!(node.place, Place::Person { .. });
            let unit = if is_person { node.parent.and_then(|parent| shape.node(parent)) } else { Some(node) };
            released.push(Pin {
                metric: metric.clone(),
                unit: unit.map(|unit| unit.code.clone()),
                employee_no: is_person.then(|| node.code.clone()),
                channel: None,
                series: None,
                period: (*period).into(),
                value: None,
            });
        }
        pins.retain(|pin| !is_in_the_way(pin));
    }
    released
}
