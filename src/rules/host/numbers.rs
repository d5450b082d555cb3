//! Plain arithmetic on numbers. `round` is half-up, unlike rhai's own.

use rhai::{Dynamic, Engine};
use rust_decimal::Decimal;

use crate::decimal;
use crate::rules::value::{HostResult, Quantity, fault};

/// Registers `min`, `max`, `abs`, `floor`, `ceil`, `round` and `clamp`. None of them can overflow.
pub fn register(engine: &mut Engine) {
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
        .register_fn("ceil", single("ceil", ceil))
        .register_fn("round", single("round", |a| decimal::half_up(a, 0)))
        .register_fn("round", |a: Dynamic, places: Dynamic| -> HostResult<Decimal> {
            let places = Quantity::number(places, "round")?;
            round(Quantity::number(a, "round")?, places)
        })
        .register_fn("clamp", |a: Dynamic, low: Dynamic, high: Dynamic| -> HostResult<Decimal> {
            let (low, high) = (Quantity::number(low, "clamp")?, Quantity::number(high, "clamp")?);
            clamp(Quantity::number(a, "clamp")?, low, high)
        });
}

/// The next whole number at or above.
pub fn ceil(value: Decimal) -> Decimal {
    -decimal::floor(-value)
}

/// Half-up to `places`, 0 to 10.
pub fn round(value: Decimal, places: Decimal) -> HostResult<Decimal> {
    let whole = u32::try_from(places).ok().filter(|whole| *whole <= 10 && places.fract().is_zero());
    match whole {
        Some(places) => Ok(decimal::half_up(value, places)),
        None => fault("round takes 0 to 10 places"),
    }
}

/// The value within two bounds.
pub fn clamp(value: Decimal, low: Decimal, high: Decimal) -> HostResult<Decimal> {
    match low <= high {
        true => Ok(value.clamp(low, high)),
        false => fault("clamp: the lower bound is above the upper one"),
    }
}
