//! Which statements are executed.

use super::*;
use crate::rules::coverage::Coverage;
use crate::rules::finding::SourcePlace;

const SCRIPT: &str = "fn score(deliveries) {\n    // { not code;\n    let rate = if deliveries > 5 { 1 } else { 0.5 };\n    \
    if deliveries == 0 {\n        return 0;\n    } else if deliveries < 3 {\n        note(`少 ${if deliveries > 1 { \"2\" } else { \"1\" }}`);\n    }\n    \
    (deliveries + 0) * rate\n}";

fn after(deliveries: &[i64]) -> (usize, usize, Vec<(usize, usize)>) {
    let bundle = compile(SCRIPT).unwrap();
    let rule = &bundle.schemes["a"].rules[0];
    let mut coverage = Coverage::of(rule);
    let mut facts = MonthFacts::complete(&bundle.catalogue, []);
    for number in deliveries {
        facts.set(bundle.catalogue.find("deliveries").unwrap(), Value::Given((*number).into()));
        coverage.run(&facts);
        let before = rule.run(&facts);
        coverage.run(&facts);
        assert_eq!(rule.run(&facts), before);
    }
    let missed =
        coverage.uncovered().iter().map(|place| (place.line.unwrap(), place.column.unwrap())).collect();
    (coverage.reached(), coverage.statements(), missed)
}

/// Lines: 3 let, and its two values; 4 if; 5 return; 7 note and the two texts in it; 9 the last value.
#[test]
fn statements_are_counted_and_placed() {
    assert_eq!(after(&[0, 1, 2, 4, 9]), (9, 9, Vec::new()));
    let (reached, statements, missed) = after(&[4]);
    assert_eq!((reached, statements), (4, 9));
    assert_eq!(missed, [(3, 36), (5, 9), (7, 9), (7, 39), (7, 52)]);
    assert_eq!(after(&[]).0, 0);
}

#[test]
fn a_run_that_fails_or_never_ends_counts_up_to_there() {
    for (script, reached) in [
        ("fn score(deliveries) {\n    let a = 1 / (deliveries - 4);\n    a\n}", 1),
        (
            "fn score(deliveries) {\n    endless(deliveries);\n    5\n}\nfn endless(n) {\n    endless(n + 1)\n}",
            2,
        ),
    ] {
        let bundle = compile(script).unwrap();
        let mut coverage = Coverage::of(&bundle.schemes["a"].rules[0]);
        let deliveries = bundle.catalogue.find("deliveries").unwrap();
        let facts = MonthFacts::complete(&bundle.catalogue, [(deliveries, 4.into())]);
        on_large_stack(|| coverage.run(&facts));
        assert_eq!((coverage.reached(), coverage.is_complete()), (reached, false), "{script}");
    }
}

#[test]
fn the_statement_begun_last_is_that_of_the_latest_run() {
    let script = "fn score(deliveries) {\n    if deliveries > 3 {\n        return 1;\n    }\n    5\n}";
    let bundle = compile(script).unwrap();
    let mut coverage = Coverage::of(&bundle.schemes["a"].rules[0]);
    let id = bundle.catalogue.find("deliveries").unwrap();
    let among = [(3, 9), (5, 5)].map(|(line, column)| SourcePlace::at("a/rule.rhai", line, column));
    assert_eq!(coverage.last_begun(&among), None);
    for (deliveries, line) in [(4, 3), (2, 5), (4, 3)] {
        coverage.run(&MonthFacts::complete(&bundle.catalogue, [(id, deliveries.into())]));
        assert_eq!(coverage.last_begun(&among).and_then(|place| place.line), Some(line));
    }
    assert_eq!(coverage.last_begun(&among[1..]).and_then(|place| place.line), Some(5));
}
