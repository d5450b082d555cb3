//! Rows in PostgreSQL's binary COPY format, written into one buffer: the fastest way into a table.
//!
//! Every value is its length in four bytes and then what the type's `recv` function reads: numbers from the most
//! significant byte on, dates and moments counted from the year 2000, a numeric as digits to the base of 10,000.

use std::io::Cursor;
use std::pin::Pin;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::SinkExt as _;
use rust_decimal::Decimal;
use tokio_postgres::{CopyInSink, ToStatement, Transaction};

/// What every stream begins with: the signature, no flags, no extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What it ends with.
const END: [u8; 2] = [0xff; 2];
/// The length that stands for no value.
const NULL: [u8; 4] = [0xff; 4];
/// The type of the elements of `text[]`.
const TEXT: u32 = 25;
/// So many bytes are sent at a time.
const PIECE: usize = 128 * 1024;

/// The statement that copies into columns of a table.
pub fn statement(table: &str, columns: &[&str]) -> String {
    format!("COPY {table} ({}) FROM STDIN BINARY", columns.join(", "))
}

/// An unfinished COPY into a table: rows go out as they come, in pieces.
pub struct Copy {
    sink: Pin<Box<CopyInSink<Cursor<Vec<u8>>>>>,
    columns: [u8; 2],
    bytes: Vec<u8>,
}

impl Copy {
    /// Begins a COPY into so many columns, within a transaction; `statement` is that of [`statement`], prepared or not.
    pub async fn begin<S: ?Sized + ToStatement>(
        transaction: &Transaction<'_>,
        statement: &S,
        columns: usize,
    ) -> Result<Self, tokio_postgres::Error> {
        let sink = transaction.copy_in(statement).await?;
        // PostgreSQL has at most 1,600 columns.
        let columns = u16::try_from(columns).unwrap_or_default().to_be_bytes();
        Ok(Self { sink: Box::pin(sink), columns, bytes: HEADER.to_vec() })
    }

    /// Adds a row: every column's value, in their order.
    pub async fn row(&mut self, values: impl FnOnce(&mut Row<'_>)) -> Result<(), tokio_postgres::Error> {
        self.bytes.extend(self.columns);
        values(&mut Row(&mut self.bytes));
        if self.bytes.len() >= PIECE {
            self.send().await?;
        }
        Ok(())
    }

    /// Ends it and says how many rows went in. One that is not ended has written nothing.
    pub async fn end(mut self) -> Result<u64, tokio_postgres::Error> {
        self.bytes.extend(END);
        self.send().await?;
        self.sink.as_mut().finish().await
    }

    async fn send(&mut self) -> Result<(), tokio_postgres::Error> {
        let piece = std::mem::replace(&mut self.bytes, Vec::with_capacity(PIECE + PIECE / 8));
        self.sink.feed(Cursor::new(piece)).await
    }
}

/// The row that is being written.
pub struct Row<'a>(&'a mut Vec<u8>);

impl Row<'_> {
    /// No value.
    pub fn null(&mut self) -> &mut Self {
        self.0.extend(NULL);
        self
    }

    /// A `bigint`.
    pub fn bigint(&mut self, value: i64) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// An `integer`.
    pub fn integer(&mut self, value: i32) -> &mut Self {
        self.fixed(value.to_be_bytes())
    }

    /// A `boolean`.
    pub fn boolean(&mut self, value: bool) -> &mut Self {
        self.fixed([u8::from(value)])
    }

    /// A `text`.
    pub fn text(&mut self, value: &str) -> &mut Self {
        self.bytea(value.as_bytes())
    }

    /// A `bytea`.
    pub fn bytea(&mut self, value: &[u8]) -> &mut Self {
        self.0.extend(length(value.len()));
        self.0.extend(value);
        self
    }

    /// A `text[]`.
    pub fn texts(&mut self, values: &[String]) -> &mut Self {
        self.sized(|bytes| {
            // Dimensions, no nulls, the type of the elements; then of the only dimension its length and first subscript.
            let dimensions = if values.is_empty() { 0_u32 } else { 1 };
            for word in [dimensions, 0, TEXT] {
                bytes.extend(word.to_be_bytes());
            }
            if !values.is_empty() {
                bytes.extend(length(values.len()));
                bytes.extend(1_u32.to_be_bytes());
            }
            for value in values {
                Row(bytes).text(value);
            }
        })
    }

    /// A `date`.
    pub fn date(&mut self, value: NaiveDate) -> &mut Self {
        // The first of January 2000.
        let days = chrono::Datelike::num_days_from_ce(&value) - 730_120;
        self.integer(days)
    }

    /// A `timestamptz`.
    pub fn moment(&mut self, value: DateTime<Utc>) -> &mut Self {
        // The first of January 2000, in microseconds since that of 1970.
        self.bigint(value.timestamp_micros() - 946_684_800_000_000)
    }

    /// A `numeric`.
    pub fn numeric(&mut self, value: Decimal) -> &mut Self {
        self.sized(|bytes| write_numeric(value, bytes))
    }

    /// A value that may not be there.
    pub fn or_null<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T) -> &mut Self,
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => self.null(),
        }
    }

    fn fixed<const LENGTH: usize>(&mut self, value: [u8; LENGTH]) -> &mut Self {
        self.0.extend(length(LENGTH));
        self.0.extend(value);
        self
    }

    /// A value whose length is known once it is written.
    fn sized(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> &mut Self {
        let at = self.0.len();
        self.0.extend(NULL);
        write(self.0);
        let written = self.0.len().saturating_sub(at + NULL.len());
        if let Some(place) = self.0.get_mut(at..at + NULL.len()) {
            place.copy_from_slice(&length(written));
        }
        self
    }
}

/// PostgreSQL refuses a value of more than one gigabyte, and so one whose length does not fit.
fn length(bytes: usize) -> [u8; 4] {
    i32::try_from(bytes).unwrap_or(i32::MAX).to_be_bytes()
}

/// How many digits, the power of 10,000 that the first one stands for, the sign, the decimals shown, the digits.
pub(crate) fn write_numeric(value: Decimal, bytes: &mut Vec<u8>) {
    const BASE: u64 = 10_000;
    const NEGATIVE: u16 = 0x4000;
    // With a multiple of four decimals every digit to that base is whole.
    let (scale, missing) = (value.scale(), (4 - value.scale() % 4) % 4);
    let mut rest = value.mantissa().unsigned_abs() * 10_u128.pow(missing);
    // At most 99 bits: eight digits.
    let (mut digits, mut count) = ([0_u16; 8], 0);
    for digit in digits.iter_mut().rev() {
        if rest == 0 {
            break;
        }
        // Nearly all numbers are short, and a short one is divided at once.
        let last = match u64::try_from(rest) {
            Ok(short) => {
                rest = u128::from(short / BASE);
                short % BASE
            }
            Err(_) => {
                let last = rest % u128::from(BASE);
                rest /= u128::from(BASE);
                u64::try_from(last).unwrap_or_default()
            }
        };
        *digit = u16::try_from(last).unwrap_or_default();
        count += 1;
    }
    let decimals = (scale + missing) / 4;
    let weight = match count {
        0 => 0,
        _ => i16::try_from(count).unwrap_or_default() - i16::try_from(decimals).unwrap_or_default() - 1,
    };
    let sign = if value.is_sign_negative() && count > 0 { NEGATIVE } else { 0 };
    bytes.extend(u16::try_from(count).unwrap_or_default().to_be_bytes());
    bytes.extend(weight.to_be_bytes());
    bytes.extend(sign.to_be_bytes());
    bytes.extend(u16::try_from(scale).unwrap_or_default().to_be_bytes());
    for digit in digits.iter().skip(digits.len() - count) {
        bytes.extend(digit.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numeric(text: &str) -> Vec<u16> {
        let mut bytes = Vec::new();
        write_numeric(text.parse().unwrap(), &mut bytes);
        bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]])).collect()
    }

    /// As PostgreSQL's `numeric_send` writes them: digits, weight, sign, decimals.
    #[test]
    fn numbers_are_digits_to_the_base_of_ten_thousand() {
        assert_eq!(numeric("96.63"), [2, 0, 0, 2, 96, 6300]);
        assert_eq!(numeric("0.0001"), [1, 0xffff, 0, 4, 1]);
        assert_eq!(numeric("-12345.678"), [3, 1, 0x4000, 3, 1, 2345, 6780]);
        assert_eq!(numeric("0.00"), [0, 0, 0, 2]);
        assert_eq!(numeric("79228162514264337593543950335").len(), 4 + 8);
    }

    #[test]
    fn a_row_is_lengths_and_values() {
        let mut bytes = Vec::new();
        let none = None::<&str>;
        Row(&mut bytes)
            .bigint(1)
            .integer(-1)
            .boolean(true)
            .text("甲")
            .or_null(none, Row::text)
            .texts(&[])
            .texts(&["a".to_owned()]);
        let expected: [&[u8]; 7] = [
            &[0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0, 0, 0, 4, 255, 255, 255, 255],
            &[0, 0, 0, 1, 1],
            &[0, 0, 0, 3, 0xe7, 0x94, 0xb2],
            &[255; 4],
            &[0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 25],
            &[0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 25, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, b'a'],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn days_and_moments_are_counted_from_the_year_2000() {
        let mut bytes = Vec::new();
        let day: NaiveDate = "2000-01-02".parse().unwrap();
        Row(&mut bytes).date(day).moment(day.and_time(chrono::NaiveTime::MIN).and_utc());
        assert_eq!(bytes[..8], [0, 0, 0, 4, 0, 0, 0, 1]);
        assert_eq!(bytes[12..], 86_400_000_000_i64.to_be_bytes());
    }
}
