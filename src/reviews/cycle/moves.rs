//! Moving cycles: one by who has seen it, or those of many stores at once.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::{self, LockedCycle};
use super::way::{Operation, no_way};
use super::{CycleOutlook, CycleState, outlook, ready};
use crate::auth::Context;
use crate::auth::access::Role;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::period::Period;
use crate::reviews::acknowledgements;
use crate::reviews::store::find_cycle;
use crate::rules::library::Library;
use crate::said::{Said, say};

/// Where to move a cycle.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCycleMove {
    /// The state.
    #[garde(skip)]
    pub to: CycleState,
    /// Why; required where it goes back.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: Option<String>,
}

/// Where to move the cycles of a month.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCycleMoves {
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Codes of the stores; all that the caller reaches where this is left out.
    #[garde(inner(length(max = 10_000), inner(length(chars, min = 1, max = 32))))]
    #[schema(inline, value_type = Option<Vec<crate::http::bounds::GivenCode>>, max_items = 10000)]
    pub stores: Option<Vec<String>>,
    /// Where they are to go, each as far as it may.
    #[garde(dive)]
    pub step: NewCycleMove,
}

/// What became of a store's cycle.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MoveOutcome {
    /// Code of the store.
    pub store: String,
    /// Id of its cycle; null where the store has none in the month.
    pub cycle: Option<i64>,
    /// The state in which it is now.
    pub state: Option<CycleState>,
    /// Whether it has been moved.
    pub is_moved: bool,
    /// Why it has not.
    pub problem: Option<String>,
}

/// A move that has been made.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct CycleMove {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// When.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Login of who made it; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub by: Option<String>,
    /// The state before.
    #[diesel(sql_type = Text)]
    pub from: CycleState,
    /// The state after.
    #[diesel(sql_type = Text)]
    pub to: CycleState,
    /// Why, where it went back.
    #[diesel(sql_type = Nullable<Text>)]
    pub reason: Option<String>,
}

/// The moves of a cycle that the caller reaches, in their order.
pub async fn list(cx: &mut Context, id: i64, window: Window) -> Result<Page<CycleMove>, Problem> {
    find_cycle(cx, id).await?;
    let moves = store::moves(cx.db(), id, window).await?;
    Ok(window.page(moves, |one| one.id))
}

/// Moves a cycle that is still as the caller has seen it.
///
/// # Errors
///
/// Not found where the caller does not reach it; forbidden where the step is not the caller's; a conflict where there is no
/// such step or something is missing for it, or where somebody else was faster: the answer says what has happened.
#[tracing::instrument(skip_all, fields(cycle = id))]
pub async fn move_one(
    cx: &mut Context,
    library: &Library,
    id: i64,
    step: &NewCycleMove,
    seen: Seen,
) -> Result<CycleOutlook, Problem> {
    cx.transaction(async |cx| {
        find_cycle(cx, id).await?;
        let cycle =
            store::lock(cx.db(), &[id]).await?.pop().ok_or_else(|| Problem::not_found("review cycle"))?;
        if let Err(problem) = seen.check(cycle.version) {
            let last = store::last_moves(cx.db(), &[id]).await?.remove(&id);
            return Err(problem.besides(&whereabouts(&cycle, last)));
        }
        let result = take(cx, library, vec![cycle], step).await?.pop().map(|(_, result)| result);
        result.unwrap_or_else(|| Err(Problem::not_found("review cycle")))?;
        outlook(cx, id).await
    })
    .await
}

/// Moves the cycles of a month, each as far as it may be: what became of each, by store.
#[tracing::instrument(skip_all, fields(period = %moves.period))]
pub async fn move_many(
    cx: &mut Context,
    library: &Library,
    moves: &NewCycleMoves,
) -> Result<Vec<MoveOutcome>, Problem> {
    if let Some(stores) = &moves.stores {
        let mut known = HashSet::new();
        if let Some(at) = stores.iter().position(|store| !known.insert(store)) {
            return Err(Problem::field(format!("stores[{at}]"), say!("列了两次", "it is listed twice")));
        }
    }
    cx.transaction(async |cx| {
        let language = cx.language;
        let ids = store::reached_cycles(cx, moves.period, moves.stores.as_deref()).await?;
        let cycles = store::lock(cx.db(), &ids).await?;
        let mut outcomes = take(cx, library, cycles, &moves.step)
            .await?
            .into_iter()
            .map(|(cycle, result)| MoveOutcome {
                cycle: Some(cycle.id),
                state: Some(if result.is_ok() { moves.step.to } else { cycle.state }),
                is_moved: result.is_ok(),
                problem: result.err().map(|problem| problem.told(language)),
                store: cycle.store,
            })
            .collect::<Vec<_>>();
        let found = outcomes.iter().map(|outcome| outcome.store.clone()).collect::<HashSet<_>>();
        for store in moves.stores.iter().flatten() {
            if !found.contains(store) {
                outcomes.push(MoveOutcome {
                    store: store.clone(),
                    cycle: None,
                    state: None,
                    is_moved: false,
                    problem: Some(out_of_reach(moves.period).in_language(language).to_owned()),
                });
            }
        }
        outcomes.sort_by(|one, other| one.store.cmp(&other.store));
        Ok(outcomes)
    })
    .await
}

/// Why nothing became of a store's cycle that the caller does not reach, or that there is none of.
fn out_of_reach(period: Period) -> Said {
    say!(
        "您管辖的范围内，这家门店没有 {period} 的考核",
        "there is no cycle of {period} in this store within your reach"
    )
}

/// Takes a step with cycles that are locked: each that may be moved is. Publishing tells people, and locking lets the terms
/// lapse that have ended.
async fn take(
    cx: &mut Context,
    library: &Library,
    cycles: Vec<LockedCycle>,
    step: &NewCycleMove,
) -> Result<Vec<(LockedCycle, Result<(), Problem>)>, Problem> {
    let reason = step.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty());
    let roles = cx.identity.as_ref().map(|identity| identity.roles.clone());
    let there = cycles.iter().filter(|cycle| cycle.state == step.to).map(|cycle| cycle.id);
    let mut last = store::last_moves(cx.db(), &there.collect::<Vec<_>>()).await?;
    let mut judged = Vec::with_capacity(cycles.len());
    for cycle in cycles {
        let result = match cycle.state == step.to {
            true => Err(Problem::conflict(whereabouts(&cycle, last.remove(&cycle.id)))),
            false => judge(&cycle, step.to, reason, roles.as_deref()),
        };
        judged.push((cycle, result));
    }
    let open = judged.iter().filter(|(_, result)| result.is_ok()).map(|(cycle, _)| cycle);
    let forward =
        open.clone().filter(|cycle| cycle.state < step.to).map(|cycle| cycle.id).collect::<Vec<_>>();
    if step.to == CycleState::Locked {
        acknowledgements::lapse(cx, &forward).await?;
    }
    let mut lacking: HashMap<i64, Problem> = ready::lacking(cx.db(), &forward, step.to).await?;
    for (cycle, result) in &mut judged {
        if let Some(problem) = lacking.remove(&cycle.id) {
            *result = Err(problem);
        }
    }
    let moved =
        judged.iter().filter(|(_, result)| result.is_ok()).map(|(cycle, _)| cycle).collect::<Vec<_>>();
    store::apply(cx, &moved, step.to, reason).await?;
    if step.to == CycleState::Published {
        let published = moved.iter().map(|cycle| cycle.id).collect::<Vec<_>>();
        acknowledgements::tell(cx, library, &published).await?;
    }
    let trail = moved.iter().map(|cycle| {
        let detail = json!({ "from": cycle.state, "to": step.to, "reason": reason });
        (format!("review_cycle/{}", cycle.id), detail)
    });
    cx.audit_all("move_review_cycle", trail.collect()).await?;
    Ok(judged)
}

/// Whether a cycle may be moved, by its state and the caller's roles (none: the operator's).
fn judge(
    cycle: &LockedCycle,
    to: CycleState,
    reason: Option<&str>,
    roles: Option<&[Role]>,
) -> Result<(), Problem> {
    let step = cycle.state.step(to).ok_or_else(|| no_way(cycle.state, to))?;
    if roles.is_some_and(|roles| !step.is_open_to(roles)) {
        let needed = step.roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
        let detail = say!(
            "从“{}”转到“{to}”需要以下角色之一：{needed}",
            "moving the cycle from '{}' to '{to}' takes one of the roles {needed}",
            step.from
        );
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if step.by != Operation::Move {
        let path = format!("/v1/review-cycles/{}/{}", cycle.id, step.by.name());
        return Err(Problem::conflict(say!(
            "要到“{to}”请用 POST {path}",
            "the cycle comes to '{to}' by POST {path}"
        )));
    }
    if step.is_back() && reason.is_none() {
        return Err(Problem::field("reason", say!("请写明为什么退回", "say why the cycle goes back")));
    }
    Ok(())
}

/// Where a cycle is, and how it came there: by its last move, if it was ever moved.
fn whereabouts(cycle: &LockedCycle, last: Option<CycleMove>) -> Said {
    let state = cycle.state;
    let zh = state.label();
    match last.filter(|last| last.to == state) {
        Some(CycleMove { at, by, .. }) => {
            let (who, by) = by.as_deref().map_or(("后台", "the operator"), |by| (by, by));
            say!(
                "现在是“{zh}”：由 {who} 于 {at} 转到这里",
                "the cycle is in '{state}': {by} moved it there at {at}",
                at = at.format("%Y-%m-%dT%H:%M:%SZ")
            )
        }
        None => say!("现在是“{zh}”", "the cycle is in '{state}'"),
    }
}
