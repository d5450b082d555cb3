//! Golden cases: beside each rule, facts with the score and the reasons that they must give.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::bundle::{Bundle, Rule};
use super::finding::{Finding, Place};
use super::sandbox::Optimisation;
use super::scheme::{place_of_text, read_toml};
use super::scoring::{Outcome, RuleResult};
use crate::decimal::{self, in_toml};
use crate::facts::metric::Catalogue;
use crate::facts::month::MonthFacts;

/// The expected score: points, or that the rule is not applicable or fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Points(Decimal),
    NotApplicable,
    Failed,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Points(points) => f.write_str(&decimal::plain(*points)),
            Self::NotApplicable => f.write_str("N/A"),
            Self::Failed => f.write_str("error"),
        }
    }
}

impl<'de> Deserialize<'de> for Expected {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "a number, \"N/A\" or \"error\"")]
        enum Written {
            Points(#[serde(deserialize_with = "in_toml::deserialize")] Decimal),
            Word(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Points(points) => Ok(Self::Points(points)),
            Written::Word(word) if word == "N/A" => Ok(Self::NotApplicable),
            Written::Word(word) if word == "error" => Ok(Self::Failed),
            Written::Word(word) => Err(serde::de::Error::custom(format!(
                "score is a number, \"N/A\" or \"error\", not \"{word}\""
            ))),
        }
    }
}

/// An exact number in a map of facts.
#[derive(Deserialize)]
#[serde(transparent)]
struct Number(#[serde(deserialize_with = "in_toml::deserialize")] Decimal);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    facts: BTreeMap<String, Number>,
    score: Expected,
    #[serde(default, deserialize_with = "optional_number")]
    bonus: Option<Decimal>,
    /// Each has to be contained in one of the reasons given.
    #[serde(default)]
    reasons: Vec<String>,
}

fn optional_number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    in_toml::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CasesFile {
    case: Vec<Case>,
}

/// How the cases of a bundle went.
#[derive(Debug, Default, Serialize)]
pub struct CasesReport {
    /// Cases that came out as expected.
    pub passed: usize,
    /// What did not, one finding a case, and files that could not be read.
    pub failures: Vec<Finding>,
    /// Rules without a single case.
    pub uncovered: Vec<String>,
}

/// The rules of a bundle with the name and text of their cases.
fn files(bundle: &Bundle) -> impl Iterator<Item = (&Rule, String, Option<&str>)> {
    bundle.schemes.values().flat_map(|scheme| &scheme.rules).map(|rule| {
        let file = format!("{}.cases.toml", rule.file.trim_end_matches(".rhai"));
        let text = bundle.files.get(&file).and_then(|bytes| std::str::from_utf8(bytes).ok());
        (rule, file, text.map(|text| text.strip_prefix('\u{feff}').unwrap_or(text)))
    })
}

/// The names of the cases in a file; none where it has no case yet.
pub fn names(file: &str, text: &str) -> Result<Vec<String>, Box<Finding>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Begun {
        #[serde(default)]
        case: Vec<Case>,
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(read_toml::<Begun>(file, text)?.case.into_iter().map(|case| case.name).collect())
}

/// Reads every case of a bundle without running it: what is no TOML, and facts that cannot be.
pub fn check(bundle: &Bundle) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (_, file, text) in files(bundle) {
        let Some(text) = text else { continue };
        match read_toml::<CasesFile>(&file, text) {
            Ok(cases) => findings.extend(cases.case.iter().filter_map(|case| {
                let message = facts(case, &bundle.catalogue).err()?;
                Some(failure(&file, text, case, message))
            })),
            Err(finding) => findings.push(*finding),
        }
    }
    findings
}

/// Runs every case of a bundle at both optimisation levels.
pub fn run(bundle: &Bundle) -> CasesReport {
    let mut report = CasesReport::default();
    for (rule, file, text) in files(bundle) {
        let Some(text) = text else {
            report.uncovered.push(rule.file.clone());
            continue;
        };
        match read_toml::<CasesFile>(&file, text) {
            Ok(cases) => {
                for case in &cases.case {
                    match run_case(case, rule, &bundle.catalogue) {
                        Ok(()) => report.passed += 1,
                        Err(message) => report.failures.push(failure(&file, text, case, message)),
                    }
                }
            }
            Err(finding) => report.failures.push(*finding),
        }
    }
    report
}

fn failure(file: &str, text: &str, case: &Case, message: String) -> Finding {
    let place = match place_of_text(file, text, &format!("\"{}\"", case.name)) {
        Place { line: None, .. } => Place::file(file),
        place => place,
    };
    Finding::error("case", place, text, format!("{}: {message}", case.name))
}

fn facts(case: &Case, catalogue: &Catalogue) -> Result<MonthFacts, String> {
    let given = case.facts.iter().map(|(name, Number(value))| Ok((catalogue.read(name, *value)?, *value)));
    Ok(MonthFacts::complete(catalogue, given.collect::<Result<Vec<_>, String>>()?))
}

fn run_case(case: &Case, rule: &Rule, catalogue: &Catalogue) -> Result<(), String> {
    let facts = facts(case, catalogue)?;
    let folded = rule.run(catalogue, &facts, Optimisation::Simple);
    if rule.run(catalogue, &facts, Optimisation::None) != folded {
        return Err("the optimised script gives another result than the script as written".to_owned());
    }
    compare(case, &folded)
}

fn compare(case: &Case, result: &RuleResult) -> Result<(), String> {
    let actual = match (result.outcome, result.score) {
        (Outcome::Scored, Some(points)) => Expected::Points(points),
        (Outcome::NotApplicable, _) => Expected::NotApplicable,
        _ => Expected::Failed,
    };
    if actual != case.score {
        let detail = result.reasons().join("; ");
        return Err(format!("expected {}, got {actual} ({detail})", case.score));
    }
    if let Some(bonus) = case.bonus.filter(|bonus| *bonus != result.bonus) {
        return Err(format!("expected a bonus of {bonus}, got {}", decimal::plain(result.bonus)));
    }
    let reasons = result.reasons();
    match case.reasons.iter().find(|expected| !reasons.iter().any(|reason| reason.contains(*expected))) {
        Some(missing) => {
            Err(format!("no reason contains 「{missing}」; the reasons are: {}", reasons.join("; ")))
        }
        None => Ok(()),
    }
}
