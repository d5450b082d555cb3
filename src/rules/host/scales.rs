//! Where numbers come from, and how they become points.

use rhai::{Array, Dynamic, Engine, NativeCallContext, Position};
use rust_decimal::Decimal;

use crate::decimal;
use crate::rules::trace::{Part, Recorder, Show, Shown, record};
use crate::rules::value::{Cause, HostResult, NotApplicable, Quantity, fault};

/// Registers `ratio`, `average`, `applies`, `reaches`, `lin` and `band`.
///
/// What most calls pass, numbers alone, is registered by its exact kinds beside the general form: the engine finds an
/// exact match at once, and a general one only after trying every mixture of kinds.
pub fn register(engine: &mut Engine) {
    register_quotients(engine);
    engine.register_fn(
        "lin",
        |context: NativeCallContext, v: Decimal, floor: Decimal, target: Decimal, points: Decimal| {
            record(|recorder| lin(recorder, v, [floor, target], points, context.call_position()))
        },
    );
    engine.register_fn("applies", |value: Dynamic| -> HostResult<bool> {
        Ok(matches!(Quantity::read(value, "applies")?, Quantity::Number(_)))
    });
    engine.register_fn(
        "reaches",
        |context: NativeCallContext, value: Dynamic, least: Dynamic| -> HostResult<bool> {
            let value = Quantity::number(value, "reaches")?;
            let least = Quantity::number(least, "reaches")?;
            record(|recorder| reaches(recorder, value, least, context.call_position()))
        },
    );
    engine.register_fn(
        "lin",
        |context: NativeCallContext,
         v: Dynamic,
         floor: Dynamic,
         target: Dynamic,
         points: Dynamic|
         -> HostResult<Dynamic> {
            let edges = [Quantity::number(floor, "lin")?, Quantity::number(target, "lin")?];
            let points = Quantity::number(points, "lin")?;
            match Quantity::read(v, "lin")? {
                Quantity::Number(value) => {
                    record(|recorder| lin(recorder, value, edges, points, context.call_position()))
                        .map(Dynamic::from)
                }
                missing => Ok(missing.into()),
            }
        },
    );
    engine.register_fn(
        "band",
        |context: NativeCallContext, v: Dynamic, bands: Array| -> HostResult<Dynamic> {
            match Quantity::read(v, "band")? {
                Quantity::Number(value) => {
                    let bands = bands.into_iter().map(pair);
                    record(|recorder| band(recorder, value, bands, context.call_position()))
                        .map(Dynamic::from)
                }
                missing => Ok(missing.into()),
            }
        },
    );
}

/// Quotients that are N/A when the denominator is too small.
fn register_quotients(engine: &mut Engine) {
    for (function, show) in [("ratio", Show::Percent), ("average", Show::Points)] {
        engine
            .register_fn(function, move |n: Decimal, d: Decimal| {
                record(|recorder| divide(recorder, (function, show), n, d, Decimal::ZERO))
                    .map(Into::<Dynamic>::into)
            })
            .register_fn(function, move |n: Decimal, d: Decimal, least: Decimal| {
                record(|recorder| divide(recorder, (function, show), n, d, least)).map(Into::<Dynamic>::into)
            })
            .register_fn(function, move |n: Dynamic, d: Dynamic| -> HostResult<Dynamic> {
                let (n, d) = (Quantity::read(n, function)?, Quantity::read(d, function)?);
                record(|recorder| quotient(recorder, (function, show), n, d, Decimal::ZERO)).map(Into::into)
            })
            .register_fn(function, move |n: Dynamic, d: Dynamic, least: Dynamic| -> HostResult<Dynamic> {
                let least = Quantity::number(least, function)?;
                let (n, d) = (Quantity::read(n, function)?, Quantity::read(d, function)?);
                record(|recorder| quotient(recorder, (function, show), n, d, least)).map(Into::into)
            });
    }
}

/// `n ÷ d`; N/A where one of them is, or where `d` is 0 or below `least`. `function` is who asks, and how it shows what
/// comes out.
pub fn quotient(
    recorder: &mut Recorder,
    function: (&str, Show),
    n: Quantity,
    d: Quantity,
    least: Decimal,
) -> HostResult<Quantity> {
    match (n, d) {
        (Quantity::Number(n), Quantity::Number(d)) => divide(recorder, function, n, d, least),
        (missing @ Quantity::NotApplicable(_), _) | (_, missing @ Quantity::NotApplicable(_)) => Ok(missing),
    }
}

fn divide(
    recorder: &mut Recorder,
    (function, show): (&str, Show),
    n: Decimal,
    d: Decimal,
    least: Decimal,
) -> HostResult<Quantity> {
    if d.is_zero() || decimal::compare(d, least).is_lt() {
        let cause = Cause::Denominator { over: n, under: d, least };
        return Ok(NotApplicable { cause }.into());
    }
    let Some(number) = decimal::quotient(n, d) else {
        let (n, d) = (decimal::plain(n), decimal::plain(d));
        return fault(format!("{function}: {n}/{d} 数值过大 · is too large to be computed"));
    };
    recorder.explain(Part::Quotient { over: n, under: d, quotient: Shown { number, show } })?;
    Ok(Quantity::Number(number))
}

/// Shows numbers the way the value they are compared with was shown: a share as a percentage. A value that no quotient
/// has shown yet is shown first.
fn shown_like(recorder: &mut Recorder, number: Decimal) -> HostResult<Show> {
    let show = recorder.show();
    if recorder.pending.is_empty() {
        recorder.explain(Part::Value(Shown { number, show }))?;
    }
    Ok(show)
}

/// Whether `value` is `least` or more. Only a value that is not says so in the reason.
pub fn reaches(recorder: &mut Recorder, value: Decimal, least: Decimal, at: Position) -> HostResult<bool> {
    let is_reached = decimal::compare(value, least).is_ge();
    recorder.watch(at, usize::from(is_reached), is_reached.then_some(least), recorder.show());
    if is_reached {
        return Ok(true);
    }
    let show = shown_like(recorder, value)?;
    recorder.explain(Part::BelowLine(Shown { number: least, show }))?;
    Ok(false)
}

/// points · clamp((value − floor) ÷ (target − floor), 0, 1). With a target below the floor, less is better.
pub fn lin(
    recorder: &mut Recorder,
    value: Decimal,
    [floor, target]: [Decimal; 2],
    points: Decimal,
    at: Position,
) -> HostResult<Decimal> {
    let direction = decimal::compare(target, floor);
    if direction.is_eq() {
        return fault("lin: floor and target have to differ");
    }
    let show = shown_like(recorder, value)?;
    // Where the value stands, seen in the direction from the floor to the target.
    let is_at = |edge: &Decimal| {
        let order = decimal::compare(value, *edge);
        order == direction || order.is_eq()
    };
    if recorder.frame.watches_edges {
        let edges = [floor, target].iter().filter(|edge| is_at(edge)).count();
        recorder.watch(at, edges, [target, floor].into_iter().find(is_at), show);
    }
    let shown = |number| Shown { number, show };
    if is_at(&target) {
        recorder.explain(Part::Reached(shown(target)))?;
        return Ok(points);
    }
    // At the floor there is nothing yet.
    if decimal::compare(value, floor) != direction {
        let floor = shown(floor);
        recorder.explain(if direction.is_gt() { Part::NotAbove(floor) } else { Part::NotBelow(floor) })?;
        return Ok(Decimal::ZERO);
    }
    recorder.explain(Part::Between(shown(floor), shown(target)))?;
    let share =
        || decimal::quotient(value.checked_sub(floor)?.checked_mul(points)?, target.checked_sub(floor)?);
    share().map_or_else(|| fault("lin: 数值过大 · the numbers are too large"), Ok)
}

/// The points of the highest edge that `value` reaches, from `[[edge, points], …]` in rising order; 0 below the first.
pub fn band(
    recorder: &mut Recorder,
    value: Decimal,
    bands: impl IntoIterator<Item = HostResult<(Decimal, Decimal)>>,
    at: Position,
) -> HostResult<Decimal> {
    let mut first = None;
    let mut reached = None;
    let mut edges = 0;
    let mut last = None;
    for entry in bands {
        let (edge, points) = entry?;
        if last.is_some_and(|last| decimal::compare(edge, last).is_le()) {
            return fault(format!("band: the edge {} does not rise", decimal::plain(edge)));
        }
        first = first.or(Some(edge));
        last = Some(edge);
        if decimal::compare(value, edge).is_ge() {
            reached = Some((edge, points));
            edges += 1;
        }
    }
    let show = shown_like(recorder, value)?;
    recorder.watch(at, edges, reached.map(|(edge, _)| edge), show);
    let shown = |number| Shown { number, show };
    recorder.explain(match reached {
        Some((edge, _)) => Part::Reached(shown(edge)),
        None => Part::BelowFirst(first.map(shown)),
    })?;
    Ok(reached.map_or(Decimal::ZERO, |(_, points)| points))
}

fn pair(entry: Dynamic) -> HostResult<(Decimal, Decimal)> {
    match entry.try_cast::<Array>().and_then(|pair| <[Dynamic; 2]>::try_from(pair).ok()) {
        Some([edge, points]) => Ok((Quantity::number(edge, "band")?, Quantity::number(points, "band")?)),
        None => fault("band takes pairs of edge and points: [[0.6, 3], [0.8, 5]]"),
    }
}
