//! A store's terms 期限: until when each state of a cycle has to be done with, how long people have to appeal and to decide,
//! and how much of the leaderboard everybody sees.

use std::iter;

use chrono::{Datelike as _, Days, NaiveDate};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::CycleState;
use crate::auth::Context;
use crate::db::schema::review_terms;
use crate::http::etag::Seen;
use crate::http::{FieldError, Problem};
use crate::period::Period;
use crate::said::say;

/// Terms of a store's reviews. Days are those of the month after the one reviewed; where the store is closed on one, the
/// next day on which it is open counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Validate, Queryable, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewTerms {
    /// Until when facts are collected and frozen.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub freeze_day: i16,
    /// Until when the reviews are computed and checked.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub compute_day: i16,
    /// Until when people assess themselves.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub self_review_day: i16,
    /// Until when team leaders comment.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub leader_review_day: i16,
    /// Until when managers comment.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub manager_review_day: i16,
    /// Until when HR has checked and published.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub publish_day: i16,
    /// Until when the month is locked.
    #[garde(range(min = 1, max = 28))]
    #[schema(minimum = 1, maximum = 28)]
    pub lock_day: i16,
    /// Working days in which somebody who was told may appeal, or confirm.
    #[garde(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20)]
    pub appeal_working_days: i16,
    /// Working days in which an appeal is decided.
    #[garde(range(min = 1, max = 20))]
    #[schema(minimum = 1, maximum = 20)]
    pub decision_working_days: i16,
    /// Of how many who have a rank on the leaderboard one is shown to those who may not read the reviews.
    #[garde(range(min = 2, max = 100))]
    #[serde(default = "usual_share")]
    #[schema(minimum = 2, maximum = 100)]
    pub leaderboard_one_in: i16,
}

/// A third.
const fn usual_share() -> i16 {
    3
}

impl Default for ReviewTerms {
    fn default() -> Self {
        Self {
            freeze_day: 1,
            compute_day: 2,
            self_review_day: 3,
            leader_review_day: 4,
            manager_review_day: 5,
            publish_day: 7,
            lock_day: 15,
            appeal_working_days: 3,
            decision_working_days: 5,
            leaderboard_one_in: usual_share(),
        }
    }
}

/// Until when each part of a cycle has to be done: the last day, to its end in China.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CycleDue {
    /// Facts are frozen.
    pub freeze: NaiveDate,
    /// Reviews are computed and checked.
    pub compute: NaiveDate,
    /// People have assessed themselves.
    pub self_review: NaiveDate,
    /// Team leaders have commented.
    pub leader_review: NaiveDate,
    /// Managers have commented.
    pub manager_review: NaiveDate,
    /// HR has checked, and published.
    pub publish: NaiveDate,
    /// The month is locked.
    pub lock: NaiveDate,
}

impl CycleDue {
    /// Until when a cycle should have left a state; none where it stays for good.
    pub const fn of(&self, state: CycleState) -> Option<NaiveDate> {
        match state {
            CycleState::Collecting => Some(self.freeze),
            CycleState::Frozen | CycleState::Computed => Some(self.compute),
            CycleState::SelfReview => Some(self.self_review),
            CycleState::LeaderReview => Some(self.leader_review),
            CycleState::ManagerReview => Some(self.manager_review),
            CycleState::HrCheck => Some(self.publish),
            CycleState::Published => Some(self.lock),
            CycleState::Locked => None,
        }
    }
}

/// Most days in a row on which a store can be closed before a term stops moving on: a store that is never open would have
/// no terms.
const LONGEST_CLOSURE: usize = 31;

impl ReviewTerms {
    /// The days of a month's cycle in a store that is open on the days that `is_open` says.
    pub fn due(&self, period: Period, is_open: impl Fn(NaiveDate) -> bool) -> CycleDue {
        let on = |day: i16| {
            let usual = period.end().with_day(u32::from(day.unsigned_abs())).unwrap_or_else(|| period.end());
            open_from(usual, &is_open).next().unwrap_or(usual)
        };
        CycleDue {
            freeze: on(self.freeze_day),
            compute: on(self.compute_day),
            self_review: on(self.self_review_day),
            leader_review: on(self.leader_review_day),
            manager_review: on(self.manager_review_day),
            publish: on(self.publish_day),
            lock: on(self.lock_day),
        }
    }

    /// Terms that run backwards.
    fn faults(&self) -> Vec<FieldError> {
        let days = [
            ("freeze_day", self.freeze_day),
            ("compute_day", self.compute_day),
            ("self_review_day", self.self_review_day),
            ("leader_review_day", self.leader_review_day),
            ("manager_review_day", self.manager_review_day),
            ("publish_day", self.publish_day),
            ("lock_day", self.lock_day),
        ];
        let pairs = days.iter().zip(days.iter().skip(1)).filter(|(before, after)| after.1 < before.1);
        let fault = |((before, day), (after, _)): (&(&str, i16), &(&str, i16))| {
            FieldError::new(*after, say!("应不早于 {before}（{day}）", "expected {before} ({day}) or later"))
        };
        pairs.map(fault).collect()
    }
}

/// The days from `day` on, itself included, on which a store is open; a month at most.
fn open_from(day: NaiveDate, is_open: impl Fn(NaiveDate) -> bool) -> impl Iterator<Item = NaiveDate> {
    day.iter_days().take(LONGEST_CLOSURE).filter(move |day| is_open(*day))
}

/// The last day of a term of some working days that begins on the day after `told`.
pub fn working_days_after(told: NaiveDate, days: i16, is_open: impl Fn(NaiveDate) -> bool) -> NaiveDate {
    iter::repeat_n((), usize::from(days.unsigned_abs())).fold(told, |day, ()| {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day);
        open_from(next, &is_open).next().unwrap_or(next)
    })
}

/// A store's terms, with their version.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreTerms {
    /// Code of the store.
    pub store: String,
    /// Its terms.
    #[serde(flatten)]
    pub terms: ReviewTerms,
    /// Grows with every change; 0 while the store has the usual terms.
    pub version: i32,
}

/// The terms of some stores that have their own, with the versions, by store.
pub async fn of_stores(
    connection: &mut AsyncPgConnection,
    stores: &[i64],
) -> Result<std::collections::HashMap<i64, (ReviewTerms, i32)>, Problem> {
    let rows: Vec<(i64, ReviewTerms, i32)> = review_terms::table
        .filter(review_terms::store_id.eq_any(stores))
        .select((
            review_terms::store_id,
            (
                review_terms::freeze_day,
                review_terms::compute_day,
                review_terms::self_review_day,
                review_terms::leader_review_day,
                review_terms::manager_review_day,
                review_terms::publish_day,
                review_terms::lock_day,
                review_terms::appeal_working_days,
                review_terms::decision_working_days,
                review_terms::leaderboard_one_in,
            ),
            review_terms::version,
        ))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|(store_id, terms, version)| (store_id, (terms, version))).collect())
}

/// The terms of a store that the caller reaches.
///
/// # Errors
///
/// Not found where the caller does not reach it.
pub async fn read(cx: &mut Context, store: &str) -> Result<StoreTerms, Problem> {
    let store_id = super::store::reached_store(cx, store).await?;
    terms_of(cx.db(), store_id, store).await
}

async fn terms_of(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    store: &str,
) -> Result<StoreTerms, Problem> {
    let (terms, version) = of_stores(connection, &[store_id]).await?.remove(&store_id).unwrap_or_default();
    Ok(StoreTerms { store: store.to_owned(), terms, version })
}

/// Gives a store terms of its own. They hold for every cycle that is not locked.
///
/// # Errors
///
/// Not found where the caller does not reach the store; fields at fault; a failed precondition where somebody else has
/// changed them.
pub async fn put(
    cx: &mut Context,
    store: &str,
    terms: ReviewTerms,
    seen: Seen,
) -> Result<StoreTerms, Problem> {
    let faults = terms.faults();
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    cx.transaction(async |cx| {
        let store_id = super::store::reached_store(cx, store).await?;
        super::store::lock_terms(cx.db(), store_id).await?;
        let before = terms_of(cx.db(), store_id, store).await?;
        seen.check(before.version)?;
        let values = (
            review_terms::freeze_day.eq(terms.freeze_day),
            review_terms::compute_day.eq(terms.compute_day),
            review_terms::self_review_day.eq(terms.self_review_day),
            review_terms::leader_review_day.eq(terms.leader_review_day),
            review_terms::manager_review_day.eq(terms.manager_review_day),
            review_terms::publish_day.eq(terms.publish_day),
            review_terms::lock_day.eq(terms.lock_day),
            review_terms::appeal_working_days.eq(terms.appeal_working_days),
            review_terms::decision_working_days.eq(terms.decision_working_days),
            review_terms::leaderboard_one_in.eq(terms.leaderboard_one_in),
            review_terms::version.eq(before.version + 1),
        );
        diesel::insert_into(review_terms::table)
            .values((review_terms::store_id.eq(store_id), values))
            .on_conflict(review_terms::store_id)
            .do_update()
            .set(values)
            .execute(cx.db())
            .await?;
        cx.audit("put_review_terms", &format!("review_terms/{store}"), json!(terms)).await?;
        terms_of(cx.db(), store_id, store).await
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Calendar;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_term_that_ends_on_a_day_off_ends_on_the_next_day_that_is_worked() {
        // 2014: 1 October begins a holiday to the 7th; Saturday the 11th is worked in exchange, Sunday the 12th is not.
        let country = Calendar::shipped().unwrap();
        let due = ReviewTerms::default().due("2014-09".parse().unwrap(), |day| country.is_working(day));
        let days =
            [due.freeze, due.compute, due.self_review, due.leader_review, due.manager_review, due.publish];
        assert_eq!(days, [day("2014-10-08"); 6]);
        assert_eq!(due.lock, day("2014-10-15"));
        let open_all_week = ReviewTerms::default().due("2014-09".parse().unwrap(), |_| true);
        assert_eq!((open_all_week.freeze, open_all_week.publish), (day("2014-10-01"), day("2014-10-07")));
        let never_open = ReviewTerms::default().due("2014-09".parse().unwrap(), |_| false);
        assert_eq!(never_open.lock, day("2014-10-15"));
    }

    #[test]
    fn three_working_days_to_appeal_skip_what_is_not_worked() {
        let country = Calendar::shipped().unwrap();
        let last = |told| working_days_after(day(told), 3, |day| country.is_working(day));
        // Tuesday: Wednesday, Thursday, Friday.
        assert_eq!(last("2014-04-08"), day("2014-04-11"));
        // Friday 10 October: Saturday the 11th is worked, Monday and Tuesday follow.
        assert_eq!(last("2014-10-10"), day("2014-10-14"));
        // Before the holiday: 8, 9 and 10 October.
        assert_eq!(last("2014-09-30"), day("2014-10-10"));
    }

    #[test]
    fn terms_ascend() {
        let terms = ReviewTerms { self_review_day: 9, ..ReviewTerms::default() };
        let faults = terms.faults().into_iter().map(|fault| fault.field).collect::<Vec<_>>();
        assert_eq!(faults, ["leader_review_day"]);
        assert!(ReviewTerms::default().faults().is_empty());
    }
}
