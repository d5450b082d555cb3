//! What cannot lead to the next grade, said without trying it. Everything that is left out would have failed.

use rust_decimal::Decimal;

use super::subject::{Goal, Subject};
use crate::rules::scoring::{Outcome, Points, RuleResult};

/// More rules than this may leave the denominator at once only in schemes that nobody writes; nothing is pruned there.
const LEAVING_LIMIT: usize = 8;

/// The most that a rule comes to over some values of its inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Most {
    /// Its points at best, each at its own; none where it is never scored.
    pub scored: Option<Points>,
    /// Whether it may be not applicable, and leave the denominator.
    pub may_leave: bool,
}

impl Most {
    /// The most over what was so far and one result more.
    #[must_use]
    pub fn or(self, result: &RuleResult) -> Self {
        let points = result.points();
        match points.outcome {
            Outcome::Failed => self,
            Outcome::NotApplicable => Self { may_leave: true, ..self },
            Outcome::Scored => {
                let best = self.scored.map_or(points, |best| Points {
                    score: best.score.max(points.score),
                    bonus: best.bonus.max(points.bonus),
                    ..points
                });
                Self { scored: Some(best), ..self }
            }
        }
    }
}

/// Whether the total may get to where the next grade begins if these rules, by their places, come to their most.
///
/// With the same rules in the denominator a total never falls when points rise, so it is enough to try each rule at its
/// best and, where it may, outside the denominator.
pub fn may_reach(subject: &Subject<'_>, goal: &Goal, rules: &[(usize, Most)]) -> bool {
    if rules.iter().any(|(_, most)| most.scored.is_none() && !most.may_leave) {
        return false;
    }
    let leaving =
        rules.iter().filter(|(_, most)| most.may_leave).map(|(place, _)| *place).collect::<Vec<_>>();
    if leaving.len() > LEAVING_LIMIT {
        return true;
    }
    (0_u32..1 << leaving.len()).any(|chosen| {
        let has_left = |place: usize| {
            let nth = leaving.iter().position(|leaving| *leaving == place);
            nth.is_some_and(|nth| chosen >> nth & 1 == 1)
        };
        let totals = subject.totals_with(|place| {
            let (_, most) = rules.iter().find(|(changed, _)| *changed == place)?;
            Some(most.scored.filter(|_| !has_left(place)).unwrap_or(GONE))
        });
        totals.total.is_some_and(|total| total >= goal.least)
    })
}

/// A rule that has left the denominator.
const GONE: Points =
    Points { outcome: Outcome::NotApplicable, score: None, max: Decimal::ZERO, bonus: Decimal::ZERO };
