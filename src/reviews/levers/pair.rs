//! Two inputs changed together, for who cannot reach the next grade with one: every split of the effort, the smallest
//! effort first.

use std::sync::Arc;

use super::grid::{Move, moves};
use super::prune::{Most, may_reach};
use super::subject::{Changed, Goal, LeverInput, Subject, find};
use crate::ledger::month::MonthFacts;
use crate::rules::scoring::Scored;

/// Most pairs that are answered.
const PAIR_LIMIT: usize = 10;

/// Two changes that lead to the next grade together.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The inputs, by their place in the list, with their changes.
    pub changes: [(usize, Move); 2],
    /// What comes out then.
    pub scored: Scored,
}

impl Pair {
    /// The effort: steps of both together.
    pub fn steps(&self) -> u32 {
        let [(_, one), (_, other)] = &self.changes;
        one.steps + other.steps
    }
}

/// One input's values with what the rules that read it come to, nothing else changed.
struct Line<'a> {
    input: &'a LeverInput<'a>,
    tried: Vec<(Move, Vec<Changed>)>,
    /// The most of each reader over the values up to each one.
    most: Vec<Vec<Most>>,
}

impl<'a> Line<'a> {
    fn run(subject: &Subject<'_>, input: &'a LeverInput<'a>, most_steps: u32) -> Self {
        let mut most = Vec::<Vec<Most>>::new();
        let grid = moves(input.metric, input.from, most_steps).into_iter();
        let tried = grid.map(|by| {
            let facts = subject.facts_with(&[(input.id, by.to)]);
            let runs = input.readers.iter().filter_map(|place| subject.run(*place, &facts));
            let changed = runs.collect::<Vec<_>>();
            let before = most.last().cloned().unwrap_or_else(|| vec![Most::default(); changed.len()]);
            most.push(before.into_iter().zip(&changed).map(|(most, (_, result))| most.or(result)).collect());
            (by, changed)
        });
        let tried = tried.collect();
        Self { input, tried, most }
    }

    /// The values that are exactly so many steps away.
    fn at(&self, steps: u32) -> &[(Move, Vec<Changed>)] {
        let first = self.tried.partition_point(|(by, _)| by.steps < steps);
        let end = self.tried.partition_point(|(by, _)| by.steps <= steps);
        self.tried.get(first..end).unwrap_or_default()
    }

    /// The most of each reader over the values up to so many steps away.
    fn most_within(&self, steps: u32) -> impl Iterator<Item = (usize, Most)> {
        let within = self.tried.partition_point(|(by, _)| by.steps <= steps);
        let most = within.checked_sub(1).and_then(|last| self.most.get(last));
        self.input.readers.iter().copied().zip(most.into_iter().flatten().copied())
    }

    fn reads(&self, place: usize) -> bool {
        self.input.readers.contains(&place)
    }

    fn last_step(&self) -> u32 {
        self.tried.last().map_or(0, |(by, _)| by.steps)
    }
}

/// Two lines and the rules that read both inputs: only these have to be run for every combination.
struct Couple<'a> {
    places: [usize; 2],
    lines: [&'a Line<'a>; 2],
    shared: Vec<usize>,
    found: Option<Pair>,
}

/// The pairs that reach the next grade with the fewest steps together, each in its split with the fewest, up to ten;
/// between equals the higher total goes first. Up to `most` steps of both together are tried.
pub fn search(subject: &Subject<'_>, goal: &Goal, inputs: &[LeverInput<'_>], most: u32) -> Vec<Pair> {
    let lines =
        inputs.iter().map(|input| Line::run(subject, input, most.saturating_sub(1))).collect::<Vec<_>>();
    let mut couples = couples(goal, &lines);
    for steps in 2..=most {
        for couple in couples.iter_mut().filter(|couple| couple.found.is_none()) {
            couple.found = couple.split(subject, goal, steps);
        }
        // Whatever is found from here on takes more steps.
        if couples.iter().filter(|couple| couple.found.is_some()).count() >= PAIR_LIMIT {
            break;
        }
    }
    let mut pairs = couples.into_iter().filter_map(|couple| couple.found).collect::<Vec<_>>();
    pairs.sort_by(|one, other| {
        one.steps().cmp(&other.steps()).then(other.scored.total.cmp(&one.scored.total))
    });
    pairs.truncate(PAIR_LIMIT);
    pairs
}

fn couples<'a>(goal: &Goal, lines: &'a [Line<'a>]) -> Vec<Couple<'a>> {
    let mut couples = Vec::new();
    for (place, line) in lines.iter().enumerate() {
        for (other_place, other) in lines.iter().enumerate().skip(place + 1) {
            if !goal.is_vetoed(&[line.input.id, other.input.id]) {
                let shared = line.input.readers.iter().copied().filter(|rule| other.reads(*rule)).collect();
                let (places, lines) = ([place, other_place], [line, other]);
                couples.push(Couple { places, lines, shared, found: None });
            }
        }
    }
    couples
}

impl Couple<'_> {
    /// The best split of exactly so many steps, if one reaches the next grade.
    fn split(&self, subject: &Subject<'_>, goal: &Goal, steps: u32) -> Option<Pair> {
        let [one, other] = self.lines;
        if steps > one.last_step() + other.last_step() || !self.may_reach(subject, goal, steps - 1) {
            return None;
        }
        let splits = (1..steps).flat_map(|first| {
            let others = other.at(steps - first);
            one.at(first).iter().flat_map(move |one| others.iter().map(move |other| (one, other)))
        });
        let pairs = splits.filter_map(|((by, changed), (other_by, other_changed))| {
            let both = [(one.input.id, by.to), (other.input.id, other_by.to)];
            if !subject.is_possible(&both) {
                return None;
            }
            let facts = subject.facts_with(&both);
            let changed = self.changed(subject, &facts, changed, other_changed);
            let totals = subject.totals_with(|place| find(&changed, place).map(|result| result.points()));
            totals.total.filter(|total| *total >= goal.least)?;
            let scored = subject.scored_with(&facts, &changed);
            let [place, other_place] = self.places;
            let changes = [(place, *by), (other_place, *other_by)];
            goal.is_met(subject, &scored).then_some(Pair { changes, scored })
        });
        pairs.reduce(|best, next| if next.scored.total > best.scored.total { next } else { best })
    }

    /// What all rules that read either input come to: known where one reads it, run where both are read.
    fn changed(
        &self,
        subject: &Subject<'_>,
        facts: &MonthFacts,
        one: &[Changed],
        other: &[Changed],
    ) -> Vec<Changed> {
        let known = one.iter().chain(other).filter(|(place, _)| !self.shared.contains(place));
        let known = known.map(|(place, result)| (*place, Arc::clone(result)));
        let run = self.shared.iter().filter_map(|place| subject.run(*place, facts));
        known.chain(run).collect()
    }

    /// Whether any split could reach the next grade with up to so many steps of each.
    fn may_reach(&self, subject: &Subject<'_>, goal: &Goal, steps: u32) -> bool {
        let [one, other] = self.lines;
        let known = one.most_within(steps).chain(other.most_within(steps));
        let known = known.filter(|(place, _)| !self.shared.contains(place));
        let shared = self.shared.iter().filter_map(|place| {
            let most = subject.scheme.rules.get(*place)?.most();
            Some((*place, Most { scored: Some(most), may_leave: true }))
        });
        may_reach(subject, goal, &known.chain(shared).collect::<Vec<_>>())
    }
}
