//! Numbers in few bytes, for what is stored by the million. Each number has one form only: bytes that were changed are
//! either no number any more or another one.

use rust_decimal::Decimal;

/// Seven bits a byte, the lowest first; this one says that there are more.
const MORE: u8 = 0x80;
/// The sign, beside the scale.
const NEGATIVE: u8 = 0x20;
/// Most bytes of a whole number: a decimal has 96 bits.
const LONGEST: u32 = 14;

/// Adds a whole number of at most 98 bits.
pub fn write_whole(mut number: u128, to: &mut Vec<u8>) {
    while number >= u128::from(MORE) {
        let [low, ..] = number.to_le_bytes();
        to.push(low | MORE);
        number >>= 7;
    }
    let [low, ..] = number.to_le_bytes();
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

/// Adds a decimal: scale and sign, then its digits as a whole number.
pub fn write(number: Decimal, to: &mut Vec<u8>) {
    let [scale, ..] = number.scale().to_le_bytes();
    to.push(if number.is_sign_negative() { scale | NEGATIVE } else { scale });
    write_whole(number.mantissa().unsigned_abs(), to);
}

/// Takes a decimal off the front, with the scale it was written with.
pub fn read(from: &mut &[u8]) -> Option<Decimal> {
    let (head, rest) = from.split_first()?;
    *from = rest;
    let is_negative = head & NEGATIVE != 0;
    let digits = i128::try_from(read_whole(from)?).ok()?;
    let scale = u32::from(head & !NEGATIVE);
    let number = Decimal::try_from_i128_with_scale(if is_negative { -digits } else { digits }, scale).ok()?;
    (digits != 0 || !is_negative).then_some(number)
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
    fn small_numbers_take_two_bytes_and_the_largest_fifteen() {
        for (text, bytes) in [("0", vec![0, 0]), ("33", vec![0, 33]), ("-2.5", vec![NEGATIVE | 1, 25])] {
            assert_eq!(bytes_of(text.parse().unwrap()), bytes, "{text}");
        }
        assert_eq!(bytes_of(Decimal::MAX).len(), 15);
    }

    #[test]
    fn other_forms_of_a_number_are_none() {
        for bytes in [&[0, MORE, 0][..], &[NEGATIVE, 0], &[29, 1], &[0x40, 1], &[0], &[], &[0, 0xff, 0xff]] {
            assert_eq!(read(&mut &*bytes), None, "{bytes:?}");
        }
        let above = [[0_u8].as_slice(), &[0xff; 13], &[0x7f]].concat();
        assert_eq!(read(&mut &*above), None, "more than 96 bits");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            digits in prop_oneof![-1000_i128..1000, -(1_i128 << 96) + 1..1 << 96],
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
