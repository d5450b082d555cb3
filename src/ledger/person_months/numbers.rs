//! A month's numbers and ranks in rows, kept as PostgreSQL writes an array of them: `{NULL,17070.84,27}`. A text is sent and read in a fraction
//! of the time that an array takes, in which each number is a value of its own; SQL reads it by `value::numeric[]`
//! and `rank::smallint[]`.

use std::fmt::{Display, Write as _};

use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::Text;
use rust_decimal::Decimal;

/// What is written where nothing is known.
const UNKNOWN: &str = "NULL";
const NO_LIST: &str = "a month's numbers are no list of numbers";
/// With so many digits a number is a machine's.
const SHORT: usize = 18;

/// Numbers by place; what is beyond the end is not known either.
#[derive(Clone, Debug, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub struct Numbers(pub Vec<Option<Decimal>>);

impl Numbers {
    /// The number at an index, if one is known.
    pub fn get(&self, at: usize) -> Option<Decimal> {
        self.0.get(at).copied().flatten()
    }

    fn read(text: &str) -> deserialize::Result<Self> {
        let mut numbers = Vec::with_capacity(text.len() / 3);
        let Some(rest) = text.strip_prefix('{') else { return Err(NO_LIST.into()) };
        if rest == "}" {
            return Ok(Self(numbers));
        }
        // A month of a large group is millions of numbers: each byte is looked at once.
        let (mut digits, mut begin, mut is_closed) = (Digits::default(), 0, false);
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b',' | b'}' if !is_closed => {
                    let short = digits.number();
                    numbers.push(match short {
                        Some(number) => Some(number),
                        None => other(rest.get(begin..at).unwrap_or_default())?,
                    });
                    (digits, begin, is_closed) = (Digits::default(), at + 1, byte == b'}');
                }
                byte => digits.add(byte),
            }
        }
        match is_closed && begin == rest.len() {
            true => Ok(Self(numbers)),
            false => Err(NO_LIST.into()),
        }
    }
}

impl ToSql<Text, Pg> for Numbers {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, list(&self.0).as_bytes())?;
        Ok(IsNull::No)
    }
}

/// A list as PostgreSQL writes an array.
fn list<T: Display>(numbers: &[Option<T>]) -> String {
    let mut text = String::with_capacity(2 + 5 * numbers.len());
    for number in numbers {
        text.push(if text.is_empty() { '{' } else { ',' });
        match number {
            // Nothing can go wrong where a text is written to.
            Some(number) => drop(write!(text, "{number}")),
            None => text.push_str(UNKNOWN),
        }
    }
    text.push_str(if text.is_empty() { "{}" } else { "}" });
    text
}

impl FromSql<Text, Pg> for Numbers {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Self::read(std::str::from_utf8(value.as_bytes())?)
    }
}

/// What ranks the numbers have, by place; none where nothing stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = Text)]
pub(in crate::ledger) struct Ranks(pub Vec<Option<i16>>);

impl Ranks {
    fn read(text: &str) -> deserialize::Result<Self> {
        let listed = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).ok_or(NO_LIST)?;
        let rank = |text: &str| if text == UNKNOWN { Ok(None) } else { text.parse().map(Some) };
        let ranks = if listed.is_empty() { Ok(Vec::new()) } else { listed.split(',').map(rank).collect() };
        Ok(Self(ranks?))
    }
}

impl ToSql<Text, Pg> for Ranks {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        std::io::Write::write_all(out, list(&self.0).as_bytes())?;
        Ok(IsNull::No)
    }
}

impl FromSql<Text, Pg> for Ranks {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Self::read(std::str::from_utf8(value.as_bytes())?)
    }
}

/// A number of few digits, as nearly all are, as far as it has been read.
#[derive(Default)]
struct Digits {
    number: i64,
    count: usize,
    /// How many of them stand behind the point.
    scale: Option<u32>,
    is_negative: bool,
    /// It is no such number.
    is_other: bool,
}

impl Digits {
    fn add(&mut self, byte: u8) {
        match byte {
            b'0'..=b'9' => {
                // Too many of them are not used.
                self.number = self.number.wrapping_mul(10).wrapping_add(i64::from(byte - b'0'));
                self.count += 1;
                self.scale = self.scale.map(|scale| scale + 1);
            }
            b'-' if self.count == 0 && !self.is_negative => self.is_negative = true,
            b'.' if self.count > 0 && self.scale.is_none() => self.scale = Some(0),
            _ => self.is_other = true,
        }
    }

    fn number(&self) -> Option<Decimal> {
        let is_short = (1..=SHORT).contains(&self.count) && !self.is_other && self.scale != Some(0);
        let number = if self.is_negative { -self.number } else { self.number };
        is_short.then(|| Decimal::try_new(number, self.scale.unwrap_or(0)).ok()).flatten()
    }
}

/// Nothing, or a number of many digits.
fn other(text: &str) -> deserialize::Result<Option<Decimal>> {
    if text == UNKNOWN {
        return Ok(None);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_digit = |one: char| one.is_ascii_digit();
    let is_number = digits.starts_with(is_digit) && digits.ends_with(is_digit);
    match is_number {
        true => Ok(Some(Decimal::from_str_exact(text)?)),
        false => Err(NO_LIST.into()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decimal::tests::any_decimal;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]

        #[test]
        fn numbers_are_read_as_they_were_written(
            numbers in prop::collection::vec(prop::option::of(any_decimal()), 0..5),
        ) {
            let written = Numbers(numbers);
            let read = Numbers::read(&list(&written.0)).unwrap();
            let scales =
                |numbers: &Numbers| numbers.0.iter().map(|one| one.map(|number| number.scale())).collect::<Vec<_>>();
            prop_assert_eq!(scales(&read), scales(&written));
            prop_assert_eq!(read, written);
        }
    }

    #[test]
    fn ranks_are_read_as_they_were_written() {
        for ranks in [vec![], vec![None], vec![Some(2), None, Some(-1)], vec![None, Some(12)]] {
            let written = Ranks(ranks);
            assert_eq!(Ranks::read(&list(&written.0)).unwrap(), written);
        }
        assert_eq!(list(&[Some(2), None, Some(-1)]), "{2,NULL,-1}");
        for text in ["", "{", "2", "{2,}", "{,2}", "{null}", "{2 }", "{2}}", "{2.0}", "{40000}"] {
            assert!(Ranks::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_of_numbers_is_an_error() {
        for text in [
            "", "{", "}", "1,2", "{1,}", "{,1}", "{1;2}", "{null}", "{1.}", "{.5}", "{--1}", "{1.2.3}",
            "{-}", "{1 }", "{1},", "{1}}", "{-.5}",
        ] {
            assert!(Numbers::read(text).is_err(), "{text}");
        }
    }
}
