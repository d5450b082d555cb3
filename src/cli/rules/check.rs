//! `showfloor rules check`: everything that is wrong with a rules folder; with `--watch`, again after every change.

use super::Target;
use crate::cli::{Ended, block_on};
use crate::clock::Clock;
use crate::rules::bundle::{self, Files};
use crate::rules::finding::Finding;
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

pub fn run(args: &CheckArgs) -> anyhow::Result<Ended> {
    match args.watch {
        false => check(&args.target, bundle::read(&args.target.folder)),
        true => block_on(check_again_and_again(&args.target)),
    }
}

async fn check_again_and_again(target: &Target) -> anyhow::Result<Ended> {
    let mut watch = Watch::new(&target.folder);
    let mut seen = None;
    loop {
        let read = bundle::read(&target.folder);
        if seen.as_ref() != Some(&read) {
            if !target.json {
                println!("──── {} UTC ────", Clock::System.now().format("%H:%M:%S"));
            }
            check(target, read.clone())?;
            seen = Some(read);
        }
        watch.changed().await;
    }
}

fn check(target: &Target, read: Result<Files, Vec<Finding>>) -> anyhow::Result<Ended> {
    let (compiled, verdict) = match read {
        Ok(files) => judge(files),
        Err(findings) => (None, Verdict { findings, ..Verdict::default() }),
    };
    if target.json {
        println!("{}", serde_json::to_string_pretty(&verdict)?);
    } else {
        for finding in &verdict.findings {
            println!("{finding}");
        }
        if let Some(bundle) = compiled.filter(|_| verdict.is_sound()) {
            let rules: usize = bundle.schemes.values().map(|scheme| scheme.rules.len()).sum();
            println!(
                "{} schemes, {rules} rules, {} cases: no errors (bundle {:.12})",
                bundle.schemes.len(),
                verdict.cases.cases_passed,
                bundle.hash
            );
        }
    }
    Ok(if verdict.is_sound() { Ended::Well } else { Ended::WithFindings })
}
