//! What a row that is added changes of a month's value, as far as that can be said without asking the ledger again.

use rust_decimal::Decimal;

use crate::ledger::parts;

/// The rank of verified events.
pub(in crate::ledger) const EVENTS: i16 = 3;

/// The rank of delivered totals: there is one place of it.
pub(in crate::ledger) const TOTAL: i16 = 2;

/// The rank of totals of which several stores have a part: as good as any total, but what counts is their sum.
const PARTS: i16 = 4;

/// So much is added to the rank where something is taken off what counts.
const TAKEN_OFF: i16 = 8;

/// Which values count where several sources speak of one metric, as the database's `fact_rank` says it.
pub(in crate::ledger) fn rank(source_system: &str, place: &str) -> i16 {
    match source_system {
        "event" => 3,
        "punch_correction" => -1,
        "daily_sheet" | "work_report" | "activity" | "calendar" => 0,
        _ if place.is_empty() => TOTAL,
        _ if parts::is_of_store(place) => PARTS,
        _ => 1,
    }
}

/// How high a rank is: parts of a total are as high as a total.
pub(in crate::ledger) fn level(rank: i16) -> i16 {
    if rank == PARTS { TOTAL } else { rank }
}

/// What is known of a metric in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ledger) struct Counted {
    /// What counts, if anything does.
    pub value: Option<Decimal>,
    /// The rank of what counts, as the database's `counted_fact` gives it; none where nothing stands.
    pub rank: Option<i16>,
}

/// What stands at one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ledger) enum AtPlace {
    /// This, or nothing.
    Known(Option<Decimal>),
    /// The ledger has to be asked.
    Unknown,
}

impl Counted {
    /// The rank of what counts, whatever is taken off it: that alone is -1.
    pub fn highest(self) -> Option<i16> {
        self.rank.map(|top| if top >= TAKEN_OFF - 1 { top - TAKEN_OFF } else { top })
    }

    /// What stands at a place of this rank.
    pub fn at_place(self, rank: i16) -> AtPlace {
        let Some(highest) = self.highest() else { return AtPlace::Known(None) };
        // Where a total stands of which no store has a part, no part stands.
        if level(rank) > level(highest) || rank == PARTS && highest == TOTAL {
            return AtPlace::Known(None);
        }
        if rank == TOTAL && self.rank == Some(TOTAL) { AtPlace::Known(self.value) } else { AtPlace::Unknown }
    }

    /// What is known once `value` stands at a place of this rank where `before` stood. None where that cannot be told
    /// from this alone.
    pub fn after(self, rank: i16, before: Option<Decimal>, value: Option<Decimal>) -> Option<Self> {
        if rank < 0 || rank == PARTS || self.rank == Some(PARTS) {
            return None;
        }
        let alone = Some(Self { value, rank: Some(rank) });
        match (self.rank, value) {
            (None, Some(_)) => alone,
            (Some(top), _) if top >= TAKEN_OFF - 1 => None,
            (Some(top), _) if rank < top => Some(self),
            (Some(top), Some(_)) if rank > top || rank == TOTAL => alone,
            // One place more of those that add up.
            (Some(_), Some(more)) if before.is_none() => {
                let sum = self.value.unwrap_or_default().checked_add(more)?;
                Some(Self { value: Some(sum), rank: self.rank })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(value: i64, rank: i16) -> Counted {
        Counted { value: Some(value.into()), rank: Some(rank) }
    }

    #[test]
    fn what_outranks_counts_alone_and_what_is_of_one_rank_adds_up() {
        let (nothing, five) = (Counted::default(), Some(Decimal::from(5)));
        assert_eq!(nothing.after(1, None, five), Some(counted(5, 1)));
        assert_eq!(counted(3, 1).after(1, None, five), Some(counted(8, 1)));
        assert_eq!(counted(3, 1).after(2, None, five), Some(counted(5, 2)));
        assert_eq!(counted(3, 2).after(1, None, five), Some(counted(3, 2)));
        assert_eq!(counted(3, 2).after(2, Some(Decimal::from(3)), five), Some(counted(5, 2)));
        assert_eq!(counted(3, 3).after(2, None, None), Some(counted(3, 3)));
    }

    #[test]
    fn what_cannot_be_told_is_asked() {
        let five = Some(Decimal::from(5));
        // Something below may come up again, another summand may stand beside it, or something is taken off.
        assert_eq!(counted(3, 2).after(2, Some(Decimal::from(3)), None), None);
        assert_eq!(counted(3, 1).after(1, Some(Decimal::from(1)), five), None);
        assert_eq!(counted(3, 10).after(2, Some(Decimal::from(4)), five), None);
        assert_eq!(Counted { value: None, rank: Some(7) }.after(2, None, five), None);
        assert_eq!(Counted::default().after(-1, None, five), None);
        // Several stores' parts add up.
        assert_eq!(counted(5, 2).after(PARTS, None, five), None);
        assert_eq!(counted(8, 4).after(2, Some(Decimal::from(3)), five), None);
        assert_eq!(counted(8, 4).after(1, None, five), None);
    }

    #[test]
    fn a_total_that_counts_is_what_stands_and_above_it_nothing_does() {
        let three = Some(Decimal::from(3));
        assert_eq!(counted(3, 2).at_place(2), AtPlace::Known(three));
        assert_eq!(counted(3, 2).at_place(3), AtPlace::Known(None));
        assert_eq!(counted(3, 1).at_place(2), AtPlace::Known(None));
        assert_eq!(counted(3, 1).at_place(1), AtPlace::Unknown);
        assert_eq!(counted(3, 3).at_place(2), AtPlace::Unknown);
        assert_eq!(counted(3, 10).at_place(2), AtPlace::Unknown);
        assert_eq!(counted(3, 9).at_place(2), AtPlace::Known(None));
        assert_eq!(Counted { value: None, rank: Some(7) }.at_place(2), AtPlace::Known(None));
        assert_eq!(Counted { value: None, rank: Some(7) }.at_place(-1), AtPlace::Unknown);
        assert_eq!(Counted::default().at_place(-1), AtPlace::Known(None));
        assert_eq!(counted(3, 2).at_place(PARTS), AtPlace::Known(None));
        assert_eq!(counted(3, 10).at_place(PARTS), AtPlace::Known(None));
        assert_eq!(counted(3, 1).at_place(PARTS), AtPlace::Known(None));
        for rank in [1, 2, PARTS] {
            assert_eq!(counted(8, 4).at_place(rank), AtPlace::Unknown);
            assert_eq!(counted(8, 12).at_place(rank), AtPlace::Unknown);
        }
        assert_eq!(counted(8, 4).at_place(3), AtPlace::Known(None));
    }
}
