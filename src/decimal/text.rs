//! Decimals written at the end of a text, digit by digit: what reasons and lines of scores consist of.
//!
//! The text is a buffer of bytes, because a byte takes far less time to add to one than a character to a `String`. What
//! is written is always UTF-8, and [`made`] makes a `String` of it.

use rust_decimal::Decimal;

use super::{POWERS, SMALL, general, rounded};

/// More digits than any decimal has.
const LONGEST: usize = 40;

/// The text that `write` writes.
pub fn made(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Writes `value` with the places it has: `18.00`.
pub fn write(out: &mut Vec<u8>, value: Decimal) {
    number(out, value.is_sign_negative(), value.mantissa().unsigned_abs(), value.scale());
}

/// Writes `value` without trailing zeros: `12`, `0.5`.
pub fn write_plain(out: &mut Vec<u8>, value: Decimal) {
    plain(out, value.is_sign_negative(), value.mantissa().unsigned_abs(), value.scale());
}

/// Writes points as reasons show them: half-up to two places, without trailing zeros.
pub fn write_points(out: &mut Vec<u8>, value: Decimal) {
    let (mantissa, scale) = rounded(value.mantissa().unsigned_abs(), value.scale(), 2);
    plain(out, value.is_sign_negative(), mantissa, scale);
}

/// Writes a share of one as a percentage with at most one decimal: `0.8846…` is `88.5%`. One too large to be a
/// percentage is written as it is.
pub fn write_percent(out: &mut Vec<u8>, share: Decimal) {
    let (mantissa, scale) = (share.mantissa().unsigned_abs(), share.scale());
    let percentage = match scale.checked_sub(2) {
        Some(scale) => Some((mantissa, scale)),
        None if mantissa < SMALL => Some((mantissa * 100, scale)),
        None => {
            general::hundredfold(share).map(|product| (product.mantissa().unsigned_abs(), product.scale()))
        }
    };
    match percentage {
        Some((mantissa, scale)) => {
            let (mantissa, scale) = rounded(mantissa, scale, 1);
            plain(out, share.is_sign_negative(), mantissa, scale);
            out.push(b'%');
        }
        None => write_plain(out, share),
    }
}

fn plain(out: &mut Vec<u8>, is_negative: bool, mut mantissa: u128, mut scale: u32) {
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
fn number(out: &mut Vec<u8>, is_negative: bool, mantissa: u128, scale: u32) {
    if is_negative {
        out.push(b'-');
    }
    // What has four digits at most, two of them behind the point, is nearly every number there is.
    match u16::try_from(mantissa) {
        Ok(short) if short < 10_000 && scale == 0 => return whole(out, short),
        Ok(short) if short < 10_000 && scale == 1 => {
            whole(out, short / 10);
            return out.extend_from_slice(&[b'.', ascii(short % 10)]);
        }
        Ok(short) if short < 10_000 && scale == 2 => {
            whole(out, short / 100);
            return out.extend_from_slice(&[b'.', ascii(short / 10), ascii(short)]);
        }
        _ => {}
    }
    let Ok(places) = usize::try_from(scale) else { return };
    let one = POWERS.get(places).copied().unwrap_or(u128::MAX);
    digits(out, mantissa / one, 1);
    if places > 0 {
        out.push(b'.');
        digits(out, mantissa % one, places);
    }
}

/// Writes a whole number of at most four digits.
fn whole(out: &mut Vec<u8>, number: u16) {
    let (thousands, hundreds, tens) = (number / 1_000, number / 100, number / 10);
    match number {
        0..10 => out.push(ascii(number)),
        10..100 => out.extend_from_slice(&[ascii(tens), ascii(number)]),
        100..1_000 => out.extend_from_slice(&[ascii(hundreds), ascii(tens), ascii(number)]),
        _ => out.extend_from_slice(&[ascii(thousands), ascii(hundreds), ascii(tens), ascii(number)]),
    }
}

/// Writes a whole number with at least `least` digits.
fn digits(out: &mut Vec<u8>, number: u128, least: usize) {
    let mut written = [b'0'; LONGEST];
    let (mut left, mut count) = (number, 0);
    for place in written.iter_mut().rev() {
        if left == 0 && count >= least {
            break;
        }
        // One digit after the other, with 64 bits as soon as they are enough.
        (left, *place) = match u64::try_from(left) {
            Ok(small) => (u128::from(small / 10), last(small)),
            Err(_) => (left / 10, u64::try_from(left % 10).map_or(b'0', last)),
        };
        count += 1;
    }
    out.extend_from_slice(written.get(LONGEST.saturating_sub(count)..).unwrap_or_default());
}

/// The last digit of a number, as text.
fn ascii(number: u16) -> u8 {
    last(u64::from(number))
}

fn last(number: u64) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::general;
    use super::super::tests::any_decimal;
    use super::*;

    fn written(write: fn(&mut Vec<u8>, Decimal), value: Decimal) -> String {
        made(|out| write(out, value))
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
