//! Comparing the rows of a file with what is known, and recording what is new.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::pin::pin;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryStreamExt as _;
use serde_json::json;
use tokio::sync::{Mutex, Semaphore};

use super::address::AddressedRow;
use super::parts::{Done, Part, PlacedCell, Recording, WRITTEN_AT_ONCE, parts};
use super::{ImportDifference, ImportReport, MAX_DIFFERENCES, Manner, Progress, Stage};
use crate::auth::{Context, Scope};
use crate::db::schema::org_unit;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Deliveries, FactOutcome, Held, Recorded, SourceWord, Speakers, ValueOrigin};
use crate::period::Period;
use crate::said::{Said, say};
use crate::spreadsheets::import::{Form, ImportError};

/// An import whose people are found.
pub(super) struct Work<'a> {
    pub catalogue: &'a Catalogue,
    pub form: &'a Form,
    pub period: Period,
    pub manner: &'a Manner,
    pub origin: ValueOrigin,
    /// Who imports, or the store for which that is.
    pub scope: Scope,
    /// People of whom a row is faulty.
    pub refused: HashSet<i64>,
    /// People in whose month some metric is larger than the one that bounds it.
    pub exceeding: BTreeSet<i64>,
    pub report: ImportReport,
    pub progress: &'a Progress,
}

impl Work<'_> {
    /// Records what is new, and keeps the file's name with it.
    pub async fn record(
        &mut self,
        cx: &mut Context,
        rows: &[AddressedRow],
        name: &str,
        sha256: &str,
    ) -> Result<(), Problem> {
        // The months of everybody whom the file is about, and of those whom its records may leave.
        let records = rows.iter().filter(|one| one.row.external_id.is_some());
        let records = records.flat_map(|one| one.row.values.iter().map(|cell| one.entry(cell)));
        let (records, people) = (Vec::from_iter(records), rows.iter().map(|one| one.employee_id));
        let (system, people) = (&self.origin.source_system, Vec::from_iter(people));
        let mut held = ledger::lock_delivery(cx.db(), self.period, &records, system, &people).await?;
        let batch = next_batch(cx.db()).await?;
        self.origin.batch_id = Some(batch);
        self.go(cx, rows, Some(&mut held)).await?;
        let report = &mut self.report;
        if !report.counts.is_news() && report.nothing_for.is_empty() {
            return Ok(());
        }
        (report.batch, report.applied) = (Some(batch), true);
        self.keep_batch(cx.db(), batch, name, sha256).await?;
        let (kind, counts, complete) = (&self.form.kind, self.report.counts, self.manner.complete);
        let detail =
            json!({ "kind": kind, "file": name, "sha256": sha256, "counts": counts, "complete": complete });
        cx.audit("import_facts", &format!("imports/{batch}"), detail).await?;
        // The last moment at which nothing of it has been.
        self.tell(rows.len())
    }

    /// Says how many rows are done.
    ///
    /// # Errors
    ///
    /// A conflict where nobody wants it any more.
    fn tell(&self, done: usize) -> Result<(), Problem> {
        match (self.progress)(Stage::Recording(done)) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ImportError::Stopped.into()),
        }
    }

    /// Compares the rows with what is known, chunk by chunk, and records what is new if their months are held. Then it is
    /// known of whom nothing has come.
    pub async fn go(
        &mut self,
        cx: &mut Context,
        rows: &[AddressedRow],
        mut held: Option<&mut Held>,
    ) -> Result<(), Problem> {
        let period = self.period;
        let people = Vec::from_iter(rows.iter().map(|one| one.employee_id).collect::<BTreeSet<_>>());
        let mut speakers = ledger::speakers(cx.db(), period, &people, &self.scope).await?;
        let settled = match self.manner.store {
            Some(_) => None,
            None => speakers.settle(),
        };
        if let Some(store_id) = settled {
            self.scope = ledger::of_store(store_id);
            let code = org_unit::table.find(store_id).select(org_unit::code);
            let store: String = code.first(cx.db()).await?;
            self.report.notes.push(say!(
                "只在一家店任职的人都是 {store} 的：两店任职的人，本文件的数按 {store} 的计，与另一家店的相加",
                "whoever works at one store only is of {store}: of those of two stores, what the file says is of {store}, and is \
                 added to what the other one says"
            ));
        }
        let mut parts = parts(rows);
        if self.form.is_export {
            for part in &mut parts {
                self.pass_over_known(cx, &mut part.cells).await?;
            }
        }
        let delivered = self.go_through(cx, parts, &speakers, held.as_deref_mut()).await?;
        // The program's own export says what is known, and a part of a month what is known so far: neither that a source is
        // in.
        if self.form.is_export || self.report.up_to.is_some() {
            return Ok(());
        }
        let here = rows.iter().filter(|one| !self.refused.contains(&one.employee_id));
        let here = here.map(|one| &*one.row.employee_no).collect::<HashSet<_>>();
        self.deliver(cx, &speakers, &delivered, &here, held.is_some()).await
    }

    /// Goes through the parts, and notes what becomes of them; gives what has been delivered of whom nothing is refused.
    async fn go_through(
        &mut self,
        cx: &Context,
        parts: Vec<Part<'_>>,
        speakers: &Speakers,
        held: Option<&mut Held>,
    ) -> Result<Deliveries, Problem> {
        let catalogue = self.catalogue;
        let (bounds, origin) = (ledger::bounds(catalogue), self.origin.clone());
        let recording = Recording {
            connection: cx.shared(),
            catalogue,
            period: self.period,
            speakers,
            origin: &origin,
            late: self.manner.late,
            held: Mutex::new(held),
            turns: Semaphore::new(WRITTEN_AT_ONCE),
        };
        let mut going = pin!(recording.go(parts));
        let (mut delivered, mut rows) = (Deliveries::new(), 0);
        while let Some(Done { part, entries, recorded }) = going.try_next().await? {
            self.exceeding.extend(recorded.exceeding(&bounds));
            let whole = entries.iter().filter(|entry| !self.refused.contains(&entry.employee_id));
            for (source, people) in ledger::deliveries(catalogue, whole) {
                delivered.entry(source).or_default().extend(people);
            }
            rows += part.rows.len();
            self.note(&part.cells, &recorded);
            self.tell(rows)?;
        }
        Ok(delivered)
    }

    /// Notes what has become of a part.
    fn note(&mut self, cells: &[PlacedCell<'_>], recorded: &Recorded) {
        let known = recorded.outcomes.iter().zip(&recorded.before);
        let news = cells.iter().zip(known).filter(|(_, (outcome, _))| **outcome != FactOutcome::Unchanged);
        let room = MAX_DIFFERENCES.saturating_sub(self.report.differences.len());
        self.report.differences.extend(news.take(room).map(|((one, cell), (_, before))| ImportDifference {
            row: one.row.row,
            employee_no: one.row.employee_no.to_string(),
            column: cell.column.shown.clone(),
            metric: cell.column.metric.clone(),
            from: *before,
            to: cell.value,
        }));
        let uncounted = cells.iter().zip(&recorded.instead);
        let uncounted = uncounted.filter_map(|(cell, instead)| Some((cell, (*instead)?)));
        self.report.notes.extend(uncounted.take(MAX_DIFFERENCES).map(|((one, cell), instead)| {
            let (row, no, column) = (one.row.row, &one.row.employee_no, &cell.column.shown);
            let said = Said::by(|language| instead.sentence(language));
            said.about(&say!("第 {row} 行 {no} {column}", "row {row}, {no}, {column}"))
        }));
        self.report.counts += recorded.counts;
    }

    /// Says for whom the sources of the file are in now, or would be, and of whom nothing has come. `here` are the 工号 of
    /// those of whom it has.
    async fn deliver(
        &mut self,
        cx: &mut Context,
        speakers: &Speakers,
        delivered: &Deliveries,
        here: &HashSet<&str>,
        is_kept: bool,
    ) -> Result<(), Problem> {
        let (catalogue, period, scope) = (self.catalogue, self.period, self.scope.clone());
        let origin = ValueOrigin { batch_id: None, ..self.origin.clone() };
        if is_kept {
            let word = (SourceWord::In, delivered);
            ledger::note(cx.db(), period, word, speakers, &origin, self.manner.late).await?;
        }
        let mut gaps = ledger::gaps(cx.db(), catalogue, period, delivered, speakers, &scope).await?;
        if !is_kept {
            // Nothing has been delivered yet.
            gaps.iter_mut().for_each(|gap| gap.employee_nos.retain(|no| !here.contains(no.as_str())));
            gaps.retain(|gap| !gap.employee_nos.is_empty());
        }
        if !self.manner.complete {
            self.report.notes.extend(gaps.iter().map(|gap| gap.note(catalogue)));
            self.report.outstanding = gaps;
            return Ok(());
        }
        if is_kept {
            let word = (SourceWord::Complete, delivered);
            ledger::note(cx.db(), period, word, speakers, &origin, self.manner.late).await?;
        }
        self.report.notes.extend(gaps.iter().map(|gap| gap.nothing_note(catalogue)));
        self.report.nothing_for = gaps;
        Ok(())
    }

    /// Takes out the month's values that are known already, whatever they are the sum of: an export that comes back
    /// changes nothing.
    async fn pass_over_known(
        &mut self,
        cx: &mut Context,
        cells: &mut Vec<PlacedCell<'_>>,
    ) -> Result<(), Problem> {
        let people = cells.iter().map(|(one, _)| one.employee_id).collect::<BTreeSet<_>>();
        let known = ledger::current(cx.db(), self.period, &Vec::from_iter(people)).await?;
        let bounds = ledger::bounds(self.catalogue);
        let beyond = known.iter().filter(|(_, month)| ledger::exceeds(&bounds, month));
        self.exceeding.extend(beyond.map(|(id, _)| *id));
        let before = cells.len();
        cells.retain(|(one, cell)| {
            let known = known.get(&one.employee_id).and_then(|facts| facts.get(&cell.column.metric));
            one.row.day.is_some() || known != Some(&cell.value)
        });
        self.report.counts.unchanged += before - cells.len();
        Ok(())
    }

    /// Keeps what the file was and did under the number that its values have.
    async fn keep_batch(
        &self,
        connection: &mut AsyncPgConnection,
        batch: i64,
        name: &str,
        sha256: &str,
    ) -> Result<(), Problem> {
        let (counts, faults) = (self.report.counts, self.report.faults.len());
        sql("INSERT INTO import_batch (id, kind, period, file_name, sha256, added, changed, unchanged, faults, \
                 user_id, imported_at, up_to) \
             OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind::<BigInt, _>(batch)
        .bind::<Text, _>(self.form.kind.as_str())
        .bind::<Date, _>(self.period)
        .bind::<Text, _>(name)
        .bind::<Text, _>(sha256)
        .bind::<Integer, _>(count(counts.added))
        .bind::<Integer, _>(count(counts.changed))
        .bind::<Integer, _>(count(counts.unchanged))
        .bind::<Integer, _>(count(faults))
        .bind::<Nullable<BigInt>, _>(self.origin.user_id)
        .bind::<Timestamptz, _>(self.origin.at)
        .bind::<Nullable<Date>, _>(self.report.up_to)
        .execute(connection)
        .await?;
        Ok(())
    }
}

/// The number of a batch that is written when it is known to have brought anything: its values are written before.
async fn next_batch(connection: &mut AsyncPgConnection) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Batch {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let batch: Batch = sql("SELECT nextval(pg_get_serial_sequence('import_batch', 'id')) AS id")
        .get_result(connection)
        .await?;
    Ok(batch.id)
}

fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
