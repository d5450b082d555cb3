//! Levers: what each input of a review would have to become to reach the next edge, or the next grade.
//!
//! Nothing here knows a formula. The rules are run again with other values, and what comes out is compared with what
//! there is, so that it holds for every rule that HR may write. Only inputs that the catalogue says a person can
//! influence are changed: never a target, never a computed metric, never one that is not known.

pub mod answer;
mod grid;
mod pair;
mod prune;
mod single;
mod subject;

#[cfg(test)]
mod tests;

use self::answer::{Lever, Levers, SearchedSteps};
use self::subject::Subject;
use super::explain::{self, ReviewInputs};
use crate::auth::Context;
use crate::http::Problem;
use crate::ledger::month::MonthFacts;
use crate::rules::bundle::{Bundle, Scheme};
use crate::rules::library::Library;
use crate::rules::sandbox::on_deep_stack;

/// How far the search goes.
pub const SEARCHED: SearchedSteps = SearchedSteps { single: 1_000, pair: 120 };

/// The levers of a review that the caller reaches. Reading other people's is logged.
pub async fn of_review(mut cx: Context, library: &Library, id: i64) -> Result<Levers, Problem> {
    let ReviewInputs { review, bundle, facts } = explain::inputs(&mut cx, library, id).await?;
    // The connection goes back before scripts run.
    drop(cx);
    on_deep_stack(move || {
        let scheme = bundle.schemes.get(&review.scheme);
        let scheme = scheme.ok_or_else(|| Problem::not_found("scheme"))?;
        Ok(find(id, &bundle, scheme, facts, SEARCHED))
    })
    .await?
}

/// The levers of a review, from its facts and the rules it was scored with. Runs scripts: call it on a deep stack.
pub fn find(
    review: i64,
    bundle: &Bundle,
    scheme: &Scheme,
    facts: MonthFacts,
    searched: SearchedSteps,
) -> Levers {
    let subject = Subject::new(bundle, scheme, facts);
    let inputs = subject.inputs();
    let goal = subject.goal();
    let found = inputs.iter().map(|input| single::search(&subject, goal.as_ref(), input, searched.single));
    let found = found.collect::<Vec<_>>();
    let is_alone_enough = found.iter().any(|found| found.grade.is_some());
    let pairs = match goal.filter(|_| !is_alone_enough) {
        Some(goal) => pair::search(&subject, &goal, &inputs, searched.pair),
        None => Vec::new(),
    };
    let mut levers = inputs
        .iter()
        .zip(found)
        .filter(|(_, found)| found.edge.is_some() || found.grade.is_some())
        .map(|(input, found)| Lever::of(&subject, input, found))
        .collect::<Vec<_>>();
    // The sort keeps the catalogue's order between equals.
    levers.sort_by_key(Lever::effort);
    Levers {
        review,
        bundle: bundle.hash.clone(),
        total: subject.scored.total,
        grade: subject.scored.grade.clone(),
        final_grade: subject.scored.final_grade.clone(),
        searched_steps: searched,
        levers,
        pairs: pairs.iter().map(|pair| answer::lever_pair(&subject, &inputs, pair)).collect(),
    }
}
