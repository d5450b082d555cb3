//! What rules came to before. A rule is a pure function of its inputs, and in a month many people share them: most have
//! no complaint and were never late. What is remembered is what running the rule again would give, to the last digit.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use super::bundle::{Bundle, Rule, Scheme};
use super::check::Argument;
use super::quick_hash::QuickHash;
use super::scoring::{Outcome, RuleResult};
use crate::ledger::month::{MonthFacts, Value};

/// Most results kept of one rule.
const LIMIT: usize = 512;
/// Of as many results as are kept, how many have to be asked for again; where fewer are, remembering takes longer than
/// to run the rule.
const WORTHWHILE: usize = LIMIT / 8;
/// What stands for a value that is missing, and for one that is not reported; no number looks like them.
const MISSING: u128 = u128::MAX;
const UNREPORTED: u128 = u128::MAX - 1;

/// A rule's inputs, exactly: `25.5` and `25.50` are two.
type Inputs = Box<[u128]>;

/// What a rule came to, and how that was written down.
#[derive(Debug)]
struct Remembered {
    result: Arc<RuleResult>,
    written: Box<[u8]>,
}

/// The results of one rule for inputs met before. Not shared: every thread has its own.
#[derive(Debug, Default)]
pub struct Memory {
    results: HashMap<Inputs, Remembered, BuildHasherDefault<QuickHash>>,
    /// The inputs that are being looked for.
    inputs: Vec<u128>,
    /// How often a result was found since the memory was last empty.
    found: usize,
    /// Whether inputs hardly ever repeat.
    is_idle: bool,
}

impl Memory {
    /// What `rule`, always the same one, comes to, and whether it was run because its inputs are new.
    pub fn result(&mut self, rule: &Rule, facts: &MonthFacts) -> (Arc<RuleResult>, bool) {
        self.written(rule, facts, &mut Vec::new(), |_, _| ())
    }

    /// The same, with the result added to `out`: as `write`, always the same one, writes it, or as it did for these inputs before.
    fn written(
        &mut self,
        rule: &Rule,
        facts: &MonthFacts,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>, &RuleResult),
    ) -> (Arc<RuleResult>, bool) {
        if !self.is_idle {
            self.inputs.clear();
            self.inputs.extend(inputs(rule, facts));
            if let Some(Remembered { result, written }) = self.results.get(self.inputs.as_slice()) {
                self.found = self.found.saturating_add(1);
                out.extend_from_slice(written);
                return (Arc::clone(result), false);
            }
        }
        let begin = out.len();
        let result = Arc::new(rule.run(facts));
        write(out, &result);
        // A failure can come from the time a rule took, so it is nobody else's.
        if !self.is_idle && result.outcome != Outcome::Failed {
            if self.results.len() >= LIMIT {
                self.is_idle = self.found < WORTHWHILE;
                self.found = 0;
                self.results.clear();
            }
            let written = out.get(begin..).unwrap_or_default().into();
            let remembered = Remembered { result: Arc::clone(&result), written };
            self.results.insert(self.inputs.as_slice().into(), remembered);
        }
        (result, true)
    }
}

/// The results of one scheme's rules for inputs met before.
#[derive(Debug)]
pub struct Memo(Vec<Memory>);

impl Memo {
    /// An empty memory for the rules of `scheme`, of no use for any other.
    pub fn new(scheme: &Scheme) -> Self {
        Self(scheme.rules.iter().map(|_| Memory::default()).collect())
    }

    /// The result of every rule of `scheme`, run only where its inputs are new, and added to `out` one after the other: as
    /// `write`, always the same one, writes it, or as it did for the same inputs before.
    pub fn written(
        &mut self,
        scheme: &Scheme,
        facts: &MonthFacts,
        out: &mut Vec<u8>,
        write: impl Fn(&mut Vec<u8>, usize, &Rule, &RuleResult),
    ) -> Vec<Arc<RuleResult>> {
        let rules = scheme.rules.iter().zip(&mut self.0).enumerate();
        let results = rules.map(|(place, (rule, memory))| {
            memory.written(rule, facts, out, |out, result| write(out, place, rule, result)).0
        });
        results.collect()
    }
}

/// A memory for each scheme of one bundle; when another bundle comes it begins anew.
#[derive(Debug, Default)]
pub struct Memos {
    bundle: String,
    schemes: HashMap<String, Memo>,
}

impl Memos {
    /// That of a scheme of `bundle`.
    pub fn of(&mut self, bundle: &Bundle, scheme: &Scheme) -> &mut Memo {
        if self.bundle != bundle.hash {
            *self = Self { bundle: bundle.hash.clone(), schemes: HashMap::new() };
        }
        self.schemes.entry(scheme.name.clone()).or_insert_with(|| Memo::new(scheme))
    }
}

fn inputs<'a>(rule: &'a Rule, facts: &'a MonthFacts) -> impl Iterator<Item = u128> + 'a {
    rule.arguments.iter().filter_map(|(_, argument)| match argument {
        Argument::Metric(id) => Some(match facts.get(*id) {
            Value::Given(number) => u128::from_le_bytes(number.serialize()),
            Value::Missing => MISSING,
            Value::Unreported => UNREPORTED,
        }),
        // The same for everybody.
        Argument::Parameter(_) => None,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::*;
    use crate::rules::bundle::Bundle;

    fn shipped() -> Bundle {
        Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// People who share some inputs and not others, some of them unknown, one after the other with one memory.
        #[test]
        fn remembering_changes_nothing(people in prop::collection::vec(prop::collection::vec(0_u8..6, 60), 1..12)) {
            let bundle = shipped();
            for scheme in bundle.schemes.values() {
                let mut memo = Memo::new(scheme);
                for person in &people {
                    let given = bundle.catalogue.entries().zip(person.iter().cycle()).filter_map(
                        |((id, metric), digit)| {
                            let value = Decimal::from(*digit).clamp(metric.min, metric.max);
                            (*digit > 0).then_some((id, value))
                        },
                    );
                    let facts = MonthFacts::complete(&bundle.catalogue, given);
                    let anew = scheme.score(&facts);
                    let trace = scheme.write_trace(&anew.rules);
                    prop_assert_eq!(scheme.score_traced(&facts, &mut memo), (anew, trace));
                }
            }
        }
    }
}
