//! What stores' months are computed from, read as it was at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use rust_decimal::Decimal;

use crate::auth::Context;
use crate::http::{Code, Problem};
use crate::ledger::person_months::Places;
use crate::ledger::{self, close};
use crate::org;
use crate::period::Period;
use crate::plan;
use crate::reviews::adjustments;
use crate::reviews::compute::{Before, Month};
use crate::reviews::store::{self, ReviewCycle};
use crate::rules::folder::RulesFolder;
use crate::rules::in_force::{self, InForce};
use crate::rules::library::Library;
use crate::said::say;

/// A store's month, as it was loaded.
pub(super) struct StoreMonth {
    pub store_id: i64,
    /// None while it has not been opened.
    pub cycle: Option<ReviewCycle>,
    pub month: Month,
    pub before: Before,
}

impl StoreMonth {
    /// How much work it is.
    pub fn postings(&self) -> usize {
        self.month.postings.len()
    }
}

/// Reads a month of these stores, given by code, in their order; none where a code is no store's.
pub(super) async fn load(
    cx: &mut Context,
    period: Period,
    codes: &[String],
) -> Result<Vec<Option<StoreMonth>>, Problem> {
    cx.snapshot(async |cx| {
        // A plan for these very stores would read whole tables and cost as much as it saves.
        cx.db().batch_execute("SET LOCAL plan_cache_mode = force_generic_plan").await?;
        let ids = org::stores_by_code(cx.db(), codes).await?;
        let stores = ids.iter().map(|(code, id)| (*id, code.clone())).collect::<Vec<_>>();
        let mut cycles =
            store::cycles_of(cx.db(), period, &ids.values().copied().collect::<Vec<_>>()).await?;
        let generated = cycles.values().filter(|cycle| cycle.generated_at.is_some()).map(|cycle| cycle.id);
        let mut before = store::current_reviews(cx.db(), &generated.collect::<Vec<_>>()).await?;
        let mut months = months_of(cx.db(), period, &stores).await?;
        let loaded = codes.iter().map(|code| {
            let store_id = *ids.get(code)?;
            let cycle = cycles.remove(&store_id);
            let before = cycle.as_ref().and_then(|cycle| before.remove(&cycle.id)).unwrap_or_default();
            Some(StoreMonth { store_id, cycle, month: months.remove(&store_id)?, before })
        });
        Ok(loaded.collect())
    })
    .await
}

/// The month of a cycle as the transaction sees it.
pub(in crate::reviews) async fn month_of(
    connection: &mut AsyncPgConnection,
    cycle: &ReviewCycle,
) -> Result<Month, Problem> {
    let store = [(cycle.store_id, cycle.store.clone())];
    let month = months_of(connection, cycle.period, &store).await?.remove(&cycle.store_id);
    month.ok_or_else(|| Problem::not_found("store"))
}

/// A month of these stores, given by id and code, as the transaction sees it; by the id of the store.
async fn months_of(
    connection: &mut AsyncPgConnection,
    period: Period,
    stores: &[(i64, String)],
) -> Result<HashMap<i64, Month>, Problem> {
    let ids = stores.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let places = Arc::new(Places::load(connection).await?);
    let mut months = stores
        .iter()
        .map(|(id, store)| {
            let month = Month {
                store: store.clone(),
                period,
                postings: Vec::new(),
                facts: HashMap::new(),
                places: Arc::clone(&places),
                targets: HashMap::new(),
                delivered: Default::default(),
                added: HashMap::new(),
            };
            (*id, month)
        })
        .collect::<HashMap<_, _>>();
    let mut people = Vec::new();
    for posting in org::postings_held(connection, &ids, period).await? {
        let Some(month) = posting.store_id.and_then(|store_id| months.get_mut(&store_id)) else { continue };
        // A store's postings come person by person.
        if month.postings.last().is_none_or(|last| last.employee_id != posting.employee_id) {
            people.extend(posting.store_id.map(|store_id| (store_id, posting.employee_id)));
        }
        month.postings.push(posting);
    }
    for known in close::scored_months(connection, period, &people).await? {
        if let Some(month) = months.get_mut(&known.store_id) {
            month.facts.insert(known.employee_id, known.value);
        }
    }
    for (id, sources) in ledger::delivered_sources(connection, &ids, period).await? {
        if let Some(month) = months.get_mut(&id) {
            month.delivered = sources;
        }
    }
    for (store_id, employee_id, added) in adjustments::store::approved(connection, period, &ids).await? {
        if let Some(month) = months.get_mut(&store_id) {
            month.added.entry(employee_id).or_default().push(added);
        }
    }
    for target in plan::targets_in_force(connection, &ids, period).await? {
        if let Some(month) = months.get_mut(&target.store_id) {
            let own: &mut HashMap<String, Decimal> = month.targets.entry(target.employee_id).or_default();
            own.insert(target.metric, target.value);
        }
    }
    Ok(months)
}

/// The rules that score the month of each store, each asked for once.
pub(super) struct StoreRules<'a> {
    folder: &'a RulesFolder,
    library: &'a Library,
    period: Period,
    found: HashMap<Option<DateTime<Utc>>, Result<Arc<InForce>, Problem>>,
}

impl<'a> StoreRules<'a> {
    pub fn new(folder: &'a RulesFolder, library: &'a Library, period: Period) -> Self {
        Self { folder, library, period, found: HashMap::new() }
    }

    /// The rules for a store's cycle, none for one that is yet to be opened; or why there are none.
    ///
    /// # Errors
    ///
    /// What keeps every store's rules from being found.
    pub async fn of(
        &mut self,
        cx: &mut Context,
        cycle: Option<&ReviewCycle>,
    ) -> Result<Result<Arc<InForce>, Problem>, Problem> {
        if let Some(cycle) = cycle.filter(|cycle| !cycle.state.may_generate()) {
            return Ok(Err(Problem::conflict(say!(
                "现在是“{}”：请先重开再生成",
                "the cycle's state is '{}': reopen it before generating again",
                cycle.state
            ))));
        }
        let frozen_at = cycle.and_then(|cycle| cycle.frozen_at);
        if let Some(found) = self.found.get(&frozen_at) {
            return Ok(found.clone());
        }
        let found = in_force::of(cx, self.folder, self.library, self.period, frozen_at).await;
        let found = match found.map(Arc::new) {
            Err(problem) if !matches!(problem.code, Code::NoRelease | Code::RulesBroken) => {
                return Err(problem);
            }
            found => found,
        };
        self.found.insert(frozen_at, found.clone());
        Ok(found)
    }
}
