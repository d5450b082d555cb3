//! Results as people read them: every rule with its names, what it was given, and a sentence for each step.

use std::sync::Arc;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bundle::{Rule, Scheme};
use super::check::Argument;
use super::scoring::{Outcome, RuleResult};
use super::trace::{Step, StepKind};
use crate::http::Language;
use crate::ledger::month::MonthFacts;

/// A rule's input as the script got it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Input {
    /// The metric or parameter.
    pub name: String,
    /// Its value; null if there was none.
    pub value: Option<Decimal>,
}

/// One recorded call of a host function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Step)]
pub struct ExplainedStep {
    /// What it did.
    pub kind: StepKind,
    /// Points given or taken off, unrounded; null if the step has none.
    pub points: Option<Decimal>,
    /// The most points the item could give.
    pub max: Option<Decimal>,
    /// The reason with its numbers.
    pub reason: String,
    /// Line of the call in the rule's file.
    pub line: usize,
    /// Column of the call.
    pub column: usize,
}

/// One rule's result for one person, with everything needed to explain it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleResult)]
pub struct ExplainedRule {
    /// The rule's id, for example `20_funnel_kpi`.
    pub rule: String,
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Points, rounded half up to two decimals; null unless the rule was scored.
    pub score: Option<Decimal>,
    /// Points it adds to the denominator when it applies.
    pub max: Decimal,
    /// Points on top of the total.
    pub bonus: Decimal,
    /// What the script was given.
    pub inputs: Vec<Input>,
    /// What it did.
    pub steps: Vec<ExplainedStep>,
    /// What went wrong, with file, line and column.
    pub failure: Option<String>,
}

impl ExplainedRule {
    /// The reasons a reader is shown, one a step.
    pub fn reasons(&self) -> Vec<String> {
        self.steps.iter().map(|step| step.reason.clone()).chain(self.failure.clone()).collect()
    }
}

impl Scheme {
    /// The results of its rules, in its order, as somebody reads them; `facts` are what they were scored from.
    pub fn explain(
        &self,
        results: &[Arc<RuleResult>],
        facts: &MonthFacts,
        language: Language,
    ) -> Vec<ExplainedRule> {
        self.rules
            .iter()
            .zip(results)
            .map(|(rule, result)| explained(rule, result, facts, language))
            .collect()
    }
}

fn explained(rule: &Rule, result: &RuleResult, facts: &MonthFacts, language: Language) -> ExplainedRule {
    ExplainedRule {
        rule: rule.entry.id.clone(),
        zh: rule.entry.zh.clone(),
        en: rule.entry.en.clone(),
        outcome: result.outcome,
        score: result.score,
        max: result.max,
        bonus: result.bonus,
        inputs: inputs(rule, facts),
        steps: result.steps.iter().map(|step| explained_step(rule, step, language)).collect(),
        failure: result.failure.clone(),
    }
}

fn explained_step(rule: &Rule, step: &Step, language: Language) -> ExplainedStep {
    ExplainedStep {
        kind: step.kind,
        points: step.points,
        max: step.max,
        reason: rule.reason(step, language),
        line: step.at.line().unwrap_or(0),
        column: step.at.position().unwrap_or(0),
    }
}

fn inputs(rule: &Rule, facts: &MonthFacts) -> Vec<Input> {
    let input = |(name, argument): &(String, Argument)| Input {
        name: name.clone(),
        value: match argument {
            Argument::Parameter(number) => Some(*number),
            Argument::Metric(id) => facts.number(*id),
        },
    };
    rule.arguments.iter().map(input).collect()
}
