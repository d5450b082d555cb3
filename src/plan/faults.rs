//! What is wrong with a field of a plan.

use crate::http::FieldError;
use crate::said::{Said, say};

/// What is wrong with weights of 0 only.
pub(super) const ALL_ZERO: Said =
    Said::fixed("至少要有一个权重大于 0", "expected at least one weight above 0");

/// What is wrong with weights that do not fit.
pub(super) const WEIGHTS_TOO_LARGE: Said = Said::fixed("权重太大", "the weights are too large");

/// A month that is not of the plan's year.
pub(super) fn other_year(field: &str, year: i32) -> FieldError {
    FieldError::new(field, say!("应为 {year} 年的月份", "expected a month of {year}"))
}

/// Something that a list has already, by its code, name or number.
pub(super) fn listed_twice(field: impl Into<String>, what: impl std::fmt::Display) -> FieldError {
    FieldError::new(field, say!("“{what}”列了两次", "'{what}' is listed twice"))
}

/// A metric that the plan does not plan.
pub(super) fn no_line(metric: &str) -> Said {
    say!("计划里没有指标“{metric}”", "the plan has no line '{metric}'")
}

/// A unit that the plan does not have.
pub(super) fn no_unit(code: &str) -> Said {
    say!("计划里没有单位“{code}”", "the plan has no unit '{code}'")
}

/// A channel that the plan does not have.
pub(super) fn no_channel(code: &str) -> Said {
    say!("计划里没有渠道“{code}”", "the plan has no channel '{code}'")
}

/// A month, or several, that count as they are.
pub(super) fn already_closed(months: impl std::fmt::Display) -> Said {
    say!("{months} 已关账，不能再改", "{months} is closed and can no longer be changed")
}

/// A unit that there is not.
pub(super) fn unknown_unit(code: &str) -> Said {
    say!("没有单位“{code}”", "there is no unit '{code}'")
}

/// A unit for which nobody plans.
pub(super) fn not_planned_for(code: &str) -> Said {
    say!("“{code}”不是门店或集团", "'{code}' is neither a store nor a group")
}
