//! Units' own sums, added up to what everybody at or below each of them has. Pure.

use std::collections::HashMap;
use std::ops::AddAssign;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// The sum of a metric, and of how many people something is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// The sum.
    pub value: Decimal,
    /// How many people are in it.
    pub known: i64,
}

impl Sum {
    /// The sum; none where nothing is known of anybody.
    pub fn told(self) -> Option<Decimal> {
        (self.known > 0).then_some(self.value)
    }
}

/// Sums of some metrics, and how many people there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums<const N: usize> {
    /// A sum for each metric.
    pub of: [Sum; N],
    /// How many people could be in them.
    pub people: i64,
    /// When the youngest value was recorded that changed them, as far as that is known.
    pub recorded_at: Option<DateTime<Utc>>,
}

impl<const N: usize> AddAssign for Sums<N> {
    fn add_assign(&mut self, more: Self) {
        for (sum, part) in self.of.iter_mut().zip(more.of) {
            sum.value += part.value;
            sum.known += part.known;
        }
        self.people += more.people;
        self.recorded_at = self.recorded_at.max(more.recorded_at);
    }
}

/// A unit among those that are added up.
pub trait Summand<const N: usize> {
    /// Its id.
    fn id(&self) -> i64;
    /// The unit right above it.
    fn parent(&self) -> Option<i64>;
    /// What counts for the unit itself.
    fn own(&self) -> Sums<N>;
}

/// The sums of every unit and of those below it, by unit. `units` come from the top down.
pub fn roll_up<const N: usize>(units: &[impl Summand<N>]) -> HashMap<i64, Sums<N>> {
    let mut sums = units.iter().map(|unit| (unit.id(), unit.own())).collect::<HashMap<_, _>>();
    // From the bottom up: what a unit gives to the one above it is complete by then.
    for unit in units.iter().rev() {
        let Some(below) = sums.get(&unit.id()).copied() else { continue };
        if let Some(above) = unit.parent().and_then(|parent| sums.get_mut(&parent)) {
            *above += below;
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Debug)]
    struct Unit(i64, Option<i64>, i64);

    impl Summand<1> for Unit {
        fn id(&self) -> i64 {
            self.0
        }
        fn parent(&self) -> Option<i64> {
            self.1
        }
        fn own(&self) -> Sums<1> {
            Sums {
                of: [Sum { value: Decimal::from(self.2), known: self.2 % 3 }],
                people: 3,
                recorded_at: None,
            }
        }
    }

    #[test]
    fn what_is_known_of_nobody_is_no_zero() {
        assert_eq!(Sum::default().told(), None);
        assert_eq!(Sum { value: Decimal::ZERO, known: 1 }.told(), Some(Decimal::ZERO));
    }

    proptest! {
        /// Any forest: a unit has what it has itself and what each of its children has.
        #[test]
        fn a_unit_has_its_own_and_its_childrens(
            drawn in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), 0_i64..1_000), 1..40),
        ) {
            let units = drawn.iter().zip(0_i64..).map(|((above, is_top, own), id)| {
                let parent = (id > 0 && !is_top).then(|| i64::try_from(above.index(id.try_into().unwrap())).unwrap());
                Unit(id, parent, *own)
            });
            let units = units.collect::<Vec<_>>();
            let sums = roll_up(&units);
            for unit in &units {
                let children = units.iter().filter(|child| child.1 == Some(unit.0));
                let mut expected = unit.own();
                children.for_each(|child| expected += sums[&child.0]);
                prop_assert_eq!(sums[&unit.0], expected);
            }
            let people = units.iter().filter(|unit| unit.1.is_none()).map(|unit| sums[&unit.0].people).sum::<i64>();
            prop_assert_eq!(people, 3 * i64::try_from(units.len()).unwrap());
        }
    }
}
