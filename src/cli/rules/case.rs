//! `showfloor rules case`: a review, or what an appeal was decided to, kept as golden cases.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::in_place::replace;
use crate::cli::database::{Database, operator};
use crate::cli::{Ended, language, tell, unreadable, unwritable};
use crate::config::Storage;
use crate::reviews::appeals::golden_case;
use crate::reviews::cases::{self, CaseQuery, GoldenCase};
use crate::rules::case_text::append;
use crate::rules::library::Library;

/// Options of `showfloor rules case`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  showfloor rules case --review 123\n  \
    showfloor rules case --review 123 --rule 20_funnel_kpi --append my-rules\n  \
    showfloor rules case --appeal 7 --append my-rules")]
pub struct CaseArgs {
    /// The review, by id.
    #[arg(long, value_name = "ID", required_unless_present = "appeal")]
    review: Option<i64>,
    /// A decided appeal, by id: the case of the rule that it disputed.
    #[arg(long, value_name = "ID", conflicts_with_all = ["review", "rule"])]
    appeal: Option<i64>,
    /// Only this rule's case.
    #[arg(long, value_name = "ID")]
    rule: Option<String>,
    /// Add the cases to the files of a rules folder instead of printing them.
    #[arg(long, value_name = "DIR")]
    append: Option<PathBuf>,
}

/// Prints the cases that a review or an appeal makes, or adds them to a rules folder: all of them or none.
pub async fn run(args: CaseArgs, storage: Storage) -> anyhow::Result<Ended> {
    let told = Database::with(&storage, async |pool| {
        let mut cx = operator(pool).await?;
        let library = Library::default();
        Ok(match (args.appeal, args.review) {
            (Some(appeal), _) => golden_case::of_appeal(&mut cx, &library, appeal).await?,
            (None, review) => {
                let query = CaseQuery { rule: args.rule.clone() };
                cases::of_review(cx, &library, review.unwrap_or(0), query).await?
            }
        })
    })
    .await?;
    match &args.append {
        Some(folder) => add(folder, &told.cases)?,
        None => {
            for case in &told.cases {
                writeln!(io::stdout(), "# {}\n{}", case.file, case.toml)?;
            }
        }
    }
    for skipped in &told.skipped {
        let (rule, reason) = (&skipped.rule, &skipped.reason);
        writeln!(io::stderr(), "{}", tell!("{rule}：{reason}", "{rule}: {reason}"))?;
    }
    Ok(if told.skipped.is_empty() { Ended::Well } else { Ended::WithFindings })
}

fn add(folder: &Path, cases: &[GoldenCase]) -> anyhow::Result<()> {
    // Every file is made before the first is written, so that what is refused changes nothing.
    let mut files = Vec::new();
    for case in cases {
        let path = folder.join(&case.file);
        if !path.parent().is_some_and(Path::is_dir) {
            let (folder, file) = (folder.display(), &case.file);
            bail!(tell!("{folder} 里没有 {file} 所属的方案", "{folder} has no scheme for {file}"));
        }
        let existing = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error).with_context(|| unreadable(&path)),
        };
        let text = append(&case.file, &existing, &case.name, &case.toml)
            .map_err(|finding| anyhow::anyhow!(finding.in_language(language()).to_string()))?;
        files.push((path, text, &case.name));
    }
    for (path, text, name) in files {
        replace(&path, &text).with_context(|| unwritable(&path))?;
        let shown = path.display();
        writeln!(io::stdout(), "{}", tell!("{shown}：加了 {name}", "{shown}: added {name}"))?;
    }
    Ok(())
}
