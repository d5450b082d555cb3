//! What is wrong with a field of a plan.

use crate::http::problem::FieldError;

/// What is wrong with weights of 0 only.
pub(super) const ALL_ZERO: &str = "expected at least one weight above 0";

/// A fault of one field.
pub(super) fn fault(field: impl Into<String>, message: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), message: message.into() }
}

/// A month that is not of the plan's year.
pub(super) fn other_year(field: &str, year: i32) -> FieldError {
    fault(field, format!("expected a month of {year}"))
}
