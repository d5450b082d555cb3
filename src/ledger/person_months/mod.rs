//! A person's month as the ledger says it now, a row each: what counts of every metric, by the metric's place. It holds
//! nothing that does not follow from the ledger. Whoever adds to the ledger keeps it in the same transaction
//! ([`Following`]), and what is read often reads it.

pub mod check;
mod counting;
mod numbers;
mod places;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::try_join;

pub(in crate::ledger) use self::counting::{AtPlace, Counted, EVENTS, TOTAL, level, rank};
pub use self::numbers::Numbers;
use self::numbers::Ranks;
pub use self::places::Places;
use super::rows::News;
use super::unit_sums;
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;

/// A person's month.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::ledger) struct PersonMonth {
    #[diesel(sql_type = Date)]
    pub period: Period,
    #[diesel(sql_type = BigInt)]
    pub employee_id: i64,
    /// The unit for which the month counts.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub unit_id: Option<i64>,
    #[diesel(sql_type = Text)]
    pub value: Numbers,
    #[diesel(sql_type = Text)]
    pub rank: Ranks,
}

impl PersonMonth {
    /// A month of which nothing has been recorded.
    fn nothing(period: Period, employee_id: i64) -> Self {
        Self { period, employee_id, unit_id: None, value: Numbers::default(), rank: Ranks::default() }
    }

    /// What is known of the metric at an index.
    fn counted(&self, at: usize) -> Counted {
        Counted { value: self.value.get(at), rank: self.rank.0.get(at).copied().flatten() }
    }

    fn put(&mut self, at: usize, counted: Counted) {
        if self.rank.0.len() <= at {
            self.value.0.resize(at + 1, None);
            self.rank.0.resize(at + 1, None);
        }
        if let (Some(value), Some(rank)) = (self.value.0.get_mut(at), self.rank.0.get_mut(at)) {
            (*value, *rank) = (counted.value, counted.rank);
        }
    }
}

/// The month of some people, as it is known when something is recorded of them.
#[derive(Clone, Debug)]
pub struct Months {
    period: Period,
    places: Places,
    /// Whose months were asked for; who has none here has none.
    people: HashSet<i64>,
    known: HashMap<i64, PersonMonth>,
    /// For which unit the month counts of whoever has none, if that was asked with it.
    units: Option<HashMap<i64, i64>>,
}

impl Months {
    /// Reads the months of these people.
    pub async fn load(
        connection: &AsyncPgConnection,
        period: Period,
        people: &[i64],
    ) -> Result<Self, Problem> {
        let (places, known) = try_join(Places::load(connection), load(connection, period, people)).await?;
        let people = people.iter().copied().collect();
        Ok(Self { places, people, known, ..Self::unread(period) })
    }

    /// The same of people who are held, so that nobody posts them elsewhere, with the units for which months count that nothing was
    /// recorded of yet.
    pub async fn load_placed(
        connection: &AsyncPgConnection,
        period: Period,
        people: &[i64],
    ) -> Result<Self, Problem> {
        let (places, found) = try_join(Places::load(connection), placed(connection, period, people)).await?;
        let (mut known, mut units) = (HashMap::new(), HashMap::new());
        for PlacedMonth { is_known, employee_id, unit_id, value, rank } in found {
            match (is_known, unit_id) {
                (true, _) => {
                    let month = PersonMonth { period, employee_id, unit_id, value, rank };
                    known.insert(employee_id, month);
                }
                (false, Some(unit_id)) => drop(units.insert(employee_id, unit_id)),
                (false, None) => {}
            }
        }
        let people = people.iter().copied().collect();
        Ok(Self { places, people, known, units: Some(units), ..Self::unread(period) })
    }

    /// Nobody's: what is to be known has to be read.
    pub(in crate::ledger) fn unread(period: Period) -> Self {
        Self { period, places: Places::default(), people: HashSet::new(), known: HashMap::new(), units: None }
    }

    /// Which month.
    pub(in crate::ledger) fn period(&self) -> Period {
        self.period
    }

    /// What is known of a person's metric.
    pub(in crate::ledger) fn counted(&self, employee_id: i64, metric: &str) -> Counted {
        let counted = || Some(self.known.get(&employee_id)?.counted(self.places.index(metric)?));
        counted().unwrap_or_default()
    }

    /// Those in whose month one of these metrics is larger than the other one beside it.
    pub(in crate::ledger) fn exceeding(&self, bounds: &[(&str, &str)]) -> BTreeSet<i64> {
        let places =
            bounds.iter().filter_map(|(one, other)| self.places.index(one).zip(self.places.index(other)));
        let places = places.collect::<Vec<_>>();
        let is_beyond = |month: &Numbers| {
            places.iter().any(|(one, other)| {
                month.get(*one).zip(month.get(*other)).is_some_and(|(one, other)| one > other)
            })
        };
        self.known.iter().filter(|(_, month)| is_beyond(&month.value)).map(|(id, _)| *id).collect()
    }

    /// A person's month as it was, if it was read and there was one; `Err` where it was not read.
    fn before(&self, period: Period, employee_id: i64) -> Result<Option<&PersonMonth>, ()> {
        match period == self.period && self.people.contains(&employee_id) {
            true => Ok(self.known.get(&employee_id)),
            false => Err(()),
        }
    }

    /// For which unit the month counts of somebody of whom nothing was recorded; `Err` where it was not asked.
    fn unit(&self, period: Period, employee_id: i64) -> Result<Option<i64>, ()> {
        let units =
            self.units.as_ref().filter(|_| period == self.period && self.people.contains(&employee_id));
        units.map(|units| units.get(&employee_id).copied()).ok_or(())
    }
}

/// A month that anything was recorded of, or the unit for which one counts.
#[derive(QueryableByName)]
struct PlacedMonth {
    #[diesel(sql_type = Bool)]
    is_known: bool,
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Text)]
    value: Numbers,
    #[diesel(sql_type = Text)]
    rank: Ranks,
}

/// The months of these people, and of those of whom nothing was ever recorded for which unit theirs count, in one statement: it is
/// answered before what is written meanwhile.
async fn placed(
    mut connection: &AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<Vec<PlacedMonth>, Problem> {
    Ok(sql("WITH known AS MATERIALIZED ( \
             SELECT m.employee_id, m.unit_id, m.value, m.rank FROM person_month m \
             WHERE m.period = $1 AND m.employee_id = ANY ($2)), \
         other AS MATERIALIZED (SELECT ARRAY( \
             SELECT p.id FROM unnest($2) AS p (id) WHERE p.id NOT IN (SELECT k.employee_id FROM known k)) AS people) \
         SELECT true AS is_known, k.employee_id, k.unit_id, k.value, k.rank FROM known k \
         UNION ALL SELECT false, h.employee_id, h.unit_id, '{}', '{}' \
         FROM other CROSS JOIN LATERAL unit_held($1, other.people) h WHERE cardinality(other.people) > 0")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .load(&mut connection)
    .await?)
}

/// The months of these people that anything was ever recorded of.
pub(in crate::ledger) async fn load(
    mut connection: &AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, PersonMonth>, Problem> {
    let months: Vec<PersonMonth> = sql("SELECT period, employee_id, unit_id, value, rank FROM person_month \
         WHERE period = $1 AND employee_id = ANY ($2)")
    .over(people.len())
    .bind::<Date, _>(period)
    .bind::<Array<BigInt>, _>(people)
    .load(&mut connection)
    .await?;
    Ok(months.into_iter().map(|month| (month.employee_id, month)).collect())
}

/// What counts in the month of these people, of whom anything was ever recorded; to be shared, for who is posted in two stores has
/// the same month in both.
pub(in crate::ledger) async fn values(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, Arc<Numbers>>, Problem> {
    #[derive(QueryableByName)]
    struct MonthValues {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        value: Numbers,
    }
    let months: Vec<MonthValues> =
        sql("SELECT employee_id, value FROM person_month WHERE period = $1 AND employee_id = ANY ($2)")
            .over(people.len())
            .bind::<Date, _>(period)
            .bind::<Array<BigInt>, _>(people)
            .load(connection)
            .await?;
    Ok(months.into_iter().map(|month| (month.employee_id, Arc::new(month.value))).collect())
}

/// A month that something was recorded of.
struct Change {
    /// As it was; none for the first that is recorded of it.
    before: Option<PersonMonth>,
    after: PersonMonth,
    /// What it comes to has to be asked of the ledger.
    is_asked: bool,
}

/// Months that are brought up to what is being added to the ledger. Mostly that follows from what was known before, and is known as it
/// is afterwards; the ledger is asked about the others. The months are locked, so nobody else changes them.
#[derive(Default)]
pub(in crate::ledger) struct Following {
    places: Places,
    changes: Changes,
}

impl Following {
    /// The months that the news are about, as they were. `known` is what has been read of them.
    pub async fn begin(
        connection: &AsyncPgConnection,
        known: &Months,
        news: &[News<'_>],
    ) -> Result<Self, Problem> {
        if news.is_empty() {
            return Ok(Self::default());
        }
        let metrics = news.iter().map(|one| one.entry.metric.as_str()).collect::<HashSet<_>>();
        let places = match metrics.iter().all(|metric| known.places.index(metric).is_some()) {
            true => known.places.clone(),
            false => Places::with(connection, &metrics).await?,
        };
        Ok(Self { places, changes: begin(connection, known, news).await? })
    }

    /// Works out what the months come to by the news, as far as that can be said without asking.
    pub fn work_out(&mut self, news: &[News<'_>], source_system: &str) {
        for one in news {
            let Some(change) = self.changes.get_mut(&(one.period, one.entry.employee_id)) else { continue };
            let Some(at) = self.places.index(&one.entry.metric) else { continue };
            let rank = rank(source_system, &one.place);
            match change.after.counted(at).after(rank, one.before, one.entry.value) {
                Some(counted) => change.after.put(at, counted),
                None => change.is_asked = true,
            }
        }
    }

    /// Whether the ledger has to be asked what some of the months come to.
    pub fn asks(&self) -> bool {
        self.changes.values().any(|change| change.is_asked)
    }

    /// Asks it, once the news are in it.
    pub async fn ask(&mut self, connection: &AsyncPgConnection) -> Result<(), Problem> {
        ask(connection, &mut self.changes).await
    }

    /// Writes the months, and what they add to sums.
    pub async fn write(
        &mut self,
        connection: &AsyncPgConnection,
        recorded_at: DateTime<Utc>,
    ) -> Result<(), Problem> {
        write::write(connection, &mut self.changes).await?;
        let pairs = self.changes.values().map(|one| (one.before.as_ref(), &one.after));
        unit_sums::follow(connection, recorded_at, pairs).await
    }

    /// What is known now.
    pub fn tell(self, known: &mut Months) {
        known.places = self.places;
        let own = self.changes.into_iter().filter(|((period, _), _)| *period == known.period);
        known.known.extend(own.map(|((_, id), change)| (id, change.after)));
    }
}

/// Changes by month and person.
type Changes = BTreeMap<(Period, i64), Change>;

/// The months that the news are about as they were, with the unit that each counts for.
async fn begin(
    connection: &AsyncPgConnection,
    known: &Months,
    news: &[News<'_>],
) -> Result<Changes, Problem> {
    let mut changes = Changes::new();
    let mut unread = BTreeMap::<Period, BTreeSet<i64>>::new();
    let mut last = None;
    for one in news {
        let key = (one.period, one.entry.employee_id);
        if last.replace(key) == Some(key) || changes.contains_key(&key) {
            continue;
        }
        let Ok(before) = known.before(key.0, key.1) else {
            unread.entry(key.0).or_default().insert(key.1);
            continue;
        };
        changes.insert(key, Change::new(key, before.cloned()));
    }
    for (period, people) in unread {
        let mut read = load(connection, period, &Vec::from_iter(people.iter().copied())).await?;
        for id in people {
            changes.insert((period, id), Change::new((period, id), read.remove(&id)));
        }
    }
    let mut unplaced = BTreeMap::<Period, Vec<i64>>::new();
    for ((period, id), change) in changes.iter_mut().filter(|(_, change)| change.before.is_none()) {
        match known.unit(*period, *id) {
            Ok(unit_id) => change.after.unit_id = unit_id,
            Err(()) => unplaced.entry(*period).or_default().push(*id),
        }
    }
    for (period, people) in unplaced {
        for (employee_id, unit_id) in units_held(connection, period, people).await? {
            if let Some(change) = changes.get_mut(&(period, employee_id)) {
                change.after.unit_id = Some(unit_id);
            }
        }
    }
    Ok(changes)
}

impl Change {
    fn new((period, employee_id): (Period, i64), before: Option<PersonMonth>) -> Self {
        let after = before.clone().unwrap_or_else(|| PersonMonth::nothing(period, employee_id));
        Self { before, after, is_asked: false }
    }
}

/// The unit for which the month of each of these people counts, by the postings as they are now.
async fn units_held(
    mut connection: &AsyncPgConnection,
    period: Period,
    people: Vec<i64>,
) -> Result<Vec<(i64, i64)>, Problem> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        unit_id: i64,
    }
    let held: Vec<Held> = sql("SELECT employee_id, unit_id FROM unit_held($1, $2)")
        .over(people.len())
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(people)
        .load(&mut connection)
        .await?;
    Ok(held.into_iter().map(|held| (held.employee_id, held.unit_id)).collect())
}

/// Asks the ledger what the months come to that have to be asked about.
async fn ask(connection: &AsyncPgConnection, changes: &mut Changes) -> Result<(), Problem> {
    let mut asked = BTreeMap::<Period, Vec<i64>>::new();
    for ((period, id), _) in changes.iter().filter(|(_, change)| change.is_asked) {
        asked.entry(*period).or_default().push(*id);
    }
    for (period, people) in asked {
        for month in by_ledger(connection, period, &people).await? {
            if let Some(change) = changes.get_mut(&(period, month.employee_id)) {
                (change.after.value, change.after.rank) = (month.value, month.rank);
            }
        }
    }
    Ok(())
}

/// What the ledger says of a person's month.
#[derive(QueryableByName)]
struct LedgerMonth {
    #[diesel(sql_type = BigInt)]
    employee_id: i64,
    #[diesel(sql_type = Text)]
    value: Numbers,
    #[diesel(sql_type = Text)]
    rank: Ranks,
}

async fn by_ledger(
    mut connection: &AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<Vec<LedgerMonth>, Problem> {
    Ok(sql("SELECT employee_id, value::text AS value, rank::text AS rank FROM person_month_of($1, $2)")
        .over(people.len())
        .bind::<Date, _>(period)
        .bind::<Array<BigInt>, _>(people)
        .load(&mut connection)
        .await?)
}
