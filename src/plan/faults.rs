//! What is wrong with a field of a plan.

use crate::http::FieldError;

/// What is wrong with weights of 0 only.
pub(super) const ALL_ZERO: &str = "expected at least one weight above 0";

/// A month that is not of the plan's year.
pub(super) fn other_year(field: &str, year: i32) -> FieldError {
    FieldError::new(field, format!("expected a month of {year}"))
}

/// Something that a list has already.
pub(super) fn listed_twice(field: impl Into<String>, what: impl std::fmt::Display) -> FieldError {
    FieldError::new(field, format!("{what} is listed twice"))
}
