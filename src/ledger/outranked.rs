//! Values that are recorded and do not count, because something of a higher rank speaks of the same metric: whoever
//! delivers them is told so.

use std::collections::HashMap;

use super::Entry;
use super::person_months::{EVENTS, Months, TOTAL, level, rank};
use crate::http::language::Language;
use crate::words::words;

words! {
    /// What counts for the month instead of a value.
    pub enum CountsInstead in "fact.counts_instead" {
        /// Verified events.
        VerifiedEvents = "verified_events" "经核实的事件",
        /// A delivered total of the month.
        DeliveredTotal = "delivered_total" "已交的整月数",
        /// Days and records that were delivered.
        DaysAndRecords = "days_and_records" "已交的逐日或逐单的数",
    }
}

impl CountsInstead {
    fn of_level(level: i16) -> Self {
        match level {
            EVENTS => Self::VerifiedEvents,
            TOTAL => Self::DeliveredTotal,
            _ => Self::DaysAndRecords,
        }
    }

    /// The sentence that tells so of a value.
    pub fn sentence(self, language: Language) -> String {
        match (language, self) {
            (Language::Chinese, _) => format!("已记录，但不计入本月：以{}为准", self.label()),
            (Language::English, Self::VerifiedEvents) => {
                "recorded, but it does not count for the month: verified events do".to_owned()
            }
            (Language::English, Self::DeliveredTotal) => {
                "recorded, but it does not count for the month: the delivered total does".to_owned()
            }
            (Language::English, Self::DaysAndRecords) => {
                "recorded, but it does not count for the month: delivered days and records do".to_owned()
            }
        }
    }
}

/// Of each entry, what counts instead of it once all of them stand; none for what counts, and for what says nothing.
pub(super) fn outranked(
    entries: &[Entry],
    places: &[String],
    months: &Months,
    source_system: &str,
) -> Vec<Option<CountsInstead>> {
    let levels = places.iter().map(|place| level(rank(source_system, place))).collect::<Vec<_>>();
    // Mostly all are of one kind, and none of them stands in another's way.
    let mut highest = HashMap::<(i64, &str), i16>::new();
    if levels.windows(2).any(|pair| matches!(pair, [one, other] if one != other)) {
        for (entry, own) in entries.iter().zip(&levels).filter(|(entry, _)| entry.value.is_some()) {
            let top = highest.entry((entry.employee_id, entry.metric.as_str())).or_insert(*own);
            *top = (*top).max(*own);
        }
    }
    let instead = |(entry, own): (&Entry, &i16)| {
        let known = months.counted(entry.employee_id, &entry.metric).highest().map(level);
        let delivered = highest.get(&(entry.employee_id, entry.metric.as_str())).copied();
        let top = known.max(delivered)?;
        // What is taken off is taken off whatever counts.
        (entry.value.is_some() && *own >= 0 && top > *own).then(|| CountsInstead::of_level(top))
    };
    entries.iter().zip(&levels).map(instead).collect()
}
