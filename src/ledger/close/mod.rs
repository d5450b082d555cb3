//! Months that stay closed: freezing a store's facts, reading what scoring reads, and deciding on what comes too late.

pub mod corrections;
pub mod http;
mod store;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::corrections::CorrectionState;
use crate::clock;
use crate::db::schema::{assignment, frozen_month, late_correction, month_close, org_unit};
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::locks;
use crate::ledger::person_months::{self, Numbers};
use crate::period::Period;
use crate::said::say;

/// A store's month that is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, ToSchema)]
pub struct MonthClose {
    /// When its facts were frozen.
    pub frozen_at: DateTime<Utc>,
    /// What was known to be missing then and was accepted.
    pub note: Option<String>,
    /// One more with each decision that accepted late corrections.
    pub revision: i32,
}

/// The freeze of a store's month, if it is frozen.
pub async fn find(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Option<MonthClose>, Problem> {
    let found = month_close::table
        .filter(month_close::store_id.eq(store_id).and(month_close::period.eq(period)))
        .select((month_close::frozen_at, month_close::note, month_close::revision))
        .first(connection)
        .await;
    Ok(found.optional()?)
}

/// The people posted in a store on some day of a month.
pub async fn people_of(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Vec<i64>, Problem> {
    let people = assignment::table
        .inner_join(org_unit::table.on(org_unit::id.eq(assignment::unit_id)))
        .filter(org_unit::store_id.eq(store_id).and(assignment::valid_from.lt(period.end())))
        .filter(assignment::valid_to.is_null().or(assignment::valid_to.gt(period.first_day())))
        .select(assignment::employee_id)
        .distinct()
        .order(assignment::employee_id)
        .load(connection)
        .await?;
    Ok(people)
}

/// Freezes the facts of a store's month, and returns how many values it froze. To be called within a transaction.
///
/// # Errors
///
/// A conflict where the month is frozen already, which says by whom and when.
pub async fn freeze(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
    note: Option<&str>,
    user_id: Option<i64>,
    now: DateTime<Utc>,
) -> Result<usize, Problem> {
    // Who records facts of its people holds this lock until they are committed: nothing slips in between reading and
    // freezing.
    locks::lock_months(connection, Vec::new(), vec![(store_id, period)]).await?;
    if let Some(earlier) = earlier_freeze(connection, store_id, period).await? {
        return Err(earlier.refusal(period, user_id));
    }
    diesel::insert_into(month_close::table)
        .values((
            month_close::store_id.eq(store_id),
            month_close::period.eq(period),
            month_close::frozen_at.eq(now),
            month_close::user_id.eq(user_id),
            month_close::note.eq(note),
        ))
        .execute(connection)
        .await?;
    let people = people_of(connection, store_id, period).await?;
    let frozen: FrozenValues = sql("WITH frozen AS ( \
             INSERT INTO frozen_month (store_id, period, employee_id, value) \
             SELECT $1, $2, employee_id, value FROM person_month WHERE period = $2 AND employee_id = ANY ($3) \
             RETURNING value) \
         SELECT coalesce(sum(cardinality(array_remove(value::numeric[], NULL))), 0) AS number FROM frozen")
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .get_result(connection)
    .await?;
    Ok(usize::try_from(frozen.number).unwrap_or(0))
}

/// Who has frozen a month already.
#[derive(QueryableByName)]
struct EarlierFreeze {
    #[diesel(sql_type = Text)]
    store: String,
    #[diesel(sql_type = Timestamptz)]
    frozen_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<BigInt>)]
    user_id: Option<i64>,
    /// The person's name and login; none for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    by: Option<String>,
}

async fn earlier_freeze(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<Option<EarlierFreeze>, Problem> {
    let found = sql("SELECT s.name AS store, c.frozen_at, c.user_id, \
             coalesce(e.name || ' (' || l.login || ')', l.login) AS by \
         FROM month_close c JOIN org_unit s ON s.id = c.store_id \
         LEFT JOIN user_account l ON l.id = c.user_id LEFT JOIN employee e ON e.id = l.employee_id \
         WHERE c.store_id = $1 AND c.period = $2")
    .bind::<BigInt, _>(store_id)
    .bind::<Date, _>(period)
    .get_result(connection)
    .await;
    Ok(found.optional()?)
}

impl EarlierFreeze {
    /// What whoever freezes it once more is told.
    fn refusal(&self, period: Period, user_id: Option<i64>) -> Problem {
        let by = match &self.by {
            Some(_) if self.user_id == user_id => "you",
            Some(name) => name,
            None => "the operator",
        };
        let at = self.frozen_at.with_timezone(&clock::CHINA).format("%Y-%m-%d %H:%M");
        Problem::conflict(say!(
            "{} 的 {period} 已由 {by} 于 {at}（中国时间）关账",
            "{period} of {} is frozen already, by {by} on {at} in China",
            self.store
        ))
    }
}

/// How many values were frozen.
#[derive(QueryableByName)]
struct FrozenValues {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// What scoring reads of one person's month in one store.
#[derive(Debug)]
pub struct ScoredMonth {
    /// The store.
    pub store_id: i64,
    /// The person.
    pub employee_id: i64,
    /// What counts, by the index of the metric in [`Places`](crate::ledger::person_months::Places).
    pub value: Arc<Numbers>,
}

/// What scoring reads of many people's months: of each pair of a store and a person what was frozen, or while the store's
/// month is open what is known now. Of whom nothing is known there is none.
/// [`Places`](crate::ledger::person_months::Places) say which metric is where.
pub async fn scored_months(
    connection: &mut AsyncPgConnection,
    period: Period,
    pairs: &[(i64, i64)],
) -> Result<Vec<ScoredMonth>, Problem> {
    let stores = pairs.iter().map(|(store_id, _)| *store_id).collect::<BTreeSet<_>>();
    let shut = month_close::table
        .filter(month_close::period.eq(period).and(month_close::store_id.eq_any(&stores)))
        .select(month_close::store_id)
        .load::<i64>(connection)
        .await?;
    let shut = shut.into_iter().collect::<HashSet<_>>();
    let (frozen, open): (Vec<_>, Vec<_>) =
        pairs.iter().copied().partition(|(store_id, _)| shut.contains(store_id));
    let mut months = Vec::with_capacity(pairs.len());
    if !open.is_empty() {
        let people = open.iter().map(|(_, employee_id)| *employee_id).collect::<Vec<_>>();
        let known = person_months::values(connection, period, &people).await?;
        months.extend(open.into_iter().filter_map(|(store_id, employee_id)| {
            let value = Arc::clone(known.get(&employee_id)?);
            Some(ScoredMonth { store_id, employee_id, value })
        }));
    }
    if !frozen.is_empty() {
        let known = frozen_month::table
            .filter(frozen_month::period.eq(period).and(frozen_month::store_id.eq_any(shut)))
            .select(((frozen_month::store_id, frozen_month::employee_id), frozen_month::value))
            .load::<((i64, i64), Numbers)>(connection)
            .await?;
        let mut known = known.into_iter().collect::<HashMap<_, _>>();
        months.extend(frozen.into_iter().filter_map(|(store_id, employee_id)| {
            let value = Arc::new(known.remove(&(store_id, employee_id))?);
            Some(ScoredMonth { store_id, employee_id, value })
        }));
    }
    Ok(months)
}

/// How many corrections of a store's month wait for a decision.
pub async fn pending(
    connection: &mut AsyncPgConnection,
    store_id: i64,
    period: Period,
) -> Result<i64, Problem> {
    let count = late_correction::table
        .filter(late_correction::store_id.eq(store_id).and(late_correction::period.eq(period)))
        .filter(late_correction::state.eq(CorrectionState::Pending))
        .count()
        .get_result(connection)
        .await?;
    Ok(count)
}
