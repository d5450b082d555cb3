//! Generating a month: load once, score without holding a transaction, write once.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection as _, AsyncPgConnection};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::compute::{Draft, Month, compute};
use super::store::{self, Current, ReviewCycle};
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::db::Pool;
use crate::facts::{close, ledger};
use crate::http::Problem;
use crate::org;
use crate::plan;
use crate::rules::folder::RulesFolder;
use crate::rules::in_force::{self, InForce};
use crate::rules::library::Library;
use crate::rules::sandbox::on_deep_stack;
use crate::rules::store::keep_bundle;

/// How often a run starts again because another one was faster.
const ATTEMPTS: usize = 3;

/// What generating did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Generated {
    /// The cycle as it is now.
    pub cycle: ReviewCycle,
    /// Reviews that were written, as first or next revision.
    pub written: usize,
    /// Reviews whose inputs and rules are the same as before.
    pub unchanged: usize,
    /// Reviews taken out of force because the person no longer has one this month.
    pub withdrawn: usize,
    /// Reviews that need attention.
    pub attention: usize,
}

/// Who generates.
#[derive(Clone, Debug)]
pub struct Runner {
    /// The login; none is the operator.
    pub user_id: Option<i64>,
    /// The stores it reaches.
    pub scope: Scope,
}

impl Runner {
    /// The operator at the command line, who reaches every store.
    pub fn operator() -> Self {
        Self { user_id: None, scope: Scope::operator() }
    }
}

/// Generates the reviews of a cycle, from what was frozen or, while the month is open, from what is known: scores everybody who held a scored posting, and stores what is
/// new. With the same inputs and rules nothing changes. Two runs at once write one set of reviews.
pub async fn generate(
    pool: &Pool,
    folder: &RulesFolder,
    library: &Library,
    cycle_id: i64,
    runner: &Runner,
    now: DateTime<Utc>,
) -> Result<Generated, Problem> {
    for _ in 0..ATTEMPTS {
        let (cycle, month, before, rules) = {
            let connection = &mut *pool.get().await?;
            let (cycle, month, before) = load(connection, cycle_id, &runner.scope).await?;
            if !cycle.state.may_generate() {
                return Err(Problem::conflict(format!(
                    "the cycle is at {}: reopen it before generating again",
                    cycle.state.name()
                )));
            }
            let rules = in_force::of(connection, folder, library, cycle.period, cycle.frozen_at, now).await?;
            (cycle, month, before, rules)
        };
        let scoring = Arc::clone(&rules.bundle);
        let drafts = on_deep_stack(move || compute(&scoring, &month))
            .await
            .map_err(|error| Problem::internal(&error))?
            .map_err(|error| Problem::internal(&error))?;
        let connection = &mut *pool.get().await?;
        if let Some(generated) = write(connection, &rules, &cycle, drafts, before, runner, now).await? {
            return Ok(generated);
        }
    }
    Err(Problem::conflict("others are generating the same reviews; try again"))
}

type Before = HashMap<(i64, String), Current>;

/// The rules that score a cycle's month.
pub async fn rules_of(
    pool: &Pool,
    folder: &RulesFolder,
    library: &Library,
    cycle_id: i64,
    runner: &Runner,
    now: DateTime<Utc>,
) -> Result<InForce, Problem> {
    let connection = &mut *pool.get().await?;
    let cycle = store::find_cycle(connection, &runner.scope, cycle_id).await?;
    in_force::of(connection, folder, library, cycle.period, cycle.frozen_at, now).await
}

/// Reads everything a month is computed from, as it was at one moment.
async fn load(
    connection: &mut AsyncPgConnection,
    cycle_id: i64,
    scope: &Scope,
) -> Result<(ReviewCycle, Month, Before), Problem> {
    connection
        .build_transaction()
        .read_only()
        .repeatable_read()
        .run(async |connection| {
            let cycle = store::find_cycle(connection, scope, cycle_id).await?;
            let month = month_of(connection, &cycle).await?;
            let before = store::current_reviews(connection, cycle_id).await?;
            Ok::<_, Problem>((cycle, month, before))
        })
        .await
}

/// The month of a cycle as the transaction sees it.
pub(super) async fn month_of(
    connection: &mut AsyncPgConnection,
    cycle: &ReviewCycle,
) -> Result<Month, Problem> {
    let postings = org::postings_held(connection, cycle.store_id, cycle.period).await?;
    let mut people = postings.iter().map(|posting| posting.employee_id).collect::<Vec<_>>();
    people.dedup();
    let facts = close::scored(connection, cycle.store_id, cycle.period, &people).await?;
    let delivered = ledger::delivered_sources(connection, cycle.store_id, cycle.period).await?;
    let mut targets = HashMap::<i64, HashMap<String, Decimal>>::new();
    for target in plan::targets_in_force(connection, cycle.store_id, cycle.period).await? {
        targets.entry(target.employee_id).or_default().insert(target.metric, target.value);
    }
    Ok(Month { store: cycle.store.clone(), period: cycle.period, postings, facts, targets, delivered })
}

/// Stores what is new, or nothing (`None`) if another run has moved the cycle in the meantime.
async fn write(
    connection: &mut AsyncPgConnection,
    rules: &InForce,
    cycle: &ReviewCycle,
    drafts: Vec<Draft>,
    mut before: Before,
    runner: &Runner,
    now: DateTime<Utc>,
) -> Result<Option<Generated>, Problem> {
    let bundle = &rules.bundle;
    let attention = drafts.iter().filter(|draft| !draft.scored.attention.is_empty()).count();
    let mut retired = Vec::new();
    let mut news = Vec::new();
    let total = drafts.len();
    for draft in &drafts {
        match before.remove(&(draft.employee_id, draft.scheme.clone())) {
            Some(current) if current.bundle == bundle.hash && current.snapshot == draft.snapshot => {}
            Some(current) => {
                retired.push(current.id);
                news.push(draft);
            }
            None => news.push(draft),
        }
    }
    let unchanged = total - news.len();
    let withdrawn = before.len();
    retired.extend(before.into_values().map(|current| current.id));
    let is_first = cycle.generated_at.is_none();
    connection
        .transaction(async |connection| {
            if news.is_empty() && retired.is_empty() && !is_first && !cycle.needs_generation {
                let cycle = store::find_cycle(connection, &runner.scope, cycle.id).await?;
                return Ok(Some(Generated { cycle, written: 0, unchanged, withdrawn, attention }));
            }
            keep_bundle(connection, bundle, now).await?;
            if !store::mark_computed(connection, cycle, &bundle.hash, rules.release.id, now).await? {
                return Ok(None);
            }
            let revisions = store::revisions(connection, cycle.id).await?;
            store::retire(connection, &retired).await?;
            let numbered = news
                .iter()
                .map(|draft| {
                    let last = revisions.get(&(draft.employee_id, draft.scheme.clone()));
                    (*draft, last.copied().unwrap_or(0) + 1)
                })
                .collect::<Vec<_>>();
            store::insert(connection, cycle.id, &bundle.hash, &numbered, now).await?;
            let detail = json!({ "release": rules.release.id, "bundle": bundle.hash, "written": news.len(), "withdrawn": withdrawn });
            let subject = format!("review_cycle/{}", cycle.id);
            audit::record(connection, now, runner.user_id, "generate_reviews", &subject, detail).await?;
            let cycle = store::find_cycle(connection, &runner.scope, cycle.id).await?;
            Ok::<_, Problem>(Some(Generated { cycle, written: news.len(), unchanged, withdrawn, attention }))
        })
        .await
}
