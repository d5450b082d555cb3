//! Which sums of units are withheld, by how many people are in each. Pure.

use std::collections::{HashMap, HashSet};

use super::places::Unit;
use super::roll_up::Sums;
use super::summed::Summed;
use crate::org::withheld::{Counted, Fewest, withheld_store_by_store};

/// The units of which each sum is withheld. Of coefficients it is judged by those who have none, too: that somebody is not rated is a
/// grade like others. What sheets say is told of a store as far as it is `recorded` of as many people everywhere in it, or of nobody:
/// where both say the same, sums of other people would tell of those by whom they differ.
pub(super) fn hidden<const N: usize>(
    fewest: Fewest,
    units: &[Unit],
    sums: &HashMap<i64, Sums<N>>,
    recorded: &HashMap<i64, Sums<N>>,
    summed: Summed<'_>,
) -> [HashSet<i64>; N] {
    if units.iter().all(|unit| unit.is_known || !unit.is_shown()) {
        return std::array::from_fn(|_| HashSet::new());
    }
    // Mostly all metrics are known of the same people, and judged once.
    let mut judged = HashMap::<Vec<i64>, HashSet<i64>>::new();
    let mut judge = |count: &dyn Fn(i64) -> i64| {
        let people = units.iter().map(|unit| count(unit.id)).collect::<Vec<_>>();
        judged.entry(people.clone()).or_insert_with(|| withheld_of(fewest, units, &people)).clone()
    };
    std::array::from_fn(|at| {
        let known_of = |sums: &HashMap<i64, Sums<N>>, unit| {
            sums.get(&unit).and_then(|sums| sums.of.get(at)).map_or(0, |sum| sum.known)
        };
        let known = |unit| known_of(sums, unit);
        let mut hidden = judge(&known);
        // What is withheld for one of them leaves nobody open in the other: what is left of it joins what is left of the unit above.
        match summed {
            Summed::Metrics(_) => {}
            Summed::Coefficients(_) => {
                let people = |unit| sums.get(&unit).map_or(0, |sums| sums.people);
                hidden.extend(judge(&|unit| people(unit) - known(unit)));
            }
            Summed::Leads(_) => hidden.extend(differing(units, &known, &|unit| known_of(recorded, unit))),
        }
        hidden
    })
}

/// The stores with everything in them, and what lies above, in which a number is said and recorded of different people, as far as their
/// count tells; those of which nothing is recorded left out. A group stands for those who are posted in it itself.
fn differing(units: &[Unit], said: &dyn Fn(i64) -> i64, recorded: &dyn Fn(i64) -> i64) -> HashSet<i64> {
    let mut own =
        units.iter().map(|unit| (unit.id, said(unit.id) - recorded(unit.id))).collect::<HashMap<_, _>>();
    for unit in units {
        let more = said(unit.id) - recorded(unit.id);
        if let Some(above) = unit.parent_id.and_then(|parent| own.get_mut(&parent)) {
            *above -= more;
        }
    }
    let place = |unit: &Unit| unit.store_id.unwrap_or(unit.id);
    let differs =
        |unit: &&Unit| own.get(&unit.id).is_some_and(|more| *more != 0) && recorded(place(unit)) > 0;
    let places = units.iter().filter(differs).map(place).collect::<HashSet<_>>();
    let parents = units.iter().map(|unit| (unit.id, unit.parent_id)).collect::<HashMap<_, _>>();
    let mut hidden =
        units.iter().filter(|unit| places.contains(&place(unit))).map(|unit| unit.id).collect::<HashSet<_>>();
    for place in places {
        let mut at = Some(place);
        while let Some(id) = at {
            hidden.insert(id);
            at = parents.get(&id).copied().flatten();
        }
    }
    // Who may know the people of a unit is told of it.
    for unit in units.iter().filter(|unit| unit.is_known) {
        hidden.remove(&unit.id);
    }
    hidden
}

/// The units of which nothing is told, by how many people are in the sum of each. Screens that are confined to single units may hang
/// beside each other, so that it is judged as if every unit were shown.
fn withheld_of(fewest: Fewest, units: &[Unit], people: &[i64]) -> HashSet<i64> {
    let counted = units.iter().zip(people).map(|(unit, people)| {
        let counted = Counted {
            id: unit.id,
            parent: unit.parent_id,
            people: *people,
            is_shown: unit.is_there,
            is_known: unit.is_known,
        };
        (unit.store_id, counted)
    });
    withheld_store_by_store(fewest, &counted.collect::<Vec<_>>())
}
