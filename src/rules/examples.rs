//! Schemes that ship as examples, in `examples/` of the rules folder. They are no part of its bundle, so nobody is scored
//! by one until it is taken in: copied beside the other schemes, with the metrics that it brings added to the catalogue.

use std::path::Path;

use serde::Deserialize;

use super::bundle::{CATALOGUE_FILE, EXAMPLES_FOLDER, Files, SCHEME_FILE, read};
use super::finding::{Finding, SourcePlace};
use super::verdict::{Verdict, judge};
use crate::ledger::metric::Catalogue;

/// A scheme that can be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its folder's name, and the scheme's once it is taken in.
    pub name: String,
    /// What stands in its folder, by the path that it has in a rules folder.
    scheme: Files,
    /// The entries that it adds to the catalogue.
    metrics: Option<Vec<u8>>,
}

/// The names of a catalogue's entries; whatever else is wrong with them is said where the catalogue is compiled.
#[derive(Default, Deserialize)]
struct Entries {
    #[serde(default)]
    source: Vec<Entry>,
    #[serde(default)]
    metric: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
}

/// The examples of a rules folder, by name; none where it has no folder for them.
///
/// # Errors
///
/// As [`read_examples`], each at its place below the rules folder.
pub fn examples(rules: &Path) -> Result<Vec<Example>, Vec<Finding>> {
    let folder = rules.join(EXAMPLES_FOLDER);
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let placed =
        |findings: Vec<Finding>| findings.into_iter().map(|finding| shipped(finding, None)).collect();
    read_examples(&folder).map_err(placed)
}

/// The examples in a folder, by name.
///
/// # Errors
///
/// Files that cannot be read, and files that belong to no example.
pub fn read_examples(folder: &Path) -> Result<Vec<Example>, Vec<Finding>> {
    let mut examples = Vec::<Example>::new();
    let mut strays = Vec::new();
    for (path, content) in read(folder)? {
        let Some((name, file)) = path.split_once('/') else {
            let message = "an example is a folder of its own with a scheme.toml; this file belongs to none";
            strays.push(Finding::error("not-listed", SourcePlace::file(&path), "", message));
            continue;
        };
        let (name, is_catalogue) = (name.to_owned(), file == CATALOGUE_FILE);
        if examples.last().is_none_or(|last| last.name != name) {
            examples.push(Example { name, scheme: Files::new(), metrics: None });
        }
        let Some(example) = examples.last_mut() else { continue };
        if is_catalogue {
            example.metrics = Some(content);
        } else {
            example.scheme.insert(path, content);
        }
    }
    if strays.is_empty() { Ok(examples) } else { Err(strays) }
}

impl Example {
    /// The files of a rules folder that takes the example in. They have to be judged as a whole before they are used.
    ///
    /// # Errors
    ///
    /// A folder that has the scheme already, or some of its metrics but not all.
    pub fn taken_into(&self, files: &Files) -> Result<Files, Box<Finding>> {
        let own = format!("{}/", self.name);
        if files.keys().any(|path| path.starts_with(&own)) {
            let message = format!("the folder has a scheme '{}' already", self.name);
            let place = SourcePlace::file(&format!("{own}{SCHEME_FILE}"));
            return Err(Box::new(Finding::error("scheme", place, "", message)));
        }
        let mut files = files.clone();
        files.extend(self.scheme.iter().map(|(path, content)| (path.clone(), content.clone())));
        if let Some(metrics) = &self.metrics {
            let catalogue = files.entry(CATALOGUE_FILE.to_owned()).or_default();
            match missing(catalogue, metrics) {
                Missing::All => add(catalogue, metrics),
                Missing::None => {}
                Missing::Some(name) => {
                    let message = format!("has some of the example's metrics already, but not '{name}'");
                    let place = SourcePlace::file(CATALOGUE_FILE);
                    let finding = Finding::error("catalogue", place, "", message);
                    let path = format!("{EXAMPLES_FOLDER}/{own}{CATALOGUE_FILE}");
                    let suggestion = format!("copy what is missing from {path}, then take the example in");
                    return Err(Box::new(finding.suggesting(Some(suggestion))));
                }
            }
        }
        Ok(files)
    }

    /// The example by itself, with the catalogue of a rules folder; none where they do not go together.
    pub fn alone(&self, files: &Files) -> Option<Files> {
        let catalogue = files.get(CATALOGUE_FILE)?;
        self.taken_into(&Files::from([(CATALOGUE_FILE.to_owned(), catalogue.clone())])).ok()
    }

    /// Everything that can be said of the example by itself, at the places where its files stand now; none where the
    /// folder's catalogue cannot be read, which has a finding of its own.
    pub fn judged_with(&self, files: &Files) -> Option<Verdict> {
        let catalogue = files.get(CATALOGUE_FILE)?;
        Catalogue::parse(text_of(catalogue)).ok()?;
        let alone = Files::from([(CATALOGUE_FILE.to_owned(), catalogue.clone())]);
        let mut verdict = match self.taken_into(&alone) {
            Ok(files) => judge(files).1,
            Err(finding) => return Some(Verdict { findings: vec![*finding], ..Verdict::default() }),
        };
        let own_from = text_of(catalogue).lines().count() + 1;
        let placed = |finding| shipped(finding, Some((&self.name, own_from)));
        verdict.findings = verdict.findings.into_iter().map(placed).collect();
        Some(verdict)
    }

    /// The files that it adds to a rules folder, besides what it adds to the catalogue.
    pub fn scheme(&self) -> &Files {
        &self.scheme
    }
}

/// Which of an example's entries a catalogue does not have.
enum Missing {
    All,
    Some(String),
    None,
}

fn missing(catalogue: &[u8], own: &[u8]) -> Missing {
    // What cannot be read is added as it stands, and found at fault there.
    let names = |text| toml::from_str::<Entries>(text).unwrap_or_default();
    let (there, own) = (names(text_of(catalogue)), names(text_of(own)));
    let lacks = |there: &[Entry], own: &Entry| there.iter().all(|one| one.name != own.name);
    let sources = own.source.iter().filter(|source| lacks(&there.source, source));
    let lacking: Vec<_> = sources.chain(own.metric.iter().filter(|one| lacks(&there.metric, one))).collect();
    match lacking.first() {
        Some(first) if lacking.len() < own.source.len() + own.metric.len() => {
            Missing::Some(first.name.clone())
        }
        None if !own.metric.is_empty() => Missing::None,
        _ => Missing::All,
    }
}

/// Adds the example's entries behind an empty line.
fn add(catalogue: &mut Vec<u8>, metrics: &[u8]) {
    if !catalogue.is_empty() && !catalogue.ends_with(b"\n") {
        catalogue.push(b'\n');
    }
    catalogue.push(b'\n');
    catalogue.extend_from_slice(metrics);
}

/// A finding at the place where the example's file stands now. What was added to the catalogue begins behind the line
/// `own_from`.
fn shipped(mut finding: Finding, example: Option<(&str, usize)>) -> Finding {
    let place = &mut finding.place;
    match example {
        Some((name, own_from)) if place.file == CATALOGUE_FILE => {
            let Some(line) = place.line.and_then(|line| line.checked_sub(own_from)).filter(|line| *line > 0)
            else {
                return finding;
            };
            place.file = format!("{EXAMPLES_FOLDER}/{name}/{CATALOGUE_FILE}");
            place.line = Some(line);
        }
        _ => place.file = format!("{EXAMPLES_FOLDER}/{}", place.file),
    }
    finding
}

fn text_of(bytes: &[u8]) -> &str {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
