//! The recording of one rule while it runs for one person.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rhai::{Dynamic, Position};
use rust_decimal::Decimal;

use super::{Part, Parts, Show, Shown, Step, StepKind, StepLabel, Words};
use crate::rules::sentences;
use crate::rules::value::{HostResult, fault};

/// Most steps, and most parts of one reason, that a rule may record for one person.
pub const STEP_LIMIT: usize = 64;
/// Most characters of a reason, in Chinese.
pub const REASON_LIMIT: usize = 300;

/// One item of a rule, for `scaled`.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The most it could give.
    pub max: Decimal,
    /// What it gave; none when not applicable.
    pub value: Option<Decimal>,
}

/// The numbers and texts that a script declares outside its functions.
pub type Constants = Arc<[(String, Dynamic)]>;

/// What a rule is allowed while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame {
    /// The rule's maximum.
    pub max: Decimal,
    /// What it may reach when what it carries over was above 100; otherwise the maximum.
    pub ceiling: Decimal,
    /// Whether to keep which edges its values reach, for levers. Scoring does not ask.
    pub watches_edges: bool,
}

/// How far one call of `lin`, `band` or `reaches` got. Never stored: it is what levers look for a change of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdgesReached {
    /// Where the call stands. A call within a function that is called twice is there twice, in the order of the calls.
    pub at: Position,
    /// How many of the call's edges the value has reached.
    pub edges: usize,
    /// The last edge reached, as reasons show it.
    pub last: Option<Shown>,
    /// The step that took the call up in its reason, if there is one: its index.
    pub step: usize,
}

/// A call that looks as if it counted and does not. Nothing fails for anybody: checks ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// An item behind the `scaled()` that was to count it.
    ItemBehindScaled,
    /// A deduction behind the `remaining()` that was to count it.
    DeductionBehindRemaining,
    /// `remaining()` where there are items, which it does not count.
    RemainingBesideItems,
    /// Points that are not the sum of the items.
    PointsBesideItems {
        /// What the items come to.
        items: Decimal,
        /// What the rule gave.
        points: Decimal,
    },
}

/// What is being recorded while one rule runs for one person.
#[derive(Debug, Default)]
pub struct Recorder {
    /// What the rule was allowed.
    pub frame: Frame,
    /// Steps so far.
    pub steps: Vec<Step>,
    /// How `ratio`, `lin` and `band` came to their numbers, until a step takes it up in its reason.
    pub pending: Parts,
    /// Items so far.
    pub items: Vec<Item>,
    /// Sum of the deductions so far.
    pub deducted: Decimal,
    /// Sum of the bonuses so far.
    pub bonus: Decimal,
    /// Where `skip` said that the whole rule is not applicable.
    pub skipped: Option<Position>,
    /// What failed where the engine lets no error through: a missing value inside `${…}`.
    pub fault: Option<(String, Position)>,
    /// Whether `scaled` has counted the items so far.
    pub is_scaled: bool,
    /// Whether `remaining` has counted the deductions so far.
    pub is_remaining: bool,
    /// The first call that does not count.
    pub misuse: Option<(Misuse, Position)>,
    /// How far calls got, where the frame asks for it.
    pub reached: Vec<EdgesReached>,
    /// Which way the script went: every decision of its run, one bit for each, behind a first 1; 0: nobody knows.
    path: u64,
    /// What the interpreter asks for while it runs the script.
    constants: Option<Constants>,
    deadline: Option<Instant>,
}

thread_local! {
    /// A rule runs on one thread from beginning to end, and one rule at a time, so the recording needs no lock.
    static RECORDER: RefCell<Recorder> = RefCell::default();
}

/// Begins the recording of a rule that the interpreter may run for `allowed`.
pub fn begin(frame: Frame, constants: &Constants, allowed: Duration) {
    record(|recorder| {
        recorder.begin(frame, 0);
        recorder.constants = Some(Arc::clone(constants));
        // The interpreter does not tell.
        recorder.path = 0;
        recorder.deadline = Instant::now().checked_add(allowed);
    });
}

/// The constant called `name` of the rule that is running.
pub fn constant(name: &str) -> Option<Dynamic> {
    RECORDER.with_borrow(|recorder| {
        let mut constants = recorder.constants.as_deref().unwrap_or_default().iter();
        let found = constants.find(|(constant, _)| constant == name);
        found.map(|(_, value)| value.clone())
    })
}

/// Ends the recording and gives what was recorded.
pub fn end() -> Recorder {
    RECORDER.take()
}

/// Which way the script went that this thread has just run, where that is known. A script that goes the same way again
/// executes the same statements.
pub fn path() -> Option<u64> {
    Some(RECORDER.with_borrow(|recorder| recorder.path)).filter(|path| *path != 0)
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
    /// Begins the recording of a rule that has about so many steps, with the room that the last one took.
    pub fn begin(&mut self, frame: Frame, steps: usize) {
        self.frame = frame;
        self.steps = Vec::with_capacity(steps);
        self.pending.clear();
        self.items.clear();
        self.deducted = Decimal::ZERO;
        self.bonus = Decimal::ZERO;
        self.skipped = None;
        self.fault = None;
        self.is_scaled = false;
        self.is_remaining = false;
        self.misuse = None;
        self.reached = Vec::new();
        self.path = 1;
        self.constants = None;
        self.deadline = None;
    }

    /// Keeps that a call does not count.
    pub fn misused(&mut self, misuse: Misuse, at: Position) {
        self.misuse.get_or_insert((misuse, at));
    }

    /// Keeps which way the script goes, as long as there are bits left.
    pub fn decide(&mut self, is_so: bool) {
        self.path = match self.path.leading_zeros() {
            1..u64::BITS => self.path << 1 | u64::from(is_so),
            _ => 0,
        };
    }

    /// Keeps how a number came about for the reason of the next step.
    pub fn explain(&mut self, part: Part) -> HostResult<()> {
        if self.pending.len() >= STEP_LIMIT {
            return fault(format!("the rule computed more than {STEP_LIMIT} rates without an item"));
        }
        self.pending.push(part);
        Ok(())
    }

    /// How numbers are shown that are compared with what was computed last: a share as a percentage.
    pub fn show(&self) -> Show {
        self.pending.last().map_or(Show::Points, Part::show)
    }

    /// Keeps how many of a call's edges were reached, and the last of them, where the frame asks for it.
    pub fn watch(&mut self, at: Position, edges: usize, last: Option<Decimal>, show: Show) {
        if self.frame.watches_edges {
            let last = last.map(|number| Shown { number, show });
            self.reached.push(EdgesReached { at, edges, last, step: self.steps.len() });
        }
    }

    /// Adds a step that begins with an author's text, of how its number came about.
    pub fn step(
        &mut self,
        kind: StepKind,
        points: Option<Decimal>,
        max: Option<Decimal>,
        words: Words<'_>,
        at: Position,
    ) -> HostResult<()> {
        let label = match words {
            Words::Own(_) => StepLabel::Own,
            Words::Made(text) => StepLabel::Words(Arc::clone(text)),
        };
        self.labelled(kind, points, max, label, words.text(), at)
    }

    /// Adds a step without points that begins with something else.
    pub fn remark(&mut self, kind: StepKind, label: StepLabel, at: Position) -> HostResult<()> {
        self.labelled(kind, None, None, label, "", at)
    }

    fn labelled(
        &mut self,
        kind: StepKind,
        points: Option<Decimal>,
        max: Option<Decimal>,
        label: StepLabel,
        own: &str,
        at: Position,
    ) -> HostResult<()> {
        if self.steps.len() >= STEP_LIMIT {
            return fault(format!("the rule recorded more than {STEP_LIMIT} items, deductions and notes"));
        }
        let step = Step { kind, label, parts: std::mem::take(&mut self.pending), points, max, at };
        let length = sentences::length(&step, own, REASON_LIMIT);
        if length > REASON_LIMIT {
            return fault(format!("a reason has {length} characters, more than the {REASON_LIMIT} allowed"));
        }
        self.steps.push(step);
        Ok(())
    }
}
