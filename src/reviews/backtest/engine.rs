//! Scoring months by two bundles on all cores. The result does not depend on how many threads there are.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::sync::mpsc::Receiver;

use super::executed::Executed;
use super::months::StoreMonth;
use super::movers::results;
use super::report::ScriptPlace;
use super::review_result::ReviewResult;
use super::side::{Memories, Side};
use super::tally::Tally;
use crate::reviews::snapshot::stored::Damaged;
use crate::rules::bundle::Bundle;
use crate::rules::memo::Memory;
use crate::rules::sandbox::STACK_SIZE;
use crate::rules::scoring::Scored;

/// What rules are tried against.
#[derive(Clone, Debug)]
pub enum Baseline {
    /// Other rules.
    Bundle(Arc<Bundle>),
    /// The reviews as they are stored, whatever they were scored with.
    Stored,
    /// Nothing: every review is a new one.
    Nothing,
}

/// Rules, and what they are tried against.
#[derive(Debug)]
pub struct Sides {
    /// The rules tried.
    pub after: Side,
    before: Before,
}

#[derive(Debug)]
enum Before {
    Side(Side),
    Stored,
    Nothing,
}

impl Sides {
    /// Rules against a baseline.
    pub fn new(tried: Arc<Bundle>, baseline: Baseline) -> Self {
        let after = Side::new(tried, 0);
        let before = match baseline {
            Baseline::Bundle(bundle) => Before::Side(Side::new(bundle, after.memories()).sharing(&after)),
            Baseline::Stored => Before::Stored,
            Baseline::Nothing => Before::Nothing,
        };
        Self { after, before }
    }

    /// The grades of a position, best first: those of the rules tried, then others of the baseline.
    pub fn grades(&self, position: &str) -> Vec<String> {
        let before = match &self.before {
            Before::Side(side) => side.scheme(position),
            Before::Stored | Before::Nothing => None,
        };
        let bands =
            [self.after.scheme(position), before].into_iter().flatten().map(|scheme| &scheme.file.grade);
        bands.flatten().map(|band| band.name.clone()).collect()
    }

    /// The bundles on both sides.
    pub fn bundles(&self) -> impl Iterator<Item = &Arc<Bundle>> {
        let before = match &self.before {
            Before::Side(side) => Some(&side.bundle),
            Before::Stored | Before::Nothing => None,
        };
        [&self.after.bundle].into_iter().chain(before)
    }

    fn memories(&self) -> Vec<Memory> {
        let before = match &self.before {
            Before::Side(side) => side.memories(),
            Before::Stored | Before::Nothing => 0,
        };
        (0..self.after.memories().max(before)).map(|_| Memory::default()).collect()
    }
}

/// How far a backtest has come, and whether it is to stop.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicU64,
    is_stopped: AtomicBool,
}

impl Progress {
    /// Reviews tried so far.
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// Asks for it to stop.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to stop.
    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }
}

/// What a backtest comes to.
#[derive(Clone, Debug, Default)]
pub struct Tried {
    /// Everything that was counted.
    pub tally: Tally,
    /// The places of the scripts tried that ran for no review.
    pub never_executed: BTreeSet<ScriptPlace>,
}

/// Tries every page of months that comes in, on `threads` threads, until there are no more or it is asked to stop. Blocks.
///
/// # Errors
///
/// A sentence about stored inputs that cannot be read, or about a thread that could not be started.
pub fn run(
    sides: &Sides,
    pages: Receiver<Vec<StoreMonth>>,
    threads: usize,
    progress: &Progress,
) -> Result<Tried, String> {
    let pages = Mutex::new(pages);
    thread::scope(|scope| {
        let started = (0..threads.max(1)).map(|_| {
            let worker = thread::Builder::new().stack_size(STACK_SIZE);
            worker.spawn_scoped(scope, || {
                let counted = work(sides, &pages, progress);
                if counted.is_err() {
                    progress.stop();
                }
                // Whoever feeds us waits for room no longer.
                if let (true, Ok(mut pages)) = (progress.is_stopped(), pages.lock()) {
                    pages.close();
                }
                counted
            })
        });
        let started = started.collect::<Vec<_>>();
        let never_executed = Executed::of(&sides.after).never();
        let mut tried = Tried { tally: Tally::default(), never_executed };
        for worker in started {
            let worker = worker.map_err(|error| {
                progress.stop();
                format!("a thread could not be started: {error}")
            })?;
            let counted = worker.join().map_err(|_| "a scoring thread has ended".to_owned())??;
            tried.tally.merge(counted.tally);
            // What ran on one thread has run.
            tried.never_executed.retain(|place| counted.never_executed.contains(place));
        }
        Ok(tried)
    })
}

fn work(
    sides: &Sides,
    pages: &Mutex<Receiver<Vec<StoreMonth>>>,
    progress: &Progress,
) -> Result<Tried, String> {
    let mut memories = sides.memories();
    let mut executed = Executed::of(&sides.after);
    let mut tally = Tally::default();
    loop {
        let page = match pages.lock() {
            Ok(mut pages) => pages.blocking_recv(),
            Err(_) => None,
        };
        let Some(page) = page.filter(|_| !progress.is_stopped()) else {
            return Ok(Tried { tally, never_executed: executed.never() });
        };
        for month in page {
            if progress.is_stopped() {
                break;
            }
            try_month(sides, &month, &mut memories, &mut executed, &mut tally)
                .map_err(|error| format!("a review of {}: {error}", month.store))?;
            let reached = month.reviews.iter().filter(|review| review.is_reached).count();
            progress.done.fetch_add(u64::try_from(reached).unwrap_or(0), Ordering::Relaxed);
        }
    }
}

/// Scores a store's month by both sides and counts the reviews that the caller reaches.
fn try_month(
    sides: &Sides,
    month: &StoreMonth,
    memories: &mut Memories,
    executed: &mut Executed<'_>,
    tally: &mut Tally,
) -> Result<(), Damaged> {
    let facts = sides.after.facts(month)?;
    // The rules tried come first: inputs are new to them, and the baseline finds remembered what both have in common.
    let mut after = sides.after.score(month, &facts, memories, |slot, facts| {
        executed.meet(slot, facts);
    });
    let mut before: Option<Vec<Option<Scored>>> = match &sides.before {
        Before::Side(side) if !month.is_scored_with(&side.bundle.hash) => {
            let own = if side.reads_like(&sides.after) { None } else { Some(side.facts(month)?) };
            Some(side.score(month, own.as_ref().unwrap_or(&facts), memories, |_, _| {}))
        }
        _ => None,
    };
    for (index, review) in month.reviews.iter().enumerate().filter(|(_, review)| review.is_reached) {
        let scored_after = after.get_mut(index).and_then(Option::take);
        let scored_before = before.as_mut().and_then(|before| before.get_mut(index)).and_then(Option::take);
        let standing_after = scored_after.as_ref().map(ReviewResult::of);
        let standing_before = match (&sides.before, &before) {
            (Before::Nothing, _) => None,
            (_, Some(_)) => scored_before.as_ref().map(ReviewResult::of),
            (_, None) => Some(review.standing.clone()),
        };
        tally.add(&month.store, review, standing_before.as_ref(), standing_after.as_ref(), || {
            (
                scored_before.map(|scored| results(&scored.rules)),
                scored_after.map(|scored| results(&scored.rules)).unwrap_or_default(),
            )
        });
    }
    Ok(())
}
