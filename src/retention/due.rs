//! What is due to be erased, and what keeps it, with nothing done.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::months::{self, Judged};
use super::policy::{self, Retention, RetentionPolicy};
use super::{RetentionKind, person};
use crate::auth::Context;
use crate::auth::scope::CallerScope;
use crate::clock;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// So many people's months are judged at a time.
const PEOPLE: usize = 5_000;

/// As of when.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    /// The day; today by default. A later one shows what will be due.
    #[param(value_type = Option<String>, example = "2017-04-01")]
    pub as_of: Option<NaiveDate>,
}

/// What is due to be erased.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Due {
    /// As of this day.
    pub as_of: NaiveDate,
    /// How long things are kept.
    pub policy: Retention,
    /// Months of people, by kind, month and store.
    pub months: Vec<DueMonth>,
    /// People of whom everything is due, by the day on which they left.
    pub people: Vec<DuePerson>,
    /// Readings of reviews whose term is over; null for callers who do not reach every store.
    pub readings: Option<i64>,
    /// Entries of the audit trail whose term is over, likewise.
    pub entries: Option<i64>,
    /// When something is due next that is not due yet, by kind.
    pub next: Vec<NextDue>,
}

/// The data of a kind of a store's month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DueMonth {
    /// What it is.
    pub kind: RetentionKind,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the store for which people's months count; null where they count for none.
    pub store: Option<String>,
    /// Since when it is due.
    pub due_from: NaiveDate,
    /// How many people have such data.
    pub people: usize,
    /// Of how many a legal hold keeps it.
    pub held: usize,
    /// Of how many it stays because the month is not locked.
    pub not_locked: usize,
    /// Of how many it has just been erased.
    pub erased: usize,
}

/// Somebody of whom everything is due.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DuePerson {
    /// Employee number 工号.
    pub employee_no: String,
    /// The last day of the last posting.
    pub left_on: NaiveDate,
    /// Since when it is due.
    pub due_from: NaiveDate,
    /// Whether a legal hold keeps it.
    pub is_held: bool,
    /// Whether it has just been erased.
    pub is_erased: bool,
    /// What else keeps it.
    pub problem: Option<String>,
}

/// When something of a kind is due next.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
pub struct NextDue {
    /// What it is.
    pub kind: RetentionKind,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The day.
    pub due_from: NaiveDate,
}

/// What is due on a day, in the stores that the caller reaches.
pub async fn due(cx: &mut Context, as_of: Option<NaiveDate>) -> Result<Due, Problem> {
    let as_of = as_of.unwrap_or_else(|| cx.today());
    cx.snapshot(async |cx| {
        let policy = policy::read(cx.db()).await?;
        let stores = reached_stores(cx).await?;
        let (mut months, mut next) = (Vec::new(), Vec::new());
        for kind in RetentionKind::OF_MONTHS {
            months.extend(months_due(cx, &policy.policy, kind, as_of, stores.as_ref()).await?);
            next.extend(next_due(cx.db(), &policy.policy, kind, as_of).await?);
        }
        let people = people_due(cx, &policy.policy, as_of).await?;
        let (mut readings, mut entries) = (None, None);
        if cx.scope.is_everything() {
            readings =
                Some(readings_due(cx.db(), before(&policy.policy, RetentionKind::AccessLog, as_of)).await?);
            entries = Some(entries_due(cx.db(), before(&policy.policy, RetentionKind::Audit, as_of)).await?);
        }
        Ok(Due { as_of, policy, months, people, readings, entries, next })
    })
    .await
}

/// The moment before which what is dated by moments is due on a day.
pub(super) fn before(policy: &RetentionPolicy, kind: RetentionKind, day: NaiveDate) -> DateTime<Utc> {
    let end = policy.last_due(kind, day).and_then(|last| clock::end_of(last.last_day()));
    end.unwrap_or(DateTime::<Utc>::UNIX_EPOCH)
}

async fn months_due(
    cx: &mut Context,
    policy: &RetentionPolicy,
    kind: RetentionKind,
    as_of: NaiveDate,
    stores: Option<&HashSet<i64>>,
) -> Result<Vec<DueMonth>, Problem> {
    let Some(last) = policy.last_due(kind, as_of) else { return Ok(Vec::new()) };
    let mut due = Vec::new();
    for period in months::with_data(cx.db(), kind, last).await? {
        let people = months::people(cx.db(), kind, period).await?;
        let mut tally = Tally::default();
        for some in people.chunks(PEOPLE) {
            let judged = months::judge(cx.db(), period, some).await?;
            let is_reached = |one: &&Judged| {
                stores.is_none_or(|stores| one.store_id.is_some_and(|store| stores.contains(&store)))
            };
            judged.iter().filter(is_reached).for_each(|one| tally.count(one, false));
        }
        due.extend(tally.lines(kind, period, policy.due(kind, period)));
    }
    Ok(due)
}

/// People's months of a kind and month, by store.
#[derive(Default)]
pub(super) struct Tally(BTreeMap<Option<String>, [usize; 4]>);

impl Tally {
    /// Counts a person's month.
    pub(super) fn count(&mut self, one: &Judged, is_erased: bool) {
        let [people, held, not_locked, erased] = self.0.entry(one.store.clone()).or_default();
        *people += 1;
        *held += usize::from(one.is_held);
        *not_locked += usize::from(one.is_open && !one.is_held);
        *erased += usize::from(is_erased);
    }

    /// What was counted, by store.
    pub(super) fn lines(
        self,
        kind: RetentionKind,
        period: Period,
        due_from: NaiveDate,
    ) -> impl Iterator<Item = DueMonth> {
        self.0.into_iter().map(move |(store, [people, held, not_locked, erased])| DueMonth {
            kind,
            period,
            store,
            due_from,
            people,
            held,
            not_locked,
            erased,
        })
    }
}

/// Those of whom everything is due on a day.
pub(super) async fn people_due(
    cx: &mut Context,
    policy: &RetentionPolicy,
    as_of: NaiveDate,
) -> Result<Vec<DuePerson>, Problem> {
    let left = person::who_left(cx, as_of).await?.into_iter();
    let due = left.filter_map(|person| {
        let left_on = person.left_on?;
        let due_from = policy.due_after_leaving(left_on);
        (due_from <= as_of).then_some(DuePerson {
            employee_no: person.employee_no,
            left_on,
            due_from,
            is_held: person.is_held,
            is_erased: false,
            problem: None,
        })
    });
    Ok(due.collect())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn readings_due(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<i64, Problem> {
    let counted: Count = sql("SELECT count(*) AS count FROM access_log WHERE at < $1")
        .bind::<Timestamptz, _>(before)
        .get_result(connection)
        .await?;
    Ok(counted.count)
}

async fn entries_due(connection: &mut AsyncPgConnection, before: DateTime<Utc>) -> Result<i64, Problem> {
    let counted: Count = sql("SELECT count(*) AS count FROM audit_entry
         WHERE at < $1 AND action <> 'erase' AND detail <> '{\"erased\": true}'::jsonb")
    .bind::<Timestamptz, _>(before)
    .get_result(connection)
    .await?;
    Ok(counted.count)
}

/// The first month of a kind that has data and is not due yet.
async fn next_due(
    connection: &mut AsyncPgConnection,
    policy: &RetentionPolicy,
    kind: RetentionKind,
    as_of: NaiveDate,
) -> Result<Option<NextDue>, Problem> {
    let Some(last) = policy.last_due(kind, as_of) else { return Ok(None) };
    let next = months::first_after(connection, kind, last).await?;
    Ok(next.map(|period| NextDue { kind, period, due_from: policy.due(kind, period) }))
}

/// The stores that the caller reaches now; none: every store.
async fn reached_stores(cx: &mut Context) -> Result<Option<HashSet<i64>>, Problem> {
    if cx.scope.is_everything() {
        return Ok(None);
    }
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    let stores: Vec<Store> = sql(
        "SELECT DISTINCT r.store_id AS id FROM reached($1) r WHERE r.months @> $2 AND r.store_id IS NOT NULL",
    )
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .load(cx.db())
    .await?;
    Ok(Some(stores.into_iter().map(|store| store.id).collect()))
}

#[derive(QueryableByName)]
struct Store {
    #[diesel(sql_type = BigInt)]
    id: i64,
}
