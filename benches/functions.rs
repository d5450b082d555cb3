//! What the functions inside take, by criterion: `cargo bench --bench functions`. A group's month as a whole is in `month`.

use std::hint::black_box;
use std::path::Path;

use criterion::Criterion;
use rust_decimal::Decimal;
use showfloor::decimal;
use showfloor::ledger::month::MonthFacts;
use showfloor::plan::split::apportion::{along_months, largest_remainder};
use showfloor::rules::bundle::{Bundle, read};

#[path = "support/worked.rs"]
mod worked;

fn main() -> anyhow::Result<()> {
    let criterion = &mut Criterion::default().configure_from_args();
    let bundle = worked::bundle()?;
    scoring(criterion, &bundle);
    compiling(criterion)?;
    splitting(criterion);
    criterion.bench_function("decimal: half-up to the cent", |bencher| {
        let value = Decimal::from(48) / Decimal::from(53);
        bencher.iter(|| decimal::half_up(black_box(value), 2));
    });
    criterion.final_summary();
    Ok(())
}

/// One person by each scheme, from facts to grade.
fn scoring(criterion: &mut Criterion, bundle: &Bundle) {
    for scheme in bundle.schemes.values() {
        let facts: MonthFacts = worked::facts(bundle);
        criterion.bench_function(&format!("score one {}", scheme.name), |bencher| {
            bencher.iter(|| scheme.score(black_box(&facts)));
        });
    }
}

/// The rules that ship, from their files.
fn compiling(criterion: &mut Criterion) -> anyhow::Result<()> {
    let files = read(Path::new(worked::RULES)).map_err(|findings| worked::first(&findings))?;
    criterion.bench_function("compile the rules that ship", |bencher| {
        bencher.iter(|| Bundle::compile(black_box(files.clone())));
    });
    Ok(())
}

/// A store's year over its people.
fn splitting(criterion: &mut Criterion) {
    let weights = (0..40_u64).map(|person| 20 + person * 3 % 7).collect::<Vec<_>>();
    criterion.bench_function("split a total over 40 people", |bencher| {
        bencher.iter(|| largest_remainder(black_box(1_690), &weights));
    });
    let months = [160, 108, 149, 137, 134, 133, 117, 126, 148, 150, 156, 172];
    criterion.bench_function("split twelve months over 40 people", |bencher| {
        bencher.iter(|| along_months(black_box(&months), &weights));
    });
}
