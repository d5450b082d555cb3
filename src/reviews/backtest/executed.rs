//! Which statements of a draft's scripts ran for at least one review.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::report::ScriptPlace;
use super::side::Side;
use crate::ledger::month::MonthFacts;
use crate::rules::coverage::Coverage;
use crate::rules::trace;

/// What of the rules tried has run on one thread, by their places in its memory.
#[derive(Debug)]
pub struct Executed<'a>(BTreeMap<usize, Ways<'a>>);

/// The ways that a rule's script has gone.
#[derive(Debug)]
struct Ways<'a> {
    coverage: Coverage<'a>,
    /// Those that are known.
    gone: HashSet<u64>,
}

impl<'a> Executed<'a> {
    /// Nothing has run yet.
    pub fn of(side: &'a Side) -> Self {
        let ways = |rule| Ways { coverage: Coverage::of(rule), gone: HashSet::new() };
        Self(side.rules().map(|(slot, rule)| (slot, ways(rule))).collect())
    }

    /// Takes inputs that a rule has just run for, on this thread. It is run again, statement by statement, only where its
    /// script has gone a new way and some of it has never run.
    pub fn meet(&mut self, slot: usize, facts: &MonthFacts) {
        let Some(ways) = self.0.get_mut(&slot).filter(|ways| !ways.coverage.is_complete()) else { return };
        if trace::path().is_none_or(|path| ways.gone.insert(path)) {
            ways.coverage.run(facts);
        }
    }

    /// The statements that never ran.
    pub fn never(&self) -> BTreeSet<ScriptPlace> {
        let missed = self.0.values().flat_map(|ways| ways.coverage.uncovered());
        missed.map(|place| ScriptPlace::from(&place)).collect()
    }
}
