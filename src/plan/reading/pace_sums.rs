//! What targets came to, unit by unit and person by person. Missing is not zero: somebody's month of which nothing is known
//! leaves both sides, the target and what was reached, at every unit that it is a part of. And of which units nothing is told to
//! those who may not know people.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pace_places::{InForce, Key};
use crate::org::withheld::{Counted, Fewest, withheld_store_by_store};
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
    /// Of how many of them something is recorded; of the others it is declared that there was nothing.
    pub recorded: usize,
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
            let recorded = known.recorded_people(metric, (unit, person), month);
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
                    side.recorded += recorded;
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

/// Of how many people something is recorded for a unit: what dashboards tell is the sum of theirs.
pub(super) type Recorded = HashMap<i64, Year<usize>>;

/// Of how many people something is recorded in the months up to the one counted `last` from 0, for each unit and what is below it.
pub(super) fn recorded(known: &KnownYear, metric: &str, last: usize) -> Recorded {
    let mut recorded = Recorded::new();
    for month in 0..=last {
        for (unit, person, _) in known.brought(metric, month) {
            for above in known.paths().get(&unit).into_iter().flatten() {
                if let Some(people) = recorded.entry(*above).or_default().get_mut(month) {
                    *people += known.recorded_people(metric, (unit, person), month);
                }
            }
        }
    }
    recorded
}

/// The units of which nothing is told in each month, January first: those of few people, and those that would tell theirs
/// beside the ones shown. It is judged by the people whose values are summed, by those who are known, and by those who are known
/// or missing, the reader left out. Dashboards tell the sums of what is recorded, of all units, those that no plan has among them: what
/// they withhold is withheld here, too, and so is a sum of other people than theirs, since the two would tell of the difference.
pub(super) fn hidden(
    fewest: Fewest,
    sums: &Sums,
    recorded: &Recorded,
    (paths, stores): (&HashMap<i64, Vec<i64>>, &[i64]),
    reader: &Reader,
) -> Year<HashSet<i64>> {
    if reader.knows_all() {
        return Year::default();
    }
    let stores: HashSet<i64> = stores.iter().copied().collect();
    let places = paths.iter().map(|(id, path)| {
        let parent = path.iter().rev().nth(1).copied().filter(|parent| paths.contains_key(parent));
        let store = path.iter().find(|above| stores.contains(above)).copied();
        let is_known = reader.known.contains(id);
        (store, Counted { id: *id, parent, people: 0, is_shown: true, is_known })
    });
    let places: Vec<(Option<i64>, Counted)> = places.collect();
    std::array::from_fn(|month| {
        let side = |unit: i64| sums.get(&(unit, None)).and_then(|months| months.get(month));
        let recorded =
            |unit: i64| recorded.get(&unit).and_then(|months| months.get(month)).copied().unwrap_or(0);
        let people = places.iter().map(|(_, place)| {
            let [summands, known, all] = side(place.id).map_or([0; 3], |side| reader.others(side));
            [summands, known, all, recorded(place.id)]
        });
        let people: Vec<[usize; 4]> = people.collect();
        // Mostly they are the same, and judged once. A unit that is withheld for one of them leaves nobody open in another: what
        // is left of it joins what is left of the unit above.
        let counts = |way: usize| -> Vec<i64> {
            let counts = people.iter().map(|people| people.get(way).copied().unwrap_or(0));
            counts.map(|people| i64::try_from(people).unwrap_or(i64::MAX)).collect()
        };
        let counts: BTreeSet<Vec<i64>> = (0..4).map(counts).collect();
        let of = |people: &Vec<i64>| {
            let counted = places.iter().zip(people);
            let counted =
                counted.map(|((store, place), people)| (*store, Counted { people: *people, ..*place }));
            withheld_store_by_store(fewest, &counted.collect::<Vec<_>>())
        };
        let is_of_others = |place: &Counted| {
            let summed = side(place.id).map_or(0, |side| side.recorded);
            !place.is_known && summed > 0 && summed != recorded(place.id)
        };
        let of_others = places.iter().map(|(_, place)| place).filter(|place| is_of_others(place));
        // A task that is shared among the stores tells of each of them: no group is told where a store is of few.
        let few = places.iter().zip(&people).filter(|((store, place), people)| {
            let is_few = |people: &usize| fewest.is_few(i64::try_from(*people).unwrap_or(i64::MAX));
            *store == Some(place.id) && !place.is_known && people.iter().any(is_few)
        });
        let above = few.filter_map(|((_, place), _)| paths.get(&place.id)).flatten();
        let above = above.filter(|unit| !stores.contains(unit) && !reader.known.contains(unit));
        counts.iter().flat_map(of).chain(of_others.map(|place| place.id)).chain(above.copied()).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use super::*;

    /// What is known of `known`, each of whom brought something, and of the `missing` not.
    fn side(known: impl Iterator<Item = i64>, missing: Range<i64>) -> Side {
        let known: BTreeSet<i64> = known.collect();
        let summands = known.len();
        Side { summands, recorded: summands, known, missing: missing.collect(), ..Side::default() }
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
        let mut recorded = sums
            .iter()
            .map(|((unit, _), months)| (*unit, months.each_ref().map(|side| side.recorded)))
            .collect::<Recorded>();
        let mut reader = Reader { shown: [1, 2, 3, 4].into(), ..Reader::default() };
        let of_nobody = hidden(Fewest::default(), &sums, &recorded, (&paths, &[1]), &reader);
        // Who leads unit 4 knows its people, and is told of it; of the others nothing changes.
        reader.known = [4].into();
        let of_leader = hidden(Fewest::default(), &sums, &recorded, (&paths, &[1]), &reader);
        assert!(of_leader[..2].iter().all(HashSet::is_empty), "{of_leader:?}");
        // To one of three people in unit 4 its sum would tell the other two's.
        reader = Reader { own: 30, known: HashSet::new(), ..reader };
        assert_eq!(hidden(Fewest::default(), &sums, &recorded, (&paths, &[1]), &reader)[2], [2, 4].into());
        // Were they stores, dashboards would tell the sums of 2 and 3, and the one above them that of 4.
        reader.own = 0;
        let of_stores = hidden(Fewest::default(), &sums, &recorded, (&paths, &[2, 3, 4]), &reader);
        assert_eq!(of_stores[..2], [HashSet::from([1, 4]), HashSet::from([1, 4])]);
        assert!(of_stores[2].is_empty());
        // Of one of unit 3 something is recorded that is in no sum yet: dashboards tell of the unit and of what is above it, and the two
        // would tell what it is.
        recorded.iter_mut().filter(|(unit, _)| [1, 3].contains(*unit)).for_each(|(_, months)| months[2] += 1);
        assert_eq!(hidden(Fewest::default(), &sums, &recorded, (&paths, &[1]), &reader)[2], [1, 3].into());
        assert_eq!(of_nobody[..2], [HashSet::from([2, 4]), HashSet::from([2, 4])]);
        assert!(of_nobody[2..].iter().all(HashSet::is_empty), "{of_nobody:?}");
    }
}
