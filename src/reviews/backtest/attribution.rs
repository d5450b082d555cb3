//! What of a total's change comes through which rule: parts that add up to the change, to the cent.
//!
//! The rules are exchanged one after another, those before for those after, and each has the change that it makes; once
//! in order and once from the end, of which the mean counts. So a rule that no longer applies, and leaves the denominator,
//! has its part like any other.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::movers::Results;
use super::report::ChangePart;
use crate::rules::scoring::{Outcome, Points, Totals};

/// No cap of a total is as high.
const NO_CAP: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// The parts of `change`, the largest first; what no rule accounts for, such as the cap of a total or points added by hand,
/// is one without a rule.
pub fn parts(before: &Results, after: &Results, change: Decimal) -> Vec<ChangePart> {
    let names = after.iter().chain(before.iter().filter(|(name, _)| of(after, name).is_none()));
    let names = names.map(|(name, _)| Arc::clone(name)).collect::<Vec<_>>();
    let sides = names.iter().map(|name| [of(before, name), of(after, name)]).collect::<Vec<_>>();
    let changes = |is_exchanged: &dyn Fn(usize, usize) -> bool| {
        let totals = (0..=sides.len()).map(|count| {
            let points = sides.iter().enumerate().filter_map(|(place, [before, after])| {
                if is_exchanged(place, count) { *after } else { *before }
            });
            // Without a rule that applies there is nothing.
            Totals::of(points, NO_CAP).total.unwrap_or_default()
        });
        let totals = totals.collect::<Vec<_>>();
        totals.iter().zip(totals.iter().skip(1)).map(|(one, next)| *next - *one).collect::<Vec<_>>()
    };
    let forwards = changes(&|place, count| place < count);
    let mut backwards = changes(&|place, count| place + count >= sides.len());
    backwards.reverse();
    let means = forwards.iter().zip(&backwards).map(|(one, other)| (*one + *other) / Decimal::TWO);
    let mut parts = names
        .iter()
        .zip(means)
        .filter(|(_, change)| !change.is_zero())
        .map(|(name, change)| ChangePart { rule: Some(name.as_ref().to_owned()), change: change.normalize() })
        .collect::<Vec<_>>();
    let rest = change - parts.iter().map(|part| part.change).sum::<Decimal>();
    parts.sort_by_key(|part| std::cmp::Reverse(part.change.abs()));
    if !rest.is_zero() {
        parts.push(ChangePart { rule: None, change: rest.normalize() });
    }
    parts
}

fn of(results: &Results, rule: &str) -> Option<Points> {
    results.iter().find(|(name, _)| **name == *rule).map(|(_, points)| *points)
}

/// Whether a rule applies on one side and not on the other.
pub fn is_applied_once(before: &Results, after: &Results) -> bool {
    let applies = |results: &Results, rule: &str| {
        of(results, rule).is_some_and(|points| points.outcome == Outcome::Scored)
    };
    let names = before.iter().chain(after).map(|(name, _)| name);
    names.into_iter().any(|name| applies(before, name) != applies(after, name))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn scored(score: i64, max: i64) -> Points {
        let (score, max) = (Some(Decimal::new(score, 2)), Decimal::from(max));
        Points { outcome: Outcome::Scored, score, max, bonus: Decimal::ZERO }
    }

    fn missing(max: i64) -> Points {
        let max = Decimal::from(max);
        Points { outcome: Outcome::NotApplicable, score: None, max, bonus: Decimal::ZERO }
    }

    fn results(list: &[(&str, Points)]) -> Results {
        list.iter().map(|(name, points)| (Arc::from(*name), *points)).collect()
    }

    fn total(results: &Results) -> Decimal {
        Totals::of(results.iter().map(|(_, points)| *points), NO_CAP).total.unwrap_or_default()
    }

    #[test]
    fn a_rule_that_no_longer_applies_has_its_part() {
        // 30 of 40 and 60 of 60 are 90; 60 of 60 alone is 100.
        let before = results(&[("a", scored(3_000, 40)), ("b", scored(6_000, 60))]);
        let after = results(&[("a", missing(40)), ("b", scored(6_000, 60))]);
        let ten = Decimal::TEN;
        assert_eq!(parts(&before, &after, ten), [ChangePart { rule: Some("a".to_owned()), change: ten }]);
        assert!(is_applied_once(&before, &after));
        // A cap takes two of the ten.
        let capped = parts(&before, &after, Decimal::from(8));
        let rest = ChangePart { rule: None, change: Decimal::from(-2) };
        assert_eq!(capped.last(), Some(&rest));
    }

    fn any_points() -> impl Strategy<Value = Points> {
        let bonus = prop_oneof![3 => Just(0_i64), 1 => 0_i64..500];
        (0_i64..4_000, 1_i64..60, prop_oneof![4 => Just(true), 1 => Just(false)], bonus).prop_map(
            |(score, max, applies, bonus)| match applies {
                true => Points { bonus: Decimal::new(bonus, 2), ..scored(score.min(max * 100), max) },
                false => missing(max),
            },
        )
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_change(
            before in prop::collection::btree_map("[a-e]", any_points(), 1..5),
            after in prop::collection::btree_map("[a-e]", any_points(), 1..5),
        ) {
            let list = |map: std::collections::BTreeMap<String, Points>| -> Results {
                map.into_iter().map(|(name, points)| (Arc::from(name), points)).collect()
            };
            let (before, after) = (list(before), list(after));
            let change = total(&after) - total(&before);
            let parts = parts(&before, &after, change);
            prop_assert_eq!(parts.iter().map(|part| part.change).sum::<Decimal>(), change);
            // Nothing is left over where there is neither a cap nor anything else.
            prop_assert!(parts.iter().all(|part| part.rule.is_some()));
        }
    }
}
