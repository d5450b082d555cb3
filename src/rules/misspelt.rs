//! What somebody most likely meant who writes `60%`, `=<`, `and` or 交车台数: said in both languages, at the place itself.

use super::check::code_of;
use super::finding::{Finding, SourcePlace};
use crate::ledger::metric::Catalogue;

/// Signs that are written otherwise.
const SIGNS: &[(&str, &str)] = &[
    ("=<", "<="),
    ("=>", ">="),
    ("<>", "!="),
    ("≥", ">="),
    ("≤", "<="),
    ("≠", "!="),
    ("×", "*"),
    ("÷", "/"),
    ("−", "-"),
    ("–", "-"),
    ("—", "-"),
    ("（", "("),
    ("）", ")"),
    ("｛", "{"),
    ("｝", "}"),
    ("【", "["),
    ("】", "]"),
    ("，", ","),
    ("、", ","),
    ("；", ";"),
    ("：", ":"),
    ("＝", "="),
    ("＋", "+"),
    ("－", "-"),
    ("＊", "*"),
    ("／", "/"),
    ("＜", "<"),
    ("＞", ">"),
    ("！", "!"),
    ("％", "%"),
    ("＆", "&"),
    ("｜", "|"),
    ("．", "."),
    ("“", "\""),
    ("”", "\""),
    ("＂", "\""),
];

/// Words of other languages.
const WORDS: &[(&str, &str)] = &[
    ("and", "&&"),
    ("or", "||"),
    ("not", "!"),
    ("elif", "else if"),
    ("elseif", "else if"),
    ("elsif", "else if"),
    ("then", "{ … }"),
    ("null", "applies(…)"),
    ("None", "applies(…)"),
];

/// A better sentence for a script that could not be read, if its line has one of the usual mistakes.
pub fn in_script(finding: Finding, text: &str, catalogue: &Catalogue) -> Finding {
    // What rules cannot use has been said.
    if !["syntax", "full-width", "unknown-name"].contains(&finding.code) {
        return finding;
    }
    let code = code_of(text);
    let Some(line) = finding.place.line else { return finding };
    // What is missing at the end of a line is noticed in the next.
    let lines = [line, line.saturating_sub(1)];
    for line in lines.into_iter().filter(|line| *line > 0) {
        let Some(code) = code.lines().nth(line.saturating_sub(1)) else { continue };
        let Some(written) = text.lines().nth(line.saturating_sub(1)) else { continue };
        if let Some(meant) = meant(code, written, catalogue) {
            return meant.told(&finding, text, line, written);
        }
    }
    // Where the text is over, whatever is missing there is missing because of the brace.
    let is_over = line > text.trim_end().lines().count();
    let is_about = finding.message.contains('}') || finding.message.contains("end");
    match open_brace(&code).filter(|_| is_over || is_about) {
        Some(offset) => Finding {
            message: "这个 { 没有对应的 } · this { is never closed".to_owned(),
            place: SourcePlace::at_offset(&finding.place.file, text, offset),
            source: line_of(text, offset),
            ..finding
        },
        None => finding,
    }
}

/// A better sentence for a TOML file that could not be read.
pub fn in_toml(finding: Finding) -> Finding {
    let Some(source) = finding.source.clone() else { return finding };
    let trimmed = source.trim();
    let single = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).filter(|name| {
        ["case", "rule", "grade", "veto", "parameter", "metric", "source", "unscored"].contains(name)
    });
    if let Some(name) = single {
        return Finding {
            message: format!("[{name}] 要写成双括号 [[{name}]] · write [[{name}]], one for each entry"),
            ..finding
        };
    }
    let quoted = unquoted(&source);
    let mark = SIGNS
        .iter()
        .filter(|(sign, _)| !sign.is_ascii())
        .find_map(|(sign, ascii)| quoted.find(sign).map(|at| (at, *sign, *ascii)));
    match mark {
        Some((at, sign, ascii)) => {
            let column = source.get(..at).map_or(1, |before| before.chars().count() + 1);
            Finding {
                code: "full-width",
                message: format!("全角字符「{sign}」要写成半角 {ascii} · write {ascii} for {sign}"),
                place: SourcePlace { column: Some(column), ..finding.place },
                ..finding
            }
        }
        None => finding,
    }
}

/// A line of TOML with blanks for what stands in quotes and comments, byte for byte.
fn unquoted(line: &str) -> String {
    let mut quote = None;
    let mut is_comment = false;
    let mut out = String::with_capacity(line.len());
    for character in line.chars() {
        let is_within = quote.is_some() || is_comment;
        match character {
            '"' | '\'' if quote == Some(character) => quote = None,
            '"' | '\'' if !is_within => quote = Some(character),
            '#' if !is_within => is_comment = true,
            _ => {}
        }
        match is_within {
            true => out.extend(std::iter::repeat_n(' ', character.len_utf8())),
            false => out.push(character),
        }
    }
    out
}

/// What was meant: where in the line, what is said, and under which code.
struct Meant {
    at: usize,
    code: &'static str,
    message: String,
    suggestion: Option<String>,
}

impl Meant {
    fn told(self, finding: &Finding, text: &str, line: usize, written: &str) -> Finding {
        let column = written.get(..self.at).map_or(1, |before| before.chars().count() + 1);
        let place = SourcePlace::at(&finding.place.file, line, column);
        Finding::error(self.code, place, text, self.message).suggesting(self.suggestion)
    }
}

fn meant(code: &str, written: &str, catalogue: &Catalogue) -> Option<Meant> {
    // What stands in quotes of the wrong kind is no name.
    let first_sign = SIGNS.iter().filter_map(|(sign, _)| code.find(sign)).min();
    if let Some((at, name)) = chinese(code).filter(|(at, _)| first_sign.is_none_or(|sign| *at < sign)) {
        let metric = catalogue.entries().find(|(_, metric)| metric.zh == name);
        let suggestion = metric.map(|(_, metric)| format!("「{name}」写作 {} · write {0}", metric.name));
        let message = format!("脚本里要写英文名，不能写「{name}」 · scripts use English names");
        return Some(Meant { at, code: "unknown-name", message, suggestion });
    }
    // The first in the line; of two that begin there the longer one.
    for (sign, ascii) in SIGNS {
        if let Some(at) = code.find(sign).filter(|at| Some(*at) == first_sign) {
            let message = format!("「{sign}」要写成 {ascii} · write {ascii} for {sign}");
            let code = if sign.is_ascii() { "syntax" } else { "full-width" };
            return Some(Meant { at, code, message, suggestion: None });
        }
    }
    if let Some((at, letter)) = code.char_indices().find(|(_, c)| c.is_alphabetic() && !c.is_ascii()) {
        let number = u32::from(letter);
        let message = format!(
            "「{letter}」(U+{number:04X}) 不是英文字母，只是看起来像 · this letter only looks like a Latin one"
        );
        return Some(Meant { at, code: "syntax", message, suggestion: None });
    }
    if let Some((at, word, other)) = words(code) {
        let message = format!("「{word}」要写成 {other} · write {other} for {word}");
        return Some(Meant { at, code: "syntax", message, suggestion: None });
    }
    percentage(code, written)
}

/// The first run of Chinese characters in code.
fn chinese(code: &str) -> Option<(usize, &str)> {
    let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let at = code.find(is_chinese)?;
    let rest = code.get(at..)?;
    Some((at, rest.get(..rest.find(|c| !is_chinese(c)).unwrap_or(rest.len()))?))
}

fn words(code: &str) -> Option<(usize, &'static str, &'static str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    WORDS.iter().find_map(|(word, other)| {
        let found = code.match_indices(word).find(|(at, _)| {
            let before = code.get(..*at).and_then(|before| before.chars().next_back());
            let after = code.get(at + word.len()..).and_then(|after| after.chars().next());
            !before.is_some_and(is_part) && !after.is_some_and(is_part)
        });
        found.map(|(at, _)| (at, *word, *other))
    })
}

/// `60%`: a per cent sign behind a number with nothing to divide by.
fn percentage(code: &str, written: &str) -> Option<Meant> {
    let (at, number) = code.match_indices('%').find_map(|(at, _)| {
        let before = code.get(..at)?;
        let start =
            before.len() - before.chars().rev().take_while(|c| c.is_ascii_digit() || *c == '.').count();
        let number = written.get(start..at).filter(|number| !number.is_empty())?;
        let after = code.get(at + 1..)?.trim_start();
        let is_modulo = after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '(' || c == '_');
        (!is_modulo).then_some((start, number))
    })?;
    let share = crate::decimal::parse(number)?.checked_div(rust_decimal::Decimal::ONE_HUNDRED)?;
    let share = crate::decimal::plain(share);
    let message = format!("{number}% 要写成 {share} · write {share} for {number}%");
    Some(Meant { at, code: "syntax", message, suggestion: None })
}

/// The offset of the last brace that is opened and never closed.
fn open_brace(code: &str) -> Option<usize> {
    let mut open = Vec::new();
    for (at, character) in code.char_indices() {
        match character {
            '{' => open.push(at),
            '}' => {
                open.pop();
            }
            _ => {}
        }
    }
    open.pop()
}

fn line_of(text: &str, offset: usize) -> Option<String> {
    let before = text.get(..offset)?;
    let line = text.lines().nth(before.matches('\n').count())?;
    Some(line.chars().take(200).collect())
}
