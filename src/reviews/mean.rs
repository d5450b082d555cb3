//! Means of points: exact, and rounded half up to two places once.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use crate::decimal::ratio::Ratio;

/// Places of a mean.
const PLACES: u32 = 2;

/// Some points, and how many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mean {
    /// In hundredths: points and coefficients have two places.
    hundredths: i64,
    count: i64,
}

impl Mean {
    /// Of `count` numbers with two places each that add up to `sum`.
    pub(super) fn of(sum: Decimal, count: i64) -> Self {
        Self { hundredths: (sum * Decimal::ONE_HUNDRED).to_i64().unwrap_or(i64::MAX), count }
    }

    /// Of some numbers with two places each.
    pub(super) fn over(numbers: impl Iterator<Item = Decimal>) -> Self {
        numbers.fold(Self::default(), |mean, number| mean.with(Self::of(number, 1)))
    }

    /// Of these and of others.
    pub(super) fn with(self, others: Self) -> Self {
        Self {
            hundredths: self.hundredths.saturating_add(others.hundredths),
            count: self.count.saturating_add(others.count),
        }
    }

    /// How many there are.
    pub(super) const fn count(self) -> i64 {
        self.count
    }

    /// The mean; none of nothing.
    pub(super) fn rounded(self) -> Option<Decimal> {
        Ratio::new(self.hundredths, i128::from(self.count) * 100)?.half_up(PLACES)
    }

    /// How far it is above another mean. The difference is exact before it is rounded.
    pub(super) fn above(self, other: Self) -> Option<Decimal> {
        let (count, others) = (i128::from(self.count), i128::from(other.count));
        let over = i128::from(self.hundredths)
            .checked_mul(others)?
            .checked_sub(i128::from(other.hundredths).checked_mul(count)?)?;
        Ratio::new(over, count.checked_mul(others)?.checked_mul(100)?)?.half_up(PLACES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(numbers: &[&str]) -> Mean {
        Mean::over(numbers.iter().map(|number| number.parse().unwrap()))
    }

    #[test]
    fn a_mean_is_rounded_once_and_half_up() {
        // 90.01 + 90.00 = 180.01, half of which is 90.005.
        assert_eq!(mean(&["90.01", "90.00"]).rounded().unwrap().to_string(), "90.01");
        assert_eq!(mean(&["80", "80", "80.01"]).rounded().unwrap().to_string(), "80.00");
        assert_eq!(mean(&[]).rounded(), None);
    }

    #[test]
    fn a_difference_is_that_of_the_exact_means() {
        // 1/3 − 1/6 = 0.1666…, where the rounded means would differ by 0.33 − 0.17 = 0.16.
        let (third, sixth) = (mean(&["1", "0", "0"]), mean(&["1", "0", "0", "0", "0", "0"]));
        assert_eq!(third.above(sixth).unwrap().to_string(), "0.17");
        assert_eq!(sixth.above(third).unwrap().to_string(), "-0.17");
        assert_eq!(third.above(mean(&[])), None);
    }
}
