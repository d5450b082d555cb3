//! Units' own sums, added up to what everybody at or below each of them has. Pure.

use std::collections::HashMap;

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

/// Sums of some metrics.
pub type Sums<const N: usize> = [Decimal; N];

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
            above.iter_mut().zip(below).for_each(|(sum, part)| *sum += part);
        }
    }
    sums
}

/// Sums of what is counted, as whole numbers.
pub fn counts<const N: usize>(sums: Sums<N>) -> [i64; N] {
    sums.map(|sum| sum.to_i64().unwrap_or(0))
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
            [Decimal::from(self.2)]
        }
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
                let expected = unit.own()[0] + children.map(|child| sums[&child.0][0]).sum::<Decimal>();
                prop_assert_eq!(sums[&unit.0], [expected]);
            }
        }
    }
}
