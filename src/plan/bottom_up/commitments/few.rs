//! Which months of units would tell what few people have committed to. Pure.

use super::roll_up::Committed;
use crate::org::withheld::{Counted, Fewest, withheld_store_by_store};

/// A place of a plan, as far as what is withheld of it depends on it.
pub(super) struct Judged {
    /// The place above it.
    pub parent: Option<usize>,
    /// The store that it lies in.
    pub store: Option<i64>,
    pub is_person: bool,
    /// What it has committed to itself.
    pub own: Committed,
    /// The months in which the reader knows everybody in it.
    pub known: [bool; 12],
}

/// By place and month, whether what was committed to is withheld: it is of few people, or would tell of few by subtraction. What a
/// unit has committed to itself is nobody's in it, and is in the sums above it in the place of what those in it have.
pub(super) fn withheld(fewest: Fewest, places: &[Judged]) -> Vec<[bool; 12]> {
    let mut hidden = vec![[false; 12]; places.len()];
    for month in 0..12 {
        for unit in of_month(fewest, places, month) {
            if let Some(slot) = hidden.get_mut(unit).and_then(|months| months.get_mut(month)) {
                *slot = true;
            }
        }
    }
    hidden
}

fn of_month(fewest: Fewest, places: &[Judged], month: usize) -> Vec<usize> {
    let has_own =
        |at: usize| places.get(at).is_some_and(|place| place.own.get(month).copied().flatten().is_some());
    // In the sum of each unit: the people below it, and units that speak for themselves as if they were enough.
    let mut people = vec![0_i64; places.len()];
    for (at, place) in places.iter().enumerate().rev() {
        let of_place = match (has_own(at), place.is_person) {
            (true, true) => 1,
            (true, false) => fewest.0,
            (false, _) => people.get(at).copied().unwrap_or(0),
        };
        if let Some(slot) = people.get_mut(at) {
            *slot = of_place;
        }
        if let Some(above) = place.parent.and_then(|above| people.get_mut(above)) {
            *above = above.saturating_add(of_place);
        }
    }
    let id = |at: usize| i64::try_from(at).unwrap_or(i64::MAX);
    let units = places.iter().zip(&people).enumerate().filter(|(_, (place, _))| !place.is_person);
    let counted = units.map(|(at, (place, people))| {
        let counted = Counted {
            id: id(at),
            parent: place.parent.filter(|above| !has_own(*above)).map(id),
            people: *people,
            is_shown: true,
            is_known: has_own(at) || place.known.get(month).copied().unwrap_or(false),
        };
        (place.store, counted)
    });
    let hidden = withheld_store_by_store(fewest, &counted.collect::<Vec<_>>());
    hidden.into_iter().filter_map(|unit| usize::try_from(unit).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: [bool; 12] = [false; 12];

    fn unit(parent: Option<usize>, own: Option<i64>, known: [bool; 12]) -> Judged {
        Judged { parent, store: Some(7), is_person: false, own: [own; 12], known }
    }

    fn person(unit: usize, own: Option<i64>) -> Judged {
        Judged { parent: Some(unit), store: Some(7), is_person: true, own: [own; 12], known: NOBODY }
    }

    /// The places of which something is withheld in January.
    fn hidden(places: &[Judged]) -> Vec<usize> {
        let hidden = withheld(Fewest::default(), places);
        assert!(hidden.iter().all(|months| months.iter().all(|month| *month == months[0])));
        (0..places.len()).filter(|at| hidden[*at][0]).collect()
    }

    /// A store with a team of as many people as have committed in it, and one of three.
    fn store(committed: usize, own: Option<i64>, known: [bool; 12]) -> Vec<Judged> {
        let mut places =
            vec![unit(None, None, NOBODY), unit(Some(0), own, known), unit(Some(0), None, NOBODY)];
        places.extend((0..2).map(|at| person(1, (at < committed).then_some(7))));
        places.extend((0..3).map(|_| person(2, Some(9))));
        places
    }

    #[test]
    fn what_few_have_committed_to_is_withheld_with_the_next_smallest() {
        // One person's, and so with the other team's the store's would tell it.
        assert_eq!(hidden(&store(1, None, NOBODY)), [1, 2]);
        assert_eq!(hidden(&store(0, None, NOBODY)), Vec::<usize>::new());
        // Nobody is told by what a leader commits the team to.
        assert_eq!(hidden(&store(1, Some(20), NOBODY)), Vec::<usize>::new());
    }

    #[test]
    fn who_knows_the_people_is_told() {
        assert_eq!(hidden(&store(1, None, [true; 12])), Vec::<usize>::new());
        let mut places = store(1, None, NOBODY);
        places[0].known = [true; 12];
        places[1].known = [true; 12];
        places[2].known = [true; 12];
        assert_eq!(hidden(&places), Vec::<usize>::new());
    }
}
