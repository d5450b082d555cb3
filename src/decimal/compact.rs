//! Numbers in few bytes, for what is stored by the million. Each number has one form only: bytes that were changed are
//! either no number any more or another one.
//!
//! A whole number from 0 to 127 is one byte. Every other decimal is a byte for its scale and sign, and its digits seven
//! bits a byte; or twelve bytes as they are, where these are fewer.

use rust_decimal::Decimal;

/// Seven bits a byte, the lowest first; this one says that there are more.
const MORE: u8 = 0x80;
/// The decimal is whole, and the rest of this byte.
const SMALL: u8 = 0x80;
/// The digits are not in sevens but in twelve bytes.
const LONG: u8 = 0x40;
/// The sign, beside the scale.
const NEGATIVE: u8 = 0x20;
const SCALE: u8 = 0x1f;
/// Most bytes of a number in sevens.
const LONGEST: u32 = 12;
/// The first number that is longer.
const TOO_LONG: u128 = 1 << (7 * LONGEST);

/// Adds a whole number of at most 84 bits.
pub fn write_whole(number: u128, to: &mut Vec<u8>) {
    let mut left = number;
    // Nearly all of them are short, and their arithmetic is a machine's.
    if let Ok(mut short) = u64::try_from(number) {
        while short >= u64::from(MORE) {
            let [low, ..] = short.to_le_bytes();
            to.push(low | MORE);
            short >>= 7;
        }
        left = u128::from(short);
    }
    while left >= u128::from(MORE) {
        let [low, ..] = left.to_le_bytes();
        to.push(low | MORE);
        left >>= 7;
    }
    let [low, ..] = left.to_le_bytes();
    to.push(low);
}

/// Takes a whole number off the front.
pub fn read_whole(from: &mut &[u8]) -> Option<u128> {
    let mut number = 0;
    for place in 0..LONGEST {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u128::from(byte & !MORE) << (7 * place);
        if byte & MORE == 0 {
            // A zero on top is a longer form of the same number.
            return (*byte > 0 || place == 0).then_some(number);
        }
    }
    None
}

/// Adds how many there are of something.
pub fn write_count(count: usize, to: &mut Vec<u8>) {
    // No count has more than 64 bits.
    write_whole(u128::try_from(count).unwrap_or(0), to);
}

/// Takes a count off the front.
pub fn read_count(from: &mut &[u8]) -> Option<usize> {
    usize::try_from(read_whole(from)?).ok()
}

/// Adds a decimal with its scale, and zero with its sign.
pub fn write(number: Decimal, to: &mut Vec<u8>) {
    let digits = number.mantissa().unsigned_abs();
    let [scale, ..] = number.scale().to_le_bytes();
    let head = if number.is_sign_negative() { scale | NEGATIVE } else { scale };
    match u8::try_from(digits) {
        Ok(small) if small < SMALL && head == 0 => to.push(SMALL | small),
        _ if digits < TOO_LONG => {
            to.push(head);
            write_whole(digits, to);
        }
        _ => {
            to.push(head | LONG);
            to.extend(digits.to_le_bytes().iter().take(12));
        }
    }
}

/// Takes a decimal off the front, with the scale it was written with.
pub fn read(from: &mut &[u8]) -> Option<Decimal> {
    let (head, rest) = from.split_first()?;
    *from = rest;
    if head & SMALL != 0 {
        return Some(Decimal::from(head & !SMALL));
    }
    let digits = match head & LONG == 0 {
        true => read_whole(from).filter(|digits| *head != 0 || *digits >= u128::from(SMALL)),
        false => {
            let (digits, rest) = from.split_first_chunk::<12>()?;
            *from = rest;
            let digits = digits.iter().rev().fold(0, |digits, byte| digits << 8 | u128::from(*byte));
            Some(digits).filter(|digits| *digits >= TOO_LONG)
        }
    };
    let digits = i128::try_from(digits?).ok()?;
    let mut number = Decimal::try_from_i128_with_scale(digits, u32::from(head & SCALE)).ok()?;
    number.set_sign_negative(head & NEGATIVE != 0);
    Some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes_of(number: Decimal) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(number, &mut bytes);
        bytes
    }

    #[test]
    fn small_numbers_take_a_byte_or_two_and_the_largest_thirteen() {
        for (text, bytes) in [
            ("0", vec![SMALL]),
            ("127", vec![SMALL | 127]),
            ("128", vec![0, MORE, 1]),
            ("0.0", vec![1, 0]),
            ("33.0", vec![1, MORE | 74, 2]),
            ("-2.5", vec![NEGATIVE | 1, 25]),
        ] {
            assert_eq!(bytes_of(text.parse().unwrap()), bytes, "{text}");
        }
        assert_eq!(bytes_of(Decimal::MAX).len(), 13);
    }

    #[test]
    fn other_forms_of_a_number_are_none() {
        let long_though_short = [&[LONG][..], &[0xff; 10], &[0x0f, 0]].concat();
        let above = [[0_u8].as_slice(), &[0xff; 13], &[0x7f]].concat();
        for bytes in [
            &[0, MORE | 1, MORE, 0][..],
            &[0, 0],
            &[0, 127],
            &[29, 1],
            &[LONG, 1],
            &[0],
            &[],
            &[0, 0xff, 0xff],
            &long_though_short,
            &above,
        ] {
            assert_eq!(read(&mut &*bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn a_negative_zero_stays_one() {
        let read = read(&mut &*bytes_of(-Decimal::ZERO)).unwrap();
        assert!(read.is_zero() && read.is_sign_negative());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            digits in prop_oneof![-1000_i128..1000, -(1_i128 << 86)..1 << 86, -(1_i128 << 96) + 1..1 << 96],
            scale in 0_u32..=28,
        ) {
            let number = Decimal::from_i128_with_scale(digits, scale);
            let mut bytes = bytes_of(number);
            bytes.push(7);
            let mut rest = &*bytes;
            let read = read(&mut rest).unwrap();
            prop_assert_eq!((read, read.scale(), rest), (number, number.scale(), &[7_u8][..]));
        }

        #[test]
        fn whatever_is_read_is_written_the_same(bytes in prop::collection::vec(any::<u8>(), 0..18)) {
            let mut rest = &*bytes;
            if let Some(number) = read(&mut rest) {
                prop_assert_eq!(bytes_of(number), &bytes[..bytes.len() - rest.len()]);
            }
        }
    }
}
