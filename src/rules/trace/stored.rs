//! What a scheme's rules did for one person, as bytes that are kept with the review.
//!
//! The first byte is the version of the form. Then every rule of the scheme, in its order: how it came out, its points, and
//! its steps. Numbers are those of [`compact`]. What the scheme knows by itself is not repeated: names, maxima, the constant
//! text of a call, metrics by name, quotients. What a rule was given is not there either: it follows from the facts.

use std::sync::Arc;

use rhai::Position;
use rust_decimal::Decimal;

use super::{Part, STEP_LIMIT, Show, Shown, Step, StepKind, StepLabel};
use crate::decimal::compact;
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::{Rule, Scheme};
use crate::rules::memo::Memo;
use crate::rules::scoring::{Outcome, RuleResult, Scored};
use crate::rules::value::{AbsentMetric, Cause};

/// The form that is written.
const VERSION: u8 = 1;

/// Of a rule: it has points on top of the total.
const HAS_BONUS: u8 = 0x04;
/// Of a step, behind its kind and the kind of its label.
const HAS_POINTS: u8 = 0x40;
const HAS_MAX: u8 = 0x80;
/// Of a part, behind its kind.
const IS_PERCENT: u8 = 0x40;
const HAS_EDGE: u8 = 0x80;

/// Bytes that are not what was written, or not for this scheme.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the stored trace cannot be read at byte {at}: {problem}")]
pub struct Damaged {
    at: usize,
    problem: &'static str,
}

impl Scheme {
    /// What its rules did, as bytes; `results` are those of all its rules, in its order.
    pub fn write_trace(&self, results: &[Arc<RuleResult>]) -> Vec<u8> {
        let mut out = Vec::with_capacity(512);
        out.push(VERSION);
        for (rule, result) in self.rules.iter().zip(results) {
            write_result(&mut out, rule, result);
        }
        out
    }

    /// Scores one of many people, and gives what its rules did as [`Self::write_trace`] does; what `memo` remembers is not done
    /// again.
    pub fn score_traced(&self, facts: &MonthFacts, memo: &mut Memo) -> (Scored, Vec<u8>) {
        let mut out = Vec::with_capacity(512);
        out.push(VERSION);
        let scored = self
            .score_remembering(facts, memo, &mut out, |out, _, rule, result| write_result(out, rule, result));
        (scored, out)
    }

    /// What its rules did, from the bytes that were written for this very scheme.
    ///
    /// # Errors
    ///
    /// [`Damaged`] where the bytes are anything else.
    pub fn read_trace(&self, bytes: &[u8]) -> Result<Vec<Arc<RuleResult>>, Damaged> {
        let mut reader = Reader { length: bytes.len(), rest: bytes };
        if reader.byte()? != VERSION {
            return reader.damaged("its form is unknown");
        }
        let results = self.rules.iter().map(|rule| reader.result(rule).map(Arc::new));
        let results = results.collect::<Result<_, _>>()?;
        match reader.rest.is_empty() {
            true => Ok(results),
            false => reader.damaged("it goes on behind its end"),
        }
    }
}

fn write_result(out: &mut Vec<u8>, rule: &Rule, result: &RuleResult) {
    let outcome = match result.outcome {
        Outcome::Scored => 0,
        Outcome::NotApplicable => 1,
        Outcome::Failed => 2,
    };
    let has_bonus = !result.bonus.is_zero();
    out.push(outcome | if has_bonus { HAS_BONUS } else { 0 });
    if let Some(score) = result.score {
        compact::write(score, out);
    }
    if has_bonus {
        compact::write(result.bonus, out);
    }
    if let Some(failure) = &result.failure {
        write_text(out, failure);
    }
    compact::write_count(result.steps.len(), out);
    for step in &result.steps {
        write_step(out, rule, step);
    }
}

fn write_step(out: &mut Vec<u8>, rule: &Rule, step: &Step) {
    let kind = match step.kind {
        StepKind::Item => 0,
        StepKind::NotApplicable => 1,
        StepKind::Deduction => 2,
        StepKind::Bonus => 3,
        StepKind::Note => 4,
    };
    let label = match &step.label {
        StepLabel::Own => 0,
        StepLabel::Words(_) => 1,
        StepLabel::Missing(_) => 2,
        StepLabel::NothingDeducted => 3,
        StepLabel::Scaled { .. } => 4,
    };
    let has = |is: bool, flag: u8| if is { flag } else { 0 };
    out.push(kind | label << 3 | has(step.points.is_some(), HAS_POINTS) | has(step.max.is_some(), HAS_MAX));
    compact::write_count(step.at.line().unwrap_or(0), out);
    compact::write_count(step.at.position().unwrap_or(0), out);
    match &step.label {
        StepLabel::Words(words) => write_text(out, words),
        StepLabel::Missing(cause) => write_cause(out, rule, cause),
        StepLabel::Scaled { possible, max } => {
            [possible, max].iter().for_each(|number| compact::write(**number, out))
        }
        StepLabel::Own | StepLabel::NothingDeducted => {}
    }
    step.points.iter().chain(&step.max).for_each(|number| compact::write(*number, out));
    compact::write_count(step.parts.len(), out);
    for part in &step.parts {
        write_part(out, rule, part);
    }
}

fn write_part(out: &mut Vec<u8>, rule: &Rule, part: &Part) {
    let shown = |out: &mut Vec<u8>, kind: u8, shown: &Shown| {
        out.push(kind | HAS_EDGE | if shown.show == Show::Percent { IS_PERCENT } else { 0 });
        compact::write(shown.number, out);
    };
    match part {
        Part::Quotient { over, under, quotient } => {
            out.push(if quotient.show == Show::Percent { IS_PERCENT } else { 0 });
            compact::write(*over, out);
            compact::write(*under, out);
        }
        Part::Value(value) => shown(out, 1, value),
        Part::BelowLine(line) => shown(out, 2, line),
        Part::Reached(edge) => shown(out, 3, edge),
        Part::NotAbove(floor) => shown(out, 4, floor),
        Part::NotBelow(floor) => shown(out, 5, floor),
        Part::Between(floor, target) => {
            shown(out, 6, floor);
            compact::write(target.number, out);
        }
        Part::BelowFirst(Some(first)) => shown(out, 7, first),
        Part::BelowFirst(None) => out.push(7),
        Part::Missing(cause) => {
            out.push(8);
            write_cause(out, rule, cause);
        }
    }
}

fn write_cause(out: &mut Vec<u8>, rule: &Rule, cause: &Cause) {
    let mut metric = |kind: u8, metric: &AbsentMetric| {
        out.push(kind);
        // Every value that is missing was an argument.
        let place = rule.absent.iter().position(|own| own.as_ref().is_some_and(|own| own.id == metric.id));
        compact::write_count(place.unwrap_or(rule.absent.len()), out);
    };
    match cause {
        Cause::Absent(absent) => metric(0, absent),
        Cause::Required(absent) => metric(1, absent),
        Cause::Outstanding(absent) => metric(2, absent),
        Cause::Denominator { over, under, least } => {
            out.push(3);
            [over, under, least].into_iter().for_each(|number| compact::write(*number, out));
        }
        Cause::NoItem => out.push(4),
        Cause::Said(words) => {
            out.push(5);
            write_text(out, words);
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    compact::write_count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

struct Reader<'a> {
    /// How many there were.
    length: usize,
    /// Those that are still to be read.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn damaged<T>(&self, problem: &'static str) -> Result<T, Damaged> {
        Err(Damaged { at: self.length - self.rest.len(), problem })
    }

    fn byte(&mut self) -> Result<u8, Damaged> {
        match self.rest.split_first() {
            Some((byte, rest)) => {
                self.rest = rest;
                Ok(*byte)
            }
            None => self.damaged("it ends too early"),
        }
    }

    fn count(&mut self, limit: usize) -> Result<usize, Damaged> {
        match compact::read_count(&mut self.rest) {
            Some(count) if count <= limit => Ok(count),
            Some(_) => self.damaged("there is too much of something"),
            None => self.damaged("a count is none"),
        }
    }

    fn number(&mut self) -> Result<Decimal, Damaged> {
        compact::read(&mut self.rest).map_or_else(|| self.damaged("a number is none"), Ok)
    }

    fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = self.count(self.rest.len())?;
        let Some((bytes, rest)) = self.rest.split_at_checked(length) else {
            return self.damaged("it ends too early");
        };
        self.rest = rest;
        std::str::from_utf8(bytes).or_else(|_| self.damaged("a text is not UTF-8"))
    }

    fn result(&mut self, rule: &Rule) -> Result<RuleResult, Damaged> {
        let head = self.byte()?;
        let outcome = match head & !HAS_BONUS {
            0 => Outcome::Scored,
            1 => Outcome::NotApplicable,
            2 => Outcome::Failed,
            _ => return self.damaged("an outcome is unknown"),
        };
        let score = if outcome == Outcome::Scored { Some(self.number()?) } else { None };
        let bonus = if head & HAS_BONUS != 0 { self.number()? } else { Decimal::ZERO };
        let failure = if outcome == Outcome::Failed { Some(self.text()?.to_owned()) } else { None };
        // The step that says why a rule does not apply comes on top of its own.
        let count = self.count(STEP_LIMIT + 1)?;
        let steps = (0..count).map(|_| self.step(rule)).collect::<Result<_, _>>()?;
        let (rule, max) = (Arc::clone(&rule.id), rule.entry.max);
        Ok(RuleResult { rule, outcome, score, max, bonus, steps, failure })
    }

    fn step(&mut self, rule: &Rule) -> Result<Step, Damaged> {
        let head = self.byte()?;
        let kind = match head & 0x07 {
            0 => StepKind::Item,
            1 => StepKind::NotApplicable,
            2 => StepKind::Deduction,
            3 => StepKind::Bonus,
            4 => StepKind::Note,
            _ => return self.damaged("a kind of step is unknown"),
        };
        let (line, column) = (self.count(usize::from(u16::MAX))?, self.count(usize::from(u16::MAX))?);
        let at = match (u16::try_from(line), u16::try_from(column)) {
            (Ok(0), _) | (Err(_), _) | (_, Err(_)) => Position::NONE,
            (Ok(line), Ok(column)) => Position::new(line, column),
        };
        let label = match head >> 3 & 0x07 {
            0 => match rule.words_at(at) {
                Some(_) => StepLabel::Own,
                None => return self.damaged("there is no text in the script where a step has one"),
            },
            1 => StepLabel::Words(self.text()?.into()),
            2 => StepLabel::Missing(self.cause(rule)?),
            3 => StepLabel::NothingDeducted,
            4 => StepLabel::Scaled { possible: self.number()?, max: self.number()? },
            _ => return self.damaged("a kind of label is unknown"),
        };
        let points = if head & HAS_POINTS != 0 { Some(self.number()?) } else { None };
        let max = if head & HAS_MAX != 0 { Some(self.number()?) } else { None };
        let count = self.count(STEP_LIMIT)?;
        let parts = (0..count).map(|_| self.part(rule)).collect::<Result<_, _>>()?;
        Ok(Step { kind, label, parts, points, max, at })
    }

    fn part(&mut self, rule: &Rule) -> Result<Part, Damaged> {
        let head = self.byte()?;
        let show = if head & IS_PERCENT != 0 { Show::Percent } else { Show::Points };
        let edge = match head & HAS_EDGE != 0 {
            true => Some(Shown { number: self.number()?, show }),
            false => None,
        };
        Ok(match (head & !(IS_PERCENT | HAS_EDGE), edge) {
            (0, None) => {
                let (over, under) = (self.number()?, self.number()?);
                let Some(number) = over.checked_div(under) else {
                    return self.damaged("a quotient cannot be computed");
                };
                Part::Quotient { over, under, quotient: Shown { number, show } }
            }
            (1, Some(value)) => Part::Value(value),
            (2, Some(line)) => Part::BelowLine(line),
            (3, Some(edge)) => Part::Reached(edge),
            (4, Some(floor)) => Part::NotAbove(floor),
            (5, Some(floor)) => Part::NotBelow(floor),
            (6, Some(floor)) => Part::Between(floor, Shown { number: self.number()?, show }),
            (7, first) => Part::BelowFirst(first),
            (8, None) => Part::Missing(self.cause(rule)?),
            _ => return self.damaged("a part of a reason is unknown"),
        })
    }

    fn cause(&mut self, rule: &Rule) -> Result<Cause, Damaged> {
        Ok(match self.byte()? {
            0 => Cause::Absent(self.metric(rule)?),
            1 => Cause::Required(self.metric(rule)?),
            2 => Cause::Outstanding(self.metric(rule)?),
            3 => Cause::Denominator { over: self.number()?, under: self.number()?, least: self.number()? },
            4 => Cause::NoItem,
            5 => Cause::Said(self.text()?.into()),
            _ => return self.damaged("a reason why something is missing is unknown"),
        })
    }

    fn metric(&mut self, rule: &Rule) -> Result<Arc<AbsentMetric>, Damaged> {
        let place = self.count(rule.absent.len())?;
        match rule.absent.get(place) {
            Some(Some(metric)) => Ok(Arc::clone(metric)),
            _ => self.damaged("a metric is not one that the rule reads"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ledger::month::MonthFacts;
    use crate::rules::scoring::tests::default_rules;
    use crate::rules::trace::tests::any_result;

    /// The only scheme with one rule that reads two metrics and says something at 1:27.
    fn scheme() -> &'static Scheme {
        &super::super::tests::BUNDLE.schemes["a"]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// What is written is read again, to the last digit and the last place.
        #[test]
        fn a_trace_is_read_as_it_was_written(result in any_result()) {
            let bytes = scheme().write_trace(&[Arc::new(result.clone())]);
            let read = scheme().read_trace(&bytes).unwrap();
            // Two decimals are equal whatever their places; their texts are not.
            prop_assert_eq!(format!("{:?}", read), format!("{:?}", [result]));
        }

        /// Bytes that are cut off, changed or made up are an error or another trace, never a panic.
        #[test]
        fn damaged_bytes_are_an_error(
            result in any_result(), at in any::<prop::sample::Index>(), byte in any::<u8>(), noise in any::<Vec<u8>>(),
        ) {
            let bytes = scheme().write_trace(&[Arc::new(result)]);
            let at = at.index(bytes.len());
            prop_assert!(scheme().read_trace(&bytes[..at]).is_err());
            let mut changed = bytes.clone();
            changed[at] = byte;
            let _ = scheme().read_trace(&changed);
            prop_assert!(scheme().read_trace(&[bytes, vec![byte]].concat()).is_err());
            let _ = scheme().read_trace(&[vec![VERSION], noise].concat());
        }
    }

    #[test]
    fn another_form_is_refused() {
        let error = scheme().read_trace(&[VERSION + 1]).unwrap_err();
        assert_eq!(error.to_string(), "the stored trace cannot be read at byte 1: its form is unknown");
        assert!(scheme().read_trace(&[]).is_err());
    }

    /// Real months are small, and what the scripts say by themselves is not repeated.
    #[test]
    fn a_month_has_no_text_of_its_script() {
        let bundle = default_rules();
        let scheme = &bundle.schemes["sales_consultant"];
        let given = bundle.catalogue.entries().filter(|(_, metric)| !metric.name.ends_with("_target"));
        let facts = MonthFacts::complete(
            &bundle.catalogue,
            given.map(|(id, metric)| (id, metric.max.min(Decimal::TEN))),
        );
        let scored = scheme.score(&facts);
        assert!(scored.attention.is_empty() && scored.rules.iter().any(|result| !result.steps.is_empty()));
        let bytes = scheme.write_trace(&scored.rules);
        assert_eq!(scheme.read_trace(&bytes).unwrap(), scored.rules);
        for words in ["留档率", "回访率", "意向客户", "单车精品金额", "车贷渗透率", "5S点检", "态度评分"]
        {
            assert!(!bytes.windows(words.len()).any(|part| part == words.as_bytes()), "{words}");
        }
        assert!(bytes.len() < 600, "{}", bytes.len());
    }
}
