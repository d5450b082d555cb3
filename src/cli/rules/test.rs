//! `showfloor rules test`: the golden cases beside the scripts, and what they never reach.

use anyhow::Context as _;
use serde::Serialize;

use super::Target;
use crate::cli::{Ended, language, tell};
use crate::rules::bundle::Bundle;
use crate::rules::cases::{self, CasesReport};
use crate::rules::finding::{Finding, Severity, in_language};
use crate::rules::sandbox::with_deep_stack;

/// What is printed with `--json`.
#[derive(Serialize)]
struct Report {
    bundle: Option<String>,
    findings: Vec<Finding>,
    #[serde(flatten)]
    cases: CasesReport,
}

pub fn run(target: &Target) -> anyhow::Result<Ended> {
    let report = match Bundle::load(&target.folder) {
        Ok(bundle) => {
            let ran = with_deep_stack(|| cases::run(&bundle));
            let (cases, findings) =
                ran.with_context(|| tell!("不能运行用例", "the cases could not be run"))?;
            Report { bundle: Some(bundle.hash), findings, cases }
        }
        Err(findings) => Report { bundle: None, findings, cases: CasesReport::default() },
    };
    let report = Report {
        findings: in_language(report.findings, language()),
        cases: report.cases.in_language(language()),
        ..report
    };
    match target.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print(&report),
    }
    let is_error = |finding: &Finding| finding.severity == Severity::Error;
    let is_well = report.bundle.is_some() && !report.findings.iter().any(is_error);
    Ok(if is_well { Ended::Well } else { Ended::WithFindings })
}

fn print(report: &Report) {
    let cases = &report.cases;
    for finding in report.findings.iter().chain(&cases.coverage.missed) {
        println!("{finding}");
    }
    if report.bundle.is_none() {
        return;
    }
    let (passed, failed) = (cases.cases_passed, cases.cases_failed);
    for rule in &cases.rules_without_cases {
        println!("{}", tell!("{rule}：没有用例", "{rule}: no cases"));
    }
    println!("{}", tell!("{passed} 个用例相符，{failed} 个不符", "{passed} passed, {failed} failed"));
    let (reached, statements) = (cases.coverage.reached, cases.coverage.statements);
    println!("{}", tell!("覆盖 {reached}/{statements} 条语句", "coverage {reached}/{statements} statements"));
}
