//! What an input may become: whole steps of its catalogue entry, in the direction in which it gets better.

use rust_decimal::Decimal;

use crate::ledger::metric::{Direction, Metric};

/// One value that an input may be changed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    /// The effort: how many steps away it is.
    pub steps: u32,
    /// The value.
    pub to: Decimal,
}

/// Every value up to `most` steps away from `from`, the nearest first; of two equally near the higher one first.
///
/// A step that would leave the metric's bounds ends on the bound. Values that the metric cannot have are left out.
pub fn moves(metric: &Metric, from: Decimal, most: u32) -> Vec<Move> {
    let (rises, falls) = match metric.direction {
        Direction::Up => (true, false),
        Direction::Down => (false, true),
        Direction::None => (true, true),
    };
    let mut moves = Vec::new();
    let mut up = rises.then_some(from).filter(|from| *from < metric.max);
    let mut down = falls.then_some(from).filter(|from| *from > metric.min);
    for steps in 1..=most {
        if up.is_none() && down.is_none() {
            break;
        }
        // Bounds are far below what a decimal holds, and so is every value on the way to them.
        let distance = metric.step.checked_mul(Decimal::from(steps));
        let higher = distance.and_then(|distance| from.checked_add(distance)).map(|to| to.min(metric.max));
        let lower = distance.and_then(|distance| from.checked_sub(distance)).map(|to| to.max(metric.min));
        up = up.and(higher);
        down = down.and(lower);
        for to in [up, down].into_iter().flatten() {
            if metric.check(to).is_ok() {
                moves.push(Move { steps, to: to.normalize() });
            }
        }
        up = up.filter(|to| *to < metric.max);
        down = down.filter(|to| *to > metric.min);
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::metric::Catalogue;

    fn metric(kind: &str, more: &str) -> Metric {
        let text = format!(
            "[[metric]]\nname = \"a\"\nzh = \"甲\"\nen = \"A\"\nunit = \"\"\nkind = \"{kind}\"\nmissing = \"na\"\n{more}"
        );
        Catalogue::parse(&text).unwrap().listed()[0].clone()
    }

    fn values(metric: &Metric, from: &str, most: u32) -> Vec<(u32, String)> {
        let moves = moves(metric, from.parse().unwrap(), most);
        moves.into_iter().map(|one| (one.steps, one.to.to_string())).collect()
    }

    fn expected(list: &[(u32, &str)]) -> Vec<(u32, String)> {
        list.iter().map(|(steps, to)| (*steps, (*to).to_owned())).collect()
    }

    #[test]
    fn steps_go_the_better_way_and_end_on_the_bound() {
        let exam = metric("score", "direction = \"up\"\nstep = 2\nmax = 100");
        assert_eq!(values(&exam, "95.5", 9), expected(&[(1, "97.5"), (2, "99.5"), (3, "100")]));
        assert_eq!(values(&exam, "95.5", 1), expected(&[(1, "97.5")]));
        assert_eq!(values(&exam, "100", 9), []);
        let late = metric("count", "direction = \"down\"\nstep = 1");
        assert_eq!(values(&late, "2", 9), expected(&[(1, "1"), (2, "0")]));
        assert_eq!(values(&late, "0", 9), []);
        let either = metric("count", "direction = \"none\"\nstep = 3\nmax = 9");
        assert_eq!(values(&either, "4", 9), expected(&[(1, "7"), (1, "1"), (2, "9"), (2, "0")]));
    }

    #[test]
    fn values_that_cannot_be_are_left_out() {
        let days = metric("days", "direction = \"up\"\nstep = 0.25\nmax = 31");
        assert_eq!(values(&days, "1", 4), expected(&[(2, "1.5"), (4, "2")]));
        // Recorded before the bounds were drawn in: no step leads away from them.
        let exam = metric("score", "direction = \"up\"\nstep = 1\nmax = 100");
        assert_eq!(values(&exam, "120", 9), []);
    }
}
