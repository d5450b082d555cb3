//! Exact decimals: how they are read, rounded and shown. No number in Showfloor is a binary float.

pub mod compact;
mod general;
pub mod in_toml;
pub mod ratio;
pub mod text;

use std::cmp::Ordering;

use rust_decimal::Decimal;

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

/// The last place that a decimal can have.
const LAST_PLACE: u32 = 28;
/// Mantissas below leave room for what rounding adds.
const ROOMY: u128 = 1 << 95;
/// A hundred times a mantissa below is one, too.
const SMALL: u128 = 1 << 88;
/// The powers of ten up to 10^31, above every mantissa.
const POWERS: [u128; 32] = {
    macro_rules! powers {
        ($($exponent:literal)*) => { [$(10_u128.pow($exponent)),*] };
    }
    powers!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31)
};

/// 10^`exponent`, or more than any mantissa.
fn power(exponent: u32) -> u128 {
    let power = usize::try_from(exponent).ok().and_then(|exponent| POWERS.get(exponent));
    power.copied().unwrap_or(u128::MAX)
}

/// Half of 10^`exponent`; none of one.
fn half(exponent: u32) -> u128 {
    exponent.checked_sub(1).map_or(0, |exponent| 5 * power(exponent))
}

/// `mantissa` ÷ 10^`scale`, cut and then rounded half-up to `places` or fewer: the new mantissa and scale.
///
/// To round at one place and then at another is to add half of each and to drop everything behind the second at once.
fn rounded(mantissa: u128, scale: u32, places: u32) -> (u128, u32) {
    // With 64 bits there are six places left that are exact.
    if scale <= places && scale <= 6 && mantissa <= u128::from(u64::MAX) {
        return (mantissa, scale);
    }
    let mut exact = EXACT_PLACES;
    while exact > 0 && mantissa >= power(scale + 2 + (EXACT_PLACES - exact)) {
        exact -= 1;
    }
    let cut = scale.min(exact);
    let kept = cut.min(places);
    let halves = half(scale - cut) + if cut > kept { half(scale - kept) } else { 0 };
    match scale == kept {
        true => (mantissa, scale),
        false => (without_places(mantissa + halves, scale - kept), kept),
    }
}

/// A number without its last digits: in two steps, of which each divides by a number of 64 bits.
fn without_places(number: u128, digits: u32) -> u128 {
    /// The largest power of ten with 64 bits.
    const STEP: u32 = 19;
    match digits.checked_sub(STEP) {
        None | Some(0) => number / power(digits),
        Some(more) => number / power(STEP) / power(more),
    }
}

/// `value` without the error of the operations that led to it: at 24 decimals, and from 100 on at 26 digits, since a
/// large value has fewer exact decimals.
pub fn cut(value: Decimal) -> Decimal {
    match value.scale() <= EXACT_PLACES && value.mantissa().unsigned_abs() < power(value.scale() + 2) {
        true => value,
        false => general::cut(value),
    }
}

/// `value` rounded half-up (四舍五入, halves away from zero) to `places`, with exactly that many places.
pub fn half_up(value: Decimal, places: u32) -> Decimal {
    let (mantissa, scale) = rounded(value.mantissa().unsigned_abs(), value.scale(), places);
    let padded = places.checked_sub(scale).and_then(|missing| mantissa.checked_mul(power(missing)));
    let padded = padded.and_then(|padded| i128::try_from(padded).ok());
    match padded.and_then(|padded| Decimal::try_from_i128_with_scale(padded, places).ok()) {
        // Nothing has a sign that follows rules of its own.
        Some(exact) if mantissa > 0 => {
            if value.is_sign_negative() {
                -exact
            } else {
                exact
            }
        }
        _ => general::half_up(value, places),
    }
}

/// Which of two decimals is the larger one. Nearly always one product says so: that of a number of few digits, written with
/// as many places as the other one.
pub fn compare(left: Decimal, right: Decimal) -> Ordering {
    let quick = match left.scale().checked_sub(right.scale()) {
        Some(more) => lengthened(right.mantissa(), more).map(|right| left.mantissa().cmp(&right)),
        None => {
            lengthened(left.mantissa(), right.scale() - left.scale()).map(|left| left.cmp(&right.mantissa()))
        }
    };
    quick.unwrap_or_else(|| left.cmp(&right))
}

/// `mantissa` with so many zeros behind it, where it is certain that this can be held.
fn lengthened(mantissa: i128, zeros: u32) -> Option<i128> {
    if zeros == 0 {
        return Some(mantissa);
    }
    let short = i32::try_from(mantissa).ok()?;
    Some(i128::from(short) * i128::try_from(power(zeros)).ok()?)
}

/// The smaller of two; the first one where they are equal.
pub fn min(one: Decimal, other: Decimal) -> Decimal {
    if compare(one, other).is_gt() { other } else { one }
}

/// The larger of two; the first one where they are equal.
pub fn max(one: Decimal, other: Decimal) -> Decimal {
    if compare(one, other).is_lt() { other } else { one }
}

/// Whether `value` is less than nothing.
pub fn is_below_zero(value: Decimal) -> bool {
    value.is_sign_negative() && !value.is_zero()
}

/// Whether `value`, read at the same precision as [`half_up`], is from 0 to `most`.
pub fn is_within(value: Decimal, most: Decimal) -> bool {
    let is_within = |value| !is_below_zero(value) && compare(value, most).is_le();
    // A number of few digits is never between a value and what it is when it is cut.
    let has_few_digits = most.scale() <= 9 && most.mantissa().unsigned_abs() <= u128::from(u32::MAX);
    (has_few_digits && is_within(value)) || is_within(cut(value))
}

/// The largest whole number not above `value`, read at the same precision as [`half_up`].
pub fn floor(value: Decimal) -> Decimal {
    cut(value).floor()
}

/// `over` ÷ `under` with as many digits as a decimal has; none of a divisor that is 0, and of what is too large.
pub fn quotient(over: Decimal, under: Decimal) -> Option<Decimal> {
    quick_quotient(over, under).or_else(|| over.checked_div(under))
}

/// What `checked_div` gives, digits and places, where nothing is negative and the quotient ends at a decimal's last place
/// or goes on behind it: the most frequent case, found by dividing once. None in all others.
fn quick_quotient(over: Decimal, under: Decimal) -> Option<Decimal> {
    /// Most digits that the crate finds at once.
    const STEP: u32 = 9;
    if over.is_sign_negative() || under.is_sign_negative() {
        return None;
    }
    let places = over.scale().checked_sub(under.scale())?;
    let divisor = u128::from(u64::try_from(under.mantissa()).ok().filter(|divisor| *divisor > 0)?);
    let dividend = over.mantissa().unsigned_abs().checked_mul(power(LAST_PLACE - places))?;
    let mut mantissa = dividend / divisor;
    let rest = dividend - mantissa * divisor;
    if mantissa >= ROOMY {
        return None;
    }
    // What ends earlier has fewer places, unless the crate gets to the last one in a single step.
    let is_single = places >= LAST_PLACE - STEP && divisor <= u128::from(u32::MAX);
    if rest == 0 && (!is_single || over.mantissa().unsigned_abs().is_multiple_of(divisor)) {
        return None;
    }
    // To the nearest, and from the middle to the even digit.
    if 2 * rest > divisor || (2 * rest == divisor && mantissa % 2 == 1) {
        mantissa += 1;
    }
    let mut scale = LAST_PLACE;
    // The crate looks for eight zeros at once only where the last 32 bits are zero.
    while mantissa.trailing_zeros() >= 32 && scale >= 8 && mantissa % power(8) == 0 {
        (mantissa, scale) = (mantissa / power(8), scale - 8);
    }
    for zeros in [4, 2, 1] {
        if mantissa.trailing_zeros() >= zeros && scale >= zeros && mantissa % power(zeros) == 0 {
            (mantissa, scale) = (mantissa / power(zeros), scale - zeros);
        }
    }
    Decimal::try_from_i128_with_scale(i128::try_from(mantissa).ok()?, scale).ok()
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
    text::made(|out| text::write_plain(out, value))
}

/// Points as reasons show them: half-up to two places, without trailing zeros.
pub fn points(value: Decimal) -> String {
    text::made(|out| text::write_points(out, value))
}

/// A share of one as a percentage with at most one decimal: `0.8846…` is `88.5%`.
pub fn percent(share: Decimal) -> String {
    text::made(|out| text::write_percent(out, share))
}

/// Whether a share can be shown as a percentage; one that is too large is shown as it is.
pub fn is_percentage(share: Decimal) -> bool {
    share.scale() >= 2 || share.mantissa().unsigned_abs() < SMALL || general::hundredfold(share).is_some()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    fn dec(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// Decimals of every length, with whole quotients, halves and edges among them.
    pub fn any_decimal() -> impl Strategy<Value = Decimal> {
        let bits = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>(), 0_u32..=28, 0_u32..=95);
        let bits = bits.prop_map(|(low, middle, high, sign, scale, length)| {
            let mantissa = (u128::from(high) << 64 | u128::from(middle) << 32 | u128::from(low)) >> length;
            let signed = i128::try_from(mantissa).unwrap() * if sign { -1 } else { 1 };
            Decimal::from_i128_with_scale(signed, scale)
        });
        let quotients = (-4_000_i64..4_000, 1_i64..400);
        let quotients = quotients.prop_map(|(over, under)| Decimal::from(over) / Decimal::from(under));
        let halves = (-99_999_i128..99_999, 0_u32..=23, 0_u32..3).prop_map(|(whole, zeros, off)| {
            let half = whole * 10_i128.pow(zeros) + i128::from(off) - 1;
            Decimal::from_i128_with_scale(half, (zeros + 3).min(28))
        });
        let edges =
            [Decimal::MAX, Decimal::MIN, Decimal::ZERO, Decimal::ONE, -Decimal::new(1, 28), -Decimal::ZERO];
        prop_oneof![4 => bits, 4 => quotients, 2 => halves, 1 => proptest::sample::select(edges.to_vec())]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// The quick ways give what the general ones give: digits, places and sign.
        #[test]
        fn quick_rounding_is_rounding(value in any_decimal(), places in 0_u32..=28) {
            prop_assert_eq!(half_up(value, places).serialize(), general::half_up(value, places).serialize());
            prop_assert_eq!(half_up(value, 2).serialize(), general::half_up(value, 2).serialize());
            prop_assert_eq!(cut(value).serialize(), general::cut(value).serialize());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// The quick way to divide gives the digits and the places that the crate of decimals gives.
        #[test]
        fn quick_division_is_division(
            over in any_decimal(), under in any_decimal(), small in 0_i64..5_000, one in 1_i64..400, places in 0_u32..4,
        ) {
            let (small, one) = (Decimal::new(small, places), Decimal::new(one, places));
            let share = small.checked_div(Decimal::from(7)).unwrap();
            let quarter = Decimal::new(i64::from(places + 1) * 25, places + 1);
            for (over, under) in [
                (over, under), (over, one), (small, under), (small, one), (one, small), (share, one), (share, quarter),
                (over, quarter),
            ] {
                let exact = over.checked_div(under).map(|exact| exact.serialize());
                prop_assert_eq!(quotient(over, under).map(|quick| quick.serialize()), exact, "{} / {}", over, under);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// The quick ways to compare say what the crate of decimals says, of numbers that are equal, too.
        #[test]
        fn quick_comparison_is_comparison(one in any_decimal(), other in any_decimal(), zeros in 0_u32..=28) {
            let mut same = one;
            same.rescale(zeros);
            let cut = general::cut(one);
            for (one, other) in [(one, other), (other, one), (one, same), (same, one), (one, cut), (cut, one), (one, one)] {
                prop_assert_eq!(compare(one, other), one.cmp(&other), "{} {}", one, other);
                prop_assert_eq!(min(one, other).serialize(), one.min(other).serialize());
                prop_assert_eq!(max(one, other).serialize(), one.max(other).serialize());
                let is_cut_within = (Decimal::ZERO..=other).contains(&general::cut(one));
                prop_assert_eq!(is_within(one, other), is_cut_within, "{} {}", one, other);
            }
            prop_assert_eq!(is_below_zero(one), one < Decimal::ZERO);
            prop_assert_eq!(is_percentage(one), one.scale() >= 2 || general::hundredfold(one).is_some());
        }
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
