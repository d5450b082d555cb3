//! One date of a text, as far as it is written.

use chrono::NaiveDate;

use super::tokens::Token;

/// A date as far as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Part {
    pub year: Option<i32>,
    pub month: Option<u32>,
    pub day: Option<u32>,
    /// It is certainly one: there are words in it, or a year. `3.26` may be any number.
    pub is_certain: bool,
    /// `04/05/2014`: the month may be the other one.
    pub is_unclear: bool,
}

impl Part {
    fn certain(year: Option<i32>, month: u32, day: Option<u32>) -> Self {
        Self { year, month: Some(month), day, is_certain: true, is_unclear: false }
    }

    /// Whether there is such a day, or such a month.
    pub fn is_possible(self) -> bool {
        let (year, month) = (self.year.unwrap_or(2000), self.month.unwrap_or(1));
        NaiveDate::from_ymd_opt(year, month, self.day.unwrap_or(1)).is_some()
    }
}

fn year(number: u32, digits: usize) -> Option<i32> {
    i32::try_from(number).ok().filter(|year| digits == 4 && (1900..2100).contains(year))
}

/// Two digits as a year: the ones for which there may be sheets.
fn short_year(number: u32, digits: usize) -> Option<i32> {
    (digits == 2 && (10..40).contains(&number))
        .then(|| i32::try_from(number).ok().map(|year| 2000 + year))
        .flatten()
}

/// The date that begins at a token, and where it ends.
pub(super) fn part(tokens: &[Token], at: usize) -> Option<(Part, usize)> {
    use Token::{Mark, Name, Number, Other};
    let rest = tokens.get(at..)?;
    // A longer run of numbers and dots is something else: 1.2.3.4.
    let is_within =
        matches!(at.checked_sub(2).and_then(|before| tokens.get(before..at)), Some([Number(..), Mark('.')]));
    let found = match *rest {
        [Number(compact, 8), ..] => {
            let (year, month, day) = (compact / 10_000, compact / 100 % 100, compact % 100);
            self::year(year, 4).map(|year| (Part::certain(Some(year), month, Some(day)), 1))
        }
        [Number(written, digits @ (2 | 4)), Mark('年'), Number(month, 1..=2), Mark('月'), ..] => {
            let year = year(written, digits)
                .or_else(|| (digits == 2).then(|| i32::try_from(2000 + written).ok()).flatten());
            let (day, length) = day_after(tokens, at + 4);
            year.map(|year| (Part::certain(Some(year), month, day), 4 + length))
        }
        [
            Number(written, digits @ (2 | 4)),
            Mark(first @ ('-' | '/' | '.' | '_')),
            Number(month, 1..=2),
            Mark(second),
            Number(day, 1..=2),
            ..,
        ] if first == second
            && year(written, digits).or_else(|| short_year(written, digits)).is_some()
            && !is_within =>
        {
            let year = year(written, digits).or_else(|| short_year(written, digits));
            Some((Part::certain(year, month, Some(day)), 5 + usize::from(rest.get(5) == Some(&Mark('日')))))
        }
        [
            Number(one, 1..=2),
            Mark(first @ ('-' | '/' | '.')),
            Number(other, 1..=2),
            Mark(second),
            Number(written, 4),
            ..,
        ] if first == second && year(written, 4).is_some() => {
            let (month, day) = if one > 12 { (other, one) } else { (one, other) };
            let is_unclear = one <= 12 && other <= 12;
            Some((Part { is_unclear, ..Part::certain(year(written, 4), month, Some(day)) }, 5))
        }
        [Number(written, 4), Mark('年' | '-' | '/' | '.' | '_'), Number(month, 1..=2), ..]
            if year(written, 4).is_some() && (1..=12).contains(&month) =>
        {
            Some((Part::certain(year(written, 4), month, None), 3))
        }
        [Number(compact, 6), ..] => {
            year(compact / 100, 4).map(|year| (Part::certain(Some(year), compact % 100, None), 1))
        }
        [Number(month, 1..=2), Mark('-' | '/' | '.'), Number(written, 4), ..]
            if year(written, 4).is_some() && (1..=12).contains(&month) =>
        {
            Some((Part::certain(year(written, 4), month, None), 3))
        }
        // 1 April 2014, 01-Apr-14.
        [Number(day, 1..=2), Name(month), Number(written, digits @ (2 | 4)), ..] => {
            let year = year(written, digits).or_else(|| short_year(written, digits));
            year.map(|year| (Part::certain(Some(year), month, Some(day)), 3))
        }
        [
            Number(day, 1..=2),
            Mark('-' | '/' | '.'),
            Name(month),
            Mark('-' | '/' | '.'),
            Number(written, digits @ (2 | 4)),
            ..,
        ] => {
            let year = year(written, digits).or_else(|| short_year(written, digits));
            year.map(|year| (Part::certain(Some(year), month, Some(day)), 5))
        }
        // April 1, 2014.
        [Name(month), Number(day, 1..=2), Other | Mark(' '), Number(written, 4), ..]
            if year(written, 4).is_some() =>
        {
            Some((Part::certain(year(written, 4), month, Some(day)), 4))
        }
        [Number(month, 1..=2), Mark('月'), ..] => {
            let (day, length) = day_after(tokens, at + 2);
            Some((Part::certain(None, month, day), 2 + length))
        }
        [Number(written, 4), Mark('-' | '/' | '.' | ' '), Name(month), ..]
        | [Number(written, 4), Name(month), ..] => {
            let length = if matches!(rest.get(1), Some(Name(_))) { 2 } else { 3 };
            year(written, 4).map(|year| (Part::certain(Some(year), month, None), length))
        }
        [Name(month), Mark('-' | '/' | '.'), Number(written, 4), ..] => {
            Some((Part::certain(year(written, 4), month, None), 3))
        }
        [Name(month), Number(written, 4), ..] => Some((Part::certain(year(written, 4), month, None), 2)),
        [Name(month), Number(day, 1..=2), ..] => Some((Part::certain(None, month, Some(day)), 2)),
        // Whether the two digits behind it are the year or the day, it is of this month.
        [Name(month), Mark('-'), Number(_, 2), ..] => Some((Part::certain(None, month, None), 3)),
        [Name(month), ..] => Some((Part::certain(None, month, None), 1)),
        [Number(month, 1..=2), Mark('-' | '/' | '.'), Number(day, 1..=2), ..] if !is_within => {
            let part = Part { month: Some(month), day: Some(day), ..Part::default() };
            Some((part, 3 + usize::from(rest.get(3) == Some(&Mark('日')))))
        }
        [Number(compact, 4), ..] => {
            Some((Part { month: Some(compact / 100), day: Some(compact % 100), ..Part::default() }, 1))
        }
        _ => None,
    };
    found.filter(|(part, _)| part.is_possible()).map(|(part, length)| (part, at + length))
}

/// The day behind 月, where one follows: 1日, or 1 before a dash or the end.
fn day_after(tokens: &[Token], at: usize) -> (Option<u32>, usize) {
    use Token::{Mark, Number};
    match *tokens.get(at..).unwrap_or_default() {
        [Number(day, 1..=2), Mark('日'), ..] => (Some(day), 2),
        // 4月(1日-20日).
        [Mark('('), Number(day, 1..=2), Mark('日'), Mark('-' | '~'), Number(_, 1..=2), Mark('日'), ..] => {
            (Some(day), 3)
        }
        [Mark('('), Number(day, 1..=2), Mark('-' | '~'), Number(_, 1..=2), Mark('日'), ..] => (Some(day), 2),
        // 4月-5月 goes on with a month, and 4月1-30日 with a day.
        [Number(day, 1..=2), Mark('-' | '~' | ' '), ..] | [Number(day, 1..=2)] => (Some(day), 1),
        _ => (None, 0),
    }
}
