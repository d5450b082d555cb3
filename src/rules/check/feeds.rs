//! What a scheme and its rules expect of the rest of the house: metrics that somebody brings, and parameters that a rule
//! asks for.

use super::tree::Function;
use super::{Argument, Script, places};
use crate::ledger::metric::{COMPUTED, COMPUTED_SOURCE, Catalogue, Metric};
use crate::rules::bundle::Rule;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::scheme::{SchemeFile, place_of_text};

/// Metrics that a rule reads and nothing ever brings.
pub fn unfed(
    script: &Script<'_>,
    score: &Function,
    arguments: &[(String, Argument)],
    catalogue: &Catalogue,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, argument) in arguments {
        let Argument::Metric(id) = argument else { continue };
        let Some(message) = catalogue.get(*id).and_then(unbrought) else { continue };
        let place = places::place_of_parameter(script, score.offset, name);
        let finding = Finding::error("not-fed", place, script.text, message).warning();
        findings.push(finding.suggesting(Some(suggestion(catalogue))));
    }
    findings
}

/// Metrics of vetoes that nothing ever brings.
pub fn unfed_vetoes(file: &str, text: &str, scheme: &SchemeFile, catalogue: &Catalogue) -> Vec<Finding> {
    let vetoes = scheme.veto.iter().filter_map(|veto| {
        let message = catalogue.find(&veto.metric).and_then(|id| catalogue.get(id)).and_then(unbrought)?;
        let place = place_of_text(file, text, &format!("\"{}\"", veto.metric));
        let finding = Finding::error("not-fed", place, text, message).warning();
        Some(finding.suggesting(Some(suggestion(catalogue))))
    });
    vetoes.collect()
}

/// Why a metric never has a value, if nothing brings it.
fn unbrought(metric: &Metric) -> Option<String> {
    let name = &metric.name;
    match metric.source.as_deref() {
        None => Some(format!("nothing brings '{name}': it has no source in metrics.toml")),
        Some(COMPUTED_SOURCE) if COMPUTED.iter().all(|computed| computed.name != name.as_str()) => {
            Some(format!("nothing computes '{name}', although its source is '{COMPUTED_SOURCE}'"))
        }
        Some(_) => None,
    }
}

fn suggestion(catalogue: &Catalogue) -> String {
    let sources = catalogue.sources().iter().map(|source| source.name.as_str()).collect::<Vec<_>>();
    format!("give it the source that delivers it, one of: {}", sources.join(", "))
}

/// Parameters of a scheme that none of its rules asks for.
pub fn unasked(file: &str, text: &str, scheme: &SchemeFile, rules: &[Rule]) -> Vec<Finding> {
    // A rule that could not be compiled may ask for any of them.
    if rules.len() < scheme.rule.len() {
        return Vec::new();
    }
    let is_asked = |name: &str| rules.iter().flat_map(|rule| &rule.arguments).any(|(asked, _)| asked == name);
    scheme
        .parameter
        .iter()
        .filter(|parameter| !is_asked(&parameter.name))
        .map(|parameter| {
            let place: SourcePlace = place_of_text(file, text, &format!("\"{}\"", parameter.name));
            let message = format!("no rule of the scheme asks for the parameter '{}'", parameter.name);
            Finding::error("unused-parameter", place, text, message).warning()
        })
        .collect()
}
