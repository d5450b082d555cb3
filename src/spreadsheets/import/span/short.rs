//! Two short numbers that may be a month: `14/04`, `04.14`, `1404`. Which of them is the year is not written; where one of them
//! can be, every way to read them is held against the month that is asked for.

use crate::period::Period;
use crate::spreadsheets::import::number::half_width;

/// A year is written in two digits where it is no further away than this; and beside a number of one digit, which mostly is
/// something else, where it is no further away than that.
const YEARS: i32 = 5;
const YEARS_BESIDE_A_DIGIT: i32 = 1;

/// What stands behind a number that counts or measures something, or that is a part of a longer one.
const UNITS: &str = "年月日号期周天时点分秒页届组店台辆人次个单件户条张批份元万千百亿%折℃:.,/-+~〜—–至到";

/// What stands before a number that is none by itself.
const BEFORE: &str = "第共约¥$+.,/-~〜—–至到:№#";

/// The two numbers of a text, and the month that they name, where they can be a month and not the one that is asked for.
/// In a title there have to be words beside some; a name is none of a table's numbers.
pub(in crate::spreadsheets::import) fn other_short(
    text: &str,
    asked: Period,
    is_name: bool,
) -> Option<String> {
    let chars = text.chars().map(half_width).collect::<Vec<_>>();
    let has_words = is_name || chars.iter().any(|c| c.is_alphabetic());
    let mut at = 0;
    while at < chars.len() {
        let length = digits(&chars, at);
        let Some((pair, next)) = pair(&chars, at, length, has_words) else {
            at += length.max(1);
            continue;
        };
        match pair.read(asked) {
            Reads::Another(month) => {
                let written = chars.get(at..next).unwrap_or_default().iter().collect::<String>();
                return Some(format!("{written}（{month}）"));
            }
            Reads::Asked => return None,
            Reads::Nothing => at = next,
        }
    }
    None
}

/// How many digits stand from a place on.
fn digits(chars: &[char], at: usize) -> usize {
    chars.get(at..).unwrap_or_default().iter().take_while(|c| c.is_ascii_digit()).count()
}

/// Two numbers that may be a month.
struct Pair {
    numbers: [i32; 2],
    /// How far away the year may be.
    years: i32,
}

/// Two numbers from a place on, and where they end. Without a mark between them, or with a point, there have to be words
/// beside them: 14.04 and 1404 are numbers as any others.
fn pair(chars: &[char], at: usize, length: usize, has_words: bool) -> Option<(Pair, usize)> {
    let number = |at: usize, length: usize| -> Option<i32> {
        chars.get(at..at.checked_add(length)?)?.iter().collect::<String>().parse().ok()
    };
    let (first, behind) = if length == 4 { (2, at + 2) } else { (length, at + length + 1) };
    let second = if length == 4 { 2 } else { digits(chars, behind) };
    let is_parted = match chars.get(at + length) {
        _ if length == 4 => has_words,
        Some('/' | '-') => true,
        Some('.' | '_') => has_words,
        _ => false,
    };
    let is_sized = matches!((first, second), (2, 1 | 2) | (1, 2));
    let end = behind + second;
    let before = at.checked_sub(1).and_then(|before| chars.get(before));
    let is_apart = before.is_none_or(|c| !c.is_ascii_alphanumeric() && !BEFORE.contains(*c));
    let after = chars.get(end);
    let is_whole = after.is_none_or(|c| !c.is_ascii_alphanumeric() && !UNITS.contains(*c))
        // The end of a file's name is none.
        || after == Some(&'.') && chars.get(end + 1).is_some_and(char::is_ascii_alphabetic);
    let numbers = [number(at, first)?, number(behind, second)?];
    let is_year = length == 4 && matches!(numbers, [20, _] | [19, 90..=99]);
    let years = if first + second == 4 { YEARS } else { YEARS_BESIDE_A_DIGIT };
    (is_parted && is_sized && is_apart && is_whole && !is_year).then_some((Pair { numbers, years }, end))
}

/// What two numbers can be.
enum Reads {
    /// No month: neither can be its year.
    Nothing,
    /// Also the month that is asked for, or a day of it.
    Asked,
    /// Only another one.
    Another(Period),
}

impl Pair {
    fn read(&self, asked: Period) -> Reads {
        let [one, other] = self.numbers;
        let month = |year: i32, month: i32| {
            let year = 2000 + year;
            let is_near = (year - asked.year()).abs() <= self.years;
            u32::try_from(month).ok().filter(|_| is_near).and_then(|month| Period::new(year, month))
        };
        let months = [month(one, other), month(other, one)];
        let Some(first) = months.into_iter().flatten().next() else { return Reads::Nothing };
        let is_day = |month: i32, day: i32| {
            let asked_month = i32::try_from(asked.month()).ok();
            Some(month) == asked_month && (1..=31).contains(&day)
        };
        let is_asked = months.contains(&Some(asked)) || is_day(one, other) || is_day(other, one);
        if is_asked { Reads::Asked } else { Reads::Another(first) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_months_are_held_against_the_one_that_is_asked_for() {
        let may = Period::new(2014, 5).unwrap();
        for (text, month) in [
            ("14/04", "2014-04"),
            ("销售报表 14/04", "2014-04"),
            ("销售报表(04/14)", "2014-04"),
            ("1404销售报表", "2014-04"),
            ("销售报表14.04", "2014-04"),
            ("DMS 0414", "2014-04"),
            ("业绩_13-12", "2013-12"),
            ("业绩１４／０４", "2014-04"),
            ("业绩 1404.xlsx", "2014-04"),
            ("业绩14.4", "2014-04"),
            ("业绩（4/14）", "2014-04"),
            ("14-4", "2014-04"),
        ] {
            let found = other_short(text, may, false).unwrap_or_default();
            assert!(found.ends_with(&format!("（{month}）")), "{text}: {found}");
        }
        for text in [
            // The month itself, or a day of it.
            "14/05",
            "05/14",
            "1405销售报表",
            "12/05",
            "业绩 0512",
            // No year is near.
            "03/04",
            "24/12",
            "业绩12.5",
            "8/9",
            // Other numbers.
            "1404",
            "14.04",
            "共1404台",
            "1404台",
            "14.04万",
            "第10/11页",
            "2014 报表",
            "版本 V12.04",
            "A1404",
            "14/04/02 报表",
            "114/04",
        ] {
            assert_eq!(other_short(text, may, false), None, "{text}");
        }
        // A worksheet may be called so.
        assert_eq!(other_short("1404", may, true).as_deref(), Some("1404（2014-04）"));
    }
}
