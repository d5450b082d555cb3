//! What a rule did for one person, step by step, as data. Nothing of it is a sentence: those are made of it when somebody
//! reads it, in the reader's language (`sentences`).

mod recorder;
pub mod stored;

use std::sync::Arc;

use rhai::Position;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use smallvec::SmallVec;
use utoipa::ToSchema;

pub use self::recorder::{
    Constants, EdgesReached, Frame, Item, Misuse, REASON_LIMIT, Recorder, STEP_LIMIT, begin, constant, end,
    is_overdue, path, record,
};
use super::value::Cause;

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
    /// A note without points.
    Note,
}

/// One recorded call of a host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What it did.
    pub kind: StepKind,
    /// What its reason begins with.
    pub label: StepLabel,
    /// How its number came about.
    pub parts: Parts,
    /// Points given or taken off, unrounded.
    pub points: Option<Decimal>,
    /// The most points the item could give.
    pub max: Option<Decimal>,
    /// Where the call stands in the rule's file.
    pub at: Position,
}

/// What a reason begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepLabel {
    /// The constant text of the call, which the rule knows.
    Own,
    /// The author's words, made while the rule ran.
    Words(Arc<str>),
    /// Why the whole rule does not apply.
    Missing(Cause),
    /// Nothing was taken off.
    NothingDeducted,
    /// The points of the items that apply were scaled.
    Scaled {
        /// What those items can give together.
        possible: Decimal,
        /// What they were scaled to.
        max: Decimal,
    },
}

/// An author's text as a call is given it.
#[derive(Clone, Copy, Debug)]
pub enum Words<'a> {
    /// The constant text of the call.
    Own(&'a str),
    /// A text that was made while the rule ran.
    Made(&'a Arc<str>),
}

impl Words<'_> {
    /// The text.
    pub fn text(&self) -> &str {
        match self {
            Self::Own(text) => text,
            Self::Made(text) => text,
        }
    }

    /// The text to be kept.
    pub fn kept(&self) -> Arc<str> {
        match self {
            Self::Own(text) => Arc::from(*text),
            Self::Made(text) => Arc::clone(text),
        }
    }
}

/// How a number is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// With at most two decimals.
    Points,
    /// As a percentage with at most one decimal.
    Percent,
}

/// A number with the way in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The number.
    pub number: Decimal,
    /// How it is shown.
    pub show: Show,
}

/// The parts of one reason. There are seldom more than two, and those take no room of their own.
pub type Parts = SmallVec<[Part; 2]>;

/// How a number came about, or what it was compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A quotient.
    Quotient {
        /// What was divided.
        over: Decimal,
        /// By what.
        under: Decimal,
        /// What came out.
        quotient: Shown,
    },
    /// A value that is no quotient.
    Value(Shown),
    /// It is below the line from which points are given.
    BelowLine(Shown),
    /// It has reached an edge.
    Reached(Shown),
    /// It is not above the floor.
    NotAbove(Shown),
    /// It is not below the floor, where less is better.
    NotBelow(Shown),
    /// It is between two edges.
    Between(Shown, Shown),
    /// It has not reached the lowest edge, if there is any.
    BelowFirst(Option<Shown>),
    /// There is none.
    Missing(Cause),
}

impl Part {
    /// How the number that stands last in it is shown.
    pub fn show(&self) -> Show {
        let last = match self {
            Self::Quotient { quotient: shown, .. }
            | Self::Value(shown)
            | Self::BelowLine(shown)
            | Self::Reached(shown)
            | Self::NotAbove(shown)
            | Self::NotBelow(shown)
            | Self::Between(_, shown)
            | Self::BelowFirst(Some(shown)) => shown,
            Self::BelowFirst(None) | Self::Missing(_) => return Show::Points,
        };
        match last.show {
            // What is too large to be a percentage is shown as it is, and what is compared with it likewise.
            Show::Percent if crate::decimal::is_percentage(last.number) => Show::Percent,
            _ => Show::Points,
        }
    }
}

#[cfg(test)]
pub(in crate::rules) mod tests {
    use std::sync::LazyLock;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::decimal::tests::any_decimal;
    use crate::rules::bundle::{Bundle, Rule};
    use crate::rules::scoring::{Outcome, RuleResult};

    /// A rule that reads two metrics and says something of its own.
    pub static BUNDLE: LazyLock<Bundle> = LazyLock::new(|| {
        let script =
            "fn score(deliveries, late) { item(5, 3, \"考试\"); note(`${deliveries} ${late}`); scaled() }";
        Bundle::compile(crate::rules::tests::files(script.as_bytes())).unwrap()
    });

    fn rule() -> &'static Rule {
        &BUNDLE.schemes["a"].rules[0]
    }

    fn any_shown() -> impl Strategy<Value = Shown> {
        (any_decimal(), any::<bool>()).prop_map(|(number, is_percent)| Shown {
            number,
            show: if is_percent { Show::Percent } else { Show::Points },
        })
    }

    fn any_cause() -> impl Strategy<Value = Cause> {
        let absent = || (0_usize..2).prop_map(|place| Arc::clone(rule().absent[place].as_ref().unwrap()));
        prop_oneof![
            absent().prop_map(Cause::Absent),
            absent().prop_map(Cause::Required),
            absent().prop_map(Cause::Outstanding),
            (any_decimal(), any_decimal(), any_decimal())
                .prop_map(|(over, under, least)| Cause::Denominator { over, under, least }),
            Just(Cause::NoItem),
            any::<String>().prop_map(|words| Cause::Said(words.into())),
        ]
    }

    fn any_part() -> impl Strategy<Value = Part> {
        let quotient = (any_decimal(), any_decimal(), any_shown());
        let quotient = quotient.prop_filter_map("no quotient", |(over, under, Shown { show, .. })| {
            let quotient = Shown { number: over.checked_div(under)?, show };
            Some(Part::Quotient { over, under, quotient })
        });
        prop_oneof![
            quotient,
            any_shown().prop_map(Part::Value),
            any_shown().prop_map(Part::BelowLine),
            any_shown().prop_map(Part::Reached),
            any_shown().prop_map(Part::NotAbove),
            any_shown().prop_map(Part::NotBelow),
            (any_shown(), any_decimal())
                .prop_map(|(floor, number)| { Part::Between(floor, Shown { number, show: floor.show }) }),
            option::of(any_shown()).prop_map(Part::BelowFirst),
            any_cause().prop_map(Part::Missing),
        ]
    }

    fn any_label() -> impl Strategy<Value = StepLabel> {
        prop_oneof![
            any::<String>().prop_map(|words| StepLabel::Words(words.into())),
            Just(StepLabel::Own),
            any_cause().prop_map(StepLabel::Missing),
            Just(StepLabel::NothingDeducted),
            (any_decimal(), any_decimal()).prop_map(|(possible, max)| StepLabel::Scaled { possible, max }),
        ]
    }

    /// Any step, at the place of the rule's own text now and then.
    pub fn any_step() -> impl Strategy<Value = Step> {
        let kinds =
            [StepKind::Item, StepKind::NotApplicable, StepKind::Deduction, StepKind::Bonus, StepKind::Note];
        let own = rule().words[0].0;
        let places = prop_oneof![
            Just(own),
            Just(Position::NONE),
            (1_u16.., any::<u16>()).prop_map(|(line, column)| Position::new(line, column)),
        ];
        let numbers = (option::of(any_decimal()), option::of(any_decimal()));
        (proptest::sample::select(kinds.to_vec()), any_label(), vec(any_part(), 0..4), numbers, places)
            .prop_map(move |(kind, label, parts, (points, max), at)| {
                // Only there is a text that the rule knows.
                let at = if label == StepLabel::Own { own } else { at };
                Step { kind, label, parts: parts.into(), points, max, at }
            })
    }

    /// Any result of the rule.
    pub fn any_result() -> impl Strategy<Value = RuleResult> {
        let outcomes = [Outcome::Scored, Outcome::NotApplicable, Outcome::Failed];
        let texts = (proptest::sample::select(outcomes.to_vec()), any::<String>());
        (texts, any_decimal(), any_decimal(), vec(any_step(), 0..6)).prop_map(
            |((outcome, failure), score, bonus, steps)| RuleResult {
                rule: Arc::clone(&rule().id),
                outcome,
                score: (outcome == Outcome::Scored).then_some(score),
                max: rule().entry.max,
                bonus: if bonus.is_zero() { Decimal::ZERO } else { bonus },
                steps,
                failure: (outcome == Outcome::Failed).then_some(failure),
            },
        )
    }
}
