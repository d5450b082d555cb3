//! How long somebody waits for rules to be judged: judging stops as soon as nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What work on rules looks at from time to time, to see whether to go on.
#[derive(Clone, Debug, Default)]
pub struct Patience {
    until: Option<Instant>,
    is_gone: Arc<AtomicBool>,
}

/// Who waits: dropped when nobody does any more.
#[derive(Debug)]
pub struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Patience {
    /// For so long, and no longer than somebody waits.
    pub fn of(allowed: Duration) -> (Self, Waiting) {
        let patience = Self { until: Instant::now().checked_add(allowed), is_gone: Arc::default() };
        let waiting = Waiting(Arc::clone(&patience.is_gone));
        (patience, waiting)
    }

    /// Whether it is over; without end by default.
    pub fn is_over(&self) -> bool {
        self.is_gone.load(Ordering::Relaxed) || self.until.is_some_and(|until| Instant::now() > until)
    }
}
