//! `showfloor export`

use std::io::{self, IsTerminal as _, Write};
use std::path::PathBuf;

use indicatif::ProgressBar;

use super::database::{Database, operator};
use super::{Ended, tell};
use crate::auth::Context;
use crate::config::{Rules, Storage};
use crate::period::Period;
use crate::spreadsheets::export::{Export, ExportRequest, FileFormat, csv, xlsx};

/// Options of `showfloor export`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    showfloor export facts --period 2014-03 > facts.csv\n  \
    showfloor export ledger --period 2014-03 --store JC --format xlsx -o 数据流水.xlsx")]
pub struct ExportArgs {
    /// facts, ledger, imports or late-corrections.
    #[arg(value_name = "WHAT")]
    what: String,
    /// The month.
    #[arg(long, value_name = "YYYY-MM")]
    period: Period,
    /// Only people of this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// The kind of file.
    #[arg(long, default_value = "csv")]
    format: FileFormat,
    /// Where to write it; standard output by default. A file that is there already is kept unless --force is given.
    #[arg(long, short = 'o', value_name = "FILE")]
    output: Option<PathBuf>,
    /// Overwrite the file.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    rules: Rules,
}

/// Exports a month of everybody.
pub async fn run(args: ExportArgs, storage: Storage) -> anyhow::Result<Ended> {
    anyhow::ensure!(
        args.output.is_some() || args.format == FileFormat::Csv || !io::stdout().is_terminal(),
        tell!("工作簿不能写到终端上：用 -o FILE", "a workbook is nothing for a terminal: use -o FILE")
    );
    let wanted = ExportRequest {
        what: args.what.clone(),
        period: args.period,
        store: args.store.clone(),
        as_of: None,
        format: args.format,
    };
    Database::with(&storage, async |pool| {
        let cx = &mut operator(pool).await?;
        let catalogue = args.rules.catalogues().of(cx.db(), args.period).await?;
        let export = Export::begin(cx, catalogue, wanted).await?;
        let mut out = open(&args)?;
        write(cx, export, args.format, &mut *out).await?;
        Ok(out.flush()?)
    })
    .await?;
    Ok(Ended::Well)
}

/// Opens the file, or standard output.
fn open(args: &ExportArgs) -> anyhow::Result<Box<dyn Write>> {
    let Some(path) = &args.output else { return Ok(Box::new(io::stdout())) };
    super::new_file(path, args.force).map(|file| Box::new(io::BufWriter::new(file)) as Box<dyn Write>)
}

async fn write(
    cx: &mut Context,
    mut export: Export,
    format: FileFormat,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let progress = ProgressBar::new_spinner();
    let mut book = match format {
        FileFormat::Csv => None,
        FileFormat::Xlsx => Some(xlsx::Book::begin(export.title(), export.columns())?),
    };
    if book.is_none() {
        out.write_all(&csv::head(export.columns())?)?;
    }
    while let Some(rows) = export.next(cx.db()).await? {
        match &mut book {
            Some(book) => book.add(&rows)?,
            None => out.write_all(&csv::rows(&rows)?)?,
        }
        progress.inc(u64::try_from(rows.len())?);
        let rows = progress.position();
        progress.set_message(tell!("{rows} 行", "{rows} rows"));
    }
    if let Some(book) = book {
        out.write_all(&book.finish()?)?;
    }
    progress.finish_and_clear();
    Ok(())
}
