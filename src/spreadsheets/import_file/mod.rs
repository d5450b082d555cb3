//! Importing a file: read it, find its people, and record what is new. The same file again changes nothing, and of a
//! corrected file only the differences are recorded. What a corrected file no longer says stays as it was: an empty cell
//! is no word about a value.
//!
//! Rows are read, compared and recorded chunk by chunk, in one transaction: an import that is interrupted has never been.

mod address;
mod reader;
mod report;

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

pub(crate) use self::address::is_same_person;
use self::address::{Addressed, Addresses};
use self::reader::{Chunk, Reading, unusable};
pub use self::report::{ImportDifference, ImportReport, MAX_DIFFERENCES, place};
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::db::schema::import_batch;
use crate::diary::leave;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, FactOutcome, Late, Origin, Recorded};
use crate::period::Period;
use crate::spreadsheets::import::{Content, ImportError, ImportKind, MAX_FAULTS};

/// A file to be imported.
#[derive(Debug)]
pub struct ImportFile {
    /// What it holds.
    pub kind: ImportKind,
    /// The month it is about.
    pub period: Period,
    /// Its name, for the record.
    pub name: String,
    /// Its bytes.
    pub content: Content,
}

/// What to do with what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only say what would happen.
    DryRun,
    /// Record everything, or nothing if any row is faulty.
    #[default]
    Whole,
    /// Record the good rows, whatever the others are.
    Partial,
}

impl Mode {
    /// A dry run goes before a partial import.
    pub fn of(dry_run: bool, partial: bool) -> Self {
        match (dry_run, partial) {
            (true, _) => Self::DryRun,
            (false, true) => Self::Partial,
            (false, false) => Self::Whole,
        }
    }
}

/// How to import.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// What to do with what was read.
    pub mode: Mode,
    /// What becomes of news about a frozen month.
    pub late: Late,
    /// Why values replace others, where they do.
    pub reason: Option<String>,
}

/// Who imports.
#[derive(Clone, Debug)]
pub struct Importer {
    /// The login; none is the operator.
    pub user_id: Option<i64>,
    /// Whom it reaches; none reaches everybody.
    pub scope: Option<Scope>,
}

/// Is told how many rows have been done.
pub type Progress<'a> = dyn Fn(usize) + Send + Sync + 'a;

/// Why a transaction is not kept.
enum Undone {
    /// Nothing was wanted, or faulty rows keep everything out.
    Refused(Box<ImportReport>),
    Problem(Problem),
}

impl From<Problem> for Undone {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<diesel::result::Error> for Undone {
    fn from(error: diesel::result::Error) -> Self {
        Self::Problem(error.into())
    }
}

/// Imports a file. With [`Mode::Whole`], faulty rows keep everything out, and the report says so.
///
/// # Errors
///
/// The file as a whole cannot be used; or the month of some of its people is frozen, with [`Late::Refuse`].
pub async fn import(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    file: ImportFile,
    manner: &Manner,
    importer: &Importer,
    now: DateTime<Utc>,
    progress: &Progress<'_>,
) -> Result<ImportReport, Problem> {
    let (kind, period, name) = (file.kind, file.period, file.name.clone());
    let (content, sha256) = reader::digest(file.content).await?;
    let leave_types = leave::list(connection).await?;
    let mut reading = Reading::begin(ImportFile { content, ..file }, leave_types);
    // Nobody waits for the month while the file is unpacked, or found to be none.
    let mut chunk = reading.next().await?;
    let origin = Origin {
        source_system: kind.name().to_owned(),
        batch_id: None,
        user_id: importer.user_id,
        at: now,
        reason: manner.reason.clone(),
    };
    let done = connection
        .transaction(async |connection| {
            ledger::lock_everywhere(connection, period).await?;
            let mut work = Work {
                catalogue,
                manner,
                period,
                origin,
                addresses: Addresses::new(catalogue, period, importer),
                batch: Batch { kind, name, sha256, id: None },
                report: ImportReport::default(),
            };
            let mut rows = 0;
            while let Some(some) = chunk {
                rows += some.rows.len();
                work.take(connection, some).await?;
                progress(rows);
                chunk = reading.next().await?;
            }
            work.finish(connection).await
        })
        .await;
    match done {
        Ok(report) => Ok(report),
        Err(Undone::Refused(report)) => Ok(*report),
        Err(Undone::Problem(problem)) => Err(problem),
    }
}

/// An import under way.
struct Work<'a> {
    catalogue: &'a Catalogue,
    manner: &'a Manner,
    period: Period,
    origin: Origin,
    addresses: Addresses<'a>,
    batch: Batch,
    report: ImportReport,
}

impl Work<'_> {
    /// Whether anything is to be kept, as far as is known now.
    fn is_kept(&self) -> bool {
        match self.manner.mode {
            Mode::DryRun => false,
            Mode::Whole => self.report.faults.is_empty(),
            Mode::Partial => true,
        }
    }

    async fn take(&mut self, connection: &mut AsyncPgConnection, chunk: Chunk) -> Result<(), Problem> {
        let mut addressed = self.addresses.address(connection, chunk).await?;
        self.report.rows += addressed.rows;
        self.report.faults.append(&mut addressed.faults);
        if self.report.faults.len() > MAX_FAULTS {
            return Err(unusable(&ImportError::TooManyFaults));
        }
        let recorded = if self.is_kept() {
            self.record(connection, &addressed).await?
        } else {
            ledger::compare(connection, self.period, &addressed.entries, &self.origin).await?
        };
        self.note_differences(addressed, &recorded);
        self.report.counts += recorded.counts;
        Ok(())
    }

    async fn record(
        &mut self,
        connection: &mut AsyncPgConnection,
        addressed: &Addressed,
    ) -> Result<Recorded, Problem> {
        let deliveries: HashSet<_> = ledger::deliveries(self.catalogue, &addressed.entries);
        let plain = Origin { batch_id: None, ..self.origin.clone() };
        let late = self.manner.late;
        ledger::note_delivery(connection, self.period, &deliveries, &plain, late).await?;
        self.origin.batch_id = Some(self.batch.begin(connection, self.period, &self.origin).await?);
        ledger::record(connection, self.period, &addressed.entries, &self.origin, late).await
    }

    fn note_differences(&mut self, addressed: Addressed, recorded: &Recorded) {
        let known = recorded.outcomes.iter().zip(&recorded.before);
        let news = addressed
            .places
            .into_iter()
            .zip(known)
            .filter(|(_, (outcome, _))| **outcome != FactOutcome::Unchanged);
        let room = MAX_DIFFERENCES.saturating_sub(self.report.differences.len());
        self.report.differences.extend(news.take(room).map(|((row, employee_no, cell), (_, before))| {
            ImportDifference {
                row,
                employee_no,
                column: cell.column.to_string(),
                metric: cell.metric.to_owned(),
                from: *before,
                to: cell.value,
            }
        }));
    }

    async fn finish(mut self, connection: &mut AsyncPgConnection) -> Result<ImportReport, Undone> {
        self.report.notes = self.addresses.notes();
        let pending = self.report.counts.pending;
        if pending > 0 && self.manner.late == Late::Refuse {
            self.report
                .notes
                .push(format!("部分员工的本月已冻结：{pending} 个值只能作为迟到更正提交（late=keep）"));
        }
        if !self.is_kept() {
            return Err(Undone::Refused(Box::new(self.report)));
        }
        if !self.report.counts.is_news() {
            self.batch.forget(connection).await?;
            return Ok(self.report);
        }
        self.report.batch = self.batch.finish(connection, &self.report).await?;
        self.report.applied = true;
        let Batch { kind, name, sha256, .. } = &self.batch;
        let detail = json!({ "kind": kind, "file": name, "sha256": sha256, "counts": self.report.counts });
        let subject = format!("imports/{}", self.report.batch.unwrap_or_default());
        let Origin { at, user_id, .. } = self.origin;
        audit::record(connection, at, user_id, "import_facts", &subject, detail).await?;
        Ok(self.report)
    }
}

/// The file as it is kept.
struct Batch {
    kind: ImportKind,
    name: String,
    sha256: String,
    id: Option<i64>,
}

impl Batch {
    /// The batch that values refer to, made with the first of them.
    async fn begin(
        &mut self,
        connection: &mut AsyncPgConnection,
        period: Period,
        origin: &Origin,
    ) -> Result<i64, Problem> {
        if let Some(id) = self.id {
            return Ok(id);
        }
        let row = (
            import_batch::kind.eq(self.kind.name()),
            import_batch::period.eq(period.first_day()),
            import_batch::file_name.eq(&self.name),
            import_batch::sha256.eq(&self.sha256),
            import_batch::user_id.eq(origin.user_id),
            import_batch::imported_at.eq(origin.at),
        );
        let counts = (
            import_batch::added.eq(0),
            import_batch::changed.eq(0),
            import_batch::unchanged.eq(0),
            import_batch::faults.eq(0),
        );
        let insert = diesel::insert_into(import_batch::table).values((row, counts));
        let id = insert.returning(import_batch::id).get_result(connection).await?;
        self.id = Some(id);
        Ok(id)
    }

    /// Takes back the batch of a file that brought nothing new.
    async fn forget(&self, connection: &mut AsyncPgConnection) -> Result<(), Problem> {
        if let Some(id) = self.id {
            diesel::delete(import_batch::table.find(id)).execute(connection).await?;
        }
        Ok(())
    }

    async fn finish(
        &self,
        connection: &mut AsyncPgConnection,
        report: &ImportReport,
    ) -> Result<Option<i64>, Problem> {
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        if let Some(id) = self.id {
            diesel::update(import_batch::table.find(id))
                .set((
                    import_batch::added.eq(count(report.counts.added)),
                    import_batch::changed.eq(count(report.counts.changed)),
                    import_batch::unchanged.eq(count(report.counts.unchanged)),
                    import_batch::faults.eq(count(report.faults.len())),
                ))
                .execute(connection)
                .await?;
        }
        Ok(self.id)
    }
}
