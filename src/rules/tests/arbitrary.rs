//! Whatever an author writes and whatever a month brings: no panic, points within their bounds, one result.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rust_decimal::Decimal;

use super::*;
use crate::rules::coverage::Coverage;
use crate::rules::trace;
use crate::rules::verdict::judge;

/// Far more than any script may take to be judged.
const PATIENCE: Duration = Duration::from_secs(20);

/// What scripts are made of.
const WORDS: &[&str] = &[
    "deliveries",
    "late",
    "rate",
    "points",
    "x",
    "if",
    "else",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    ",",
    ";",
    "=",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "&&",
    "||",
    "!",
    "+",
    "-",
    "*",
    "/",
    "%",
    "+=",
    "return",
    "let",
    "const",
    "fn",
    "0",
    "1",
    "5",
    "0.85",
    "100",
    "79228162514264337593543950335",
    "0xFF",
    "true",
    "false",
    "()",
    "\"text\"",
    "`a ${",
    "}`",
    "`",
    "\"",
    "//",
    "/*",
    "ratio(deliveries, late)",
    "lin(deliveries, 0, 10, 5)",
    "band(late, [[1, 2], [3, 4]])",
    "item(5, 3, \"x\");",
    "scaled()",
    "deduct(late, \"x\");",
    "remaining()",
    "bonus(1, \"x\");",
    "note(`${late}`);",
    "skip(\"x\")",
    "applies(deliveries)",
    "score(deliveries, late)",
    "min(1, 2)",
    "，",
    "迟到",
    "\n",
    "switch",
    "eval(\"1\")",
    "|x| x",
    "f(x)",
];

fn script() -> impl Strategy<Value = String> {
    let words =
        proptest::collection::vec(proptest::sample::select(WORDS), 0..40).prop_map(|words| words.join(" "));
    prop_oneof![
        4 => words.clone().prop_map(|body| format!("fn score(deliveries, late) {{ {body} }}")),
        2 => words.clone().prop_map(|body| format!("fn score(deliveries, late) {{ let rate = {body}; rate }} fn f(x) {{ x }}")),
        1 => words,
        1 => any::<String>(),
    ]
}

/// Everything that has to hold of any script at all.
fn hold(script: &str, deliveries: Option<i64>, late: i64) -> Result<(), TestCaseError> {
    let began = Instant::now();
    let (bundle, verdict) = judge(files(script.as_bytes()));
    prop_assert!(verdict.findings.iter().all(|finding| finding.code != "internal"), "{script}");
    for finding in &verdict.findings {
        let beginning = format!("{}: {}: ", finding.place, finding.code);
        prop_assert!(finding.to_string().starts_with(&beginning));
    }
    prop_assert_eq!(bundle.is_some(), verdict.bundle.is_some());
    if let Some(bundle) = bundle {
        let result = run_bundle(&bundle, &[("deliveries", deliveries), ("late", Some(late))]);
        let (programmed, interpreted, _) =
            both_ways(&bundle, &[("deliveries", deliveries), ("late", Some(late))]);
        prop_assert_eq!(programmed, interpreted);
        let is_within = result.score.is_none_or(|score| (Decimal::ZERO..=Decimal::TEN).contains(&score));
        prop_assert!(is_within, "{script}: {result:?}");
        prop_assert_eq!(result.outcome == Outcome::Failed, result.failure.is_some());
    }
    prop_assert!(began.elapsed() < PATIENCE, "{script}: {:?}", began.elapsed());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_script_is_judged(script in script(), deliveries in proptest::option::of(0_i64..30), late in 0_i64..12) {
        hold(&script, deliveries, late)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Facts within what the catalogue lets in: no rule that ships leaves its bounds, or comes out differently optimised.
    #[test]
    fn any_month_is_scored_within_bounds(values in proptest::collection::vec(proptest::option::of(0_u32..2_000), 140)) {
        let bundle = crate::rules::scoring::tests::default_rules();
        let given = bundle.catalogue.entries().zip(&values).filter_map(|((id, metric), value)| {
            let value = Decimal::from((*value)?).clamp(metric.min, metric.max);
            bundle.catalogue.read(&metric.name, value).ok().map(|_| (id, value))
        });
        let mut facts = MonthFacts::complete(&bundle.catalogue, given);
        // What the program computes itself is never more than its members can have.
        if let Some(total) = bundle.catalogue.find("members_total") {
            facts.set(total, Value::Missing);
        }
        for scheme in bundle.schemes.values() {
            for rule in &scheme.rules {
                let result = rule.run(&facts);
                prop_assert_eq!(&rule.interpret(&facts), &result);
                // What is not out of the ordinary never needs the interpreter.
                let is_program = rule.comes_to_its_end(&facts);
                prop_assert_eq!(is_program, result.outcome != Outcome::Failed, "{:?}", result);
                let most = rule.entry.ceiling.unwrap_or(rule.entry.max);
                prop_assert!(result.score.is_none_or(|score| (Decimal::ZERO..=most).contains(&score)), "{result:?}");
                let is_lacking = result.failure.as_ref().is_none_or(|failure| failure.contains("缺少必填"));
                prop_assert!(is_lacking, "{result:?}");
            }
        }
    }
}

/// An expression over the two metrics and the variables `x` and `y`, of every kind of value now and then.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => proptest::sample::select(vec!["deliveries", "late", "x", "y", "LEVEL"]).prop_map(str::to_owned),
        3 => (0..40_u32).prop_map(|number| number.to_string()),
        2 => (0..400_u32).prop_map(|number| format!("{}.{:02}", number / 100, number % 100)),
        1 => proptest::sample::select(vec!["true", "false", "\"a\"", "()", "[[0, 1], [3.5, 4]]"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let operator = proptest::sample::select(vec![
            "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||",
        ]);
        let call = proptest::sample::select(vec![
            "ratio(A, B)", "ratio(A, B, C)", "average(A, B)", "lin(A, B, C, 4)", "lin(A, 0, 10, B)", "band(A, [[0, 1], [5, B]])",
            "min(A, B)", "max(A, B)", "clamp(A, 0, 5)", "round(A)", "round(A, 1)", "floor(A)", "ceil(A)", "abs(A)",
            "applies(A)", "reaches(A, B)", "scaled()", "scaled(A)", "remaining()", "twice(A)", "-A", "!A", "`${A} 台 ${B}`",
            "if A { B } else { C }", "{ let x = A; x + B }", "[[A, B]]", "skip(\"没有\")",
        ]);
        prop_oneof![
            3 => (inner.clone(), operator, inner.clone()).prop_map(|(a, operator, b)| format!("({a} {operator} {b})")),
            4 => (call, inner.clone(), inner.clone(), inner).prop_map(|(call, a, b, c)| {
                call.replace('A', "\u{1}").replace('B', "\u{2}").replace('C', "\u{3}")
                    .replace('\u{1}', &a).replace('\u{2}', &b).replace('\u{3}', &c)
            }),
        ]
    })
}

/// A whole script of such expressions, with every kind of statement.
fn well_formed() -> impl Strategy<Value = String> {
    let statement = (
        proptest::sample::select(vec![
            "let x = E;",
            "x = E;",
            "x += E;",
            "y -= E;",
            "item(5, E, \"项目\");",
            "item(4, E, `第${x}项`);",
            "deduct(E, \"扣\");",
            "bonus(E, \"加\");",
            "note(`x 为 ${E}`);",
            "if E { item(3, x, \"甲\"); } else if late > 2 { return E; }",
            "if applies(E) { y = 1; }",
            "const z = E; x = z;",
            "{ let y = E; x = y; }",
            "return E;",
            "if late > 30 { return skip(E); }",
        ]),
        expression(),
    )
        .prop_map(|(statement, value)| {
            statement.replace('E', &value.replace("LEVEL", "\u{4}")).replace('\u{4}', "LEVEL")
        });
    (proptest::collection::vec(statement, 0..7), expression()).prop_map(|(statements, last)| {
        format!(
            "const LEVEL = 3.5;\nfn score(deliveries, late) {{\n let x = 1; let y = late;\n {}\n {last}\n}}\nfn twice(n) {{ if n == 3 {{ return n; }} n * 2 }}",
            statements.join("\n ")
        )
    })
}

/// What a script's program comes to is what the interpreter comes to: points, steps, places and failures.
#[test]
fn programs_are_the_scripts() {
    let facts = (well_formed(), proptest::option::of(0_i64..30), 0_i64..12);
    let mut runner = TestRunner::deterministic();
    let (mut compiled, mut ended) = (0, 0);
    for _ in 0..4_000 {
        let (script, deliveries, late) = facts.new_tree(&mut runner).unwrap().current();
        let Ok(bundle) = Bundle::compile(files(script.as_bytes())) else { continue };
        let (programmed, interpreted, is_program) =
            both_ways(&bundle, &[("deliveries", deliveries), ("late", Some(late))]);
        assert_eq!(programmed, interpreted, "{script}\ndeliveries {deliveries:?}, late {late}");
        compiled += 1;
        ended += usize::from(is_program);
    }
    assert!(compiled > 400 && ended > 100, "{compiled} scripts compiled, {ended} programs came to their end");
}

/// Backtests count on it: they look at what a run has executed only where its script has gone a new way.
#[test]
fn who_goes_the_same_way_executes_the_same_statements() {
    let mut runner = TestRunner::deterministic();
    let (mut known, mut repeated) = (0, 0);
    for _ in 0..1_000 {
        let script = well_formed().new_tree(&mut runner).unwrap().current();
        let Ok(bundle) = Bundle::compile(files(script.as_bytes())) else { continue };
        let rule = &bundle.schemes["a"].rules[0];
        let mut missed_on = std::collections::HashMap::new();
        for (deliveries, late) in
            [(None, 0), (Some(0), 0), (Some(3), 1), (Some(3), 3), (Some(9), 3), (Some(29), 40)]
        {
            let given = [("deliveries", deliveries), ("late", Some(late))].into_iter();
            let given =
                given.filter_map(|(name, value)| Some((bundle.catalogue.find(name)?, Decimal::from(value?))));
            let facts = MonthFacts::complete(&bundle.catalogue, given);
            let (path, missed) = on_large_stack(|| {
                rule.run(&facts);
                let path = trace::path();
                let mut coverage = Coverage::of(rule);
                coverage.run(&facts);
                (path, coverage.uncovered())
            });
            let Some(path) = path else { continue };
            known += 1;
            let before = missed_on.insert(path, missed.clone());
            repeated += usize::from(before.is_some());
            assert!(
                before.is_none_or(|before| before == missed),
                "{script}\ndeliveries {deliveries:?}, late {late}"
            );
        }
    }
    assert!(known > 200 && repeated > 50, "{known} runs of known ways, {repeated} of them gone before");
}
