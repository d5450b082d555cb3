//! Exact decimals: how they are read, rounded and shown. No number in Showfloor is a binary float.

pub mod compact;
pub mod in_toml;
pub mod ratio;

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimal places at which a computed value is cut before it is rounded for good.
///
/// `Decimal` ends a quotient at 28 decimals and at about 28 digits, so that 48/53, 31/48 and 7/48 add up to 10.6249…98
/// where the exact sum is 10.625. Reading a value at fewer places first gives what exact rationals would, if the cut
/// lies between two distances:
///
/// * **It has to swallow the error.** A quotient below 7 is off by at most 0.5·10⁻²⁸, points below 80 by 0.5·10⁻²⁷. A
///   straight line multiplies a quotient's error by points ÷ width: 250 for 25 points over a width of 0.10, the steepest
///   of the default rules; three items and a scaling up to the rule's maximum leave it below 3·10⁻²⁶. At 24 places
///   everything below 5·10⁻²⁵ is swallowed.
/// * **It must not swallow a difference.** A sum of quotients with denominators d₁ … dₖ is a multiple of
///   1 ÷ (K·d₁·…·dₖ), where K comes from the numbers of the rule, so that it is half a cent or further than
///   1 ÷ (200·K·d₁·…·dₖ) away from it. Rule 20 has K = 3 and three denominators: at 24 places the result is that of
///   exact rationals as long as their product stays below 10²¹, each below 10 million. A fact with `n` decimals counts
///   as a denominator of 10ⁿ.
///
/// Exact half cents therefore always go up; beyond those sizes a value less than 5·10⁻²⁵ below half a cent goes up too.
const EXACT_PLACES: u32 = 24;

/// `value` without the error of the operations that led to it: at 24 decimals, and from 100 on at 26 digits, since a
/// large value has fewer exact decimals.
pub fn cut(value: Decimal) -> Decimal {
    let mut places = EXACT_PLACES;
    let mut whole = value.trunc().abs();
    while whole >= Decimal::ONE_HUNDRED && places > 0 {
        places -= 1;
        whole /= Decimal::TEN;
    }
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// `value` rounded half-up (四舍五入, halves away from zero) to `places`, with exactly that many places.
pub fn half_up(value: Decimal, places: u32) -> Decimal {
    let mut rounded = cut(value).round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    rounded
}

/// The largest whole number not above `value`, read at the same precision as [`half_up`].
pub fn floor(value: Decimal) -> Decimal {
    cut(value).floor()
}

/// Reads a number as JSON writes it (`12`, `-0.5`, `1e3`), or `None` if it does not fit exactly.
pub fn parse(text: &str) -> Option<Decimal> {
    let exact = match text.split_once(['e', 'E']) {
        None => Decimal::from_str_exact(text).ok()?,
        Some((mantissa, exponent)) => {
            let mantissa = Decimal::from_str_exact(mantissa).ok()?;
            let power: i32 = exponent.parse().ok()?;
            let ten = Decimal::TEN;
            (0..power.unsigned_abs()).take(64).try_fold(mantissa, |value, _| match power > 0 {
                true => value.checked_mul(ten),
                false => value.checked_div(ten).filter(|quotient| quotient.checked_mul(ten) == Some(value)),
            })?
        }
    };
    Some(exact.normalize())
}

/// `value` without trailing zeros, as people write it: `12`, `0.5`.
pub fn plain(value: Decimal) -> String {
    value.normalize().to_string()
}

/// Points as reasons show them: half-up to two places, without trailing zeros.
pub fn points(value: Decimal) -> String {
    plain(half_up(value, 2))
}

/// A share of one as a percentage with at most one decimal: `0.8846…` is `88.5%`.
pub fn percent(share: Decimal) -> String {
    match share.checked_mul(Decimal::ONE_HUNDRED) {
        Some(percentage) => format!("{}%", plain(half_up(percentage, 1))),
        None => plain(share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_sum_of_cut_quotients_rounds_like_the_exact_sum() {
        // Rule 20 with 48/53, 31/48 and 7/48: exactly 10.625 (docs/DOMAIN.md, "The default schemes").
        let lin = |n: i64, d: i64, floor: &str, target: &str| {
            let value = Decimal::from(n) / Decimal::from(d);
            let share = (value - dec(floor)) / (dec(target) - dec(floor));
            Decimal::from(5) * share.clamp(Decimal::ZERO, Decimal::ONE)
        };
        let sum = lin(48, 53, "0.60", "0.85") + lin(31, 48, "0.40", "0.70") + lin(7, 48, "0.10", "0.25");
        assert_eq!(half_up(sum, 2), dec("10.63"));
    }

    #[test]
    fn halves_go_up_where_binary_floats_would_not() {
        assert_eq!(half_up(dec("1.92") + dec("2") + dec("2.625") + dec("3"), 2), dec("9.55"));
        assert_eq!(half_up(dec("2"), 2).to_string(), "2.00");
    }

    #[test]
    fn a_value_just_below_half_a_cent_stays_below() {
        assert_eq!(half_up(dec("17.1249999999999999999999"), 2), dec("17.12"));
        assert_eq!(
            half_up(dec("17.124999999999999999999999999"), 2),
            dec("17.13"),
            "an error of the 27th place"
        );
    }

    #[test]
    fn large_values_are_cut_at_their_own_precision() {
        for whole in ["1", "10000", "1000000000000", "100000000000000000000"] {
            let thirds = dec(whole) / dec("3") * dec("3");
            assert_eq!(floor(thirds), dec(whole), "{whole} ÷ 3 × 3 is {thirds}");
        }
    }

    #[test]
    fn no_decimal_is_too_large_to_be_rounded_or_shown() {
        let smallest = Decimal::new(1, 28);
        for value in [
            Decimal::MAX,
            Decimal::MIN,
            Decimal::MAX - Decimal::ONE,
            smallest,
            -smallest,
            Decimal::MAX / dec("3"),
        ] {
            for places in [0, 1, 2, 10, 28] {
                half_up(value, places);
            }
            floor(value);
            assert!(!points(value).is_empty() && !percent(value).is_empty() && !plain(value).is_empty());
        }
    }

    #[test]
    fn reads_json_numbers_exactly_or_not_at_all() {
        for (text, expected) in [("12", "12"), ("-0.50", "-0.5"), ("4845e1", "48450"), ("25E-2", "0.25")] {
            assert_eq!(parse(text), Some(dec(expected)), "{text}");
        }
        for text in ["", "abc", "1e400", "1e-40", "0.123456789012345678901234567890123", "1e", "NaN"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn percentages_have_one_decimal_at_most() {
        assert_eq!(percent(dec("46") / dec("52")), "88.5%");
        assert_eq!(percent(dec("0.85")), "85%");
    }
}
