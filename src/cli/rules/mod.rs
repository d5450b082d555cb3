//! `showfloor rules`: an author's checks, without a database.

mod check;
mod test;

use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use super::Ended;
use crate::rules::bundle::Bundle;
use crate::rules::finding::Finding;

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Compile every script, read the cases, and say what is wrong with them, with line and column.
    #[command(after_help = "Examples:\n  showfloor rules check\n  showfloor rules check my-rules --json")]
    Check(Target),
    /// Run the golden cases beside the scripts.
    #[command(after_help = "Examples:\n  showfloor rules test\n  showfloor rules test my-rules --json")]
    Test(Target),
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

pub fn run(command: &RulesCommand) -> anyhow::Result<Ended> {
    let target = match command {
        RulesCommand::Check(target) | RulesCommand::Test(target) => target,
    };
    let bundle = match Bundle::load(&target.folder) {
        Ok(bundle) => bundle,
        Err(findings) => {
            print(
                target,
                &Report { bundle: None, findings: &findings, cases_passed: None, rules_without_cases: None },
            )?;
            return Ok(Ended::WithFindings);
        }
    };
    match command {
        RulesCommand::Check(_) => check::check(target, &bundle),
        RulesCommand::Test(_) => test::test(target, &bundle),
    }
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
