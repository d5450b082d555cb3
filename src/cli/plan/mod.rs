//! `showfloor plan`: plans tried out without a database, and those of the database from the first draft to the last re-plan.

mod draft;
mod funnel;
mod months;
mod pace;
mod refused;
mod version;
mod wish;
mod workbook;

use std::io::{self, Read as _, Write as _};

use anyhow::Context as _;
use clap::Subcommand;
use comfy_table::Table;

use super::{Ended, block_on, language, tell};
use crate::config::Storage;
use crate::plan::split::preview::{self, Part, Preview};
use crate::said::Said;

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
    /// Make a plan of the organisation and show it: who sells where shares a total. Nothing is kept.
    Suggest(Box<draft::SuggestArgs>),
    /// Try a plan with several methods, side by side. Nothing is kept.
    Try(Box<draft::TryArgs>),
    /// Draft a plan: of the organisation, of a file, or of a template that was filled in.
    Create(Box<draft::CreateArgs>),
    /// Write an empty plan as an Excel workbook, with the unit's people in it.
    Template(draft::TemplateArgs),
    /// Show a version, months across.
    Show(version::ShowArgs),
    /// Pin months, quarters or years of a draft, or release them.
    Pin(version::PinArgs),
    /// Hand a draft in.
    Submit(version::SubmitArgs),
    /// Put a submitted version in force from a month on.
    Approve(version::ApproveArgs),
    /// Hand a submitted version back to its author.
    Return(version::ReturnArgs),
    /// Begin the next version as a copy of the one in force.
    Next(version::NextArgs),
    /// Begin the next version with the rest of the year planned again.
    Replan(version::ReplanArgs),
    /// Say where a version does not follow the postings, and let targets go with the people.
    Follow(version::FollowArgs),
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
        PlanCommand::Suggest(args) => block_on(draft::suggest(*args, storage)),
        PlanCommand::Try(args) => block_on(draft::try_methods(*args, storage)),
        PlanCommand::Create(args) => block_on(draft::create(*args, storage)),
        PlanCommand::Template(args) => block_on(draft::write_template(args, storage)),
        PlanCommand::Show(args) => block_on(version::show(args, storage)),
        PlanCommand::Pin(args) => block_on(version::pin(args, storage)),
        PlanCommand::Submit(args) => block_on(version::submit(args, storage)),
        PlanCommand::Approve(args) => block_on(version::approve(args, storage)),
        PlanCommand::Return(args) => block_on(version::hand_back(args, storage)),
        PlanCommand::Next(args) => block_on(version::next(args, storage)),
        PlanCommand::Replan(args) => block_on(version::replan(args, storage)),
        PlanCommand::Follow(args) => block_on(version::follow(args, storage)),
        PlanCommand::List(args) => block_on(workbook::list(args, storage)),
        PlanCommand::Export(args) => block_on(workbook::export(args, storage)),
        PlanCommand::Import(args) => block_on(workbook::import(args, storage)),
    }
}

fn stdin_unreadable() -> String {
    tell!("标准输入不能读", "standard input could not be read")
}

fn preview(args: &PreviewArgs) -> anyhow::Result<Ended> {
    let mut input = Vec::new();
    io::stdin().lock().read_to_end(&mut input).with_context(stdin_unreadable)?;
    let preview = match preview::preview(&input) {
        Ok(preview) => preview,
        Err(problem) => {
            let mut err = io::stderr().lock();
            let whole = tell!("标准输入", "standard input");
            let mut say = |field: &str, said: &Said| {
                let said = said.in_language(language());
                writeln!(err, "{}", tell!("{field}：{said}", "{field}: {said}"))
            };
            if problem.errors.is_empty() {
                say(&whole, &problem.detail)?;
            }
            for fault in problem.errors.iter().take(FAULTS_SHOWN) {
                say(if fault.field == "." { &whole } else { &fault.field }, &fault.message)?;
            }
            match problem.errors.len().saturating_sub(FAULTS_SHOWN) {
                0 => {}
                more => writeln!(err, "{}", tell!("另有 {more} 处", "and {more} more"))?,
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
    let mut rows = months::new(&[("", ""), ("权重", "weight")], 1);
    months::add(&mut rows, [tell!("合计", "total"), String::new()], &preview.months, preview.total);
    add_parts(&mut rows, preview.children.as_deref(), 1);
    rows
}

fn add_parts(rows: &mut Table, parts: Option<&[Part]>, level: usize) {
    for part in parts.unwrap_or_default() {
        let name = format!("{}{}", "  ".repeat(level), part.name);
        months::add(rows, [name, part.weight.to_string()], &part.months, part.total);
        add_parts(rows, part.children.as_deref(), level + 1);
    }
}
