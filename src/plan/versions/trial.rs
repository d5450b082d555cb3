//! A plan tried by several methods, side by side, before one is taken. Nothing is kept.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::draft::{Prepared, look_up, prepare};
use crate::auth::Context;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::plan::split::history::UsedYear;
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::NewPlan;
use crate::plan::split::tree::Tree;
use crate::plan::viewer;

/// A plan, and the methods to try it by.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The plan; its own method is ignored.
    #[garde(dive)]
    pub plan: NewPlan,
    /// The methods.
    #[garde(length(min = 1, max = 10), dive)]
    #[schema(min_items = 1, max_items = 10)]
    pub methods: Vec<Method>,
}

/// The result of a trial: what each method gives, in the order of the request.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrialResult {
    /// One entry per method.
    pub methods: Vec<MethodResult>,
    /// Every place of the plan's organisation, channels and series, with a row for each method.
    pub rows: Vec<TrialRow>,
}

/// Whether the plan can be split by a method.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MethodResult {
    /// The method.
    pub method: Method,
    /// Why the plan cannot be split by it; its rows are then null.
    pub refusal: Option<String>,
    /// What was known of the years by whose results it weighs; empty for a method that goes by none.
    pub history: Vec<UsedYear>,
}

/// A place, and what each method gives it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TrialRow {
    /// The tree.
    pub tree: Tree,
    /// Its place, for example `JC/G1/A01`.
    pub path: String,
    /// The months by each method, January first; null where the method was refused.
    pub months: Vec<Option<[i64; 12]>>,
    /// The sums of the months.
    pub years: Vec<Option<i64>>,
}

/// Splits the plan's first line by every method.
///
/// # Errors
///
/// Not found where the unit's plan would not be seen; every field at fault, where no method can do anything with the plan.
pub async fn run(cx: &mut Context, catalogue: &Catalogue, trial: &Trial) -> Result<TrialResult, Problem> {
    viewer::require_unit(cx, &trial.plan.unit, trial.plan.year).await?;
    let this_month = viewer::month(cx);
    // Looked up in one snapshot, so that the methods are compared on the same ground.
    let outcomes = cx
        .db()
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |connection| {
            let known = look_up(connection, &trial.plan, this_month).await?;
            let mut outcomes: Vec<Result<Prepared, Problem>> = Vec::with_capacity(trial.methods.len());
            for method in &trial.methods {
                let outcome = prepare(connection, catalogue, &trial.plan, method, &known).await;
                outcomes.push(outcome);
            }
            Ok::<_, Problem>(outcomes)
        })
        .await?;
    let done = outcomes.iter().find_map(|outcome| outcome.as_ref().ok());
    let Some(shapes) = done.map(|done| &done.whole.shapes) else {
        let first = outcomes.into_iter().find_map(Result::err);
        return Err(first.unwrap_or_else(|| Problem::internal(&"a trial without methods")));
    };
    let mut rows = Vec::new();
    for &tree in Tree::ALL {
        let shape = shapes.of(tree);
        // The roots of channels and series are the organisation's.
        for node in usize::from(tree != Tree::Organisation)..shape.len() {
            let months: Vec<Option<[i64; 12]>> = outcomes
                .iter()
                .map(|outcome| {
                    let line = outcome.as_ref().ok()?.whole.lines.first()?;
                    line.cells.of(tree).confirmed.get(node).copied()
                })
                .collect();
            let years = months.iter().map(|months| months.map(|months| months.iter().sum())).collect();
            rows.push(TrialRow { tree, path: shape.path(node), months, years });
        }
    }
    let language = cx.language;
    let methods = trial.methods.iter().zip(&outcomes).map(|(method, outcome)| MethodResult {
        method: method.clone(),
        refusal: outcome.as_ref().err().map(|problem| problem.told(language)),
        history: outcome.as_ref().map(|done| done.history.clone()).unwrap_or_default(),
    });
    Ok(TrialResult { methods: methods.collect(), rows })
}
