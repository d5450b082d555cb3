//! One stored review against what its snapshot and its rules give: byte for byte. Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::stored::{StoredItem, StoredReview};
use crate::decimal;
use crate::http::Language;
use crate::reviews::compute::deliveries;
use crate::reviews::snapshot::Snapshot;
use crate::rules::bundle::{Bundle, Files, identity, version_of};
use crate::rules::explanation::ExplainedRule;
use crate::rules::finding::Finding;
use crate::rules::host::HOST_VERSION;
use crate::rules::sandbox::Optimisation;
use crate::rules::scoring::Scored;

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
    compiled: Result<std::sync::Arc<Bundle>, Vec<Finding>>,
}

impl StoredBundle {
    /// Judges the bytes that are stored under `hash`, compiled as they are now.
    pub fn new(hash: &str, files: &Files, compiled: Result<std::sync::Arc<Bundle>, Vec<Finding>>) -> Self {
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
pub fn replay(review: &StoredReview, items: &[StoredItem], bundle: &StoredBundle) -> Replay {
    let mut differences = Differences::default();
    if bundle.version.is_none() {
        differences.note("bundle", json!(bundle.hash), json!(bundle.identity));
    }
    let again = run(review, bundle, &mut differences);
    let mut replayed = None;
    if let Some(Again { scored, rules, grade_reasons, cars }) = &again {
        // Results are plain data: they always have a text.
        let trace = serde_json::to_string(rules).unwrap_or_default();
        differences.compare("trace", text(&review.trace), text(&trace), review.trace == trace);
        differences.columns(review, scored, grade_reasons, *cars);
        differences.items(items, rules);
        replayed = Some(text(&trace));
    }
    let is_same = differences.0.is_empty();
    Replay {
        review: review.id,
        is_same,
        bundle: bundle.hash.clone(),
        remark: bundle.remark(),
        differences: differences.0,
        stored: (!is_same).then(|| text(&review.trace)),
        replayed: replayed.filter(|_| !is_same),
    }
}

/// What the snapshot comes to now.
struct Again {
    scored: Scored,
    rules: Vec<ExplainedRule>,
    grade_reasons: Vec<String>,
    cars: i64,
}

/// Scores the snapshot, or says why it cannot be.
fn run(review: &StoredReview, bundle: &StoredBundle, differences: &mut Differences) -> Option<Again> {
    let compiled = match &bundle.compiled {
        Ok(compiled) => compiled,
        Err(findings) => {
            let findings = findings.iter().map(ToString::to_string).collect::<Vec<_>>();
            differences.note("rules", Value::Null, json!(findings));
            return None;
        }
    };
    let snapshot = match serde_json::from_str::<Snapshot>(&review.snapshot) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            differences.note("snapshot", json!(review.snapshot), json!(format!("cannot be read: {error}")));
            return None;
        }
    };
    let again = serde_json::to_string(&snapshot).unwrap_or_default();
    differences.compare("snapshot", json!(review.snapshot), json!(again), review.snapshot == again);
    let Some(scheme) = compiled.schemes.get(&review.scheme) else {
        let known = compiled.schemes.keys().collect::<Vec<_>>();
        differences.note("scheme", json!(review.scheme), json!(known));
        return None;
    };
    let facts = snapshot.facts(&compiled.catalogue);
    let cars = deliveries(&compiled.catalogue, &facts);
    let scored = scheme.score(&facts, Optimisation::Simple);
    let rules = scheme.explain(&scored.rules, &facts, Language::Chinese);
    let has_failed = !scored.attention.is_empty();
    let (total, applicable_max) = (scored.total, scored.applicable_max);
    let grade_reasons = scheme.grade_reasons(&facts, total, applicable_max, has_failed, Language::Chinese);
    Some(Again { scored, rules, grade_reasons, cars })
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

    fn columns(&mut self, stored: &StoredReview, scored: &Scored, grade_reasons: &[String], cars: i64) {
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
            ("grade_reasons", json!(stored.grade_reasons), json!(grade_reasons)),
            ("attention", json!(stored.attention), json!(scored.attention)),
            ("deliveries", json!(stored.deliveries), json!(cars)),
        ] {
            let is_same = stored == replayed;
            self.compare(field, stored, replayed, is_same);
        }
    }

    fn items(&mut self, stored: &[StoredItem], rules: &[ExplainedRule]) {
        let replayed = (1_i16..).zip(rules).map(|(ordinal, result)| StoredItem {
            review_id: stored.first().map_or(0, |item| item.review_id),
            ordinal,
            rule: result.rule.clone(),
            outcome: result.outcome.name().to_owned(),
            score: result.score,
            max: result.max,
            reasons: result.reasons(),
        });
        let replayed = replayed.collect::<Vec<_>>();
        for place in 0..stored.len().max(replayed.len()) {
            let (stored, replayed) = (stored.get(place), replayed.get(place));
            self.compare(&format!("items[{place}]"), json!(stored), json!(replayed), stored == replayed);
        }
    }
}

/// A text as JSON; what is no JSON any more stays a text.
fn text(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
