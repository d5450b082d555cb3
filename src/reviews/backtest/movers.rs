//! Who gains and who loses most, and through which rule.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rust_decimal::Decimal;

use super::attribution::{is_applied_once, parts};
use super::report::{Mover, RuleChange};
use super::review_result::ReviewResult;
use crate::rules::scoring::{Points, RuleResult};

/// How many are named on each side.
const NAMED: usize = 10;

/// Every rule with what it came to for one review.
pub type Results = Vec<(Arc<str>, Points)>;

/// What a review's rules came to.
pub fn results(rules: &[Arc<RuleResult>]) -> Results {
    rules.iter().map(|result| (Arc::clone(&result.rule), result.points())).collect()
}

/// A review that may be among those that move most.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Its id.
    pub review: i64,
    /// Total and grade before.
    pub before: (Decimal, String),
    /// Total and grade after.
    pub after: (Decimal, String),
    /// What the rules came to before; none where the stored review has it.
    pub results_before: Option<Results>,
    /// What the rules came to after.
    pub results_after: Results,
}

impl Candidate {
    fn change(&self) -> Decimal {
        self.after.0 - self.before.0
    }
}

/// The reviews that gain most and those that lose most, in order.
#[derive(Clone, Debug, Default)]
pub struct Movers {
    gainers: Vec<Candidate>,
    losers: Vec<Candidate>,
}

impl Movers {
    /// Takes a review with both totals, if it is among the first. `results` gives what the rules came to.
    pub fn add(
        &mut self,
        review: i64,
        before: &ReviewResult,
        after: &ReviewResult,
        results: impl FnOnce() -> (Option<Results>, Results),
    ) {
        let (Some(total_before), Some(total_after)) = (before.total, after.total) else { return };
        // Who is no longer rated has lost whatever the total says, and an equal total can earn another grade.
        let rated = after.coefficient.is_some().cmp(&before.coefficient.is_some());
        let list =
            match rated.then(total_after.cmp(&total_before)).then(after.coefficient.cmp(&before.coefficient))
            {
                std::cmp::Ordering::Greater => &mut self.gainers,
                std::cmp::Ordering::Less => &mut self.losers,
                std::cmp::Ordering::Equal => return,
            };
        let rank = (Reverse((total_after - total_before).abs()), review);
        let is_beaten = list.len() >= NAMED && list.last().is_some_and(|last| key(last) < rank);
        if !is_beaten {
            let (results_before, results_after) = results();
            insert(
                list,
                Candidate {
                    review,
                    before: (total_before, before.final_grade.clone()),
                    after: (total_after, after.final_grade.clone()),
                    results_before,
                    results_after,
                },
            );
        }
    }

    /// Adds those of another thread.
    pub fn merge(&mut self, other: Self) {
        other.gainers.into_iter().for_each(|candidate| insert(&mut self.gainers, candidate));
        other.losers.into_iter().for_each(|candidate| insert(&mut self.losers, candidate));
    }

    /// The reviews of which it is only stored what their rules came to before.
    pub fn unexplained(&self) -> Vec<i64> {
        let all = self.gainers.iter().chain(&self.losers);
        all.filter(|candidate| candidate.results_before.is_none()).map(|candidate| candidate.review).collect()
    }

    /// Gainers and losers, each with the rule responsible; `stored` has the results before by review.
    pub fn explained(&self, stored: &HashMap<i64, Results>) -> (Vec<Mover>, Vec<Mover>) {
        let explain = |candidates: &[Candidate]| {
            let movers = candidates.iter().map(|candidate| {
                let before = candidate.results_before.as_ref().or_else(|| stored.get(&candidate.review));
                Mover {
                    review: candidate.review,
                    person: None,
                    before: candidate.before.0,
                    after: candidate.after.0,
                    change: candidate.change(),
                    grade_before: candidate.before.1.clone(),
                    grade_after: candidate.after.1.clone(),
                    rule: before
                        .and_then(|before| responsible(before, &candidate.results_after, candidate.change())),
                    parts: before
                        .map(|before| parts(before, &candidate.results_after, candidate.change()))
                        .unwrap_or_default(),
                }
            });
            movers.collect()
        };
        (explain(&self.gainers), explain(&self.losers))
    }
}

/// Largest change first, of equals the one stored first.
fn key(candidate: &Candidate) -> (Reverse<Decimal>, i64) {
    (Reverse(candidate.change().abs()), candidate.review)
}

/// A rule's points, its bonus included; none where it does not apply.
fn given(points: &Points) -> Decimal {
    points.score.unwrap_or_default() + points.bonus
}

fn insert(list: &mut Vec<Candidate>, candidate: Candidate) {
    let at = list.partition_point(|other| key(other) < key(&candidate));
    list.insert(at, candidate);
    list.truncate(NAMED);
}

/// The rule whose points change most in the direction of `change`; of equals the first by name. A rule that is not there has
/// none. Where a rule has come to apply, or does no longer, the one that has the largest part in the change.
fn responsible(before: &Results, after: &Results, change: Decimal) -> Option<RuleChange> {
    let is_gain = change.is_sign_positive();
    let mut changes = BTreeMap::<&str, Decimal>::new();
    for (rule, points) in before {
        *changes.entry(rule).or_default() -= given(points);
    }
    for (rule, points) in after {
        *changes.entry(rule).or_default() += given(points);
    }
    if is_applied_once(before, after) {
        let parts = parts(before, after, change);
        let fitting = parts.iter().filter(|part| part.change.is_sign_positive() == is_gain);
        let largest = fitting.filter_map(|part| part.rule.as_deref()).next();
        if let Some((rule, change)) = largest.and_then(|rule| changes.get_key_value(rule)) {
            return Some(RuleChange { rule: (*rule).to_owned(), change: *change });
        }
    }
    let fitting = changes.into_iter().filter(|(_, change)| {
        let is_upwards = *change > Decimal::ZERO;
        !change.is_zero() && is_upwards == is_gain
    });
    let (rule, change) = fitting.max_by_key(|(rule, change)| (change.abs(), Reverse(*rule)))?;
    Some(RuleChange { rule: rule.to_owned(), change })
}
