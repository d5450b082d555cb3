//! The values scripts compute with: exact numbers, and "not applicable" as a value that arithmetic refuses.

use rhai::{Dynamic, EvalAltResult};
use rust_decimal::Decimal;

/// Not applicable (不适用): an item whose data does not exist or does not suffice. It is no number and never 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotApplicable {
    /// Why, in Chinese.
    pub reason: String,
    /// The value should be there: whatever touches it fails instead of becoming not applicable too.
    pub is_fault: bool,
}

/// A number or "not applicable".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// An exact number.
    Number(Decimal),
    /// No number, with the reason.
    NotApplicable(NotApplicable),
}

/// What a host function gives back to a script.
pub type HostResult<T> = Result<T, Box<EvalAltResult>>;

/// An error that a host function raises; the engine adds the place of the call.
pub fn fault<T>(message: impl Into<String>) -> HostResult<T> {
    Err(message.into().into())
}

impl Quantity {
    /// Reads an argument that may be not applicable. A value that should have been there is an error.
    pub fn read(argument: Dynamic, function: &str) -> HostResult<Self> {
        if let Ok(number) = argument.as_decimal() {
            return Ok(Self::Number(number));
        }
        let kind = kind_of(&argument);
        match argument.try_cast::<NotApplicable>() {
            Some(missing) if missing.is_fault => fault(missing.reason),
            Some(missing) => Ok(Self::NotApplicable(missing)),
            None => fault(format!("{function} takes numbers, but was given {kind}")),
        }
    }

    /// Reads an argument that has to be a number.
    pub fn number(argument: Dynamic, function: &str) -> HostResult<Decimal> {
        match Self::read(argument, function)? {
            Self::Number(number) => Ok(number),
            Self::NotApplicable(missing) => {
                fault(format!("{function} takes numbers, but was given N/A ({})", missing.reason))
            }
        }
    }
}

impl From<Quantity> for Dynamic {
    fn from(quantity: Quantity) -> Self {
        match quantity {
            Quantity::Number(number) => Self::from(number),
            Quantity::NotApplicable(missing) => Self::from(missing),
        }
    }
}

/// What kind of value it is, in an author's words.
pub fn kind_of(value: &Dynamic) -> &'static str {
    if value.is::<Decimal>() {
        "a number"
    } else if value.is::<NotApplicable>() {
        "N/A"
    } else if value.is_string() {
        "text"
    } else if value.is_bool() {
        "true or false"
    } else if value.is_unit() {
        "nothing"
    } else if value.is_array() {
        "a list"
    } else {
        "something that is no number"
    }
}
