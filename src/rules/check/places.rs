//! Where the functions and parameters of a script stand; rhai keeps no positions of them.

use rhai::Position;

use super::Script;
use super::source::code_of;
use crate::rules::finding::SourcePlace;

/// Where `fn score` stands: the place of what concerns the rule as a whole.
pub fn declared(script: &Script<'_>) -> SourcePlace {
    place_of_function(script, "score", 0)
}

/// Where the `index`th function called `name` is declared, or the whole file.
pub fn place_of_function(script: &Script<'_>, name: &str, index: usize) -> SourcePlace {
    match declarations(&code_of(script.text), name).get(index) {
        Some(offset) => SourcePlace::at_offset(script.file, script.text, *offset),
        None => SourcePlace::file(script.file),
    }
}

/// Where a parameter is named of the function whose `fn` stands at `offset`.
pub fn place_of_parameter(script: &Script<'_>, offset: usize, name: &str) -> SourcePlace {
    let code = code_of(script.text);
    let list = code.get(offset..).unwrap_or_default();
    // Behind the bracket: a function can have the name of its parameter.
    let bracket = list.find('(').unwrap_or_default();
    let list = list.get(bracket..).unwrap_or_default();
    let found = words(list).find(|(_, word)| *word == name).map_or(0, |(at, _)| bracket + at);
    SourcePlace::at_offset(script.file, script.text, offset + found)
}

/// Where a word first stands.
pub fn place_of_word(script: &Script<'_>, name: &str) -> SourcePlace {
    match words(&code_of(script.text)).find(|(_, word)| *word == name) {
        Some((offset, _)) => SourcePlace::at_offset(script.file, script.text, offset),
        None => SourcePlace::file(script.file),
    }
}

/// The offset of `fn` before the function called `name` that has so many parameters.
pub fn declaration(text: &str, name: &str, parameters: usize) -> Option<usize> {
    let code = code_of(text);
    let found = declarations(&code, name);
    let has_as_many = |offset: &&usize| {
        let rest = code.get(**offset..).unwrap_or_default();
        let list = rest.split_once('(').and_then(|(_, list)| list.split_once(')'));
        list.is_some_and(|(list, _)| words(list).count() == parameters)
    };
    found.iter().find(has_as_many).or_else(|| found.first()).copied()
}

/// The offsets of `fn` before the declarations of `name`.
fn declarations(code: &str, name: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut before = None;
    for (offset, word) in words(code) {
        found.extend(before.take().filter(|_| word == name));
        before = (word == "fn").then_some(offset);
    }
    found
}

/// The offset of a position in a text.
pub fn offset_of(text: &str, position: Position) -> Option<usize> {
    let (line, column) = (position.line()?, position.position()?);
    let line_start: usize = text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
    let rest = text.get(line_start..)?;
    let (within, _) = rest.char_indices().nth(column.checked_sub(1)?)?;
    Some(line_start + within)
}

/// The names and words of a text with their offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text.get(rest..)?.find(is_part)?;
        let word = text.get(start..)?;
        let length = word.find(|c| !is_part(c)).unwrap_or(word.len());
        rest = start + length;
        Some((start, text.get(start..rest)?))
    })
}

/// The offset of the first thing of the statement that a position is part of, when it begins one: what stands before it is
/// `{`, `;` or `}`. None for what stands behind `else` or `=`.
pub fn statement_start(code: &str, offset: usize) -> Option<usize> {
    let before = code.get(..offset)?;
    let opening =
        before.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '(' | '[' | '-' | '!' | '+'));
    let start = before.len() - before.strip_prefix(opening)?.trim_start().len();
    opening.ends_with(['{', ';', '}']).then_some(start)
}

/// Where a number is written that is not decimal: `0xFF`, `0o17`, `0b1`.
pub fn other_numbers(script: &Script<'_>) -> Vec<SourcePlace> {
    let code = code_of(script.text);
    let is_other = |word: &str| {
        let mut characters = word.chars();
        characters.next() == Some('0') && characters.next().is_some_and(|c| "xXoObB".contains(c))
    };
    words(&code)
        .filter(|(_, word)| is_other(word))
        .map(|(offset, _)| SourcePlace::at_offset(script.file, script.text, offset))
        .collect()
}
