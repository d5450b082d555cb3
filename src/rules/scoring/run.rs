//! One rule run for one person: its inputs, what its script returned and did, and what that means.

use std::sync::Arc;

use rhai::{Dynamic, Position};
use rust_decimal::Decimal;

use super::{Outcome, PLACES, RuleResult};
use crate::decimal;
use crate::ledger::month::{MonthFacts, Value};
use crate::rules::bundle::Rule;
use crate::rules::check::Argument;
use crate::rules::failure::{Failure, OUTSIDE};
use crate::rules::language::place_of;
use crate::rules::program::{self, Program};
use crate::rules::sandbox;
use crate::rules::trace::{self, EdgesReached, Frame, Misuse, Parts, Recorder, Step, StepKind, StepLabel};
use crate::rules::value::{AbsentMetric, Cause, NotApplicable};

impl Rule {
    /// Runs the rule for one person.
    pub fn run(&self, facts: &MonthFacts) -> RuleResult {
        self.run_in(self.frame(), facts, self.program()).0
    }

    /// Whether the script's program answers for these facts, without the interpreter.
    #[cfg(test)]
    pub(in crate::rules) fn comes_to_its_end(&self, facts: &MonthFacts) -> bool {
        self.program().is_some_and(|program| self.run_program(program, self.frame(), facts).is_some())
    }

    /// Runs the rule as the interpreter does: cases have to come to the same both ways.
    pub fn interpret(&self, facts: &MonthFacts) -> RuleResult {
        self.run_in(self.frame(), facts, None).0
    }

    /// Runs the rule as months are scored, and says besides whether a call does not count as it looks, and where.
    pub(in crate::rules) fn run_probed(
        &self,
        facts: &MonthFacts,
    ) -> (RuleResult, Option<(Misuse, Position)>) {
        let (result, besides) = self.run_in(self.frame(), facts, self.program());
        (result, besides.misuse)
    }

    /// Runs the rule as months are scored, and says besides which edges its values reached.
    pub fn run_watched(&self, facts: &MonthFacts) -> (RuleResult, Vec<EdgesReached>) {
        let frame = Frame { watches_edges: true, ..self.frame() };
        let (result, besides) = self.run_in(frame, facts, self.program());
        (result, besides.reached)
    }

    fn run_in(&self, frame: Frame, facts: &MonthFacts, program: Option<&Program>) -> (RuleResult, Besides) {
        let programmed = program.and_then(|program| self.run_program(program, frame, facts));
        programmed.unwrap_or_else(|| {
            let returned = sandbox::call(self.ast(), frame, &self.constants, self.arguments_of(facts));
            let mut recorder = trace::end();
            for step in &mut recorder.steps {
                // A script is given its texts like any others; which of them are its own the rule knows.
                if matches!(&step.label, StepLabel::Words(words) if self.words_at(step.at) == Some(words)) {
                    step.label = StepLabel::Own;
                }
            }
            self.result(returned.map(Returned::from), &mut recorder)
        })
    }

    /// What the script's program comes to; none where the interpreter has to run the script.
    fn run_program(
        &self,
        program: &Program,
        frame: Frame,
        facts: &MonthFacts,
    ) -> Option<(RuleResult, Besides)> {
        let known_facts = facts.values();
        let arguments = self.arguments.iter().zip(&self.absent).map(|((_, argument), absent)| {
            // Nearly every metric is known.
            if let Argument::Metric(id) = argument
                && let Some(Value::Given(number)) = known_facts.get(id.index())
            {
                return program::Value::Number(*number);
            }
            match known(argument, absent.as_ref(), facts) {
                Ok(number) => program::Value::Number(number),
                Err(missing) => missing.map_or(program::Value::Unit, program::Value::missing),
            }
        });
        trace::record(|recorder| {
            recorder.begin(frame, self.words.len().saturating_add(1));
            let returned = program.run(arguments, recorder)?;
            Some(self.result(Ok(returned.into()), recorder))
        })
    }

    /// The result of what `score` returned and of what was recorded.
    fn result(&self, returned: Result<Returned, Failure>, recorder: &mut Recorder) -> (RuleResult, Besides) {
        let mut reason = None;
        let (outcome, score, failure) = match returned.and_then(|value| self.judge(value, recorder)) {
            Ok(Judgement::Points(points)) => (Outcome::Scored, Some(points), None),
            Ok(Judgement::NotApplicable(cause)) => {
                reason = reason_of_rule(recorder, cause);
                (Outcome::NotApplicable, None, None)
            }
            Err(Failure { position, message }) => {
                let place = match position.is_none() {
                    true => self.declared.clone(),
                    false => place_of(&self.file, position),
                };
                (Outcome::Failed, None, Some(format!("{place}: {message}")))
            }
        };
        if let Some(points) = score.filter(|_| !recorder.is_scaled && !recorder.items.is_empty()) {
            note_unscaled(recorder, points);
        }
        let mut steps = std::mem::take(&mut recorder.steps);
        steps.extend(reason);
        let result = RuleResult {
            rule: Arc::clone(&self.id),
            outcome,
            score,
            max: self.entry.max,
            bonus: if outcome == Outcome::Scored { recorder.bonus } else { Decimal::ZERO },
            steps,
            failure,
        };
        (result, Besides { reached: std::mem::take(&mut recorder.reached), misuse: recorder.misuse })
    }

    /// The rule's inputs as the interpreter passes them to the script.
    pub(in crate::rules) fn arguments_of(&self, facts: &MonthFacts) -> Vec<Dynamic> {
        let arguments = self.arguments.iter().zip(&self.absent).map(|((_, argument), absent)| {
            match known(argument, absent.as_ref(), facts) {
                Ok(number) => Dynamic::from(number),
                Err(missing) => missing.map_or(Dynamic::UNIT, Dynamic::from),
            }
        });
        arguments.collect()
    }

    /// How the rule, as it is written, fails for these facts, if it does.
    pub(in crate::rules) fn failure(&self, facts: &MonthFacts) -> Option<Failure> {
        let arguments = self.arguments_of(facts);
        let ast = self.ast();
        let returned = sandbox::call(ast, self.frame(), &self.constants, arguments);
        let recorder = trace::end();
        returned.and_then(|value| self.judge(value.into(), &recorder)).err()
    }

    /// What `score` returned, as points: rounded once, here.
    fn judge(&self, returned: Returned, recorder: &Recorder) -> Result<Judgement, Failure> {
        if let Some((reason, position)) = &recorder.fault {
            return Err(Failure { position: *position, message: reason.clone() });
        }
        if let Returned::Points(points) = returned {
            if let Some(position) = recorder.skipped {
                let points = decimal::points(points);
                let message = format!(
                    "skip said that the rule does not apply, yet it gave {points} points; write return skip(…)"
                );
                return Err(Failure { position, message });
            }
            let rounded = decimal::half_up(points, PLACES);
            let ceiling = recorder.frame.ceiling;
            let is_within = !decimal::is_below_zero(rounded) && decimal::compare(rounded, ceiling).is_le();
            return match is_within {
                true => Ok(Judgement::Points(rounded)),
                false => Err(Failure::of_rule(format!(
                    "the rule gave {} points, {OUTSIDE} {}",
                    decimal::points(points),
                    decimal::plain(ceiling)
                ))),
            };
        }
        match returned {
            Returned::Missing(missing) if missing.is_fault() => Err(Failure::of_rule(missing.reason())),
            Returned::Missing(missing) => Ok(Judgement::NotApplicable(missing.cause)),
            Returned::Points(_) | Returned::Other => Err(Failure::of_rule(
                "score has to end in its points, for example with scaled() or remaining()",
            )),
        }
    }
}

/// What a run says besides its result.
struct Besides {
    reached: Vec<EdgesReached>,
    misuse: Option<(Misuse, Position)>,
}

/// Keeps that a rule with items, which nobody has added up, gave something else than their sum.
fn note_unscaled(recorder: &mut Recorder, points: Decimal) {
    let values = recorder.items.iter().filter_map(|item| item.value);
    let sum = values.into_iter().try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value));
    let items = sum.map(|sum| decimal::half_up(sum, PLACES));
    if let Some(items) = items.filter(|items| *items != points) {
        recorder.misused(Misuse::PointsBesideItems { items, points }, Position::NONE);
    }
}

/// What `score` gave back.
enum Returned {
    Points(Decimal),
    Missing(NotApplicable),
    Other,
}

impl From<Dynamic> for Returned {
    fn from(value: Dynamic) -> Self {
        match value.as_decimal() {
            Ok(points) => Self::Points(points),
            Err(_) => value.try_cast::<NotApplicable>().map_or(Self::Other, Self::Missing),
        }
    }
}

impl From<program::Value> for Returned {
    fn from(value: program::Value) -> Self {
        match value {
            program::Value::Number(points) => Self::Points(points),
            program::Value::Missing(missing) => Self::Missing(Arc::unwrap_or_clone(missing)),
            _ => Self::Other,
        }
    }
}

/// What a rule's returned value means.
enum Judgement {
    Points(Decimal),
    NotApplicable(Cause),
}

/// The step that says why a rule is not applicable, when none of its own does.
fn reason_of_rule(recorder: &Recorder, cause: Cause) -> Option<Step> {
    if recorder.steps.iter().any(|step| step.kind == StepKind::NotApplicable) {
        return None;
    }
    let label = StepLabel::Missing(cause);
    let parts = Parts::new();
    Some(Step { kind: StepKind::NotApplicable, label, parts, points: None, max: None, at: Position::NONE })
}

/// The number of an argument, or why there is none.
fn known(
    argument: &Argument,
    absent: Option<&Arc<AbsentMetric>>,
    facts: &MonthFacts,
) -> Result<Decimal, Option<NotApplicable>> {
    let id = match argument {
        Argument::Parameter(number) => return Ok(*number),
        Argument::Metric(id) => *id,
    };
    match facts.get(id) {
        Value::Given(number) => Ok(number),
        missing => Err(absent.map(|metric| NotApplicable::absent(metric, missing == Value::Unreported))),
    }
}
