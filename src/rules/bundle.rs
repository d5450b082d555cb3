//! A bundle: everything in the rules folder, compiled as a whole and known by the hash of its bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::{fs, io};

use rhai::{AST, ParseErrorType, Position};
use sha2::{Digest, Sha256};

use super::allowed;
use super::check::{self, Argument, Checked, Script};
use super::finding::{Finding, Severity, SourcePlace};
use super::host::{EARLIER_HOST_VERSIONS, HOST_VERSION};
use super::program::Program;
use super::sandbox;
use super::scheme::{RuleEntry, SchemeFile, place_of_text};
use super::toml_values;
use super::trace::{Constants, Frame};
use super::value::AbsentMetric;
use super::vanished::{self, UNSCORED_FILE};
use super::{catalogue, language, misspelt, strays, texts};
pub use crate::ledger::catalogue::CATALOGUE_FILE;
use crate::ledger::metric::{Catalogue, MetricId};

/// The file that makes a folder a scheme.
pub const SCHEME_FILE: &str = "scheme.toml";
/// The folder of schemes that ship as examples; it is no scheme, and no part of a bundle.
pub const EXAMPLES_FOLDER: &str = "examples";
/// What besides the bytes decides how they run: the interpreter and its features.
const INTERPRETER: &str = "rhai 1.27.0 decimal no_float only_i64 no_closure no_module";
/// Largest file read from a rules folder; the script limit is lower still.
pub const FILE_LIMIT: u64 = 4 * 1024 * 1024;
/// Most files read from a rules folder.
pub const FILE_COUNT_LIMIT: usize = 1_000;

/// The files of a bundle: path below the rules folder, with `/` between its parts, and bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// How many bytes each file has.
pub fn sizes(files: &Files) -> BTreeMap<String, usize> {
    files.iter().map(|(path, content)| (path.clone(), content.len())).collect()
}

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its line in the scheme.
    pub entry: RuleEntry,
    /// Path of its script below the rules folder.
    pub file: String,
    /// What `score` wants to be passed, in order.
    pub arguments: Vec<(String, Argument)>,
    /// Where its function `score` begins: the place of what concerns the whole rule.
    pub declared: SourcePlace,
    /// Its id, as its results name it.
    pub id: Arc<str>,
    /// For each argument that is a metric, how it is called where it is missing.
    pub(super) absent: Vec<Option<Arc<AbsentMetric>>>,
    /// The constant texts of its script's steps, each with the place of its call, in order.
    pub(super) words: Vec<(Position, String)>,
    pub(super) constants: Constants,
    text: Arc<str>,
    ast: AST,
    program: Option<Arc<Program>>,
}

impl Rule {
    /// The compiled script.
    pub fn ast(&self) -> &AST {
        &self.ast
    }

    /// What runs instead of the script as long as nothing is out of the ordinary; none where only the interpreter can.
    pub(super) fn program(&self) -> Option<&Program> {
        self.program.as_deref()
    }

    /// The constant text of the step that is recorded at a place of the script.
    pub(super) fn words_at(&self, at: Position) -> Option<&str> {
        let found = self.words.binary_search_by_key(&at, |(place, _)| *place).ok();
        found.and_then(|place| self.words.get(place)).map(|(_, words)| words.as_str())
    }

    /// Its script as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The numbers and texts that its script declares outside functions.
    pub fn constants(&self) -> &Constants {
        &self.constants
    }

    /// What it is allowed while it runs.
    pub fn frame(&self) -> Frame {
        Frame {
            max: self.entry.max,
            ceiling: self.entry.ceiling.unwrap_or(self.entry.max),
            watches_edges: false,
        }
    }
}

/// A scheme with its compiled rules.
#[derive(Clone, Debug)]
pub struct Scheme {
    /// Its folder's name.
    pub name: String,
    /// Its description.
    pub file: SchemeFile,
    /// Its rules in order.
    pub rules: Vec<Rule>,
    /// For each veto its metric and the place of the best grade still possible; none where one of them is unknown.
    pub(super) vetoes: Vec<Option<(MetricId, usize)>>,
}

/// A whole rules folder, ready to score.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// SHA-256 over files, interpreter and host functions, in hexadecimal: the bundle's identity.
    pub hash: String,
    /// The metrics.
    pub catalogue: Catalogue,
    /// The schemes, by name.
    pub schemes: BTreeMap<String, Scheme>,
    /// Positions that are knowingly not scored, each with the reason.
    pub unscored: BTreeMap<String, String>,
    /// The bytes it was made of.
    pub files: Files,
    /// What the author should look at although the bundle works.
    pub warnings: Vec<Finding>,
}

impl Bundle {
    /// Reads and compiles a rules folder.
    pub fn load(folder: &Path) -> Result<Self, Vec<Finding>> {
        Self::compile(read(folder)?)
    }

    /// Compiles the files of a bundle, or says everything that is wrong with them.
    pub fn compile(files: Files) -> Result<Self, Vec<Finding>> {
        let (bundle, findings) = Self::compile_partly(files);
        match bundle {
            Some(bundle) if findings.iter().all(|finding| finding.severity == Severity::Warning) => {
                Ok(Self { warnings: findings, ..bundle })
            }
            _ => Err(findings),
        }
    }

    /// Compiles what can be compiled and says what is wrong with the rest: with errors among the findings the bundle has
    /// rules missing, and is good for nothing but finding more.
    pub(super) fn compile_partly(files: Files) -> (Option<Self>, Vec<Finding>) {
        sandbox::with_deep_stack(|| compile(files)).unwrap_or_else(|| {
            (
                None,
                vec![Finding::error("internal", SourcePlace::file("."), "", "the compiler could not be run")],
            )
        })
    }

    /// The scheme that scores `position`, if there is one.
    pub fn scheme_for(&self, position: &str) -> Option<&Scheme> {
        self.schemes.values().find(|scheme| scheme.file.position == position)
    }
}

fn compile(files: Files) -> (Option<Bundle>, Vec<Finding>) {
    let (texts, mut findings) = texts::of(&files);
    for (path, text) in texts.iter().filter(|(path, _)| path.ends_with(".toml")) {
        findings.extend(toml_values::faults(path, text));
    }
    let catalogue = match texts.get(CATALOGUE_FILE) {
        Some(text) => match Catalogue::parse(text) {
            Ok(catalogue) => catalogue,
            Err(error) => {
                findings.push(catalogue::finding(text, &error));
                return (None, findings);
            }
        },
        None if files.contains_key(CATALOGUE_FILE) => return (None, findings),
        None => {
            let message = format!("there is no {CATALOGUE_FILE} in the rules folder");
            findings.push(Finding::error("no-catalogue", SourcePlace::file(CATALOGUE_FILE), "", message));
            return (None, findings);
        }
    };
    findings
        .extend(texts.get(CATALOGUE_FILE).into_iter().flat_map(|text| catalogue::doubts(text, &catalogue)));
    let mut schemes = BTreeMap::new();
    for (path, text) in &texts {
        let Some(name) = path.strip_suffix(SCHEME_FILE).and_then(|folder| folder.strip_suffix('/')) else {
            continue;
        };
        match SchemeFile::parse(path, text, &catalogue) {
            Ok(file) => {
                let source = SchemeSource { files: &files, texts: &texts, catalogue: &catalogue };
                let (rules, found) = compile_rules(&source, name, path, &file);
                findings.extend(found);
                findings.extend(file.doubts(path, text));
                findings.extend(check::unasked(path, text, &file, &rules));
                findings.extend(check::unfed_vetoes(path, text, &file, &catalogue));
                let vetoes = file.veto.iter().map(|veto| {
                    let cap = file.grade.iter().position(|band| band.name == veto.cap);
                    catalogue.find(&veto.metric).zip(cap)
                });
                let vetoes = vetoes.collect();
                schemes.insert(name.to_owned(), Scheme { name: name.to_owned(), file, rules, vetoes });
            }
            Err(found) => {
                findings.extend(found);
                findings.extend(unread(&texts, name));
            }
        }
    }
    let scored = schemes.values().map(|scheme: &Scheme| scheme.file.position.as_str()).collect::<Vec<_>>();
    let mut unscored = BTreeMap::new();
    if let Some(text) = texts.get(UNSCORED_FILE) {
        let (positions, found) = vanished::unscored(text, &scored);
        unscored = positions;
        findings.extend(found);
    }
    findings.extend(check::beside(&texts, &schemes, &catalogue));
    if schemes.is_empty() && findings.is_empty() {
        let message = "the rules folder has no scheme: expected a folder with a scheme.toml";
        findings.push(Finding::error("no-scheme", SourcePlace::file(SCHEME_FILE), "", message));
    }
    findings.extend(twice(&texts, &schemes));
    findings.extend(orphans(&files, &texts, &schemes));
    findings.extend(strays::unknown(&files));
    allowed::answer(&mut findings, |file| texts.get(file).copied());
    let hash = identity(&files);
    (Some(Bundle { hash, catalogue, schemes, unscored, files, warnings: Vec::new() }), findings)
}

/// What rules are compiled from.
struct SchemeSource<'a> {
    files: &'a Files,
    texts: &'a BTreeMap<&'a str, &'a str>,
    catalogue: &'a Catalogue,
}

fn compile_rules(
    source: &SchemeSource<'_>,
    scheme: &str,
    scheme_path: &str,
    file: &SchemeFile,
) -> (Vec<Rule>, Vec<Finding>) {
    let mut rules = Vec::new();
    let mut findings = Vec::new();
    for entry in &file.rule {
        let path = format!("{scheme}/{}.rhai", entry.id);
        let Some(text) = source.texts.get(path.as_str()) else {
            // A script that is there and could not be read has its own finding.
            if !source.files.contains_key(&path) {
                let scheme_text = source.texts.get(scheme_path).copied().unwrap_or_default();
                let place = place_of_text(scheme_path, scheme_text, &format!("\"{}\"", entry.id));
                let message = format!("there is no file {path}");
                findings.push(Finding::error("no-script", place, scheme_text, message));
            }
            continue;
        };
        match compile_rule(entry, &path, text, file, source.catalogue) {
            Ok((rule, warnings)) => {
                rules.push(rule);
                findings.extend(warnings);
            }
            Err(found) => findings.extend(found),
        }
    }
    (rules, findings)
}

fn compile_rule(
    entry: &RuleEntry,
    path: &str,
    text: &str,
    scheme: &SchemeFile,
    catalogue: &Catalogue,
) -> Result<(Rule, Vec<Finding>), Vec<Finding>> {
    let read =
        sandbox::read(path, text).map_err(|finding| vec![misspelt::in_script(*finding, text, catalogue)])?;
    let script = Script { file: path, text, ast: &read };
    let Checked { arguments, mut findings } = check::check(&script, entry, catalogue, &scheme.parameter);
    let constants = language::constants(&read);
    match sandbox::compile(text, &constants) {
        Ok(ast) if findings.iter().all(|finding| finding.severity == Severity::Warning) => {
            let declared = check::declared(&script);
            let file = path.to_owned();
            let text: Arc<str> = text.into();
            let compiled = Script { file: path, text: &text, ast: &ast };
            let program = Program::of(&compiled, &constants).map(Arc::new);
            let entry = entry.clone();
            let absent = arguments.iter().map(|(_, argument)| match argument {
                Argument::Metric(id) => AbsentMetric::of(catalogue, *id).map(Arc::new),
                Argument::Parameter(_) => None,
            });
            let (id, absent) = (entry.id.as_str().into(), absent.collect());
            let words = check::words(&compiled);
            let rule =
                Rule { entry, file, arguments, declared, id, absent, words, constants, text, ast, program };
            Ok((rule, findings))
        }
        Ok(_) => Err(findings),
        Err(error) => {
            // Names that stand for nothing have been found before, each of them.
            let is_known = matches!(error.err_type(), ParseErrorType::VariableUndefined(_));
            if !is_known || findings.iter().all(|finding| finding.code != "unknown-name") {
                findings.push(language::finding(path, text, &error));
            }
            Err(findings)
        }
    }
}

/// What can be said of the scripts of a scheme that is broken itself.
fn unread(texts: &BTreeMap<&str, &str>, scheme: &str) -> Vec<Finding> {
    let is_own = |path: &str| {
        path.strip_suffix(".rhai")
            .and_then(|path| path.rsplit_once('/'))
            .is_some_and(|(folder, _)| folder == scheme)
    };
    let scripts = texts.iter().filter(|(path, _)| is_own(path));
    scripts.filter_map(|(path, text)| sandbox::read(path, text).err()).map(|finding| *finding).collect()
}

/// Schemes for a position that another one scores already: only the first would ever be used.
fn twice(texts: &BTreeMap<&str, &str>, schemes: &BTreeMap<String, Scheme>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, scheme) in schemes.values().enumerate() {
        let position = &scheme.file.position;
        let Some(first) = schemes.values().take(index).find(|first| first.file.position == *position) else {
            continue;
        };
        let path = format!("{}/{SCHEME_FILE}", scheme.name);
        let text = texts.get(path.as_str()).copied().unwrap_or_default();
        let message = format!("the scheme '{}' scores the position '{position}' already", first.name);
        findings.push(Finding::error("scheme", place_of_text(&path, text, "position"), text, message));
    }
    findings
}

/// Scripts and cases that no scheme lists: most likely a forgotten line or a misspelt name.
fn orphans(files: &Files, texts: &BTreeMap<&str, &str>, schemes: &BTreeMap<String, Scheme>) -> Vec<Finding> {
    let is_listed = |path: &str| {
        let Some((folder, file)) = path.rsplit_once('/') else { return false };
        let stem = file.strip_suffix(".cases.toml").or_else(|| file.strip_suffix(".rhai"));
        match (schemes.get(folder), stem) {
            // A scheme that could not be read has its own finding.
            (None, _) => files.contains_key(&format!("{folder}/{SCHEME_FILE}")),
            (Some(scheme), Some(stem)) => scheme.file.rule.iter().any(|rule| rule.id == stem),
            (Some(_), None) => false,
        }
    };
    texts
        .keys()
        .filter(|path| path.ends_with(".rhai") || path.ends_with(".cases.toml"))
        .filter(|path| !is_listed(path))
        .map(|path| {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let message = match schemes.contains_key(folder) {
                true => "no scheme lists this file, so it is never run",
                false => "its folder has no scheme.toml, so that nothing in it has an effect",
            };
            Finding::error("not-listed", SourcePlace::file(path), "", message).warning()
        })
        .collect()
}

/// SHA-256 over the sorted paths and bytes and over everything else that decides what they compute.
pub fn identity(files: &Files) -> String {
    identity_under(files, HOST_VERSION)
}

/// The version of the host functions under which these bytes have this identity: an earlier one where the bundle was
/// stored by an earlier program, none where they are not the bytes that were stored.
pub fn version_of(files: &Files, hash: &str) -> Option<&'static str> {
    let versions = [HOST_VERSION].into_iter().chain(EARLIER_HOST_VERSIONS.iter().copied());
    versions.into_iter().find(|version| identity_under(files, version) == hash)
}

fn identity_under(files: &Files, host_version: &str) -> String {
    let mut hash = Sha256::new();
    for text in [INTERPRETER, host_version] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(bytes.len().to_le_bytes());
        hash.update(bytes);
    }
    base16ct::lower::encode_string(&hash.finalize())
}

/// The files of a rules folder, or which of them cannot be read.
pub fn read(folder: &Path) -> Result<Files, Vec<Finding>> {
    read_folder(folder).map_err(|(path, error)| {
        vec![Finding::error("unreadable", SourcePlace::file(&path), "", format!("cannot be read: {error}"))]
    })
}

/// The `.rhai` and `.toml` files of the folder and of the folders in it; the examples are none of its own.
pub fn read_folder(folder: &Path) -> Result<Files, (String, io::Error)> {
    let mut files = Files::new();
    let shown = |path: &Path| path.display().to_string();
    let root = fs::canonicalize(folder).map_err(|error| (shown(folder), error))?;
    let list = |path: &Path| -> Result<Vec<fs::DirEntry>, (String, io::Error)> {
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        entries.map_err(|error| (shown(path), error))
    };
    for entry in list(folder)? {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if name == EXAMPLES_FOLDER {
                continue;
            }
            for inner in list(&path)? {
                let inner_name = inner.file_name().to_string_lossy().into_owned();
                read_file(&root, &inner.path(), format!("{name}/{inner_name}"), &mut files)?;
            }
        } else {
            read_file(&root, &path, name, &mut files)?;
        }
    }
    Ok(files)
}

fn read_file(root: &Path, path: &Path, name: String, files: &mut Files) -> Result<(), (String, io::Error)> {
    let is_wanted = name.ends_with(".rhai") || name.ends_with(".toml");
    if !is_wanted || name.starts_with('.') || !path.is_file() {
        return Ok(());
    }
    let refuse = |message: String| Err((name.clone(), io::Error::other(message)));
    // A mounted folder may consist of links within it; one that leads elsewhere would show another file to every reader.
    let real = fs::canonicalize(path).map_err(|error| (name.clone(), error))?;
    if !real.starts_with(root) {
        return refuse("it is a link that leads out of the folder".to_owned());
    }
    let size = fs::metadata(path).map_err(|error| (name.clone(), error))?.len();
    if size > FILE_LIMIT {
        return refuse(format!("it has {size} bytes, more than the {FILE_LIMIT} allowed"));
    }
    if files.len() >= FILE_COUNT_LIMIT {
        return refuse(format!("there are more than {FILE_COUNT_LIMIT} files"));
    }
    let bytes = fs::read(path).map_err(|error| (name.clone(), error))?;
    files.insert(name, bytes);
    Ok(())
}
