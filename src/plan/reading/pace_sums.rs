//! What targets came to, unit by unit and person by person. Missing is not zero: somebody's month of which nothing is known
//! leaves both sides, the target and what was reached, at every unit that it is a part of.

use std::collections::{BTreeSet, HashMap};

use super::pace_places::{InForce, Key};
use crate::plan::actuals::known::{KnownYear, Standing, Year};

/// A place's month, as far as it is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Side {
    /// Targets of those who are known.
    pub target: i64,
    /// What they brought, with whoever has no target.
    pub actual: i64,
    /// Whether anything is known.
    pub is_known: bool,
    /// The people of whom something is known.
    pub known: BTreeSet<i64>,
    /// How many more there were whose months are erased, and known together.
    pub erased: usize,
    /// The people who are planned and posted, and of whom nothing is.
    pub missing: BTreeSet<i64>,
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
                    let person =
                        leaf.employee_id.filter(|person| known.of(metric, *person, leaf.month).is_some());
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
                }
            }
        }
    }
    sums
}
