//! The rest of a year split anew once people have moved: targets go with them.
//!
//! Weights are what everybody still has from the month on, so whoever moves or stays keeps exactly that; only what those who
//! have left had, and what newcomers take, moves between the others of a unit.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::follow::{At, Organisation};
use crate::period::Period;
use crate::plan::split::new_plan::MemberWeight;
use crate::plan::split::settings::{Resplit, UnitShare};
use crate::plan::split::tree::{Place, Shape};
use crate::plan::split::whole_plan::WholePlan;

/// Somebody whose target is to be in another unit from a month on.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub employee_id: i64,
    /// Where the target was; nowhere, for who joins.
    pub from: Vec<usize>,
    pub to: At,
}

/// What is different in a month.
#[derive(Clone, Debug)]
pub(super) struct Month {
    /// Counted from 0.
    pub index: usize,
    /// People's places that have no target any more.
    pub gone: BTreeSet<usize>,
    pub arrivals: Vec<Arrival>,
}

impl Month {
    pub(super) fn is_empty(&self) -> bool {
        self.gone.is_empty() && self.arrivals.is_empty()
    }

    /// What a node of the first line has from the month on.
    pub(super) fn rest(&self, whole: &WholePlan, node: usize) -> i64 {
        cells(whole, node, &(self.index..12))
    }

    /// Units in which nobody is left.
    pub(super) fn emptied(&self, shape: &Shape) -> BTreeSet<usize> {
        let arrives = |unit: usize| self.arrivals.iter().any(|arrival| arrival.to == At::Unit(unit));
        let above = self.gone.iter().filter_map(|node| shape.node(*node)?.parent);
        let is_empty = |unit: &usize| {
            shape.children(*unit).iter().all(|child| self.gone.contains(child)) && !arrives(*unit)
        };
        above.filter(is_empty).collect()
    }
}

fn cells(whole: &WholePlan, node: usize, months: &Range<usize>) -> i64 {
    let rows = whole.lines.first().map(|line| &line.cells.organisation.confirmed);
    let cells = rows.and_then(|rows| rows.get(node)).and_then(|row| row.get(months.clone()));
    cells.unwrap_or_default().iter().sum()
}

/// The re-splits of the months from `month` on, those above before those below.
pub(super) fn resplits(
    whole: &WholePlan,
    organisation: &Organisation,
    month: &Month,
    year: i32,
) -> Vec<Resplit> {
    let affected = affected(&whole.shapes.organisation, month);
    let periods = Period::months_of(year);
    let mut made = Vec::new();
    for months in ranges(whole, &affected, month.index) {
        let (Some(from), Some(to)) =
            (periods.get(months.start), months.end.checked_sub(1).and_then(|last| periods.get(last)))
        else {
            continue;
        };
        let part = Part { whole, organisation, month, months: &months };
        made.extend(part.resplits(&affected).into_iter().map(|(unit, weights, units)| Resplit {
            unit,
            from: *from,
            to: *to,
            weights,
            units,
        }));
    }
    made
}

/// The units below which something is different, those above first: where people come or go, and all above these.
fn affected(shape: &Shape, month: &Month) -> Vec<usize> {
    let mut units: BTreeSet<usize> = month.gone.iter().filter_map(|node| shape.node(*node)?.parent).collect();
    units.extend(month.arrivals.iter().map(|arrival| match arrival.to {
        At::Unit(unit) | At::New(_, unit) => unit,
    }));
    let above: Vec<usize> = units.iter().flat_map(|unit| shape.above(*unit)).collect();
    units.extend(above);
    // A parent's position is smaller than its children's.
    units.into_iter().collect()
}

/// The months from `first` on, cut where other weights begin or end at one of these units: who is away stays away.
fn ranges(whole: &WholePlan, units: &[usize], first: usize) -> Vec<Range<usize>> {
    let own = whole.segments.iter().filter(|segment| units.contains(&segment.node));
    let cuts = own.flat_map(|segment| [segment.months.start, segment.months.end]);
    let cuts: BTreeSet<usize> = cuts.chain([first, 12]).filter(|cut| (first..=12).contains(cut)).collect();
    let cuts: Vec<usize> = cuts.into_iter().collect();
    cuts.windows(2).filter_map(|pair| Some(*pair.first()?..*pair.last()?)).collect()
}

/// Some of the months, in which everybody's weight is of one piece.
struct Part<'a> {
    whole: &'a WholePlan,
    organisation: &'a Organisation,
    month: &'a Month,
    months: &'a Range<usize>,
}

/// Code of a unit, its people's weights, and those of the units below it.
type Weighed = (String, Vec<MemberWeight>, Vec<UnitShare>);

impl Part<'_> {
    fn of(&self, node: usize) -> i64 {
        cells(self.whole, node, self.months)
    }

    fn carried(&self, arrival: &Arrival) -> i64 {
        arrival.from.iter().map(|node| self.of(*node)).sum()
    }

    fn resplits(&self, affected: &[usize]) -> Vec<Weighed> {
        let shape = &self.whole.shapes.organisation;
        let deltas = self.deltas(affected);
        let emptied = self.month.emptied(shape);
        let mut made = Vec::new();
        let mut new_units = Vec::new();
        for unit in affected {
            let Some(node) = shape.node(*unit).filter(|_| self.is_other(*unit, &deltas, &emptied)) else {
                continue;
            };
            let mut people = Vec::new();
            let mut units = Vec::new();
            for child in shape.children(*unit) {
                let Some(below) = shape.node(*child) else { continue };
                match below.place {
                    Place::Person { .. } if self.month.gone.contains(child) => {}
                    Place::Person { .. } => people.push((below.code.clone(), self.of(*child))),
                    Place::Unit(_) | Place::Label(_) => {
                        let delta = deltas.get(child).copied().unwrap_or(0);
                        let weight = if emptied.contains(child) { 0 } else { self.of(*child) + delta };
                        units.push(UnitShare { unit: below.code.clone(), weight: weight.max(0) });
                    }
                }
            }
            people = self.with_arrivals(people, At::Unit(*unit));
            for (id, arrivals) in self.new_below(*unit) {
                let Some(code) = self.organisation.code(id) else { continue };
                let weight = arrivals.iter().map(|arrival| self.carried(arrival)).sum();
                units.push(UnitShare { unit: code.to_owned(), weight });
                let people = self.with_arrivals(Vec::new(), At::New(id, *unit));
                new_units.push((code.to_owned(), weighed(people), Vec::new()));
            }
            let is_split =
                people.iter().any(|(_, weight)| *weight > 0) || units.iter().any(|unit| unit.weight > 0);
            // Nobody is left, or there is nothing to share in these months.
            if is_split {
                made.push((node.code.clone(), weighed(people), units));
            }
        }
        // A unit that is new has been added by the one above it.
        let added: BTreeSet<String> =
            made.iter().flat_map(|(_, _, units)| units).map(|share| share.unit.clone()).collect();
        made.extend(new_units.into_iter().filter(|(code, ..)| added.contains(code)));
        made
    }

    /// Whether anything right below a unit is to be other than it is.
    fn is_other(&self, unit: usize, deltas: &BTreeMap<usize, i64>, emptied: &BTreeSet<usize>) -> bool {
        let comes = self.month.arrivals.iter().any(|arrival| match arrival.to {
            At::Unit(to) | At::New(_, to) => to == unit,
        });
        let mut children = self.whole.shapes.organisation.children(unit).iter();
        comes
            || children.any(|child| {
                self.month.gone.contains(child)
                    || emptied.contains(child)
                    || deltas.get(child).is_some_and(|delta| *delta != 0)
            })
    }

    /// What comes to a unit less what goes from it, by position, the units above included.
    fn deltas(&self, affected: &[usize]) -> BTreeMap<usize, i64> {
        let shape = &self.whole.shapes.organisation;
        let mut deltas: BTreeMap<usize, i64> = BTreeMap::new();
        for arrival in &self.month.arrivals {
            for node in &arrival.from {
                if let Some(unit) = shape.node(*node).and_then(|node| node.parent) {
                    *deltas.entry(unit).or_default() -= self.of(*node);
                }
            }
            let (At::Unit(unit) | At::New(_, unit)) = arrival.to;
            *deltas.entry(unit).or_default() += self.carried(arrival);
        }
        for unit in affected.iter().rev() {
            let delta = deltas.get(unit).copied().unwrap_or(0);
            if let Some(above) = shape.node(*unit).and_then(|node| node.parent) {
                *deltas.entry(above).or_default() += delta;
            }
        }
        deltas
    }

    /// Units that are new below one, with who comes to them.
    fn new_below(&self, unit: usize) -> BTreeMap<i64, Vec<&Arrival>> {
        let mut new: BTreeMap<i64, Vec<&Arrival>> = BTreeMap::new();
        for arrival in &self.month.arrivals {
            if let At::New(id, below) = arrival.to
                && below == unit
            {
                new.entry(id).or_default().push(arrival);
            }
        }
        new
    }

    /// The people of a unit with those who come to it: with what they bring, or with the mean of the others.
    fn with_arrivals(&self, mut people: Vec<(String, i64)>, to: At) -> Vec<(String, i64)> {
        let arrivals: Vec<&Arrival> = self.month.arrivals.iter().filter(|arrival| arrival.to == to).collect();
        let number = |arrival: &Arrival| {
            let person = self.organisation.people.get(&arrival.employee_id);
            person.map(|(number, _)| number.clone()).unwrap_or_default()
        };
        let (joined, brought): (Vec<&Arrival>, Vec<&Arrival>) =
            arrivals.into_iter().partition(|arrival| arrival.from.is_empty());
        for arrival in brought {
            let number = number(arrival);
            let units = self.carried(arrival);
            // Whoever sells in both units already has a place there.
            match people.iter_mut().find(|(other, _)| *other == number) {
                Some((_, weight)) => *weight += units,
                None => people.push((number, units)),
            }
        }
        let weights: Vec<i64> =
            people.iter().map(|(_, weight)| *weight).filter(|weight| *weight > 0).collect();
        let count = i64::try_from(weights.len()).unwrap_or(i64::MAX).max(1);
        let sum: i64 = weights.iter().sum();
        // The mean, half-up, and never nothing.
        let mean = ((2 * sum + count) / (2 * count)).max(1);
        people.extend(joined.into_iter().map(|arrival| (number(arrival), mean)));
        people
    }
}

fn weighed(people: Vec<(String, i64)>) -> Vec<MemberWeight> {
    people.into_iter().map(|(employee_no, weight)| MemberWeight { employee_no, weight }).collect()
}
