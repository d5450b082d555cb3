//! Scripts that are hostile, or wrong in a way that would be silent: each has to end in a finding or a failure.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::bundle::{Bundle, Files};
use super::finding::Finding;
use super::sandbox::Optimisation;
use super::scoring::{Outcome, RuleResult};
use crate::facts::metric::Catalogue;
use crate::facts::month::{MonthFacts, Value};

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

const SCHEME: &str = r#"
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

fn files(script: &[u8]) -> Files {
    Files::from([
        ("metrics.toml".to_owned(), CATALOGUE.into()),
        ("a/scheme.toml".to_owned(), SCHEME.into()),
        ("a/rule.rhai".to_owned(), script.into()),
    ])
}

fn compile(script: &str) -> Result<Bundle, Vec<Finding>> {
    Bundle::compile(files(script.as_bytes()))
}

/// The only finding of a script that cannot be used.
fn finding(script: &str) -> Finding {
    let mut findings = compile(script).map(|_| ()).expect_err(script);
    assert_eq!(findings.len(), 1, "{findings:#?}");
    findings.remove(0)
}

/// What the script gives for 4 deliveries and no reported lateness, compiled both ways.
fn run(script: &str) -> RuleResult {
    let bundle = compile(script).unwrap_or_else(|findings| panic!("{script}: {findings:#?}"));
    run_bundle(&bundle, &[("deliveries", Some(4))])
}

fn run_bundle(bundle: &Bundle, given: &[(&str, Option<i64>)]) -> RuleResult {
    let catalogue = &bundle.catalogue;
    let mut facts = MonthFacts::with_sources(catalogue, [], &std::collections::HashSet::new());
    for (name, value) in given {
        let value = value.map_or(Value::Missing, |number| Value::Given(number.into()));
        facts.set(catalogue.find(name).unwrap(), value);
    }
    let rule = &bundle.schemes["a"].rules[0];
    let plain = on_large_stack(|| rule.run(catalogue, &facts, Optimisation::None));
    let folded = on_large_stack(|| rule.run(catalogue, &facts, Optimisation::Simple));
    assert_eq!(plain, folded);
    folded
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

#[test]
fn hostile_scripts_end_within_a_second() {
    let nested = format!("fn score(deliveries) {{ {}1{} }}", "(".repeat(5_000), ")".repeat(5_000));
    let doubling = "let s = \"aaaaaaaa\"; ".to_owned() + &"s += s; ".repeat(30);
    let mut many = String::new();
    for index in 0..40 {
        write!(many, "fn f{index}() {{ {index} }}").unwrap();
    }
    let scripts = [
        "fn score(deliveries) { score(deliveries) }".to_owned(),
        "fn f(n) { f(n + 1) + f(n + 2) } fn score(deliveries) { f(deliveries) }".to_owned(),
        "fn f(n) { if n > 0 { f(n - 1); f(n - 1); f(n - 1); f(n - 1) } 0 } fn score(deliveries) { f(14) }".to_owned(),
        "fn f(n) { note(`${deliveries_text()}`); if n > 0 { f(n - 1); f(n - 1) } } fn deliveries_text() { \"x\" } \
         fn score(deliveries) { f(12); 5 }"
            .to_owned(),
        format!("fn score(deliveries) {{ note(\"{}\"); 5 }}", "长".repeat(1_000)),
        format!("fn score(deliveries) {{ {doubling} 5 }}"),
        format!("fn score(deliveries) {{ {} 5 }}", "ratio(1, 3); ".repeat(70)),
        nested,
        format!("fn score(deliveries) {{ {}1 }}", "-".repeat(20_000)),
        format!("fn score(deliveries) {{ [{}] }}", "[".repeat(10_000)),
        format!("fn score(deliveries) {{ {} }}", "`${".repeat(3_000)),
        format!("fn score(deliveries) {{ {}", "if true { ".repeat(3_000)),
        format!("{}fn score(deliveries) {{ 5 }}", "/*".repeat(30_000)),
        " ".repeat(1024 * 1024),
        format!("{many} fn score(deliveries) {{ 1 }}"),
        "fn score(deliveries) { eval(\"1\") }".to_owned(),
        "fn score(deliveries) { try { 1 } catch { 2 } }".to_owned(),
        "fn score(deliveries) { loop { } }".to_owned(),
        "fn score(deliveries) { while true { } 5 }".to_owned(),
        "fn score(deliveries) { let f = |x| x; 5 }".to_owned(),
        "fn score(deliveries) { let f = Fn(\"score\"); f.call(1) }".to_owned(),
        "fn min(a, b) { 1 } fn score(deliveries) { min(1, 2) }".to_owned(),
        "import \"x\" as y; fn score(deliveries) { 5 }".to_owned(),
        "fn score(deliveries) { 2 ** 1000 }".to_owned(),
        "fn score(deliveries) { 1e400 }".to_owned(),
        format!("fn score(deliveries) {{ {} }}", "9".repeat(60_000)),
    ];
    for script in scripts {
        let start = script.chars().take(60).collect::<String>();
        let began = Instant::now();
        if let Ok(bundle) = compile(&script) {
            let result = run_bundle(&bundle, &[("deliveries", Some(4))]);
            assert_eq!(result.outcome, Outcome::Failed, "{start}");
            assert!(result.failure.unwrap().starts_with("a/rule.rhai:1:"), "{start}: no line");
        }
        assert!(began.elapsed() < Duration::from_secs(2), "{start} took {:?}", began.elapsed());
    }
}

#[test]
fn no_number_is_too_large_for_the_host() {
    let largest = "79228162514264337593543950335";
    for expression in [
        "bonus(M, \"x\"); 5",
        "bonus(100, \"x\"); bonus(M, \"x\"); 5",
        "deduct(M, \"x\"); deduct(M, \"x\"); remaining()",
        "lin(deliveries, 0 - M, M, 10)",
        "lin(0, 0 - M, M, M)",
        "lin(M, 0 - M, 0.0000000001, M)",
        "M + M",
        "M * M",
        "0 - M - M",
        "M / 0.0000001",
        "M % 0",
        "1 / 0",
        "ratio(M, 0.0000001)",
        "average(0 - M, 0.1)",
        "item(M, M, \"x\"); scaled(M)",
        "item(10, M, \"x\"); scaled()",
        "item(0, 0, \"x\"); 5",
        "round(M, 10)",
        "ceil(M)",
        "floor(-M)",
        "abs(-M)",
        "-M",
        "clamp(M, -M, M)",
        "band(M, [[-M, M], [M, -M]])",
        "let x = M; x += M; x",
        "let x = M; x *= M; x",
    ] {
        let script = format!("fn score(deliveries) {{ {} }}", expression.replace('M', largest));
        let result = run(&script);
        assert_eq!(result.outcome, Outcome::Failed, "{expression}: {result:?}");
    }
    let result = run(&format!("fn score(deliveries) {{ deduct({largest}, \"x\"); remaining() }}"));
    assert_eq!(result.score, Some(Decimal::new(0, 2)));
}

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
        ("if false { min(1) } else { 5 }", "argument-count"),
        ("if false { share(1) } 5 } fn share(a, b) { a", "argument-count"),
        ("if false { mni(1, 2) } else { 5 }", "unknown-function"),
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
        ("let x = if false { 1 }; if x > 3 { 5 } else { 0 }", "nothing"),
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
        "lin(late, 0, 5, 10)",
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
    assert_eq!(result.reasons(), ["缺少交车台数，不适用"]);
    let bundle = compile("fn score(deliveries) { if deliveries { 5 } else { 0 } }").unwrap();
    let failure = run_bundle(&bundle, &[("deliveries", None)]).failure.unwrap();
    assert!(failure.contains("this is N/A; ask applies(…) first"), "{failure}");
    let bundle = compile("fn score(deliveries) { -deliveries }").unwrap();
    let failure = run_bundle(&bundle, &[("deliveries", None)]).failure.unwrap();
    assert!(failure.contains("N/A (缺少交车台数) cannot be used with '-'"), "{failure}");
}

#[test]
fn constants_stand_at_the_top_of_a_script() {
    let result = run("const FULL = 8;\nconst LABEL = \"交车\";\nconst LESS = -0.5;\n\
        fn score(deliveries) { item(10, points(deliveries), LABEL); scaled() }\n\
        fn points(n) { min(n, FULL) + LESS + FULL / 2 }");
    assert_eq!(result.score, Some(Decimal::new(750, 2)), "{result:?}");
    assert_eq!(result.reasons(), ["交车，得 7.5 分"]);
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

#[test]
fn a_scheme_has_bounded_numbers() {
    let parameter = "[[parameter]]\nname = \"p\"\nzh = \"p\"\nen = \"p\"\nvalue = 1\nmin = 0\nmax = \"79228162514264337593543950335\"\nstep = 1\n";
    for (old, new) in [
        ("max = 10", "max = \"79228162514264337593543950335\""),
        ("max = 10", "max = 0"),
        ("max = 10", "max = 0.001"),
        ("max = 10", "max = 10\nceiling = \"79228162514264337593543950335\""),
        ("total_cap = 105", "total_cap = \"79228162514264337593543950335\""),
        ("min_applicable = 0", "min_applicable = -1"),
        ("coefficient = 1", "coefficient = \"79228162514264337593543950335\""),
        ("[[grade]]", &format!("{parameter}[[grade]]")),
    ] {
        let mut files = files(b"fn score(deliveries) { deliveries }");
        files.insert("a/scheme.toml".to_owned(), SCHEME.replace(old, new).into());
        let findings = Bundle::compile(files).expect_err(new);
        assert!(findings.iter().all(|finding| finding.code == "scheme"), "{new}: {findings:?}");
        assert!(findings.iter().all(|finding| finding.place.line.is_some()), "{new}: {findings:?}");
    }
}

#[test]
fn a_metric_is_checked_before_it_is_computed_with() {
    let catalogue = Catalogue::parse(&CATALOGUE.replace("kind = \"count\"", "kind = \"days\"")).unwrap();
    for value in [Decimal::MAX, Decimal::MIN, Decimal::new(1, 28)] {
        assert!(catalogue.read("late", value).is_err());
    }
    assert!(catalogue.read("late", Decimal::new(5, 1)).is_ok());
    let unlisted = CATALOGUE.replace("source = \"dms\"", "source = \"crm\"");
    assert!(Catalogue::parse(&unlisted).unwrap_err().to_string().contains("source is not listed"));
}

/// Numbers at every edge of what a decimal can hold.
fn extreme() -> impl Strategy<Value = Decimal> {
    let bits = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0_u32..=28);
    let random =
        bits.prop_map(|(low, middle, high, sign, scale)| Decimal::from_parts(low, middle, high, sign, scale));
    let edges =
        [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::ONE, Decimal::new(1, 28), Decimal::new(-1, 28)];
    prop_oneof![2 => random, 1 => proptest::sample::select(edges.to_vec()), 1 => (0_i64..200).prop_map(Decimal::from)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Facts are checked where they come in; whatever got past that must still not end the program.
    #[test]
    fn extremes_never_panic_a_default_rule(values in proptest::collection::vec(proptest::option::of(extreme()), 60)) {
        let bundle = super::scoring::tests::default_rules();
        let ids = bundle.catalogue.entries().map(|(id, _)| id);
        let given = ids.zip(values.iter().cycle()).filter_map(|(id, value)| Some((id, (*value)?)));
        let facts = MonthFacts::complete(&bundle.catalogue, given);
        for scheme in bundle.schemes.values() {
            scheme.score(&bundle.catalogue, &facts, Optimisation::Simple);
        }
    }
}
