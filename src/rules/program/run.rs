//! Running a program.

use rust_decimal::Decimal;

use super::value::Value;
use super::{Code, Operator, Program};
use crate::decimal;
use crate::rules::value::Quantity;

/// Steps after which the interpreter decides, which counts its own: far fewer than it allows.
const STEPS: u32 = 1_000;
/// Functions within functions after which the interpreter decides; it allows 16.
const DEPTH: u32 = 8;
/// Longest text, in bytes; the interpreter allows 4,096.
const TEXT: usize = 2_048;

/// Why a function does not go on.
enum Stop {
    Return(Value),
    GivenUp,
}

type Running = Result<Value, Stop>;

/// What a program has while it runs.
struct Machine<'a> {
    program: &'a Program,
    /// The variables of all running functions, the innermost's last.
    slots: Vec<Value>,
    steps: u32,
    depth: u32,
}

impl Program {
    /// Runs the rule for these arguments; none where the interpreter has to.
    pub fn run(&self, arguments: Vec<Value>) -> Option<Value> {
        let mut machine = Machine { program: self, slots: arguments, steps: 0, depth: 0 };
        machine.function(self.score, 0).ok()
    }
}

fn some<T>(value: Option<T>) -> Result<T, Stop> {
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
            Err(Stop::Return(value)) => Ok(value),
            result => result,
        };
        self.depth -= 1;
        self.slots.truncate(base);
        result
    }

    fn step(&mut self, code: &Code, base: usize) -> Running {
        self.steps += 1;
        if self.steps > STEPS {
            return Err(Stop::GivenUp);
        }
        match code {
            Code::Constant(value) => Ok(value.clone()),
            Code::Slot(slot) => some(self.slots.get(base + slot).cloned()),
            Code::Text(parts) => self.text(parts, base),
            Code::List(parts) => {
                let values = parts.iter().map(|part| self.step(part, base));
                Ok(Value::List(values.collect::<Result<_, _>>()?))
            }
            Code::Host(function, arguments, at) => {
                let mut values = [const { Value::Unit }; 4];
                for (value, argument) in values.iter_mut().zip(arguments) {
                    *value = self.step(argument, base)?;
                }
                some(values.get(..arguments.len()).and_then(|values| function.call(values, *at)))
            }
            Code::Own(index, arguments) => {
                let values = arguments.iter().map(|argument| self.step(argument, base));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                let base = self.slots.len();
                self.slots.extend(values);
                self.function(*index, base)
            }
            Code::Binary(operator, sides) => {
                let [left, right] = sides.as_ref();
                let (left, right) = (self.step(left, base)?, self.step(right, base)?);
                some(apply(*operator, &left, &right))
            }
            Code::Negative(value) => {
                let number = some(self.step(value, base)?.number())?;
                Ok(Value::Number(-number))
            }
            Code::Not(value) => Ok(Value::Flag(!self.flag(value, base)?)),
            Code::All(parts) => {
                for part in parts {
                    if !self.flag(part, base)? {
                        return Ok(Value::Flag(false));
                    }
                }
                Ok(Value::Flag(true))
            }
            Code::Any(parts) => {
                for part in parts {
                    if self.flag(part, base)? {
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
                let branch = if self.flag(condition, base)? { then } else { otherwise };
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
            Code::Return(value) => Err(Stop::Return(self.step(value, base)?)),
        }
    }

    fn flag(&mut self, code: &Code, base: usize) -> Result<bool, Stop> {
        some(self.step(code, base)?.flag())
    }

    fn text(&mut self, parts: &[Code], base: usize) -> Running {
        let mut text = String::new();
        for part in parts {
            match self.step(part, base)? {
                Value::Text(part) => text.push_str(&part),
                value => match some(value.quantity())? {
                    Quantity::Number(number) => text.push_str(&decimal::points(number)),
                    Quantity::NotApplicable(missing) => text.push_str(&missing.reason()),
                },
            }
        }
        bounded(text).ok_or(Stop::GivenUp)
    }
}

fn bounded(text: String) -> Option<Value> {
    (text.len() <= TEXT).then(|| Value::Text(text.into()))
}

fn apply(operator: Operator, left: &Value, right: &Value) -> Option<Value> {
    use Operator::{Add, Different, Equal};

    match (operator, left, right) {
        (_, Value::Number(left), Value::Number(right)) => calculate(operator, *left, *right),
        (Equal, Value::Text(left), Value::Text(right)) => Some(Value::Flag(left == right)),
        (Different, Value::Text(left), Value::Text(right)) => Some(Value::Flag(left != right)),
        (Equal, Value::Flag(left), Value::Flag(right)) => Some(Value::Flag(left == right)),
        (Different, Value::Flag(left), Value::Flag(right)) => Some(Value::Flag(left != right)),
        (Add, Value::Text(left), Value::Text(right)) => bounded(format!("{left}{right}")),
        (Add, Value::Text(left), Value::Number(right)) => {
            bounded(format!("{left}{}", decimal::points(*right)))
        }
        (Add, Value::Number(left), Value::Text(right)) => {
            bounded(format!("{}{right}", decimal::points(*left)))
        }
        _ => None,
    }
}

fn calculate(operator: Operator, left: Decimal, right: Decimal) -> Option<Value> {
    let number = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
        Operator::Equal => return Some(Value::Flag(left == right)),
        Operator::Different => return Some(Value::Flag(left != right)),
        Operator::Less => return Some(Value::Flag(left < right)),
        Operator::LessOrEqual => return Some(Value::Flag(left <= right)),
        Operator::Greater => return Some(Value::Flag(left > right)),
        Operator::GreaterOrEqual => return Some(Value::Flag(left >= right)),
    };
    number.map(Value::Number)
}
