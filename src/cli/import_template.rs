//! `showfloor import-template`

use std::io::Write as _;
use std::path::PathBuf;

use super::Ended;
use super::database::{Database, operator};
use crate::config::{Rules, Storage};
use crate::period::Period;
use crate::spreadsheets::template::{self, TemplateRequest};

/// Options of `showfloor import-template`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Fill it in, then: showfloor import 考试.xlsx --mapping exams --period 2014-04\n\n\
    Example:\n  showfloor import-template exams --period 2014-04 --store JC -o 考试.xlsx")]
pub struct ImportTemplateArgs {
    /// A source of the catalogue, for example exams, inspections or dms-funnel.
    #[arg(value_name = "KIND")]
    kind: String,
    /// The month whose people are in it.
    #[arg(long, value_name = "YYYY-MM")]
    period: Period,
    /// Only people of this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Where to write the workbook; a file that is there already is kept unless --force is given.
    #[arg(long, short = 'o', value_name = "FILE")]
    output: PathBuf,
    /// Overwrite the file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    rules: Rules,
}

/// Writes the template of a source.
pub async fn run(args: ImportTemplateArgs, storage: Storage) -> anyhow::Result<Ended> {
    let wanted = TemplateRequest { kind: args.kind, period: args.period, store: args.store };
    let (_, book) = Database::with(&storage, async |pool| {
        let cx = &mut operator(pool).await?;
        let catalogue = args.rules.catalogues().of(cx.db(), wanted.period).await?;
        Ok(template::make(cx, &catalogue, &wanted).await?)
    })
    .await?;
    super::new_file(&args.output, args.force)?.write_all(&book)?;
    Ok(Ended::Well)
}
