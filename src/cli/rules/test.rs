//! `showfloor rules test`: the golden cases beside the scripts.

use super::{Report, Target, print};
use crate::cli::Ended;
use crate::rules::bundle::Bundle;
use crate::rules::cases;

pub fn test(target: &Target, bundle: &Bundle) -> anyhow::Result<Ended> {
    let report = cases::run(bundle);
    print(
        target,
        &Report {
            bundle: Some(&bundle.hash),
            findings: &report.failures,
            cases_passed: Some(report.passed),
            rules_without_cases: Some(&report.uncovered),
        },
    )?;
    if !target.json {
        for rule in &report.uncovered {
            println!("{rule}: no cases");
        }
        println!("{} passed, {} failed", report.passed, report.failures.len());
    }
    Ok(if report.failures.is_empty() { Ended::Well } else { Ended::WithFindings })
}
