//! Recording: what is new among delivered values, and where it goes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::rows::News;
use super::{Counts, Entry, FactOutcome, Late, ValueOrigin, late, locks, rows};
use crate::http::Problem;
use crate::period::Period;

/// What recording did.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    /// How many values of each kind.
    pub counts: Counts,
    /// What became of each entry, in their order.
    pub outcomes: Vec<FactOutcome>,
    /// What stood in the place of each entry before, in their order.
    pub before: Vec<Option<Decimal>>,
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
    let held = locks::hold(connection, period, entries, &origin.source_system).await?;
    let (news, recorded) = prepare(connection, period, entries, origin).await?;
    let people = news.iter().map(|(_, one)| (one.entry.employee_id, one.period)).collect();
    locks::keep(connection, &held, people).await?;
    let Parted { recorded, open, shut } = part(connection, news, recorded).await?;
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
    rows::append(connection, &open, origin).await?;
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
    let places = entries.iter().map(|entry| entry.place(&origin.source_system)).collect::<Vec<_>>();
    let standing = rows::standing(connection, period, entries, &places, &origin.source_system).await?;
    let mut last = HashMap::with_capacity(entries.len());
    for (at, (entry, place)) in entries.iter().zip(&places).enumerate() {
        last.insert((entry.employee_id, entry.metric.as_str(), place.as_str()), at);
    }
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut known = Vec::with_capacity(entries.len());
    let mut news = Vec::new();
    for (at, (entry, place)) in entries.iter().zip(&places).enumerate() {
        let before = standing.get(&at);
        known.push(before.and_then(|row| row.value));
        let outcome = match (before.and_then(|row| row.value), entry.value) {
            _ if last.get(&(entry.employee_id, entry.metric.as_str(), place.as_str())) != Some(&at) => {
                FactOutcome::Unchanged
            }
            (None, None) => FactOutcome::Unchanged,
            (None, Some(_)) => FactOutcome::Added,
            (Some(known), Some(value)) if known == value => FactOutcome::Unchanged,
            (Some(_), _) => FactOutcome::Changed,
        };
        outcomes.push(outcome);
        if outcome != FactOutcome::Unchanged {
            let replaces = before.filter(|row| row.value.is_some()).map(|row| row.id);
            news.push((
                Some(at),
                News { period, entry: Cow::Borrowed(entry), place: place.clone(), replaces },
            ));
        }
    }
    let moved = {
        let is_record = |one: &&Entry| one.external_id.is_some() && one.value.is_some();
        let records = news.iter().map(|(_, one)| one.entry.as_ref()).filter(is_record).collect::<Vec<_>>();
        rows::elsewhere(connection, period, &records, &origin.source_system).await?
    };
    news.extend(moved.into_iter().map(|one| (None, one)));
    Ok((news, Recorded { counts: Counts::default(), outcomes, before: known }))
}

/// Parts the news by whether their months are frozen.
async fn part<'a>(
    connection: &mut AsyncPgConnection,
    news: Vec<PlacedNews<'a>>,
    mut recorded: Recorded,
) -> Result<Parted<'a>, Problem> {
    let people = news.iter().map(|(_, one)| (one.entry.employee_id, one.period)).collect::<BTreeSet<_>>();
    let frozen = rows::frozen(connection, people).await?;
    let (mut open, mut shut) = (Vec::new(), Vec::new());
    for (at, one) in news {
        match frozen.get(&(one.entry.employee_id, one.period)) {
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
