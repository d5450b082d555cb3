//! What gives and takes points.

use rhai::{Dynamic, Engine, NativeCallContext, Position};
use rust_decimal::Decimal;

use crate::decimal;
use crate::rules::failure::{BELOW, OUTSIDE};
use crate::rules::trace::{Item, Misuse, Part, Recorder, StepKind, StepLabel, Words, record};
use crate::rules::value::{Cause, HostResult, NotApplicable, Quantity, fault};

/// Most points of one bonus.
pub const BONUS_LIMIT: Decimal = Decimal::ONE_HUNDRED;

/// Registers `item`, `scaled`, `deduct`, `remaining`, `bonus`, `note` and `skip`.
pub fn register(engine: &mut Engine) {
    engine.register_fn("item", |context: NativeCallContext, max: Decimal, value: Decimal, label: &str| {
        let (value, label) = (Quantity::Number(value), label.into());
        record(|recorder| item(recorder, max, value, Words::Made(&label), None, context.call_position()))
    });
    engine.register_fn("item", |context: NativeCallContext, max: Dynamic, value: Dynamic, label: &str| {
        let (max, label) = (Quantity::number(max, "item")?, label.into());
        let value = Quantity::read(value, "item")?;
        record(|recorder| item(recorder, max, value, Words::Made(&label), None, context.call_position()))
    });
    engine.register_fn(
        "item",
        |context: NativeCallContext, max: Dynamic, value: Dynamic, label: &str, most: Dynamic| {
            let (max, most) = (Quantity::number(max, "item")?, Quantity::number(most, "item")?);
            let (value, label, most) = (Quantity::read(value, "item")?, label.into(), Some(most));
            record(|recorder| item(recorder, max, value, Words::Made(&label), most, context.call_position()))
        },
    );
    engine.register_fn("deduct", |context: NativeCallContext, points: Decimal, reason: &str| {
        let reason = reason.into();
        record(|recorder| deduct(recorder, points, Words::Made(&reason), context.call_position()))
    });
    engine.register_fn("deduct", |context: NativeCallContext, points: Dynamic, reason: &str| {
        let (points, reason) = (Quantity::number(points, "deduct")?, reason.into());
        record(|recorder| deduct(recorder, points, Words::Made(&reason), context.call_position()))
    });
    engine.register_fn("bonus", |context: NativeCallContext, points: Dynamic, reason: &str| {
        let (points, reason) = (Quantity::number(points, "bonus")?, reason.into());
        record(|recorder| bonus(recorder, points, Words::Made(&reason), context.call_position()))
    });
    engine.register_fn("note", |context: NativeCallContext, text: &str| {
        let text = text.into();
        record(|recorder| note(recorder, Words::Made(&text), context.call_position()))
    });
    engine.register_fn("skip", |context: NativeCallContext, reason: &str| {
        let reason = reason.into();
        record(|recorder| skip(recorder, Words::Made(&reason), context.call_position()))
    });
    engine.register_fn("skip", |context: NativeCallContext, missing: NotApplicable| {
        match missing.is_fault() {
            true => fault(missing.reason()),
            false => record(|recorder| skip_missing(recorder, missing, context.call_position())),
        }
    });
    engine.register_fn("scaled", |context: NativeCallContext| {
        record(|recorder| scaled(recorder, recorder.frame.max, context.call_position()))
            .map(Into::<Dynamic>::into)
    });
    engine.register_fn("scaled", |context: NativeCallContext, max: Dynamic| {
        let max = Quantity::number(max, "scaled")?;
        record(|recorder| scaled(recorder, max, context.call_position())).map(Into::<Dynamic>::into)
    });
    engine.register_fn("remaining", |context: NativeCallContext| {
        record(|recorder| remaining(recorder, context.call_position()))
    });
}

/// One item of at most `max` points, or of at most `most` where more than planned may make up for other items.
pub fn item(
    recorder: &mut Recorder,
    max: Decimal,
    value: Quantity,
    label: Words<'_>,
    most: Option<Decimal>,
    at: Position,
) -> HostResult<()> {
    if max.is_zero() || max.is_sign_negative() {
        return fault(format!("item: '{}' has to be worth more than 0 points", brief(label.text())));
    }
    if recorder.is_scaled {
        recorder.misused(Misuse::ItemBehindScaled, at);
    }
    match value {
        Quantity::Number(points) => {
            let most = most.unwrap_or_else(|| most_of_item(recorder, max));
            // Quotients may exceed a limit in their last digit.
            if !decimal::is_within(points, most) {
                return fault(format!(
                    "item: '{}' gives {} points, {OUTSIDE} {}",
                    brief(label.text()),
                    decimal::points(points),
                    decimal::plain(most)
                ));
            }
            recorder.items.push(Item { max, value: Some(points) });
            recorder.step(StepKind::Item, Some(points), Some(max), label, at)
        }
        Quantity::NotApplicable(missing) => {
            recorder.items.push(Item { max, value: None });
            recorder.pending.clear();
            recorder.pending.push(Part::Missing(missing.cause.clone()));
            recorder.step(StepKind::NotApplicable, None, Some(max), label, at)
        }
    }
}

/// A rule that may go beyond its maximum, up to a ceiling, does so by its items.
fn most_of_item(recorder: &Recorder, max: Decimal) -> Decimal {
    let frame = &recorder.frame;
    if decimal::compare(frame.ceiling, frame.max).is_gt() { max.max(frame.ceiling) } else { max }
}

/// A remark without points.
pub fn note(recorder: &mut Recorder, text: Words<'_>, at: Position) -> HostResult<()> {
    recorder.pending.clear();
    recorder.step(StepKind::Note, None, None, text, at)
}

/// Points taken off.
pub fn deduct(recorder: &mut Recorder, points: Decimal, reason: Words<'_>, at: Position) -> HostResult<()> {
    let points = not_negative(points, reason)?;
    if recorder.is_remaining && !points.is_zero() {
        recorder.misused(Misuse::DeductionBehindRemaining, at);
    }
    let sum = recorder.deducted.checked_add(points);
    recorder.deducted = sum.map_or_else(|| fault("deduct: 数值过大 · the points are too large"), Ok)?;
    taken_or_given(recorder, StepKind::Deduction, points, reason, at)
}

/// Points on top of the total.
pub fn bonus(recorder: &mut Recorder, points: Decimal, reason: Words<'_>, at: Position) -> HostResult<()> {
    let points = not_negative(points, reason)?;
    // The sum is checked too, so that it stays as small as its parts.
    let sum = recorder.bonus.checked_add(points).filter(|sum| *sum <= BONUS_LIMIT);
    recorder.bonus =
        sum.map_or_else(|| fault(format!("bonus: a rule gives at most {BONUS_LIMIT} points")), Ok)?;
    taken_or_given(recorder, StepKind::Bonus, points, reason, at)
}

fn not_negative(points: Decimal, reason: Words<'_>) -> HostResult<Decimal> {
    match decimal::is_below_zero(points) {
        true => fault(format!("the points of '{}' {BELOW}", brief(reason.text()))),
        false => Ok(points),
    }
}

fn taken_or_given(
    recorder: &mut Recorder,
    kind: StepKind,
    points: Decimal,
    reason: Words<'_>,
    at: Position,
) -> HostResult<()> {
    if points.is_zero() {
        recorder.pending.clear();
        return Ok(());
    }
    recorder.step(kind, Some(points), None, reason, at)
}

/// The rule's maximum less what was taken off, not below 0.
pub fn remaining(recorder: &mut Recorder, at: Position) -> HostResult<Decimal> {
    if !recorder.items.is_empty() {
        recorder.misused(Misuse::RemainingBesideItems, at);
    }
    recorder.is_remaining = true;
    if recorder.deducted.is_zero() {
        recorder.remark(StepKind::Note, StepLabel::NothingDeducted, at)?;
    }
    let left = recorder.frame.max.checked_sub(recorder.deducted);
    Ok(left.unwrap_or(Decimal::ZERO).max(Decimal::ZERO))
}

/// The whole rule does not apply, as the author says.
pub fn skip(recorder: &mut Recorder, reason: Words<'_>, at: Position) -> HostResult<NotApplicable> {
    begin_skip(recorder, at);
    recorder.step(StepKind::NotApplicable, None, None, reason, at)?;
    Ok(NotApplicable { cause: Cause::Said(reason.kept()) })
}

/// The whole rule does not apply, because a value is missing.
pub fn skip_missing(
    recorder: &mut Recorder,
    missing: NotApplicable,
    at: Position,
) -> HostResult<NotApplicable> {
    begin_skip(recorder, at);
    recorder.remark(StepKind::NotApplicable, StepLabel::Missing(missing.cause.clone()), at)?;
    Ok(missing)
}

fn begin_skip(recorder: &mut Recorder, at: Position) {
    recorder.pending.clear();
    recorder.skipped.get_or_insert(at);
}

/// The sum of the items, scaled up from the maximum of those that apply to `max`; N/A when none applies.
pub fn scaled(recorder: &mut Recorder, max: Decimal, at: Position) -> HostResult<Quantity> {
    recorder.is_scaled = true;
    let too_large = || fault("scaled: 数值过大 · the points of the items are too large");
    let mut applicable = recorder.items.iter().filter_map(|item| Some((item.max, item.value?)));
    let sums = applicable.try_fold((Decimal::ZERO, Decimal::ZERO), |(possible, points), (max, value)| {
        Some((possible.checked_add(max)?, points.checked_add(value)?))
    });
    let Some((possible, points)) = sums else { return too_large() };
    if possible <= Decimal::ZERO {
        return Ok(NotApplicable { cause: Cause::NoItem }.into());
    }
    if possible == max {
        return Ok(Quantity::Number(points));
    }
    recorder.pending.clear();
    recorder.remark(StepKind::Note, StepLabel::Scaled { possible, max }, at)?;
    let product = points.checked_mul(max).and_then(|product| product.checked_div(possible));
    product.map_or_else(too_large, |points| Ok(Quantity::Number(points)))
}

/// The beginning of an author's text, for messages.
fn brief(text: &str) -> String {
    text.chars().take(40).collect()
}
