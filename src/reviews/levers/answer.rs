//! What is said about levers: which input, from where to where, and what comes of it.

use std::cmp::Reverse;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::pair::Pair;
use super::single::{Edge, Found, Hit};
use super::subject::{LeverInput, Subject};
use crate::rules::scoring::Scored;

/// The changes to a review's inputs that would improve it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ReviewLevers)]
pub struct Levers {
    /// The review.
    pub review: i64,
    /// SHA-256 of the rules that scored it, which were run again.
    pub bundle: String,
    /// Its total; null while it needs attention, or if no rule applies.
    pub total: Option<Decimal>,
    /// The grade that the total alone would give.
    pub grade: Option<String>,
    /// The grade that counts.
    pub final_grade: String,
    /// How far the search went. What is not listed takes more steps, or cannot be reached.
    pub searched_steps: SearchedSteps,
    /// The inputs, sorted by effort, then by points gained.
    pub levers: Vec<Lever>,
    /// Pairs of inputs that reach the next final grade together, at most ten; empty if one input alone does.
    pub pairs: Vec<LeverPair>,
}

/// How many steps the search tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchedSteps {
    /// For one input alone.
    pub single: u32,
    /// For two inputs together.
    pub pair: u32,
}

/// What can be reached by changing one input.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Lever {
    /// The metric.
    pub metric: String,
    /// Its Chinese label.
    pub zh: String,
    /// Its English label.
    pub en: String,
    /// Its unit.
    pub unit: String,
    /// Its current value.
    pub from: Decimal,
    /// The smallest change that reaches the next edge of an item without losing points elsewhere.
    pub next_edge: Option<NextEdge>,
    /// The smallest change that gives a better final grade; null if the search found none.
    pub next_grade: Option<NextGrade>,
}

/// What a change reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// An edge of `lin`, `band` or `reaches`.
    Edge,
    /// More points, where no such edge is left.
    Points,
}

/// The smallest change of an input that reaches something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NextEdge {
    /// The value it would need.
    pub to: Decimal,
    /// The difference from its current value.
    pub change: Decimal,
    /// The effort, in steps as the catalogue defines them.
    pub steps: u32,
    /// What is reached.
    pub kind: EdgeKind,
    /// The rule in which it is reached.
    pub rule: String,
    /// The edge as reasons show it, for example `85%`.
    pub edge: Option<String>,
    /// The reason as it is now, in Chinese.
    pub reason_now: Option<String>,
    /// The reason as it would be, in Chinese.
    pub reason_then: Option<String>,
    /// By how much the total rises; null if there is no total now or then.
    pub points_gained: Option<Decimal>,
    /// The total then.
    pub total: Option<Decimal>,
    /// The grade that this total alone would give.
    pub grade: Option<String>,
    /// The grade that would count.
    pub final_grade: String,
}

/// The smallest change of an input that gives a better final grade.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NextGrade {
    /// The value it would need.
    pub to: Decimal,
    /// The difference from its current value.
    pub change: Decimal,
    /// The effort, in steps as the catalogue defines them.
    pub steps: u32,
    /// By how much the total rises.
    pub points_gained: Option<Decimal>,
    /// The total then.
    pub total: Option<Decimal>,
    /// The grade that this total alone would give.
    pub grade: Option<String>,
    /// The grade that would count.
    pub final_grade: String,
}

/// Two changes that together give a better final grade.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeverPair {
    /// The two changes, in the order of the catalogue.
    pub changes: Vec<LeverChange>,
    /// The effort of both together.
    pub steps: u32,
    /// By how much the total rises.
    pub points_gained: Option<Decimal>,
    /// The total then.
    pub total: Option<Decimal>,
    /// The grade that this total alone would give.
    pub grade: Option<String>,
    /// The grade that would count.
    pub final_grade: String,
}

/// One of two changes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeverChange {
    /// The metric.
    pub metric: String,
    /// Its Chinese label.
    pub zh: String,
    /// Its English label.
    pub en: String,
    /// Its unit.
    pub unit: String,
    /// Its current value.
    pub from: Decimal,
    /// The value it would need.
    pub to: Decimal,
    /// The difference.
    pub change: Decimal,
    /// The effort, in steps as the catalogue defines them.
    pub steps: u32,
}

impl Lever {
    /// What was found for an input.
    pub(super) fn of(subject: &Subject<'_>, input: &LeverInput<'_>, found: Found) -> Self {
        Self {
            metric: input.metric.name.clone(),
            zh: input.metric.zh.clone(),
            en: input.metric.en.clone(),
            unit: input.metric.unit.clone(),
            from: input.from,
            next_edge: found.edge.map(|edge| next_edge(subject, input, edge)),
            next_grade: found.grade.map(|hit| next_grade(subject, input, hit)),
        }
    }

    /// What levers are sorted by: the fewest steps, then the most points.
    pub fn effort(&self) -> (u32, Reverse<Option<Decimal>>) {
        match (&self.next_edge, &self.next_grade) {
            (Some(edge), _) => (edge.steps, Reverse(edge.points_gained)),
            (None, Some(grade)) => (grade.steps, Reverse(grade.points_gained)),
            (None, None) => (u32::MAX, Reverse(None)),
        }
    }
}

fn next_edge(subject: &Subject<'_>, input: &LeverInput<'_>, edge: Edge) -> NextEdge {
    let Hit { by, scored } = edge.hit;
    NextEdge {
        to: by.to,
        change: by.to - input.from,
        steps: by.steps,
        kind: if edge.reached.is_some() { EdgeKind::Edge } else { EdgeKind::Points },
        rule: subject.scheme.rules.get(edge.rule).map(|rule| rule.entry.id.clone()).unwrap_or_default(),
        edge: edge.reached,
        reason_now: edge.reason_now,
        reason_then: edge.reason_then,
        points_gained: gained(subject, &scored),
        total: scored.total,
        grade: scored.grade,
        final_grade: scored.final_grade,
    }
}

fn next_grade(subject: &Subject<'_>, input: &LeverInput<'_>, hit: Hit) -> NextGrade {
    NextGrade {
        to: hit.by.to,
        change: hit.by.to - input.from,
        steps: hit.by.steps,
        points_gained: gained(subject, &hit.scored),
        total: hit.scored.total,
        grade: hit.scored.grade,
        final_grade: hit.scored.final_grade,
    }
}

/// What was found for two inputs.
pub(super) fn lever_pair(subject: &Subject<'_>, inputs: &[LeverInput<'_>], pair: &Pair) -> LeverPair {
    let changes = pair.changes.iter().filter_map(|(place, by)| {
        let input = inputs.get(*place)?;
        Some(LeverChange {
            metric: input.metric.name.clone(),
            zh: input.metric.zh.clone(),
            en: input.metric.en.clone(),
            unit: input.metric.unit.clone(),
            from: input.from,
            to: by.to,
            change: by.to - input.from,
            steps: by.steps,
        })
    });
    LeverPair {
        changes: changes.collect(),
        steps: pair.steps(),
        points_gained: gained(subject, &pair.scored),
        total: pair.scored.total,
        grade: pair.scored.grade.clone(),
        final_grade: pair.scored.final_grade.clone(),
    }
}

/// What the total gains.
fn gained(subject: &Subject<'_>, then: &Scored) -> Option<Decimal> {
    then.total?.checked_sub(subject.scored.total?)
}
