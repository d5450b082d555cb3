//! Computing a store's month: pure, from everything that was loaded to everything that will be stored.

use std::collections::{HashMap, HashSet};

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;

use super::first_round::{FirstRound, reads_computed};
use super::snapshot::{Snapshot, metrics};
use crate::http::Language;
use crate::ledger::metric::{Catalogue, TARGET_SUFFIX};
use crate::ledger::month::MonthFacts;
use crate::org::Posting;
use crate::period::Period;
use crate::rules::bundle::{Bundle, Scheme};
use crate::rules::explanation::ExplainedRule;
use crate::rules::sandbox::Optimisation;
use crate::rules::scoring::Scored;

/// A store's month as it was loaded, in one consistent view.
#[derive(Debug)]
pub struct Month {
    /// Code of the store.
    pub store: String,
    /// The month.
    pub period: Period,
    /// The postings that count in it, ordered by person.
    pub postings: Vec<Posting>,
    /// Facts by employee and metric.
    pub facts: HashMap<i64, HashMap<String, Decimal>>,
    /// Targets by employee and metric, from the plan in force.
    pub targets: HashMap<i64, HashMap<String, Decimal>>,
    /// Sources that are in.
    pub delivered: HashSet<String>,
}

/// A review to be stored.
#[derive(Debug)]
pub struct ReviewDraft {
    /// Whose it is.
    pub employee_id: i64,
    /// The scheme it was scored by.
    pub scheme: String,
    /// The position it scores.
    pub position: String,
    /// The unit of the posting.
    pub unit_id: i64,
    /// What went in, as canonical JSON.
    pub snapshot: String,
    /// What every rule did, as JSON.
    pub trace: String,
    /// The same, as it is read.
    pub rules: Vec<ExplainedRule>,
    /// Why the grade is what it is, in Chinese.
    pub grade_reasons: Vec<String>,
    /// What came out.
    pub scored: Scored,
    /// Cars delivered, the leaderboard's second key.
    pub deliveries: i64,
}

/// Scores everybody who held a scored posting in the month.
///
/// Schemes that read computed metrics (a leader's own total and the members') come after those that do not.
pub fn compute(bundle: &Bundle, month: &Month) -> Result<Vec<ReviewDraft>, serde_json::Error> {
    let mut subjects = Vec::new();
    for postings in month.postings.chunk_by(|one, next| one.employee_id == next.employee_id) {
        let Some(employee_id) = postings.first().map(|posting| posting.employee_id) else { continue };
        let facts = month.facts_of(&bundle.catalogue, employee_id);
        if has_no_day_left(&bundle.catalogue, &facts) {
            continue;
        }
        for posting in postings {
            if let Some(scheme) = bundle.scheme_for(posting.position.name()) {
                subjects.push((posting, scheme, facts.clone()));
            }
        }
    }
    let (later, first): (Vec<_>, Vec<_>) =
        subjects.into_iter().partition(|(_, scheme, _)| reads_computed(&bundle.catalogue, scheme));
    let mut drafts = Vec::with_capacity(first.len() + later.len());
    let mut first_round = FirstRound::default();
    for (posting, scheme, facts) in first {
        let draft = draft(bundle, month, posting, scheme, &facts)?;
        first_round.add(draft.employee_id, draft.unit_id, &draft.scored);
        drafts.push(draft);
    }
    for (posting, scheme, mut facts) in later {
        first_round.lead(&bundle.catalogue, posting.employee_id, posting.unit_id, &mut facts);
        drafts.push(draft(bundle, month, posting, scheme, &facts)?);
    }
    Ok(drafts)
}

impl Month {
    /// A person's facts with the plan's targets. A target that was delivered as a fact, by a system that keeps the plan,
    /// goes before the plan's.
    pub(super) fn facts_of(&self, catalogue: &Catalogue, employee_id: i64) -> MonthFacts {
        let targets = self.targets.get(&employee_id).into_iter().flatten();
        let targets = targets.filter_map(|(metric, value)| {
            Some((catalogue.find(&format!("{metric}{TARGET_SUFFIX}"))?, *value))
        });
        let facts = self.facts.get(&employee_id).into_iter().flatten();
        let facts = facts.filter_map(|(metric, value)| Some((catalogue.find(metric)?, *value)));
        MonthFacts::with_sources(catalogue, targets.chain(facts), &self.delivered)
    }
}

/// Somebody on protected leave on every scheduled day has no review.
pub(super) fn has_no_day_left(catalogue: &Catalogue, facts: &MonthFacts) -> bool {
    let number = |name| catalogue.find(name).and_then(|id| facts.number(id));
    match (number("scheduled_days"), number("protected_leave_days")) {
        (Some(scheduled), leave) => scheduled <= leave.unwrap_or_default(),
        (None, _) => false,
    }
}

fn draft(
    bundle: &Bundle,
    month: &Month,
    posting: &Posting,
    scheme: &Scheme,
    facts: &MonthFacts,
) -> Result<ReviewDraft, serde_json::Error> {
    let (metrics, unreported) = metrics(&bundle.catalogue, facts);
    let snapshot = Snapshot {
        employee_no: posting.employee_no.clone(),
        period: month.period,
        store: month.store.clone(),
        unit: posting.unit_code.clone(),
        position: posting.position.name().to_owned(),
        posted_from: posting.valid_from,
        posted_to: posting.valid_to,
        metrics,
        unreported,
    };
    let scored = scheme.score(facts, Optimisation::Simple);
    let has_failed = !scored.attention.is_empty();
    let (total, applicable_max) = (scored.total, scored.applicable_max);
    let rules = scheme.explain(&scored.rules, facts, Language::Chinese);
    Ok(ReviewDraft {
        employee_id: posting.employee_id,
        scheme: scheme.name.clone(),
        position: posting.position.name().to_owned(),
        unit_id: posting.unit_id,
        snapshot: serde_json::to_string(&snapshot)?,
        trace: serde_json::to_string(&rules)?,
        rules,
        grade_reasons: scheme.grade_reasons(facts, total, applicable_max, has_failed, Language::Chinese),
        deliveries: deliveries(&bundle.catalogue, facts),
        scored,
    })
}

/// Cars delivered, the leaderboard's second key.
pub(super) fn deliveries(catalogue: &Catalogue, facts: &MonthFacts) -> i64 {
    let deliveries = catalogue.find("deliveries").and_then(|id| facts.number(id));
    deliveries.and_then(|number| number.to_i64()).unwrap_or(0)
}
