//! What somebody most likely meant who writes `max = 25%` or `[case]` in a TOML file.

use super::tables::{SIGNS, in_latin};
use crate::decimal;
use crate::rules::finding::{Finding, SourcePlace};

/// The lists of our files, each entry of which stands below double brackets.
const LISTS: [&str; 8] = ["case", "rule", "grade", "veto", "parameter", "metric", "source", "unscored"];

/// A better sentence for a TOML file that could not be read.
pub fn in_toml(finding: Finding, text: &str) -> Finding {
    let Some(source) = finding.source.clone() else { return finding };
    if let Some(name) = single(&source) {
        return brackets(finding, name);
    }
    // Of a single bracket and the double ones behind it the second is told to be there twice.
    if finding.message.contains("duplicate key") {
        let first = text.lines().enumerate().find_map(|(at, line)| Some((at + 1, line, single(line)?)));
        if let Some((line, written, name)) = first {
            let place = SourcePlace::at(&finding.place.file, line, 1);
            return brackets(Finding { place, source: Some(written.to_owned()), ..finding }, name);
        }
    }
    let quoted = unquoted(&source);
    let mark = SIGNS.iter().filter(|(sign, _)| !sign.is_ascii());
    let mark = mark.filter_map(|(sign, ascii)| Some((quoted.find(sign)?, *sign, *ascii)));
    if let Some((at, sign, ascii)) = mark.min() {
        let message = format!("全角字符「{sign}」要写成半角 {ascii} · write {ascii} for {sign}");
        return Finding { code: "full-width", ..told(finding, &source, at, message) };
    }
    match meant(&source, &quoted) {
        // What can be read and is another kind of value is told as what it is.
        Some((at, message)) if is_unread(&finding) => told(finding, &source, at, message),
        _ => finding,
    }
}

/// Whether the text is no TOML at all.
fn is_unread(finding: &Finding) -> bool {
    let ours =
        ["unknown", "missing field", "invalid type", "invalid value", "duplicate", "score is a number"];
    !ours.iter().any(|beginning| finding.message.starts_with(beginning))
}

fn brackets(finding: Finding, name: &str) -> Finding {
    let message = format!("[{name}] 要写成双括号 [[{name}]] · write [[{name}]], one for each entry");
    Finding { message, ..finding }
}

/// The list whose entry a line begins with single brackets.
fn single(line: &str) -> Option<&'static str> {
    let name = line.trim().strip_prefix('[')?.strip_suffix(']')?;
    LISTS.into_iter().find(|list| *list == name)
}

fn told(finding: Finding, source: &str, at: usize, message: String) -> Finding {
    let column = source.get(..at).map_or(1, |before| before.chars().count() + 1);
    Finding { place: SourcePlace { column: Some(column), ..finding.place }, message, ..finding }
}

/// What was meant in a line: where, and what is said. `bare` is the line without what stands in quotes and comments.
fn meant(source: &str, bare: &str) -> Option<(usize, String)> {
    let say = |at: usize, message: &str| Some((at, message.to_owned()));
    let end = bare.trim_end();
    if let Some(at) = bare.find("//") {
        return say(at, "注释写在 # 后面，不用 // · comments begin with #, not with //");
    }
    if let Some(last) = end.chars().next_back().filter(|last| ";,".contains(*last) && bare.contains('=')) {
        let message = format!("行末不要写「{last}」 · a line does not end with {last}");
        return Some((end.len() - 1, message));
    }
    let Some(equals) = bare.find('=') else {
        let colon = bare.find(':')?;
        return say(colon, "「:」要写成 = · write = for :");
    };
    let (key, after) = (bare.get(..equals)?, bare.get(equals + 1..)?);
    if let Some(at) = key.find(|c: char| !c.is_ascii()) {
        return say(at, "键要写英文名 · the name before = is an English one");
    }
    let at = equals + 1 + (after.len() - after.trim_start().len());
    let value = after.trim();
    if value.is_empty() {
        return say(equals, "= 后面没有值 · there is no value behind =");
    }
    if let Some(number) = value.strip_suffix('%') {
        let share = decimal::parse(number.trim())?.checked_div(rust_decimal::Decimal::ONE_HUNDRED)?;
        let share = decimal::plain(share);
        let message = format!(
            "{value} 要写成 {share}，分数只写数字 · write {share} for {value}, and points as a bare number"
        );
        return Some((at, message));
    }
    let ascii = in_latin(value);
    if ascii != value && decimal::parse(&ascii).is_some() {
        return Some((at, format!("全角数字「{value}」要写成 {ascii} · write {ascii} for 「{value}」")));
    }
    if value.starts_with('.') {
        return Some((at, format!("{value} 要写成 0{value} · write 0{value} for {value}")));
    }
    if ["True", "TRUE", "yes", "Yes", "YES", "是", "对"].contains(&value) {
        return say(at, "写成 true · write true");
    }
    if ["False", "FALSE", "no", "No", "NO", "否", "不"].contains(&value) {
        return say(at, "写成 false · write false");
    }
    let digits = value.len() - value.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let behind = value.get(digits..)?.trim_start();
    let is_exponent = behind.starts_with(['e', 'E']) && behind.ends_with(|c: char| c.is_ascii_digit());
    if digits > 0 && behind.starts_with(',') && behind.ends_with(|c: char| c.is_ascii_digit()) {
        return say(at + digits, "小数点写「.」，不写「,」 · the decimal point is '.', not ','");
    }
    if digits > 0 && behind.starts_with(|c: char| c.is_alphabetic()) && !is_exponent {
        return Some((
            at + digits,
            format!("数字后面不要写「{behind}」 · only the number, without 「{behind}」"),
        ));
    }
    if value.starts_with(|c: char| c.is_alphabetic()) {
        let written = source.get(at..)?.trim_end();
        return Some((at, format!("文字要写在英文引号里：\"{written}\" · text stands in quotes: \"…\"")));
    }
    None
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
