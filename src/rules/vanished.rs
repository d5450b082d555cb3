//! Positions that rules do not score: a misspelt word in a scheme, or a folder that is gone, takes nobody's review away
//! without a word. The word stands in `unscored.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::bundle::{Bundle, Files, SCHEME_FILE};
use super::finding::{Finding, SourcePlace};
use super::scheme::{place_of_text, read_toml};
use crate::ledger::metric::nearest;
use crate::org::Position;

/// The file that says which positions are not scored, and why.
pub const UNSCORED_FILE: &str = "unscored.toml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnscoredFile {
    #[serde(default)]
    unscored: Vec<Unscored>,
}

/// A position that is knowingly not scored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unscored {
    position: String,
    reason: String,
}

/// The positions that the file says are not scored, each with the reason, and what is wrong with it.
pub fn unscored(text: &str, scored: &[&str]) -> (BTreeMap<String, String>, Vec<Finding>) {
    let file = match read_toml::<UnscoredFile>(UNSCORED_FILE, text) {
        Ok(file) => file,
        Err(finding) => return (BTreeMap::new(), vec![*finding]),
    };
    let mut findings = Vec::new();
    let mut positions = BTreeMap::new();
    for Unscored { position, reason } in file.unscored {
        let place = place_of_text(UNSCORED_FILE, text, &format!("\"{position}\""));
        let mut add = |message: String, suggestion| {
            let finding = Finding::error("scheme", place.clone(), text, message);
            findings.push(finding.suggesting(suggestion));
        };
        if let Some((message, suggestion)) = unknown(&position) {
            add(message, suggestion);
        }
        if scored.contains(&position.as_str()) {
            add(format!("'{position}' is said not to be scored, yet a scheme scores it"), None);
        }
        if reason.trim().is_empty() {
            add(format!("say why '{position}' is not scored"), None);
        }
        positions.insert(position, reason);
    }
    (positions, findings)
}

/// What is wrong with a position that nobody can hold, and which one was meant.
pub fn unknown(position: &str) -> Option<(String, Option<String>)> {
    if Position::named(position).is_some() {
        return None;
    }
    let names = || Position::ALL.iter().map(|position| position.name());
    let suggestion = match nearest(position, names()) {
        Some(near) => format!("did you mean '{near}'?"),
        None => format!("the positions are: {}", names().collect::<Vec<_>>().join(", ")),
    };
    Some((format!("nobody can hold the position '{position}'"), Some(suggestion)))
}

/// Positions that the rules `before` score, and `after` neither score nor name in `unscored.toml`.
pub fn vanished(before: &Files, after: &Bundle) -> Vec<Finding> {
    let is_told =
        |position: &str| after.scheme_for(position).is_some() || after.unscored.contains_key(position);
    let lost = positions(before).into_iter().filter(|(position, _)| !is_told(position));
    lost.map(|(position, folder)| {
        let message = format!(
            "the rules so far score '{position}', and these do not any more: everybody who holds the position would lose \
             the review"
        );
        let suggestion = format!(
            "bring {folder}/{SCHEME_FILE} back or correct its position; if it is meant, say so in {UNSCORED_FILE}: \
             [[unscored]] position = \"{position}\" reason = \"…\""
        );
        let place = SourcePlace::file(&format!("{folder}/{SCHEME_FILE}"));
        Finding::error("position-vanished", place, "", message).suggesting(Some(suggestion))
    })
    .collect()
}

/// The positions that stored rules score, with the folders of their schemes.
fn positions(files: &Files) -> BTreeMap<String, String> {
    #[derive(Deserialize)]
    struct Scored {
        position: String,
    }
    let schemes = files.iter().filter_map(|(path, bytes)| {
        let folder = path.strip_suffix(SCHEME_FILE)?.strip_suffix('/')?;
        let text = std::str::from_utf8(bytes).ok()?;
        let scored: Scored = toml::from_str(text.strip_prefix('\u{feff}').unwrap_or(text)).ok()?;
        Some((scored.position, folder.to_owned()))
    });
    schemes.collect()
}

/// The positions that people hold and these files neither score nor name in `unscored.toml`.
pub fn unscored_of(held: &BTreeSet<String>, files: &Files) -> Vec<String> {
    let scored = positions(files);
    let text = files.get(UNSCORED_FILE).and_then(|bytes| std::str::from_utf8(bytes).ok());
    let (told, _) = unscored(text.unwrap_or_default(), &[]);
    let is_open = |position: &&String| !scored.contains_key(*position) && !told.contains_key(*position);
    held.iter().filter(is_open).cloned().collect()
}
