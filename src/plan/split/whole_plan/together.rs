//! Tasks that do not depend on each other, done on several threads.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

/// How many rows of cells are worth a thread.
const ROWS_A_THREAD: usize = 5_000;

/// Does all tasks, on as many threads as there are processors and as `rows` are worth; the answers come in the order of the
/// tasks.
pub(super) fn together<Work: Send, Answer: Send>(
    rows: usize,
    tasks: Vec<Work>,
    work: impl Fn(Work) -> Answer + Sync,
) -> Vec<Answer> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(rows / ROWS_A_THREAD).min(tasks.len());
    if threads < 2 {
        return tasks.into_iter().map(work).collect();
    }
    let waiting = Mutex::new(tasks.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let some = || {
        let done = std::iter::from_fn(next).map(|(at, task)| (at, work(task)));
        done.collect::<Vec<_>>()
    };
    let mut answers = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut answers = some();
        for other in others {
            answers.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        answers
    });
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
