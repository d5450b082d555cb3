//! Any text as the script of a rule: it is judged, and run where it can be. No panic, points within their bounds, the same
//! result at both optimisation levels, and all of it in bounded time.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;
use showfloor::ledger::month::{MonthFacts, Value};
use showfloor::rules::bundle::Files;
use showfloor::rules::sandbox::with_deep_stack;
use showfloor::rules::verdict::judge;

const CATALOGUE: &str = include_str!("../../rules/metrics.toml");
const SCHEME: &str = r#"
title = { zh = "甲", en = "A" }
position = "sales_consultant"
total_cap = 105
min_applicable = 0
rule = [{ id = "rule", zh = "规则", en = "Rule", max = 10 }]
grade = [{ name = "S", min = 0, coefficient = 1 }]
"#;
/// Far more than any script may take, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

fuzz_target!(|input: (u8, u8, String)| {
    let (deliveries, late, script) = input;
    let began = Instant::now();
    let files = Files::from([
        ("metrics.toml".to_owned(), CATALOGUE.into()),
        ("a/scheme.toml".to_owned(), SCHEME.into()),
        ("a/rule.rhai".to_owned(), script.into_bytes()),
    ]);
    let (bundle, verdict) = judge(files);
    assert!(verdict.findings.iter().all(|finding| finding.code != "internal"));
    if let Some(bundle) = bundle {
        let mut facts = MonthFacts::complete(&bundle.catalogue, []);
        for (name, number) in [("deliveries", deliveries), ("late", late)] {
            if let Some(id) = bundle.catalogue.find(name) {
                facts.set(id, Value::Given(number.into()));
            }
        }
        let Some(rule) = bundle.schemes.values().flat_map(|scheme| &scheme.rules).next() else { return };
        let result = with_deep_stack(|| rule.run(&facts)).expect("no panic");
        assert_eq!(with_deep_stack(|| rule.interpret(&facts)).expect("no panic"), result);
        assert!(result.score.is_none_or(|score| (Decimal::ZERO..=Decimal::TEN).contains(&score)), "{result:?}");
    }
    assert!(began.elapsed() < PATIENCE);
});
