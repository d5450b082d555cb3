//! The host's functions as programs call them: every argument is read as what the function takes.

use rhai::Position;
use rust_decimal::Decimal;

use super::Code;
use super::run::{Machine, Running, Stop, some};
use super::value::Value;
use crate::decimal;
use crate::rules::host::{numbers, points, scales};
use crate::rules::trace::{Show, Words};
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

    /// Whether it may give N/A instead of a number.
    pub fn gives_quantity(self) -> bool {
        matches!(self, Self::Ratio | Self::Average | Self::Lin | Self::Band | Self::Scaled)
    }
}

/// What a host function gave; where it failed, the interpreter has to say what is wrong.
fn gave<T>(result: HostResult<T>) -> Result<T, Stop> {
    result.map_err(|_| Stop::GivenUp)
}

impl Machine<'_> {
    /// Calls a function of the host.
    pub fn host(&mut self, function: HostFunction, arguments: &[Code], at: Position, base: usize) -> Running {
        use HostFunction as F;

        match (function, arguments) {
            (F::Applies, [value]) => {
                Ok(Value::Flag(matches!(self.quantity(value, base)?, Quantity::Number(_))))
            }
            (F::Reaches, [value, least]) => {
                let (value, least) = (self.number(value, base)?, self.number(least, base)?);
                gave(scales::reaches(self.recorder, value, least, at)).map(Value::Flag)
            }
            (F::Item, [max, value, label, most @ ..]) => {
                let (max, value) = (self.number(max, base)?, self.quantity(value, base)?);
                self.with_words(label, base, |machine, words| {
                    let most = match most {
                        [] => None,
                        [most, ..] => Some(machine.number(most, base)?),
                    };
                    gave(points::item(machine.recorder, max, value, words, most, at))
                })
            }
            (F::Deduct, [points, reason]) => {
                let points = self.number(points, base)?;
                // Where nothing is taken off, nobody reads the reason.
                if points.is_zero() && self.is_short(reason, base) {
                    return gave(points::deduct(self.recorder, points, Words::Own(""), at))
                        .map(|()| Value::Unit);
                }
                self.with_words(reason, base, |machine, words| {
                    gave(points::deduct(machine.recorder, points, words, at))
                })
            }
            (F::Bonus, [points, reason]) => {
                let points = self.number(points, base)?;
                self.with_words(reason, base, |machine, words| {
                    gave(points::bonus(machine.recorder, points, words, at))
                })
            }
            (F::Note, [text]) => {
                self.with_words(text, base, |machine, words| gave(points::note(machine.recorder, words, at)))
            }
            (F::Skip, [reason]) => self.skip(reason, at, base),
            (quotient, _) if quotient.gives_quantity() => {
                self.host_quantity(function, arguments, at, base).map(Value::from)
            }
            _ => self.host_number(function, arguments, at, base).map(Value::Number),
        }
    }

    /// Calls a function of the host that gives a number or N/A.
    pub fn host_quantity(
        &mut self,
        function: HostFunction,
        arguments: &[Code],
        at: Position,
        base: usize,
    ) -> Result<Quantity, Stop> {
        use HostFunction as F;

        match (function, arguments) {
            (F::Ratio, [n, d, least @ ..]) => self.quotient(("ratio", Show::Percent), [n, d], least, base),
            (F::Average, [n, d, least @ ..]) => self.quotient(("average", Show::Points), [n, d], least, base),
            (F::Lin, [value, floor, target, most]) => {
                let value = self.quantity(value, base)?;
                let (floor, target) = (self.number(floor, base)?, self.number(target, base)?);
                let most = self.number(most, base)?;
                match value {
                    Quantity::Number(value) => {
                        gave(scales::lin(self.recorder, value, [floor, target], most, at))
                            .map(Quantity::Number)
                    }
                    missing => Ok(missing),
                }
            }
            (F::Band, [value, bands]) => {
                let value = self.quantity(value, base)?;
                let Value::List(bands) = self.step(bands, base)? else { return Err(Stop::GivenUp) };
                match value {
                    Quantity::Number(value) => {
                        let pairs = bands.iter().map(pair).collect::<Option<Vec<_>>>();
                        let pairs = some(pairs)?.into_iter().map(Ok);
                        gave(scales::band(self.recorder, value, pairs, at)).map(Quantity::Number)
                    }
                    missing => Ok(missing),
                }
            }
            (F::Scaled, []) => gave(points::scaled(self.recorder, self.recorder.frame.max, at)),
            (F::Scaled, [max]) => {
                let max = self.number(max, base)?;
                gave(points::scaled(self.recorder, max, at))
            }
            _ => Err(Stop::GivenUp),
        }
    }

    /// Calls a function of the host where only a number will do.
    pub fn host_number(
        &mut self,
        function: HostFunction,
        arguments: &[Code],
        at: Position,
        base: usize,
    ) -> Result<Decimal, Stop> {
        use HostFunction as F;

        match (function, arguments) {
            (F::Remaining, []) => gave(points::remaining(self.recorder, at)),
            (F::Min, [a, b]) => Ok(decimal::min(self.number(a, base)?, self.number(b, base)?)),
            (F::Max, [a, b]) => Ok(decimal::max(self.number(a, base)?, self.number(b, base)?)),
            (F::Clamp, [value, low, high]) => {
                let (value, low) = (self.number(value, base)?, self.number(low, base)?);
                gave(numbers::clamp(value, low, self.number(high, base)?))
            }
            (F::Round, [value]) => Ok(decimal::half_up(self.number(value, base)?, 0)),
            (F::Round, [value, places]) => {
                let value = self.number(value, base)?;
                gave(numbers::round(value, self.number(places, base)?))
            }
            (F::Floor, [value]) => Ok(decimal::floor(self.number(value, base)?)),
            (F::Ceil, [value]) => Ok(numbers::ceil(self.number(value, base)?)),
            (F::Abs, [value]) => Ok(self.number(value, base)?.abs()),
            _ => match self.host_quantity(function, arguments, at, base)? {
                Quantity::Number(number) => Ok(number),
                Quantity::NotApplicable(_) => Err(Stop::GivenUp),
            },
        }
    }

    fn quotient(
        &mut self,
        function: (&str, Show),
        [n, d]: [&Code; 2],
        least: &[Code],
        base: usize,
    ) -> Result<Quantity, Stop> {
        let (n, d) = (self.quantity(n, base)?, self.quantity(d, base)?);
        let least = match least {
            [] => Decimal::ZERO,
            [least, ..] => self.number(least, base)?,
        };
        gave(scales::quotient(self.recorder, function, n, d, least))
    }

    fn skip(&mut self, reason: &Code, at: Position, base: usize) -> Running {
        let missing = match reason {
            Code::Words(words) => gave(points::skip(self.recorder, Words::Own(words), at))?,
            reason => match self.step(reason, base)? {
                Value::Text(reason) => gave(points::skip(self.recorder, Words::Made(&reason), at))?,
                Value::Missing(missing) if !missing.is_fault() => {
                    gave(points::skip_missing(self.recorder, NotApplicable::clone(&missing), at))?
                }
                _ => return Err(Stop::GivenUp),
            },
        };
        Ok(Value::missing(missing))
    }

    /// Does what takes an author's text, and gives nothing.
    fn with_words(
        &mut self,
        code: &Code,
        base: usize,
        work: impl FnOnce(&mut Self, Words<'_>) -> Result<(), Stop>,
    ) -> Running {
        match code {
            Code::Words(words) => work(self, Words::Own(words))?,
            code => match self.step(code, base)? {
                Value::Text(text) => work(self, Words::Made(&text))?,
                _ => return Err(Stop::GivenUp),
            },
        }
        Ok(Value::Unit)
    }
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
