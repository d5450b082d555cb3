//! Who may write: one writer at a time in a store's month.
//!
//! A value is guarded by the months of every store in which its person is posted in that month, for each of them may
//! freeze it; somebody who is posted in none is guarded by the month of store 0.
//!
//! No two transactions wait for each other, because all wait in one order: first for the key of the request, the event or
//! the cycle that it is about, and the units, which who posts somebody or freezes a month locks; then for stores' months,
//! by month and store; then for late corrections, by id, and for people, by id; then for the place of a metric that is new;
//! and last, when it ends, for the sums of units, by month and unit. A transaction asks for all its months at once, in one
//! statement that sorts them, before it writes. Whatever else it turns out to need afterwards it only tries, and gives up
//! where somebody else has it. So every wait leads to a later place in the order, and never back.

use std::collections::{BTreeSet, HashSet};

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection as _};

use super::Entry;
use crate::db::schema::employee;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::said::say;

/// What a transaction is going to write.
#[derive(Clone, Default)]
struct Wanted<'a> {
    /// About these people in these months.
    people: Vec<(i64, Period)>,
    /// About these stores in these months.
    stores: Vec<(i64, Period)>,
    /// These records, by metric and the id in their system: wherever they stand, they may leave.
    records: Vec<(&'a str, &'a str)>,
    source_system: &'a str,
}

impl<'a> Wanted<'a> {
    fn entries(period: Period, entries: &'a [Entry], source_system: &'a str) -> Self {
        let people = entries.iter().map(|entry| (entry.employee_id, period)).collect();
        let records =
            entries.iter().filter_map(|entry| Some((entry.metric.as_str(), entry.external_id.as_deref()?)));
        Self { people, stores: Vec::new(), records: records.collect(), source_system }
    }
}

/// A month of a store, by month first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, QueryableByName)]
pub(super) struct StoreMonth {
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = BigInt)]
    store_id: i64,
    #[diesel(sql_type = Bool)]
    is_held: bool,
}

/// The months that are wanted, in their order, each with what `$lock` says of it.
macro_rules! months {
    ($lock:literal) => {
        concat!(
            "WITH person AS ( \
                 SELECT p.employee_id, p.period FROM unnest($1, $2) AS p (employee_id, period) \
                 UNION SELECT f.employee_id, f.period FROM fact f JOIN unnest($3, $4) AS r (metric, external_id) \
                     ON f.metric = r.metric AND f.external_id = r.external_id WHERE f.source_system = $5), \
             month AS MATERIALIZED ( \
                 SELECT s.period, s.store_id FROM unnest($6, $7) AS s (store_id, period) \
                 UNION SELECT p.period, coalesce(u.store_id, 0) FROM person p LEFT JOIN ( \
                     assignment a JOIN org_unit u ON u.id = a.unit_id AND u.store_id IS NOT NULL) \
                     ON a.employee_id = p.employee_id AND a.valid_from < p.period + interval '1 month' \
                     AND (a.valid_to IS NULL OR a.valid_to > p.period) ORDER BY period, store_id) \
             SELECT period, store_id, ",
            $lock,
            " AS is_held FROM month"
        )
    };
}

const WAIT: &str =
    months!("pg_advisory_xact_lock(hashtextextended('fact/' || period || '/' || store_id, 0)) IS NOT NULL");
const TRY: &str =
    months!("pg_try_advisory_xact_lock(hashtextextended('fact/' || period || '/' || store_id, 0))");

/// One of the places of those who wait, until the transaction ends: each has a connection, and everybody else needs one, too.
/// Of one store's month no more than three quarters of them wait, so that those of another store find some. How many there
/// are follows from how many connections there are (`showfloor.waiting`, which who opens them sets).
const PLACE: &str = "SELECT n FROM (SELECT coalesce(nullif(current_setting('showfloor.waiting', true), ''), '8')::int) p (places), \
    generate_series(1, CASE WHEN $2 THEN places - places / 4 ELSE places END) n \
    WHERE pg_try_advisory_xact_lock(hashtextextended($1 || n, 0)) LIMIT 1";

/// Takes the months that are wanted as soon as nobody else has them. What is free is taken without waiting; whoever has to
/// wait gives back first what was taken, so that it waits in the one order, and gives up after three seconds.
async fn wait_for(
    connection: &mut AsyncPgConnection,
    wanted: Wanted<'_>,
) -> Result<BTreeSet<StoreMonth>, Problem> {
    connection.batch_execute("SAVEPOINT months").await?;
    let tried = take(connection, TRY, wanted.clone()).await?;
    let Some(taken) = tried.iter().find(|month| !month.is_held) else {
        connection.batch_execute("RELEASE SAVEPOINT months").await?;
        return Ok(tried);
    };
    let (period, own) = (taken.period, format!("fact waits/{}/{}/", taken.period, taken.store_id));
    let patience = "ROLLBACK TO SAVEPOINT months; RELEASE SAVEPOINT months; SET LOCAL lock_timeout = '3s'";
    connection.batch_execute(patience).await?;
    for (places, is_own) in [(own.as_str(), true), ("fact waits/", false)] {
        let place = sql(PLACE).bind::<Text, _>(places).bind::<Bool, _>(is_own);
        if place.execute(connection).await? == 0 {
            return Err(busy(period));
        }
    }
    match take(connection, WAIT, wanted).await {
        Ok(taken) => {
            connection.batch_execute("SET LOCAL lock_timeout TO DEFAULT").await?;
            Ok(taken)
        }
        // It was not to be had in time: the one fault here for which PostgreSQL has no kind of its own.
        Err(Error::DatabaseError(DatabaseErrorKind::Unknown, _)) => Err(busy(period)),
        Err(error) => Err(error.into()),
    }
}

async fn take(
    mut connection: &AsyncPgConnection,
    how: &'static str,
    wanted: Wanted<'_>,
) -> QueryResult<BTreeSet<StoreMonth>> {
    let length = wanted.people.len().max(wanted.records.len());
    let (people, months): (Vec<_>, Vec<_>) = wanted.people.into_iter().unzip();
    let (stores, store_months): (Vec<_>, Vec<_>) = wanted.stores.into_iter().unzip();
    let (metrics, records): (Vec<_>, Vec<_>) = wanted.records.into_iter().unzip();
    let taken = sql(how)
        .over(length)
        .bind::<Array<BigInt>, _>(people)
        .bind::<Array<Date>, _>(months)
        .bind::<Array<Text>, _>(metrics)
        .bind::<Array<Text>, _>(records)
        .bind::<Text, _>(wanted.source_system)
        .bind::<Array<BigInt>, _>(stores)
        .bind::<Array<Date>, _>(store_months)
        .load::<StoreMonth>(&mut connection)
        .await?;
    Ok(taken.into_iter().collect())
}

/// Waits until nobody else writes about these people's month, and keeps others from it until the transaction ends. What
/// is known of it then stays so until something is recorded. To be asked once in a transaction, for everybody.
///
/// # Errors
///
/// A conflict that names the month where somebody else goes on writing in it for three seconds, or where too many wait
/// already.
pub async fn lock(connection: &mut AsyncPgConnection, period: Period, people: &[i64]) -> Result<(), Problem> {
    let people = people.iter().map(|id| (*id, period)).collect();
    lock_months(connection, people, Vec::new()).await.map(|_| ())
}

/// The same for people and months that differ, and for stores that have a word in them.
pub(super) async fn lock_months(
    connection: &mut AsyncPgConnection,
    people: Vec<(i64, Period)>,
    stores: Vec<(i64, Period)>,
) -> Result<Held, Problem> {
    wait_for(connection, Wanted { people, stores, ..Wanted::default() }).await.map(Held::from)
}

/// The months that a transaction holds, and for whom it has made sure that they guard the facts.
#[derive(Debug)]
pub struct Held {
    months: BTreeSet<StoreMonth>,
    kept: HashSet<(i64, Period)>,
    /// Of whom a delivery speaks.
    spoken_of: Vec<(i64, Period)>,
    /// Months that no store has frozen.
    pub(super) open: BTreeSet<Period>,
}

impl Held {
    /// Whether these people are held, too: nobody posts them anywhere else meanwhile.
    pub fn keeps(&self, period: Period, people: &[i64]) -> bool {
        people.iter().all(|id| self.kept.contains(&(*id, period)))
    }
}

impl From<BTreeSet<StoreMonth>> for Held {
    fn from(months: BTreeSet<StoreMonth>) -> Self {
        Self { months, kept: HashSet::new(), spoken_of: Vec::new(), open: BTreeSet::new() }
    }
}

/// The same for what a system delivers, the places included that its records leave, and for people of whom it says only
/// that a source is complete. What is held can be given to [`record_held`](super::record_held).
pub async fn lock_delivery(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    source_system: &str,
    others: &[i64],
) -> Result<Held, Problem> {
    let mut wanted = Wanted::entries(period, entries, source_system);
    wanted.people.extend(others.iter().map(|id| (*id, period)));
    let spoken_of = wanted.people.clone();
    Ok(Held { spoken_of, ..wait_for(connection, wanted).await?.into() })
}

/// Makes sure that nobody else writes what is about to be written, without waiting.
///
/// # Errors
///
/// A conflict that names the month in which somebody else writes.
pub(super) async fn hold(
    connection: &AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    source_system: &str,
) -> Result<Held, Problem> {
    let held = take(connection, TRY, Wanted::entries(period, entries, source_system)).await?;
    match held.iter().find(|month| !month.is_held) {
        Some(month) => Err(busy(month.period)),
        None => Ok(held.into()),
    }
}

/// Makes sure that what is held guards these people's months, and goes on to: until the transaction ends nobody posts
/// them anywhere else.
///
/// # Errors
///
/// A conflict where they have been posted elsewhere, or a record has moved, since the months were locked.
pub(super) async fn keep(
    mut connection: &AsyncPgConnection,
    held: &mut Held,
    mut people: BTreeSet<(i64, Period)>,
) -> Result<(), Problem> {
    people.retain(|one| !held.kept.contains(one));
    if people.is_empty() {
        return Ok(());
    }
    // A delivery that has news in a second part mostly has in all: what is left of it is asked about at once.
    if !held.kept.is_empty() {
        people.extend(held.spoken_of.drain(..).filter(|one| !held.kept.contains(one)));
    }
    // Who posts somebody locks the person for update, after the unit.
    let ids = people.iter().map(|(id, _)| *id).collect::<BTreeSet<_>>();
    employee::table
        .filter(employee::id.eq_any(ids))
        .order(employee::id)
        .select(employee::id)
        .for_key_share()
        .load::<i64>(&mut connection)
        .await?;
    let wanted = Wanted { people: people.iter().copied().collect(), ..Wanted::default() };
    match take(connection, TRY, wanted).await?.difference(&held.months).next() {
        Some(month) => Err(busy(month.period)),
        None => {
            held.kept.extend(people);
            Ok(())
        }
    }
}

fn busy(period: Period) -> Problem {
    Problem::busy(say!(
        "别人正在改 {period} 的数据，请再试一次",
        "somebody else is changing the facts of {period}; try again"
    ))
}
