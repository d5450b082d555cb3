//! Golden cases out of reviews: what happened once is kept as what has to happen.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::explain::{self, ReviewInputs};
use crate::auth::Context;
use crate::http::Problem;
use crate::rules::case_text::{case_text, file_of};
use crate::rules::library::Library;
use crate::rules::sandbox::on_deep_stack;
use crate::said::say;

/// Which cases of a review.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    /// Only the case for this rule; by default, one for every rule.
    #[param(example = "20_funnel_kpi")]
    pub rule: Option<String>,
}

/// Golden cases made from a review.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewCases {
    /// The review.
    pub review: i64,
    /// SHA-256 of the rules that scored it. With these every case passes.
    pub bundle: String,
    /// One case for each rule.
    pub cases: Vec<GoldenCase>,
    /// Rules for which no case can be made.
    pub skipped: Vec<SkippedCase>,
}

/// A case that can be stored beside its rule as it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GoldenCase {
    /// The rule.
    pub rule: String,
    /// The case file of the rule, below the rules folder.
    pub file: String,
    /// The name of the case: month, and id of the review or the appeal, without any person's name.
    #[schema(example = "2014-03 review 123")]
    pub name: String,
    /// A `[[case]]` with the facts that the rule reads, its score and its reasons.
    pub toml: String,
}

/// A rule whose result cannot be written as a case.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SkippedCase {
    /// The rule.
    pub rule: String,
    /// Why no case can be made.
    pub reason: String,
}

/// The cases of a review that the caller reaches: of one rule or of all. Reading other people's is logged.
pub async fn of_review(
    mut cx: Context,
    library: &Library,
    id: i64,
    query: CaseQuery,
) -> Result<ReviewCases, Problem> {
    let inputs = explain::inputs(&mut cx, library, id).await?.logged().await?;
    // The connection goes back before scripts run.
    drop(cx);
    let name = format!("{} review {}", inputs.review.period, inputs.review.id);
    made_of(inputs, query.rule, name).await
}

/// The cases of a review's inputs: of one rule or of all.
pub(super) async fn made_of(
    inputs: ReviewInputs,
    only: Option<String>,
    name: String,
) -> Result<ReviewCases, Problem> {
    on_deep_stack(move || cases(&inputs, only.as_deref(), &name)).await?
}

fn cases(inputs: &ReviewInputs, only: Option<&str>, name: &str) -> Result<ReviewCases, Problem> {
    let ReviewInputs { review, bundle, facts } = inputs;
    let scheme = bundle.schemes.get(&review.scheme).ok_or_else(|| Problem::not_found("scheme"))?;
    if let Some(rule) = only.filter(|only| scheme.rules.iter().all(|rule| rule.entry.id != *only)) {
        let known = scheme.rules.iter().map(|rule| rule.entry.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Problem::field(
            "rule",
            say!("这份考核没有规则“{rule}”；有 {known}", "the review has no rule '{rule}'; it has {known}"),
        ));
    }
    let bundle_hash = bundle.hash.clone();
    let mut told =
        ReviewCases { review: review.id, bundle: bundle_hash, cases: Vec::new(), skipped: Vec::new() };
    for rule in scheme.rules.iter().filter(|rule| only.is_none_or(|only| rule.entry.id == only)) {
        let id = rule.entry.id.clone();
        match case_text(rule, &bundle.catalogue, facts, name) {
            Ok(toml) => {
                told.cases.push(GoldenCase { rule: id, file: file_of(rule), name: name.to_owned(), toml });
            }
            Err(reason) => told.skipped.push(SkippedCase { rule: id, reason }),
        }
    }
    Ok(told)
}
