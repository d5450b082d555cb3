//! Rules tried at the edges of their inputs.

use super::*;
use crate::rules::verdict::{Verdict, judge};

fn verdict(script: &str) -> Verdict {
    judge(files(script.as_bytes())).1
}

#[test]
fn points_out_of_range_come_with_the_plainest_inputs() {
    let script = "fn score(deliveries, deliveries_target) {\n    let rate = ratio(deliveries, deliveries_target);\n    if !applies(rate) { return skip(rate); }\n    item(10, 10 * rate, \"销量\");\n    scaled()\n}";
    let verdict = verdict(script);
    assert_eq!(verdict.findings.len(), 1, "{:#?}", verdict.findings);
    let finding = &verdict.findings[0];
    assert_eq!((finding.code, finding.severity), ("out-of-range", Severity::Error));
    assert_eq!((finding.place.line, finding.place.column), (Some(4), Some(5)));
    // 2/1 is the plainest share above the whole.
    let expected =
        "with deliveries = 2, deliveries_target = 1: item: '销量' gives 20 points, outside 0 to 10";
    assert_eq!(finding.message, expected);
    assert!(!verdict.is_sound());
    assert!(verdict.bundle.is_some(), "a rule that fails for some can still be loaded");
}

#[test]
fn what_a_rule_returns_is_tried_too() {
    let verdict = verdict("fn score(late) {\n    let points = 10 - 2 * late;\n    points\n}");
    let told: Vec<_> = verdict.findings.iter().map(|finding| (finding.code, finding.place.line)).collect();
    assert_eq!(told, [("out-of-range", Some(3))]);
    let message = &verdict.findings[0].message;
    assert_eq!(message, "with late = 6: the rule gave -2 points, outside 0 to 10");
    assert!(super::compile("fn score(late) { 10 - 2 * late }").is_ok());
}

#[test]
fn failures_are_warnings_unless_nothing_else_happens() {
    for (script, code, severity, line, part) in [
        ("fn score(late) {\n    min(10, 10 / late)\n}", "can-fail", Severity::Warning, 2, "with late = 0: "),
        (
            "fn score(deliveries) {\n    min(10, deliveries + 1)\n}",
            "can-fail",
            Severity::Warning,
            2,
            "with no deliveries: N/A",
        ),
        (
            "fn score(late) {\n    note(`${late}`);\n}",
            "can-fail",
            Severity::Error,
            2,
            "score has to end in its points",
        ),
        (
            "fn score(late) {\n    deduct(late - 3, \"x\");\n    remaining()\n}",
            "out-of-range",
            Severity::Error,
            2,
            "with late = 0: ",
        ),
    ] {
        let findings = verdict(script).findings;
        let found = findings.iter().find(|finding| finding.code == code);
        let found = found.unwrap_or_else(|| panic!("{script}: {findings:#?}"));
        assert_eq!((found.severity, found.place.line), (severity, Some(line)), "{found}");
        assert!(found.message.starts_with(part) || found.message.contains(part), "{found}");
    }
}

#[test]
fn a_rule_that_holds_has_no_finding() {
    for script in [
        "fn score(deliveries, deliveries_target) {\n    item(10, lin(ratio(deliveries, deliveries_target), 0, 1, 10), \"x\");\n    scaled()\n}",
        "fn score(late) {\n    deduct(3 * late, \"x\");\n    remaining()\n}",
        "fn score(deliveries) {\n    item(10, band(deliveries, [[5, 3], [10, 10]]), \"x\");\n    scaled()\n}",
    ] {
        let verdict = verdict(script);
        assert!(verdict.findings.is_empty(), "{:#?}", verdict.findings);
        assert!(verdict.is_sound());
    }
}
