//! Decimals written at the end of a text, digit by digit: what reasons and lines of scores consist of.

use rust_decimal::Decimal;

use super::{POWERS, general, rounded};

/// More digits than any decimal has, with sign and point.
const LONGEST: usize = 40;

/// Writes `value` with the places it has: `18.00`.
pub fn write(out: &mut String, value: Decimal) {
    number(out, value.is_sign_negative(), value.mantissa().unsigned_abs(), value.scale());
}

/// Writes `value` without trailing zeros: `12`, `0.5`.
pub fn write_plain(out: &mut String, value: Decimal) {
    plain(out, value.is_sign_negative(), value.mantissa().unsigned_abs(), value.scale());
}

/// Writes points as reasons show them: half-up to two places, without trailing zeros.
pub fn write_points(out: &mut String, value: Decimal) {
    let (mantissa, scale) = rounded(value.mantissa().unsigned_abs(), value.scale(), 2);
    plain(out, value.is_sign_negative(), mantissa, scale);
}

/// Writes a share of one as a percentage with at most one decimal: `0.8846…` is `88.5%`. One too large to be a
/// percentage is written as it is.
pub fn write_percent(out: &mut String, share: Decimal) {
    let (mantissa, scale) = (share.mantissa().unsigned_abs(), share.scale());
    let percentage = match scale.checked_sub(2) {
        Some(scale) => Some((mantissa, scale)),
        None => {
            general::hundredfold(share).map(|product| (product.mantissa().unsigned_abs(), product.scale()))
        }
    };
    match percentage {
        Some((mantissa, scale)) => {
            let (mantissa, scale) = rounded(mantissa, scale, 1);
            plain(out, share.is_sign_negative(), mantissa, scale);
            out.push('%');
        }
        None => write_plain(out, share),
    }
}

fn plain(out: &mut String, is_negative: bool, mut mantissa: u128, mut scale: u32) {
    match u64::try_from(mantissa) {
        Ok(mut small) => {
            while scale > 0 && small % 10 == 0 {
                (small, scale) = (small / 10, scale - 1);
            }
            mantissa = u128::from(small);
        }
        Err(_) => {
            while scale > 0 && mantissa.is_multiple_of(10) {
                (mantissa, scale) = (mantissa / 10, scale - 1);
            }
        }
    }
    // Nothing is never negative.
    number(out, is_negative && mantissa > 0, mantissa, scale);
}

/// Writes `mantissa` ÷ 10^`scale` with `scale` places.
fn number(out: &mut String, is_negative: bool, mantissa: u128, scale: u32) {
    if is_negative {
        out.push('-');
    }
    let Ok(places) = usize::try_from(scale) else { return };
    match u64::try_from(mantissa) {
        Ok(small) if scale == 0 => digits(out, small, 1),
        Ok(small) => {
            let (whole, rest) = match places {
                1 => (small / 10, small % 10),
                2 => (small / 100, small % 100),
                // Everything of a small mantissa may stand behind the point.
                _ => match POWERS.get(places).and_then(|one| u64::try_from(*one).ok()) {
                    Some(one) => (small / one, small % one),
                    None => (0, small),
                },
            };
            digits(out, whole, 1);
            out.push('.');
            digits(out, rest, places);
        }
        Err(_) => {
            let one = POWERS.get(places).copied().unwrap_or(u128::MAX);
            long_digits(out, mantissa / one, 1);
            if scale > 0 {
                out.push('.');
                long_digits(out, mantissa % one, places);
            }
        }
    }
}

/// Writes a whole number with at least `least` digits.
fn digits(out: &mut String, number: u64, least: usize) {
    if number < 100 && least <= 2 {
        if number >= 10 || least == 2 {
            out.push(digit(number / 10));
        }
        out.push(digit(number % 10));
        return;
    }
    if (100..10_000).contains(&number) && least <= 3 {
        if number >= 1_000 {
            out.push(digit(number / 1_000));
        }
        out.push(digit(number / 100 % 10));
        out.push(digit(number / 10 % 10));
        out.push(digit(number % 10));
        return;
    }
    let mut written = [b'0'; LONGEST];
    let (mut left, mut count) = (number, 0);
    for place in written.iter_mut().rev() {
        if left == 0 && count >= least {
            break;
        }
        *place = ascii(left % 10);
        left /= 10;
        count += 1;
    }
    push_last(out, &written, count);
}

fn long_digits(out: &mut String, number: u128, least: usize) {
    let mut written = [b'0'; LONGEST];
    let (mut left, mut count) = (number, 0);
    for place in written.iter_mut().rev() {
        if left == 0 && count >= least {
            break;
        }
        *place = u64::try_from(left % 10).map_or(b'0', ascii);
        left /= 10;
        count += 1;
    }
    push_last(out, &written, count);
}

fn push_last(out: &mut String, written: &[u8; LONGEST], count: usize) {
    let digits = written.get(LONGEST.saturating_sub(count)..).unwrap_or_default();
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
}

/// A digit, 0 to 9, as text.
fn ascii(digit: u64) -> u8 {
    u8::try_from(digit).map_or(b'0', |digit| b'0' + digit % 10)
}

fn digit(digit: u64) -> char {
    char::from(ascii(digit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::general;
    use super::super::tests::any_decimal;
    use super::*;

    fn written(write: fn(&mut String, Decimal), value: Decimal) -> String {
        let mut out = String::new();
        write(&mut out, value);
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// Written digit by digit, a decimal reads as the crate of decimals writes it.
        #[test]
        fn decimals_are_written_as_ever(value in any_decimal()) {
            prop_assert_eq!(written(write, value), value.to_string());
            prop_assert_eq!(written(write_plain, value), value.normalize().to_string());
            let points = general::half_up(value, 2).normalize().to_string();
            prop_assert_eq!(written(write_points, value), points);
            let percent = match value.checked_mul(Decimal::ONE_HUNDRED) {
                Some(percentage) => format!("{}%", general::half_up(percentage, 1).normalize()),
                None => value.normalize().to_string(),
            };
            prop_assert_eq!(written(write_percent, value), percent);
        }
    }
}
