//! Exact fractions of whole numbers: compared without rounding, and rounded once.

use std::cmp::Ordering;

use rust_decimal::Decimal;

/// A fraction of two whole numbers, `over` ÷ `under`, where `under` is 1 or more.
///
/// A quotient of decimals is cut at 28 places before it can be compared or rounded. This is not.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    over: i128,
    under: i128,
}

impl Ratio {
    /// `over` ÷ `under`, or `None` unless `under` is above 0.
    pub fn new(over: impl Into<i128>, under: impl Into<i128>) -> Option<Self> {
        let (over, under) = (over.into(), under.into());
        (under > 0).then_some(Self { over, under })
    }

    /// The value to `places` decimals, half-up (halves away from zero), with exactly that many places. `None` if that
    /// does not fit.
    pub fn half_up(self, places: u32) -> Option<Decimal> {
        Decimal::try_from_i128_with_scale(self.scaled(places, Direction::HalfUp)?, places).ok()
    }

    /// The least number of `places` decimals that is not below the value. `None` if that does not fit.
    pub fn up(self, places: u32) -> Option<Decimal> {
        Decimal::try_from_i128_with_scale(self.scaled(places, Direction::Up)?, places).ok()
    }

    /// The value to whole units, half-up (halves away from zero). `None` if that does not fit.
    pub fn whole_half_up(self) -> Option<i64> {
        i64::try_from(self.scaled(0, Direction::HalfUp)?).ok()
    }

    /// The least whole number that is not below the value. `None` if that does not fit.
    pub fn whole_up(self) -> Option<i64> {
        i64::try_from(self.scaled(0, Direction::Up)?).ok()
    }

    /// The value × 10^`places` as a whole number. Whole part and rest are scaled apart, which leaves more room.
    fn scaled(self, places: u32, direction: Direction) -> Option<i128> {
        let ten = 10_i128.checked_pow(places)?;
        let (sign, over) = match direction {
            Direction::HalfUp if self.over < 0 => (-1, self.over.checked_neg()?),
            _ => (1, self.over),
        };
        let rest = over.rem_euclid(self.under).checked_mul(ten)?;
        let below = over.div_euclid(self.under).checked_mul(ten)?.checked_add(rest / self.under)?;
        let left = rest % self.under;
        let next = match direction {
            Direction::HalfUp => left >= self.under - left,
            Direction::Up => left > 0,
        };
        below.checked_add(i128::from(next))?.checked_mul(sign)
    }
}

#[derive(Clone, Copy)]
enum Direction {
    HalfUp,
    Up,
}

impl From<Decimal> for Ratio {
    fn from(value: Decimal) -> Self {
        // A decimal has at most 28 places, and 10^28 is below 2^94.
        Self { over: value.mantissa(), under: 10_i128.pow(value.scale().min(28)) }
    }
}

impl From<i64> for Ratio {
    fn from(value: i64) -> Self {
        Self { over: i128::from(value), under: 1 }
    }
}

impl Ord for Ratio {
    /// Compares whole parts; where they are equal, the rests r ÷ u by their reciprocals, as Euclid's algorithm divides.
    /// No product is formed, so nothing can overflow.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut left, mut right) = (*self, *other);
        loop {
            let whole = left.over.div_euclid(left.under).cmp(&right.over.div_euclid(right.under));
            if whole.is_ne() {
                return whole;
            }
            let rests = (left.over.rem_euclid(left.under), right.over.rem_euclid(right.under));
            if rests.0 == 0 || rests.1 == 0 {
                return rests.0.cmp(&rests.1);
            }
            (left, right) =
                (Self { over: right.under, under: rests.1 }, Self { over: left.under, under: rests.0 });
        }
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ratio {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(over: i64, under: i64) -> Ratio {
        Ratio::new(over, under).unwrap()
    }

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn halves_go_away_from_zero_and_other_values_to_the_nearest() {
        for (over, under, places, expected) in [
            (1, 8, 2, "0.13"),
            (-1, 8, 2, "-0.13"),
            (2, 3, 4, "0.6667"),
            (-2, 3, 4, "-0.6667"),
            (1, 3, 0, "0"),
            (-1, 2, 0, "-1"),
            (5, 1, 2, "5.00"),
        ] {
            assert_eq!(ratio(over, under).half_up(places).unwrap().to_string(), expected, "{over}/{under}");
        }
    }

    #[test]
    fn up_goes_to_the_next_number_also_below_zero() {
        for (over, under, places, expected) in [
            (1, 3, 2, "0.34"),
            (-1, 3, 2, "-0.33"),
            (83, 16, 2, "5.19"),
            (4, 2, 2, "2.00"),
            (0, 7, 2, "0.00"),
        ] {
            assert_eq!(ratio(over, under).up(places).unwrap().to_string(), expected, "{over}/{under}");
        }
        assert_eq!((ratio(7, 2).whole_up(), ratio(-7, 2).whole_up()), (Some(4), Some(-3)));
    }

    #[test]
    fn a_denominator_of_zero_or_less_is_no_fraction() {
        assert!(Ratio::new(1, 0).is_none() && Ratio::new(1, -1).is_none());
    }

    #[test]
    fn what_does_not_fit_is_none_and_never_a_panic() {
        for over in [i128::MAX, i128::MIN] {
            let huge = Ratio::new(over, 1).unwrap();
            assert_eq!((huge.half_up(2), huge.up(2), huge.whole_half_up()), (None, None, None));
            assert_eq!(huge.half_up(40), None);
        }
        assert_eq!(Ratio::new(1, i128::MAX).unwrap().half_up(0), Some(Decimal::ZERO));
    }

    #[test]
    fn the_largest_fractions_are_compared_without_a_product() {
        let (most, less) = (i128::MAX, i128::MAX - 1);
        assert!(Ratio::new(less, most).unwrap() < Ratio::new(most, most).unwrap());
        assert!(Ratio::new(less - 1, less).unwrap() < Ratio::new(less, most).unwrap());
        assert!(Ratio::from(Decimal::MAX) > Ratio::from(i64::MAX));
        assert_eq!(Ratio::from(dec("0.90")), ratio(9, 10));
    }

    proptest! {
        #[test]
        fn fractions_compare_as_their_cross_products(
            a in any::<i64>(), b in 1..i64::MAX, c in any::<i64>(), d in 1..i64::MAX,
        ) {
            let expected = (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b)));
            prop_assert_eq!(ratio(a, b).cmp(&ratio(c, d)), expected);
        }

        #[test]
        fn small_fractions_compare_as_their_cross_products(a in -9..9_i64, b in 1..9_i64, c in -9..9_i64, d in 1..9_i64) {
            prop_assert_eq!(ratio(a, b).cmp(&ratio(c, d)), (a * d).cmp(&(c * b)));
        }

        #[test]
        fn a_rounded_value_is_half_a_unit_away_at_most(over in any::<i64>(), under in 1..i64::MAX, places in 0..=6_u32) {
            let ten = 10_i128.pow(places);
            if let Some(rounded) = ratio(over, under).half_up(places) {
                // |rounded × under − over × 10^places| ≤ under ÷ 2, and away from zero where it is equal.
                let over = i128::from(over) * ten;
                let off = rounded.mantissa() * i128::from(under) - over;
                let half = off.abs() * 2;
                prop_assert!(half <= i128::from(under));
                prop_assert!(half < i128::from(under) || off.signum() == over.signum());
            }
        }
    }
}
