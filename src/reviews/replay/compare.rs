//! One stored review against what its inputs and its rules give: byte for byte. Pure.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::stored::StoredReview;
use crate::decimal;
use crate::http::Language;
use crate::ledger::month::MonthFacts;
use crate::reviews::compute::deliveries;
use crate::reviews::snapshot::stored as inputs;
use crate::rules::bundle::{Bundle, Files, Scheme, identity, version_of};
use crate::rules::explanation::ExplainedRule;
use crate::rules::finding::Finding;
use crate::rules::host::HOST_VERSION;
use crate::rules::scoring::{Outcome, RuleResult, Scored};

/// The field of what went in.
const INPUTS: &str = "inputs";

/// Revisions among which the one is looked for that a review was written as.
const MOST_REVISIONS: i32 = 100;

/// Decimal places of the columns that hold points.
const PLACES: u32 = 2;

/// The result of running a stored review again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// The review.
    pub review: i64,
    /// Whether everything came out exactly as stored.
    pub is_same: bool,
    /// SHA-256 of the rules it was scored with.
    pub bundle: String,
    /// Anything special about the run, for example that the rules were stored by an earlier version of the program.
    pub remark: Option<String>,
    /// Every field that differs; empty if none does.
    pub differences: Vec<Difference>,
    /// The stored trace, that is what every rule did; null if the two traces are the same.
    #[schema(value_type = Option<Object>)]
    pub stored: Option<Value>,
    /// The trace of the new run; null if the two are the same, or the review could not be run.
    #[schema(value_type = Option<Object>)]
    pub replayed: Option<Value>,
}

/// A field whose stored value differs from the replayed one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// Its name, for example `total` or `items[2]`.
    pub field: String,
    /// The stored value.
    #[schema(value_type = Object)]
    pub stored: Value,
    /// The replayed value.
    #[schema(value_type = Object)]
    pub replayed: Value,
}

/// A stored bundle: what its bytes are, and what they compile to.
#[derive(Debug)]
pub struct StoredBundle {
    /// The hash under which it is stored.
    hash: String,
    /// The hash that its bytes have.
    identity: String,
    /// The version of the host functions under which the bytes have their hash; none if they never had it.
    version: Option<&'static str>,
    compiled: Result<Arc<Bundle>, Vec<Finding>>,
}

impl StoredBundle {
    /// Judges the bytes that are stored under `hash`, compiled as they are now.
    pub fn new(hash: &str, files: &Files, compiled: Result<Arc<Bundle>, Vec<Finding>>) -> Self {
        let (identity, version) = (identity(files), version_of(files, hash));
        Self { hash: hash.to_owned(), identity, version, compiled }
    }

    fn remark(&self) -> Option<String> {
        let version = self.version.filter(|version| *version != HOST_VERSION)?;
        Some(format!(
            "the rules were stored under version {version} of the host functions and run under {HOST_VERSION}"
        ))
    }
}

/// Runs a stored review again and compares. Runs scripts: call it on a deep stack.
pub fn replay(review: &StoredReview, bundle: &StoredBundle) -> Replay {
    let mut differences = Differences::default();
    if bundle.version.is_none() {
        differences.note("bundle", json!(bundle.hash), json!(bundle.identity));
    }
    differences.seal(review);
    let mut traces = None;
    if let Some(again) = run(review, bundle, &mut differences) {
        let Again { scheme, facts, scored, .. } = &again;
        let explain = |results: &[Arc<RuleResult>]| scheme.explain(results, facts, Language::default());
        let stored = scheme.read_trace(&review.trace).map(|results| explain(&results));
        let replayed = explain(&scored.rules);
        let shown = match &stored {
            Ok(rules) => json!(rules),
            Err(damaged) => json!(format!("{damaged}: {}", hex(&review.trace))),
        };
        let is_same = review.trace == scheme.write_trace(&scored.rules);
        differences.compare("trace", shown.clone(), json!(replayed), is_same);
        differences.columns(review, &again);
        if let (false, Ok(stored)) = (is_same, &stored) {
            differences.items(stored, &replayed);
        }
        traces = Some((shown, json!(replayed)));
    }
    let is_same = differences.0.is_empty();
    // What cannot be run again cannot be read either: its bytes are all there is to show.
    let (stored, replayed) = match traces {
        Some((stored, replayed)) => (stored, Some(replayed)),
        None => (json!(hex(&review.trace)), None),
    };
    Replay {
        review: review.id,
        is_same,
        bundle: bundle.hash.clone(),
        remark: bundle.remark(),
        differences: differences.0,
        stored: (!is_same).then_some(stored),
        replayed: replayed.filter(|_| !is_same),
    }
}

/// What the inputs come to now.
struct Again<'a> {
    scheme: &'a Scheme,
    facts: MonthFacts,
    scored: Scored,
    cars: i64,
}

/// Scores the inputs, or says why they cannot be.
fn run<'a>(
    review: &StoredReview,
    bundle: &'a StoredBundle,
    differences: &mut Differences,
) -> Option<Again<'a>> {
    let compiled = match &bundle.compiled {
        Ok(compiled) => compiled,
        Err(findings) => {
            let findings = findings.iter().map(ToString::to_string).collect::<Vec<_>>();
            differences.note("rules", Value::Null, json!(findings));
            return None;
        }
    };
    let facts = match inputs::read(&review.inputs, &compiled.catalogue) {
        Ok((subject, facts)) => {
            differences.subject(review, &subject);
            facts
        }
        Err(damaged) => {
            // That they are not the ones that were written says less.
            differences.0.retain(|difference| difference.field != INPUTS);
            differences.note(INPUTS, json!(hex(&review.inputs)), json!(damaged.to_string()));
            return None;
        }
    };
    let Some(scheme) = compiled.schemes.get(&review.scheme) else {
        let known = compiled.schemes.keys().collect::<Vec<_>>();
        differences.note("scheme", json!(review.scheme), json!(known));
        return None;
    };
    // The scheme is the one of the position, whatever the row calls it.
    if scheme.file.position != review.position {
        differences.note(
            "scheme",
            json!(review.scheme),
            json!(compiled.scheme_for(&review.position).map(|scheme| &scheme.name)),
        );
    }
    let cars = deliveries(&compiled.catalogue, &facts);
    let scored = scheme.score(&facts);
    Some(Again { scheme, facts, scored, cars })
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// What a rule has come to, as a difference shows it.
#[derive(PartialEq, Eq, Serialize)]
struct Item {
    ordinal: usize,
    rule: String,
    outcome: Outcome,
    score: Option<Decimal>,
    max: Decimal,
    reasons: Vec<String>,
}

#[derive(Default)]
struct Differences(Vec<Difference>);

impl Differences {
    fn note(&mut self, field: &str, stored: Value, replayed: Value) {
        self.0.push(Difference { field: field.to_owned(), stored, replayed });
    }

    fn compare(&mut self, field: &str, stored: Value, replayed: Value, is_same: bool) {
        if !is_same {
            self.note(field, stored, replayed);
        }
    }

    /// Whether the row has the revision and the inputs with which it was written, whether or not a rule reads them.
    fn seal(&mut self, stored: &StoredReview) {
        let is_of = |revision: i32| {
            stored.inputs_digest.as_deref() == Some(&inputs::digest(revision, &stored.inputs)[..])
        };
        if is_of(stored.revision) {
            return;
        }
        match (1..=MOST_REVISIONS).find(|revision| is_of(*revision)) {
            Some(revision) => self.note("revision", json!(stored.revision), json!(revision)),
            None => {
                let digest = stored.inputs_digest.as_deref().map(hex);
                self.note(
                    INPUTS,
                    json!(digest),
                    json!(hex(&inputs::digest(stored.revision, &stored.inputs))),
                );
            }
        }
    }

    /// Whose review it is, by its row and by its own inputs: a review that was put under somebody else's name is found.
    fn subject(&mut self, stored: &StoredReview, subject: &inputs::Subject<'_>) {
        let period = (stored.period.to_string(), subject.period.to_string());
        for (field, stored, replayed) in [
            ("employee_no", stored.employee_no.as_str(), subject.employee_no),
            ("period", period.0.as_str(), period.1.as_str()),
            ("store", stored.store.as_str(), subject.store),
            ("unit", stored.unit.as_str(), subject.unit),
            ("position", stored.position.as_str(), subject.position),
        ] {
            self.compare(field, json!(stored), json!(replayed), stored == replayed);
        }
    }

    fn columns(&mut self, stored: &StoredReview, again: &Again<'_>) {
        let Again { scored, cars, .. } = again;
        // The column rounds a coefficient with more places in the same way.
        let coefficient = scored.coefficient.map(|coefficient| decimal::half_up(coefficient, PLACES));
        for (field, stored, replayed) in [
            ("base", stored.base, scored.base),
            ("bonus", stored.bonus, scored.bonus),
            ("total", stored.total, scored.total),
            ("applicable_max", Some(stored.applicable_max), Some(scored.applicable_max)),
            ("coefficient", stored.coefficient, coefficient),
        ] {
            self.compare(field, json!(stored), json!(replayed), stored == replayed);
        }
        for (field, stored, replayed) in [
            ("grade", json!(stored.grade), json!(scored.grade)),
            ("final_grade", json!(stored.final_grade), json!(scored.final_grade)),
            ("attention", json!(stored.attention), json!(scored.attention)),
            ("deliveries", json!(stored.deliveries), json!(cars)),
        ] {
            let is_same = stored == replayed;
            self.compare(field, stored, replayed, is_same);
        }
    }

    fn items(&mut self, stored: &[ExplainedRule], replayed: &[ExplainedRule]) {
        let item = |rules: &[ExplainedRule], place: usize| {
            rules.get(place).map(|rule| Item {
                ordinal: place + 1,
                rule: rule.rule.clone(),
                outcome: rule.outcome,
                score: rule.score,
                max: rule.max,
                reasons: rule.reasons(),
            })
        };
        for place in 0..stored.len().max(replayed.len()) {
            let (stored, replayed) = (item(stored, place), item(replayed, place));
            self.compare(&format!("items[{place}]"), json!(stored), json!(replayed), stored == replayed);
        }
    }
}
