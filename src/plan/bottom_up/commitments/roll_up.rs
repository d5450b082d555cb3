//! What was committed to, from the leaves of a tree up to its root. Pure.

/// Twelve months, January first; null where nobody has committed.
pub type Committed = [Option<i64>; 12];

/// What a place comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolled {
    /// The place's own commitment, otherwise the sum of those right below it that have come to something.
    pub months: Committed,
    /// Whether in every month the place itself has committed, or everybody below it has.
    pub complete: bool,
}

/// Rolls the `own` commitments up. A place's parent stands before it.
///
/// committed(place, month) = own, where there is one; otherwise Σ committed(child, month) over the children that have
/// one; null where none has. complete(place, month) = there is an own one, or there are children and all are complete.
pub fn roll_up(parents: &[Option<usize>], own: &[Committed]) -> Vec<Rolled> {
    let mut below: Vec<[Below; 12]> = vec![[Below::default(); 12]; parents.len()];
    let mut rolled = vec![Rolled::default(); parents.len()];
    for (place, parent) in parents.iter().enumerate().rev() {
        let mut months = own.get(place).copied().unwrap_or_default().map(Month::own);
        for (month, below) in months.iter_mut().zip(below.get(place).copied().unwrap_or_default()) {
            if month.committed.is_none() {
                *month = Month {
                    committed: below.committed,
                    is_complete: below.has_children && !below.is_missing,
                };
            }
        }
        if let Some(above) = parent.and_then(|parent| below.get_mut(parent)) {
            above.iter_mut().zip(months).for_each(|(above, month)| above.add(month));
        }
        if let Some(slot) = rolled.get_mut(place) {
            slot.months = months.map(|month| month.committed);
            slot.complete = months.iter().all(|month| month.is_complete);
        }
    }
    rolled
}

/// What a place comes to in a month.
#[derive(Clone, Copy)]
struct Month {
    committed: Option<i64>,
    is_complete: bool,
}

impl Month {
    fn own(committed: Option<i64>) -> Self {
        Self { committed, is_complete: committed.is_some() }
    }
}

/// What is known of a month from the places right below one.
#[derive(Clone, Copy, Debug, Default)]
struct Below {
    committed: Option<i64>,
    has_children: bool,
    is_missing: bool,
}

impl Below {
    fn add(&mut self, child: Month) {
        self.has_children = true;
        self.is_missing |= !child.is_complete;
        self.committed = match (self.committed, child.committed) {
            (Some(sum), Some(more)) => Some(sum.saturating_add(more)),
            (one, other) => one.or(other),
        };
    }
}

/// Committed − target, where both are known.
pub fn gap(committed: &Committed, target: &Committed) -> Committed {
    let mut gap = [None; 12];
    for ((slot, committed), target) in gap.iter_mut().zip(committed).zip(target) {
        *slot = committed.zip(*target).map(|(committed, target)| committed.saturating_sub(target));
    }
    gap
}

/// The sum of the months that are known; null where none is.
pub fn sum(months: &Committed) -> Option<i64> {
    months.iter().flatten().copied().reduce(i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same value in every month.
    fn all(value: i64) -> Committed {
        [Some(value); 12]
    }

    #[test]
    fn a_unit_without_a_commitment_has_the_sum_of_what_is_below() {
        // A store; teams 1 and 2; team 1 has two people, team 2 has one.
        let parents = [None, Some(0), Some(1), Some(1), Some(0), Some(4)];
        let mut half = all(7);
        half[11] = None;
        let own = [[None; 12], [None; 12], all(3), all(4), [None; 12], half];
        let rolled = roll_up(&parents, &own);
        assert_eq!(rolled[1], Rolled { months: all(7), complete: true });
        assert_eq!(rolled[4], Rolled { months: half, complete: false });
        let mut store = all(14);
        store[11] = Some(7);
        assert_eq!(rolled[0], Rolled { months: store, complete: false });
    }

    #[test]
    fn an_own_commitment_stands_for_everybody_below() {
        let parents = [None, Some(0), Some(1), Some(1)];
        let own = [[None; 12], all(10), all(3), [None; 12]];
        let rolled = roll_up(&parents, &own);
        assert_eq!(rolled[1], Rolled { months: all(10), complete: true });
        assert_eq!(rolled[0], Rolled { months: all(10), complete: true });
    }

    #[test]
    fn nothing_is_not_zero() {
        let rolled = roll_up(&[None, Some(0)], &[[None; 12], [None; 12]]);
        assert_eq!(rolled, [Rolled::default(); 2]);
        let rolled = roll_up(&[None, Some(0)], &[[None; 12], all(0)]);
        assert_eq!(rolled, [Rolled { months: all(0), complete: true }; 2]);
        assert_eq!((sum(&[None; 12]), sum(&all(0))), (None, Some(0)));
        assert_eq!(gap(&all(5), &all(8)), all(-3));
        assert_eq!(gap(&[None; 12], &all(8)), [None; 12]);
    }

    proptest! {
        #[test]
        fn every_place_is_its_own_or_the_sum_of_its_children(
            above in proptest::collection::vec(0_usize..1000, 0..40),
            values in proptest::collection::vec(proptest::option::of(0_i64..1_000_000), 41 * 12),
        ) {
            let parents: Vec<_> =
                std::iter::once(None).chain(above.iter().enumerate().map(|(at, seed)| Some(seed % (at + 1)))).collect();
            let own: Vec<Committed> =
                values.chunks(12).take(parents.len()).map(|months| months.try_into().unwrap()).collect();
            let rolled = roll_up(&parents, &own);
            for place in 0..parents.len() {
                let children: Vec<_> = (0..parents.len()).filter(|child| parents[*child] == Some(place)).collect();
                for (month, (rolled_up, own)) in rolled[place].months.iter().zip(&own[place]).enumerate() {
                    let sums: Vec<i64> = children.iter().filter_map(|child| rolled[*child].months[month]).collect();
                    let below = (!sums.is_empty()).then(|| sums.iter().sum());
                    prop_assert_eq!(*rolled_up, own.or(below));
                }
                if rolled[place].complete {
                    prop_assert!(rolled[place].months.iter().all(Option::is_some));
                }
            }
        }
    }
}
