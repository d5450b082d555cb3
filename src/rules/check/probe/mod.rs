//! Runs a rule over inputs at the edges of what it asks for, to find those for which it fails: points beyond the maximum,
//! a division by zero, a value that is not there.

mod failing_statement;
mod plainest;
mod search;
mod shape;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use rhai::Position;
use rust_decimal::Decimal;

use self::failing_statement::FailingStatement;
use self::search::Aim;
use self::shape::Misused;
use super::Script;
use super::candidates::{CandidateInput, Inputs};
use crate::decimal;
use crate::ledger::metric::Catalogue;
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::{Bundle, Rule};
use crate::rules::failure::Failure;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::language::place_of;
use crate::rules::patience::Patience;
use crate::rules::scoring::Outcome;
use crate::rules::trace::StepKind;

/// Most runs of one rule.
const RUNS: usize = 4_000;
/// Most runs in which two inputs have numbers of the script's own at once.
const OWN_PAIRS: usize = 1_500;
/// Most runs in which two inputs leave the ordinary at once.
const PAIRS: usize = 500;
/// Most values of one input that are tried in a month that is empty or without data otherwise.
const EDGES_ELSEWHERE: usize = 10;
/// Most different failures that one rule is told of.
const FAILURES: usize = 8;
/// What is said of a call, in the middle of the sentence, that was given N/A: why it is stands behind that.
const GIVEN_NOTHING: &str = "N/A (";
/// A second line behind the number of runs, for a rule that takes all its steps each time.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// A value for every input of a rule; none is a value that is not there.
type Point = Vec<Option<Decimal>>;
/// What a rule and its items came to.
type Heights = BTreeMap<Aim, Decimal>;

/// The failures of a rule, each with the plainest inputs that lead to it, for as long as there is patience.
pub fn failures(bundle: &Bundle, rule: &Rule, patience: &Patience) -> Vec<Finding> {
    let inputs = Inputs::of(rule, &bundle.catalogue);
    let mut probe = Probe::of(rule, &bundle.catalogue, &inputs, patience);
    probe.explore();
    // That it does not apply where there is no data helps nobody.
    let is_hopeless = probe.with_data > 0 && probe.failed == probe.with_data;
    let mut findings = probe.misused();
    findings.extend(probe.shape(bundle));
    let found = std::mem::take(&mut probe.found);
    let failures = found.into_values().map(|(fault, point)| {
        let (fault, point) = probe.plainest(fault, point);
        let with = probe.example(&fault, &point);
        finding(rule, &fault, &with, is_hopeless)
    });
    // A call that takes a number is told once of what it may be given instead.
    let mut told = BTreeSet::new();
    findings.extend(failures.filter(|finding| {
        let sentence =
            finding.message.split_once(GIVEN_NOTHING).map(|(before, _)| before.rsplit(": ").next());
        sentence.is_none_or(|sentence| {
            told.insert((finding.place.line, finding.place.column, sentence.map(str::to_owned)))
        })
    }));
    findings
}

/// A failure and where it comes from.
#[derive(Clone, Debug)]
struct Fault {
    failure: Failure,
    place: SourcePlace,
}

/// What is the same failure: line, column, and the sentence without its numbers.
type Key = (Option<usize>, Option<usize>, String);

impl Fault {
    /// Points above the maximum and points below nothing are two failures: there the sign stays.
    fn key(&self) -> Key {
        let keeps_sign = self.failure.is_out_of_range();
        let is_left_out = |c: char| c.is_ascii_digit() || c == '.' || (c == '-' && !keeps_sign);
        let sentence = self.failure.message.chars().filter(|c| !is_left_out(*c)).collect();
        (self.place.line, self.place.column, sentence)
    }
}

struct Probe<'a> {
    rule: &'a Rule,
    inputs: &'a Inputs,
    facts: MonthFacts,
    /// Made when the first failure of the whole result asks for it.
    origin: Option<FailingStatement<'a>>,
    /// What every point that was tried came to.
    tried: HashMap<Point, Heights>,
    /// Everything that had points at any of them.
    aims: BTreeSet<Aim>,
    found: BTreeMap<Key, (Fault, Point)>,
    /// Calls that do not count as they look, by place and sentence.
    calls: BTreeMap<Key, Misused>,
    runs: usize,
    /// How many of the runs had data for everything the rule reads, and how many of those failed.
    with_data: usize,
    failed: usize,
    /// How many runs there may be at the end of the current stage.
    allowed: usize,
    deadline: Option<Instant>,
    patience: &'a Patience,
}

impl<'a> Probe<'a> {
    fn of(rule: &'a Rule, catalogue: &'a Catalogue, inputs: &'a Inputs, patience: &'a Patience) -> Self {
        Self {
            rule,
            inputs,
            facts: MonthFacts::complete(catalogue, []),
            origin: None,
            tried: HashMap::new(),
            aims: BTreeSet::from([Aim::Score]),
            found: BTreeMap::new(),
            calls: BTreeMap::new(),
            runs: 0,
            with_data: 0,
            failed: 0,
            allowed: RUNS,
            deadline: Instant::now().checked_add(TIME_LIMIT),
            patience,
        }
    }

    /// All inputs at their ends; each alone at its edges, in an ordinary month, an empty one and one without data; a search
    /// from there; then pairs.
    fn explore(&mut self) {
        let every = |value: fn(&CandidateInput) -> Option<Decimal>| {
            self.inputs.list.iter().map(value).collect::<Point>()
        };
        let ordinary = every(|input| Some(input.ordinary));
        let empty = every(|input| Some(input.least));
        let absent = every(|input| (!input.may_be_missing).then_some(input.ordinary));
        let largest = every(CandidateInput::largest);
        for end in [&ordinary, &largest, &every(CandidateInput::smallest), &every(CandidateInput::zero)] {
            self.try_point(end);
        }
        for (base, most) in [(&ordinary, usize::MAX), (&empty, EDGES_ELSEWHERE), (&absent, EDGES_ELSEWHERE)] {
            self.try_point(base);
            for (index, input) in self.inputs.list.iter().enumerate() {
                for value in spread(&input.edges, most) {
                    self.try_point(&changed(base, &[(index, value)]));
                }
            }
        }
        self.try_own_together(&ordinary);
        self.try_pairs(&ordinary, OWN_PAIRS, |input, most| {
            input.own.iter().copied().map(Some).take(most).collect()
        });
        self.search(&[ordinary.clone(), empty, largest]);
        self.try_pairs(&ordinary, PAIRS, |input, most| spread(&input.edges, most).collect());
    }

    /// All inputs at the first number of the script that is set against each, then all at the second, and so on.
    fn try_own_together(&mut self, base: &Point) {
        let inputs = self.inputs;
        let most = inputs.list.iter().map(|input| input.own.len()).max().unwrap_or_default();
        for rank in 0..most {
            let own = |input: &CandidateInput| input.own.get(rank).copied();
            let point = inputs.list.iter().zip(base).map(|(input, value)| own(input).or(*value));
            self.try_point(&point.collect());
        }
    }

    /// Every two inputs at as many of their `values` as `runs` allow.
    fn try_pairs(
        &mut self,
        base: &Point,
        runs: usize,
        values: impl Fn(&CandidateInput, usize) -> Vec<Option<Decimal>>,
    ) {
        self.allow(runs);
        let list = &self.inputs.list;
        let count = list.len().saturating_mul(list.len().saturating_sub(1)) / 2;
        let each = runs.checked_div(count).unwrap_or_default().isqrt();
        for (first, one) in list.iter().enumerate() {
            for (second, two) in list.iter().enumerate().skip(first.saturating_add(1)) {
                for value in values(one, each) {
                    for other in values(two, each) {
                        self.try_point(&changed(base, &[(first, value), (second, other)]));
                    }
                }
            }
        }
    }

    /// Begins a stage of at most so many runs.
    fn allow(&mut self, runs: usize) {
        self.allowed = self.runs.saturating_add(runs).min(RUNS);
    }

    /// What the rule comes to at a point. None: the point is impossible, or there is no run left for it.
    fn try_point(&mut self, point: &Point) -> Option<&Heights> {
        if !self.tried.contains_key(point) {
            let is_overdue = self.deadline.is_some_and(|deadline| Instant::now() > deadline);
            if is_overdue
                || self.patience.is_over()
                || self.runs >= self.allowed
                || !self.inputs.is_possible(point)
            {
                return None;
            }
            self.runs = self.runs.saturating_add(1);
            let heights = self.run(point);
            self.aims.extend(heights.keys());
            self.tried.insert(point.clone(), heights);
        }
        self.tried.get(point)
    }

    fn run(&mut self, point: &Point) -> Heights {
        self.set(point);
        let (result, misuse) = self.rule.run_probed(&self.facts);
        let has_data = point.iter().all(Option::is_some);
        self.with_data = self.with_data.saturating_add(usize::from(has_data));
        if result.outcome == Outcome::Failed {
            self.failed = self.failed.saturating_add(usize::from(has_data));
            self.keep(point);
        }
        if has_data && result.outcome == Outcome::Scored {
            self.look_at_calls(point, &result, misuse);
        }
        let items = result.steps.iter().filter(|step| step.kind == StepKind::Item);
        let place = |at: Position| (at.line().unwrap_or(0), at.position().unwrap_or(0));
        let items = items.filter_map(|step| {
            let (line, column) = place(step.at);
            Some((Aim::Item(line, column), step.points?))
        });
        items.chain(result.score.map(|score| (Aim::Score, score))).collect()
    }

    /// Keeps the failure at a point unless it is known.
    fn keep(&mut self, point: &Point) {
        let Some(fault) = self.fault(point) else { return };
        let key = fault.key();
        if self.found.len() < FAILURES {
            self.found.entry(key).or_insert_with(|| (fault, point.clone()));
        }
    }

    fn set(&mut self, point: &Point) {
        for (input, value) in self.inputs.list.iter().zip(point) {
            self.facts.set(input.id, value.map_or(Value::Missing, Value::Given));
        }
    }

    /// How the rule fails at a point, and where.
    fn fault(&mut self, point: &Point) -> Option<Fault> {
        if self.patience.is_over() {
            return None;
        }
        self.set(point);
        let failure = self.rule.failure(&self.facts)?;
        let place = match failure.position.is_none() {
            true => self.place_of_value(),
            false => place_of(&self.rule.file, failure.position),
        };
        Some(Fault { failure, place })
    }

    /// Where the value of the rule comes from for the facts as they are set.
    fn place_of_value(&mut self) -> SourcePlace {
        let rule = self.rule;
        let origin = self.origin.get_or_insert_with(|| {
            let script = Script { file: &rule.file, text: rule.text(), ast: rule.ast() };
            FailingStatement::of(rule, &script)
        });
        origin.place(&self.facts).unwrap_or_else(|| rule.declared.clone())
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

fn finding(rule: &Rule, fault: &Fault, with: &[(String, Option<Decimal>)], is_hopeless: bool) -> Finding {
    let failure = &fault.failure;
    let with = with.iter().map(|(name, value)| match value {
        Some(value) => format!("{name} = {}", decimal::plain(*value)),
        None => format!("no {name}"),
    });
    let with = with.collect::<Vec<_>>();
    let message = match with.is_empty() {
        true => failure.message.clone(),
        false => format!("with {}: {}", with.join(", "), failure.message),
    };
    let code = match failure.is_out_of_range() {
        true => "out-of-range",
        false => "can-fail",
    };
    let finding = Finding::error(code, fault.place.clone(), rule.text(), message);
    if failure.is_out_of_range() || is_hopeless { finding } else { finding.warning() }
}
