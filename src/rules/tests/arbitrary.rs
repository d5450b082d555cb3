//! Whatever an author writes and whatever a month brings: no panic, points within their bounds, one result.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;
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
                let result = rule.run(&bundle.catalogue, &facts, Optimisation::Simple);
                prop_assert_eq!(&rule.run(&bundle.catalogue, &facts, Optimisation::None), &result);
                let most = rule.entry.ceiling.unwrap_or(rule.entry.max);
                prop_assert!(result.score.is_none_or(|score| (Decimal::ZERO..=most).contains(&score)), "{result:?}");
                let is_lacking = result.failure.as_ref().is_none_or(|failure| failure.contains("缺少必填"));
                prop_assert!(is_lacking, "{result:?}");
            }
        }
    }
}
