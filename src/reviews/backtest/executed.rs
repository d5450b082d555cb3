//! What of a draft's scripts ran for at least one review.

use std::collections::{BTreeMap, BTreeSet};

use super::report::ScriptPlace;
use super::side::Side;
use crate::facts::metric::Catalogue;
use crate::facts::month::MonthFacts;
use crate::rules::bundle::Rule;

/// The rules tried that have not run yet on one thread, by their places in its memory.
#[derive(Clone, Debug)]
pub struct Executed<'a>(BTreeMap<usize, &'a Rule>);

impl<'a> Executed<'a> {
    /// Nothing has run yet.
    pub fn of(side: &'a Side) -> Self {
        Self(side.rules().collect())
    }

    /// Takes inputs that a rule has not met before; they can come again.
    pub fn meet(&mut self, slot: usize, _catalogue: &Catalogue, _facts: &MonthFacts) {
        self.0.remove(&slot);
    }

    /// The places that never ran.
    pub fn never(&self) -> BTreeSet<ScriptPlace> {
        self.0.values().map(|rule| ScriptPlace::from(&rule.declared)).collect()
    }
}
