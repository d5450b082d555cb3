//! `showfloor plan`: plans tried out without a database, and those of the database as workbooks.

mod funnel;
mod pace;
mod workbook;

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use clap::Subcommand;
use comfy_table::Table;

use super::{Ended, block_on, table};
use crate::config::Storage;
use crate::plan::split::preview::{self, Part, Preview};
use crate::plan::split::tree::Months;

/// Faults printed one by one; the rest is counted.
const FAULTS_SHOWN: usize = 20;

/// Commands about plans.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Split a year's total over months and a tree of weights from standard input, exactly; needs no database.
    #[command(
        after_help = "Standard input: {\"total\", \"months\": [12 weights], \"children\": [{\"name\", \"weight\", \"children\": [...]}]}.\n\
        Totals and weights are whole numbers; a leaf has no children.\n\
        Standard output: the same tree with the total and the twelve months of every node; the root's weights are in month_weights.\n\
        What is wrong with a field is said on standard error with its path; the exit status is then 1.\n\n\
        Example:\n  echo '{\"total\":1690,\"months\":[950,640,880,810,795,785,690,745,875,885,925,1020],\n    \
        \"children\":[{\"name\":\"showroom\",\"weight\":78},{\"name\":\"phone_web\",\"weight\":22}]}' \\\n    \
        | showfloor plan preview --table"
    )]
    Preview(PreviewArgs),
    /// Say how many orders, visits and leads a number of deliveries takes; needs no database.
    Funnel(funnel::FunnelArgs),
    /// Say how far a target has come on a day, and where it leads; needs no database.
    Pace(pace::PaceArgs),
    /// List versions of plans.
    List(workbook::ListArgs),
    /// Export a version as an Excel workbook that can be edited and imported again.
    Export(workbook::ExportArgs),
    /// Import an edited workbook into the draft that it was exported from.
    Import(workbook::ImportArgs),
}

/// Options of `showfloor plan preview`.
#[derive(Debug, clap::Args)]
pub struct PreviewArgs {
    /// Print JSON on one line, which is also what happens without any option.
    #[arg(long, conflicts_with_all = ["pretty", "table"])]
    json: bool,
    /// Print JSON with line breaks.
    #[arg(long, conflicts_with = "table")]
    pretty: bool,
    /// Print a table instead of JSON.
    #[arg(long)]
    table: bool,
}

pub fn run(command: PlanCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        PlanCommand::Preview(args) => preview(&args),
        PlanCommand::Funnel(args) => funnel::run(&args),
        PlanCommand::Pace(args) => pace::run(&args),
        PlanCommand::List(args) => block_on(workbook::list(args, storage)),
        PlanCommand::Export(args) => block_on(workbook::export(args, storage)),
        PlanCommand::Import(args) => block_on(workbook::import(args, storage)),
    }
}

fn preview(args: &PreviewArgs) -> anyhow::Result<Ended> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).context("standard input could not be read")?;
    let preview = match preview::preview(&input) {
        Ok(preview) => preview,
        Err(problem) => {
            let mut err = io::stderr().lock();
            if problem.errors.is_empty() {
                writeln!(err, "standard input: {}", problem.detail)?;
            }
            for fault in problem.errors.iter().take(FAULTS_SHOWN) {
                let field = if fault.field == "." { "standard input" } else { &fault.field };
                writeln!(err, "{field}: {}", fault.message)?;
            }
            match problem.errors.len().saturating_sub(FAULTS_SHOWN) {
                0 => {}
                more => writeln!(err, "and {more} more")?,
            }
            return Ok(Ended::WithFindings);
        }
    };
    let text = match (args.table, args.pretty) {
        (true, _) => rows(&preview).to_string(),
        (_, true) => serde_json::to_string_pretty(&preview)?,
        _ => serde_json::to_string(&preview)?,
    };
    writeln!(io::stdout().lock(), "{text}")?;
    Ok(Ended::Well)
}

/// Months across, nodes down, children indented below their parent.
fn rows(preview: &Preview) -> Table {
    let header = [
        "", "weight", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        "year",
    ];
    let mut rows = table::new(&header, &(1..header.len()).collect::<Vec<_>>());
    add_row(&mut rows, "total".to_owned(), String::new(), &preview.months, preview.total);
    add_parts(&mut rows, preview.children.as_deref(), 1);
    rows
}

fn add_parts(rows: &mut Table, parts: Option<&[Part]>, level: usize) {
    for part in parts.unwrap_or_default() {
        let name = format!("{}{}", "  ".repeat(level), part.name);
        add_row(rows, name, part.weight.to_string(), &part.months, part.total);
        add_parts(rows, part.children.as_deref(), level + 1);
    }
}

fn add_row(rows: &mut Table, name: String, weight: String, months: &Months, year: i64) {
    let numbers = months.iter().chain([&year]).map(i64::to_string);
    rows.add_row([name, weight].into_iter().chain(numbers));
}
