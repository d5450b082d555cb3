//! `showfloor rules check`: what is wrong with the scripts and their cases.

use super::{Report, Target, print};
use crate::cli::Ended;
use crate::rules::bundle::Bundle;
use crate::rules::cases;

pub fn check(target: &Target, bundle: &Bundle) -> anyhow::Result<Ended> {
    let cases = cases::check(bundle);
    let is_sound = cases.is_empty();
    let findings = [bundle.warnings.clone(), cases].concat();
    let report = Report {
        bundle: Some(&bundle.hash),
        findings: &findings,
        cases_passed: None,
        rules_without_cases: None,
    };
    print(target, &report)?;
    if !target.json && is_sound {
        let rules: usize = bundle.schemes.values().map(|scheme| scheme.rules.len()).sum();
        println!("{} schemes, {rules} rules: no errors (bundle {:.12})", bundle.schemes.len(), bundle.hash);
    }
    Ok(if is_sound { Ended::Well } else { Ended::WithFindings })
}
