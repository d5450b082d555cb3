//! Which statements of a script are ever executed, and which was the last of a run.
//!
//! A copy of the script, in which every statement first says that it is reached, runs beside the script itself; what a rule
//! comes to is never taken from the copy.

use std::cell::RefCell;

use rhai::{AST, Engine};
use rust_decimal::Decimal;

use super::bundle::Rule;
use super::check::{self, Script};
use super::finding::{Finding, SourcePlace};
use super::sandbox;
use super::trace;
use crate::ledger::month::MonthFacts;

/// What a statement of the copy calls first. No script can: it is no function of the host's list.
const REACHED: &str = "statement_reached";

thread_local! {
    /// The statements begun by the run on this thread.
    static RUN: RefCell<Begun> = RefCell::default();
}

/// When each statement was begun last.
#[derive(Debug, Default)]
struct Begun {
    /// Its place in the order of all that were begun, from 1; 0: never begun.
    ranks: Vec<u64>,
    /// How many were begun so far, one begun again counted again.
    count: u64,
}

/// Makes the copies' function known to their engine.
pub fn register(engine: &mut Engine) {
    engine.register_fn(REACHED, |index: Decimal| {
        RUN.with_borrow_mut(|run| {
            run.count = run.count.saturating_add(1);
            let rank = usize::try_from(index).ok().and_then(|index| run.ranks.get_mut(index));
            if let Some(rank) = rank {
                *rank = run.count;
            }
        });
    });
}

/// The statements of one rule, and which of them the runs so far have reached.
#[derive(Debug)]
pub struct Coverage<'a> {
    rule: &'a Rule,
    /// None: the copy cannot be compiled, so nothing is known of any statement.
    copy: Option<AST>,
    places: Vec<SourcePlace>,
    begun: Begun,
}

impl<'a> Coverage<'a> {
    /// Nothing has run yet.
    pub fn of(rule: &'a Rule) -> Self {
        let script = Script { file: &rule.file, text: rule.text(), ast: rule.ast() };
        let starts = check::statements(&script);
        let mut text = String::with_capacity(script.text.len());
        let mut written = 0;
        for (index, start) in starts.iter().enumerate() {
            text.push_str(script.text.get(written..*start).unwrap_or_default());
            text.push_str(&format!("{REACHED}({index});"));
            written = *start;
        }
        text.push_str(script.text.get(written..).unwrap_or_default());
        let copy = sandbox::compile_recording(&text, rule.constants()).ok();
        let starts = if copy.is_some() { starts } else { Vec::new() };
        let places = starts.iter().map(|start| SourcePlace::at_offset(&rule.file, script.text, *start));
        let begun = Begun { ranks: vec![0; starts.len()], count: 0 };
        Self { rule, copy, begun, places: places.collect() }
    }

    /// Runs the rule and notes what is reached. It has the script's limits: time, depth, and four times the steps.
    pub fn run(&mut self, facts: &MonthFacts) {
        let Some(copy) = &self.copy else { return };
        RUN.set(std::mem::take(&mut self.begun));
        let arguments = self.rule.arguments_of(facts);
        // A rule that fails has reached the statements before.
        let _ = sandbox::call_recording(copy, self.rule.frame(), self.rule.constants(), arguments);
        trace::end();
        self.begun = RUN.take();
    }

    /// How many statements there are.
    pub fn statements(&self) -> usize {
        self.places.len()
    }

    /// How many of them have been reached.
    pub fn reached(&self) -> usize {
        self.begun.ranks.iter().filter(|rank| **rank > 0).count()
    }

    /// Whether every statement has been reached.
    pub fn is_complete(&self) -> bool {
        self.begun.ranks.iter().all(|rank| *rank > 0)
    }

    /// The statements that have not been reached.
    pub fn uncovered(&self) -> Vec<SourcePlace> {
        let missed = self.places.iter().zip(&self.begun.ranks).filter(|(_, rank)| **rank == 0);
        missed.map(|(place, _)| place.clone()).collect()
    }

    /// The one of `among` that was begun last, by the latest run that began any of them.
    pub fn last_begun(&self, among: &[SourcePlace]) -> Option<&SourcePlace> {
        let begun = self.places.iter().zip(&self.begun.ranks);
        let begun = begun.filter(|(place, rank)| **rank > 0 && among.contains(place));
        begun.max_by_key(|(_, rank)| **rank).map(|(place, _)| place)
    }

    /// One finding for every line with such a statement.
    pub fn findings(&self) -> Vec<Finding> {
        let mut missed = self.uncovered();
        missed.dedup_by_key(|place| place.line);
        missed
            .into_iter()
            .map(|place| {
                let message = "no case reaches this";
                Finding::error("not-covered", place, self.rule.text(), message).warning()
            })
            .collect()
    }
}
