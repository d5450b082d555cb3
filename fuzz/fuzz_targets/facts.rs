//! Any numbers as the facts of a month: the catalogue takes what can be, and the rules that ship score it. No panic, points
//! within their bounds, the same result at both optimisation levels.
#![no_main]

use std::path::Path;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use rust_decimal::Decimal;
use showfloor::ledger::month::MonthFacts;
use showfloor::rules::bundle::Bundle;
use showfloor::rules::sandbox::with_deep_stack;

static RULES: LazyLock<Bundle> = LazyLock::new(|| {
    Bundle::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules")).expect("the rules that ship are in order")
});

fuzz_target!(|numbers: Vec<Option<(i64, u8)>>| {
    let bundle = &*RULES;
    let given = bundle.catalogue.entries().zip(&numbers).filter_map(|((_, metric), number)| {
        let (mantissa, scale) = (*number)?;
        let value = Decimal::new(mantissa, u32::from(scale) % 29);
        bundle.catalogue.read(&metric.name, value).ok().map(|id| (id, value))
    });
    let facts = MonthFacts::complete(&bundle.catalogue, given);
    for scheme in bundle.schemes.values() {
        let scored = with_deep_stack(|| scheme.score(&facts)).expect("no panic");
        for (rule, result) in scheme.rules.iter().zip(&scored.rules) {
            let read = with_deep_stack(|| rule.interpret(&facts)).expect("no panic");
            assert_eq!(read, **result);
            let most = rule.entry.ceiling.unwrap_or(rule.entry.max);
            assert!(result.score.is_none_or(|score| (Decimal::ZERO..=most).contains(&score)), "{result:?}");
        }
        assert!(scored.total.is_none_or(|total| (Decimal::ZERO..=scheme.file.total_cap).contains(&total)));
    }
});
