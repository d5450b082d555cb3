//! `showfloor rules`: an author's checks, without a database, and the way from a draft to a release.

mod backtest;
mod case;
mod check;
mod drafts;
mod in_place;
mod releases;
mod take;
mod test;

use std::path::PathBuf;

use clap::Subcommand;

use super::{Ended, block_on};
use crate::config::Storage;
use crate::http::Window;

/// Lists are printed whole.
const EVERYTHING: Window = Window { after: 0, limit: i64::MAX };

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Say everything that is wrong with the scripts and their cases, with line and column.
    #[command(after_help = "Examples:\n  showfloor rules check\n  showfloor rules check my-rules --json\n  \
                      showfloor rules check my-rules --watch")]
    Check(check::CheckArgs),
    /// Run the golden cases beside the scripts, and say which lines they never reach.
    #[command(after_help = "Examples:\n  showfloor rules test\n  showfloor rules test my-rules --json")]
    Test(Target),
    /// List the schemes for other positions that ship as examples, or take one into the rules folder.
    #[command(after_help = "Examples:\n  showfloor rules take\n  showfloor rules take clerk\n  \
        showfloor rules take clerk my-rules --from rules/examples")]
    Take(take::TakeArgs),
    /// Try rules on the stored reviews of past months: who gains, who loses, and through which rule.
    Backtest(backtest::BacktestArgs),
    /// Keep what a review came to as golden cases.
    Case(case::CaseArgs),
    /// Say which rules count now and next, and what the rules folder holds.
    #[command(after_help = "Examples:\n  showfloor rules status\n  showfloor rules status --rules my-rules")]
    Status(releases::StatusArgs),
    /// List the releases.
    Releases(releases::ReleasesArgs),
    /// Write a release or a draft to a folder.
    #[command(
        after_help = "Examples:\n  showfloor rules export my-rules\n  showfloor rules export --draft 3 draft-3"
    )]
    Export(releases::ExportArgs),
    /// List the drafts that are open.
    Drafts(drafts::DraftsArgs),
    /// Begin a draft.
    #[command(
        after_help = "Examples:\n  showfloor rules draft --as hr\n  showfloor rules draft --release 1 --note 回退 --as hr\n  \
        showfloor rules draft --from my-rules --as hr"
    )]
    Draft(drafts::BeginArgs),
    /// Change a draft: set parameters, or bring its files back from a folder.
    #[command(
        after_help = "Examples:\n  showfloor rules edit 3 --set sales_consultant.attainment_floor=0.7 --as hr\n  \
        showfloor rules export --draft 3 draft-3   # prints the version\n  \
        showfloor rules edit 3 --from draft-3 --seen 2 --as hr"
    )]
    Edit(drafts::EditArgs),
    /// Put a draft's changes onto a release that was published since it began.
    #[command(
        after_help = "Examples:\n  showfloor rules rebase 3 --as hr\n  showfloor rules rebase 3 --onto 2 --prefer draft --as hr"
    )]
    Rebase(drafts::RebaseArgs),
    /// Show what a draft changes.
    Diff(drafts::DiffArgs),
    /// Hand a draft in for approval.
    #[command(
        after_help = "Example:\n  showfloor rules submit 3 --effective 2026-12 --consulted 2026-11-20 --note 得分线调整 --as hr"
    )]
    Submit(drafts::SubmitArgs),
    /// Take a draft back before it is decided on.
    Withdraw(drafts::DraftArgs),
    /// Give a draft up.
    Discard(drafts::DraftArgs),
    /// Publish a submitted draft as a release.
    #[command(after_help = "Example:\n  showfloor rules approve 3 --note 同意 --as gm")]
    Approve(drafts::DecideArgs),
    /// Hand a submitted draft back to its authors.
    #[command(after_help = "Example:\n  showfloor rules reject 3 --note 请先征求意见 --as gm")]
    Reject(drafts::DecideArgs),
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

pub fn run(command: RulesCommand, storage: Storage) -> anyhow::Result<Ended> {
    match command {
        RulesCommand::Check(args) => check::run(&args),
        RulesCommand::Test(target) => test::run(&target),
        RulesCommand::Take(args) => take::run(&args),
        RulesCommand::Backtest(args) => block_on(backtest::run(args, storage)),
        RulesCommand::Case(args) => block_on(case::run(args, storage)),
        RulesCommand::Status(args) => block_on(releases::status(args, storage)),
        RulesCommand::Releases(args) => block_on(releases::list(args, storage)),
        RulesCommand::Export(args) => block_on(releases::export(args, storage)),
        RulesCommand::Drafts(args) => block_on(drafts::list(args, storage)),
        RulesCommand::Draft(args) => block_on(drafts::begin(args, storage)),
        RulesCommand::Edit(args) => block_on(drafts::edit(args, storage)),
        RulesCommand::Rebase(args) => block_on(drafts::rebase(args, storage)),
        RulesCommand::Diff(args) => block_on(drafts::print_diff(args, storage)),
        RulesCommand::Submit(args) => block_on(drafts::submit(args, storage)),
        RulesCommand::Withdraw(args) => block_on(drafts::withdraw(args, storage)),
        RulesCommand::Discard(args) => block_on(drafts::discard(args, storage)),
        RulesCommand::Approve(args) => block_on(drafts::approve(args, storage)),
        RulesCommand::Reject(args) => block_on(drafts::reject(args, storage)),
    }
}
