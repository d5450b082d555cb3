//! Runs a rule over inputs at the edges of what it asks for, to find those for which it fails: points beyond the maximum,
//! a division by zero, a value that is not there.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rhai::Position;
use rust_decimal::Decimal;

use super::candidates::{Input, Inputs};
use super::{Script, tree};
use crate::decimal;
use crate::facts::metric::Catalogue;
use crate::facts::month::{MonthFacts, Value};
use crate::rules::bundle::{Bundle, Rule};
use crate::rules::failure::Failure;
use crate::rules::finding::Finding;
use crate::rules::language::place_of;
use crate::rules::sandbox::Optimisation;

/// Most runs of one rule in which two inputs leave the ordinary at once.
const PAIRS: usize = 500;
/// Most values of one input that are tried in a month that is empty or without data otherwise.
const EDGES_ELSEWHERE: usize = 10;
/// Most different failures that one rule is told of.
const FAILURES: usize = 8;
/// How often the way from an input that is fine to one that is not is halved.
const HALVINGS: usize = 24;
/// A second line behind the number of runs, for a rule that takes all its steps each time.
const TIME_LIMIT: Duration = Duration::from_secs(1);

/// A value for every input of a rule; none is a value that is not there.
type Point = Vec<Option<Decimal>>;

/// The failures of a rule, each with the plainest inputs that lead to it.
pub fn failures(bundle: &Bundle, rule: &Rule) -> Vec<Finding> {
    let inputs = Inputs::of(rule, &bundle.catalogue);
    let mut probe = Probe {
        rule,
        catalogue: &bundle.catalogue,
        inputs: &inputs,
        facts: MonthFacts::complete(&bundle.catalogue, []),
        found: BTreeMap::new(),
        runs: 0,
        failed: 0,
        deadline: Instant::now().checked_add(TIME_LIMIT),
    };
    probe.explore();
    let is_hopeless = probe.failed == probe.runs;
    let found = std::mem::take(&mut probe.found);
    let script = Script { file: &rule.file, text: rule.text(), ast: rule.ast(Optimisation::None) };
    found
        .into_values()
        .map(|(failure, point)| {
            let (failure, point) = probe.plainest(failure, point);
            finding(&script, &probe, &failure, &point, is_hopeless)
        })
        .collect()
}

struct Probe<'a> {
    rule: &'a Rule,
    catalogue: &'a Catalogue,
    inputs: &'a Inputs,
    facts: MonthFacts,
    found: BTreeMap<(Position, String), (Failure, Point)>,
    runs: usize,
    failed: usize,
    deadline: Option<Instant>,
}

impl Probe<'_> {
    /// Every input alone at each of its edges, from an ordinary month, an empty one and one without data; then pairs.
    fn explore(&mut self) {
        let list = &self.inputs.list;
        let ordinary = list.iter().map(|input| Some(input.ordinary)).collect::<Point>();
        let empty = list.iter().map(|input| Some(input.least)).collect::<Point>();
        let absent = list.iter().map(|input| (!input.may_be_missing).then_some(input.ordinary)).collect();
        for (base, most) in [(&ordinary, usize::MAX), (&empty, EDGES_ELSEWHERE), (&absent, EDGES_ELSEWHERE)] {
            self.try_point(base);
            for (index, input) in list.iter().enumerate() {
                for value in spread(&input.edges, most) {
                    self.try_point(&changed(base, &[(index, value)]));
                }
            }
        }
        let count = list.len().saturating_mul(list.len().saturating_sub(1)) / 2;
        let each = PAIRS.checked_div(count).unwrap_or_default().isqrt();
        for (first, one) in list.iter().enumerate() {
            for (second, two) in list.iter().enumerate().skip(first.saturating_add(1)) {
                for value in spread(&one.edges, each) {
                    for other in spread(&two.edges, each) {
                        self.try_point(&changed(&ordinary, &[(first, value), (second, other)]));
                    }
                }
            }
        }
    }

    fn try_point(&mut self, point: &Point) {
        let is_overdue = self.deadline.is_some_and(|deadline| Instant::now() > deadline);
        if is_overdue || !self.inputs.is_possible(point) {
            return;
        }
        self.runs = self.runs.saturating_add(1);
        let Some(failure) = self.run(point) else { return };
        self.failed = self.failed.saturating_add(1);
        let key = key(&failure);
        if self.found.len() < FAILURES || self.found.contains_key(&key) {
            self.found.entry(key).or_insert_with(|| (failure, point.clone()));
        }
    }

    fn run(&mut self, point: &Point) -> Option<Failure> {
        for (input, value) in self.inputs.list.iter().zip(point) {
            self.facts.set(input.id, value.map_or(Value::Missing, Value::Given));
        }
        self.rule.failure(self.catalogue, &self.facts)
    }

    /// The same failure with as many inputs at their least as possible, and the others as small as possible.
    fn plainest(&mut self, failure: Failure, point: Point) -> (Failure, Point) {
        let inputs = self.inputs;
        let mut best = (failure, point);
        // One input can become plainer because another one has.
        for _ in 0..3 {
            for (index, input) in inputs.list.iter().enumerate() {
                let plainer = std::iter::once(Some(input.least)).chain(input.edges.iter().copied());
                for value in plainer {
                    let is_there = best.1.get(index) == Some(&value);
                    if is_there || self.replace(&mut best, index, value) {
                        break;
                    }
                }
                self.narrow(&mut best, index, input);
            }
        }
        best
    }

    /// Halves the way to the least value for as long as the rule still fails.
    fn narrow(&mut self, best: &mut (Failure, Point), index: usize, input: &Input) {
        let mut low = input.least;
        for _ in 0..HALVINGS {
            let Some(high) = best.1.get(index).copied().flatten().filter(|high| *high > low) else { return };
            let middle = low.checked_add(high).and_then(|sum| sum.checked_div(Decimal::TWO));
            let steps = middle.and_then(|middle| middle.checked_div(input.step)).map(|steps| steps.floor());
            let Some(middle) = steps.and_then(|steps| steps.checked_mul(input.step)) else { return };
            if middle <= low {
                return;
            }
            if !self.replace(best, index, Some(middle)) {
                low = middle;
            }
        }
    }

    /// Puts a value in the place of another if the rule still fails the same way.
    fn replace(&mut self, best: &mut (Failure, Point), index: usize, value: Option<Decimal>) -> bool {
        let point = changed(&best.1, &[(index, value)]);
        if !self.inputs.is_possible(&point) {
            return false;
        }
        match self.run(&point).filter(|failure| key(failure) == key(&best.0)) {
            Some(failure) => {
                *best = (failure, point);
                true
            }
            None => false,
        }
    }

    /// Whether an input has to be what it is for the failure: whether another value makes a difference.
    fn matters(&mut self, failure: &Failure, point: &Point, index: usize, input: &Input) -> bool {
        let wanted = key(failure);
        let own = point.get(index).copied().flatten();
        let others = [Some(input.ordinary), Some(input.least)].into_iter().chain(input.edges.iter().copied());
        // That the rule says something else where there is no number at all makes a number no more important.
        let others = others.filter(|value| *value != own && (own.is_none() || value.is_some()));
        for value in others.collect::<Vec<_>>() {
            let other = self.run(&changed(point, &[(index, value)]));
            if other.is_none_or(|other| key(&other) != wanted) {
                return true;
            }
        }
        false
    }
}

fn changed(base: &Point, changes: &[(usize, Option<Decimal>)]) -> Point {
    let mut point = base.clone();
    for (index, value) in changes {
        if let Some(slot) = point.get_mut(*index) {
            *slot = *value;
        }
    }
    point
}

/// At most `count` of the values, over the whole of them.
fn spread(values: &[Option<Decimal>], count: usize) -> impl Iterator<Item = Option<Decimal>> {
    let stride = values.len().div_ceil(count.max(1)).max(1);
    values.iter().copied().step_by(stride).take(count)
}

/// What is the same failure: the place and the sentence without its numbers.
fn key(failure: &Failure) -> (Position, String) {
    let sentence = failure.message.chars().filter(|c| !(c.is_ascii_digit() || matches!(c, '.' | '-')));
    (failure.position, sentence.collect())
}

fn finding(
    script: &Script<'_>,
    probe: &Probe<'_>,
    failure: &Failure,
    point: &Point,
    is_hopeless: bool,
) -> Finding {
    let mut probe = Probe {
        rule: probe.rule,
        catalogue: probe.catalogue,
        inputs: probe.inputs,
        facts: probe.facts.clone(),
        found: BTreeMap::new(),
        runs: 0,
        failed: 0,
        deadline: None,
    };
    let inputs = probe.inputs;
    let mut with = Vec::new();
    for (index, (input, value)) in inputs.list.iter().zip(point).enumerate() {
        if probe.matters(failure, point, index, input) {
            with.push(match value {
                Some(value) => format!("{} = {}", input.name, decimal::plain(*value)),
                None => format!("no {}", input.name),
            });
        }
    }
    let message = match with.is_empty() {
        true => failure.message.clone(),
        false => format!("with {}: {}", with.join(", "), failure.message),
    };
    let code = match failure.is_out_of_range() {
        true => "out-of-range",
        false => "can-fail",
    };
    let place = match failure.position.is_none() {
        true => last_of_score(script).unwrap_or_else(|| probe.rule.declared.clone()),
        false => place_of(script.file, failure.position),
    };
    let finding = Finding::error(code, place, script.text, message);
    if failure.is_out_of_range() || is_hopeless { finding } else { finding.warning() }
}

/// Where `score` ends in its points, when there is but one such place.
fn last_of_score(script: &Script<'_>) -> Option<crate::rules::finding::Place> {
    let functions = tree::functions(script);
    let score = functions.iter().find(|function| function.is_score())?;
    let mut returns = false;
    tree::visit(&score.body, &mut |node| {
        returns |= matches!(node, tree::Node::Statement(rhai::Stmt::Return(..)));
    });
    let last = score.body.last().filter(|_| !returns)?;
    Some(place_of(script.file, tree::beginning(last)))
}
