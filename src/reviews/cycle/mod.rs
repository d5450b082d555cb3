//! Review cycles: one store's month of reviews, the way it goes and by when.

pub mod coverage;
pub mod dates;
pub mod http;
pub mod moves;
pub mod ready;
pub mod rules;
mod state;
pub mod store;
pub mod terms;
pub mod way;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::rules::CycleRules;
pub use self::state::CycleState;
use self::terms::CycleDue;
use super::allowed::AllowedAction;
use super::recomputation::{Changed, ChangedFacts};
use super::store::ReviewCycle;
use crate::auth::Context;
use crate::auth::access::{Action as _, Reach, RecomputeReviews, RunReviews, ViewReviews};
use crate::diary::work_calendar::StoreCalendars;
use crate::http::Problem;

/// A cycle with its terms, and with what the caller may do with it now.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CycleOutlook {
    /// The cycle.
    #[serde(flatten)]
    pub cycle: ReviewCycle,
    /// Until when each part of it has to be done.
    pub due: CycleDue,
    /// The rules that score it now, and whether its reviews are by others.
    pub rules: CycleRules,
    /// Whose facts have changed since the reviews were computed: corrections that were accepted, and that no review has. It is
    /// told to those who see the whole store's reviews.
    pub facts_changed: Vec<ChangedFacts>,
    /// What the caller may do next.
    pub allowed_actions: Vec<AllowedAction>,
}

/// Cycles with their terms and what the caller may do with them.
pub async fn outlooks(cx: &mut Context, cycles: Vec<ReviewCycle>) -> Result<Vec<CycleOutlook>, Problem> {
    let stores = cycles.iter().map(|cycle| cycle.store_id).collect::<Vec<_>>();
    let years = cycles.iter().map(|cycle| cycle.period.year());
    let (first, last) = (years.clone().min().unwrap_or(0), years.max().unwrap_or(0));
    let calendars = StoreCalendars::load(cx.db(), &stores, first..=last + 1).await?;
    let terms = terms::of_stores(cx.db(), &stores).await?;
    let mut rules = rules::of_cycles(cx.db(), &cycles).await?;
    let behind =
        cycles.iter().filter(|cycle| cycle.needs_generation).map(|cycle| cycle.id).collect::<Vec<_>>();
    let mut changed = Changed::of(cx, &behind).await?;
    let sees_all = cx.identity.as_ref().is_none_or(|identity| {
        let reaches = identity.roles.iter().filter_map(|role| ViewReviews::reach_of(*role));
        reaches.into_iter().any(|reach| matches!(reach, Reach::Store | Reach::All))
    });
    let outlook = |cycle: ReviewCycle| {
        let changed = changed.remove(&cycle.id).unwrap_or_default();
        let (terms, _) = terms.get(&cycle.store_id).copied().unwrap_or_default();
        let due = terms.due(cycle.period, |day| calendars.is_working(cycle.store_id, day));
        let allowed_actions = allowed(cx, &cycle, &due, &changed);
        let facts_changed = if sees_all { changed.facts() } else { Vec::new() };
        let rules = rules.remove(&cycle.id).unwrap_or_default();
        CycleOutlook { allowed_actions, facts_changed, due, rules, cycle }
    };
    Ok(cycles.into_iter().map(outlook).collect())
}

/// One cycle with its terms and what the caller may do with it.
pub async fn outlook(cx: &mut Context, id: i64) -> Result<CycleOutlook, Problem> {
    let cycle = super::store::find_cycle(cx, id).await?;
    outlooks(cx, vec![cycle]).await?.pop().ok_or_else(|| Problem::not_found("review cycle"))
}

/// The steps that are open to the caller's roles.
fn allowed(cx: &Context, cycle: &ReviewCycle, due: &CycleDue, changed: &Changed) -> Vec<AllowedAction> {
    let mut allowed = Vec::new();
    let Some(identity) = &cx.identity else { return allowed };
    for step in cycle.state.steps() {
        if step.is_open_to(&identity.roles) {
            allowed.push(AllowedAction {
                action: if step.is_back() { "reopen" } else { step.by.action() }.to_owned(),
                to: Some(step.to.name().to_owned()),
                method: "POST".to_owned(),
                path: format!("/v1/review-cycles/{}/{}", cycle.id, step.by.name()),
                until: due.of(cycle.state).filter(|_| !step.is_back()),
                needs_reason: step.is_back(),
            });
        }
    }
    let runs = identity.roles.iter().any(|role| RunReviews::reach_of(*role).is_some());
    let (id, until) = (cycle.id, due.of(cycle.state));
    if runs && cycle.state == CycleState::Computed {
        let generate = AllowedAction::post("generate", format!("/v1/review-cycles/{id}/generate"));
        allowed.push(generate.until(until));
    }
    if cycle.state == CycleState::Published {
        if runs {
            let lapse = AllowedAction::post("lapse", format!("/v1/review-cycles/{id}/lapse"));
            allowed.push(lapse.until(until));
        }
        let recomputes = identity.roles.iter().any(|role| RecomputeReviews::reach_of(*role).is_some());
        if recomputes && changed.open_to(cx).is_ok() {
            let path = format!("/v1/review-cycles/{id}/recomputations");
            allowed.push(AllowedAction::post("recompute", path).until(until).for_a_reason());
        }
    }
    allowed
}
