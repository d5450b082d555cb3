//! The parts of a file: compared with what is known and recorded one after the other. While PostgreSQL writes the one, the next is
//! compared here.

use std::collections::HashSet;

use diesel_async::AsyncPgConnection;
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};
use tokio::sync::{Mutex, Semaphore};

use super::address::AddressedRow;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Entry, Held, Late, Months, Recorded, Speakers, ValueOrigin};
use crate::period::Period;
use crate::spreadsheets::import::Cell;

/// So many rows are compared or recorded at a time, and those more that are of the last one's person.
const ROWS: usize = 10_000;

/// So many parts are under way at a time: one is compared while PostgreSQL writes another one and has the next.
const AT_ONCE: usize = 3;
/// So many of them have been given to PostgreSQL to be written.
pub(super) const WRITTEN_AT_ONCE: usize = 2;

/// Where a value stands.
pub(super) type PlacedCell<'a> = (&'a AddressedRow, &'a Cell);

/// Some rows of a file, with those of their values that are looked at.
pub(super) struct Part<'a> {
    pub rows: &'a [AddressedRow],
    pub cells: Vec<PlacedCell<'a>>,
}

/// The parts of a file.
pub(super) fn parts(rows: &[AddressedRow]) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = rows;
    while let Some(last) = rest.get(..ROWS.min(rest.len())).and_then(<[_]>::last) {
        let more = rest.iter().skip(ROWS).take_while(|one| one.employee_id == last.employee_id).count();
        let (rows, later) = rest.split_at((ROWS + more).min(rest.len()));
        let cells = rows.iter().flat_map(|one| one.row.values.iter().map(move |cell| (one, cell)));
        parts.push(Part { rows, cells: cells.collect() });
        rest = later;
    }
    parts
}

/// What has become of a part.
pub(super) struct Done<'a> {
    pub part: Part<'a>,
    pub entries: Vec<Entry>,
    pub recorded: Recorded,
}

/// How parts are recorded, or only compared.
pub(super) struct Recording<'a> {
    pub connection: &'a AsyncPgConnection,
    pub catalogue: &'a Catalogue,
    pub period: Period,
    pub speakers: &'a Speakers,
    pub origin: &'a ValueOrigin,
    pub late: Late,
    /// What is held for it. Without, nothing is recorded.
    pub held: Mutex<Option<&'a mut Held>>,
    /// Turns to be written.
    pub turns: Semaphore,
}

impl<'a> Recording<'a> {
    /// Goes through the parts, in their order.
    pub fn go(&'a self, parts: Vec<Part<'a>>) -> impl Stream<Item = Result<Done<'a>, Problem>> {
        // A part is read before those before it are written: that does not matter to it where they are of different people.
        let at_once = if are_apart(&parts) { AT_ONCE } else { 1 };
        let read = stream::iter(parts).then(async |part| Ok((self.months(&part).await?, part)));
        let going = read.map_ok(|(months, part)| self.compare(months, part));
        going.try_buffered(at_once)
    }

    /// The months of a part's people.
    async fn months(&self, part: &Part<'_>) -> Result<Months, Problem> {
        let mut people = part.cells.iter().map(|(one, _)| one.employee_id).collect::<Vec<_>>();
        people.sort_unstable();
        people.dedup();
        let keeps = self.held.lock().await.as_ref().is_some_and(|held| held.keeps(self.period, &people));
        match keeps {
            true => Months::load_placed(self.connection, self.period, &people).await,
            false => Months::load(self.connection, self.period, &people).await,
        }
    }

    /// Compares a part, and records it when it is its turn.
    async fn compare(&self, months: Months, part: Part<'a>) -> Result<Done<'a>, Problem> {
        let Self { connection, catalogue, period, origin, .. } = *self;
        let mut entries = part.cells.iter().map(|(one, cell)| one.entry(cell)).collect::<Vec<_>>();
        ledger::assign_parts(connection, catalogue, period, &mut entries, self.speakers).await?;
        let prepared = ledger::prepare(connection, months, &entries, origin).await?;
        let mut held = self.held.lock().await;
        let recorded = match &mut *held {
            None => prepared.compare(connection).await?,
            Some(guard) => {
                let admitted = prepared.admit(connection, guard, self.late).await?;
                drop(held);
                // What has to be asked first is asked while parts before this one are written.
                let _turn = self.turns.acquire().await.map_err(|error| Problem::internal(&error))?;
                admitted.record(connection, origin).await?
            }
        };
        Ok(Done { part, entries, recorded })
    }
}

/// Whether nobody is in two parts, and no record leaves anybody for somebody else.
fn are_apart(parts: &[Part<'_>]) -> bool {
    let mut before = HashSet::new();
    parts.iter().all(|part| {
        let people = part.rows.iter().map(|one| one.employee_id).collect::<HashSet<_>>();
        people.into_iter().all(|id| before.insert(id))
            && part.rows.iter().all(|one| one.row.external_id.is_none())
    })
}
