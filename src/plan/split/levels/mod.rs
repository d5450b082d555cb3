//! The floor 保底 and the stretch 挑战 beside a target 目标, so that in every cell floor ≤ target ≤ stretch.

use super::apportion::{ApportionError, along_changing_months, along_months_within};
use crate::said::{Said, said_errors, say};

/// Why a floor or a stretch cannot be split. Months and members are positions counted from 0; the texts count
/// from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LevelsError {
    /// Every member's target must have as many months as the difference.
    Months {
        /// The member.
        member: usize,
        /// How many months the difference has.
        expected: usize,
        /// How many the member's target has.
        found: usize,
    },
    /// A target cell below 0.
    NegativeTarget {
        /// The month.
        month: usize,
        /// The member.
        member: usize,
        /// The cell.
        value: i64,
    },
    /// The stretch is below the target, or the floor above it.
    Crossed {
        /// The month.
        month: usize,
        /// Stretch − target, or target − floor.
        difference: i64,
    },
    /// More to add in a month, and no member has a target to add to.
    NoTarget {
        /// The month.
        month: usize,
        /// Stretch − target.
        more: i64,
    },
    /// The floor would be below 0.
    BelowZero {
        /// The month.
        month: usize,
        /// Target − floor.
        less: i64,
        /// The sum of the members' targets.
        targets: i128,
    },
    /// A cell or a running total beyond `i64::MAX`.
    TooLarge {
        /// The month.
        month: usize,
    },
}

impl LevelsError {
    /// What is wrong.
    pub fn said(&self) -> Said {
        let of_month = |month: &usize, fault: Said| {
            let month = month + 1;
            fault.about(&say!("第 {month} 个月", "month {month}"))
        };
        match self {
            Self::Months { member, expected, found } => say!(
                "第 {} 个成员有 {found} 个月的目标，应为 {expected} 个月",
                "member {} has {found} months of target, not {expected}",
                member + 1
            ),
            Self::NegativeTarget { month, member, value } => of_month(
                month,
                say!(
                    "第 {} 个成员的目标是负数：{value}",
                    "the target of member {} is negative: {value}",
                    member + 1
                ),
            ),
            Self::Crossed { month, difference } => of_month(
                month,
                say!(
                    "与目标之差应为 0 或以上，而不是 {difference}",
                    "the difference from the target must be 0 or more, not {difference}"
                ),
            ),
            Self::NoTarget { month, more } => of_month(
                month,
                say!(
                    "挑战要加 {more}，但这个月的目标全是 0",
                    "the stretch adds {more}, but every target of the month is 0"
                ),
            ),
            Self::BelowZero { month, less, targets } => of_month(
                month,
                say!(
                    "保底要从目标中减 {less}，但成员的目标合计只有 {targets}",
                    "the floor takes {less} off the target, but the members' targets sum to {targets}"
                ),
            ),
            Self::TooLarge { month } => of_month(month, say!("数太大", "the numbers are too large")),
        }
    }
}

said_errors!(LevelsError);

/// The members' stretch: the `target` (members × months), and on top of it the parent's stretch − target of
/// every month (`more`), split by the target cells of the month.
///
/// - Every month's parts sum exactly to `more`, and no part is negative; a target of 0 stays 0.
/// - A member's running sum of parts is the floor or the ceiling of its exact running share, the sum of
///   `more` × target ÷ Σ targets over the months so far.
///
/// # Errors
///
/// [`LevelsError`], naming the month.
pub fn raised(target: &[Vec<i64>], more: &[i64]) -> Result<Vec<Vec<i64>>, LevelsError> {
    let months = by_month(target, more)?;
    let parts = along_changing_months(more, &weights(&months)).map_err(|error| refused(&error, more))?;
    combine(target, &parts, i64::checked_add)
}

/// The members' floor: the `target` (members × months) without the parent's target − floor of every month
/// (`less`, from 0 to the sum of the month's targets), split by the target cells of the month.
///
/// - Every month's parts sum exactly to `less`, and no part is negative or above its target cell.
/// - A member's running sum of parts is the floor or the ceiling of its exact running share, the sum of
///   `less` × target ÷ Σ targets over the months so far.
///
/// Both can always be met together: as `less` is at most Σ targets, the exact part of a cell is at most the
/// cell, so the bounds leave the exact shares a solution in fractions, and hence one in whole units.
///
/// # Errors
///
/// [`LevelsError`], naming the month.
pub fn lowered(target: &[Vec<i64>], less: &[i64]) -> Result<Vec<Vec<i64>>, LevelsError> {
    let months = by_month(target, less)?;
    for (month, (cells, &less)) in months.iter().zip(less).enumerate() {
        let targets: i128 = cells.iter().map(|&cell| i128::from(cell)).sum();
        if i128::from(less) > targets {
            return Err(LevelsError::BelowZero { month, less, targets });
        }
    }
    let parts =
        along_months_within(less, &weights(&months), &months).map_err(|error| refused(&error, less))?;
    combine(target, &parts, i64::checked_sub)
}

/// The targets as months × members, checked; differences are checked too.
fn by_month(target: &[Vec<i64>], difference: &[i64]) -> Result<Vec<Vec<i64>>, LevelsError> {
    if let Some((month, &difference)) = difference.iter().enumerate().find(|(_, difference)| **difference < 0)
    {
        return Err(LevelsError::Crossed { month, difference });
    }
    let mut months = vec![Vec::with_capacity(target.len()); difference.len()];
    for (member, row) in target.iter().enumerate() {
        if row.len() != difference.len() {
            return Err(LevelsError::Months { member, expected: difference.len(), found: row.len() });
        }
        for (month, (cells, &value)) in months.iter_mut().zip(row).enumerate() {
            if value < 0 {
                return Err(LevelsError::NegativeTarget { month, member, value });
            }
            cells.push(value);
        }
    }
    Ok(months)
}

/// The target cells as weights.
fn weights(months: &[Vec<i64>]) -> Vec<Vec<u64>> {
    months.iter().map(|cells| cells.iter().map(|cell| cell.unsigned_abs()).collect()).collect()
}

/// What a refused split means for the difference from the target.
fn refused(error: &ApportionError, difference: &[i64]) -> LevelsError {
    match *error {
        ApportionError::NoWeight { index } => {
            LevelsError::NoTarget { month: index, more: difference.get(index).copied().unwrap_or_default() }
        }
        ApportionError::Negative { index, total } => LevelsError::Crossed { month: index, difference: total },
        ApportionError::TooLarge { index } | ApportionError::Members { index, .. } => {
            LevelsError::TooLarge { month: index }
        }
        ApportionError::Months { found, .. } => LevelsError::TooLarge { month: found },
    }
}

/// Target and parts, cell by cell.
fn combine(
    target: &[Vec<i64>],
    parts: &[Vec<i64>],
    with: impl Fn(i64, i64) -> Option<i64>,
) -> Result<Vec<Vec<i64>>, LevelsError> {
    // Without a single month there are no parts, but still the members.
    let parts = parts.iter().map(Vec::as_slice).chain(std::iter::repeat(&[][..]));
    target
        .iter()
        .zip(parts)
        .map(|(target, parts)| {
            let cells = target.iter().zip(parts).enumerate();
            cells
                .map(|(month, (&cell, &part))| with(cell, part).ok_or(LevelsError::TooLarge { month }))
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests;
