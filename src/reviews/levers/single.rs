//! One input changed by itself: step by step from where it is, until an edge, or the next grade, is reached.

use rust_decimal::Decimal;

use super::grid::{Move, moves};
use super::prune::{Most, may_reach};
use super::subject::{Changed, Goal, LeverInput, Subject, find};
use crate::http::Language;
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Rule;
use crate::rules::scoring::{Outcome, RuleResult, Scored};
use crate::rules::trace::{EdgesReached, Shown};

/// A change that reaches something.
#[derive(Clone, Debug)]
pub struct Hit {
    /// The change.
    pub by: Move,
    /// What comes out then.
    pub scored: Scored,
}

/// Where an edge was reached, or points gained.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The change.
    pub hit: Hit,
    /// The rule, by its place in the scheme.
    pub rule: usize,
    /// The edge as reasons show it; none where a rule without one gives more points.
    pub reached: Option<String>,
    /// The reason as it is now.
    pub reason_now: Option<String>,
    /// The reason as it would be.
    pub reason_then: Option<String>,
}

/// What a change of one input leads to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The smallest change that reaches a further edge and costs nothing; where none does, the smallest that gains points.
    pub edge: Option<Edge>,
    /// The smallest change that gives a better final grade.
    pub grade: Option<Hit>,
}

/// Tries up to `most` steps of one input.
pub fn search(subject: &Subject<'_>, goal: Option<&Goal>, input: &LeverInput<'_>, most: u32) -> Found {
    let goal = goal.filter(|goal| !goal.is_vetoed(&[input.id]) && may_help(subject, goal, input));
    let mut found = Found { edge: None, grade: None };
    let mut gain = None::<Edge>;
    let mut grid = moves(input.metric, input.from, most);
    grid.retain(|by| subject.is_possible(&[(input.id, by.to)]));
    // Moves of as many steps either way are compared with each other.
    for equals in grid.chunk_by(|one, next| one.steps == next.steps) {
        if found.edge.is_some() && (goal.is_none() || found.grade.is_some()) {
            break;
        }
        let tried = equals.iter().map(|by| Trial::run(subject, input, *by)).collect::<Vec<_>>();
        if found.edge.is_none() {
            found.edge = best(tried.iter().filter_map(|trial| trial.edge(subject)), |edge| &edge.hit);
        }
        if gain.is_none() {
            gain = best(tried.iter().filter_map(|trial| trial.gain(subject)), |edge| &edge.hit);
        }
        if let (None, Some(goal)) = (&found.grade, goal) {
            found.grade = best(tried.iter().filter_map(|trial| trial.grade(subject, goal)), |hit| hit);
        }
    }
    found.edge = found.edge.or(gain);
    found
}

/// The first of those with the highest total.
fn best<T>(found: impl Iterator<Item = T>, hit: impl Fn(&T) -> &Hit) -> Option<T> {
    found.reduce(|best, next| if hit(&next).scored.total > hit(&best).scored.total { next } else { best })
}

/// Whether the rules that read an input could lead to the next grade, whatever it becomes.
fn may_help(subject: &Subject<'_>, goal: &Goal, input: &LeverInput<'_>) -> bool {
    let rules = input.readers.iter().filter_map(|place| {
        let most = subject.scheme.rules.get(*place)?.most();
        Some((*place, Most { scored: Some(most), may_leave: true }))
    });
    may_reach(subject, goal, &rules.collect::<Vec<_>>())
}

/// One value of the input, tried.
struct Trial {
    by: Move,
    facts: MonthFacts,
    changed: Vec<Changed>,
    reached: Vec<Vec<EdgesReached>>,
    total: Option<Decimal>,
}

impl Trial {
    fn run(subject: &Subject<'_>, input: &LeverInput<'_>, by: Move) -> Self {
        let facts = subject.facts_with(&[(input.id, by.to)]);
        let runs = input.readers.iter().filter_map(|place| subject.run_watched(*place, &facts));
        let (changed, reached): (Vec<Changed>, Vec<_>) = runs.unzip();
        let totals = subject.totals_with(|place| find(&changed, place).map(|result| result.points()));
        Self { by, facts, changed, reached, total: totals.total }
    }

    fn hit(&self, subject: &Subject<'_>) -> Hit {
        Hit { by: self.by, scored: subject.scored_with(&self.facts, &self.changed) }
    }

    /// The first call that gets to a further edge than now, if the total is no worse for it.
    fn edge(&self, subject: &Subject<'_>) -> Option<Edge> {
        if self.total < subject.scored.total {
            return None;
        }
        self.changed.iter().zip(&self.reached).find_map(|((place, then), reached)| {
            if then.outcome == Outcome::Failed {
                return None;
            }
            let now = subject.scored.rules.get(*place)?;
            let before = subject.reached.get(*place)?;
            let further = reached.iter().enumerate().find_map(|(index, call)| {
                let same = same_call(before, reached.get(..index)?, call);
                (call.edges > same.map_or(0, |same| same.edges)).then_some((call, same))
            });
            let (call, same) = further?;
            let reasons = Reasons(subject.scheme.rules.get(*place)?);
            Some(Edge {
                hit: self.hit(subject),
                rule: *place,
                reached: call.last.map(Shown::text),
                reason_now: same.and_then(|same| reasons.of(now).nth(same.step)),
                reason_then: reasons.of(then).nth(call.step),
            })
        })
    }

    /// The rule that gains most, if the total rises. Where something has to be looked at first, there is no total, and
    /// the rule's own points count.
    fn gain(&self, subject: &Subject<'_>) -> Option<Edge> {
        let is_gain = match (subject.scored.total, self.total) {
            (Some(now), Some(then)) => then > now,
            (None, _) => true,
            (Some(_), None) => false,
        };
        let rises = self.changed.iter().filter_map(|(place, then)| {
            let now = subject.scored.rules.get(*place)?;
            let rise = points(then)?.checked_sub(points(now)?)?;
            (is_gain && rise > Decimal::ZERO).then_some((rise, *place, now, then))
        });
        let (_, rule, now, then) = rises.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        let reasons = Reasons(subject.scheme.rules.get(rule)?);
        Some(Edge {
            hit: self.hit(subject),
            rule,
            reached: None,
            reason_now: reasons.first_not_in(now, then),
            reason_then: reasons.first_not_in(then, now),
        })
    }

    fn grade(&self, subject: &Subject<'_>, goal: &Goal) -> Option<Hit> {
        // A better grade needs its total, so most values are done with here.
        self.total.filter(|total| *total >= goal.least)?;
        Some(self.hit(subject)).filter(|hit| goal.is_met(subject, &hit.scored))
    }
}

/// The call of before that stands at the same place, after as many others there as `call` has before it.
fn same_call<'a>(
    before: &'a [EdgesReached],
    earlier: &[EdgesReached],
    call: &EdgesReached,
) -> Option<&'a EdgesReached> {
    let nth = earlier.iter().filter(|other| other.at == call.at).count();
    before.iter().filter(|other| other.at == call.at).nth(nth)
}

/// The reasons of one rule.
struct Reasons<'a>(&'a Rule);

impl Reasons<'_> {
    fn of(&self, result: &RuleResult) -> impl Iterator<Item = String> {
        result.steps.iter().map(|step| self.0.reason(step, Language::Chinese))
    }

    fn first_not_in(&self, result: &RuleResult, other: &RuleResult) -> Option<String> {
        let others = self.of(other).collect::<Vec<_>>();
        self.of(result).find(|reason| !others.contains(reason))
    }
}

/// Points and bonus of a rule; none where it failed. One that does not apply gives none.
fn points(result: &RuleResult) -> Option<Decimal> {
    match result.outcome {
        Outcome::Failed => None,
        Outcome::Scored | Outcome::NotApplicable => {
            result.score.unwrap_or_default().checked_add(result.bonus)
        }
    }
}
