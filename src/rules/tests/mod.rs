//! Scripts that are hostile, or wrong in a way that would be silent: each has to end in a finding or a failure.

mod arbitrary;
mod checks;
mod coverage;
mod examples;
mod hostile;
mod languages;
mod meant;
mod misuse;
mod planted;
mod probing;
mod silent;

use super::bundle::{Bundle, Files};
use super::finding::{Finding, Severity};
use super::scoring::{Outcome, RuleResult};
use crate::http::Language;
use crate::ledger::month::{MonthFacts, Value};

const CATALOGUE: &str = r#"
[[source]]
name = "dms"
zh = "销售系统"
en = "DMS"
[[metric]]
name = "deliveries"
zh = "交车台数"
en = "Deliveries"
unit = "台"
kind = "count"
missing = "na"
source = "dms"
direction = "up"
step = 1
[[metric]]
name = "late"
zh = "迟到"
en = "Late"
unit = "次"
kind = "count"
missing = "zero"
source = "dms"
direction = "down"
step = 1
"#;

/// A scheme of one rule of 10 points.
pub(super) const SCHEME: &str = r#"
title = { zh = "甲", en = "A" }
position = "sales_consultant"
total_cap = 105
min_applicable = 0
[[rule]]
id = "rule"
zh = "规则"
en = "Rule"
max = 10
[[grade]]
name = "S"
min = 0
coefficient = 1
"#;

pub(super) fn files(script: &[u8]) -> Files {
    Files::from([
        ("metrics.toml".to_owned(), CATALOGUE.into()),
        ("a/scheme.toml".to_owned(), SCHEME.into()),
        ("a/rule.rhai".to_owned(), script.into()),
    ])
}

fn compile(script: &str) -> Result<Bundle, Vec<Finding>> {
    Bundle::compile(files(script.as_bytes()))
}

/// The only error of a script that cannot be used.
fn finding(script: &str) -> Finding {
    let mut findings = compile(script).map(|_| ()).expect_err(script);
    findings.retain(|finding| finding.severity == Severity::Error);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

/// What the script gives for 4 deliveries and no reported lateness, compiled both ways.
fn run(script: &str) -> RuleResult {
    let bundle = compile(script).unwrap_or_else(|findings| panic!("{script}: {findings:#?}"));
    run_bundle(&bundle, &[("deliveries", Some(4))])
}

fn facts_of(bundle: &Bundle, given: &[(&str, Option<i64>)]) -> MonthFacts {
    let catalogue = &bundle.catalogue;
    let mut facts = MonthFacts::with_sources(catalogue, [], &std::collections::HashSet::new());
    for (name, value) in given {
        let value = value.map_or(Value::Missing, |number| Value::Given(number.into()));
        facts.set(catalogue.find(name).unwrap(), value);
    }
    facts
}

/// What the script comes to as a program, what it comes to in the interpreter, and whether the program came to its end.
fn both_ways(bundle: &Bundle, given: &[(&str, Option<i64>)]) -> (RuleResult, RuleResult, bool) {
    let (facts, rule) = (facts_of(bundle, given), &bundle.schemes["a"].rules[0]);
    on_large_stack(|| {
        let is_program = rule.comes_to_its_end(&facts);
        (rule.run(&facts), rule.interpret(&facts), is_program)
    })
}

fn run_bundle(bundle: &Bundle, given: &[(&str, Option<i64>)]) -> RuleResult {
    let facts = facts_of(bundle, given);
    let rule = &bundle.schemes["a"].rules[0];
    let read = on_large_stack(|| rule.interpret(&facts));
    let compiled = on_large_stack(|| rule.run(&facts));
    assert_eq!(read, compiled);
    compiled
}

fn reasons(bundle: &Bundle, result: &RuleResult) -> Vec<String> {
    bundle.schemes["a"].rules[0].reasons(result, Language::Chinese)
}

fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let builder = std::thread::Builder::new().stack_size(super::sandbox::STACK_SIZE);
        builder.spawn_scoped(scope, work).unwrap().join().unwrap()
    })
}

fn failure(script: &str) -> String {
    let result = run(script);
    assert_eq!(result.outcome, Outcome::Failed, "{script}: {result:?}");
    result.failure.unwrap()
}
