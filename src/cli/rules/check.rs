//! `showfloor rules check`: everything that is wrong with a rules folder; with `--watch`, again after every change.

use super::{Target, watch};
use crate::cli::Ended;
use crate::clock::Clock;
use crate::rules::bundle;
use crate::rules::verdict::{Verdict, judge};

#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    #[command(flatten)]
    target: Target,
    /// Check again whenever a file is saved, until Ctrl-C.
    #[arg(long)]
    watch: bool,
}

pub fn run(args: &CheckArgs) -> anyhow::Result<Ended> {
    if !args.watch {
        return check(&args.target);
    }
    let mut changes = watch::Changes::of(&args.target.folder)?;
    loop {
        if !args.target.json {
            println!("──── {} UTC ────", Clock::System.now().format("%H:%M:%S"));
        }
        check(&args.target)?;
        changes.wait()?;
    }
}

fn check(target: &Target) -> anyhow::Result<Ended> {
    let (compiled, verdict) = match bundle::read(&target.folder) {
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
