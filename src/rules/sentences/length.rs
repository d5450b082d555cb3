//! How long a reason is, without writing it where that can be said.

use rust_decimal::Decimal;

use super::write_reason;
use crate::decimal::text::made;
use crate::http::Language;
use crate::rules::trace::{Part, Step, StepLabel};
use crate::rules::value::Cause;

/// Most characters of a number with its sign, its point and a percent sign; and of one that is short.
const NUMBER: usize = 33;
const SHORT_NUMBER: usize = 14;
/// Most characters of the words around the numbers of one part, joints included.
const WORDS: usize = 24;
/// Most characters that join the parts of a quotient to each other and to what stands before.
const JOINTS: usize = 6;

/// How many characters a step's reason has in Chinese; where they are certainly no more than `limit`, an upper bound,
/// because it takes far less time than to write the reason.
pub fn length(step: &Step, own: &str, limit: usize) -> usize {
    let around = most_of_label(&step.label, own).saturating_add(WORDS + NUMBER);
    let most = step.parts.iter().map(most_of_any).fold(around, usize::saturating_add);
    if most <= limit {
        return most;
    }
    let most = step.parts.iter().map(most_of_part).fold(around, usize::saturating_add);
    if most <= limit {
        return most;
    }
    made(|out| write_reason(out, step, own, Language::Chinese)).chars().count()
}

/// Most characters of a part whatever its numbers are.
fn most_of_any(part: &Part) -> usize {
    match part {
        Part::Quotient { .. } => 3 * NUMBER + JOINTS,
        Part::Between(..) => WORDS + 2 * NUMBER,
        Part::Missing(cause) => WORDS + most_of_cause(cause),
        _ => WORDS + NUMBER,
    }
}

fn most_of_label(label: &StepLabel, own: &str) -> usize {
    match label {
        StepLabel::Own => own.len(),
        StepLabel::Words(words) => words.len(),
        StepLabel::Missing(cause) => most_of_cause(cause),
        StepLabel::NothingDeducted => WORDS,
        StepLabel::Scaled { possible, max } => WORDS + most_of(possible) + most_of(max),
    }
}

fn most_of_part(part: &Part) -> usize {
    WORDS
        + match part {
            Part::Quotient { over, under, quotient } => {
                most_of(over) + most_of(under) + most_of(&quotient.number)
            }
            Part::Between(floor, target) => most_of(&floor.number) + most_of(&target.number),
            Part::BelowFirst(None) => 0,
            Part::Missing(cause) => most_of_cause(cause),
            Part::Value(shown)
            | Part::BelowLine(shown)
            | Part::Reached(shown)
            | Part::NotAbove(shown)
            | Part::NotBelow(shown)
            | Part::BelowFirst(Some(shown)) => most_of(&shown.number),
        }
}

fn most_of_cause(cause: &Cause) -> usize {
    match cause {
        Cause::Absent(metric) | Cause::Required(metric) | Cause::Outstanding(metric) => {
            let source = metric.source.as_ref().map_or(0, |source| source.zh.len());
            WORDS + metric.label.zh.len() + metric.name.len() + source
        }
        Cause::Denominator { over, under, least } => WORDS + most_of(over) + most_of(under) + most_of(least),
        Cause::NoItem => WORDS,
        Cause::Said(words) => words.len(),
    }
}

/// Most characters of a number, however it is shown.
fn most_of(number: &Decimal) -> usize {
    let is_short = number.scale() <= 4 && number.mantissa().unsigned_abs() < 1_000_000_000;
    if is_short { SHORT_NUMBER } else { NUMBER }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decimal;
    use crate::decimal::tests::any_decimal;
    use crate::rules::trace::tests::any_step;

    fn reason(step: &Step, language: Language) -> String {
        made(|out| write_reason(out, step, "考试", language))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// What takes less time than to write a reason is never below its length, and beyond the limit exact.
        #[test]
        fn no_reason_is_longer_than_it_is_said_to_be(step in any_step(), limit in 0_usize..600) {
            let exact = reason(&step, Language::Chinese).chars().count();
            let said = length(&step, "考试", limit);
            prop_assert!(said >= exact && (said == exact || said <= limit), "{said} {exact} {step:?}");
        }

        #[test]
        fn a_number_has_no_more_characters_than_it_is_said_to_have(number in any_decimal()) {
            for text in [decimal::plain(number), decimal::points(number), decimal::percent(number)] {
                prop_assert!(text.len() <= most_of(&number), "{text}");
            }
        }
    }
}
