//! Days, months and spans as people write them: `2014年4月1日-4月30日`, `05-01 ～ 05-26`, `20140401-0430`, `Apr-2014`, `1-3月`.
//! Pure: what is not written, most often the second year, follows from what is, and else from the year asked for.

use chrono::NaiveDate;

use super::number::half_width;
use crate::period::Period;

/// A year that has every day: for texts of which only months are asked.
pub(super) const LEAP_YEAR: i32 = 2000;

/// What a text says about time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mention {
    /// From one day to another.
    Days(NaiveDate, NaiveDate),
    /// One day, and whether its year is written.
    Day(NaiveDate, bool),
    /// A month with its year.
    Month(Period),
    /// A month, whichever year.
    MonthOfYear(u32),
    /// From one month to another.
    Months,
    /// A span of days of which it cannot be told which number is the month: `04/05/2014-05/05/2014`.
    Unclear,
}

/// Everything that a text says about time, in its order. `year` is the one in which it ends where none is written.
pub(super) fn mentions(text: &str, year: i32) -> Vec<Mention> {
    let tokens = tokens(text);
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match mention(&tokens, at, year) {
            Some((found, next)) => {
                mentions.extend(found);
                at = next.max(at + 1);
            }
            None => at += 1,
        }
    }
    mentions
}

/// The months that are named without a day, in their order.
pub(super) fn spoken_months(text: &str) -> Vec<u32> {
    let month = |mention| match mention {
        Mention::Month(period) => Some(period.month()),
        Mention::MonthOfYear(month) => Some(month),
        _ => None,
    };
    mentions(text, LEAP_YEAR).into_iter().filter_map(month).collect()
}

/// A piece of a text that may be a part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// A run of digits, and how many.
    Number(u32, usize),
    /// A month's English name.
    Name(u32),
    /// 年, 月, 日, `-`, `/`, `.`, `_`, or a space between digits; `~` stands for everything that means "to".
    Mark(char),
    /// Anything else.
    Other,
}

/// The Chinese names of the months: the longer ones first, because they hold the others.
const MONTHS: [(&str, &str); 12] = [
    ("十二月", "12月"),
    ("十一月", "11月"),
    ("十月", "10月"),
    ("一月", "1月"),
    ("二月", "2月"),
    ("三月", "3月"),
    ("四月", "4月"),
    ("五月", "5月"),
    ("六月", "6月"),
    ("七月", "7月"),
    ("八月", "8月"),
    ("九月", "9月"),
];

/// The English ones, by their first three letters.
const NAMES: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The text in half-width characters, with 二月 and 一至三月 in digits.
fn in_digits(text: &str) -> String {
    let text: String = text.chars().map(half_width).flat_map(char::to_lowercase).collect();
    let text = MONTHS.iter().fold(text, |text, (written, digits)| text.replace(written, digits));
    MONTHS.iter().skip(3).fold(text, |text, (written, digits)| {
        let (written, digit) = (written.trim_end_matches('月'), digits.trim_end_matches('月'));
        ["至", "到", "-", "~"]
            .iter()
            .fold(text, |text, dash| text.replace(&format!("{written}{dash}"), &format!("{digit}{dash}")))
    })
}

fn tokens(text: &str) -> Vec<Token> {
    let text = in_digits(text);
    let mut tokens: Vec<Token> = Vec::new();
    let mut rest = text.as_str();
    let mut is_apart = false;
    while let Some(c) = rest.chars().next() {
        let run = |is: fn(char) -> bool| rest.find(|c| !is(c)).unwrap_or(rest.len());
        let (token, length) = match c {
            '0'..='9' => {
                let length = run(|c| c.is_ascii_digit());
                (
                    Token::Number(
                        rest.get(..length).and_then(|digits| digits.parse().ok()).unwrap_or(u32::MAX),
                        length,
                    ),
                    length,
                )
            }
            'a'..='z' => {
                let length = run(|c| c.is_ascii_lowercase());
                (word(rest.get(..length).unwrap_or_default()), length)
            }
            '年' | '月' | '-' | '/' | '.' | '_' => (Token::Mark(c), c.len_utf8()),
            '日' | '号' => (Token::Mark('日'), c.len_utf8()),
            '~' | '～' | '〜' | '–' | '—' | '―' | '−' | '至' | '到' => {
                (Token::Mark('~'), c.len_utf8())
            }
            ' ' | '\t' | '\u{a0}' => (Token::Mark(' '), c.len_utf8()),
            _ => (Token::Other, c.len_utf8()),
        };
        rest = rest.get(length..).unwrap_or_default();
        match (token, tokens.last()) {
            (Token::Mark(' '), _) => {
                is_apart = true;
                continue;
            }
            // 月份 is 月, and —— one dash.
            (Token::Mark('~'), Some(Token::Mark('~'))) => {}
            (Token::Mark('-'), Some(Token::Mark('-'))) => {
                tokens.pop();
                tokens.push(Token::Mark('~'));
            }
            (Token::Other, Some(Token::Mark('月'))) if c == '份' => {}
            (Token::Other, Some(Token::Name(_))) if c == ',' => {}
            (Token::Number(..), Some(Token::Number(..))) if is_apart => {
                tokens.extend([Token::Mark(' '), token])
            }
            _ => tokens.push(token),
        }
        is_apart = false;
    }
    tokens
}

/// An English word: a month, or the one between two days.
fn word(word: &str) -> Token {
    if word == "to" {
        return Token::Mark('~');
    }
    let named = (1..).zip(NAMES).find(|(_, name)| {
        word.len() >= 3
            && (name.starts_with(word) && (word.len() == 3 || *name == word)
                || word == "sept" && *name == "september")
    });
    named.map_or(Token::Other, |(month, _)| Token::Name(month))
}

/// A date as far as it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    /// It is certainly one: there are words in it, or a year. `3.26` may be any number.
    is_certain: bool,
    /// `04/05/2014`: the month may be the other one.
    is_unclear: bool,
}

impl Part {
    fn certain(year: Option<i32>, month: u32, day: Option<u32>) -> Self {
        Self { year, month: Some(month), day, is_certain: true, is_unclear: false }
    }

    /// Whether there is such a day, or such a month.
    fn is_possible(self) -> bool {
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

/// What is said from a token on, if anything is, and where it ends.
fn mention(tokens: &[Token], at: usize, last_year: i32) -> Option<(Option<Mention>, usize)> {
    use Token::{Mark, Number};
    // 1-3月.
    if let [Number(from, 1..=2), Mark('-' | '~'), Number(to, 1..=2), Mark('月'), rest @ ..] =
        tokens.get(at..)?
    {
        let is_day = matches!(rest, [Number(_, 1..=2), Mark('日'), ..]);
        if !is_day && (1..*to).contains(from) && *to <= 12 {
            return Some((Some(Mention::Months), at + 4));
        }
    }
    let (first, next) = part(tokens, at)?;
    if let Some((second, end)) = second(tokens, next, first) {
        return Some((span(first, second, last_year), end));
    }
    let said = match (first.year, first.month, first.day) {
        (Some(year), Some(month), Some(day)) if !first.is_unclear => {
            NaiveDate::from_ymd_opt(year, month, day).map(|day| Mention::Day(day, true))
        }
        (Some(year), Some(month), None) => Period::new(year, month).map(Mention::Month),
        (None, Some(month), Some(day)) if first.is_certain => {
            NaiveDate::from_ymd_opt(last_year, month, day).map(|day| Mention::Day(day, false))
        }
        (None, Some(month), None) => Some(Mention::MonthOfYear(month)),
        _ => None,
    };
    Some((said, next))
}

/// The date that begins at a token, and where it ends.
fn part(tokens: &[Token], at: usize) -> Option<(Part, usize)> {
    use Token::{Mark, Name, Number};
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
        // 4月-5月 goes on with a month, and 4月1-30日 with a day.
        [Number(day, 1..=2), Mark('-' | '~' | ' '), ..] | [Number(day, 1..=2)] => (Some(day), 1),
        _ => (None, 0),
    }
}

/// What a span ends with, after a dash behind its beginning.
fn second(tokens: &[Token], at: usize, first: Part) -> Option<(Part, usize)> {
    use Token::{Mark, Number};
    if !matches!(tokens.get(at), Some(Mark('-' | '~'))) {
        return None;
    }
    let dated = part(tokens, at + 1).filter(|(second, _)| second.day.is_some() == first.day.is_some());
    if dated.is_some() {
        return dated;
    }
    match *tokens.get(at + 1..)? {
        // 2014年4月1-30日.
        [Number(day, 1..=2), ref rest @ ..]
            if first.day.is_some() && first.is_certain && !matches!(rest, [Mark('月' | '年'), ..]) =>
        {
            let second = Part { day: Some(day), ..first };
            let length = usize::from(matches!(rest, [Mark('日'), ..]));
            second.is_possible().then_some((second, at + 2 + length))
        }
        // 2014.1-5.
        [Number(month, 1..=2)] if first.day.is_none() && first.month < Some(month) && month <= 12 => {
            Some((Part { month: Some(month), ..first }, at + 2))
        }
        _ => None,
    }
}

/// What is from one date to another. A year that is not written is that of the other date, or next to it where the months
/// go over its end; where neither has one, the span ends in the year that is given.
fn span(first: Part, second: Part, last_year: i32) -> Option<Mention> {
    if first.is_unclear || second.is_unclear {
        return Some(unclear(first, second, last_year));
    }
    let (Some(from), Some(to)) = (first.month.zip(first.day), second.month.zip(second.day)) else {
        return Some(Mention::Months);
    };
    let turns = i32::from(to < from);
    let (from_year, to_year) = match (first.year, second.year) {
        (Some(from), Some(to)) => (from, to),
        (Some(from), None) => (from, from + turns),
        (None, Some(to)) => (to - turns, to),
        (None, None) => (last_year - turns, last_year),
    };
    let from = NaiveDate::from_ymd_opt(from_year, from.0, from.1);
    Some(Mention::Days(from?, NaiveDate::from_ymd_opt(to_year, to.0, to.1)?))
}

/// Two dates of which at least one may be read in two ways: the one that the other leaves, if it is one.
fn unclear(first: Part, second: Part, last_year: i32) -> Mention {
    let turned = |part: Part| Part { month: part.day, day: part.month, ..part };
    // 01/05/2014-31/05/2014: the second shows which number is the month.
    let first = match (first.is_unclear, second.is_unclear) {
        (true, false) if second.month != first.month => turned(first),
        _ => first,
    };
    match span(Part { is_unclear: false, ..first }, Part { is_unclear: false, ..second }, last_year) {
        Some(days @ Mention::Days(..)) if !second.is_unclear => days,
        _ => Mention::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said, in a short form.
    fn said(text: &str) -> Vec<String> {
        let short = |mention| match mention {
            Mention::Days(from, to) => format!("{from}..{to}"),
            Mention::Day(day, _) => day.to_string(),
            Mention::Month(period) => period.to_string(),
            Mention::MonthOfYear(month) => format!("{month}月"),
            Mention::Months => "months".to_owned(),
            Mention::Unclear => "unclear".to_owned(),
        };
        mentions(text, 2014).into_iter().map(short).collect()
    }

    #[test]
    fn the_second_date_has_what_it_does_not_write_from_the_first() {
        for text in [
            "销售报表 2014年4月1日-4月30日",
            "2014.4.1-4.30",
            "4月1日至4月30日",
            "20140401-0430",
            "2014-04-01~04-30",
            "2014-04-01-04-30",
            "统计时间:04-01 ～ 04-30",
            "2014年4月1日—30日",
            "2014年4月1-30日",
            "4月1日-2014年4月30日",
            "04/01/2014 - 04/30/2014",
            "01/04/2014-30/04/2014",
            "2014/4/1 to 2014/4/30",
            "14.4.1-14.4.30",
            "４月１号～４月３０号",
            "0401-0430",
            "4/1-4/30",
            "4.1-4.30",
            "四月1日到四月30日",
            "April 1-30",
        ] {
            assert_eq!(said(text), ["2014-04-01..2014-04-30"], "{text}");
        }
        assert_eq!(said("3.26-4.25"), ["2014-03-26..2014-04-25"]);
        assert_eq!(said("2013年12月26日-1月25日"), ["2013-12-26..2014-01-25"]);
        assert_eq!(said("12月26日-1月25日"), ["2013-12-26..2014-01-25"]);
        assert_eq!(said("12.26-2014.1.25"), ["2013-12-26..2014-01-25"]);
    }

    #[test]
    fn months_have_many_names() {
        for text in [
            "04/2014",
            "Apr-2014",
            "Apr 2014",
            "April, 2014",
            "2014 April",
            "2014-Apr",
            "2014年4月",
            "2014-04",
            "2014.4",
            "201404",
            "14年4月份",
            "二〇一四 2014年四月",
            "April 2014",
        ] {
            assert_eq!(said(text), ["2014-04"], "{text}");
        }
        for text in ["4月", "四月份", "Apr-14", "April"] {
            assert_eq!(said(text), ["4月"], "{text}");
        }
        assert_eq!(said("1月与2月对比"), ["1月", "2月"]);
        for text in [
            "1-3月",
            "1月至3月累计",
            "一至三月",
            "2014年1月-5月",
            "2014.1-5",
            "2014-04~2014-05",
            "2015年1～2月漏斗",
        ] {
            assert!(said(text).contains(&"months".to_owned()), "{text}: {:?}", said(text));
        }
    }

    #[test]
    fn other_numbers_say_nothing() {
        for text in [
            "13月",
            "12个月",
            "第3页",
            "2014年",
            "A2014-99",
            "1.2.3.4",
            "5S",
            "3.5",
            "40-60分",
            "99999999999999999999-1-1",
        ] {
            assert!(said(text).is_empty(), "{text}: {:?}", said(text));
        }
        assert_eq!(said("报表时间：2014-04-01 09:03"), ["2014-04-01"]);
        assert_eq!(said("制表 3月2日"), ["2014-03-02"]);
        assert!(said("04/05/2014").is_empty());
        assert_eq!(said("04/05/2014-05/05/2014"), ["unclear"]);
    }
}
