//! Replay: stored reviews run again from their inputs and rules. Whatever does not come out the same is an incident.

pub mod compare;
pub mod stored;

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use diesel_async::AsyncPgConnection;
use futures_util::future::try_join_all;
use serde::Serialize;
use serde_json::json;

use self::compare::{Replay, StoredBundle, replay};
use self::stored::{ReplayFilter, StoredReview};
use super::explain;
use crate::auth::Context;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::rules::bundle::{Bundle, Files};
use crate::rules::bundle_store::bundle_files;
use crate::rules::sandbox::{blocking, on_deep_stack};

/// Reviews run at a time: enough for every core, few enough for any memory.
const PAGE: i64 = 512;
/// Bundles kept while many reviews are run.
const BUNDLES: usize = 16;
/// Incidents that a run describes; it counts all of them.
const DESCRIBED: usize = 100;

/// What running many reviews again came to.
#[derive(Debug, Default, Serialize)]
pub struct ReplayReport {
    /// Every store's month, in order.
    pub months: Vec<ReplayedMonth>,
    /// The first hundred reviews that did not come out the same.
    pub incidents: Vec<Replay>,
    /// What there is to know about how reviews were run, each once.
    pub remarks: Vec<String>,
}

/// A store's month of reviews, run again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReplayedMonth {
    /// Code of the store.
    pub store: String,
    /// The month.
    pub period: Period,
    /// Reviews that were run, earlier revisions included.
    pub reviews: usize,
    /// Those that came out the same.
    pub proved: usize,
    /// Those that did not.
    pub incidents: usize,
}

impl ReplayReport {
    /// Whether everything came out as it is stored.
    pub fn is_same(&self) -> bool {
        self.months.iter().all(|month| month.incidents == 0)
    }
}

/// Runs one review again that the caller reaches. Reading other people's is logged.
pub async fn of_review(cx: &mut Context, id: i64) -> Result<Replay, Problem> {
    let filter = ReplayFilter { id: Some(id), ..ReplayFilter::default() };
    explain::reach(cx, id).await?;
    let page = stored::page(cx.db(), &filter, 0, 1).await?;
    let run = run(cx, page, &mut Bundles::default()).await?;
    let (_, replay) = run.into_iter().next().ok_or_else(|| Problem::not_found("review"))?;
    Ok(replay)
}

/// Runs every review of a filter again, and calls `progress` with the number of those that are done.
#[tracing::instrument(skip_all, fields(months = ?filter.months, store = filter.store))]
pub async fn many(
    cx: &mut Context,
    filter: &ReplayFilter,
    progress: impl Fn(usize),
) -> Result<ReplayReport, Problem> {
    let mut months = BTreeMap::<(String, Period), ReplayedMonth>::new();
    let mut report = ReplayReport::default();
    let mut bundles = Bundles::default();
    let mut after = 0;
    loop {
        let page = stored::page(cx.db(), filter, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        let run = run(cx, page, &mut bundles).await?;
        progress(run.len());
        for (review, replay) in run {
            let month = months.entry((review.store.clone(), review.period)).or_insert(ReplayedMonth {
                store: review.store,
                period: review.period,
                reviews: 0,
                proved: 0,
                incidents: 0,
            });
            month.reviews += 1;
            *(if replay.is_same { &mut month.proved } else { &mut month.incidents }) += 1;
            if let Some(remark) = replay.remark.as_ref().filter(|remark| !report.remarks.contains(remark)) {
                report.remarks.push(remark.clone());
            }
            if !replay.is_same && report.incidents.len() < DESCRIBED {
                report.incidents.push(replay);
            }
        }
    }
    report.months = months.into_values().collect();
    Ok(report)
}

/// Runs a page of reviews again on as many threads as there are cores, in the page's order, and writes what did not come
/// out the same into the audit log.
async fn run(
    cx: &mut Context,
    page: Vec<StoredReview>,
    bundles: &mut Bundles,
) -> Result<Vec<(StoredReview, Replay)>, Problem> {
    bundles.load(cx.db(), &page).await?;
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = page.len().div_ceil(cores).max(1);
    let mut rest = page.into_iter();
    let mut threads = Vec::new();
    loop {
        let part = rest.by_ref().take(share).collect::<Vec<_>>();
        if part.is_empty() {
            break;
        }
        let bundles = bundles.0.clone();
        threads.push(on_deep_stack(move || {
            let run = part.into_iter().filter_map(|review| {
                let bundle = bundles.get(&review.bundle)?;
                let replay = replay(&review, bundle);
                Some((review, replay))
            });
            run.collect::<Vec<_>>()
        }));
    }
    let run = try_join_all(threads).await?.into_iter().flatten().collect::<Vec<_>>();
    for (review, replay) in run.iter().filter(|(_, replay)| !replay.is_same) {
        let fields = replay.differences.iter().map(|difference| &difference.field).collect::<Vec<_>>();
        let detail = json!({ "bundle": replay.bundle, "fields": fields });
        cx.audit("replay_mismatch", &format!("review/{}", review.id), detail).await?;
    }
    Ok(run)
}

/// The bundles of a page, judged and compiled from their bytes as they are stored now.
///
/// The library of compiled bundles is no help here: it knows what the bytes were when it read them.
#[derive(Default)]
struct Bundles(HashMap<String, Arc<StoredBundle>>);

impl Bundles {
    async fn load(
        &mut self,
        connection: &mut AsyncPgConnection,
        page: &[StoredReview],
    ) -> Result<(), Problem> {
        if self.0.len() > BUNDLES {
            self.0.clear();
        }
        for review in page {
            if self.0.contains_key(&review.bundle) {
                continue;
            }
            let files = match bundle_files(connection, &review.bundle).await {
                // Somebody has taken them away, which is an incident of its own.
                Err(Problem { code: Code::NotFound, .. }) => Files::new(),
                found => found?,
            };
            let hash = review.bundle.clone();
            let judged = blocking(move || {
                let compiled = Bundle::compile(files.clone()).map(Arc::new);
                StoredBundle::new(&hash, &files, compiled)
            });
            let judged = judged.await?;
            self.0.insert(review.bundle.clone(), Arc::new(judged));
        }
        Ok(())
    }
}
