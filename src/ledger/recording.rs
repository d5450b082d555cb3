//! Recording: what is new among delivered values, and where it goes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::beyond::Bounds;
use super::locks::Held;
use super::outranked::{CountsInstead, outranked};
use super::person_months::{AtPlace, Months, rank};
use super::rows::News;
use super::{Counts, Entry, FactOutcome, Late, ValueOrigin, late, locks, rows};
use crate::http::Problem;
use crate::period::Period;

/// What recording did.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// How many values of each kind.
    pub counts: Counts,
    /// What became of each entry, in their order.
    pub outcomes: Vec<FactOutcome>,
    /// What stood in the place of each entry before, in their order.
    pub before: Vec<Option<Decimal>>,
    /// What counts for the month instead of each entry, in their order; none where the entry counts.
    pub instead: Vec<Option<CountsInstead>>,
    /// The month of the people of the entries, as it is now.
    months: Months,
}

impl Recorded {
    /// Those of the entries' people in whose month some metric is larger than the one that bounds it.
    pub fn exceeding(&self, bounds: &Bounds<'_>) -> BTreeSet<i64> {
        self.months.exceeding(bounds)
    }
}

/// Records what is new among the entries; the same entries again change nothing. Of entries for the same place, the last
/// one counts. A record that its system has moved to another person or month leaves the place where it stood.
///
/// To be called within a transaction that has locked the month of these people, with [`lock`](super::lock) or
/// [`lock_delivery`](super::lock_delivery).
///
/// # Errors
///
/// A conflict that names the store whose month is frozen, with [`Late::Refuse`] and news about it, or where somebody else
/// is writing; nothing is recorded then. Whether somebody may record this, and whether a value fits its metric, is for
/// the caller to know.
pub async fn record(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
    late: Late,
) -> Result<Recorded, Problem> {
    let mut held = locks::hold(connection, period, entries, &origin.source_system).await?;
    record_held(connection, &mut held, period, entries, origin, late).await
}

/// The same within a transaction whose [`lock_delivery`](super::lock_delivery) has told what it holds: for a delivery that
/// comes in parts, each of which it has locked.
///
/// # Errors
///
/// As for [`record`].
pub async fn record_held(
    connection: &mut AsyncPgConnection,
    held: &mut Held,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
    late: Late,
) -> Result<Recorded, Problem> {
    let (news, recorded) = prepare(connection, period, entries, origin).await?;
    let people = news.iter().map(|(_, one)| (one.entry.employee_id, one.period)).collect();
    locks::keep(connection, held, people).await?;
    let Parted { mut recorded, open, shut } = part(connection, news, recorded).await?;
    if let (Some((news, _, store)), Late::Refuse) = (shut.first(), late) {
        return Err(late::frozen(news.period, store));
    }
    if late == Late::Keep {
        // What stands already is said again: whatever else waited to take its place is withdrawn.
        let said = entries.iter().zip(&recorded.outcomes);
        let said = said.filter(|(_, outcome)| **outcome == FactOutcome::Unchanged);
        let said = said.map(|(entry, _)| entry.clone()).collect::<Vec<_>>();
        late::retract(connection, period, &said, &origin.source_system).await?;
    }
    late::keep(connection, &shut, origin).await?;
    rows::append(connection, &mut recorded.months, &open, origin).await?;
    Ok(recorded)
}

/// What [`record`] would do. News about a frozen month count as pending.
pub async fn compare(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
) -> Result<Recorded, Problem> {
    let (news, recorded) = prepare(connection, period, entries, origin).await?;
    Ok(part(connection, news, recorded).await?.recorded)
}

/// News, parted by whether its month is frozen.
struct Parted<'a> {
    recorded: Recorded,
    /// What is added to the ledger.
    open: Vec<News<'a>>,
    /// What is about a frozen month, of which store.
    shut: Vec<(News<'a>, i64, String)>,
}

/// News, with the position of the entry that brings it; a record that leaves a place has none.
type PlacedNews<'a> = (Option<usize>, News<'a>);

async fn prepare<'a>(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &'a [Entry],
    origin: &ValueOrigin,
) -> Result<(Vec<PlacedNews<'a>>, Recorded), Problem> {
    let people = entries.iter().map(|entry| entry.employee_id).collect::<BTreeSet<_>>();
    let months = Months::load(connection, period, &Vec::from_iter(people)).await?;
    let places = entries.iter().map(|entry| entry.place(&origin.source_system)).collect::<Vec<_>>();
    let standing = standing(connection, &months, entries, &places, &origin.source_system).await?;
    // Of entries for one place the last one counts; where none says anything new, that does not matter.
    let mut last = HashMap::new();
    if entries.iter().zip(&standing).any(|(entry, standing)| entry.value != standing.value) {
        last.reserve(entries.len());
        for (at, (entry, place)) in entries.iter().zip(&places).enumerate() {
            last.insert((entry.employee_id, entry.metric.as_str(), place.as_str()), at);
        }
    }
    let is_last = |at: usize, entry: &Entry, place: &str| {
        last.get(&(entry.employee_id, entry.metric.as_str(), place)) == Some(&at)
    };
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut known = Vec::with_capacity(entries.len());
    let mut news = Vec::new();
    for (at, ((entry, place), before)) in entries.iter().zip(&places).zip(standing).enumerate() {
        known.push(before.value);
        let outcome = match (before.value, entry.value) {
            (before, value) if before == value || !is_last(at, entry, place) => FactOutcome::Unchanged,
            (None, _) => FactOutcome::Added,
            (Some(_), _) => FactOutcome::Changed,
        };
        outcomes.push(outcome);
        if outcome != FactOutcome::Unchanged {
            let Standing { id: replaces, value: before } = before;
            let (entry, place) = (Cow::Borrowed(entry), place.clone());
            news.push((Some(at), News { period, entry, place, replaces, before }));
        }
    }
    let moved = {
        let is_record = |one: &&Entry| one.external_id.is_some() && one.value.is_some();
        let records = news.iter().map(|(_, one)| one.entry.as_ref()).filter(is_record).collect::<Vec<_>>();
        rows::elsewhere(connection, period, &records, &origin.source_system).await?
    };
    news.extend(moved.into_iter().map(|one| (None, one)));
    let instead = outranked(entries, &places, &months, &origin.source_system);
    Ok((news, Recorded { counts: Counts::default(), outcomes, before: known, instead, months }))
}

/// What stands at an entry's place.
#[derive(Clone, Copy, Default)]
struct Standing {
    /// The row, where a value stands and the entry is to take its place.
    id: Option<i64>,
    value: Option<Decimal>,
}

/// What stands at the place of each entry. Mostly the month says so: where nothing is known of a metric, or a delivered
/// total counts that is delivered again. About the others the ledger is asked.
async fn standing(
    connection: &mut AsyncPgConnection,
    months: &Months,
    entries: &[Entry],
    places: &[String],
    source_system: &str,
) -> Result<Vec<Standing>, Problem> {
    let mut standing = Vec::with_capacity(entries.len());
    let mut asked = Vec::new();
    for (at, (entry, place)) in entries.iter().zip(places).enumerate() {
        let counted = months.counted(entry.employee_id, &entry.metric);
        let value = match counted.at_place(rank(source_system, place)) {
            AtPlace::Known(value) if value.is_none() || value == entry.value => value,
            AtPlace::Known(_) | AtPlace::Unknown => {
                asked.push((at, entry, place.as_str()));
                None
            }
        };
        standing.push(Standing { id: None, value });
    }
    for (at, row) in rows::standing(connection, months.period(), &asked, source_system).await? {
        if let Some(one) = standing.get_mut(at) {
            *one = Standing { id: row.value.map(|_| row.id), value: row.value };
        }
    }
    Ok(standing)
}

/// Parts the news by whether their months are frozen.
async fn part<'a>(
    connection: &mut AsyncPgConnection,
    news: Vec<PlacedNews<'a>>,
    mut recorded: Recorded,
) -> Result<Parted<'a>, Problem> {
    let people = news.iter().map(|(_, one)| one.guarded()).collect::<BTreeSet<_>>();
    let frozen = rows::frozen(connection, people).await?;
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for (at, one) in news {
        match frozen.get(&one.guarded()) {
            None => open.push(one),
            Some((store_id, store)) => {
                if let Some(outcome) = at.and_then(|at| recorded.outcomes.get_mut(at)) {
                    *outcome = FactOutcome::Pending;
                }
                shut.push((one, *store_id, store.clone()));
            }
        }
    }
    recorded.outcomes.iter().for_each(|outcome| recorded.counts.count(*outcome));
    Ok(Parted { recorded, open, shut })
}
