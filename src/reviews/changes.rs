//! Two revisions of a review side by side, item by item, and why they differ.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::explain::{self, Explanation};
use super::recomputation;
use crate::auth::{Context, Reading};
use crate::http::Problem;
use crate::rules::explanation::ExplainedRule;
use crate::rules::library::Library;
use crate::said::say;

/// Which revision to compare with.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ChangesQuery {
    /// Id of the other revision; the one before by default.
    pub since: Option<i64>,
}

/// What changed from one revision of a review to another.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewChanges {
    /// The earlier one.
    pub from: RevisionTotals,
    /// The later one.
    pub to: RevisionTotals,
    /// Why the later one was computed again after publication, where that wrote it.
    pub recomputed: Option<RecomputationCause>,
    /// Whether they were scored with other rules.
    pub other_rules: bool,
    /// Every item that differs, and why.
    pub items: Vec<ItemChange>,
    /// Values that differ and that no rule with another result read.
    pub other_facts: Vec<FactChange>,
}

/// When and why reviews were computed again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecomputationCause {
    /// When.
    pub at: DateTime<Utc>,
    /// Why.
    pub reason: String,
}

/// A revision's totals.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RevisionTotals {
    /// Id of the review.
    pub review: i64,
    /// Its revision.
    pub revision: i32,
    /// Points with the bonus.
    pub total: Option<Decimal>,
    /// The grade that counts.
    pub final_grade: String,
    /// Performance coefficient 绩效系数.
    pub coefficient: Option<Decimal>,
}

/// An item that differs.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemChange {
    /// The rule.
    pub rule: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// What the rule gave before; null where it gave nothing, or there was no such rule.
    pub from: Option<Decimal>,
    /// What it gives now.
    pub to: Option<Decimal>,
    /// What adjustments added before.
    pub adjusted_from: Decimal,
    /// What they add now.
    pub adjusted_to: Decimal,
    /// Values that the rule reads and that differ.
    pub facts: Vec<FactChange>,
    /// Why it differs: `fact`, `rule`, `adjustment` or `appeal`; several where several things changed.
    pub causes: Vec<ChangeCause>,
}

/// Why an item differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeCause {
    /// A value that the rule reads.
    Fact,
    /// The rules.
    Rule,
    /// An adjustment of two people.
    Adjustment,
    /// An appeal that was decided.
    Appeal,
}

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FactChange {
    /// The metric or parameter.
    pub name: String,
    /// Its value before; null if it was not known.
    pub from: Option<Decimal>,
    /// Its value now.
    pub to: Option<Decimal>,
}

/// Compares a review with an earlier revision of it. Reading other people's is logged.
///
/// # Errors
///
/// Not found where the caller sees one of them not, or there is no earlier one; a field at fault where the other is no revision of
/// the same review.
pub async fn changes(
    cx: &mut Context,
    library: &Library,
    id: i64,
    query: ChangesQuery,
) -> Result<Reading<ReviewChanges>, Problem> {
    let since = match query.since {
        Some(since) => since,
        None => explain::revision_before(cx, id).await?,
    };
    if !explain::is_same_review(cx, id, since).await? {
        return Err(Problem::field(
            "since",
            say!("应为同一份考核另一版的 id", "expected the id of another revision of the same review"),
        ));
    }
    let (_, earlier) = explain::explain_unlogged(cx, library, since).await?;
    let (employee_id, later) = explain::explain_unlogged(cx, library, id).await?;
    let recomputed = recomputation::cause_of(cx, id).await?;
    let recomputed = recomputed.map(|(at, reason)| RecomputationCause { at, reason });
    let changes = ReviewChanges { recomputed, ..compare(&earlier, &later) };
    Ok(cx.reading(changes, [(id, employee_id), (since, employee_id)]))
}

fn compare(earlier: &Explanation, later: &Explanation) -> ReviewChanges {
    let other_rules = earlier.bundle != later.bundle;
    let rules = earlier.rules.iter().chain(&later.rules).map(|rule| rule.rule.as_str());
    let mut seen = BTreeSet::new();
    let rules = rules.filter(|rule| seen.insert(*rule)).collect::<Vec<_>>();
    let items =
        rules.into_iter().filter_map(|rule| item(earlier, later, rule, other_rules)).collect::<Vec<_>>();
    let told =
        items.iter().flat_map(|item| &item.facts).map(|fact| fact.name.as_str()).collect::<BTreeSet<_>>();
    let names = earlier.snapshot.metrics.keys().chain(later.snapshot.metrics.keys()).collect::<BTreeSet<_>>();
    let other_facts = names.into_iter().filter(|name| !told.contains(name.as_str())).filter_map(|name| {
        let value = |one: &Explanation| one.snapshot.metrics.get(name).copied().flatten();
        fact(name, value(earlier), value(later))
    });
    let other_facts = other_facts.collect();
    let (from, to) = (totals(earlier), totals(later));
    ReviewChanges { from, to, recomputed: None, other_rules, items, other_facts }
}

fn totals(explanation: &Explanation) -> RevisionTotals {
    let review = &explanation.review;
    RevisionTotals {
        review: review.id,
        revision: review.revision,
        total: review.total,
        final_grade: review.final_grade.clone(),
        coefficient: review.coefficient,
    }
}

fn fact(name: &str, from: Option<Decimal>, to: Option<Decimal>) -> Option<FactChange> {
    (from != to).then(|| FactChange { name: name.to_owned(), from, to })
}

fn item(earlier: &Explanation, later: &Explanation, rule: &str, other_rules: bool) -> Option<ItemChange> {
    let of = |one: &Explanation| one.rules.iter().find(|result| result.rule == rule).cloned();
    let (before, after) = (of(earlier), of(later));
    let named: &ExplainedRule = after.as_ref().or(before.as_ref())?;
    let score = |result: &Option<ExplainedRule>| result.as_ref().and_then(|result| result.score);
    let adjusted = |one: &Explanation| {
        let own = one.adjustments.iter().filter(|adjustment| adjustment.rule == rule);
        own.map(|adjustment| adjustment.points).sum::<Decimal>()
    };
    let (from, to) = (score(&before), score(&after));
    let (adjusted_from, adjusted_to) = (adjusted(earlier), adjusted(later));
    if from == to && adjusted_from == adjusted_to {
        return None;
    }
    let inputs =
        |result: &Option<ExplainedRule>| result.iter().flat_map(|one| one.inputs.clone()).collect::<Vec<_>>();
    let (read_before, read_after) = (inputs(&before), inputs(&after));
    let names =
        read_before.iter().chain(&read_after).map(|input| input.name.as_str()).collect::<BTreeSet<_>>();
    let facts = names.into_iter().filter_map(|name| {
        let value = |inputs: &[crate::rules::explanation::Input]| {
            inputs.iter().find(|input| input.name == name).and_then(|input| input.value)
        };
        fact(name, value(&read_before), value(&read_after))
    });
    let facts = facts.collect::<Vec<_>>();
    let mut causes = BTreeSet::new();
    if from != to {
        if other_rules {
            causes.insert(ChangeCause::Rule);
        }
        if !facts.is_empty() {
            causes.insert(ChangeCause::Fact);
        }
    }
    for adjustment in later.adjustments.iter().chain(&earlier.adjustments).filter(|one| one.rule == rule) {
        let is_in_both =
            [earlier, later].iter().all(|one| one.adjustments.iter().any(|other| other.id == adjustment.id));
        if !is_in_both {
            let cause =
                if adjustment.appeal.is_some() { ChangeCause::Appeal } else { ChangeCause::Adjustment };
            causes.insert(cause);
        }
    }
    Some(ItemChange {
        rule: rule.to_owned(),
        zh: named.zh.clone(),
        en: named.en.clone(),
        from,
        to,
        adjusted_from,
        adjusted_to,
        facts,
        causes: causes.into_iter().collect(),
    })
}
