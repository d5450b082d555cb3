//! Where the functions and parameters of a script stand; rhai keeps no positions of them.

use super::Script;
use crate::rules::finding::Place;

/// Where `fn score` stands: the place of what concerns the rule as a whole.
pub fn declared(script: &Script<'_>) -> Place {
    place_of_function(script, "score", 0)
}

/// Where the `index`th function called `name` is declared, or the whole file.
pub fn place_of_function(script: &Script<'_>, name: &str, index: usize) -> Place {
    match declaration(script.text, name, index) {
        Some(offset) => Place::at_offset(script.file, script.text, offset),
        None => Place::file(script.file),
    }
}

/// Where a parameter of `score` is named.
pub fn place_of_parameter(script: &Script<'_>, name: &str) -> Place {
    let Some(start) = declaration(script.text, "score", 0) else { return Place::file(script.file) };
    let list = script.text.get(start..).unwrap_or_default();
    let found = words(list).find(|(_, word)| *word == name).map_or(0, |(offset, _)| offset);
    Place::at_offset(script.file, script.text, start + found)
}

/// Where a word first stands.
pub fn place_of_word(script: &Script<'_>, name: &str) -> Place {
    match words(script.text).find(|(_, word)| *word == name) {
        Some((offset, _)) => Place::at_offset(script.file, script.text, offset),
        None => Place::file(script.file),
    }
}

/// The offset of `fn` before the `index`th declaration of `name`, outside comments.
fn declaration(text: &str, name: &str, index: usize) -> Option<usize> {
    let mut line_start = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let code = line.split("//").next().unwrap_or_default();
        let mut before = None;
        for (offset, word) in words(code) {
            if let Some(start) = before.take().filter(|_| word == name) {
                found.push(line_start + start);
            }
            before = (word == "fn").then_some(offset);
        }
        line_start += line.len();
    }
    found.get(index).copied()
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
