//! `showfloor rules`: an author's checks, without a database.

mod check;
mod test;
mod watch;

use std::path::PathBuf;

use clap::Subcommand;

use super::Ended;

#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Say everything that is wrong with the scripts and their cases, with line and column.
    #[command(after_help = "Examples:\n  showfloor rules check\n  showfloor rules check my-rules --json\n  \
                      showfloor rules check my-rules --watch")]
    Check(check::CheckArgs),
    /// Run the golden cases beside the scripts, and say which lines they never reach.
    #[command(after_help = "Examples:\n  showfloor rules test\n  showfloor rules test my-rules --json")]
    Test(Target),
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

pub fn run(command: &RulesCommand) -> anyhow::Result<Ended> {
    match command {
        RulesCommand::Check(args) => check::run(args),
        RulesCommand::Test(target) => test::run(target),
    }
}
