//! Running a program.

use std::cell::Cell;

use rust_decimal::Decimal;

use super::value::Value;
use super::{Code, Operator, Program};
use crate::decimal;
use crate::decimal::text::write_points;
use crate::rules::trace::Recorder;
use crate::rules::value::Quantity;

/// Steps after which the interpreter decides, which counts its own: far fewer than it allows.
const STEPS: u32 = 1_000;
/// Functions within functions after which the interpreter decides; it allows 16.
const DEPTH: u32 = 8;
/// Longest text, in bytes; the interpreter allows 4,096.
const TEXT: usize = 2_048;
/// Longest text of a number.
const NUMBER: usize = 40;

/// Why a function does not go on.
#[derive(Clone, Copy, Debug)]
pub enum Stop {
    /// It has returned something.
    Returned,
    /// The interpreter has to decide.
    GivenUp,
}

/// What a step comes to.
pub type Running = Result<Value, Stop>;

/// What a program has while it runs.
#[derive(Debug)]
pub struct Machine<'a> {
    program: &'a Program,
    /// What is recorded.
    pub recorder: &'a mut Recorder,
    /// The variables of all running functions, the innermost's last.
    slots: Vec<Value>,
    /// Where texts are made.
    text: Vec<u8>,
    /// What the innermost function has returned.
    returned: Value,
    steps: u32,
    depth: u32,
}

thread_local! {
    /// Room for variables and for texts, kept from one run to the next.
    static ROOM: Cell<(Vec<Value>, Vec<u8>)> = const { Cell::new((Vec::new(), Vec::new())) };
}

impl Program {
    /// Runs the rule for these arguments; none where the interpreter has to.
    pub fn run(&self, arguments: impl Iterator<Item = Value>, recorder: &mut Recorder) -> Option<Value> {
        let (mut slots, text) = ROOM.take();
        slots.extend(arguments);
        let mut machine =
            Machine { program: self, recorder, slots, text, returned: Value::Unit, steps: 0, depth: 0 };
        let result = machine.function(self.score, 0).ok();
        machine.slots.clear();
        ROOM.set((machine.slots, machine.text));
        result
    }
}

/// What there is, or the interpreter's decision.
pub fn some<T>(value: Option<T>) -> Result<T, Stop> {
    value.ok_or(Stop::GivenUp)
}

impl Machine<'_> {
    /// Runs a function whose arguments stand in the slots from `base` on, and clears them away.
    fn function(&mut self, index: usize, base: usize) -> Running {
        let function = some(self.program.functions.get(index))?;
        if self.depth >= DEPTH || self.slots.len() != base + function.arguments {
            return Err(Stop::GivenUp);
        }
        self.depth += 1;
        let result = match self.step(&function.body, base) {
            Err(Stop::Returned) => Ok(std::mem::replace(&mut self.returned, Value::Unit)),
            result => result,
        };
        self.depth -= 1;
        self.slots.truncate(base);
        result
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > STEPS { Err(Stop::GivenUp) } else { Ok(()) }
    }

    /// What code comes to, whatever it is.
    pub fn step(&mut self, code: &Code, base: usize) -> Running {
        self.count()?;
        match code {
            Code::Constant(value) => Ok(value.clone()),
            Code::Words(words) => Ok(Value::Text(words.clone())),
            Code::Slot(slot) => some(self.slots.get(base + slot).cloned()),
            Code::Text(parts) => self.text(parts, base),
            Code::List(parts) => {
                let values = parts.iter().map(|part| self.step(part, base));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Code::Host(function, arguments, at) => self.host(*function, arguments, *at, base),
            Code::Own(index, arguments) => {
                // An argument that calls a function leaves the slots as it found them.
                let values = arguments.iter().map(|argument| self.step(argument, base));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                let base = self.slots.len();
                self.slots.extend(values);
                self.function(*index, base)
            }
            Code::Binary(operator, sides) => self.binary(*operator, sides, base),
            Code::Negative(value) => Ok(Value::Number(-self.number(value, base)?)),
            Code::Not(value) => Ok(Value::Flag(!self.flag(value, base)?)),
            Code::All(parts) => {
                for part in parts {
                    if !self.decision(part, base)? {
                        return Ok(Value::Flag(false));
                    }
                }
                Ok(Value::Flag(true))
            }
            Code::Any(parts) => {
                for part in parts {
                    if self.decision(part, base)? {
                        return Ok(Value::Flag(true));
                    }
                }
                Ok(Value::Flag(false))
            }
            Code::Block(steps) => {
                let begin = self.slots.len();
                let mut last = Value::Unit;
                for step in steps {
                    last = self.step(step, base)?;
                }
                self.slots.truncate(begin);
                Ok(last)
            }
            Code::If(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                let branch = if self.decision(condition, base)? { then } else { otherwise };
                self.step(branch, base)
            }
            Code::Let(value) => {
                let value = self.step(value, base)?;
                self.slots.push(value);
                Ok(Value::Unit)
            }
            Code::Assign(slot, operator, value) => {
                let value = self.step(value, base)?;
                let place = some(self.slots.get_mut(base + slot))?;
                *place = match operator {
                    None => value,
                    Some(operator) => some(apply(*operator, place, &value))?,
                };
                Ok(Value::Unit)
            }
            Code::Return(value) => {
                self.returned = self.step(value, base)?;
                Err(Stop::Returned)
            }
        }
    }

    /// What code comes to where only a number will do.
    pub fn number(&mut self, code: &Code, base: usize) -> Result<Decimal, Stop> {
        match code {
            Code::Constant(Value::Number(number)) => Ok(*number),
            Code::Slot(slot) => some(self.slots.get(base + slot).and_then(Value::number)),
            Code::Binary(operator, sides) => {
                self.count()?;
                let [left, right] = sides.as_ref();
                let (left, right) = (self.number(left, base)?, self.number(right, base)?);
                some(calculate(*operator, left, right))
            }
            Code::Host(function, arguments, at) => {
                self.count()?;
                self.host_number(*function, arguments, *at, base)
            }
            code => some(self.step(code, base)?.number()),
        }
    }

    /// What code comes to where only a number or N/A will do.
    pub fn quantity(&mut self, code: &Code, base: usize) -> Result<Quantity, Stop> {
        match code {
            Code::Slot(slot) => some(self.slots.get(base + slot).and_then(Value::quantity)),
            Code::Constant(_) | Code::Binary(..) => self.number(code, base).map(Quantity::Number),
            Code::Host(function, arguments, at) if function.gives_quantity() => {
                self.count()?;
                self.host_quantity(*function, arguments, *at, base)
            }
            code => some(self.step(code, base)?.quantity()),
        }
    }

    /// What code comes to where only true or false will do.
    fn flag(&mut self, code: &Code, base: usize) -> Result<bool, Stop> {
        match code {
            Code::Binary(operator, sides) if operator.is_order() => {
                self.count()?;
                let [left, right] = sides.as_ref();
                let (left, right) = (self.number(left, base)?, self.number(right, base)?);
                some(compare(*operator, left, right))
            }
            code => some(self.step(code, base)?.flag()),
        }
    }

    /// The same, where the script goes on by it.
    fn decision(&mut self, code: &Code, base: usize) -> Result<bool, Stop> {
        let is_so = self.flag(code, base)?;
        self.recorder.decide(is_so);
        Ok(is_so)
    }

    fn binary(&mut self, operator: Operator, sides: &[Code; 2], base: usize) -> Running {
        let [left, right] = sides;
        match operator {
            // Texts can be put together and compared, too.
            Operator::Add | Operator::Equal | Operator::Different => {
                let (left, right) = (self.step(left, base)?, self.step(right, base)?);
                some(apply(operator, &left, &right))
            }
            _ => {
                let (left, right) = (self.number(left, base)?, self.number(right, base)?);
                some(
                    compare(operator, left, right)
                        .map(Value::Flag)
                        .or_else(|| calculate(operator, left, right).map(Value::Number)),
                )
            }
        }
    }

    fn text(&mut self, parts: &[Code], base: usize) -> Running {
        // A part that makes a text of its own makes it elsewhere.
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        for part in parts {
            match part {
                Code::Words(words) => text.extend_from_slice(words.as_bytes()),
                part => match self.step(part, base)? {
                    Value::Text(part) => text.extend_from_slice(part.as_bytes()),
                    Value::Number(number) => write_points(&mut text, number),
                    value => match some(value.quantity())? {
                        Quantity::Number(number) => write_points(&mut text, number),
                        Quantity::NotApplicable(missing) => {
                            text.extend_from_slice(missing.reason().as_bytes())
                        }
                    },
                },
            }
        }
        let made = bounded(&text).ok_or(Stop::GivenUp);
        self.text = text;
        made
    }

    /// Whether code is certainly a text that is not too long, without making it.
    pub fn is_short(&self, code: &Code, base: usize) -> bool {
        let mut most = 0_usize;
        let parts = match code {
            Code::Words(words) => return words.len() <= TEXT,
            Code::Text(parts) => parts,
            _ => return false,
        };
        for part in parts {
            most += match part {
                Code::Words(words) => words.len(),
                Code::Slot(slot) => match self.slots.get(base + slot) {
                    Some(Value::Number(_)) => NUMBER,
                    _ => return false,
                },
                _ => return false,
            };
        }
        most <= TEXT
    }
}

fn bounded(text: &[u8]) -> Option<Value> {
    let text = Some(text).filter(|text| text.len() <= TEXT)?;
    std::str::from_utf8(text).ok().map(|text| Value::Text(text.into()))
}

fn apply(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    use Operator::{Add, Different, Equal};

    match (operator, left, right) {
        (_, Value::Number(left), Value::Number(right)) => match compare(operator, *left, *right) {
            Some(flag) => Some(Value::Flag(flag)),
            None => calculate(operator, *left, *right).map(Value::Number),
        },
        (Equal, Value::Text(left), Value::Text(right)) => Some(Value::Flag(left == right)),
        (Different, Value::Text(left), Value::Text(right)) => Some(Value::Flag(left != right)),
        (Equal, Value::Flag(left), Value::Flag(right)) => Some(Value::Flag(left == right)),
        (Different, Value::Flag(left), Value::Flag(right)) => Some(Value::Flag(left != right)),
        (Add, Value::Text(left), Value::Text(right)) => {
            bounded(&[left.as_bytes(), right.as_bytes()].concat())
        }
        (Add, Value::Text(left), Value::Number(right)) => {
            let mut text = left.as_bytes().to_vec();
            write_points(&mut text, *right);
            bounded(&text)
        }
        (Add, Value::Number(left), Value::Text(right)) => {
            let mut text = Vec::new();
            write_points(&mut text, *left);
            text.extend_from_slice(right.as_bytes());
            bounded(&text)
        }
        _ => None,
    }
}

/// Two numbers compared, where the operator does.
fn compare(operator: Operator, left: Decimal, right: Decimal) -> Option<bool> {
    let order = decimal::compare(left, right);
    match operator {
        Operator::Equal => Some(order.is_eq()),
        Operator::Different => Some(order.is_ne()),
        Operator::Less => Some(order.is_lt()),
        Operator::LessOrEqual => Some(order.is_le()),
        Operator::Greater => Some(order.is_gt()),
        Operator::GreaterOrEqual => Some(order.is_ge()),
        _ => None,
    }
}

/// What comes of two numbers, where the operator gives a number and it is one that can be held.
pub fn calculate(operator: Operator, left: Decimal, right: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => decimal::quotient(left, right),
        Operator::Remainder => left.checked_rem(right),
        _ => None,
    }
}
