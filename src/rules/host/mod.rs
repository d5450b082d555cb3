//! The functions a script can call. There are few, they speak the authors' words, and each records what it did.
//!
//! rules/README.md documents them for authors with an example each; [`FUNCTIONS`] is the list.

pub(super) mod numbers;
mod operators;
pub(super) mod points;
pub(super) mod scales;

use std::ops::RangeInclusive;

use rhai::Engine;

use super::value::NotApplicable;

pub use points::BONUS_LIMIT;

/// Counts changes of what the functions below compute: part of a bundle's identity.
pub const HOST_VERSION: &str = "2";
/// Versions that bundles may have been stored under before, the last one first.
pub const EARLIER_HOST_VERSIONS: &[&str] = &["1"];

/// One function that scripts can call.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arguments: RangeInclusive<usize>,
    /// How it is written, for messages.
    pub usage: &'static str,
    /// Whether it gives a number (or N/A).
    pub is_number: bool,
}

const fn number(name: &'static str, arguments: RangeInclusive<usize>, usage: &'static str) -> Function {
    Function { name, arguments, usage, is_number: true }
}

const fn other(name: &'static str, arguments: RangeInclusive<usize>, usage: &'static str) -> Function {
    Function { name, arguments, usage, is_number: false }
}

/// Every function a script can call, for checks, suggestions and messages.
pub const FUNCTIONS: &[Function] = &[
    number("ratio", 2..=3, "ratio(n, d) or ratio(n, d, least)"),
    number("average", 2..=3, "average(n, d) or average(n, d, least)"),
    number("lin", 4..=4, "lin(v, floor, target, points)"),
    number("band", 2..=2, "band(v, [[edge, points], …])"),
    other("applies", 1..=1, "applies(v)"),
    other("reaches", 2..=2, "reaches(v, least)"),
    other("item", 3..=4, "item(max, value, \"name\") or item(max, value, \"name\", most)"),
    number("scaled", 0..=1, "scaled() or scaled(max)"),
    other("deduct", 2..=2, "deduct(points, \"reason\")"),
    number("remaining", 0..=0, "remaining()"),
    other("bonus", 2..=2, "bonus(points, \"reason\")"),
    number("skip", 1..=1, "skip(\"reason\") or skip(v)"),
    other("note", 1..=1, "note(\"text\")"),
    number("min", 2..=2, "min(a, b)"),
    number("max", 2..=2, "max(a, b)"),
    number("clamp", 3..=3, "clamp(v, low, high)"),
    number("round", 1..=2, "round(v) or round(v, places)"),
    number("floor", 1..=1, "floor(v)"),
    number("ceil", 1..=1, "ceil(v)"),
    number("abs", 1..=1, "abs(v)"),
];

/// The function called `name`.
pub fn function(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Makes the host functions known to `engine`.
pub fn register(engine: &mut Engine) {
    engine.register_type_with_name::<NotApplicable>("N/A");
    operators::register(engine);
    scales::register(engine);
    points::register(engine);
    numbers::register(engine);
}
