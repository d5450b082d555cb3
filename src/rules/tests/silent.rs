//! What the language itself would let pass without a word.

use rust_decimal::Decimal;

use super::*;

#[test]
fn what_would_be_silently_wrong_is_a_finding() {
    for (body, code) in [
        ("if 1 < deliveries < 10 { 5 } else { 0 }", "chained-comparison"),
        ("if deliveries == 4 == 1 { 5 } else { 0 }", "chained-comparison"),
        ("if deliveries == \"4\" { 5 } else { 0 }", "mixed-comparison"),
        ("if \"90\" > 80 { 5 } else { 0 }", "mixed-comparison"),
        ("if () > 3 { 5 } else { 0 }", "mixed-comparison"),
        ("if true == 1 { 5 } else { 0 }", "mixed-comparison"),
        ("if deliveries == () { 5 } else { 0 }", "mixed-comparison"),
        ("if applies(deliveries) == 1 { 5 } else { 0 }", "mixed-comparison"),
        ("switch deliveries { 4 => 5, _ => 0 }", "not-allowed"),
        ("if deliveries in [1, 4] { 5 } else { 0 }", "not-allowed"),
        ("deliveries ?? 5", "not-allowed"),
        ("deliveries?.x", "not-allowed"),
        ("deliveries.min(3)", "not-allowed"),
        ("let m = #{a: 1}; 5", "not-allowed"),
        ("let a = [1, 2]; a[0]", "not-allowed"),
        ("2 ** 3", "not-allowed"),
        ("2 ^ 3", "not-allowed"),
        ("while true { } 5", "not-allowed"),
        ("if deliveries > 9 { min(1) } else { 5 }", "argument-count"),
        ("if deliveries > 9 { share(1) } 5 } fn share(a, b) { a", "argument-count"),
        ("if deliveries > 9 { mni(1, 2) } else { 5 }", "unknown-function"),
        ("0.333333333333333333333333333333333333333333333333333333333333", "too-precise"),
        ("min（1， 2)", "full-width"),
        ("note(“早”); 5", "full-width"),
        ("5 } fn score(late) { 6", "duplicate-score"),
        ("5 } fn score(deliveries, late) { 6", "duplicate-score"),
        ("5 } let x = 3; fn y() { 1", "outside-function"),
        ("5 } fn min(a, b) { 1", "redefined"),
    ] {
        let finding = finding(&format!("fn score(deliveries) {{ {body} }}"));
        assert_eq!(finding.code, code, "{body}: {finding}");
        assert!(finding.place.line.is_some(), "{body}: {finding}");
    }
}

#[test]
fn what_cannot_be_seen_fails_when_it_runs() {
    for (body, part) in [
        (
            "let x = \"4\"; if deliveries == x { 5 } else { 0 }",
            "'==' takes two numbers, but was given a number and text",
        ),
        ("let x = \"90\"; if x > deliveries { 5 } else { 0 }", "'>' takes two numbers"),
        ("let x = true; if x == deliveries { 5 } else { 0 }", "true or false and a number"),
        ("let x = if deliveries > 9 { 1 }; if x > 3 { 5 } else { 0 }", "nothing"),
        ("let x = [1]; if x == deliveries { 5 } else { 0 }", "a list"),
        ("if deliveries { 5 } else { 0 }", "need a condition, but this is a number"),
        ("if !deliveries { 5 } else { 0 }", "'!' takes true or false"),
        ("if deliveries > 3 && deliveries { 5 } else { 0 }", "need a condition"),
        ("item(5, 3, 4); 5", "write item(max, value, \"name\")"),
        ("item(5, 6, \"考试\"); 5", "'考试' gives 6 points, outside 0 to 5"),
        ("item(5, -1, \"考试\"); 5", "'考试' gives -1 points, outside 0 to 5"),
        ("item(5, 6, \"考试\", 5.5); 5", "outside 0 to 5.5"),
        ("skip(\"没有考试\"); 5", "write return skip(…)"),
        ("bonus(101, \"x\"); 5", "at most 100 points"),
        ("round(2.5, 1.5)", "0 to 10 places"),
        ("11", "outside 0 to 10"),
        ("\"5\"", "score has to end in its points"),
    ] {
        let message = failure(&format!("fn score(deliveries) {{ {body} }}"));
        assert!(message.contains(part), "{body}: {message}");
        assert!(message.starts_with("a/rule.rhai:1:"), "{body}: {message}");
    }
}

#[test]
fn a_missing_value_never_goes_unnoticed() {
    for body in [
        "skip(late)",
        "note(`迟到 ${late} 次`); 5",
        "let text = `${late}`; 5",
        "item(5, late, \"x\"); 5",
        "-late",
        "late",
        "!late",
        "if applies(late) { 5 } else { 0 }",
        "lin(late, 5, 0, 10)",
        "ratio(1, late)",
        "band(late, [[1, 2]])",
        "late + 1",
        "late == late",
    ] {
        let message = failure(&format!("fn score(late) {{ {body} }}"));
        let expected = "缺少迟到（late）：本月销售系统数据尚未到齐";
        assert!(message.contains(expected), "{body}: {message}");
    }
    let bundle = compile("fn score(deliveries) { deliveries }").unwrap();
    let result = run_bundle(&bundle, &[("deliveries", None)]);
    assert_eq!(reasons(&bundle, &result), ["缺少交车台数，不适用"]);
    let bundle = compile("fn score(deliveries) { if deliveries { 5 } else { 0 } }").unwrap();
    let failure = run_bundle(&bundle, &[("deliveries", None)]).failure.unwrap();
    assert!(failure.contains("this is N/A; ask applies(…) first"), "{failure}");
    let bundle = compile("fn score(deliveries) { -deliveries }").unwrap();
    let failure = run_bundle(&bundle, &[("deliveries", None)]).failure.unwrap();
    assert!(failure.contains("N/A (缺少交车台数) cannot be used with '-'"), "{failure}");
}

#[test]
fn constants_stand_at_the_top_of_a_script() {
    let script = "const FULL = 8;\nconst LABEL = \"交车\";\nconst LESS = -0.5;\n\
        fn score(deliveries) { item(10, points(deliveries), LABEL); scaled() }\n\
        fn points(n) { min(n, FULL) + LESS + FULL / 2 }";
    let bundle = compile(script).unwrap();
    let result = run_bundle(&bundle, &[("deliveries", Some(4))]);
    assert_eq!(result.score, Some(Decimal::new(750, 2)), "{result:?}");
    assert_eq!(reasons(&bundle, &result), ["交车，得 7.5 分"]);
    for script in [
        "const deliveries = 9;\nfn score(deliveries) { deliveries }",
        "const FULL = 9;\nfn score(deliveries) { let FULL = 1; deliveries + FULL }",
        "const FULL = 9;\nconst FULL = 8;\nfn score(deliveries) { deliveries + FULL }",
    ] {
        let finding = finding(script);
        assert_eq!((finding.code, finding.place.line), ("redefined", Some(1)), "{finding}");
    }
    assert_eq!(finding("const FULL = 1 + 1; fn score(deliveries) { deliveries }").code, "outside-function");
    assert_eq!(
        finding("const FULL = 1; fn score(deliveries) { deliveries + FUL }").suggestion.unwrap(),
        "did you mean 'FULL'?"
    );
}

#[test]
fn a_misspelt_signature_is_reported_where_it_is() {
    let misspelt = finding("// fn score(deliverys)\nfn score(deliverys) {\n    deliveries\n}");
    assert_eq!(
        (misspelt.code, misspelt.place.line, misspelt.place.column),
        ("unknown-name", Some(2), Some(10))
    );
    assert_eq!(misspelt.suggestion.unwrap(), "did you mean 'deliveries'?");
    let absent = finding("fn score(deliveries) {\n    deliveries - late\n}");
    assert_eq!((absent.code, absent.place.line), ("unknown-name", Some(2)));
    assert!(absent.suggestion.unwrap().contains("add 'late' there"));
}

#[test]
fn files_are_read_as_editors_write_them() {
    assert!(Bundle::compile(files("\u{feff}fn score(deliveries) { deliveries }".as_bytes())).is_ok());
    let findings = Bundle::compile(files(b"fn score(deliveries) { \xd6\xd0 }")).unwrap_err();
    let codes = findings.iter().map(|finding| finding.code).collect::<Vec<_>>();
    assert_eq!(codes, ["not-utf8"]);
}
