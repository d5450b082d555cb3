//! What a rule did for one person, step by step: the explanation that is stored with the review.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use rhai::Position;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a step did to the score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Points earned for one item of the rule.
    Item,
    /// An item that is not applicable (不适用).
    NotApplicable,
    /// Points taken off.
    Deduction,
    /// Points on top of the total.
    Bonus,
    /// A remark without points.
    Note,
}

/// One recorded call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// What it did.
    pub kind: StepKind,
    /// Points given or taken, unrounded; none where there are none.
    pub points: Option<Decimal>,
    /// The most an item could give.
    pub max: Option<Decimal>,
    /// The reason with its numbers, in Chinese.
    pub reason: String,
    /// Line of the call in the rule's file.
    pub line: usize,
    /// Column of the call.
    pub column: usize,
}

/// One item of a rule, for `scaled`.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The most it could give.
    pub max: Decimal,
    /// What it gave; none when not applicable.
    pub value: Option<Decimal>,
}

/// What is being recorded while one rule runs for one person.
#[derive(Debug, Default)]
pub struct Recorder {
    /// The rule's maximum.
    pub max: Decimal,
    /// Steps so far.
    pub steps: Vec<Step>,
    /// How `ratio`, `lin` and `band` came to their numbers, until a step takes it up in its reason.
    pub pending: Vec<String>,
    /// Items so far.
    pub items: Vec<Item>,
    /// Sum of the deductions so far.
    pub deducted: Decimal,
    /// Sum of the bonuses so far.
    pub bonus: Decimal,
    deadline: Option<Instant>,
}

thread_local! {
    /// A rule runs on one thread from beginning to end, and one rule at a time, so the recording needs no lock.
    static RECORDER: RefCell<Recorder> = RefCell::default();
}

/// Begins the recording of a rule worth `max` points that may run for `allowed`.
pub fn begin(max: Decimal, allowed: Duration) {
    let deadline = Instant::now().checked_add(allowed);
    RECORDER.with_borrow_mut(|recorder| *recorder = Recorder { max, deadline, ..Recorder::default() });
}

/// Ends the recording and gives what was recorded.
pub fn end() -> Recorder {
    RECORDER.take()
}

/// Whether the rule that is running has used up its time.
pub fn is_overdue() -> bool {
    RECORDER.with_borrow(|recorder| recorder.deadline.is_some_and(|deadline| Instant::now() > deadline))
}

/// Works on the current recording.
pub fn record<T>(work: impl FnOnce(&mut Recorder) -> T) -> T {
    RECORDER.with_borrow_mut(work)
}

impl Recorder {
    /// Adds a step whose reason is `label`, how its number came about, and `outcome`.
    pub fn step(
        &mut self,
        kind: StepKind,
        points: Option<Decimal>,
        max: Option<Decimal>,
        label: &str,
        outcome: &str,
        at: Position,
    ) {
        let mut reason = label.to_owned();
        for (index, part) in self.pending.drain(..).enumerate() {
            reason.push_str(if index > 0 {
                "，"
            } else if label.is_empty() {
                ""
            } else {
                " "
            });
            reason.push_str(&part);
        }
        if !outcome.is_empty() {
            if !reason.is_empty() {
                reason.push('，');
            }
            reason.push_str(outcome);
        }
        let (line, column) = (at.line().unwrap_or(0), at.position().unwrap_or(0));
        self.steps.push(Step { kind, points, max, reason, line, column });
    }
}
