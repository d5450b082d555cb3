//! Totals with adjustments: points that two people, or the decision on an appeal, add to what a rule gave.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{NOT_RATED, Outcome, Scored};
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::Scheme;

/// Points that are added to a rule's score, or taken off it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjusted {
    /// The rule's id.
    pub rule: String,
    /// The points; below zero where they are taken off.
    pub points: Decimal,
}

impl Scheme {
    /// A person's month with adjustments: totals and grade follow from what the rules gave and the adjustments together;
    /// what the rules gave stays as it was. Where an item would leave its bounds, or is none that was scored, somebody has to
    /// look at the review.
    pub fn adjust(&self, facts: &MonthFacts, mut scored: Scored, adjustments: &[Adjusted]) -> Scored {
        if adjustments.is_empty() {
            return scored;
        }
        let mut points = scored.rules.iter().map(|result| result.points()).collect::<Vec<_>>();
        for adjusted in adjustments {
            let place = scored.rules.iter().position(|result| *result.rule == *adjusted.rule);
            let item = place.and_then(|place| points.get_mut(place));
            let misfit: Option<Cow<'static, str>> = match item {
                None => Some("an adjustment is about a rule that the scheme does not have".into()),
                Some(item) => match item.score {
                    None => Some("an adjustment is about an item that was not scored".into()),
                    Some(score) => {
                        let sum = score + adjusted.points;
                        if (Decimal::ZERO..=item.max).contains(&sum) {
                            item.score = Some(sum);
                            None
                        } else {
                            item.outcome = Outcome::Failed;
                            let Adjusted { points, .. } = adjusted;
                            Some(format!("{score} and an adjustment of {points} is outside 0 to {}", item.max).into())
                        }
                    }
                },
            };
            if let Some(misfit) = misfit {
                scored.attention.push(format!("{}: {misfit}", adjusted.rule));
            }
        }
        let totals = self.totals(points.into_iter());
        let is_whole = scored.attention.is_empty();
        scored.base = totals.base.filter(|_| is_whole);
        scored.bonus = totals.bonus.filter(|_| is_whole);
        scored.total = totals.total.filter(|_| is_whole);
        scored.grade = None;
        scored.final_grade = NOT_RATED.to_owned();
        scored.coefficient = None;
        self.grade(facts, &mut scored);
        scored
    }
}
