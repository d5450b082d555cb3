//! Which statements of a draft's scripts ran for at least one review.

use std::collections::{BTreeMap, BTreeSet};

use super::report::ScriptPlace;
use super::side::Side;
use crate::ledger::month::MonthFacts;
use crate::rules::coverage::Coverage;

/// What of the rules tried has run on one thread, by their places in its memory.
#[derive(Debug)]
pub struct Executed<'a>(BTreeMap<usize, Coverage<'a>>);

impl<'a> Executed<'a> {
    /// Nothing has run yet.
    pub fn of(side: &'a Side) -> Self {
        Self(side.rules().map(|(slot, rule)| (slot, Coverage::of(rule))).collect())
    }

    /// Takes inputs that a rule has not met before; they can come again. A rule of which every statement has run is left
    /// alone.
    pub fn meet(&mut self, slot: usize, facts: &MonthFacts) {
        if let Some(coverage) = self.0.get_mut(&slot).filter(|coverage| !coverage.is_complete()) {
            coverage.run(facts);
        }
    }

    /// The statements that never ran.
    pub fn never(&self) -> BTreeSet<ScriptPlace> {
        self.0.values().flat_map(Coverage::uncovered).map(|place| ScriptPlace::from(&place)).collect()
    }
}
