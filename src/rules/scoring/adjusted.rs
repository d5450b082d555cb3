//! Adjustments: points that two people, or the decision on an appeal, add to what a rule gave. What the rules gave stays as
//! it was; totals and grade follow from both together.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::{Outcome, Points, RuleResult};
use crate::ledger::month::MonthFacts;

/// What the rules gave, with the adjustments that `facts` have, and why somebody has to look at the review: an item that would
/// leave its bounds, or that was not scored at all.
pub(super) fn adjusted(facts: &MonthFacts, rules: &[Arc<RuleResult>]) -> (Vec<Points>, Vec<String>) {
    let mut points = rules.iter().map(|result| result.points()).collect::<Vec<_>>();
    let misfits = adjust(facts, rules, &mut points);
    (points, misfits)
}

/// Adds the adjustments to points that are in the order of `rules`.
pub(super) fn adjust(facts: &MonthFacts, rules: &[Arc<RuleResult>], points: &mut [Points]) -> Vec<String> {
    let misfits = facts.added().iter().filter_map(|added| {
        let place = rules.iter().position(|result| *result.rule == *added.rule);
        let misfit = match place.and_then(|place| points.get_mut(place)) {
            None => "an adjustment is about a rule that the scheme does not have".to_owned(),
            Some(item) => match item.add(added.points) {
                Ok(()) => return None,
                Err(misfit) => misfit,
            },
        };
        Some(format!("{}: {misfit}", added.rule))
    });
    misfits.collect()
}

impl Points {
    /// Adds points, within 0 and the item's maximum.
    fn add(&mut self, points: Decimal) -> Result<(), String> {
        let Some(score) = self.score else {
            return Err("an adjustment is about an item that was not scored".to_owned());
        };
        // Neither can overflow: both have the bounds of a column.
        let sum = score + points;
        if sum < Decimal::ZERO || sum > self.max {
            self.outcome = Outcome::Failed;
            return Err(format!("{score} with an adjustment of {points} is outside 0 to {}", self.max));
        }
        self.score = Some(sum);
        Ok(())
    }
}
