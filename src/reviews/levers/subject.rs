//! The review that is tried with other values: its rules run again one by one, its total put together again.

use std::sync::Arc;

use rust_decimal::Decimal;

use crate::ledger::metric::{Catalogue, Metric, MetricId};
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::{Bundle, Rule, Scheme};
use crate::rules::check::Argument;
use crate::rules::scoring::{Points, RuleResult, Scored, Totals};
use crate::rules::trace::EdgesReached;

/// What a rule came to with other values: its place in the scheme, and its result.
pub type Changed = (usize, Arc<RuleResult>);

/// A review's facts and rules, and what they came to.
#[derive(Debug)]
pub struct Subject<'a> {
    /// The metrics.
    pub catalogue: &'a Catalogue,
    /// The scheme it was scored by.
    pub scheme: &'a Scheme,
    /// What went in.
    pub facts: MonthFacts,
    /// What came out.
    pub scored: Scored,
    /// How far the calls of each rule got, in the scheme's order.
    pub reached: Vec<Vec<EdgesReached>>,
}

/// A metric that the person can influence and that a rule reads.
#[derive(Clone, Debug)]
pub struct LeverInput<'a> {
    /// Which one.
    pub id: MetricId,
    /// Its entry in the catalogue.
    pub metric: &'a Metric,
    /// Its value now.
    pub from: Decimal,
    /// The rules that read it, by their place in the scheme.
    pub readers: Vec<usize>,
}

/// The next final grade, and what stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The total that no better grade is given below.
    pub least: Decimal,
    /// Place of the final grade of now; a better one has a lower place.
    pub rank: usize,
    /// Metrics whose vetoes keep the grade where it is: no change of others helps.
    pub vetoes: Vec<MetricId>,
}

impl<'a> Subject<'a> {
    /// Scores the review as it is.
    pub fn new(bundle: &'a Bundle, scheme: &'a Scheme, facts: MonthFacts) -> Self {
        let catalogue = &bundle.catalogue;
        let (results, reached) = scheme
            .rules
            .iter()
            .map(|rule| rule.run_watched(&facts))
            .map(|(result, reached)| (Arc::new(result), reached))
            .unzip();
        let scored = scheme.total(&facts, results);
        Self { catalogue, scheme, facts, scored, reached }
    }

    /// Its inputs in the catalogue's order. What is not known is none: nobody is told to invent data.
    pub fn inputs(&self) -> Vec<LeverInput<'a>> {
        let catalogue = self.catalogue;
        let influenced = catalogue.entries().filter(|(_, metric)| metric.influence);
        influenced
            .filter_map(|(id, metric)| {
                let Value::Given(from) = self.facts.get(id) else { return None };
                let readers = self.scheme.rules.iter().enumerate().filter(|(_, rule)| reads(rule, id));
                let readers = readers.map(|(place, _)| place).collect::<Vec<_>>();
                (!readers.is_empty()).then_some(LeverInput { id, metric, from, readers })
            })
            .collect()
    }

    /// The next final grade; none for who has the best, is not rated, or has to be looked at first.
    pub fn goal(&self) -> Option<Goal> {
        if !self.scored.attention.is_empty() {
            return None;
        }
        let rank = self.rank(&self.scored.final_grade)?;
        let least = self.scheme.file.grade.get(rank.checked_sub(1)?)?.min;
        let active =
            self.scheme.file.veto.iter().filter(|veto| self.rank(&veto.cap).is_some_and(|cap| cap >= rank));
        let vetoes = active.filter_map(|veto| {
            let id = self.catalogue.find(&veto.metric)?;
            (self.facts.number(id)? >= veto.at_least).then_some(id)
        });
        Some(Goal { least, rank, vetoes: vetoes.collect() })
    }

    /// The place of a grade, the best first; none for who is not rated.
    pub fn rank(&self, grade: &str) -> Option<usize> {
        self.scheme.file.grade.iter().position(|band| band.name == grade)
    }

    /// Whether inputs can have these values beside the others: of 120 reports no more than 120 are reviewed. What the facts
    /// break already is not held against a change of something else.
    pub fn is_possible(&self, changes: &[(MetricId, Decimal)]) -> bool {
        let changed = |id: MetricId| changes.iter().find(|(other, _)| *other == id).map(|(_, to)| *to);
        self.catalogue.bounds().all(|(id, most)| {
            if changed(id).is_none() && changed(most).is_none() {
                return true;
            }
            let value = changed(id).or_else(|| self.facts.number(id));
            let most = changed(most).or_else(|| self.facts.number(most));
            value.zip(most).is_none_or(|(value, most)| value <= most)
        })
    }

    /// The facts with another value of an input.
    pub fn facts_with(&self, changes: &[(MetricId, Decimal)]) -> MonthFacts {
        let mut facts = self.facts.clone();
        for (id, to) in changes {
            facts.set(*id, Value::Given(*to));
        }
        facts
    }

    /// Runs the rule at `place` again.
    pub fn run(&self, place: usize, facts: &MonthFacts) -> Option<Changed> {
        let rule = self.scheme.rules.get(place)?;
        Some((place, Arc::new(rule.run(facts))))
    }

    /// Runs the rule at `place` again, and says how far its calls got.
    pub fn run_watched(&self, place: usize, facts: &MonthFacts) -> Option<(Changed, Vec<EdgesReached>)> {
        let (result, reached) = self.scheme.rules.get(place)?.run_watched(facts);
        Some(((place, Arc::new(result)), reached))
    }

    /// The sums if some rules came to something else. Scoring puts them together in the same way.
    pub fn totals_with(&self, changed: impl Fn(usize) -> Option<Points> + Clone) -> Totals {
        let rules = self.scored.rules.iter().enumerate();
        let points = rules.map(|(place, now)| changed(place).unwrap_or_else(|| now.points()));
        self.scheme.totals_adjusted(&self.facts, &self.scored.rules, points)
    }

    /// Everything that comes out if some rules come to something else with other facts.
    pub fn scored_with(&self, facts: &MonthFacts, changed: &[Changed]) -> Scored {
        let rules = self.scored.rules.iter().enumerate();
        let rules = rules.map(|(place, now)| Arc::clone(find(changed, place).unwrap_or(now)));
        self.scheme.total(facts, rules.collect())
    }
}

impl Goal {
    /// Whether a final grade is better than the one of now.
    pub fn is_met(&self, subject: &Subject<'_>, scored: &Scored) -> bool {
        scored.attention.is_empty() && subject.rank(&scored.final_grade).is_some_and(|rank| rank < self.rank)
    }

    /// Whether changes of these metrics leave a veto standing that keeps the grade where it is.
    pub fn is_vetoed(&self, changed: &[MetricId]) -> bool {
        self.vetoes.iter().any(|veto| !changed.contains(veto))
    }
}

/// The result of the rule at `place`, if it is among those that changed.
pub fn find(changed: &[Changed], place: usize) -> Option<&Arc<RuleResult>> {
    changed.iter().find(|(other, _)| *other == place).map(|(_, result)| result)
}

fn reads(rule: &Rule, id: MetricId) -> bool {
    rule.arguments.iter().any(|(_, argument)| matches!(argument, Argument::Metric(read) if *read == id))
}
