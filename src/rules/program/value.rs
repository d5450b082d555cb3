//! What programs compute with: the interpreter's values without its boxes.

use std::sync::Arc;

use rhai::{Array, Dynamic};
use rust_decimal::Decimal;

use crate::rules::value::{NotApplicable, Quantity};

/// A value of a running program.
#[derive(Clone, Debug)]
pub enum Value {
    /// An exact number.
    Number(Decimal),
    /// Not applicable.
    Missing(Arc<NotApplicable>),
    /// A text.
    Text(Arc<str>),
    /// True or false.
    Flag(bool),
    /// Nothing.
    Unit,
    /// A list.
    List(Arc<[Value]>),
}

impl Value {
    /// A value that is not there.
    pub fn missing(missing: NotApplicable) -> Self {
        Self::Missing(Arc::new(missing))
    }

    /// The number that it is.
    pub fn number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// True or false, if it is one of them.
    pub fn flag(&self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The number, or why there is none; a value that has to be there and is not is neither.
    pub fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Number(number) => Some(Quantity::Number(*number)),
            Self::Missing(missing) if !missing.is_fault() => {
                Some(Quantity::NotApplicable(missing.as_ref().clone()))
            }
            _ => None,
        }
    }

    /// A constant of a script; none where programs have no such values.
    pub fn of(constant: &Dynamic) -> Option<Self> {
        if let Ok(number) = constant.as_decimal() {
            return Some(Self::Number(number));
        }
        if let Ok(flag) = constant.as_bool() {
            return Some(Self::Flag(flag));
        }
        if constant.is_unit() {
            return Some(Self::Unit);
        }
        if let Ok(text) = constant.as_immutable_string_ref() {
            return Some(Self::Text(text.as_str().into()));
        }
        let list = constant.read_lock::<Array>()?;
        list.iter().map(Self::of).collect::<Option<Arc<[_]>>>().map(Self::List)
    }
}

impl From<Quantity> for Value {
    fn from(quantity: Quantity) -> Self {
        match quantity {
            Quantity::Number(number) => Self::Number(number),
            Quantity::NotApplicable(missing) => Self::missing(missing),
        }
    }
}
