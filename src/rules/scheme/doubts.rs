//! What a scheme may say, and is most likely a slip: warnings, which a comment answers.

use rust_decimal::Decimal;

use super::{SchemeFile, place_of_entry};
use crate::decimal::plain;
use crate::rules::finding::Finding;

/// Largest coefficient that nobody wonders at. The best grade's is the largest of all.
const USUAL_COEFFICIENT: Decimal = Decimal::from_parts(3, 0, 0, false, 0);

/// Every doubt about a scheme that does not contradict itself, with its line.
pub fn of(scheme: &SchemeFile, file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |(head, name, key): (&str, &str, &str), message: String| {
        let place = place_of_entry(file, text, head, name, key);
        findings.push(Finding::error("suspicious-entry", place, text, message).warning());
    };
    if let Some(best) = scheme.grade.first().filter(|best| best.coefficient > USUAL_COEFFICIENT) {
        let (name, coefficient, usual) = (&best.name, plain(best.coefficient), plain(USUAL_COEFFICIENT));
        let message = format!(
            "the coefficient of the best grade '{name}' is {coefficient}, more than {usual} times the pay: is the point in its place?"
        );
        add(("name", name, "coefficient"), message);
    }
    let rules = scheme.rule.iter().map(|rule| ("id", rule.id.as_str(), &rule.en));
    let parameters = scheme.parameter.iter().map(|one| ("name", one.name.as_str(), &one.en));
    let vetoes = scheme.veto.iter().map(|veto| ("metric", veto.metric.as_str(), &veto.en));
    for (head, name, _) in rules.chain(parameters).chain(vetoes).filter(|(.., en)| en.trim().is_empty()) {
        add((head, name, "en"), "'en' is blank".to_owned());
    }
    for parameter in &scheme.parameter {
        let range = parameter.max.checked_sub(parameter.min).filter(|range| !range.is_zero());
        if range.is_some_and(|range| parameter.step > range) {
            let (name, step) = (&parameter.name, plain(parameter.step));
            let message = format!(
                "the step {step} of the parameter '{name}' is larger than its range, so that no form can change it"
            );
            add(("name", name, "step"), message);
        }
    }
    findings
}
