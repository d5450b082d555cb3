//! The ledger of facts: rows are only added. A value stands at a place — its employee, month and metric, and there the
//! month's total, a day, or a record of the system that it came from — and the youngest row of a place counts. What a
//! month comes to is the sum of what stands in the highest rank that has anything: verified events before delivered
//! totals, these before days and records, and last what people write themselves.

pub mod bulk;
pub mod close;
mod delivery;
pub mod history;
pub mod http;
mod late;
mod locks;
pub mod metric;
pub mod month;
mod people;
pub mod reading;
mod rows;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::delivery::{delivered_sources, deliveries, note_delivery};
pub use self::late::retract;
pub use self::locks::{lock, lock_delivery, lock_everywhere};
pub use self::people::{Person, employee_nos, people};
use self::rows::News;
use crate::db::schema::current_fact;
use crate::http::Problem;
use crate::period::Period;

/// One value to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose it is.
    pub employee_id: i64,
    /// Name in the catalogue.
    pub metric: String,
    /// The value; none voids the one that stands.
    pub value: Option<Decimal>,
    /// The day that it is of; none is the month as a whole.
    pub day: Option<NaiveDate>,
    /// The record that it is of, by the id it has in the system that it comes from.
    pub external_id: Option<String>,
}

impl Entry {
    /// The month's total of a metric.
    pub fn total(employee_id: i64, metric: impl Into<String>, value: Decimal) -> Self {
        Self { employee_id, metric: metric.into(), value: Some(value), day: None, external_id: None }
    }

    /// Where it stands within its employee, month and metric. A record keeps its place when its day is corrected.
    fn place(&self, source_system: &str) -> String {
        match (&self.external_id, self.day) {
            (Some(id), _) => format!("#{source_system}:{id}"),
            (None, Some(day)) => day.to_string(),
            (None, None) => String::new(),
        }
    }
}

/// Where values come from.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The system or file kind that delivered them.
    pub source_system: String,
    /// The import they came with.
    pub batch_id: Option<i64>,
    /// Who delivered them; none is the operator.
    pub user_id: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
    /// Why they replace what stood there.
    pub reason: Option<String>,
}

/// What becomes of news about a frozen month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Late {
    /// They are refused, and nothing is recorded
    #[default]
    Refuse,
    /// They wait as corrections that a second person decides on
    Keep,
}

/// What became of one value. Of several in a row the last of these is what became of the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactOutcome {
    /// It was known already.
    Unchanged,
    /// It was not known before.
    Added,
    /// It replaces another one.
    Changed,
    /// Its month is frozen: it waits as a correction.
    Pending,
}

/// How many values of each kind there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Values that were not known before.
    pub added: usize,
    /// Values that replace others.
    pub changed: usize,
    /// Values that were known already.
    pub unchanged: usize,
    /// Values of frozen months, which wait as corrections.
    pub pending: usize,
}

impl Counts {
    fn count(&mut self, outcome: FactOutcome) {
        *match outcome {
            FactOutcome::Added => &mut self.added,
            FactOutcome::Changed => &mut self.changed,
            FactOutcome::Unchanged => &mut self.unchanged,
            FactOutcome::Pending => &mut self.pending,
        } += 1;
    }

    /// Whether anything was recorded, or would be.
    pub fn is_news(&self) -> bool {
        self.added + self.changed + self.pending > 0
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.added += other.added;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.pending += other.pending;
    }
}

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
/// To be called within a transaction that has taken the lock of these people's month, with [`lock`] or [`lock_delivery`].
///
/// # Errors
///
/// A conflict that names the store whose month is frozen, with [`Late::Refuse`] and news about it, or where somebody else
/// is writing; nothing is recorded then. Whether somebody may record this, and whether a value fits its metric, is for the caller to know.
pub async fn record(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &Origin,
    late: Late,
) -> Result<Recorded, Problem> {
    let held = locks::hold(connection, period, entries, &origin.source_system).await?;
    let (news, recorded) = prepare(connection, period, entries, origin).await?;
    let people = news.iter().map(|(_, one)| (one.entry.employee_id, one.period)).collect();
    locks::keep(connection, &held, people).await?;
    let plan = shut_or_open(connection, news, recorded).await?;
    let mut recorded = plan.recorded;
    if let (Some((_, _, store)), Late::Refuse) = (plan.shut.as_slice().first(), late) {
        return Err(late::frozen(period, store));
    }
    if late == Late::Keep {
        // What stands already is said again: whatever else waited to take its place is withdrawn.
        let said = entries.iter().zip(&recorded.outcomes);
        let said = said.filter(|(_, outcome)| **outcome == FactOutcome::Unchanged);
        let said = said.map(|(entry, _)| entry.clone()).collect::<Vec<_>>();
        late::retract(connection, period, &said, &origin.source_system).await?;
    }
    let shut = plan.shut.iter().map(|(news, store_id, _)| (*store_id, news)).collect::<Vec<_>>();
    late::keep(connection, &shut, origin).await?;
    rows::append(connection, &plan.open.iter().collect::<Vec<_>>(), origin).await?;
    recorded.counts = Counts::default();
    recorded.outcomes.iter().for_each(|outcome| recorded.counts.count(*outcome));
    Ok(recorded)
}

/// What [`record`] would do. News about a frozen month count as pending.
pub async fn compare(
    connection: &mut AsyncPgConnection,
    period: Period,
    entries: &[Entry],
    origin: &Origin,
) -> Result<Recorded, Problem> {
    let (news, recorded) = prepare(connection, period, entries, origin).await?;
    let mut recorded = shut_or_open(connection, news, recorded).await?.recorded;
    recorded.outcomes.iter().for_each(|outcome| recorded.counts.count(*outcome));
    Ok(recorded)
}

/// What is to be done.
struct Prepared<'a> {
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
    origin: &Origin,
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
async fn shut_or_open<'a>(
    connection: &mut AsyncPgConnection,
    news: Vec<PlacedNews<'a>>,
    mut recorded: Recorded,
) -> Result<Prepared<'a>, Problem> {
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
    Ok(Prepared { recorded, open, shut })
}

/// What was known at a moment of these people's month, by employee and metric.
pub async fn known(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
    moment: DateTime<Utc>,
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = Text)]
        metric: String,
        #[diesel(sql_type = Numeric)]
        value: Decimal,
    }
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT employee_id, metric, value FROM known_fact($1) WHERE period = $2 AND employee_id = ANY ($3)",
    )
    .bind::<Timestamptz, _>(moment)
    .bind::<Date, _>(period.first_day())
    .bind::<Array<BigInt>, _>(people)
    .load(connection)
    .await?;
    Ok(by_person(rows.into_iter().map(|row| (row.employee_id, row.metric, row.value)).collect()))
}

/// What is known of these people's month, by employee and metric.
pub async fn current(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, HashMap<String, Decimal>>, Problem> {
    let rows: Vec<(i64, String, Decimal)> = current_fact::table
        .filter(current_fact::period.eq(period.first_day()).and(current_fact::employee_id.eq_any(people)))
        .select((current_fact::employee_id, current_fact::metric, current_fact::value))
        .load(connection)
        .await?;
    Ok(by_person(rows))
}

/// Gathers values by employee and metric.
pub fn by_person(rows: Vec<(i64, String, Decimal)>) -> HashMap<i64, HashMap<String, Decimal>> {
    let mut facts = HashMap::<i64, HashMap<String, Decimal>>::new();
    for (employee_id, metric, value) in rows {
        facts.entry(employee_id).or_default().insert(metric, value);
    }
    facts
}
