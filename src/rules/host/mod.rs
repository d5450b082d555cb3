//! The functions a script can call. There are few, they speak the authors' words, and each records what it did.
//!
//! rules/README.md documents them for authors with an example each; [`FUNCTIONS`] is the list.

use rhai::{Array, Dynamic, Engine, ImmutableString, NativeCallContext, Position};
use rust_decimal::Decimal;

use super::trace::{Item, StepKind, record};
use super::value::{HostResult, NotApplicable, Quantity, fault, kind_of};
use crate::decimal;

/// Counts changes of what the functions below compute: part of a bundle's identity.
pub const HOST_VERSION: &str = "1";

/// Every function a script can call, for suggestions, checks and the authors' guide.
pub const FUNCTIONS: &[&str] = &[
    "ratio",
    "average",
    "lin",
    "band",
    "applies",
    "item",
    "scaled",
    "deduct",
    "remaining",
    "bonus",
    "skip",
    "note",
    "min",
    "max",
    "clamp",
    "round",
    "floor",
    "ceil",
    "abs",
];

/// Makes the host functions known to `engine`.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<NotApplicable>("N/A");
    engine.register_fn("to_string", |number: Decimal| decimal::points(number));
    engine.register_fn("to_string", |missing: NotApplicable| missing.reason);
    engine.register_fn("+", |text: ImmutableString, number: Decimal| {
        format!("{text}{}", decimal::points(number))
    });
    engine.register_fn("+", |number: Decimal, text: ImmutableString| {
        format!("{}{text}", decimal::points(number))
    });
    refuse_mixed_operands(engine);
    register_sources(engine);
    register_scales(engine);
    register_points(engine);
    register_arithmetic(engine);
}

/// Without this, rhai answers a comparison of two kinds of values with `false` and says nothing.
fn refuse_mixed_operands(engine: &mut Engine) {
    for operator in ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"] {
        engine.register_fn(operator, move |left: Dynamic, right: Dynamic| -> HostResult<Dynamic> {
            for side in [&left, &right] {
                if let Some(missing) = side.clone().try_cast::<NotApplicable>() {
                    return fault(match missing.is_fault {
                        true => missing.reason,
                        false => format!("N/A ({}) cannot be used with '{operator}'", missing.reason),
                    });
                }
            }
            fault(format!(
                "'{operator}' takes two numbers, but was given {} and {}",
                kind_of(&left),
                kind_of(&right)
            ))
        });
    }
}

/// Where numbers come from: quotients that are N/A when the denominator is too small.
fn register_sources(engine: &mut Engine) {
    engine.register_fn("ratio", |n: Dynamic, d: Dynamic| {
        quotient("ratio", n, d, Decimal::ZERO, decimal::percent)
    });
    engine.register_fn("ratio", |n: Dynamic, d: Dynamic, least: Dynamic| {
        quotient("ratio", n, d, Quantity::number(least, "ratio")?, decimal::percent)
    });
    engine.register_fn("average", |n: Dynamic, d: Dynamic| {
        quotient("average", n, d, Decimal::ZERO, decimal::points)
    });
    engine.register_fn("average", |n: Dynamic, d: Dynamic, least: Dynamic| {
        quotient("average", n, d, Quantity::number(least, "average")?, decimal::points)
    });
    engine.register_fn("applies", |value: Dynamic| -> HostResult<bool> {
        Ok(matches!(Quantity::read(value, "applies")?, Quantity::Number(_)))
    });
}

fn quotient(
    function: &str,
    n: Dynamic,
    d: Dynamic,
    least: Decimal,
    show: fn(Decimal) -> String,
) -> HostResult<Dynamic> {
    let (n, d) = match (Quantity::read(n, function)?, Quantity::read(d, function)?) {
        (Quantity::Number(n), Quantity::Number(d)) => (n, d),
        (missing @ Quantity::NotApplicable(_), _) | (_, missing @ Quantity::NotApplicable(_)) => {
            return Ok(missing.into());
        }
    };
    let quotient = if d < least { None } else { n.checked_div(d) };
    let Some(quotient) = quotient else {
        let of = format!("{}/{}", decimal::plain(n), decimal::plain(d));
        let reason = match d.is_zero() {
            true => format!("{of}，分母为 0"),
            false => format!("{of}，分母不足 {}", decimal::plain(least)),
        };
        return Ok(not_applicable(reason));
    };
    record(|r| r.pending.push(format!("{}/{} = {}", decimal::plain(n), decimal::plain(d), show(quotient))));
    Ok(quotient.into())
}

fn not_applicable(reason: String) -> Dynamic {
    Dynamic::from(NotApplicable { reason, is_fault: false })
}

/// From a number to points.
fn register_scales(engine: &mut Engine) {
    engine.register_fn(
        "lin",
        |v: Dynamic, floor: Dynamic, target: Dynamic, points: Dynamic| -> HostResult<Dynamic> {
            let floor = Quantity::number(floor, "lin")?;
            let target = Quantity::number(target, "lin")?;
            let points = Quantity::number(points, "lin")?;
            match Quantity::read(v, "lin")? {
                Quantity::Number(value) => lin(value, floor, target, points).map(Dynamic::from),
                missing => Ok(missing.into()),
            }
        },
    );
    engine.register_fn("band", |v: Dynamic, bands: Array| -> HostResult<Dynamic> {
        match Quantity::read(v, "band")? {
            Quantity::Number(value) => band(value, bands).map(Dynamic::from),
            missing => Ok(missing.into()),
        }
    });
}

/// points · clamp((value − floor) ÷ (target − floor), 0, 1). With a target below the floor, less is better.
fn lin(value: Decimal, floor: Decimal, target: Decimal, points: Decimal) -> HostResult<Decimal> {
    let is_rising = target > floor;
    let (reached, missed) =
        if is_rising { (value >= target, value <= floor) } else { (value <= target, value >= floor) };
    if floor == target {
        return fault("lin: floor and target have to differ");
    }
    record(|recorder| {
        let is_percent = recorder.pending.last().is_some_and(|shown| shown.ends_with('%'));
        let show = if is_percent { decimal::percent } else { decimal::points };
        if recorder.pending.is_empty() {
            recorder.pending.push(show(value));
        }
        recorder.pending.push(match (reached, missed) {
            (true, _) => format!("达到 {}", show(target)),
            (_, true) if is_rising => format!("未超过 {}", show(floor)),
            (_, true) => format!("不低于 {}", show(floor)),
            _ => format!("在 {} 与 {} 之间", show(floor), show(target)),
        });
    });
    if reached {
        return Ok(points);
    }
    if missed {
        return Ok(Decimal::ZERO);
    }
    (value - floor)
        .checked_mul(points)
        .and_then(|product| product.checked_div(target - floor))
        .map_or_else(|| fault("lin: the numbers are too large"), Ok)
}

/// The points of the highest edge that `value` reaches, from `[[edge, points], …]` in rising order; 0 below the first.
fn band(value: Decimal, bands: Array) -> HostResult<Decimal> {
    let mut reached = None;
    let mut last = None;
    for entry in bands {
        let Some([edge, points]) =
            entry.try_cast::<Array>().and_then(|pair| <[Dynamic; 2]>::try_from(pair).ok())
        else {
            return fault("band takes pairs of edge and points: [[0.6, 3], [0.8, 5]]");
        };
        let (edge, points) = (Quantity::number(edge, "band")?, Quantity::number(points, "band")?);
        if last.is_some_and(|last| edge <= last) {
            return fault(format!("band: the edge {} does not rise", decimal::plain(edge)));
        }
        last = Some(edge);
        if value >= edge {
            reached = Some((edge, points));
        }
    }
    let (text, points) = match reached {
        Some((edge, points)) => (format!("达到 {}", decimal::points(edge)), points),
        None => ("未达到最低档".to_owned(), Decimal::ZERO),
    };
    record(|recorder| recorder.pending.push(text));
    Ok(points)
}

/// What gives and takes points.
fn register_points(engine: &mut Engine) {
    engine.register_fn("item", |context: NativeCallContext, max: Dynamic, value: Dynamic, label: &str| {
        let max = Quantity::number(max, "item")?;
        item(max, Quantity::read(value, "item")?, label, context.call_position())
    });
    engine.register_fn("deduct", |context: NativeCallContext, points: Dynamic, reason: &str| {
        let points = Quantity::number(points, "deduct")?;
        let outcome = format!("扣 {} 分", decimal::points(points));
        signed_step(StepKind::Deduction, points, reason, &outcome, context.call_position())
    });
    engine.register_fn("bonus", |context: NativeCallContext, points: Dynamic, reason: &str| {
        let points = Quantity::number(points, "bonus")?;
        let outcome = format!("加 {} 分", decimal::points(points));
        signed_step(StepKind::Bonus, points, reason, &outcome, context.call_position())
    });
    engine.register_fn("note", |context: NativeCallContext, text: &str| {
        record(|r| {
            r.pending.clear();
            r.step(StepKind::Note, None, None, text, "", context.call_position());
        });
    });
    engine.register_fn("skip", |context: NativeCallContext, reason: &str| {
        skip(reason, context.call_position())
    });
    engine.register_fn("skip", |context: NativeCallContext, missing: NotApplicable| {
        skip(&missing.reason, context.call_position())
    });
    engine.register_fn("scaled", |context: NativeCallContext| {
        scaled(record(|r| r.max), context.call_position())
    });
    engine.register_fn("scaled", |context: NativeCallContext, max: Dynamic| {
        scaled(Quantity::number(max, "scaled")?, context.call_position())
    });
    engine.register_fn("remaining", |context: NativeCallContext| remaining(context.call_position()));
}

fn item(max: Decimal, value: Quantity, label: &str, at: Position) -> HostResult<()> {
    record(|recorder| match value {
        Quantity::Number(points) => {
            recorder.items.push(Item { max, value: Some(points) });
            let outcome = format!("得 {} 分", decimal::points(points));
            recorder.step(StepKind::Item, Some(points), Some(max), label, &outcome, at);
        }
        Quantity::NotApplicable(missing) => {
            recorder.items.push(Item { max, value: None });
            recorder.pending.clear();
            recorder.pending.push(missing.reason);
            recorder.step(StepKind::NotApplicable, None, Some(max), label, "不适用", at);
        }
    });
    Ok(())
}

fn signed_step(kind: StepKind, points: Decimal, reason: &str, outcome: &str, at: Position) -> HostResult<()> {
    if points.is_sign_negative() && !points.is_zero() {
        return fault(format!("the points of '{reason}' are below 0"));
    }
    record(|recorder| {
        let sum = if kind == StepKind::Bonus { &mut recorder.bonus } else { &mut recorder.deducted };
        let Some(larger) = sum.checked_add(points) else {
            return fault("the points are too large");
        };
        *sum = larger;
        if points.is_zero() {
            recorder.pending.clear();
        } else {
            recorder.step(kind, Some(points), None, reason, outcome, at);
        }
        Ok(())
    })
}

fn remaining(at: Position) -> Decimal {
    record(|recorder| {
        if recorder.deducted.is_zero() {
            recorder.step(StepKind::Note, None, None, "没有扣分", "", at);
        }
        (recorder.max - recorder.deducted).max(Decimal::ZERO)
    })
}

fn skip(reason: &str, at: Position) -> NotApplicable {
    record(|recorder| {
        recorder.pending.clear();
        recorder.step(StepKind::NotApplicable, None, None, reason, "不适用", at);
    });
    NotApplicable { reason: reason.to_owned(), is_fault: false }
}

/// The sum of the items, scaled up from the maximum of those that apply to `max`; N/A when none applies.
fn scaled(max: Decimal, at: Position) -> HostResult<Dynamic> {
    record(|recorder| {
        let mut sum = Decimal::ZERO;
        let mut applicable = Decimal::ZERO;
        for item in &recorder.items {
            if let Some(value) = item.value {
                let (Some(points), Some(possible)) =
                    (sum.checked_add(value), applicable.checked_add(item.max))
                else {
                    return fault("the points of the items are too large");
                };
                (sum, applicable) = (points, possible);
            }
        }
        if applicable <= Decimal::ZERO {
            return Ok(not_applicable("没有适用的项目".to_owned()));
        }
        if applicable == max {
            return Ok(sum.into());
        }
        recorder.pending.clear();
        let text = format!(
            "适用项目满分 {}，按比例折算为 {} 分制",
            decimal::points(applicable),
            decimal::points(max)
        );
        recorder.step(StepKind::Note, None, None, &text, "", at);
        sum.checked_mul(max)
            .and_then(|product| product.checked_div(applicable))
            .map_or_else(|| fault("the points of the items are too large"), |points| Ok(points.into()))
    })
}

/// Plain arithmetic on numbers. `round` is half-up, unlike rhai's own.
fn register_arithmetic(engine: &mut Engine) {
    let pair = |function: &'static str, work: fn(Decimal, Decimal) -> Decimal| {
        move |a: Dynamic, b: Dynamic| -> HostResult<Decimal> {
            Ok(work(Quantity::number(a, function)?, Quantity::number(b, function)?))
        }
    };
    let single = |function: &'static str, work: fn(Decimal) -> Decimal| {
        move |a: Dynamic| -> HostResult<Decimal> { Ok(work(Quantity::number(a, function)?)) }
    };
    engine
        .register_fn("min", pair("min", |a, b| a.min(b)))
        .register_fn("max", pair("max", |a, b| a.max(b)))
        .register_fn("abs", single("abs", |a| a.abs()))
        .register_fn("floor", single("floor", decimal::floor))
        .register_fn("ceil", single("ceil", |a| -decimal::floor(-a)))
        .register_fn("round", single("round", |a| decimal::half_up(a, 0)))
        .register_fn("round", |a: Dynamic, places: Dynamic| -> HostResult<Decimal> {
            let places =
                u32::try_from(Quantity::number(places, "round")?).ok().filter(|places| *places <= 10);
            match places {
                Some(places) => Ok(decimal::half_up(Quantity::number(a, "round")?, places)),
                None => fault("round takes 0 to 10 places"),
            }
        })
        .register_fn("clamp", |a: Dynamic, low: Dynamic, high: Dynamic| -> HostResult<Decimal> {
            let (low, high) = (Quantity::number(low, "clamp")?, Quantity::number(high, "clamp")?);
            match low <= high {
                true => Ok(Quantity::number(a, "clamp")?.clamp(low, high)),
                false => fault("clamp: the lower bound is above the upper one"),
            }
        });
}
