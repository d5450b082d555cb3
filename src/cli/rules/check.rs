//! `showfloor rules check`: everything that is wrong with a rules folder and its examples; with `--watch`, again after every
//! change.

use serde::Serialize;

use super::Target;
use crate::cli::{Ended, block_on, language, tell};
use crate::clock::Clock;
use crate::rules::bundle::{self, Bundle, Files};
use crate::rules::examples::{self, Example};
use crate::rules::finding::{Finding, in_language};
use crate::rules::strays;
use crate::rules::verdict::{Verdict, judge};
use crate::rules::watch::Watch;

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    target: Target,
    /// Check again whenever a file is saved, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

/// What is printed with `--json`.
#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    verdict: Verdict,
    examples: Vec<ExampleReport>,
}

/// How an example went; it is no part of the bundle.
#[derive(Serialize)]
struct ExampleReport {
    example: String,
    findings: Vec<Finding>,
    cases_passed: usize,
    cases_failed: usize,
}

/// What a folder holds: the rules, and the examples beside them.
#[derive(Clone, PartialEq)]
struct Read {
    rules: Result<Files, Vec<Finding>>,
    examples: Result<Vec<Example>, Vec<Finding>>,
}

impl Read {
    fn of(target: &Target) -> Self {
        Self { rules: bundle::read(&target.folder), examples: examples::examples(&target.folder) }
    }
}

pub fn run(args: &CheckArgs) -> anyhow::Result<Ended> {
    match args.watch {
        false => check(&args.target, Read::of(&args.target)),
        true => block_on(check_again_and_again(&args.target)),
    }
}

async fn check_again_and_again(target: &Target) -> anyhow::Result<Ended> {
    let mut watch = Watch::new(&target.folder);
    let mut seen = None;
    loop {
        let read = Read::of(target);
        if seen.as_ref() != Some(&read) {
            if !target.json {
                println!("──── {} ────", Clock::System.now().format("%H:%M:%S UTC"));
            }
            check(target, read.clone())?;
            seen = Some(read);
        }
        watch.changed().await;
    }
}

fn check(target: &Target, read: Read) -> anyhow::Result<Ended> {
    let mut examples = Vec::new();
    let mut unread = Vec::new();
    match (&read.rules, read.examples) {
        (Ok(files), Ok(found)) => examples.extend(found.iter().filter_map(|example| tried(example, files))),
        (Err(_), Ok(_)) => {}
        (_, Err(findings)) => unread = findings,
    }
    let (compiled, mut verdict) = match read.rules {
        Ok(files) => judge(files),
        Err(findings) => (None, Verdict { findings, ..Verdict::default() }),
    };
    verdict.findings.extend(unread);
    verdict.findings.extend(strays::beside(&target.folder));
    let is_sound = verdict.is_sound() && examples.iter().all(ExampleReport::is_sound);
    let language = language();
    for example in &mut examples {
        example.findings = in_language(std::mem::take(&mut example.findings), language);
    }
    let report = Report { verdict: verdict.in_language(language), examples };
    match target.json {
        true => println!("{}", serde_json::to_string_pretty(&report)?),
        false => print(&report, compiled.as_ref()),
    }
    Ok(if is_sound { Ended::Well } else { Ended::WithFindings })
}

fn tried(example: &Example, files: &Files) -> Option<ExampleReport> {
    let Verdict { findings, cases, .. } = example.judged_with(files)?;
    let (cases_passed, cases_failed) = (cases.cases_passed, cases.cases_failed);
    Some(ExampleReport { example: example.name.clone(), findings, cases_passed, cases_failed })
}

impl ExampleReport {
    /// An example shows how it is done: nothing in it should have to be overlooked.
    fn is_sound(&self) -> bool {
        self.findings.iter().all(|finding| finding.allowed.is_some())
    }
}

fn print(report: &Report, bundle: Option<&Bundle>) {
    let examples = &report.examples;
    let found = examples.iter().flat_map(|example| &example.findings);
    for finding in report.verdict.findings.iter().chain(found) {
        println!("{finding}");
    }
    let Some(bundle) = bundle.filter(|_| report.verdict.is_sound()) else { return };
    for rule in &report.verdict.cases.rules_without_cases {
        println!("{}", tell!("{rule}：没有用例", "{rule}: no cases"));
    }
    let rules: usize = bundle.schemes.values().map(|scheme| scheme.rules.len()).sum();
    let (schemes, cases, hash) = (bundle.schemes.len(), report.verdict.cases.cases_passed, &bundle.hash);
    let told = tell!(
        "{schemes} 个方案、{rules} 条规则、{cases} 个用例：没有错误（规则包 {hash:.12}）",
        "{schemes} schemes, {rules} rules, {cases} cases: no errors (bundle {hash:.12})"
    );
    println!("{told}");
    if !examples.is_empty() && examples.iter().all(ExampleReport::is_sound) {
        let cases: usize = examples.iter().map(|example| example.cases_passed).sum();
        let examples = examples.len();
        let told = tell!(
            "{examples} 个示例、{cases} 个用例：没有错误；示例不属于规则（showfloor rules take 取用）",
            "{examples} examples, {cases} cases: no errors; they are no part of the bundle (showfloor rules take)"
        );
        println!("{told}");
    }
}
