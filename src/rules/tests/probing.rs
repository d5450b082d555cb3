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

/// What is found of a script with the shipped metrics: code, line and sentence.
fn told(script: &str) -> Vec<(&'static str, usize, String)> {
    told_in(SCHEME, script)
}

fn told_in(scheme: &str, script: &str) -> Vec<(&'static str, usize, String)> {
    let files = Files::from([
        ("metrics.toml".to_owned(), include_bytes!("../../../rules/metrics.toml").as_slice().into()),
        ("a/scheme.toml".to_owned(), scheme.into()),
        ("a/rule.rhai".to_owned(), script.into()),
    ]);
    let findings = judge(files).1.findings;
    findings.into_iter().map(|found| (found.code, found.place.line.unwrap_or(0), found.message)).collect()
}

/// The only finding is `out-of-range` on that line, with exactly that sentence.
fn only_beyond(script: &str, line: usize, message: &str) {
    assert_eq!(told(script), [("out-of-range", line, message.to_owned())], "{script}");
}

/// 10 less 4 three times is -2, less 3 four times too; no two of them take the points below 0. Expected are the least
/// numbers, the first input's before the second's, whose deductions come to more than 10.
#[test]
fn inputs_that_only_together_go_too_far() {
    only_beyond(
        "fn score(late, early_leave, severe_late) {\n    10 - min(4, late) - min(4, early_leave) - min(4, severe_late)\n}",
        2,
        "with late = 3, early_leave = 4, severe_late = 4: the rule gave -1 points, outside 0 to 10",
    );
    only_beyond(
        "fn score(late, early_leave, severe_late, missed_punches) {\n    10 - min(3, late) - min(3, early_leave) - min(3, severe_late) - min(3, missed_punches)\n}",
        2,
        "with late = 2, early_leave = 3, severe_late = 3, missed_punches = 3: the rule gave -1 points, outside 0 to 10",
    );
    only_beyond(
        "fn score(late, early_leave, severe_late) {\n    let x = 10;\n    if late > 0 { x = x - 4; }\n    if early_leave > 0 { x = x - 4; }\n    if severe_late > 0 { x = x - 4; }\n    x\n}",
        6,
        "with late = 1, early_leave = 1, severe_late = 1: the rule gave -2 points, outside 0 to 10",
    );
    only_beyond(
        "fn score(late, uniform_violations, five_s_repeats) {\n    10 - band(late, [[3, 4]]) - band(uniform_violations, [[2, 4]]) - band(five_s_repeats, [[5, 4]])\n}",
        2,
        "with late = 3, uniform_violations = 2, five_s_repeats = 5: the rule gave -2 points, outside 0 to 10",
    );
    only_beyond(
        "fn score(late, early_leave, severe_late) {\n    if late >= 3 && early_leave >= 2 && severe_late >= 1 { return 12; }\n    10\n}",
        2,
        "with late = 3, early_leave = 2, severe_late = 1: the rule gave 12 points, outside 0 to 10",
    );
    // Neither the ends nor one input alone: each has to be exactly its number, and a search has to lead there.
    only_beyond(
        "fn score(late, early_leave, severe_late) {\n    let x = 10;\n    if late == 5 { x = x - 4; }\n    if early_leave == 7 { x = x - 4; }\n    if severe_late == 6 { x = x - 4; }\n    x\n}",
        6,
        "with late = 5, early_leave = 7, severe_late = 6: the rule gave -2 points, outside 0 to 10",
    );
}

#[test]
fn two_inputs_each_at_its_own_number() {
    only_beyond(
        "fn score(late, early_leave) {\n    if late == 5 && early_leave == 7 {\n        return 12;\n    }\n    10\n}",
        3,
        "with late = 5, early_leave = 7: the rule gave 12 points, outside 0 to 10",
    );
    let told_of = told(
        "fn score(late, early_leave) {\n    if late == 7 && early_leave == 3 {\n        return 10 / (late - 7);\n    }\n    10\n}",
    );
    assert_eq!(told_of.len(), 1, "{told_of:#?}");
    assert_eq!((told_of[0].0, told_of[0].1), ("can-fail", 3));
    assert!(told_of[0].2.starts_with("with late = 7, early_leave = 3: "), "{told_of:#?}");
    let told_of = told(
        "fn score(late, early_leave) {\n    if late == 5 && early_leave == 7 {\n        let t = \"4\";\n        if t == late { return 3; }\n    }\n    10\n}",
    );
    let failing = told_of.iter().filter(|found| found.0 == "can-fail").collect::<Vec<_>>();
    assert_eq!(failing.len(), 1, "{told_of:#?}");
    assert_eq!(failing[0].1, 4);
    assert!(failing[0].2.starts_with("with late = 5, early_leave = 7: "), "{told_of:#?}");
}

/// The shipped attendance rule, changed in one line, with the line that its finding is to have.
#[test]
fn a_long_rule_is_told_of_the_line_that_gave_the_points() {
    let shipped = include_str!("../../../rules/sales_consultant/50_attendance.rhai");
    let parameter = "[[parameter]]\nname = \"attendance_floor\"\nzh = \"出勤线\"\nen = \"Floor\"\nvalue = 0.9\nmin = 0\nmax = 1\nstep = 0.01\n[[grade]]";
    let scheme = SCHEME.replace("[[grade]]", parameter);
    let remaining = 1 + shipped.lines().position(|line| line.trim() == "remaining()").unwrap();
    assert_eq!(told_in(&scheme, shipped), []);
    for (put, line, outcome) in [
        (
            "if late == 3 && early_leave == 2 {\n        return 12;\n    }\n    remaining()",
            remaining + 1,
            "the rule gave 12 points, outside 0 to 10",
        ),
        ("10 - late - 2 * severe_late", remaining, "points, outside 0 to 10"),
    ] {
        let told_of = told_in(&scheme, &shipped.replace("remaining()", put));
        let beyond = told_of.iter().filter(|found| found.0 == "out-of-range").collect::<Vec<_>>();
        let [(_, at, message)] = beyond.as_slice() else { panic!("{told_of:#?}") };
        // Which other inputs have to be there for that is the rule's business.
        assert!(*at == line && message.contains("late = ") && message.ends_with(outcome), "{told_of:#?}");
    }
}

#[test]
fn a_value_is_told_where_it_was_given() {
    for (script, code, line) in [
        (
            "fn score(deliveries, deliveries_target) {\n    let r = ratio(deliveries, deliveries_target);\n    if !applies(r) { return skip(r); }\n    r * 10\n}",
            "out-of-range",
            4,
        ),
        ("fn score(late) {\n    if late > 3 {\n        return 12;\n    }\n    10\n}", "out-of-range", 3),
        (
            "fn score(late) {\n    if late > 3 {\n        12\n    } else {\n        10\n    }\n}",
            "out-of-range",
            3,
        ),
        (
            "fn score(late) {\n    if late < 3 { return 10; }\n    steep(late)\n}\nfn steep(n) {\n    if n > 5 { return 12; }\n    10\n}",
            "out-of-range",
            3,
        ),
        ("fn score(late) {\n    if late > 3 {\n        return \"x\";\n    }\n    10\n}", "can-fail", 3),
    ] {
        let told_of = told(script);
        let lines = told_of.iter().filter(|found| found.0 == code).map(|found| found.1);
        assert_eq!(lines.collect::<Vec<_>>(), [line], "{script}\n{told_of:#?}");
    }
}

#[test]
fn two_faults_are_two_findings() {
    let above = "with late = 4: the rule gave 12 points, outside 0 to 10";
    // Nobody late, so that the first line is passed.
    let below = "with late = 0, early_leave = 3: the rule gave -3 points, outside 0 to 10";
    let told_of = told(
        "fn score(late, early_leave) {\n    if late > 3 { return 12; }\n    if early_leave > 2 { return -3; }\n    10\n}",
    );
    let expected = [("out-of-range", 2, above.to_owned()), ("out-of-range", 3, below.to_owned())];
    assert_eq!(told_of, expected);
    // 12 - late leaves the bounds both ways: above with nobody late, below from 13 on.
    let told_of = told("fn score(late) {\n    12 - late\n}");
    let sentences = told_of.iter().map(|found| (found.1, found.2.as_str())).collect::<Vec<_>>();
    assert!(sentences.iter().all(|(line, _)| *line == 2), "{told_of:#?}");
    assert!(sentences.iter().any(|(_, text)| text.contains("gave 12 points")), "{told_of:#?}");
    assert!(
        sentences.iter().any(|(_, text)| text.contains("with late = 13: the rule gave -1 points")),
        "{told_of:#?}"
    );
    assert_eq!(told_of.len(), 2);
}
