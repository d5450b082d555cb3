//! What somebody most likely meant who writes `60%`, `=<`, `and` or 交车台数: said in both languages, at the place itself.

mod tables;
mod toml;
mod unclosed;

pub use self::tables::{elsewhere, in_latin};
pub use self::toml::in_toml;

use self::tables::{CHINESE, SIGNS, WORDS};
use super::check::code_of;
use super::finding::{Finding, SourcePlace};
use crate::ledger::metric::Catalogue;

/// A better sentence for a script that could not be read, if its line has one of the usual mistakes.
pub fn in_script(finding: Finding, text: &str, catalogue: &Catalogue) -> Finding {
    let code = code_of(text);
    let Some(line) = finding.place.line else { return finding };
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let written = text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let column = finding.place.column.unwrap_or(1).saturating_sub(1);
    let at = written.char_indices().nth(column).map_or(written.len(), |(at, _)| at);
    let own = code.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let there = at_the_place(&finding, own, at);
    // What rules cannot use has been said.
    if !["syntax", "full-width", "unknown-name"].contains(&finding.code) {
        return match there {
            Some(meant) => meant.told(&finding, text, line, written),
            None => finding,
        };
    }
    if let Some(offset) = unclosed::back_tick(text, line) {
        return opened(&finding, text, offset, "这个反引号没有闭合 · this back-tick is never closed");
    }
    if let Some(meant) = there {
        return meant.told(&finding, text, line, written);
    }
    // What is missing at the end of a line is noticed in the next.
    let lines = [line, line.saturating_sub(1)];
    for line in lines.into_iter().filter(|line| *line > 0) {
        let Some(code) = code.lines().nth(line.saturating_sub(1)) else { continue };
        let Some(written) = text.lines().nth(line.saturating_sub(1)) else { continue };
        if let Some(meant) = meant(code, written, catalogue) {
            return meant.told(&finding, text, line, written);
        }
    }
    about_braces(finding, text, &code, start + at)
}

/// A sentence about the brace that is the reason for what was found at an offset, if one is.
fn about_braces(finding: Finding, text: &str, code: &str, at: usize) -> Finding {
    let rest = code.get(at..).unwrap_or_default();
    // What closes nothing is no code any more.
    let is_closing = text.get(at..).is_some_and(|rest| rest.starts_with('}'));
    if is_closing && unclosed::closes_nothing(code, at) {
        return opened(&finding, text, at, "这个 } 没有对应的 { · this } closes nothing");
    }
    let before = code.get(..at).unwrap_or_default().trim_end();
    let is_misplaced = word(rest) == "fn" || (word(rest) == "else" && !before.ends_with(['}', ';']));
    // Where the text is over, whatever is missing there is missing because of the brace.
    let is_over = rest.trim().is_empty();
    let is_about = finding.message.contains('}') || finding.message.contains("end");
    let end = if is_misplaced { at } else { code.len() };
    match unclosed::brace(code, end).filter(|_| is_misplaced || is_over || is_about) {
        Some(offset) => opened(&finding, text, offset, "这个 { 没有对应的 } · this { is never closed"),
        None => finding,
    }
}

fn opened(finding: &Finding, text: &str, offset: usize, message: &str) -> Finding {
    let place = SourcePlace::at_offset(&finding.place.file, text, offset);
    Finding::error("syntax", place, text, message)
}

/// The word that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// What was meant by just what stands at the place of a finding.
fn at_the_place(finding: &Finding, code: &str, at: usize) -> Option<Meant> {
    let (before, rest) = (code.get(..at)?, code.get(at..)?);
    let say = |at: usize, message: String| Some(Meant { at, code: "syntax", message, suggestion: None });
    let write =
        |sign: &str, other: &str| say(at, format!("「{sign}」要写成 {other} · write {other} for {sign}"));
    if finding.code != "syntax" {
        return reserved(before, rest).and_then(|(sign, other)| write(sign, other));
    }
    if finding.message.starts_with("Invalid character") {
        return say(at, "文字要写在双引号里：\"…\" · text stands in double quotes: \"…\"".to_owned());
    }
    // `2late`, `2(late)`, `1e3`, `2 x late`.
    if before.ends_with(|c: char| c.is_ascii_digit())
        && rest.starts_with(|c: char| c.is_ascii_alphabetic() || "(_".contains(c))
    {
        return exponent(before, rest).or_else(|| {
            let message = "数和名字之间要写 * · write * between a number and what it multiplies";
            say(at, message.to_owned())
        });
    }
    let is_operand = |c: char| c.is_ascii_alphanumeric() || c == ')' || c == '_';
    if matches!(word(rest), "x" | "X") && before.trim_end().ends_with(is_operand) {
        return write(word(rest), "*");
    }
    // `< =`.
    let last = before.trim_end().chars().next_back();
    if let Some(sign) =
        last.filter(|sign| "<>!=".contains(*sign) && rest.starts_with('=') && before.ends_with(' '))
    {
        let message = format!("「{sign} =」中间不要空格，写成 {sign}= · write {sign}= without a blank");
        return say(before.trim_end().len().saturating_sub(1), message);
    }
    if rest.trim() == ":" {
        return write(":", "{");
    }
    let (sign, other) = reserved(before, rest).or_else(|| {
        let is_ternary = rest.starts_with('?');
        is_ternary.then_some(("?", "if … { … } else { … }"))
    })?;
    write(sign, other)
}

/// What is another language's beginning of a comment, or word, and what rules have for it.
fn reserved(before: &str, rest: &str) -> Option<(&'static str, &'static str)> {
    const OURS: &[(&str, &str)] = &[("++", "+= 1"), ("--", "-= 1"), ("var", "let"), ("null", "applies(…)")];
    let is_first = before.trim().is_empty() && !rest.starts_with("#{");
    let comment = ["#", "--", "/"].into_iter().find(|sign| is_first && rest.starts_with(sign));
    let ours = OURS
        .iter()
        .copied()
        .find(|(sign, _)| word(rest) == *sign || (word(rest).is_empty() && rest.starts_with(sign)));
    comment.map(|sign| (sign, "//")).or(ours)
}

/// `1e3`: the digits before, and what stands behind them.
fn exponent(before: &str, rest: &str) -> Option<Meant> {
    let start = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let power = rest.strip_prefix(['e', 'E'])?;
    let sign = power.len() - power.trim_start_matches(['+', '-']).len();
    let digits = power.get(sign..)?.find(|c: char| !c.is_ascii_digit()).unwrap_or(power.len() - sign);
    let written =
        format!("{}{}", before.get(start..)?, rest.get(..1 + sign + digits).filter(|_| digits > 0)?);
    let plain = crate::decimal::plain(crate::decimal::parse(&written)?);
    let message = format!("{written} 要写成 {plain} · write {plain} for {written}");
    Some(Meant { at: start, code: "syntax", message, suggestion: None })
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
        if let Some((_, sign)) = CHINESE.iter().find(|(word, _)| *word == name) {
            let message = format!("「{name}」要写成 {sign} · write {sign} for 「{name}」");
            return Some(Meant { at, code: "syntax", message, suggestion: None });
        }
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
            "「{letter}」(U+{number:04X}) 不是英文字母，只是看起来像 · 「{letter}」 (U+{number:04X}): this letter only looks like a Latin one"
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
