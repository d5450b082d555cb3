//! What a group's month costs, beside what PostgreSQL alone would need for it: `make bench`, docs/PERFORMANCE.md.
//!
//! It makes its own people on a private PostgreSQL of its own, measures one thing after the other, prints a table of
//! ratios, stores it as JSON if asked to, and leaves nothing behind. Nothing fails for being slow; it does fail if a review
//! is not what the rules come to by hand.

mod backtest;
mod boards;
mod data;
mod generation;
mod import;
mod load;
mod pgbench;
mod place;
mod plan;
mod program;
mod publishing;
mod reading;
mod report;
mod scoring;
mod serve;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::ensure;
use clap::{Parser, ValueEnum};

use data::STORE;
use place::{Database, Place};
use report::{Last, Report};

/// Measures a group's month beside its yardsticks.
#[derive(Debug, Parser)]
#[command(
    name = "month",
    after_help = "Example:\n  cargo bench --bench month -- --people 100000 --json month.json"
)]
struct Args {
    /// How many people the group has: whole stores of 40.
    #[arg(long, env = "PEOPLE", default_value_t = 10_000, value_name = "N")]
    people: u32,
    /// Measure only these.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    only: Vec<Part>,
    /// How many months of reviews there are to be read.
    #[arg(long, default_value_t = 24, value_name = "N")]
    months: u32,
    /// How many seconds a server is asked for.
    #[arg(long, default_value_t = 5, value_name = "N")]
    seconds: u64,
    /// Store the figures as JSON, and show those that the file has beside them.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where there is room for the database [default: where temporary files are].
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Something to be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// `showfloor score`.
    Score,
    /// Generating a month, and its memory.
    Generate,
    /// Reading reviews.
    Reviews,
    /// Every dashboard.
    Dashboards,
    /// Trying rules on past months.
    Backtest,
    /// Publishing a month, locking it, and who has to do something about it.
    Publish,
    /// Importing a file.
    Import,
    /// A group's plan.
    Plan,
}

impl Part {
    /// Those that need the group.
    const OF_PEOPLE: [Self; 6] =
        [Self::Generate, Self::Reviews, Self::Dashboards, Self::Backtest, Self::Publish, Self::Import];
    /// Those that need a generated month.
    const OF_MONTH: [Self; 5] =
        [Self::Generate, Self::Reviews, Self::Dashboards, Self::Backtest, Self::Publish];
    /// Those that need many of them.
    const OF_MONTHS: [Self; 3] = [Self::Reviews, Self::Dashboards, Self::Backtest];
}

impl Args {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let people = args.people / STORE * STORE;
    ensure!(people >= 10 * STORE, "a group has {} people or more", 10 * STORE);
    let place = Place::open(args.folder.as_deref()).await?;
    let measured = measure(&args, people, &place).await;
    place.close().await?;
    let report = measured?;
    match &args.json {
        Some(file) => {
            report.print(&Last::read(file))?;
            report.store(file)
        }
        None => Ok(report.print(&Last::default())?),
    }
}

async fn measure(args: &Args, people: u32, place: &Place) -> anyhow::Result<Report> {
    let database = place.database("bench").await?;
    let mut report = Report::new(people, database.text("SHOW server_version").await?);
    if args.wants(Part::Score) {
        step("score");
        scoring::measure(place, &mut report)?;
    }
    if args.wants(Part::Plan) {
        step("plan");
        plan::measure(place, &mut report).await?;
    }
    if !args.wants_any(&Part::OF_PEOPLE) {
        database.close();
        return Ok(report);
    }
    step(&format!("the organisation of {people} people"));
    data::organisation(&database, people).await?;
    if args.wants_any(&Part::OF_MONTH) {
        month(args, people, place, &database, &mut report).await?;
    }
    if args.wants(Part::Import) {
        step("import");
        import::measure(place, &database, people, &mut report).await?;
    }
    database.close();
    Ok(report)
}

/// Everything that is about a generated month.
async fn month(
    args: &Args,
    people: u32,
    place: &Place,
    database: &Database,
    report: &mut Report,
) -> anyhow::Result<()> {
    step("a month of facts");
    data::facts(database, people).await?;
    let folder = place.file("data");
    if args.wants(Part::Generate) {
        step("generate");
        let many = generation::measure(database, &folder, report).await?;
        let few = of_a_tenth(people, place).await?;
        generation::memory(&few, &many, report);
    } else {
        generation::generate(database, &folder)?;
    }
    if args.wants_any(&Part::OF_MONTHS) {
        months(args, people, place, database, report).await?;
    }
    if args.wants(Part::Publish) {
        step("publish");
        publishing::measure(database, &folder, report).await?;
    }
    Ok(())
}

/// Everything that is about many months.
async fn months(
    args: &Args,
    people: u32,
    place: &Place,
    database: &Database,
    report: &mut Report,
) -> anyhow::Result<()> {
    let span = Duration::from_secs(args.seconds);
    step(&format!("{} months of reviews", args.months));
    database.set("months", &args.months.to_string()).await?;
    database.run(include_str!("sql/months.sql")).await?;
    database.run("VACUUM ANALYZE").await?;
    if args.wants(Part::Reviews) {
        step("reviews");
        reading::reviews(place, database, span, report).await?;
    }
    if args.wants(Part::Dashboards) {
        step("dashboards");
        boards::measure(place, database, people, span, report).await?;
    }
    if args.wants(Part::Backtest) {
        step("backtest");
        backtest::measure(place, database, report).await?;
    }
    Ok(())
}

/// Generates the month of a group with a tenth of the people.
async fn of_a_tenth(people: u32, place: &Place) -> anyhow::Result<program::Ran> {
    let database = place.database("tenth").await?;
    let people = (people / 10 / STORE).max(1) * STORE;
    data::organisation(&database, people).await?;
    data::facts(&database, people).await?;
    let ran = generation::generate(&database, &place.file("data"));
    database.close();
    ran
}

fn step(what: &str) {
    eprintln!("{what} …");
}
