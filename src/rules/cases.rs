//! Golden cases: beside each rule, facts with the score and the reasons that they must give.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bundle::{Bundle, Rule};
use super::check::{Argument, MAXIMUM};
use super::coverage::Coverage;
use super::finding::{Finding, Severity, SourcePlace, in_language};
use super::patience::Patience;
use super::scheme::{place_of_text, read_toml};
use super::scoring::{Outcome, RuleResult};
use crate::decimal::{self, in_toml};
use crate::http::Language;
use crate::ledger::metric::{Catalogue, nearest};
use crate::ledger::month::MonthFacts;

/// Most cases of one rule.
const CASE_LIMIT: usize = 1_000;

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
            Written::Word(word) => Err(serde::de::Error::custom(no_score(&word))),
        }
    }
}

/// As all that the checks say it is in English; [`super::said`] has it in Chinese.
fn no_score(word: &str) -> String {
    format!("score is a number, \"N/A\" or \"error\", not \"{word}\"")
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
    /// The parameters that it was written for, where they are not the file's.
    #[serde(default)]
    parameters: BTreeMap<String, Number>,
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
    /// The scheme's parameters that the cases were written for: they stay true when somebody tunes one.
    #[serde(default)]
    parameters: BTreeMap<String, Number>,
    #[serde(default)]
    case: Vec<Case>,
}

/// How the cases of a bundle went.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct CasesReport {
    /// Cases that passed.
    pub cases_passed: usize,
    /// Cases that failed, and case files that cannot be read; each has a finding `case` or `toml`.
    pub cases_failed: usize,
    /// Rules that have no case at all.
    pub rules_without_cases: Vec<String>,
    /// Which statements the cases reach.
    pub coverage: Covered,
}

impl CasesReport {
    /// The same in the reader's language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.coverage.missed = in_language(self.coverage.missed, language);
        self
    }
}

/// How many of all statements in the scripts the cases reach.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct Covered {
    /// How many statements there are.
    pub statements: usize,
    /// How many of them at least one case reaches.
    pub reached: usize,
    /// A finding `not-covered` for each line with a statement that no case reaches.
    pub missed: Vec<Finding>,
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
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    Ok(read_toml::<CasesFile>(file, text)?.case.into_iter().map(|case| case.name).collect())
}

/// Runs every case of a bundle, with a finding for each that fails.
pub fn run(bundle: &Bundle) -> (CasesReport, Vec<Finding>) {
    run_within(bundle, &Patience::default())
}

/// [`run`] for as long as there is patience; what is left is neither passed nor failed.
pub fn run_within(bundle: &Bundle, patience: &Patience) -> (CasesReport, Vec<Finding>) {
    let mut report = CasesReport::default();
    let mut failures = Vec::new();
    for (rule, file, text) in files(bundle) {
        let mut coverage = Coverage::of(rule);
        match text.map(|text| (text, read_toml::<CasesFile>(&file, text))) {
            None => report.rules_without_cases.push(rule.file.clone()),
            Some((_, Err(finding))) => failures.push(*finding),
            Some((_, Ok(cases))) if cases.case.is_empty() => {
                report.rules_without_cases.push(rule.file.clone());
            }
            Some((text, Ok(cases))) if cases.case.len() > CASE_LIMIT => {
                let count = cases.case.len();
                let message = format!("there are {count} cases, more than the {CASE_LIMIT} allowed");
                failures.push(Finding::error(
                    "too-large",
                    SourcePlace::at_offset(&file, text, 0),
                    text,
                    message,
                ));
            }
            Some((text, Ok(cases))) => {
                failures.extend(unasked(&file, text, rule, &cases.parameters));
                for (index, case) in cases.case.iter().enumerate().take_while(|_| !patience.is_over()) {
                    if cases.case.iter().take(index).any(|earlier| earlier.name == case.name) {
                        failures.push(named_twice(&file, text, &case.name));
                        continue;
                    }
                    failures.extend(unasked(&file, text, rule, &case.parameters));
                    let rule = with_parameters(rule, [&cases.parameters, &case.parameters]);
                    if let Some(finding) = unknown_fact(&file, text, case, &bundle.catalogue) {
                        failures.push(finding);
                        continue;
                    }
                    failures.extend(unread_facts(&file, text, case, &rule, &bundle.catalogue));
                    match run_case(case, &rule, &bundle.catalogue, &mut coverage) {
                        Ok(()) => report.cases_passed += 1,
                        Err(message) => failures.push(failure(&file, text, &case.name, message)),
                    }
                }
            }
        }
        report.coverage.statements += coverage.statements();
        report.coverage.reached += coverage.reached();
        report.coverage.missed.extend(coverage.findings());
    }
    report.cases_failed = failures.iter().filter(|failure| failure.severity == Severity::Error).count();
    (report, failures)
}

/// The rule as it is with other numbers for some of its parameters; what comes later counts.
fn with_parameters(rule: &Rule, written: [&BTreeMap<String, Number>; 2]) -> Rule {
    let mut rule = rule.clone();
    for (name, Number(value)) in written.into_iter().flatten() {
        let found = rule.arguments.iter_mut().find(|(argument, _)| argument == name);
        if let Some((_, Argument::Parameter(parameter))) = found {
            *parameter = *value;
            if name == MAXIMUM {
                rule.entry.max = *value;
            }
        }
    }
    rule
}

/// Parameters that cases name and the rule does not ask for.
fn unasked(file: &str, text: &str, rule: &Rule, written: &BTreeMap<String, Number>) -> Vec<Finding> {
    let parameters = rule.arguments.iter().filter(|(_, argument)| matches!(argument, Argument::Parameter(_)));
    let asked = parameters.map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let unknown = written.keys().filter(|name| !asked.contains(&name.as_str()));
    let findings = unknown.map(|name| {
        let near = nearest(name, asked.iter().copied()).map(|near| format!("did you mean '{near}'?"));
        let message = format!("the rule asks for no parameter '{name}'");
        Finding::error("case", place_of_text(file, text, name), text, message).suggesting(near)
    });
    findings.collect()
}

fn failure(file: &str, text: &str, case: &str, message: String) -> Finding {
    let place = place_of_text(file, text, &format!("\"{case}\""));
    Finding::error("case", place, text, format!("{}: {message}", shown(case)))
}

/// A case's name as sentences quote it: what stands between its halves in two languages is no mark of theirs.
fn shown(case: &str) -> String {
    case.replace(" · ", "·")
}

/// Of two cases of one name the second is told.
fn named_twice(file: &str, text: &str, case: &str) -> Finding {
    let place = match text.rfind(&format!("\"{case}\"")) {
        Some(offset) => SourcePlace::at_offset(file, text, offset),
        None => SourcePlace::file(file),
    };
    Finding::error("case", place, text, format!("{}: there is already a case with this name", shown(case)))
}

/// The first fact of a case that the catalogue does not take, told where it stands.
fn unknown_fact(file: &str, text: &str, case: &Case, catalogue: &Catalogue) -> Option<Finding> {
    let mut facts = case.facts.iter();
    let (name, message) = facts.find_map(|(name, Number(value))| {
        let said = catalogue.read(name, *value).err()?;
        Some((name, said.to_string()))
    })?;
    let place = place_of_fact(file, text, case, name);
    Some(Finding::error("case", place, text, format!("{}: {message}", shown(&case.name))))
}

/// Facts of a case that its rule never sees.
fn unread_facts(file: &str, text: &str, case: &Case, rule: &Rule, catalogue: &Catalogue) -> Vec<Finding> {
    let is_read = |name: &str| rule.arguments.iter().any(|(argument, _)| argument == name);
    let unread = case.facts.keys().filter(|name| catalogue.find(name).is_some() && !is_read(name));
    let findings = unread.map(|name| {
        let message =
            format!("{}: the rule does not read '{name}', so that it makes no difference", shown(&case.name));
        Finding::error("case", place_of_fact(file, text, case, name), text, message).warning()
    });
    findings.collect()
}

/// Where a case names a fact.
fn place_of_fact(file: &str, text: &str, case: &Case, name: &str) -> SourcePlace {
    let begin = text.find(&format!("\"{}\"", case.name)).unwrap_or(0);
    let at = text.get(begin..).and_then(|rest| rest.find(name)).map_or(begin, |at| begin + at);
    SourcePlace::at_offset(file, text, at)
}

fn facts(case: &Case, catalogue: &Catalogue) -> Result<MonthFacts, String> {
    let given = case.facts.iter().map(|(name, Number(value))| {
        let id = catalogue.read(name, *value).map_err(|said| said.to_string())?;
        Ok((id, *value))
    });
    Ok(MonthFacts::complete(catalogue, given.collect::<Result<Vec<_>, String>>()?))
}

fn run_case(
    case: &Case,
    rule: &Rule,
    catalogue: &Catalogue,
    coverage: &mut Coverage<'_>,
) -> Result<(), String> {
    let facts = facts(case, catalogue)?;
    coverage.run(&facts);
    let result = rule.run(&facts);
    if rule.interpret(&facts) != result {
        return Err("the compiled script gives another result than the script as it is read".to_owned());
    }
    compare(case, rule, &result)
}

fn compare(case: &Case, rule: &Rule, result: &RuleResult) -> Result<(), String> {
    let actual = match (result.outcome, result.score) {
        (Outcome::Scored, Some(points)) => Expected::Points(points),
        (Outcome::NotApplicable, _) => Expected::NotApplicable,
        _ => Expected::Failed,
    };
    if actual != case.score {
        let detail = rule.reasons(result, Language::Chinese).join("; ");
        return Err(format!("expected {}, got {actual} ({detail})", case.score));
    }
    if let Some(bonus) = case.bonus.filter(|bonus| *bonus != result.bonus) {
        return Err(format!("expected a bonus of {bonus}, got {}", decimal::plain(result.bonus)));
    }
    let reasons = rule.reasons(result, Language::Chinese);
    match case.reasons.iter().find(|expected| !reasons.iter().any(|reason| reason.contains(*expected))) {
        Some(missing) => {
            Err(format!("no reason contains 「{missing}」; the reasons are: {}", reasons.join("; ")))
        }
        None => Ok(()),
    }
}
