//! What a delivery says, and what is wrong with it.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::http::{Code, FieldError, Problem};
use crate::said::say;

/// A value of the request: which row it stands in, its metric and the number.
pub(super) struct DeliveredValue<'a> {
    pub row: usize,
    pub metric: &'a str,
    pub number: Decimal,
}

/// What is wrong with a delivery.
#[derive(Debug, Default)]
pub(super) struct DeliveryFaults {
    /// With the delivery as a whole.
    pub whole: Vec<FieldError>,
    /// With single rows.
    pub rows: BTreeMap<usize, Vec<FieldError>>,
    /// Some of it is not for the caller's roles.
    pub is_forbidden: bool,
}

impl DeliveryFaults {
    pub fn row(&mut self, row: usize, error: FieldError) {
        self.rows.entry(row).or_default().push(error);
    }

    /// The answer where these faults keep everything out: all of them, or with `partial` those of the whole.
    pub fn refusal(&self, is_partial: bool) -> Option<Problem> {
        if self.whole.is_empty() && (is_partial || self.rows.is_empty()) {
            return None;
        }
        let errors = self.rows.values().flatten().chain(&self.whole).cloned().collect();
        if self.is_forbidden {
            let detail = say!(
                "您的角色不能录入其中的一些指标",
                "your roles do not allow you to enter some of these metrics"
            );
            return Some(Problem { errors, ..Problem::new(Code::Forbidden, detail) });
        }
        Some(Problem::fields(errors))
    }
}
