//! Operators that answer with an error where rhai's own would answer with `false`, and numbers inside text.

use rhai::{Dynamic, Engine, ImmutableString, NativeCallContext, Position};
use rust_decimal::Decimal;

use crate::decimal;
use crate::rules::trace::record;
use crate::rules::value::{HostResult, NotApplicable, fault, kind_of};

/// Registers every operator for the kinds it makes sense for, and an error for all others.
///
/// Rhai runs its own operators first unless fast operators are off (see the sandbox), and its comparison of two kinds
/// of values is `false`. With them off it looks for the operator here: first for the exact kinds, then for any.
pub fn register(engine: &mut Engine) {
    register_numbers(engine);
    engine
        .register_fn("==", |left: &str, right: &str| left == right)
        .register_fn("!=", |left: &str, right: &str| left != right)
        .register_fn("==", |left: bool, right: bool| left == right)
        .register_fn("!=", |left: bool, right: bool| left != right);
    register_text(engine);
    for operator in ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"] {
        engine.register_fn(operator, move |left: Dynamic, right: Dynamic| -> HostResult<Dynamic> {
            refuse(operator, "two numbers", &[left, right])
        });
    }
    engine
        .register_fn("-", |value: Dynamic| refuse("-", "a number", &[value]))
        .register_fn("!", |value: Dynamic| refuse("!", "true or false", &[value]));
}

fn register_numbers(engine: &mut Engine) {
    type Operation = fn(Decimal, Decimal) -> Option<Decimal>;
    let operations: [(&str, Operation); 3] =
        [("+", |a, b| a.checked_add(b)), ("-", |a, b| a.checked_sub(b)), ("*", |a, b| a.checked_mul(b))];
    for (operator, operation) in operations {
        engine.register_fn(operator, move |a: Decimal, b: Decimal| {
            operation(a, b).map_or_else(|| too_large(a, operator, b), Ok)
        });
    }
    let divisions: [(&str, Operation); 2] = [("/", |a, b| a.checked_div(b)), ("%", |a, b| a.checked_rem(b))];
    for (operator, division) in divisions {
        engine.register_fn(operator, move |a: Decimal, b: Decimal| match b.is_zero() {
            true => fault(format!("除数为 0 · {} {operator} 0 cannot be computed", decimal::plain(a))),
            false => division(a, b).map_or_else(|| too_large(a, operator, b), Ok),
        });
    }
    engine
        .register_fn("==", |a: Decimal, b: Decimal| a == b)
        .register_fn("!=", |a: Decimal, b: Decimal| a != b)
        .register_fn("<", |a: Decimal, b: Decimal| a < b)
        .register_fn("<=", |a: Decimal, b: Decimal| a <= b)
        .register_fn(">", |a: Decimal, b: Decimal| a > b)
        .register_fn(">=", |a: Decimal, b: Decimal| a >= b);
}

fn too_large(a: Decimal, operator: &str, b: Decimal) -> HostResult<Decimal> {
    let (a, b) = (decimal::plain(a), decimal::plain(b));
    fault(format!("数值过大 · {a} {operator} {b} is too large to be computed"))
}

fn register_text(engine: &mut Engine) {
    engine
        .register_fn("to_string", |number: Decimal| decimal::points(number))
        // Inside `${…}` the engine drops an error and shows the value, so the fault is kept aside and fails the rule.
        .register_fn("to_string", |context: NativeCallContext, missing: NotApplicable| {
            if missing.is_fault() {
                // The line alone: the optimiser moves the column.
                let line = u16::try_from(context.call_position().line().unwrap_or(0)).unwrap_or(0);
                let at = if line == 0 { Position::NONE } else { Position::new(line, 0) };
                record(|recorder| {
                    recorder.fault.get_or_insert_with(|| (missing.reason(), at));
                });
            }
            missing.reason()
        })
        .register_fn("+", |left: ImmutableString, right: ImmutableString| format!("{left}{right}"))
        .register_fn("+", |text: ImmutableString, number: Decimal| {
            format!("{text}{}", decimal::points(number))
        })
        .register_fn("+", |number: Decimal, text: ImmutableString| {
            format!("{}{text}", decimal::points(number))
        });
}

/// The error of an operator that was given other kinds of values than it takes.
fn refuse(operator: &str, takes: &str, given: &[Dynamic]) -> HostResult<Dynamic> {
    for value in given {
        if let Some(missing) = value.clone().try_cast::<NotApplicable>() {
            let reason = missing.reason();
            return fault(match missing.is_fault() {
                true => reason,
                false => format!("N/A ({reason}) cannot be used with '{operator}'; ask applies(…) first"),
            });
        }
    }
    let kinds = given.iter().map(kind_of).collect::<Vec<_>>().join(" and ");
    fault(format!("'{operator}' takes {takes}, but was given {kinds}"))
}
