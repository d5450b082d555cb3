//! Cars in stock along a year: what is taken from the manufacturer 提车, what is delivered, and what is left 库存.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::decimal::ratio::Ratio;
use crate::said::{Said, said_errors, say};

pub mod document;
pub mod http;
pub mod in_force;
pub mod store;

/// One month of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SupplyMonth {
    /// Cars in stock when the month begins; below 0 while cars are missing from before.
    pub opening: i64,
    /// Cars to be taken from the manufacturer: the wholesale task 提车任务.
    pub wholesale: i64,
    /// Cars planned to be delivered to customers.
    pub deliveries: i64,
    /// Cars in stock when it ends: opening + wholesale − deliveries. Below 0, cars are missing.
    pub closing: i64,
    /// 库存深度, months of supply: closing ÷ the month's own deliveries, half-up to two places. None without deliveries.
    pub depth: Option<Decimal>,
    /// Whether cars are missing at the end.
    pub short: bool,
    /// How many; 0 if none.
    pub missing: i64,
    /// Whether the unrounded depth is above the warning line.
    pub deep: bool,
}

/// Why a year's stock cannot be followed. `month` is 1 to 12.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SupplyError {
    /// Cars are counted from 0.
    Negative {
        /// `wholesale` or `deliveries`.
        field: &'static str,
        /// The month.
        month: u32,
        /// What was found.
        found: i64,
    },
    /// A warning line is a number of months.
    Line(Decimal),
    /// More cars than 64 bits hold.
    TooLarge {
        /// The month.
        month: u32,
    },
}

impl SupplyError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        match self {
            Self::Negative { field, month, found } => say!(
                "{month} 月的 {field} 应为 0 或以上，而不是 {found}",
                "{field} of month {month}: expected 0 or more, not {found}"
            ),
            Self::Line(found) => line(found).about(&Said::same("line")),
            Self::TooLarge { month } => {
                say!("{month} 月的库存数太大", "month {month}: the stock is too large")
            }
        }
    }
}

said_errors!(SupplyError);

/// What a warning line is expected to be.
fn line(found: &Decimal) -> Said {
    say!("应为大于 0 的月数，而不是 {found}", "expected a number of months above 0, not {found}")
}

/// The depth from which stock is deep, unless a store says otherwise: 1.5 months.
pub fn default_line() -> Decimal {
    Decimal::new(15, 1)
}

/// The twelve months of a series, January first, from the stock when the year begins.
///
/// A month's closing stock is the next month's opening. A shortage is carried along as negative stock, so that it shows
/// in every month until it is filled; `opening` may begin with one. `line` is the depth above which stock is deep.
///
/// # Errors
///
/// [`SupplyError`], naming the field and the month.
pub fn chain(
    opening: i64,
    wholesale: &[i64; 12],
    deliveries: &[i64; 12],
    line: Decimal,
) -> Result<[SupplyMonth; 12], SupplyError> {
    if line <= Decimal::ZERO {
        return Err(SupplyError::Line(line));
    }
    for (field, months) in [("wholesale", wholesale), ("deliveries", deliveries)] {
        if let Some((&found, month)) = months.iter().zip(1..).find(|(found, _)| **found < 0) {
            return Err(SupplyError::Negative { field, month, found });
        }
    }
    let mut year = [SupplyMonth::default(); 12];
    let mut stock = opening;
    for (((slot, &taken), &delivered), month) in year.iter_mut().zip(wholesale).zip(deliveries).zip(1..) {
        *slot = follow(stock, taken, delivered, line).ok_or(SupplyError::TooLarge { month })?;
        stock = slot.closing;
    }
    Ok(year)
}

/// One month, or `None` if a number does not fit.
fn follow(opening: i64, wholesale: i64, deliveries: i64, line: Decimal) -> Option<SupplyMonth> {
    let closing = i128::from(opening) + i128::from(wholesale) - i128::from(deliveries);
    let exact = Ratio::new(closing, deliveries);
    let depth = match exact {
        Some(depth) => Some(depth.half_up(2)?),
        None => None,
    };
    Some(SupplyMonth {
        opening,
        wholesale,
        deliveries,
        closing: i64::try_from(closing).ok()?,
        depth,
        short: closing < 0,
        missing: i64::try_from((-closing).max(0)).ok()?,
        deep: exact.is_some_and(|depth| depth > Ratio::from(line)),
    })
}

#[cfg(test)]
mod tests;
