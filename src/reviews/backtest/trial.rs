//! A trial from the database to its report.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::mpsc::{Sender, channel};

use super::engine::{self, Progress, Sides, Tried};
use super::months::{self, Reached, Selection, StoreMonth};
use super::movers::Results;
use super::report::BacktestReport;
use crate::db::Pool;
use crate::http::Problem;
use crate::rules::library::Library;
use crate::rules::sandbox::on_deep_stack;

/// Reviews read at once, unless a store has more in a month: about 4 MB.
const PAGE: i64 = 1_000;
/// Pages read ahead of the threads.
const AHEAD: usize = 1;

/// Rules to be tried against others on some months.
#[derive(Debug)]
pub struct Trial {
    /// Both rules.
    pub sides: Sides,
    /// Which reviews.
    pub selection: Selection,
    /// The months they are in.
    pub months: Vec<Reached>,
}

impl Trial {
    /// How many reviews will be tried.
    pub fn reviews(&self) -> i64 {
        self.months.iter().map(|month| month.reviews).sum()
    }

    /// The cycles to be read at once.
    fn pages(&self) -> Vec<Vec<i64>> {
        let mut pages: Vec<(i64, Vec<i64>)> = Vec::new();
        for month in &self.months {
            match pages.last_mut() {
                Some((reviews, page)) if *reviews < PAGE => {
                    *reviews += month.reviews;
                    page.push(month.cycle_id);
                }
                _ => pages.push((month.reviews, vec![month.cycle_id])),
            }
        }
        pages.into_iter().map(|(_, page)| page).collect()
    }
}

/// Carries out a trial on `threads` threads; none when it was stopped. No transaction is open while rules run, and the
/// months are never all in memory.
pub async fn carry_out(
    pool: &Pool,
    trial: &Arc<Trial>,
    threads: usize,
    progress: &Arc<Progress>,
) -> Result<Option<BacktestReport>, Problem> {
    let (sender, pages) = channel(AHEAD);
    let (on_thread, counting) = (Arc::clone(trial), Arc::clone(progress));
    let engine = on_deep_stack(move || engine::run(&on_thread.sides, pages, threads, &counting));
    let library = Library::default();
    // Most reviews were scored with rules that are compiled already.
    trial.sides.bundles().for_each(|bundle| library.keep(&bundle.hash, bundle));
    let (fed, tried) = tokio::join!(feed(pool, &library, trial, sender), engine);
    let Tried { tally, never_executed } = tried?.map_err(|sentence| Problem::internal(&sentence))?;
    fed?;
    if progress.is_stopped() {
        return Ok(None);
    }
    let mut stored = HashMap::<i64, Results>::new();
    let unexplained = tally.unexplained();
    if !unexplained.is_empty() {
        stored = months::results(&mut *pool.get().await?, &library, &unexplained).await?;
    }
    Ok(Some(tally.report(|position| trial.sides.grades(position), &stored, never_executed)))
}

/// Reads the months page by page, as fast as they are tried.
async fn feed(
    pool: &Pool,
    library: &Library,
    trial: &Trial,
    pages: Sender<Vec<StoreMonth>>,
) -> Result<(), Problem> {
    let units = months::unit_codes(&mut *pool.get().await?).await?;
    let (known, scope) = ((library, &units), &trial.selection.scope);
    for cycles in trial.pages() {
        let page = months::load(&mut *pool.get().await?, known, scope, &cycles).await?;
        // Nobody takes it any more when the trial was stopped.
        if pages.send(page).await.is_err() {
            break;
        }
    }
    Ok(())
}
