//! Backtests in the background: started by a request, watched by their row.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use super::engine::{Baseline, Progress, Sides};
use super::report::BacktestReport;
use super::request::{FoundRules, NewBacktest};
use super::store::{self, Backtest, Beginning, Ending};
use super::trial::{self, Trial};
use crate::auth::Context;
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::Problem;
use crate::rules::library::Library;
use crate::said::say;

/// How often the row says that the backtest is alive, and is asked whether it is to stop.
const BEAT: Duration = Duration::from_secs(1);
/// How often the end is tried to be written where the database does not answer.
const ATTEMPTS: u32 = 10;

/// Starts a backtest and says how it began; its row says how far it is. It goes on when the request has ended, so it takes
/// connections of its own from the pool, and asks the clock what time it has become.
///
/// # Errors
///
/// Those of [`NewBacktest::find`]; a conflict where enough others run.
#[tracing::instrument(skip_all, fields(draft = new.draft, from = %new.from, to = %new.to))]
pub async fn start(
    cx: &mut Context,
    (pool, clock): (&Pool, Clock),
    library: &Library,
    new: &NewBacktest,
) -> Result<Backtest, Problem> {
    let FoundRules { tried, baseline, selection, months } = new.find(cx, library).await?;
    let store_id = new.store.as_ref().and_then(|_| months.first()).map(|month| month.store_id);
    let sides = {
        let baseline = baseline.clone().map_or(Baseline::Nothing, Baseline::Bundle);
        Sides::new(Arc::clone(&tried), baseline)
    };
    let trial = Arc::new(Trial { sides, selection, months });
    let beginning = Beginning {
        draft: new.draft,
        tried: &tried,
        against: baseline.as_ref().map(|bundle| bundle.hash.as_str()),
        from: new.from,
        to: new.to,
        store_id,
        total: trial.reviews(),
    };
    let backtest = store::begin(cx, beginning).await?;
    if let Err(error) = spawn(pool.clone(), trial, backtest.id, clock) {
        let failure = Ending::Failed(say!("服务器无法启动线程", "the server could not start a thread"));
        let now = cx.now;
        store::end(cx.db(), backtest.id, &failure, 0, now).await?;
        return Err(Problem::internal(&error));
    }
    Ok(backtest)
}

/// A thread with a runtime of its own: requests are not held up, and it does not end with the worker that started it.
fn spawn(pool: Pool, trial: Arc<Trial>, id: i64, clock: Clock) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let thread = std::thread::Builder::new().name(format!("backtest-{id}"));
    thread.spawn(move || runtime.block_on(watch(&pool, &trial, id, clock)))?;
    Ok(())
}

/// Carries out a trial while its row is kept up to date, and writes how it ended.
async fn watch(pool: &Pool, trial: &Arc<Trial>, id: i64, clock: Clock) {
    let progress = Arc::new(Progress::default());
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let ending = {
        let work = trial::carry_out(pool, trial, threads, &progress);
        let mut work = std::pin::pin!(work);
        let mut beats = tokio::time::interval(BEAT);
        loop {
            tokio::select! {
                result = &mut work => break ending(result),
                _ = beats.tick() => match beat(pool, id, progress.done(), clock).await {
                    Ok(true) => progress.stop(),
                    Ok(false) => {}
                    Err(problem) => tracing::warn!(id, %problem, "a backtest could not say how far it is"),
                },
            }
        }
    };
    for _ in 0..ATTEMPTS {
        match end(pool, id, &ending, progress.done(), clock).await {
            Ok(()) => return,
            Err(problem) => tracing::warn!(id, %problem, "the end of a backtest could not be written"),
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn ending(result: Result<Option<BacktestReport>, Problem>) -> Ending {
    match result {
        Ok(None) => Ending::Cancelled,
        Ok(Some(report)) => match serde_json::to_string(&report) {
            Ok(text) => Ending::Finished(text),
            Err(error) => Ending::Failed(Problem::internal(&error).detail),
        },
        Err(problem) => Ending::Failed(problem.detail),
    }
}

async fn beat(pool: &Pool, id: i64, done: u64, clock: Clock) -> Result<bool, Problem> {
    store::beat(&mut *pool.get().await?, id, done, clock.now()).await
}

async fn end(pool: &Pool, id: i64, ending: &Ending, done: u64, clock: Clock) -> Result<(), Problem> {
    store::end(&mut *pool.get().await?, id, ending, done, clock.now()).await
}
