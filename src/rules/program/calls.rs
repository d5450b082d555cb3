//! The host's functions as programs call them.

use rhai::Position;
use rust_decimal::Decimal;

use super::value::Value;
use crate::decimal;
use crate::rules::host::{numbers, points, scales};
use crate::rules::trace::{Show, record};
use crate::rules::value::{HostResult, NotApplicable, Quantity};

/// A function of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostFunction {
    Ratio,
    Average,
    Lin,
    Band,
    Applies,
    Reaches,
    Item,
    Scaled,
    Deduct,
    Remaining,
    Bonus,
    Skip,
    Note,
    Min,
    Max,
    Clamp,
    Round,
    Floor,
    Ceil,
    Abs,
}

impl HostFunction {
    /// The function that a script calls `name`.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ratio" => Self::Ratio,
            "average" => Self::Average,
            "lin" => Self::Lin,
            "band" => Self::Band,
            "applies" => Self::Applies,
            "reaches" => Self::Reaches,
            "item" => Self::Item,
            "scaled" => Self::Scaled,
            "deduct" => Self::Deduct,
            "remaining" => Self::Remaining,
            "bonus" => Self::Bonus,
            "skip" => Self::Skip,
            "note" => Self::Note,
            "min" => Self::Min,
            "max" => Self::Max,
            "clamp" => Self::Clamp,
            "round" => Self::Round,
            "floor" => Self::Floor,
            "ceil" => Self::Ceil,
            "abs" => Self::Abs,
            _ => return None,
        })
    }

    /// Calls it; none where the interpreter has to say what is wrong.
    pub fn call(self, arguments: &[Value], at: Position) -> Option<Value> {
        match (self, arguments) {
            (Self::Ratio, [n, d]) => quotient("ratio", n, d, Decimal::ZERO, Show::Percent),
            (Self::Ratio, [n, d, least]) => quotient("ratio", n, d, least.number()?, Show::Percent),
            (Self::Average, [n, d]) => quotient("average", n, d, Decimal::ZERO, Show::Points),
            (Self::Average, [n, d, least]) => quotient("average", n, d, least.number()?, Show::Points),
            (Self::Lin, [value, floor, target, most]) => {
                let (floor, target, most) = (floor.number()?, target.number()?, most.number()?);
                match value.quantity()? {
                    Quantity::Number(value) => number(scales::lin(value, floor, target, most, at)),
                    missing => Some(missing.into()),
                }
            }
            (Self::Band, [value, Value::List(bands)]) => match value.quantity()? {
                Quantity::Number(value) => {
                    let pairs = bands.iter().map(pair).collect::<Option<Vec<_>>>()?;
                    number(scales::band(value, pairs.into_iter().map(Ok), at))
                }
                missing => Some(missing.into()),
            },
            (Self::Applies, [value]) => Some(Value::Flag(matches!(value.quantity()?, Quantity::Number(_)))),
            (Self::Reaches, [value, least]) => {
                scales::reaches(value.number()?, least.number()?, at).ok().map(Value::Flag)
            }
            (Self::Item, [max, value, label]) => {
                unit(points::item(max.number()?, value.quantity()?, label.text()?, None, at))
            }
            (Self::Item, [max, value, label, most]) => {
                let most = Some(most.number()?);
                unit(points::item(max.number()?, value.quantity()?, label.text()?, most, at))
            }
            (Self::Scaled, []) => scaled(record(|recorder| recorder.frame.max), at),
            (Self::Scaled, [max]) => scaled(max.number()?, at),
            (Self::Deduct, [given, reason]) => unit(points::deduct(given.number()?, reason.text()?, at)),
            (Self::Remaining, []) => number(points::remaining(at)),
            (Self::Bonus, [given, reason]) => unit(points::bonus(given.number()?, reason.text()?, at)),
            (Self::Skip, [Value::Text(reason)]) => skipped(points::skip(reason, at)),
            (Self::Skip, [Value::Missing(missing)]) if !missing.is_fault() => {
                skipped(points::skip_missing(missing.as_ref().clone(), at))
            }
            (Self::Note, [text]) => unit(points::note(text.text()?, at)),
            (Self::Min, [a, b]) => Some(Value::Number(a.number()?.min(b.number()?))),
            (Self::Max, [a, b]) => Some(Value::Number(a.number()?.max(b.number()?))),
            (Self::Clamp, [value, low, high]) => {
                number(numbers::clamp(value.number()?, low.number()?, high.number()?))
            }
            (Self::Round, [value]) => Some(Value::Number(decimal::half_up(value.number()?, 0))),
            (Self::Round, [value, places]) => number(numbers::round(value.number()?, places.number()?)),
            (Self::Floor, [value]) => Some(Value::Number(decimal::floor(value.number()?))),
            (Self::Ceil, [value]) => Some(Value::Number(numbers::ceil(value.number()?))),
            (Self::Abs, [value]) => Some(Value::Number(value.number()?.abs())),
            _ => None,
        }
    }
}

fn quotient(function: &str, n: &Value, d: &Value, least: Decimal, show: Show) -> Option<Value> {
    scales::quotient(function, n.quantity()?, d.quantity()?, least, show).ok().map(Value::from)
}

fn pair(entry: &Value) -> Option<(Decimal, Decimal)> {
    match entry {
        Value::List(pair) => match pair.as_ref() {
            [edge, points] => Some((edge.number()?, points.number()?)),
            _ => None,
        },
        _ => None,
    }
}

fn scaled(max: Decimal, at: Position) -> Option<Value> {
    points::scaled(max, at).ok().map(Value::from)
}

fn skipped(result: HostResult<NotApplicable>) -> Option<Value> {
    result.ok().map(|missing| Value::from(Quantity::NotApplicable(missing)))
}

fn number(result: HostResult<Decimal>) -> Option<Value> {
    result.ok().map(Value::Number)
}

fn unit(result: HostResult<()>) -> Option<Value> {
    result.ok().map(|()| Value::Unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::host::FUNCTIONS;

    #[test]
    fn programs_know_every_function_that_a_script_can_call() {
        for function in FUNCTIONS {
            assert!(HostFunction::named(function.name).is_some(), "{}", function.name);
        }
        assert_eq!(HostFunction::named("eval"), None);
    }
}
