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
            lin(v, floor, target, points, context.call_position())
        },
    );
    engine.register_fn("applies", |value: Dynamic| -> HostResult<bool> {
        Ok(matches!(Quantity::read(value, "applies")?, Quantity::Number(_)))
    });
    engine.register_fn(
        "reaches",
        |context: NativeCallContext, value: Dynamic, least: Dynamic| -> HostResult<bool> {
            let value = Quantity::number(value, "reaches")?;
            reaches(value, Quantity::number(least, "reaches")?, context.call_position())
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
            let floor = Quantity::number(floor, "lin")?;
            let target = Quantity::number(target, "lin")?;
            let points = Quantity::number(points, "lin")?;
            match Quantity::read(v, "lin")? {
                Quantity::Number(value) => {
                    lin(value, floor, target, points, context.call_position()).map(Dynamic::from)
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
                    band(value, bands.into_iter().map(pair), context.call_position()).map(Dynamic::from)
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
                divide(function, n, d, Decimal::ZERO, show).map(Into::<Dynamic>::into)
            })
            .register_fn(function, move |n: Decimal, d: Decimal, least: Decimal| {
                divide(function, n, d, least, show).map(Into::<Dynamic>::into)
            })
            .register_fn(function, move |n: Dynamic, d: Dynamic| -> HostResult<Dynamic> {
                let (n, d) = (Quantity::read(n, function)?, Quantity::read(d, function)?);
                quotient(function, n, d, Decimal::ZERO, show).map(Into::into)
            })
            .register_fn(function, move |n: Dynamic, d: Dynamic, least: Dynamic| -> HostResult<Dynamic> {
                let least = Quantity::number(least, function)?;
                let (n, d) = (Quantity::read(n, function)?, Quantity::read(d, function)?);
                quotient(function, n, d, least, show).map(Into::into)
            });
    }
}

/// `n ÷ d`; N/A where one of them is, or where `d` is 0 or below `least`.
pub fn quotient(
    function: &str,
    n: Quantity,
    d: Quantity,
    least: Decimal,
    show: Show,
) -> HostResult<Quantity> {
    match (n, d) {
        (Quantity::Number(n), Quantity::Number(d)) => divide(function, n, d, least, show),
        (missing @ Quantity::NotApplicable(_), _) | (_, missing @ Quantity::NotApplicable(_)) => Ok(missing),
    }
}

fn divide(function: &str, n: Decimal, d: Decimal, least: Decimal, show: Show) -> HostResult<Quantity> {
    if d.is_zero() || d < least {
        let cause = Cause::Denominator { over: n, under: d, least };
        return Ok(Quantity::NotApplicable(NotApplicable { cause }));
    }
    let Some(number) = n.checked_div(d) else {
        let (n, d) = (decimal::plain(n), decimal::plain(d));
        return fault(format!("{function}: {n}/{d} 数值过大 · is too large to be computed"));
    };
    let quotient = Shown { number, show };
    record(|recorder| recorder.explain(Part::Quotient { over: n, under: d, quotient }))?;
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
pub fn reaches(value: Decimal, least: Decimal, at: Position) -> HostResult<bool> {
    record(|recorder| {
        let is_reached = value >= least;
        recorder.watch(at, usize::from(is_reached), is_reached.then_some(least), recorder.show());
        if is_reached {
            return Ok(true);
        }
        let show = shown_like(recorder, value)?;
        recorder.explain(Part::BelowLine(Shown { number: least, show }))?;
        Ok(false)
    })
}

/// points · clamp((value − floor) ÷ (target − floor), 0, 1). With a target below the floor, less is better.
pub fn lin(
    value: Decimal,
    floor: Decimal,
    target: Decimal,
    points: Decimal,
    at: Position,
) -> HostResult<Decimal> {
    let is_rising = target > floor;
    let (reached, missed) =
        if is_rising { (value >= target, value <= floor) } else { (value <= target, value >= floor) };
    if floor == target {
        return fault("lin: floor and target have to differ");
    }
    record(|recorder| {
        let show = shown_like(recorder, value)?;
        let is_past = |edge: &Decimal| if is_rising { value >= *edge } else { value <= *edge };
        let edges = [floor, target].iter().filter(|edge| is_past(edge)).count();
        let last = [target, floor].into_iter().find(is_past);
        recorder.watch(at, edges, last, show);
        let shown = |number| Shown { number, show };
        recorder.explain(match (reached, missed) {
            (true, _) => Part::Reached(shown(target)),
            (_, true) if is_rising => Part::NotAbove(shown(floor)),
            (_, true) => Part::NotBelow(shown(floor)),
            _ => Part::Between(shown(floor), shown(target)),
        })
    })?;
    if reached {
        return Ok(points);
    }
    if missed {
        return Ok(Decimal::ZERO);
    }
    let share = || value.checked_sub(floor)?.checked_mul(points)?.checked_div(target.checked_sub(floor)?);
    share().map_or_else(|| fault("lin: 数值过大 · the numbers are too large"), Ok)
}

/// The points of the highest edge that `value` reaches, from `[[edge, points], …]` in rising order; 0 below the first.
pub fn band(
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
        if last.is_some_and(|last| edge <= last) {
            return fault(format!("band: the edge {} does not rise", decimal::plain(edge)));
        }
        first = first.or(Some(edge));
        last = Some(edge);
        if value >= edge {
            reached = Some((edge, points));
            edges += 1;
        }
    }
    record(|recorder| {
        let show = shown_like(recorder, value)?;
        recorder.watch(at, edges, reached.map(|(edge, _)| edge), show);
        let shown = |number| Shown { number, show };
        recorder.explain(match reached {
            Some((edge, _)) => Part::Reached(shown(edge)),
            None => Part::BelowFirst(first.map(shown)),
        })
    })?;
    Ok(reached.map_or(Decimal::ZERO, |(_, points)| points))
}

fn pair(entry: Dynamic) -> HostResult<(Decimal, Decimal)> {
    match entry.try_cast::<Array>().and_then(|pair| <[Dynamic; 2]>::try_from(pair).ok()) {
        Some([edge, points]) => Ok((Quantity::number(edge, "band")?, Quantity::number(points, "band")?)),
        None => fault("band takes pairs of edge and points: [[0.6, 3], [0.8, 5]]"),
    }
}
