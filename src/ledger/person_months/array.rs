//! Arrays of numbers as PostgreSQL sends them. A month of a large group is millions of numbers: they are read from their
//! bytes at once, without the lists of digits that Diesel makes of each.

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Array, Nullable, Numeric};
use rust_decimal::Decimal;

/// Numbers by place; what is beyond the end is not known either.
#[derive(Clone, Debug, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Array<Nullable<Numeric>>)]
pub struct Numbers(pub Vec<Option<Decimal>>);

impl Numbers {
    /// The number at an index, if one is known.
    pub fn get(&self, at: usize) -> Option<Decimal> {
        self.0.get(at).copied().flatten()
    }

    /// Those that are known, with their index.
    pub fn known(&self) -> impl Iterator<Item = (usize, Decimal)> {
        self.0.iter().enumerate().filter_map(|(at, number)| Some((at, (*number)?)))
    }
}

impl ToSql<Array<Nullable<Numeric>>, Pg> for Numbers {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<Array<Nullable<Numeric>>, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<Array<Nullable<Numeric>>, Pg> for Numbers {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let mut bytes = Bytes(value.as_bytes());
        let (dimensions, _has_nulls, _kind) = (bytes.number()?, bytes.number()?, bytes.number()?);
        if dimensions == 0 {
            return Ok(Self::default());
        }
        let (length, _first) = (usize::try_from(bytes.number()?)?, bytes.number()?);
        let mut numbers = Vec::with_capacity(length);
        for _ in 0..length {
            let length = bytes.number()?;
            numbers.push(match usize::try_from(length) {
                Ok(length) => Some(numeric(Bytes(bytes.take(length)?))?),
                Err(_) => None,
            });
        }
        Ok(Self(numbers))
    }
}

/// Bytes that are still to be read.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> deserialize::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or("an array ends too early")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> deserialize::Result<[u8; LENGTH]> {
        let (taken, rest) = self.0.split_first_chunk().ok_or("a number ends too early")?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> deserialize::Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }
}

/// One number: digits to the base of 10,000, the first of which stands for `weight` powers of it.
fn numeric(mut bytes: Bytes<'_>) -> deserialize::Result<Decimal> {
    let digits = u16::from_be_bytes(bytes.array()?);
    let weight = i32::from(i16::from_be_bytes(bytes.array()?));
    let is_negative = match u16::from_be_bytes(bytes.array()?) {
        0 => false,
        0x4000 => true,
        _ => return Err("a number that is none".into()),
    };
    let scale = u32::from(u16::from_be_bytes(bytes.array()?));
    // The last digit stands for so many powers of ten; written with `scale` decimals, all beyond them are zeros.
    let shift = 4 * (weight + 1 - i32::from(digits)) + i32::try_from(scale)?;
    // Nearly all numbers are short, and their arithmetic is the machine's own.
    if digits <= 4
        && bytes.0.len() == 2 * usize::from(digits)
        && let Some(number) = short(bytes.0, shift)
    {
        return Ok(Decimal::try_new(if is_negative { -number } else { number }, scale)?);
    }
    let mut number: i128 = 0;
    for _ in 0..digits {
        let digit = i128::from(u16::from_be_bytes(bytes.array()?));
        number = number.checked_mul(10_000).and_then(|number| number.checked_add(digit)).ok_or(TOO_LARGE)?;
    }
    if is_negative {
        number = -number;
    }
    let shifted = match u32::try_from(shift) {
        Ok(up) => 10_i128.checked_pow(up).and_then(|power| number.checked_mul(power)),
        Err(_) => 10_i128.checked_pow(shift.unsigned_abs()).map(|power| number / power),
    };
    Ok(Decimal::try_from_i128_with_scale(shifted.ok_or(TOO_LARGE)?, scale)?)
}

/// The number of at most four digits, moved by `shift` powers of ten, if it is short then, too.
fn short(digits: &[u8], shift: i32) -> Option<i64> {
    let (digits, _) = digits.as_chunks::<2>();
    let number =
        digits.iter().fold(0, |number, digit| number * 10_000 + i64::from(u16::from_be_bytes(*digit)));
    match u32::try_from(shift) {
        Ok(up) => number.checked_mul(10_i64.checked_pow(up)?),
        Err(_) => Some(number / 10_i64.checked_pow(shift.unsigned_abs())?),
    }
}

const TOO_LARGE: &str = "a number has more digits than can be computed with";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::db::copy::write_numeric;
    use crate::decimal::tests::any_decimal;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        /// With zeros behind it, as we send it, and without, as PostgreSQL does.
        #[test]
        fn a_number_is_read_as_it_was_written(number in any_decimal(), is_stripped: bool) {
            let mut bytes = Vec::new();
            write_numeric(number, &mut bytes);
            while is_stripped && bytes.len() > 8 && bytes.ends_with(&[0, 0]) {
                bytes.truncate(bytes.len() - 2);
                bytes[1] -= 1;
            }
            let read = numeric(Bytes(&bytes)).unwrap();
            prop_assert_eq!((read, read.scale()), (number, number.scale()));
            prop_assert!(bytes.len() == 8 || numeric(Bytes(&bytes[..bytes.len() - 1])).is_err());
        }
    }
}
