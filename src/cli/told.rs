//! What is told at the terminal: every sentence is said in both languages, and printed in the one that is read there.

use std::error::Error;
use std::fmt::Display;
use std::io;
use std::sync::OnceLock;

use crate::config::Reader;
use crate::db::embedded::EmbeddedError;
use crate::http::Problem;
use crate::said::{Language, Said};

/// Who reads what is printed and written.
static READER: OnceLock<Reader> = OnceLock::new();

/// Says who reads. Only the first one counts: a process has one command line.
pub fn read_by(reader: Reader) {
    let _ = READER.set(reader);
}

/// The language in which everything is printed: what the command line asks for, or else that of the locale.
pub fn language() -> Language {
    READER.get().map_or(Language::English, Reader::language)
}

/// The language of workbooks that are written: what the command line asks for, or else Chinese.
pub fn language_of_files() -> Language {
    READER.get().map_or(Language::default(), Reader::language_of_files)
}

/// A text that is said in both languages, in the terminal's: `tell!("没有方案“{name}”", "there is no scheme '{name}'")`.
macro_rules! tell {
    ($zh:literal, $en:literal $(, $($argument:tt)*)?) => {
        match $crate::cli::told::language() {
            $crate::said::Language::Chinese => format!($zh $(, $($argument)*)?),
            $crate::said::Language::English => format!($en $(, $($argument)*)?),
        }
    };
}

pub(crate) use tell;

/// One of two texts: the Chinese one, or the English one.
pub fn one_of<'t>((zh, en): (&'t str, &'t str)) -> &'t str {
    match language() {
        Language::Chinese => zh,
        Language::English => en,
    }
}

/// A word as it is typed; in Chinese behind what it is called in the showroom.
pub fn word(label: &str, word: impl Display) -> String {
    tell!("{label}（{word}）", "{word}")
}

/// A list within a sentence.
pub fn listed(items: &[impl AsRef<str>]) -> String {
    let items = items.iter().map(AsRef::as_ref).collect::<Vec<_>>();
    items.join(one_of(("、", ", ")))
}

/// An error with its causes.
pub fn told(error: &anyhow::Error) -> String {
    let causes = error.chain().map(cause).collect::<Vec<_>>();
    causes.join(one_of(("：", ": ")))
}

fn cause(cause: &(dyn Error + 'static)) -> String {
    if let Some(problem) = cause.downcast_ref::<Problem>() {
        return problem.told(language());
    }
    let said = cause.downcast_ref::<Said>().cloned();
    let said = said.or_else(|| Some(cause.downcast_ref::<EmbeddedError>()?.said()));
    let said = said.or_else(|| Some(Said::of_system(cause.downcast_ref::<io::Error>()?)));
    said.map_or_else(|| cause.to_string(), |said| said.in_language(language()).to_owned())
}
