//! One bundle as a backtest runs it on a store's month, in two rounds as `reviews::compute` does.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::months::{StoreMonth, StoredReview};
use crate::ledger::month::MonthFacts;
use crate::reviews::first_round::{FirstRound, Standing, reads_computed};
use crate::reviews::snapshot::stored::Damaged;
use crate::reviews::snapshot::translation::Translation;
use crate::rules::bundle::{Bundle, CATALOGUE_FILE, Rule, Scheme};
use crate::rules::memo::Memory;
use crate::rules::rule_identity::is_same_rule;
use crate::rules::scoring::Scored;

/// One bundle, with a place in a thread's memory for each of its rules.
#[derive(Debug)]
pub struct Side {
    /// The bundle.
    pub bundle: Arc<Bundle>,
    /// By position.
    parts: BTreeMap<String, Part>,
}

/// A scheme of a side.
#[derive(Debug)]
struct Part {
    scheme: Scheme,
    /// Each rule's place in memory.
    slots: Vec<usize>,
    /// Scored in the second round, because it reads what the first one gave.
    is_later: bool,
}

/// What a thread remembers: a memory for each rule, of which the sides share those that they have in common.
pub type Memories = [Memory];

impl Side {
    /// A side whose rules have the memories from `first` on.
    pub fn new(bundle: Arc<Bundle>, first: usize) -> Self {
        let mut next = first;
        let mut parts = BTreeMap::<String, Part>::new();
        for scheme in bundle.schemes.values() {
            // Of several schemes for a position the first one counts.
            if !parts.contains_key(&scheme.file.position) {
                let slots = (next..).take(scheme.rules.len()).collect();
                next += scheme.rules.len();
                let is_later = reads_computed(&bundle.catalogue, scheme);
                parts.insert(scheme.file.position.clone(), Part { scheme: scheme.clone(), slots, is_later });
            }
        }
        Self { bundle, parts }
    }

    /// Lets the rules that `first` has too remember together with it. `first` has to score a month before this side
    /// does, so that it is the one that meets new inputs.
    #[must_use]
    pub fn sharing(mut self, first: &Self) -> Self {
        for (position, part) in &mut self.parts {
            let Some(other) = first.parts.get(position) else { continue };
            // What a second round reads can differ between the sides.
            if part.is_later || other.is_later {
                continue;
            }
            for (rule, slot) in part.scheme.rules.iter().zip(&mut part.slots) {
                let mut candidates = other.scheme.rules.iter().zip(&other.slots);
                let same = candidates
                    .find(|(candidate, _)| is_same_rule((&self.bundle, rule), (&first.bundle, candidate)));
                if let Some((_, shared)) = same {
                    *slot = *shared;
                }
            }
        }
        self
    }

    /// How many memories its rules need beyond those before it.
    pub fn memories(&self) -> usize {
        self.slots().max().map_or(0, |last| last + 1)
    }

    fn slots(&self) -> impl Iterator<Item = usize> {
        self.parts.values().flat_map(|part| &part.slots).copied()
    }

    /// Every rule that scores somebody, with its place in memory.
    pub fn rules(&self) -> impl Iterator<Item = (usize, &Rule)> {
        self.parts.values().flat_map(|part| part.slots.iter().copied().zip(&part.scheme.rules))
    }

    /// The scheme that scores a position.
    pub fn scheme(&self, position: &str) -> Option<&Scheme> {
        self.parts.get(position).map(|part| &part.scheme)
    }

    /// Whether the two sides read inputs in the same way.
    pub fn reads_like(&self, other: &Self) -> bool {
        self.bundle.files.get(CATALOGUE_FILE) == other.bundle.files.get(CATALOGUE_FILE)
    }

    /// The facts of a month's reviews as this side reads them.
    pub fn facts(&self, month: &StoreMonth) -> Result<Vec<MonthFacts>, Damaged> {
        let mut readers = HashMap::<&str, Translation<'_>>::new();
        let mut facts = Vec::with_capacity(month.reviews.len());
        for review in &month.reviews {
            let Some(bundle) = month.bundles.get(&review.bundle) else { continue };
            let reader = readers.entry(&review.bundle).or_insert_with(|| self.reader(bundle));
            facts.push(reader.read(&review.inputs)?);
        }
        Ok(facts)
    }

    /// How this side reads what was scored with `bundle`.
    fn reader<'a>(&'a self, bundle: &'a Bundle) -> Translation<'a> {
        match bundle.files.get(CATALOGUE_FILE) == self.bundle.files.get(CATALOGUE_FILE) {
            true => Translation::none(&self.bundle.catalogue),
            false => Translation::new(&bundle.catalogue, &self.bundle.catalogue),
        }
    }

    /// Scores a month's reviews; none where no scheme scores the position. `meet` is told of inputs that a rule has just
    /// run for, with the rule's place in memory; inputs that were forgotten can come again.
    pub fn score(
        &self,
        month: &StoreMonth,
        facts: &[MonthFacts],
        memories: &mut Memories,
        mut meet: impl FnMut(usize, &MonthFacts),
    ) -> Vec<Option<Scored>> {
        let mut first_round = FirstRound::default();
        let mut scored: Vec<Option<Scored>> = Vec::with_capacity(month.reviews.len());
        let mut later: Vec<(usize, &StoredReview, &Part, &MonthFacts)> = Vec::new();
        for (index, (review, facts)) in month.reviews.iter().zip(facts).enumerate() {
            let result = match self.parts.get(&review.position) {
                Some(part) if part.is_later => {
                    later.push((index, review, part, facts));
                    None
                }
                Some(part) => {
                    let result = self.one(part, facts, memories, &mut meet);
                    first_round.add(review.employee_id, review.unit_id, &Standing::from(&result));
                    Some(result)
                }
                None => None,
            };
            scored.push(result);
        }
        for (index, review, part, facts) in later {
            let mut facts = facts.clone();
            first_round.lead(&self.bundle.catalogue, review.employee_id, review.unit_id, &mut facts);
            let result = self.one(part, &facts, memories, &mut meet);
            if let Some(place) = scored.get_mut(index) {
                *place = Some(result);
            }
        }
        scored
    }

    fn one(
        &self,
        part: &Part,
        facts: &MonthFacts,
        memories: &mut Memories,
        meet: &mut impl FnMut(usize, &MonthFacts),
    ) -> Scored {
        let mut results = Vec::with_capacity(part.scheme.rules.len());
        for (rule, slot) in part.scheme.rules.iter().zip(&part.slots) {
            let Some(memory) = memories.get_mut(*slot) else { continue };
            let (result, is_new) = memory.result(rule, facts);
            if is_new {
                meet(*slot, facts);
            }
            results.push(result);
        }
        part.scheme.total(facts, results)
    }
}
