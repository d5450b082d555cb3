//! Days, months and spans as people write them: `2014年4月1日-4月30日`, `05-01 ～ 05-26`, `20140401-0430`, `Apr-2014`, `1-3月`.
//! Pure: what is not written, most often the second year, follows from what is, and else from the year asked for.

mod part;
mod short;
mod tokens;

use chrono::NaiveDate;

use self::part::{Part, part};
pub(super) use self::short::other_short;
use self::tokens::{Token, tokens};
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

/// The years that are named without a month.
pub(super) fn spoken_years(text: &str) -> Vec<i32> {
    use Token::{Mark, Number};
    let tokens = tokens(text);
    let year = |at: usize| match *tokens.get(at..)? {
        [Number(_, 4), Mark('年'), Number(..), ..] => None,
        [Number(year @ 1900..2100, 4), Mark('年'), ..] => i32::try_from(year).ok(),
        _ => None,
    };
    (0..tokens.len()).filter_map(year).collect()
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
    // 月份：4.
    let is_behind_number =
        at.checked_sub(1).is_some_and(|before| matches!(tokens.get(before), Some(Number(..))));
    if let [Mark('月'), Mark(':'), Number(month @ 1..=12, 1..=2), rest @ ..] = tokens.get(at..)?
        && !is_behind_number
        && !matches!(rest, [Mark('月' | '日' | '-' | '/' | '.' | '~' | ':'), ..])
    {
        return Some((Some(Mention::MonthOfYear(*month)), at + 3));
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
            "Apr 1, 2014 - Apr 30, 2014",
            "1 April 2014 to 30 April 2014",
            "01-Apr-14 to 30-Apr-14",
            "2014年4月（1日-30日）",
            "4月(1-30日)",
            "四月一日至四月三十日",
            "二〇一四年四月一日—二〇一四年四月三十日",
        ] {
            assert_eq!(said(text), ["2014-04-01..2014-04-30"], "{text}");
        }
        assert_eq!(said("3.26-4.25"), ["2014-03-26..2014-04-25"]);
        assert_eq!(said("2013年12月26日-1月25日"), ["2013-12-26..2014-01-25"]);
        assert_eq!(said("12月26日-1月25日"), ["2013-12-26..2014-01-25"]);
        assert_eq!(said("五月一日至廿五日"), ["2014-05-01..2014-05-25"]);
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
            "二〇一四年四月",
            "二０一四年四月份",
            "April 2014",
        ] {
            assert_eq!(said(text), ["2014-04"], "{text}");
        }
        for text in ["4月", "四月份", "Apr-14", "April", "月份：4", "4月(2)", "4月（30天）"] {
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
            "一二三号",
            "周一日期",
            "二十一世纪",
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
        assert_eq!(spoken_years("2014年销售业绩（2015年4月）"), [2014]);
        assert!(said("本月第3周").is_empty() && said("每月：10日").is_empty());
        assert!(said("04/05/2014").is_empty());
        assert_eq!(said("04/05/2014-05/05/2014"), ["unclear"]);
    }
}
