//! Telling people of reviews in the program, many at once: each with the hash of what it shows, and the last day of the term.

use std::collections::HashMap;

use chrono::{Datelike as _, NaiveDate};
use futures_util::future::BoxFuture;

use super::store::{self, Untold};
use crate::auth::Context;
use crate::diary::work_calendar::StoreCalendars;
use crate::http::Problem;
use crate::reviews::cycle::terms::{self, working_days_after};
use crate::reviews::explain;
use crate::rules::library::Library;

/// How many reviews are told of at once.
const CHUNK: usize = 2000;

/// A decision on an appeal, of which a person is told.
#[derive(Clone, Copy, Debug)]
pub struct Decision {
    /// The appeal.
    pub appeal: i64,
    /// The review that it came to.
    pub review: i64,
}

/// Tells in the program everybody with a login whose review in these cycles they have not been told of: to be called where
/// cycles are published. People without a login are outstanding until somebody records how they were told.
pub fn tell<'a>(
    cx: &'a mut Context,
    library: &'a Library,
    cycles: &'a [i64],
) -> BoxFuture<'a, Result<usize, Problem>> {
    // Its type is named: what calls it would be long to compile otherwise.
    Box::pin(async move {
        let (mut told, mut after) = (0, 0);
        loop {
            let untold = store::untold(cx.db(), cycles, after, CHUNK).await?;
            let Some(last) = untold.last() else { return Ok(told) };
            after = last.review_id;
            told += tell_these(cx, library, &untold, None).await?;
        }
    })
}

/// Tells those with a login anew of their reviews in force: to be called where a decision was made about them, whatever the
/// people have said before. Their terms begin anew. A decision on an `appeal` is told with the review that it came to.
pub fn tell_again<'a>(
    cx: &'a mut Context,
    library: &'a Library,
    reviews: &'a [i64],
    appeal: Option<Decision>,
) -> BoxFuture<'a, Result<(), Problem>> {
    Box::pin(async move {
        let untold = store::with_login(cx.db(), reviews).await?;
        tell_these(cx, library, &untold, appeal).await?;
        Ok(())
    })
}

async fn tell_these(
    cx: &mut Context,
    library: &Library,
    untold: &[Untold],
    decision: Option<Decision>,
) -> Result<usize, Problem> {
    let stores = untold.iter().map(|one| one.store_id).collect::<Vec<_>>();
    let ends = ends(cx, &stores).await?;
    let reviews = untold.iter().map(|one| one.review_id).collect::<Vec<_>>();
    let mut hashes = explain::hashes(cx.db(), library, &reviews).await?;
    let tellings = untold
        .iter()
        .filter_map(|one| Some((one.review_id, hashes.remove(&one.review_id)?, *ends.get(&one.store_id)?)));
    store::tell(cx, tellings.collect(), decision).await
}

/// The last day of a term that begins today, by store.
pub(super) async fn ends(cx: &mut Context, stores: &[i64]) -> Result<HashMap<i64, NaiveDate>, Problem> {
    let mut stores = stores.to_vec();
    stores.sort_unstable();
    stores.dedup();
    let told = cx.today();
    let calendars = StoreCalendars::load(cx.db(), &stores, told.year()..=told.year() + 1).await?;
    let terms = terms::of_stores(cx.db(), &stores).await?;
    let end = |store: i64| {
        let (terms, _) = terms.get(&store).copied().unwrap_or_default();
        working_days_after(told, terms.appeal_working_days, |day| calendars.is_working(store, day))
    };
    Ok(stores.into_iter().map(|store| (store, end(store))).collect())
}
