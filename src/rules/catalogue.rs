//! What is said of the catalogue of a bundle.

use super::check::MAXIMUM;
use super::finding::{Finding, SourcePlace};
use super::scheme::place_of_text;
use super::{host, misspelt};
use crate::ledger::catalogue::CATALOGUE_FILE;
use crate::ledger::metric::{Catalogue, CatalogueError};

/// Words of the rule language: no parameter of a rule can have such a name.
const WORDS: &[&str] = &[
    "let", "const", "if", "else", "fn", "return", "true", "false", "switch", "for", "while", "loop", "do",
    "in", "break", "continue", "import", "export", "private", "this", "global", "score",
];

/// Why a catalogue cannot be used.
pub fn finding(text: &str, error: &CatalogueError) -> Finding {
    match error {
        CatalogueError::Syntax(syntax) => {
            let place = match syntax.span() {
                Some(span) => SourcePlace::at_offset(CATALOGUE_FILE, text, span.start),
                None => SourcePlace::file(CATALOGUE_FILE),
            };
            let message = syntax.message().lines().collect::<Vec<_>>().join(" ");
            misspelt::in_toml(Finding::error("toml", place, text, message), text)
        }
        CatalogueError::Entry { name, problem } => {
            let named = format!("name = \"{name}\"");
            // Of two entries the second one is at fault.
            let second = text.rfind(&named).filter(|_| problem.ends_with("listed twice"));
            let place = match second {
                Some(offset) => SourcePlace::at_offset(CATALOGUE_FILE, text, offset + "name = ".len()),
                None => place_of_text(CATALOGUE_FILE, text, &format!("\"{name}\"")),
            };
            Finding::error("catalogue", place, text, error.to_string())
        }
    }
}

/// What in a catalogue that can be used is most likely a slip: names that no rule can ask for, and two metrics of one Chinese
/// name, by which files name them.
pub fn doubts(text: &str, catalogue: &Catalogue) -> Vec<Finding> {
    let place = |name: &str| match text.rfind(&format!("\"{name}\"")) {
        Some(offset) => SourcePlace::at_offset(CATALOGUE_FILE, text, offset),
        None => SourcePlace::file(CATALOGUE_FILE),
    };
    let mut findings = Vec::new();
    let listed = catalogue.listed();
    for (index, metric) in listed.iter().enumerate() {
        let name = metric.name.as_str();
        let mut add = |at: &str, message: String| {
            findings.push(Finding::error("catalogue", place(at), text, message).warning());
        };
        if WORDS.contains(&name) || name == MAXIMUM || host::function(name).is_some() {
            add(name, format!("'{name}': its name means something else in scripts; choose another one"));
        }
        let earlier = listed.iter().take(index).find(|earlier| earlier.zh.trim() == metric.zh.trim());
        if let Some(earlier) = earlier {
            let message = format!(
                "'{name}': has the same Chinese name as '{}', so that the column of a file can be either",
                earlier.name
            );
            add(name, message);
        }
    }
    findings
}
