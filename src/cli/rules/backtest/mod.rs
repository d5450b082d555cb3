//! `showfloor rules backtest`: rules tried on the stored reviews of past months. It changes no review. A draft's backtest is
//! kept, because its approval asks for one; a folder's is not.

mod print;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::cli::database::{Database, operator};
use crate::cli::generate::progress_bar;
use crate::cli::serve::unusable_rules;
use crate::cli::{Ended, language, one_of, tell};
use crate::clock::Clock;
use crate::config::Storage;
use crate::db::Pool;
use crate::period::Period;
use crate::reviews::backtest::engine::{Baseline, Progress, Sides};
use crate::reviews::backtest::months::Selection;
use crate::reviews::backtest::report::BacktestReport;
use crate::reviews::backtest::request::NewBacktest;
use crate::reviews::backtest::store::{self, BacktestState};
use crate::reviews::backtest::trial::{Trial, carry_out};
use crate::reviews::backtest::{reading, request, runner};
use crate::reviews::visibility::{Part, Sight};
use crate::rules::bundle::Bundle;
use crate::rules::library::Library;

/// How often the progress bar moves.
const TICK: Duration = Duration::from_millis(100);

/// Options of `showfloor rules backtest`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  showfloor rules backtest my-rules --from 2014-01 --to 2014-12\n  \
    showfloor rules backtest --draft 7 --against 3 --from 2014-10 --to 2014-12 --store JC\n  \
    showfloor rules backtest my-rules --against rules --from 2014-03 --to 2014-03 --json")]
pub struct BacktestArgs {
    /// The rules folder to try, unless a draft is named.
    #[arg(value_name = "DIR", env = "SHOWFLOOR_RULES", default_value = "rules")]
    folder: PathBuf,
    /// The draft to try, by id.
    #[arg(long, value_name = "ID")]
    draft: Option<i64>,
    /// What to try it against: a release, by id, or another folder [default: the release in force when the draft takes
    /// effect; before the first release, every review as it is].
    #[arg(long, value_name = "RELEASE|DIR")]
    against: Option<String>,
    /// The first month.
    #[arg(long, value_name = "YYYY-MM")]
    from: Period,
    /// The last month.
    #[arg(long, value_name = "YYYY-MM")]
    to: Period,
    /// Only the reviews of this store, by code.
    #[arg(long, value_name = "CODE")]
    store: Option<String>,
    /// Print JSON instead of tables.
    #[arg(long)]
    json: bool,
}

/// Tries rules and prints what they would change.
pub async fn run(args: BacktestArgs, storage: Storage) -> anyhow::Result<Ended> {
    let release = args.against.as_ref().and_then(|against| against.parse().ok());
    let report = Database::with(&storage, async |pool| match args.draft {
        Some(draft) if args.against.is_none() || release.is_some() => {
            let new = NewBacktest {
                draft: Some(draft),
                bundle: None,
                against: release,
                from: args.from,
                to: args.to,
                store: args.store.clone(),
            };
            keep(pool, &new).await
        }
        _ => with_progress(pool, &Arc::new(trial(&args, pool).await?)).await,
    })
    .await?;
    print::report(&args, &report)?;
    Ok(Ended::Well)
}

/// What a bar counts.
fn unit() -> String {
    tell!("份成绩", "reviews")
}

/// Tries a draft as a server does, and waits for it.
async fn keep(pool: &Pool, new: &NewBacktest) -> anyhow::Result<BacktestReport> {
    let begun = {
        let cx = &mut operator(pool).await?;
        runner::start(cx, (pool, Clock::System), &Library::default(), new).await?
    };
    let mut bar = None;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let cx = &mut operator(pool).await?;
        let found = store::find(cx, begun.id).await?;
        let bar = bar.get_or_insert_with(|| progress_bar(usize::try_from(found.total).unwrap_or(0), &unit()));
        bar.set_position(u64::try_from(found.done).unwrap_or(0));
        match (found.state, found.report) {
            (BacktestState::Running, _) => continue,
            (BacktestState::Finished, Some(mut report)) => {
                bar.finish_and_clear();
                reading::show(cx, Sight::of(cx, Part::Score), &mut report).await?;
                return Ok(report);
            }
            (state, _) => {
                let (state, why) = (one_of((state.label(), state.name())), found.failure.unwrap_or_default());
                bail!(tell!("回测{state}：{why}", "the backtest is {state}: {why}"))
            }
        }
    }
}

/// Finds rules and months.
async fn trial(args: &BacktestArgs, pool: &Pool) -> anyhow::Result<Trial> {
    if args.from > args.to {
        let (from, to) = (args.from, args.to);
        bail!(tell!(
            "最后一个月 {to} 在第一个月 {from} 之前",
            "the last month, {to}, is before the first, {from}"
        ));
    }
    let cx = &mut operator(pool).await?;
    let library = Library::default();
    let (tried, effective_from) = match args.draft {
        Some(draft) => request::drafted(cx, draft).await?,
        None => (Arc::new(load(&args.folder)?), None),
    };
    let month = effective_from.unwrap_or_else(|| Period::containing(cx.today()));
    let release = args.against.as_ref().and_then(|against| against.parse().ok());
    let baseline = match &args.against {
        Some(folder) if release.is_none() => Baseline::Bundle(Arc::new(load(Path::new(folder))?)),
        _ => match request::baseline(cx.db(), release, month).await? {
            Some(hash) => Baseline::Bundle(library.bundle(cx.db(), &hash).await?),
            None => Baseline::Stored,
        },
    };
    let (from, to, store) = (args.from, args.to, args.store.clone());
    let selection = Selection { from, to, store, sight: Sight::of(cx, Part::Score) };
    let months = request::some_months(cx.db(), &selection).await?;
    Ok(Trial { sides: Sides::new(tried, baseline), selection, months })
}

fn load(folder: &Path) -> anyhow::Result<Bundle> {
    Bundle::load(folder).or_else(|findings| {
        for finding in findings {
            eprintln!("{}", finding.in_language(language()));
        }
        bail!(unusable_rules(folder))
    })
}

/// Carries a trial out while a bar says how far it is, and adds whose the reviews are.
async fn with_progress(pool: &Pool, trial: &Arc<Trial>) -> anyhow::Result<BacktestReport> {
    let progress = Arc::new(Progress::default());
    let bar = progress_bar(usize::try_from(trial.reviews()).unwrap_or(0), &unit());
    let threads = available_parallelism().map_or(1, NonZero::get);
    let mut ticks = tokio::time::interval(TICK);
    let mut work = std::pin::pin!(carry_out(pool, trial, threads, &progress));
    let report = loop {
        tokio::select! {
            result = &mut work => break result?,
            _ = ticks.tick() => bar.set_position(progress.done()),
        }
    };
    bar.finish_and_clear();
    let mut report = report.with_context(|| tell!("回测中断了", "the backtest was stopped"))?;
    let cx = &mut operator(pool).await?;
    reading::show(cx, Sight::of(cx, Part::Score), &mut report).await?;
    Ok(report)
}
