//! What rules came to before. A rule is a pure function of its inputs, and in a month many people share them: most have
//! no complaint and were never late. What is remembered is what running the rule again would give, to the last digit.

use std::collections::HashMap;
use std::sync::Arc;

use super::bundle::{Rule, Scheme};
use super::check::Argument;
use super::sandbox::Optimisation;
use super::scoring::{Outcome, RuleResult};
use crate::ledger::month::{MonthFacts, Value};

/// Most results kept of one rule. A rule whose inputs hardly ever repeat fills it again and again, which costs little.
const LIMIT: usize = 512;

/// A rule's inputs, exactly: `25.5` and `25.50` are two.
type Inputs = Vec<(u8, [u8; 16])>;

/// The results of one rule for inputs met before. Not shared: every thread has its own.
#[derive(Debug, Default)]
pub struct Memory(HashMap<Inputs, Arc<RuleResult>>);

impl Memory {
    /// What `rule`, always the same one, comes to, and whether it was run because its inputs are new.
    pub fn result(&mut self, rule: &Rule, facts: &MonthFacts) -> (Arc<RuleResult>, bool) {
        let inputs = inputs(rule, facts);
        if let Some(result) = self.0.get(&inputs) {
            return (Arc::clone(result), false);
        }
        let result = Arc::new(rule.run(facts, Optimisation::Simple));
        // A failure can come from the time a rule took, so it is nobody else's.
        if result.outcome != Outcome::Failed {
            if self.0.len() >= LIMIT {
                self.0.clear();
            }
            self.0.insert(inputs, Arc::clone(&result));
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

    /// The result of every rule of `scheme`, run only where its inputs are new.
    pub fn results(&mut self, scheme: &Scheme, facts: &MonthFacts) -> Vec<Arc<RuleResult>> {
        let rules = scheme.rules.iter().zip(&mut self.0);
        rules.map(|(rule, memory)| memory.result(rule, facts).0).collect()
    }
}

fn inputs(rule: &Rule, facts: &MonthFacts) -> Inputs {
    rule.arguments
        .iter()
        .filter_map(|(_, argument)| match argument {
            Argument::Metric(id) => Some(match facts.get(*id) {
                Value::Given(number) => (0, number.serialize()),
                Value::Missing => (1, [0; 16]),
                Value::Unreported => (2, [0; 16]),
            }),
            // The same for everybody.
            Argument::Parameter(_) => None,
        })
        .collect()
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
                    let anew = scheme.score(&facts, Optimisation::Simple);
                    prop_assert_eq!(scheme.score_remembering(&facts, &mut memo), anew);
                }
            }
        }
    }
}
