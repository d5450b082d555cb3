//! What looks right and is not: points that do not count, texts that cannot be kept, numbers that would be cut, schemes
//! that do not fit beside each other. Each is found before anybody is scored.

use super::*;
use crate::rules::verdict::judge;

/// What is found of a script: codes with `!` for errors.
fn judged(script: &str) -> Vec<String> {
    codes(judge(files(script.as_bytes())).1.findings)
}

fn codes(findings: Vec<Finding>) -> Vec<String> {
    let mark = |finding: &Finding| if finding.severity == Severity::Error { "!" } else { "" };
    // That a rule without care for missing data can fail is another matter, where that is a warning.
    // So is that a rule of a few words does not give all of its points.
    let is_other = |finding: &&Finding| {
        finding.severity == Severity::Error || !["can-fail", "unreached-maximum"].contains(&finding.code)
    };
    let others = findings.iter().filter(is_other);
    others.map(|finding| format!("{}{}", finding.code, mark(finding))).collect()
}

#[track_caller]
fn assert_among(script: &str, code: &str) {
    let found = judged(script);
    assert!(found.iter().any(|one| one == code), "{script}: {found:?}");
}

fn with_scheme(from: &str, to: &str) -> Vec<String> {
    assert!(SCHEME.contains(from), "{from}");
    let mut files = files(b"fn score(deliveries) { item(10, lin(deliveries, 0, 10, 10), \"x\"); scaled() }");
    files.insert("a/scheme.toml".to_owned(), SCHEME.replacen(from, to, 1).into());
    codes(judge(files).1.findings)
}

#[test]
fn a_number_is_never_quietly_unlike_a_text() {
    for script in [
        "const LEVEL = \"5\";\nfn score(deliveries) {\n    if LEVEL == 5 { min(deliveries, 9) } else { 2 }\n}",
        "const LEVEL = \"5\";\nfn score(deliveries) {\n    if LEVEL != deliveries { 2 } else { 3 }\n}",
        "const LEVEL = \"5\";\nfn score(deliveries) {\n    if 5 >= LEVEL { min(deliveries, 9) } else { 2 }\n}",
    ] {
        assert_among(script, "mixed-comparison!");
    }
    // What the static check cannot follow fails at every point, with data, and that is an error.
    let hidden = "fn score(deliveries) {\n    let level = \"5\";\n    if level == 5 { min(deliveries, 9) } else { 2 }\n}";
    assert_among(hidden, "can-fail!");
}

#[test]
fn a_rule_that_fails_wherever_there_is_data_is_an_error() {
    for script in [
        "fn score(deliveries) {\n    if !applies(deliveries) { return skip(\"x\"); }\n    deliveries + \"x\" - 1\n}",
        "fn score(deliveries) {\n    let rate = ratio(deliveries, 0);\n    if !applies(deliveries) { return skip(rate); }\n    rate * 10\n}",
    ] {
        assert_among(script, "can-fail!");
    }
}

#[test]
fn points_that_do_not_count_are_found() {
    for (body, code) in [
        ("item(10, min(deliveries, 10), \"x\");\n10", "items-sum!"),
        ("item(5, min(deliveries, 5), \"x\");\nitem(5, 5, \"y\");\nmin(deliveries, 5)", "items-sum!"),
        ("item(10, min(deliveries, 10), \"x\");\nremaining()", "no-effect!"),
        (
            "item(5, min(deliveries, 5), \"x\");\nlet points = scaled();\nitem(5, 5, \"y\");\npoints",
            "no-effect!",
        ),
        (
            "deduct(1, \"x\");\nlet points = remaining();\ndeduct(min(deliveries, 3), \"y\");\npoints",
            "no-effect!",
        ),
        ("if deliveries > 5 { item(9, 9, \"x\"); } else { item(10, 3, \"y\"); }\nscaled()", "items-sum"),
        ("item(10, lin(deliveries, 0, 10, 5), \"x\");\nscaled()", "items-sum"),
        ("item(10, band(deliveries, [[5, 3], [9, 8]]), \"x\");\nscaled()", "items-sum"),
        ("max(10, 10 - deliveries)", "constant-points"),
        ("band(deliveries, [])", "unreachable!"),
        ("max(0, 10 - deliveries)", "reversed-scale"),
        ("if deliveries > 20 { 3 } else { 5 }", "reversed-scale"),
        (
            "let n = 0;\nif deliveries >= 1 && deliveries <= 5 { n += 2; }\nif deliveries >= 5 && deliveries <= 9 { n += 3; }\nn",
            "overlapping-bands",
        ),
        ("if deliveries / late > 85 { 5 } else { min(deliveries, 4) }", "suspicious-rate"),
        ("if ratio(deliveries, late) * 100 >= 0.85 { 5 } else { 3 }", "suspicious-rate"),
    ] {
        assert_among(&format!("fn score(deliveries, late) {{\n{body}\n}}"), code);
    }
}

#[test]
fn what_counts_is_left_alone() {
    for script in [
        "fn score(deliveries) {\n    item(5, min(deliveries, 5), \"x\");\n    item(5, 5, \"y\");\n    min(deliveries, 5) + 5\n}",
        "fn score(late) {\n    if late > 5 { item(10, 0, \"迟到\"); return 0; }\n    deduct(late, \"x\");\n    remaining()\n}",
        "fn score(deliveries, late) {\n    if applies(deliveries) { item(5, min(deliveries, 5), \"x\"); }\n    item(5, max(0, 5 - late), \"y\");\n    scaled()\n}",
        "fn score(late) {\n    max(0, 10 - late)\n}",
        "fn score(deliveries, late) {\n    item(10, lin(ratio(late, deliveries), 0.5, 0, 10), \"x\");\n    scaled()\n}",
        "fn score(late) {\n    if late > 3 { deduct(1, \"a\"); }\n    if late > 5 { deduct(1, \"b\"); }\n    remaining()\n}",
    ] {
        assert_eq!(judged(script), Vec::<String>::new(), "{script}");
    }
}

#[test]
fn texts_that_cannot_be_kept_are_refused() {
    for text in ["\\x00", "a\\x07b", "\u{202e}5", "\\u202e", "\u{2067}"] {
        let script = format!("fn score(deliveries) {{\n    note(\"{text}\");\n    min(deliveries, 9)\n}}");
        assert_among(&script, "bad-text!");
        // Back-ticks take everything as it is.
        if !text.contains('\\') {
            let script = format!("fn score(late) {{\n    note(`{text}${{late}}`);\n    min(late, 9)\n}}");
            assert_among(&script, "bad-text!");
        }
    }
    assert_among(
        "const X = \"\\x00\";\nfn score(deliveries) {\n    note(X);\n    min(deliveries, 9)\n}",
        "bad-text!",
    );
    for (from, to) in [
        ("zh = \"规则\"", "zh = \"规\\u0000则\""),
        ("name = \"S\"", "name = \"S\\u202E\""),
        ("title = { zh = \"甲\"", "title = { zh = \"甲\\u0007\""),
    ] {
        assert_eq!(with_scheme(from, to), ["bad-text!"], "{to}");
    }
    let mut files = files(b"fn score(deliveries) { min(deliveries, 9) }");
    files.insert(
        "metrics.toml".to_owned(),
        CATALOGUE.replacen("unit = \"台\"", "unit = \"\\u0000\"", 1).into(),
    );
    assert_eq!(codes(judge(files).1.findings), ["bad-text!"]);
}

#[test]
fn what_the_columns_cannot_hold_is_refused_and_never_rounded() {
    for (from, to) in [
        ("coefficient = 1", "coefficient = 20000"),
        ("coefficient = 1", "coefficient = 1.105"),
        ("max = 10", "max = 20000"),
        ("max = 10", "max = 10\nceiling = 2000"),
        ("total_cap = 105", "total_cap = 10000"),
        ("total_cap = 105", "total_cap = 105.005"),
        ("min_applicable = 0", "min_applicable = 0.001"),
    ] {
        assert!(with_scheme(from, to).contains(&"scheme!".to_owned()), "{to}: {:?}", with_scheme(from, to));
    }
    // A float would keep fifteen digits of these, and say nothing.
    for number in ["1.00000000000000000001", "0.1234567890123456789", "1.1_000_000_000_000_000_001"] {
        let found = with_scheme("coefficient = 1", &format!("coefficient = {number}"));
        assert!(found.iter().any(|code| code == "too-precise!" || code == "toml!"), "{number}: {found:?}");
    }
    for number in ["1.10", "1.1e0", "+1.5", "\"1.2\""] {
        assert_eq!(with_scheme("coefficient = 1", &format!("coefficient = {number}")), Vec::<String>::new());
    }
    let rule = |index: usize| format!("[[rule]]\nid = \"r{index}\"\nzh = \"规\"\nen = \"R\"\nmax = 1\n");
    let many = (0..99).map(rule).collect::<String>();
    assert!(with_scheme("[[grade]]", &format!("{many}[[grade]]")).contains(&"too-large!".to_owned()));
}

#[test]
fn two_vetoes_by_one_metric_have_each_an_effect() {
    let veto = |least: u8, cap: &str| {
        format!("[[veto]]\nmetric = \"late\"\nat_least = {least}\ncap = \"{cap}\"\nzh = \"迟\"\nen = \"L\"\n")
    };
    let grades = "min = 90\ncoefficient = 1\n[[grade]]\nname = \"B\"\nmin = 50\ncoefficient = 0.8\n\
                  [[grade]]\nname = \"D\"\nmin = 0\ncoefficient = 0.5\n";
    let found =
        |one: String, two: String| with_scheme("min = 0\ncoefficient = 1\n", &format!("{grades}{one}{two}"));
    assert_eq!(found(veto(1, "B"), veto(3, "D")), Vec::<String>::new());
    for (one, two) in
        [(veto(1, "B"), veto(1, "D")), (veto(1, "D"), veto(3, "B")), (veto(3, "D"), veto(1, "D"))]
    {
        assert_eq!(found(one, two), ["unreachable!"]);
    }
}

/// A weight is one number: script and cases follow it.
#[test]
fn a_rule_asks_for_its_own_maximum() {
    let script = "fn score(late, max) {\n    item(max, max(0, max - late), \"迟到\");\n    scaled()\n}";
    let cases = "[parameters]\nmax = 10\n[[case]]\nname = \"三次\"\nfacts = { late = 3 }\nscore = 7\n";
    for weight in ["10", "12.5", "8"] {
        let mut files = files(script.as_bytes());
        files.insert("a/rule.cases.toml".to_owned(), cases.into());
        files.insert(
            "a/scheme.toml".to_owned(),
            SCHEME.replacen("max = 10", &format!("max = {weight}"), 1).into(),
        );
        let (bundle, verdict) = judge(files);
        assert_eq!(codes(verdict.findings), Vec::<String>::new(), "{weight}");
        let result = run_bundle(&bundle.unwrap(), &[("late", Some(2))]);
        assert_eq!(
            result.score.unwrap(),
            weight.parse::<rust_decimal::Decimal>().unwrap() - rust_decimal::Decimal::TWO
        );
    }
}

#[test]
fn nobody_can_hold_a_misspelt_position_and_one_is_left_out_only_in_words() {
    assert_eq!(with_scheme("\"sales_consultant\"", "\"sales_consultent\""), ["scheme!"]);
    let script = b"fn score(deliveries) { min(deliveries, 9) }";
    let unscored = |text: &str| {
        let mut files = files(script);
        files.insert("unscored.toml".to_owned(), text.into());
        codes(judge(files).1.findings)
    };
    let entry = |position: &str, reason: &str| {
        format!("[[unscored]]\nposition = \"{position}\"\nreason = \"{reason}\"\n")
    };
    assert_eq!(unscored(&entry("clerk", "不参加评分")), Vec::<String>::new());
    for text in [entry("clark", "x"), entry("clerk", " "), entry("sales_consultant", "x")] {
        assert_eq!(unscored(&text), ["scheme!"], "{text}");
    }
    let before = files(script);
    let after = |text: &str| {
        let mut files = Files::new();
        for (path, content) in &before {
            files.insert(path.replace("a/", "b/"), content.clone());
        }
        files.insert("b/scheme.toml".to_owned(), SCHEME.replace("sales_consultant", "clerk").into());
        files.insert("unscored.toml".to_owned(), text.into());
        Bundle::compile(files).unwrap()
    };
    let lost = crate::rules::vanished::vanished(&before, &after(""));
    assert_eq!(codes(lost), ["position-vanished!"]);
    let told = after(&entry("sales_consultant", "并入其他岗位"));
    assert_eq!(crate::rules::vanished::vanished(&before, &told), []);
}

#[test]
fn what_leaders_read_of_others_is_computed_for_leaders_and_within_bounds() {
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let shipped = Bundle::load(&shipped).unwrap().files;
    let changed = |path: &str, change: &dyn Fn(&str) -> String| {
        let mut files = shipped.clone();
        let text = String::from_utf8(files[path].clone()).unwrap();
        let new = change(&text);
        assert_ne!(new, text);
        files.insert(path.to_owned(), new.into_bytes());
        codes(Bundle::compile(files).map(|bundle| bundle.warnings).unwrap_or_else(|findings| findings))
    };
    let cap = |text: &str| text.replacen("total_cap = 105", "total_cap = 110", 1);
    assert_eq!(changed("sales_consultant/scheme.toml", &cap), ["scheme!"]);
    // The leader's own total is read by nobody.
    assert_eq!(changed("team_leader/scheme.toml", &cap), Vec::<String>::new());
    let own = |text: &str| {
        text.replacen("fn score(", "fn score(own_total, ", 1).replacen(
            "{\n",
            "{\n    note(`${own_total}`);\n",
            1,
        )
    };
    assert_eq!(changed("sales_consultant/70_complaints.rhai", &own), ["not-computed!"]);
}
