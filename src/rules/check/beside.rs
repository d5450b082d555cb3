//! Schemes beside each other: what a leader's rules read of reviews that other schemes give.

use std::collections::BTreeMap;

use super::Argument;
use crate::decimal::plain;
use crate::ledger::metric::{COMPUTED, COMPUTED_SOURCE, Catalogue, Metric};
use crate::org::Position;
use crate::rules::bundle::{Rule, SCHEME_FILE, Scheme};
use crate::rules::finding::Finding;
use crate::rules::scheme::place_of_text;

/// The metric that says the own total, and bounds what one member has.
const OWN_TOTAL: &str = "own_total";
/// The positions that lead somebody, whose reviews are computed from others.
const LEADING: [Position; 4] =
    [Position::TeamLeader, Position::SalesManager, Position::ShowroomSupervisor, Position::GeneralManager];

/// Computed metrics that a scheme asks for and cannot have, and totals beyond what leaders' rules are prepared for.
pub fn beside(
    texts: &BTreeMap<&str, &str>,
    schemes: &BTreeMap<String, Scheme>,
    catalogue: &Catalogue,
) -> Vec<Finding> {
    let text_of = |path: &str| texts.get(path).copied().unwrap_or_default();
    let mut findings = Vec::new();
    let mut reader = None;
    for scheme in schemes.values() {
        let is_leading = LEADING.iter().any(|position| position.name() == scheme.file.position);
        for rule in &scheme.rules {
            let Some(metric) = computed_of(rule, catalogue) else { continue };
            reader = reader.or(Some(scheme));
            if !is_leading {
                let position = &scheme.file.position;
                let message = format!(
                    "'{}' is computed from other reviews for who leads a team; a '{position}' never has it",
                    metric.name
                );
                let place = place_of_text(&rule.file, rule.text(), &metric.name);
                findings.push(Finding::error("not-computed", place, rule.text(), message));
            }
        }
    }
    let (Some(reader), Some(own)) = (reader, catalogue.find(OWN_TOTAL).and_then(|id| catalogue.get(id)))
    else {
        return findings;
    };
    for scheme in schemes.values() {
        let is_read = scheme.rules.iter().all(|rule| computed_of(rule, catalogue).is_none());
        if is_read && scheme.file.total_cap > own.max {
            let path = format!("{}/{SCHEME_FILE}", scheme.name);
            let [cap, max] = [scheme.file.total_cap, own.max].map(plain);
            let message = format!(
                "a total may become {cap} here, but the rules of '{}' read totals of at most {max} ('{OWN_TOTAL}' in \
                 metrics.toml) and would fail",
                reader.name
            );
            let text = text_of(&path);
            findings.push(Finding::error("scheme", place_of_text(&path, text, "total_cap"), text, message));
        }
    }
    findings
}

/// A computed metric that a rule reads.
fn computed_of<'a>(rule: &Rule, catalogue: &'a Catalogue) -> Option<&'a Metric> {
    rule.arguments.iter().find_map(|(_, argument)| {
        let Argument::Metric(id) = argument else { return None };
        let metric = catalogue.get(*id)?;
        let is_computed = metric.source.as_deref() == Some(COMPUTED_SOURCE)
            && COMPUTED.iter().any(|computed| computed.name == metric.name);
        is_computed.then_some(metric)
    })
}
