//! `showfloor rules`: an author's checks, without a database, and trying rules on past months.

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::backtest::{self, BacktestArgs};
use super::{Ended, block_on};
use crate::config::Storage;
use crate::rules::bundle::Bundle;
use crate::rules::cases;
use crate::rules::finding::Finding;

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Compile every script, read the cases, and say what is wrong with them, with line and column.
    #[command(after_help = "Examples:\n  showfloor rules check\n  showfloor rules check my-rules --json")]
    Check(Target),
    /// Run the golden cases beside the scripts.
    #[command(after_help = "Examples:\n  showfloor rules test\n  showfloor rules test my-rules --json")]
    Test(Target),
    /// Try rules on the stored reviews of past months: who gains, who loses, and through which rule.
    Backtest(BacktestArgs),
}

#[derive(Debug, clap::Args)]
pub struct Target {
    /// The rules folder.
    #[arg(value_name = "DIR", env = "SHOWFLOOR_RULES", default_value = "rules")]
    folder: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    json: bool,
}

/// What both commands print with `--json`.
#[derive(Serialize)]
struct Report<'a> {
    bundle: Option<&'a str>,
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "Option::is_none")]
    cases_passed: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_without_cases: Option<&'a [String]>,
}

pub fn run(command: RulesCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        RulesCommand::Check(target) => with_bundle(&target, check),
        RulesCommand::Test(target) => with_bundle(&target, test),
        RulesCommand::Backtest(args) => block_on(backtest::run(args, storage)),
    }
}

fn with_bundle(
    target: &Target,
    work: impl FnOnce(&Target, &Bundle) -> anyhow::Result<Ended>,
) -> anyhow::Result<Ended> {
    match Bundle::load(&target.folder) {
        Ok(bundle) => work(target, &bundle),
        Err(findings) => {
            print(
                target,
                &Report { bundle: None, findings: &findings, cases_passed: None, rules_without_cases: None },
            )?;
            Ok(Ended::WithFindings)
        }
    }
}

fn check(target: &Target, bundle: &Bundle) -> anyhow::Result<Ended> {
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

fn test(target: &Target, bundle: &Bundle) -> anyhow::Result<Ended> {
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

fn print(target: &Target, report: &Report<'_>) -> anyhow::Result<()> {
    if target.json {
        println!("{}", serde_json::to_string_pretty(report)?);
        return Ok(());
    }
    for finding in report.findings {
        println!("{finding}");
    }
    Ok(())
}
