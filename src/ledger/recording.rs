//! Recording: what is new among delivered values, and where it goes.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};

use diesel_async::AsyncPgConnection;
use rust_decimal::Decimal;

use super::beyond::Bounds;
use super::locks::Held;
use super::outranked::{CountsInstead, outranked};
use super::person_months::{AtPlace, Following, Months, rank};
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
    connection: &AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
    late: Late,
) -> Result<Recorded, Problem> {
    let mut held = locks::hold(connection, period, entries, &origin.source_system).await?;
    record_held(connection, &mut held, period, entries, origin, late).await
}

/// The same within a transaction whose [`lock_delivery`](super::lock_delivery) has told what it holds.
///
/// # Errors
///
/// As for [`record`].
pub async fn record_held(
    connection: &AsyncPgConnection,
    held: &mut Held,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
    late: Late,
) -> Result<Recorded, Problem> {
    let months = Months::load(connection, period, &people(entries)).await?;
    let prepared = prepare(connection, months, entries, origin).await?;
    prepared.admit(connection, held, late).await?.record(connection, origin).await
}

/// What [`record`] would do. News about a frozen month count as pending.
pub async fn compare(
    connection: &AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &ValueOrigin,
) -> Result<Recorded, Problem> {
    let months = Months::load(connection, period, &people(entries)).await?;
    prepare(connection, months, entries, origin).await?.compare(connection).await
}

/// Whose entries they are.
fn people(entries: &[Entry]) -> Vec<i64> {
    Vec::from_iter(entries.iter().map(|entry| entry.employee_id).collect::<BTreeSet<_>>())
}

/// Entries that have been held beside what is known: what is news among them.
pub struct Prepared<'a> {
    entries: &'a [Entry],
    news: Vec<PlacedNews<'a>>,
    recorded: Recorded,
}

impl<'a> Prepared<'a> {
    /// Makes sure that what is held guards it, and that it may be recorded.
    ///
    /// # Errors
    ///
    /// As for [`record`].
    pub async fn admit(
        self,
        connection: &AsyncPgConnection,
        held: &mut Held,
        late: Late,
    ) -> Result<Admitted<'a>, Problem> {
        let people = self.news.iter().map(|(_, one)| (one.entry.employee_id, one.period));
        locks::keep(connection, held, people.collect()).await?;
        let entries = self.entries;
        let Parted { recorded, open, shut } = self.part(connection, &mut held.open).await?;
        if let (Some((news, _, store)), Late::Refuse) = (shut.first(), late) {
            return Err(late::frozen(news.period, store));
        }
        let following = Following::begin(connection, &recorded.months, &open).await?;
        Ok(Admitted { entries, recorded, open, shut, following, late })
    }

    /// What recording it would do.
    pub async fn compare(self, connection: &AsyncPgConnection) -> Result<Recorded, Problem> {
        Ok(self.part(connection, &mut BTreeSet::new()).await?.recorded)
    }
}

/// What is going to be recorded.
pub struct Admitted<'a> {
    entries: &'a [Entry],
    recorded: Recorded,
    open: Vec<News<'a>>,
    shut: Vec<(News<'a>, i64, String)>,
    following: Following,
    late: Late,
}

impl Admitted<'_> {
    /// Records it.
    ///
    /// # Errors
    ///
    /// Those of the database.
    pub async fn record(
        self,
        connection: &AsyncPgConnection,
        origin: &ValueOrigin,
    ) -> Result<Recorded, Problem> {
        let Self { entries, mut recorded, open, shut, following, late } = self;
        if late == Late::Keep {
            // What stands already is said again: whatever else waited to take its place is withdrawn.
            let said = entries.iter().zip(&recorded.outcomes);
            let said = said.filter(|(_, outcome)| **outcome == FactOutcome::Unchanged);
            let said = said.map(|(entry, _)| entry.clone()).collect::<Vec<_>>();
            let period = recorded.months.period();
            late::retract(connection, period, &said, &origin.source_system).await?;
        }
        late::keep(connection, &shut, origin).await?;
        rows::append_followed(connection, following, &mut recorded.months, &open, origin).await?;
        Ok(recorded)
    }
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

/// Holds entries beside what is known of their people.
///
/// # Errors
///
/// Those of the database.
pub async fn prepare<'a>(
    connection: &AsyncPgConnection,
    months: Months,
    entries: &'a [Entry],
    origin: &ValueOrigin,
) -> Result<Prepared<'a>, Problem> {
    let period = months.period();
    let places = entries.iter().map(|entry| entry.place(&origin.source_system)).collect::<Vec<_>>();
    let standing = standing(connection, &months, entries, &places, &origin.source_system).await?;
    // Of entries for one place the last one counts; where none says anything new, that does not matter.
    let is_news = entries.iter().zip(&standing).any(|(entry, standing)| entry.value != standing.value);
    let corrected = if is_news { corrected(entries, &places) } else { HashSet::new() };
    let mut outcomes = Vec::with_capacity(entries.len());
    let mut known = Vec::with_capacity(entries.len());
    let mut news = Vec::new();
    for (at, ((entry, place), before)) in entries.iter().zip(&places).zip(standing).enumerate() {
        known.push(before.value);
        let outcome = match (before.value, entry.value) {
            (before, value) if before == value || corrected.contains(&at) => FactOutcome::Unchanged,
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
    let recorded = Recorded { counts: Counts::default(), outcomes, before: known, instead, months };
    Ok(Prepared { entries, news, recorded })
}

/// The positions of entries for whose place there is a later one among them.
fn corrected(entries: &[Entry], places: &[String]) -> HashSet<usize> {
    // Those of one person and place mostly come together: of many metrics, each once.
    let mut together = HashMap::<(i64, &str), Vec<usize>>::new();
    let mut begun = 0;
    let placed = entries.iter().zip(places).map(|(entry, place)| (entry.employee_id, place.as_str()));
    for of_place in Vec::from_iter(placed).chunk_by(PartialEq::eq) {
        if let Some(place) = of_place.first() {
            together.entry(*place).or_default().extend(begun..begun + of_place.len());
        }
        begun += of_place.len();
    }
    let metric = |at: &usize| entries.get(*at).map(|entry| entry.metric.as_str());
    let mut corrected = HashSet::new();
    for mut of_place in together.into_values() {
        // The sort is stable: of one metric, they stay in their order.
        of_place.sort_by_key(metric);
        let pairs = of_place.windows(2);
        let earlier = pairs.filter_map(|pair| match pair {
            [one, later] if metric(one) == metric(later) => Some(*one),
            _ => None,
        });
        corrected.extend(earlier);
    }
    corrected
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
    connection: &AsyncPgConnection,
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

impl<'a> Prepared<'a> {
    /// Parts the news by whether their months are frozen.
    async fn part(
        self,
        connection: &AsyncPgConnection,
        unfrozen: &mut BTreeSet<Period>,
    ) -> Result<Parted<'a>, Problem> {
        let Self { news, mut recorded, .. } = self;
        let mut guarded = news.iter().map(|(_, one)| one.guarded()).collect::<Vec<_>>();
        guarded.dedup();
        let frozen = rows::frozen(connection, guarded.into_iter().collect(), unfrozen).await?;
        let (mut open, mut shut) = (Vec::with_capacity(news.len()), Vec::new());
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
}
