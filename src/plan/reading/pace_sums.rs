//! What targets came to, unit by unit and person by person. Missing is not zero: somebody's month of which nothing is known
//! leaves both sides, the target and what was reached, at every unit that it is a part of. And of which units nothing is told to
//! those who may not know people.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pace_places::{InForce, Key};
use crate::org::withheld::{Counted, FEWEST, withheld};
use crate::plan::actuals::known::{KnownYear, Standing, Year};

/// A place's month, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// Targets of those who are known.
    pub target: i64,
    /// What they brought, with whoever has no target.
    pub actual: i64,
    /// Of how many people `actual` is the sum; what erased months of a unit came to counts as one.
    pub summands: usize,
    /// Whether anything is known.
    pub is_known: bool,
    /// The people of whom something is known.
    pub known: BTreeSet<i64>,
    /// How many more there were whose months are erased, and known together.
    pub erased: usize,
    /// The people who are planned and posted, and of whom nothing is.
    pub missing: BTreeSet<i64>,
}

impl Side {
    /// How many people are known or missing, those who are erased included.
    pub fn everybody(&self) -> usize {
        self.known.union(&self.missing).count() + self.erased
    }
}

/// What is known of every place, month by month.
pub(super) type Sums = HashMap<Key, Year<Side>>;

/// The sums of the months up to the one counted `last` from 0.
pub(super) fn sums(in_force: &InForce, known: &KnownYear, last: usize) -> Sums {
    let mut sums = Sums::new();
    let metric = in_force.metric.as_str();
    let above = |unit: i64| known.paths().get(&unit).into_iter().flatten().copied();
    // Units as a whole of which somebody is missing: what the others brought is no part of anything yet.
    let mut unsettled: BTreeSet<(i64, usize)> = BTreeSet::new();
    for leaf in in_force.leaves.iter().filter(|leaf| leaf.month <= last) {
        let standing = known.standing(metric, leaf);
        if leaf.employee_id.is_none() && matches!(standing, Standing::Missing(_)) {
            unsettled.insert((leaf.unit_id, leaf.month));
        }
        // The unit itself is among those above a person.
        let own = leaf.employee_id.map(|person| (leaf.unit_id, Some(person)));
        for key in own.into_iter().chain(above(leaf.unit_id).map(|unit| (unit, None))) {
            let Some(side) = sums.entry(key).or_default().get_mut(leaf.month) else { continue };
            match &standing {
                Standing::NotAsked => {}
                Standing::Missing(people) => side.missing.extend(people),
                Standing::Known => {
                    side.is_known = true;
                    side.target = side.target.saturating_add(leaf.target);
                    // What counts for no unit, as of somebody who is posted nowhere any more, is in no sum.
                    let counts = |person: &i64| {
                        known.of(metric, *person, leaf.month).is_some_and(|held| held.unit_id.is_some())
                    };
                    let person = leaf.employee_id.filter(counts);
                    side.known.extend(person);
                }
            }
        }
    }
    for month in 0..=last {
        for (unit, person, value) in known.brought(metric, month) {
            let is_unsettled = above(unit).any(|unit| unsettled.contains(&(unit, month)));
            let own = (person > 0).then_some((unit, Some(person)));
            for key in own.into_iter().chain(above(unit).map(|unit| (unit, None))) {
                let Some(side) = sums.entry(key).or_default().get_mut(month) else { continue };
                match person {
                    0 => side.erased += known.erased_people(metric, unit, month),
                    person => drop(side.known.insert(person)),
                }
                if key.1.is_some() || !is_unsettled {
                    side.is_known = true;
                    side.actual = side.actual.saturating_add(value);
                    side.summands += 1;
                }
            }
        }
    }
    sums
}

/// Who reads sums.
#[derive(Default)]
pub(super) struct Reader {
    /// The units of which sums are shown.
    pub shown: HashSet<i64>,
    /// Those in which everybody is seen.
    pub known: HashSet<i64>,
    /// The own id, whose part somebody can take off any sum; 0 for none.
    pub own: i64,
}

impl Reader {
    /// Whether everybody is seen in all units that are shown, so that nothing is hidden.
    fn knows_all(&self) -> bool {
        self.shown.is_subset(&self.known)
    }

    /// Of how many others than the reader a side is the sum, how many are known, and how many there are.
    fn others(&self, side: &Side) -> [usize; 3] {
        let known = usize::from(side.known.contains(&self.own));
        let all = known.max(usize::from(side.missing.contains(&self.own)));
        let summands = if side.summands > 0 { known } else { 0 };
        [side.summands - summands, side.known.len() - known, side.everybody() - all]
    }
}

/// The units of which nothing is told in each month, January first: those of one or two people, and those that would tell theirs
/// beside the ones shown. It is judged by the people whose values are summed, by those who are known, and by those who are known
/// or missing, the reader left out. Dashboards show stores one by one, so that a group's sum would tell that of a store of few.
pub(super) fn hidden(
    sums: &Sums,
    (paths, stores): (&HashMap<i64, Vec<i64>>, &[i64]),
    reader: &Reader,
) -> Year<HashSet<i64>> {
    if reader.knows_all() {
        return Year::default();
    }
    let mut units: Vec<(&i64, &Vec<i64>)> = paths.iter().collect();
    units.sort_unstable_by_key(|(id, path)| (path.len(), **id));
    std::array::from_fn(|month| {
        let side = |unit: i64| sums.get(&(unit, None)).and_then(|months| months.get(month));
        let others: Vec<[usize; 3]> =
            units.iter().map(|(id, _)| side(**id).map_or([0; 3], |side| reader.others(side))).collect();
        let people = |way: usize| -> Vec<i64> {
            let counts = others.iter().map(|others| others.get(way).copied().unwrap_or(0));
            counts.map(|people| i64::try_from(people).unwrap_or(i64::MAX)).collect()
        };
        // Mostly they are the same, and judged once. A unit that is withheld for one of them leaves nobody open in another: what
        // is left of it joins what is left of the unit above.
        let counts: BTreeSet<Vec<i64>> = (0..3).map(people).collect();
        let of = |people: &Vec<i64>| {
            let counted = units.iter().zip(people).map(|((id, path), people)| Counted {
                id: **id,
                parent: path.iter().rev().nth(1).copied().filter(|parent| paths.contains_key(parent)),
                people: *people,
                is_shown: reader.shown.contains(*id),
                is_known: reader.known.contains(*id),
            });
            withheld(&counted.collect::<Vec<_>>())
        };
        let is_of_few = |store: &&i64| {
            let others = side(**store).map_or([0; 3], |side| reader.others(side));
            !reader.known.contains(*store)
                && others.iter().any(|people| (1..FEWEST).contains(&i64::try_from(*people).unwrap_or(FEWEST)))
        };
        let above = stores.iter().filter(is_of_few).filter_map(|store| paths.get(store)).flatten();
        let above = above.filter(|unit| !stores.contains(*unit) && !reader.known.contains(*unit));
        counts.iter().flat_map(of).chain(above.copied()).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    /// What is known of `known`, each of whom brought something, and of the `missing` not.
    fn side(known: impl Iterator<Item = i64>, missing: Range<i64>) -> Side {
        let known: BTreeSet<i64> = known.collect();
        Side { summands: known.len(), known, missing: missing.collect(), ..Side::default() }
    }

    #[test]
    fn a_unit_of_few_is_hidden_with_the_next_smallest_whether_they_are_known_or_missing() {
        let paths = [(1, vec![1]), (2, vec![1, 2]), (3, vec![1, 3]), (4, vec![1, 4])].into();
        let mut sums = Sums::new();
        let mut put = |unit: i64, month: usize, side: Side| {
            sums.entry((unit, None)).or_default()[month] = side;
        };
        // January: one of five is known in the last unit. February: none of two. March: everybody of three.
        for (month, known, missing) in [(0, 30..31, 31..35), (1, 30..30, 30..32), (2, 30..33, 33..33)] {
            put(1, month, side((10..14).chain(20..25).chain(known.clone()), missing.clone()));
            put(2, month, side(10..14, 0..0));
            put(3, month, side(20..25, 0..0));
            put(4, month, side(known, missing));
        }
        let mut reader = Reader { shown: [1, 2, 3, 4].into(), ..Reader::default() };
        let of_nobody = hidden(&sums, (&paths, &[]), &reader);
        // Who leads unit 4 knows its people, and is told of it; of the others nothing changes.
        reader.known = [4].into();
        let of_leader = hidden(&sums, (&paths, &[]), &reader);
        assert!(of_leader[..2].iter().all(HashSet::is_empty), "{of_leader:?}");
        // To one of three people in unit 4 its sum would tell the other two's.
        reader = Reader { own: 30, known: HashSet::new(), ..reader };
        assert_eq!(hidden(&sums, (&paths, &[]), &reader)[2], [2, 4].into());
        // Were they stores, dashboards would tell the sums of 2 and 3, and the one above them that of 4.
        reader.own = 0;
        let of_stores = hidden(&sums, (&paths, &[2, 3, 4]), &reader);
        assert_eq!(of_stores[..2], [HashSet::from([1, 2, 4]), HashSet::from([1, 2, 4])]);
        assert!(of_stores[2].is_empty());
        assert_eq!(of_nobody[..2], [HashSet::from([2, 4]), HashSet::from([2, 4])]);
        assert!(of_nobody[2..].iter().all(HashSet::is_empty), "{of_nobody:?}");
    }
}
