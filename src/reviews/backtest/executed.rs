//! What of a draft's scripts ran for at least one review.

use std::collections::BTreeSet;

use super::report::ScriptPlace;
use super::side::Side;
use crate::facts::metric::Catalogue;
use crate::facts::month::MonthFacts;
use crate::rules::bundle::Rule;

/// What has run so far on one thread.
#[derive(Clone, Debug, Default)]
pub struct Executed(BTreeSet<usize>);

impl Executed {
    /// Takes inputs that a rule, known by its place in memory, has not met before.
    pub fn meet(&mut self, slot: usize, _rule: &Rule, _catalogue: &Catalogue, _facts: &MonthFacts) {
        self.0.insert(slot);
    }

    /// Adds what ran on another thread.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The places that never ran, by file.
    pub fn never(&self, side: &Side) -> Vec<ScriptPlace> {
        let idle = side.rules().filter(|(slot, _)| !self.0.contains(slot));
        let mut places = idle.map(|(_, rule)| ScriptPlace::from(&rule.declared)).collect::<Vec<_>>();
        places.sort();
        places
    }
}
