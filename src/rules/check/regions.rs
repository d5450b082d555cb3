//! Sets of values that conditions hold for: exact arithmetic on intervals, of one subject or of several.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// A place between values: before or after one of them, or at either end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cut {
    /// Below every value.
    Start,
    /// Just before a value, or just after it.
    At(Decimal, bool),
    /// Above every value.
    End,
}

/// Values of one subject: intervals that rise and do not touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set(Vec<(Cut, Cut)>);

impl Set {
    /// Every value.
    pub fn all() -> Self {
        Self::between(Cut::Start, Cut::End)
    }

    /// The values between two cuts.
    pub fn between(from: Cut, to: Cut) -> Self {
        Self(if from < to { vec![(from, to)] } else { Vec::new() })
    }

    /// From `least` to `most`, both included.
    pub fn closed(least: Decimal, most: Decimal) -> Self {
        Self::between(Cut::At(least, false), Cut::At(most, true))
    }

    /// Whether there is no value in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The values in both.
    pub fn and(&self, other: &Self) -> Self {
        let pairs = self.0.iter().flat_map(|one| other.0.iter().map(move |two| (one, two)));
        let common = pairs.map(|(one, two)| (one.0.max(two.0), one.1.min(two.1)));
        Self(common.filter(|(from, to)| from < to).collect())
    }

    /// The values that are not in `other`.
    pub fn minus(&self, other: &Self) -> Self {
        let mut rest = self.0.clone();
        for (from, to) in &other.0 {
            rest = rest
                .into_iter()
                .flat_map(|(low, high)| [(low, high.min(*from)), (low.max(*to), high)])
                .filter(|(low, high)| low < high)
                .collect();
        }
        Self(rest)
    }

    /// The only interval with two ends, if that is what it is.
    pub fn bounded(&self) -> Option<(Cut, Cut)> {
        match self.0.as_slice() {
            [(from @ Cut::At(..), to @ Cut::At(..))] => Some((*from, *to)),
            _ => None,
        }
    }

    /// The same where only multiples of `grain` exist: every cut stands just before one of them.
    pub fn on_grid(self, grain: Decimal) -> Self {
        let snap = |cut: Cut| match cut {
            Cut::At(value, is_after) => {
                snapped(value, is_after, grain).map_or(cut, |value| Cut::At(value, false))
            }
            end => end,
        };
        let snapped = self.0.into_iter().map(|(from, to)| (snap(from), snap(to)));
        Self(snapped.filter(|(from, to)| from < to).collect())
    }

    /// A value in it, the plainest there is.
    pub fn example(&self, grain: Option<Decimal>) -> Option<Decimal> {
        let (from, to) = *self.0.first()?;
        let step = grain.unwrap_or(Decimal::ONE);
        Some(match (from, to) {
            (Cut::At(low, false), _) => low,
            (Cut::At(low, true), Cut::At(high, _)) => low.checked_add(high)?.checked_div(Decimal::TWO)?,
            (Cut::At(low, true), _) => low.checked_add(step)?,
            (_, Cut::At(high, true)) => high,
            (_, Cut::At(high, false)) => high.checked_sub(step)?,
            _ => Decimal::ZERO,
        })
    }
}

/// The first multiple of `grain` at or above `value`, or above it.
fn snapped(value: Decimal, is_after: bool, grain: Decimal) -> Option<Decimal> {
    let whole = value.checked_div(grain)?;
    let below = whole.floor();
    let is_reached = below == whole && !is_after;
    let count = if is_reached { below } else { below.checked_add(Decimal::ONE)? };
    count.checked_mul(grain)
}

/// Values of several subjects at once; a subject that is not named has any value of its domain.
pub type Region = BTreeMap<String, Set>;

/// Most regions that one condition is taken apart into; beyond that nothing is said of it.
const LIMIT: usize = 64;

/// What a subject can be at all.
pub type Domains = BTreeMap<String, Set>;

fn domain(domains: &Domains, subject: &str) -> Set {
    domains.get(subject).cloned().unwrap_or_else(Set::all)
}

/// The parts of `region` that exist.
fn clipped(mut region: Region, domains: &Domains) -> Option<Region> {
    for (subject, values) in &mut region {
        *values = values.and(&domain(domains, subject));
        if values.is_empty() {
            return None;
        }
    }
    Some(region)
}

/// What is in one of `ones` and in one of `twos` and can exist; none when that is too much to follow.
pub fn both(ones: &[Region], twos: &[Region], domains: &Domains) -> Option<Vec<Region>> {
    let mut common = Vec::new();
    for one in ones {
        for two in twos {
            let mut region = one.clone();
            for (subject, values) in two {
                let joined = region.get(subject).map_or_else(|| values.clone(), |own| own.and(values));
                region.insert(subject.clone(), joined);
            }
            common.extend(clipped(region, domains));
        }
    }
    (common.len() <= LIMIT).then_some(common)
}

/// What is in one of `ones` and in none of `twos`.
pub fn without(ones: &[Region], twos: &[Region], domains: &Domains) -> Option<Vec<Region>> {
    let mut rest = ones.to_vec();
    for two in twos {
        let mut next = Vec::new();
        for one in rest {
            let mut inside = one;
            for (subject, values) in two {
                let own = inside.get(subject).cloned().unwrap_or_else(|| domain(domains, subject));
                let outside = own.minus(values);
                if !outside.is_empty() {
                    let mut apart = inside.clone();
                    apart.insert(subject.clone(), outside);
                    next.push(apart);
                }
                inside.insert(subject.clone(), own.and(values));
                if own.and(values).is_empty() {
                    break;
                }
            }
            if next.len() > LIMIT {
                return None;
            }
        }
        rest = next;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(region: &Region, point: &[i64]) -> bool {
        region.iter().all(|(subject, values)| {
            let value = Decimal::from(point[usize::from(subject == "b")]);
            !values.and(&Set::closed(value, value)).is_empty()
        })
    }

    fn set() -> impl Strategy<Value = Set> {
        (0_i64..8, 0_i64..8, any::<bool>(), any::<bool>()).prop_map(|(from, to, open, closed)| {
            Set::between(Cut::At(from.into(), open), Cut::At(to.into(), closed))
        })
    }

    fn regions() -> impl Strategy<Value = Vec<Region>> {
        let region = proptest::collection::btree_map(prop_oneof!["a", "b"], set(), 0..3);
        proptest::collection::vec(region, 0..4)
    }

    proptest! {
        /// Compared with trying every point.
        #[test]
        fn regions_combine_like_conditions(ones in regions(), twos in regions(), a in 0_i64..8, b in 0_i64..8) {
            let domains = Domains::new();
            let any = |regions: &[Region]| regions.iter().any(|region| holds(region, &[a, b]));
            let (one, two) = (any(&ones), any(&twos));
            prop_assert_eq!(any(&both(&ones, &twos, &domains).unwrap()), one && two);
            prop_assert_eq!(any(&without(&ones, &twos, &domains).unwrap()), one && !two);
        }

        /// On a grid nothing changes for what lies on it.
        #[test]
        fn a_grid_keeps_its_points(values in set(), point in 0_i64..8) {
            let point = Set::closed(point.into(), point.into());
            let snapped = values.clone().on_grid(Decimal::ONE);
            prop_assert_eq!(snapped.and(&point).is_empty(), values.and(&point).is_empty());
        }
    }
}
