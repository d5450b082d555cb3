//! Exact decimals: how they are read, rounded and shown. No number in Showfloor is a binary float.

pub mod in_toml;

use rust_decimal::{Decimal, RoundingStrategy};

/// Decimal places at which a quotient is cut before it is rounded for good.
///
/// `Decimal` stops a quotient at 28 digits, so that 48/53, 31/48 and 7/48 add up to 10.6249…98 where the exact sum is
/// 10.625. The error of a rule's few operations stays far below 10⁻²⁰, and a sum that is not exactly half a cent is
/// further than that away from it, so rounding to 20 places first gives what exact rationals would.
const EXACT_PLACES: u32 = 20;

/// `value` rounded half-up (四舍五入, halves away from zero) to `places`, with exactly that many places.
pub fn half_up(value: Decimal, places: u32) -> Decimal {
    let mut rounded = value
        .round_dp_with_strategy(EXACT_PLACES, RoundingStrategy::MidpointAwayFromZero)
        .round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    rounded
}

/// The largest whole number not above `value`, read at the same precision as [`half_up`].
pub fn floor(value: Decimal) -> Decimal {
    value.round_dp_with_strategy(EXACT_PLACES, RoundingStrategy::MidpointAwayFromZero).floor()
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
        // Rule 20 with 48/53, 31/48 and 7/48: exactly 10.625 (design, "Round half-up to two places once per rule").
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
