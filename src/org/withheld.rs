//! What is withheld from those who may not see people: nothing is shown about few of them ([`Fewest`]), and nothing from which
//! that could be found by subtracting one answer from another. Pure.
//!
//! Units lie within each other. From the totals that are shown somebody can find, for each unit shown, what is left of it when the
//! largest units shown within it are taken away, and nothing finer than those rests. So no rest may be of few people.

use std::collections::{HashMap, HashSet};

/// Fewest people about whom anything is shown: fewer are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fewest(pub i64);

impl Default for Fewest {
    fn default() -> Self {
        Self(3)
    }
}

impl Fewest {
    /// Whether so many people are few. Of nobody there is nothing to show.
    pub fn is_few(self, people: i64) -> bool {
        (1..self.0).contains(&people)
    }
}

/// A unit, as far as what is withheld of it depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its id.
    pub id: i64,
    /// The unit above it.
    pub parent: Option<i64>,
    /// How many people are in its sum, those of the units below included.
    pub people: i64,
    /// Whether it would be shown, to whomever: what one is told must not be found with what another is.
    pub is_shown: bool,
    /// Whether the caller knows the people in it one by one: it is shown all the same.
    pub is_known: bool,
}

/// Which of the units of a store that would be shown are withheld.
fn withheld(fewest: Fewest, units: &[Counted]) -> HashSet<i64> {
    let mut withheld = units
        .iter()
        .filter(|unit| unit.is_shown && !unit.is_known && fewest.is_few(unit.people))
        .map(|unit| unit.id)
        .collect::<HashSet<_>>();
    loop {
        let rests = Rests::of(fewest, units, &withheld);
        // In whichever order units come: what is withheld of a unit is the same for whoever asks.
        let small = units.iter().filter(|unit| rests.is_small(unit)).min_by_key(|unit| unit.id);
        let Some(small) = small else { return withheld };
        // The smallest unit that is taken away is left in; where none can be, the unit itself is not shown.
        let taken = rests.taken(small.id).filter(|unit| !unit.is_known);
        let least = taken.min_by_key(|unit| (unit.people, unit.id)).map_or(small.id, |unit| unit.id);
        withheld.insert(least);
    }
}

/// Which units are withheld, each with its store, which groups have none: store by store, and then of the groups those that would tell
/// of a store.
pub fn withheld_store_by_store(fewest: Fewest, units: &[(Option<i64>, Counted)]) -> HashSet<i64> {
    let is_judged = |unit: &Counted| unit.is_shown && !unit.is_known;
    let mut stores = HashMap::<i64, Vec<Counted>>::new();
    for (store, unit) in units {
        if let Some(store) = store {
            stores.entry(*store).or_default().push(*unit);
        }
    }
    let judged = stores.into_values().filter(|units| units.iter().any(is_judged));
    let mut hidden = judged.flat_map(|units| withheld(fewest, &units)).collect::<HashSet<_>>();
    let groups = units.iter().filter(|(store, unit)| store.is_none() && is_judged(unit));
    let groups = groups.map(|(_, unit)| unit.id).collect::<HashSet<_>>();
    if !groups.is_empty() {
        let units = units.iter().map(|(_, unit)| *unit).collect::<Vec<_>>();
        hidden.extend(withheld_groups_of_stores(fewest, &units, &hidden, &groups));
    }
    hidden
}

/// Which groups are withheld besides units of theirs that are: those of which few people are left. A group is withheld itself
/// and never a unit within it, since what is shown of a store must not depend on whether it is asked for alone.
fn withheld_groups_of_stores(
    fewest: Fewest,
    units: &[Counted],
    withheld: &HashSet<i64>,
    groups: &HashSet<i64>,
) -> HashSet<i64> {
    let mut all = withheld.clone();
    loop {
        let rests = Rests::of(fewest, units, &all);
        let small = units.iter().find(|unit| groups.contains(&unit.id) && rests.is_small(unit));
        let Some(small) = small else { break };
        all.insert(small.id);
    }
    all.difference(withheld).copied().collect()
}

/// What is left of the units shown when the largest units shown within them are taken away.
struct Rests<'a> {
    fewest: Fewest,
    /// The units taken away, by the unit that they are taken from.
    taken: HashMap<i64, Vec<&'a Counted>>,
    withheld: &'a HashSet<i64>,
}

impl<'a> Rests<'a> {
    fn of(fewest: Fewest, units: &'a [Counted], withheld: &'a HashSet<i64>) -> Self {
        let by_id = units.iter().map(|unit| (unit.id, unit)).collect::<HashMap<_, _>>();
        let is_shown = |unit: &Counted| unit.is_shown && !withheld.contains(&unit.id);
        let mut taken = HashMap::<i64, Vec<&Counted>>::new();
        for unit in units.iter().filter(|unit| is_shown(unit)) {
            let mut above = unit.parent;
            while let Some(parent) = above.and_then(|id| by_id.get(&id)) {
                if is_shown(parent) {
                    taken.entry(parent.id).or_default().push(unit);
                    break;
                }
                above = parent.parent;
            }
        }
        Self { fewest, taken, withheld }
    }

    fn taken(&self, id: i64) -> impl Iterator<Item = &'a Counted> {
        self.taken.get(&id).into_iter().flatten().copied()
    }

    /// Whether what is left of a unit is of few people whom the caller does not know.
    fn is_small(&self, unit: &Counted) -> bool {
        let is_judged = unit.is_shown && !unit.is_known && !self.withheld.contains(&unit.id);
        let rest = unit.people - self.taken(unit.id).map(|taken| taken.people).sum::<i64>();
        is_judged && self.fewest.is_few(rest)
    }
}

/// Which of some groups of people that together are everybody are withheld, by their place: those of few, and the next
/// smallest until those withheld are not few either.
pub fn withheld_groups(fewest: Fewest, groups: &[i64]) -> HashSet<usize> {
    let parts = groups.iter().zip(2..).map(|(people, id)| Counted {
        id,
        parent: Some(1),
        people: *people,
        is_shown: true,
        is_known: false,
    });
    let all = Counted { id: 1, parent: None, people: groups.iter().sum(), is_shown: true, is_known: false };
    let withheld = withheld(fewest, &std::iter::once(all).chain(parts).collect::<Vec<_>>());
    match withheld.contains(&1) {
        true => (0..groups.len()).collect(),
        false => (0..groups.len())
            .zip(2..)
            .filter(|(_, id)| withheld.contains(id))
            .map(|(place, _)| place)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unit(id: i64, parent: i64, people: i64) -> Counted {
        Counted { id, parent: (parent != 0).then_some(parent), people, is_shown: true, is_known: false }
    }

    fn of(units: &[Counted]) -> Vec<i64> {
        let mut withheld = withheld(Fewest::default(), units).into_iter().collect::<Vec<_>>();
        withheld.sort_unstable();
        withheld
    }

    #[test]
    fn a_small_team_is_withheld_with_the_next_smallest() {
        // Twelve people in teams of 4, 6 and 2: without the team of 4 the other one would be found.
        assert_eq!(of(&[unit(1, 0, 12), unit(2, 1, 4), unit(3, 1, 6), unit(4, 1, 2)]), [2, 4]);
        // Two small teams hide each other: four people are left of the store.
        assert_eq!(of(&[unit(1, 0, 12), unit(2, 1, 8), unit(3, 1, 2), unit(4, 1, 2)]), [3, 4]);
        // A manager beside two teams is what is left of the store.
        assert_eq!(of(&[unit(1, 0, 9), unit(2, 1, 4), unit(3, 1, 4)]), [2]);
        assert_eq!(of(&[unit(1, 0, 2), unit(2, 1, 2)]), [1, 2]);
        assert_eq!(of(&[unit(1, 0, 8), unit(2, 1, 4), unit(3, 1, 4), unit(4, 1, 0)]), Vec::<i64>::new());
    }

    #[test]
    fn a_group_is_withheld_where_a_small_store_is_left_of_it() {
        // A group of two: one store is of two people, so that the group less the other one would tell theirs.
        let units = [unit(9, 0, 42), unit(1, 9, 40), unit(2, 9, 2), unit(3, 1, 40)];
        let hidden = HashSet::from([2]);
        assert_eq!(withheld_groups_of_stores(Fewest::default(), &units, &hidden, &[9].into()), [9].into());
        // Of two small stores nobody is told apart.
        let units = [unit(9, 0, 44), unit(1, 9, 40), unit(2, 9, 2), unit(3, 9, 2)];
        assert!(withheld_groups_of_stores(Fewest::default(), &units, &[2, 3].into(), &[9].into()).is_empty());
        // What is left of a group is left of the one above it.
        let units = [unit(8, 0, 82), unit(9, 8, 42), unit(1, 9, 40), unit(2, 9, 2), unit(3, 8, 40)];
        assert_eq!(
            withheld_groups_of_stores(Fewest::default(), &units, &hidden, &[8, 9].into()),
            [8, 9].into()
        );
    }

    #[test]
    fn whom_the_caller_leads_is_known_and_what_is_left_of_the_store_is_not_found_by_it() {
        let led = Counted { is_known: true, ..unit(2, 1, 2) };
        assert_eq!(of(&[unit(1, 0, 12), led, unit(3, 1, 10)]), Vec::<i64>::new());
        // Of four people two are led: the store's number is the other two's.
        assert_eq!(of(&[unit(1, 0, 4), led]), [1]);
    }

    #[test]
    fn grades_of_one_are_withheld_with_another_grade() {
        let places = |groups: &[i64]| {
            let mut places = withheld_groups(Fewest::default(), groups).into_iter().collect::<Vec<_>>();
            places.sort_unstable();
            places
        };
        assert_eq!(places(&[5, 1, 4]), [1, 2]);
        assert_eq!(places(&[5, 1, 2]), [1, 2]);
        assert_eq!(places(&[1, 1]), [0, 1]);
        assert_eq!(places(&[3, 4]), Vec::<usize>::new());
    }

    /// The people about whom something is found by adding and subtracting what is shown: by elimination over whole numbers, the
    /// smallest set of leaves whose sum is known.
    fn finds_few(fewest: Fewest, units: &[Counted], leaves: &[i64]) -> bool {
        let hidden = withheld(fewest, units);
        let shown = units.iter().filter(|unit| unit.is_shown && !hidden.contains(&unit.id));
        let below = |unit: &Counted, leaf: i64| {
            let mut at = Some(leaf);
            while let Some(id) = at {
                if id == unit.id {
                    return true;
                }
                at = units.iter().find(|one| one.id == id).and_then(|one| one.parent);
            }
            false
        };
        // Every union and difference that adding and subtracting laminar sets can reach.
        let mut found = vec![leaves.iter().map(|_| false).collect::<Vec<_>>()];
        for unit in shown {
            let set = leaves.iter().map(|leaf| below(unit, *leaf)).collect::<Vec<_>>();
            for other in found.clone() {
                let is_within =
                    |small: &[bool], large: &[bool]| small.iter().zip(large).all(|(s, l)| !s || *l);
                let is_apart = set.iter().zip(&other).all(|(one, two)| !(*one && *two));
                if is_within(&set, &other) || is_within(&other, &set) {
                    found.push(set.iter().zip(&other).map(|(one, two)| one ^ two).collect());
                }
                if is_apart {
                    found.push(set.iter().zip(&other).map(|(one, two)| *one || *two).collect());
                }
            }
            found.sort();
            found.dedup();
        }
        let people = |leaf: i64| units.iter().find(|unit| unit.id == leaf).map_or(0, |unit| unit.people);
        found.iter().any(|set| {
            let sum = set
                .iter()
                .zip(leaves)
                .filter(|(is_in, _)| **is_in)
                .map(|(_, leaf)| people(*leaf))
                .sum::<i64>();
            fewest.is_few(sum)
        })
    }

    proptest! {
        /// Any forest of three levels, people in the leaves: no sum or difference of what is shown is of few people.
        #[test]
        fn nobody_is_found_by_subtraction(
            fewest in 2_i64..7,
            teams in prop::collection::vec((0_usize..3, 0_i64..8), 1..7),
        ) {
            let mut units = vec![unit(1, 0, 0), unit(2, 1, 0), unit(3, 1, 0), unit(4, 1, 0)];
            let mut leaves = Vec::new();
            for ((store, people), id) in teams.into_iter().zip(10..) {
                units[store + 1].people += people;
                units[0].people += people;
                units.push(unit(id, i64::try_from(store).unwrap() + 2, people));
                leaves.push(id);
            }
            prop_assert!(!finds_few(Fewest(fewest), &units, &leaves));
        }
    }
}
