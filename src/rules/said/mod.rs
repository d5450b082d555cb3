//! What the checks say, in the reader's language. They say it in English, where they find it; [`sentences`] has every one in
//! Chinese, and a sentence that quotes another one (a case that failed, and why) is put together of both.
//!
//! Some sentences are about Chinese signs and say both at once, `中文 · English`: of these the reader's half is shown.

mod scripts;
mod table;

use std::borrow::Cow;

use self::scripts::OF_SCRIPTS;
use self::table::{BOTH, OF_FILES, QUOTING};
use crate::http::Language;

/// What stands between the two halves of a sentence that is in both languages.
const BETWEEN: &str = " · ";

/// What stands between a name and what is said of it.
const JOINT: &str = ": ";

/// Every sentence in English with the same in Chinese, in the order in which they are tried.
fn sentences() -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    QUOTING.iter().chain(OF_FILES).chain(OF_SCRIPTS)
}

/// A finding's sentence in the reader's language.
pub fn said(text: &str, language: Language) -> Cow<'_, str> {
    match language {
        Language::Chinese => chinese(text).map_or(Cow::Borrowed(text), Cow::Owned),
        Language::English => english(text).map_or(Cow::Borrowed(text), Cow::Owned),
    }
}

/// A sentence in Chinese, where it is known there, or is known behind what it names first: a case, or whatever else has a name.
pub fn chinese(text: &str) -> Option<String> {
    known(text).or_else(|| {
        text.match_indices(JOINT).find_map(|(at, _)| {
            let (names, sentence) = (text.get(..at)?, text.get(at + JOINT.len()..)?);
            Some(format!("{}：{}", names.replace(JOINT, "："), known(sentence)?))
        })
    })
}

/// A sentence in Chinese that names nothing first.
fn known(text: &str) -> Option<String> {
    if let Some((chinese, _)) = halves(text) {
        return Some(chinese);
    }
    let known = sentences().find_map(|(english, chinese)| {
        let values = values(english, text)?;
        Some(filled(chinese, &values, chinese_or_same))
    });
    // A list of things that each have a name.
    known.or_else(|| {
        let parts = text.contains(", ").then(|| text.split(", "))?;
        Some(parts.map(chinese).collect::<Option<Vec<_>>>()?.join("、"))
    })
}

fn chinese_or_same(text: &str) -> String {
    chinese(text).unwrap_or_else(|| text.to_owned())
}

/// The English half of a sentence that is in both languages, also where another one quotes it.
fn english(text: &str) -> Option<String> {
    if let Some((_, english)) = halves(text) {
        return Some(english);
    }
    if !text.contains(BETWEEN) {
        return None;
    }
    let mut quoting = sentences().filter(|(_, chinese)| chinese.contains("!}"));
    quoting.find_map(|(pattern, chinese)| {
        let mut values = values(pattern, text)?;
        for (place, value) in values.iter_mut().enumerate() {
            if chinese.contains(&format!("{{{place}!}}")) {
                *value = Cow::Owned(english(value).unwrap_or_else(|| value.clone().into_owned()));
            }
        }
        let mut values = values.into_iter();
        let pieces = pattern.split("{}").map(str::to_owned);
        Some(
            pieces
                .reduce(|text, piece| text + &values.next().unwrap_or_default() + &piece)
                .unwrap_or_default(),
        )
    })
}

/// The halves of a sentence in both languages, if it is one and quotes none.
fn halves(text: &str) -> Option<(String, String)> {
    if let Some((chinese, english)) = BOTH.iter().find_map(|(pattern, chinese, english)| {
        let values = values(pattern, text)?;
        let same = |value: &str| value.to_owned();
        Some((filled(chinese, &values, same), filled(english, &values, same)))
    }) {
        return Some((chinese, english));
    }
    let (chinese, english) = text.split_once(BETWEEN)?;
    let is_chinese = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let is_quoting = sentences().any(|(pattern, chinese)| {
        chinese.contains("!}") && values(pattern, text).is_some_and(|values| values.len() > 1)
    });
    let begin = chinese.find(is_chinese).filter(|_| !is_quoting)?;
    // What is named first, a file or a case, stands before both.
    let names = chinese.get(..begin)?.rfind(JOINT).and_then(|at| chinese.get(..at + JOINT.len()));
    let names = names.filter(|names| !english.starts_with(*names)).unwrap_or_default();
    Some((chinese.to_owned(), format!("{names}{english}")))
}

/// What stands in a text for the places `{}` of a pattern, if it is of that form: for each as little as possible.
fn values<'a>(pattern: &str, text: &'a str) -> Option<Vec<Cow<'a, str>>> {
    let mut pieces = pattern.split("{}");
    let mut rest = text.strip_prefix(pieces.next()?)?;
    let mut values = Vec::new();
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        let at = match (piece, pieces.peek()) {
            ("", None) => rest.len(),
            (piece, None) => rest.len().checked_sub(piece.len()).filter(|_| rest.ends_with(piece))?,
            (piece, Some(_)) => rest.find(piece)?,
        };
        values.push(Cow::Borrowed(rest.get(..at)?));
        rest = rest.get(at + piece.len()..)?;
    }
    rest.is_empty().then_some(values)
}

/// A sentence with values at its places `{0}`, `{1}` …; at `{0!}` what is quoted is said in the same language.
fn filled(template: &str, values: &[Cow<'_, str>], quote: impl Fn(&str) -> String) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((place, after)) = after.split_once('}') else { break };
        let (place, is_quoted) = match place.strip_suffix('!') {
            Some(place) => (place, true),
            None => (place, false),
        };
        match place.parse::<usize>() {
            Ok(place) => {
                let value = values.get(place).map_or("", AsRef::as_ref);
                match is_quoted {
                    true => filled.push_str(&quote(value)),
                    false => filled.push_str(value),
                }
            }
            // A brace of the sentence itself.
            Err(_) => {
                filled.push('{');
                filled.push_str(place);
                filled.push('}');
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_taken_apart_and_put_together_in_the_other_language() {
        let zh = |text: &str| said(text, Language::Chinese).into_owned();
        let en = |text: &str| said(text, Language::English).into_owned();
        assert_eq!(zh("'late' is never used"), "「late」从来没有用到");
        assert_eq!(zh("满分: expected 5, got 4 (item)"), "用例「满分」：应为 5，实得 4（item）");
        assert_eq!(zh("满分: did you mean 'late'?"), "满分：是不是「late」？");
        // What it quotes is in both languages at once.
        let failed = "with late = 0: 除数为 0 · 3 / 0 cannot be computed";
        assert_eq!(zh(failed), "取 late = 0 时：除数为 0");
        assert_eq!(en(failed), "with late = 0: 3 / 0 cannot be computed");
        assert_eq!(en("「=<」要写成 <= · write <= for =<"), "write <= for =<");
        assert_eq!(zh("「=<」要写成 <= · write <= for =<"), "「=<」要写成 <=");
        assert_eq!(
            en("ratio: 5/3 数值过大 · is too large to be computed"),
            "ratio: 5/3 is too large to be computed"
        );
        assert_eq!(zh("一: 二: 'late' is never used"), "一：二：「late」从来没有用到");
        // Nobody knows it: it stays as it is, however many names it may have.
        let unknown = "a: ".repeat(200) + "x, y";
        for text in ["brand new sentence", "one, other", &unknown] {
            assert_eq!(zh(text), text);
        }
    }

    #[test]
    fn the_table_has_every_place_of_a_sentence_and_no_other() {
        for (english, chinese) in sentences() {
            let places = english.matches("{}").count();
            for place in 0..places {
                let is_used =
                    chinese.contains(&format!("{{{place}}}")) || chinese.contains(&format!("{{{place}!}}"));
                // What a reader of scripts adds in English is left out.
                assert!(is_used || english.starts_with("Expecting"), "{english} · {chinese}: {place}");
            }
            assert!(!chinese.contains(&format!("{{{places}")), "{english} · {chinese}");
            assert!(chinese.contains(|c: char| !c.is_ascii()), "{english}: {chinese}");
            let again = chinese.replace("!}", "}");
            assert!(!again.contains("{}"), "{again}");
        }
    }

    #[test]
    fn a_sentence_is_found_by_its_own_line() {
        for (english, chinese) in sentences() {
            let text = english.replace("{}", "x7");
            let found = sentences().find(|(pattern, _)| values(pattern, &text).is_some());
            // One that only quotes others may come first: it is said by what it quotes.
            let is_same = found.is_some_and(|found| found.1 == *chinese);
            assert!(is_same, "{english} is hidden by {:?}", found.map(|found| found.0));
        }
    }
}
