//! The command line: what can be asked of the program, and the exit code it answers with.

mod audit;
mod close;
mod cycles;
mod database;
mod demo;
mod export;
mod facts;
mod generate;
mod import;
mod import_proposal;
mod import_template;
mod person;
mod plan;
mod replay;
mod retention;
mod rules;
pub mod score;
mod serve;
mod table;
mod tasks;
mod told;
mod user;

use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use self::told::{language, language_of_files, listed, one_of, tell, word};
use crate::config::{Logging, Reader, Storage};
use crate::rules::sandbox::STACK_SIZE;
use crate::spreadsheets::import::MAX_FILE_BYTES;

/// 4S 店销售计划、事实、计分与月度考核 · sales plans, facts, scores and monthly reviews for car dealership groups.
#[derive(Debug, Parser)]
#[command(name = "showfloor", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    storage: Storage,
    #[command(flatten)]
    logging: Logging,
    #[command(flatten)]
    reader: Reader,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load the demonstration dealership, score its year, and serve it until Ctrl-C.
    Demo(demo::DemoArgs),
    /// Serve the API until Ctrl-C.
    Serve(serve::ServeArgs),
    /// Bring the database up to date and end.
    Migrate,
    /// Generate the reviews of a month.
    Generate(generate::GenerateArgs),
    /// Say what a month still waits for, and freeze its facts.
    Close(close::CloseArgs),
    /// Say where review cycles are, and move them on or back.
    #[command(subcommand)]
    Cycles(cycles::CyclesCommand),
    /// Print what people have to do about reviews, and who is late.
    Tasks(tasks::TasksArgs),
    /// Import a spreadsheet of facts.
    Import(import::ImportArgs),
    /// Write the Excel template of a source, for somebody to fill in.
    ImportTemplate(import_template::ImportTemplateArgs),
    /// Compare what is kept of people's months with the ledger, or make it anew.
    #[command(subcommand)]
    Facts(facts::FactsCommand),
    /// Export a month's facts, or where they came from, as CSV or an Excel workbook.
    Export(export::ExportArgs),
    /// Score facts from standard input with the scripts of a folder; needs no database.
    Score(score::ScoreArgs),
    /// Split a total or work a funnel back without a database; list, export and import plans.
    #[command(subcommand)]
    Plan(plan::PlanCommand),
    /// Run stored reviews again and prove that they come out the same.
    Replay(replay::ReplayArgs),
    /// Check and test scripts without a database; try them on past months; draft, submit, approve and export rules.
    #[command(subcommand)]
    Rules(rules::RulesCommand),
    /// Say how long things are kept, hold them, and erase what is over the term, or a person's data.
    #[command(subcommand)]
    Retention(retention::RetentionCommand),
    /// Seal the audit trail, and prove that nobody has changed it.
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Manage logins.
    #[command(subcommand)]
    User(user::UserCommand),
    /// Print the OpenAPI document; needs no database.
    Openapi,
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
    let cli = Cli::parse();
    told::read_by(cli.reader.clone());
    match start_log(&cli.logging).and_then(|()| run(cli)) {
        Ok(Ended::Well) => ExitCode::SUCCESS,
        Ok(Ended::WithFindings) => ExitCode::from(1),
        // The reader of our output has gone, as with `| head`: nothing is left to do.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "showfloor: {}", told::told(&error));
            ExitCode::from(1)
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<Ended> {
    let storage = cli.storage;
    match cli.command {
        Command::Score(args) => score::run(&args),
        Command::Plan(command) => plan::run(command, storage),
        Command::Rules(command) => rules::run(command, storage),
        Command::Replay(args) => block_on(replay::run(args, storage)),
        Command::Openapi => serve::print_openapi(),
        Command::Demo(args) => block_on(demo::run(args, storage)),
        Command::Serve(args) => block_on(serve::run(args, storage)),
        Command::Migrate => block_on(database::migrate(storage)),
        Command::Generate(args) => block_on(generate::run(args, storage)),
        Command::Close(args) => block_on(close::run(args, storage)),
        Command::Cycles(command) => block_on(cycles::run(command, storage)),
        Command::Tasks(args) => block_on(tasks::run(args, storage)),
        Command::Import(args) => block_on(import::run(args, storage)),
        Command::ImportTemplate(args) => block_on(import_template::run(args, storage)),
        Command::Facts(command) => block_on(facts::run(command, storage)),
        Command::Export(args) => block_on(export::run(args, storage)),
        Command::Retention(command) => block_on(retention::run(command, storage)),
        Command::Audit(command) => block_on(audit::run(command, storage)),
        Command::User(command) => block_on(user::run(command, storage)),
    }
}

/// Connections are driven by this runtime, whichever thread uses them; migrations need more than one thread.
fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    // The provider can be installed once; a second attempt changes nothing.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_SIZE)
        .build()
        .with_context(|| tell!("不能启动运行环境", "the runtime could not be started"))?
        .block_on(work)
}

fn start_log(logging: &Logging) -> anyhow::Result<()> {
    let filter = &logging.log;
    let filter = EnvFilter::try_new(filter).with_context(|| {
        tell!(
            "日志过滤条件“{filter}”不对：例如 warn 或 showfloor=debug",
            "'{filter}' is not a log filter: try warn or showfloor=debug"
        )
    })?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    let started = if logging.log_json { log.json().try_init() } else { log.try_init() };
    started.map_err(|error| {
        anyhow::anyhow!(tell!("不能开始记日志：{error}", "the log could not be started: {error}"))
    })
}

/// A file to write to; one that is there already is kept unless `force` says otherwise.
fn new_file(path: &Path, force: bool) -> anyhow::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).create_new(!force);
    let shown = path.display();
    options
        .open(path)
        .with_context(|| tell!("不能写 {shown}（--force 覆盖）", "cannot write {shown} (--force overwrites)"))
}

/// What is said of a file that cannot be read.
fn unreadable(path: &Path) -> String {
    let shown = path.display();
    tell!("不能读 {shown}", "cannot read {shown}")
}

/// What is said of a file or folder that cannot be written.
fn unwritable(path: &Path) -> String {
    let shown = path.display();
    tell!("不能写 {shown}", "cannot write {shown}")
}

/// Refuses a file that no import would take.
fn not_too_large(path: &Path) -> anyhow::Result<()> {
    let (shown, size) = (path.display(), std::fs::metadata(path).with_context(|| unreadable(path))?.len());
    anyhow::ensure!(
        size <= u64::try_from(MAX_FILE_BYTES)?,
        tell!(
            "{shown} 有 {size} 字节，最多 {MAX_FILE_BYTES} 字节",
            "{shown} has {size} bytes, more than the {MAX_FILE_BYTES} allowed"
        )
    );
    Ok(())
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// The examples in a command's help, and in that of those below it.
    fn examples(command: &clap::Command) -> Vec<String> {
        let help = [command.get_after_help(), command.get_after_long_help()];
        let own = help.into_iter().flatten().flat_map(|help| {
            let lines = help.to_string().lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
            lines.into_iter().filter(|line| line.contains("showfloor "))
        });
        own.chain(command.get_subcommands().flat_map(examples)).collect()
    }

    /// The arguments of the last `showfloor` in a line, as a shell parts them.
    fn words(line: &str) -> Vec<String> {
        let (_, rest) = line.rsplit_once("showfloor ").unwrap();
        let (mut words, mut word, mut quote) = (vec!["showfloor".to_owned()], String::new(), None);
        for c in rest.chars() {
            match (quote, c) {
                (None, '\'' | '"') => quote = Some(c),
                (Some(open), _) if open == c => quote = None,
                (None, '|' | '>' | '<' | ';' | '&') => break,
                (None, '#') if word.is_empty() => break,
                (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
                _ => word.push(c),
            }
        }
        words.extend((!word.is_empty()).then_some(word));
        words
    }

    #[test]
    fn examples_in_the_help_can_be_pasted() {
        let examples = examples(&Cli::command());
        assert!(examples.len() > 60, "{}", examples.len());
        for example in examples {
            let parsed = Cli::try_parse_from(words(&example));
            assert!(
                parsed.is_ok(),
                "{example}: {}",
                parsed.err().map(|error| error.to_string()).unwrap_or_default()
            );
        }
    }
}
