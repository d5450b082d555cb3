//! The command line: what can be asked of the program, and the exit code it answers with.

mod rules;
mod score;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// 4S 店销售计划、事实、计分与月度考核 · sales plans, facts, scores and monthly reviews for car dealership groups.
#[derive(Debug, Parser)]
#[command(name = "showfloor", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Score facts from standard input with the scripts of a folder; needs no database.
    Score(score::ScoreArgs),
    /// Check and test the scripts of a rules folder; needs no database.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
}

/// Where the rules are, for every command that reads them.
#[derive(Debug, clap::Args)]
struct RulesFolder {
    /// The folder with metrics.toml and one folder a scheme.
    #[arg(long = "rules", value_name = "DIR", env = "SHOWFLOOR_RULES", default_value = "rules")]
    folder: PathBuf,
}

/// What a command ends with when nothing kept it from doing its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// All is well: exit status 0.
    Well,
    /// It did its work and found something wrong: exit status 1.
    WithFindings,
}

/// Parses the command line and does what it asks. Exit status 1: findings or an error; 2: a wrong command line.
pub fn main() -> ExitCode {
    let ended = match Cli::parse().command {
        Command::Score(args) => score::run(&args),
        Command::Rules(command) => rules::run(&command),
    };
    match ended {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithFindings) => ExitCode::from(1),
        Err(error) => {
            eprintln!("showfloor: {error:#}");
            ExitCode::from(1)
        }
    }
}
