//! A text taken apart: numbers, names of months, and the marks between them.

use crate::spreadsheets::import::number::half_width;

/// A piece of a text that may be a part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A run of digits, and how many.
    Number(u32, usize),
    /// A month's English name.
    Name(u32),
    /// 年, 月, 日, `-`, `/`, `.`, `_`, `(`, `:`, or a space between digits; `~` stands for everything that means "to".
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

/// The Chinese digits.
const DIGITS: &str = "〇一二三四五六七八九";

/// The text with 二〇一四年, 五月 and 二十日 in digits.
fn with_numerals(text: &str) -> String {
    let is_numeral = |c: char| DIGITS.contains(c) || "零○0十廿卅".contains(c);
    let mut found = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_numeral) {
        let (before, from) = rest.split_at(at);
        let (run, behind) = from.split_at(from.find(|c| !is_numeral(c)).unwrap_or(from.len()));
        found.push_str(before);
        let number = match behind.chars().next() {
            Some('年') => year(run),
            Some('月' | '日' | '号') => numeral(run),
            _ => None,
        };
        match number {
            Some(number) => found.push_str(&number.to_string()),
            None => found.push_str(run),
        }
        rest = behind;
    }
    found + rest
}

/// 二〇一四, and 二0一四.
fn year(run: &str) -> Option<u32> {
    let digit = |c: char| match c {
        '零' | '○' | '0' => Some(0),
        other => digit(other),
    };
    let digits = run.chars().map(digit).collect::<Option<Vec<_>>>()?;
    (digits.len() == 4).then(|| digits.into_iter().fold(0, |year, digit| year * 10 + digit))
}

/// 五, 十二, 二十, 三十一, 廿五.
fn numeral(run: &str) -> Option<u32> {
    let ones = |rest: &str| match rest.chars().collect::<Vec<_>>().as_slice() {
        [] => Some(0),
        [one] => digit(*one).filter(|one| *one > 0),
        _ => None,
    };
    let number = match (run.split_once('十'), run.strip_prefix('廿'), run.strip_prefix('卅')) {
        (Some(("", rest)), ..) => 10 + ones(rest)?,
        (Some((tens, rest)), ..) => 10 * ones(tens)? + ones(rest)?,
        (None, Some(rest), _) => 20 + ones(rest)?,
        (None, None, Some(rest)) => 30 + ones(rest)?,
        (None, None, None) => ones(run)?,
    };
    (1..=31).contains(&number).then_some(number)
}

fn digit(c: char) -> Option<u32> {
    DIGITS.chars().zip(0..).find(|(written, _)| *written == c).map(|(_, digit)| digit)
}

/// The text in half-width characters, with 二月 and 一至三月 in digits.
fn in_digits(text: &str) -> String {
    let text: String = text.chars().map(half_width).flat_map(char::to_lowercase).collect();
    let text = with_numerals(&text);
    let text = MONTHS.iter().fold(text, |text, (written, digits)| text.replace(written, digits));
    MONTHS.iter().skip(3).fold(text, |text, (written, digits)| {
        let (written, digit) = (written.trim_end_matches('月'), digits.trim_end_matches('月'));
        ["至", "到", "-", "~"]
            .iter()
            .fold(text, |text, dash| text.replace(&format!("{written}{dash}"), &format!("{digit}{dash}")))
    })
}

/// The pieces of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
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
            '年' | '月' | '-' | '/' | '.' | '_' | '(' | ':' => (Token::Mark(c), c.len_utf8()),
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
