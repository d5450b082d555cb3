//! Importing a file: read it, find its people, and record what is new. The same file again changes nothing, and of a
//! corrected file only the differences are recorded. What a corrected file no longer says stays as it was: an empty cell
//! is no word about a value.
//!
//! The file is read to its end before anything else is waited for: meanwhile no connection is held and no month is
//! locked. Then its people are found, and what is new is recorded chunk by chunk, in one transaction: an import that is
//! interrupted has never been.

mod address;
mod own_export;
mod report;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use self::address::{AddressedRow, address};
pub use self::report::{ImportDifference, ImportReport, MAX_DIFFERENCES, place};
use crate::auth::{Context, Scope};
use crate::db::sql;
use crate::diary::leave;
use crate::http::{Language, Problem};
use crate::ledger::metric::Catalogue;
use crate::ledger::{self, Entry, FactOutcome, Held, Late, ValueOrigin};
use crate::period::Period;
use crate::spreadsheets::import::{
    self, Asked, Cell, Content, Fault, Form, Found, ImportError, MAX_FAULTS, SheetRow, TableHeader, Unread,
};
use crate::spreadsheets::mapping::{self, built_in, built_in::ImportKind, store};

/// After so many rows more, somebody is told how far the reading is.
const TOLD_ROWS: usize = 2_000;

/// So many rows are compared or recorded at a time.
const CHUNK_ROWS: usize = 10_000;

/// A file to be imported.
#[derive(Debug)]
pub struct ImportFile {
    /// How it is read.
    pub by: ReadBy,
    /// The month it is about.
    pub period: Period,
    /// Its name, for the record.
    pub name: String,
    /// Its bytes.
    pub content: Content,
}

/// How a file is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadBy {
    /// It is of a kind that the program knows.
    Kind(ImportKind),
    /// By the mapping of this name: a saved one that the caller may see, that of a template, or of the export of facts.
    Mapping(String),
}

impl ReadBy {
    async fn form(&self, cx: &mut Context, catalogue: &Catalogue, period: Period) -> Result<Form, Problem> {
        let name = match self {
            Self::Kind(kind) => return Ok(kind.form(&leave::in_force(cx, period).await?)),
            Self::Mapping(name) => name,
        };
        if let Some(form) = built_in::form(catalogue, name) {
            return Ok(form);
        }
        let saved = store::find(cx, name).await?;
        mapping::check(catalogue, &saved.source_system, &saved.columns.0)?;
        Ok(mapping::form(catalogue, &saved.name, &saved.source_system, &saved.columns.0))
    }
}

/// What to do with what was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Only report what would happen.
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
    /// What happens to values for a frozen month.
    pub late: Late,
    /// Why values replace others, where they do.
    pub reason: Option<String>,
    /// Whether the file may end before its month does.
    pub to_date: bool,
    /// Whether it is known, and well, that the file has numbers for people that are not read.
    pub accept_unread: bool,
}

/// What an import is at, with the rows that are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The file is being read.
    Reading(usize),
    /// Its rows are being compared with what is known, and recorded.
    Recording(usize),
}

/// Is told how far an import is: while the file is read, by the thread that reads.
pub type Progress = Arc<dyn Fn(Stage) + Send + Sync>;

/// Imports a file. With [`Mode::Whole`], faulty rows keep everything out, and the report says so. In every mode, numbers
/// for people that are not read keep everything out until somebody accepts that; a saved mapping remembers it.
///
/// `open` gives the work of who imports, each time over another connection.
///
/// # Errors
///
/// The caller's roles may not enter what the file brings; the file as a whole cannot be used; or the month of some of its
/// people is frozen, with [`Late::Refuse`].
#[tracing::instrument(skip_all, fields(period = %file.period, file = file.name))]
pub async fn import(
    open: impl AsyncFn() -> Result<Context, Problem>,
    catalogue: &Catalogue,
    file: ImportFile,
    manner: &Manner,
    progress: &Progress,
) -> Result<ImportReport, Problem> {
    let ImportFile { by, period, name, content } = file;
    let saved = match &by {
        ReadBy::Mapping(name) if built_in::form(catalogue, name).is_none() => Some(name.clone()),
        ReadBy::Mapping(_) | ReadBy::Kind(_) => None,
    };
    let mut to_date = None;
    let (form, scope) = {
        let cx = &mut open().await?;
        if manner.to_date {
            to_date = Some(cx.today());
        }
        let form = by.form(cx, catalogue, period).await?;
        let scope = mapping::scope(&form.brings, cx.identity.as_ref())?;
        (Arc::new(form), scope)
    };
    let sheet = {
        let (form, name, progress) = (Arc::clone(&form), name.clone(), Arc::clone(progress));
        import::beside(move || {
            let asked = Asked { period, file_name: &name, to_date };
            Sheet::read(content, &form, &asked, &progress)
        })
        .await?
    };
    let cx = &mut open().await?;
    cx.scope = scope;
    let (sha256, up_to) = (sheet.sha256.clone(), sheet.header.up_to);
    let Unread { asked: unread, others: unused } = sheet.unread.clone();
    let asks = !unread.is_empty() && !manner.accept_unread;
    let addressed = address(cx, catalogue, period, sheet).await?;
    if addressed.faults.len() > MAX_FAULTS {
        return Err(ImportError::TooManyFaults.into());
    }
    let is_kept = match manner.mode {
        Mode::DryRun => false,
        Mode::Whole => addressed.faults.is_empty() && !asks,
        Mode::Partial => !asks,
    };
    let report = ImportReport {
        rows: addressed.rows.len(),
        faults: addressed.faults,
        notes: addressed.notes,
        up_to,
        unread,
        unused,
        asks,
        ..ImportReport::default()
    };
    let origin = ValueOrigin {
        source_system: form.source_system.clone(),
        batch_id: None,
        user_id: cx.by(),
        at: cx.now,
        reason: manner.reason.clone(),
    };
    let rows = &addressed.rows;
    let people = rows.iter().map(|one| one.employee_id).collect::<BTreeSet<_>>();
    let scope = cx.scope.clone();
    let (speaks, store) = ledger::speaks_for(cx.db(), period, &Vec::from_iter(people), &scope).await?;
    let mut work =
        Work { catalogue, form: &form, period, late: manner.late, origin, speaks, report, progress };
    match is_kept {
        true => cx.transaction(async |cx| work.record(cx, rows, &name, &sha256).await).await?,
        false => work.go(cx, rows, None).await?,
    }
    let speaks = work.speaks;
    let mut report = work.report;
    if let Some(store) = store {
        report.notes.push(format!(
            "只在一家店任职的人都是 {store} 的：两店任职的人，本文件的数按 {store} 的计，与另一家店的相加"
        ));
    }
    if up_to.is_none() && !form.is_export {
        let entries = rows.iter().flat_map(|one| one.row.values.iter().map(|cell| one.entry(cell)));
        let deliveries = ledger::deliveries(catalogue, &Vec::from_iter(entries));
        let mut gaps = ledger::gaps(cx.db(), catalogue, period, &deliveries, &speaks).await?;
        // A dry run has delivered nothing yet.
        let here = rows.iter().map(|one| &*one.row.employee_no).collect::<HashSet<_>>();
        gaps.iter_mut().for_each(|gap| gap.employee_nos.retain(|no| !here.contains(no.as_str())));
        gaps.retain(|gap| !gap.employee_nos.is_empty());
        report.notes.extend(gaps.iter().map(|gap| gap.note(catalogue)));
    }
    let totals = rows.iter().filter(|one| one.row.day.is_none() && one.row.external_id.is_none());
    let totals = totals.flat_map(|one| one.row.values.iter().map(|cell| one.entry(cell)));
    let beyond = ledger::beyond(cx.db(), catalogue, period, &Vec::from_iter(totals), is_kept).await?;
    report.notes.extend(beyond.iter().map(|one| one.sentence(catalogue, Language::Chinese)));
    if let Some(saved) = saved.filter(|_| is_kept && !report.unread.is_empty()) {
        let headers = report.unread.iter().map(|one| one.column.as_str()).collect::<Vec<_>>();
        if !store::ignore(cx, &saved, &headers).await? {
            report
                .notes
                .push(format!("未读取的列没有记入映射“{saved}”：它不只属于您所管的门店，下次还会再问"));
        }
    }
    if let Some(day) = up_to {
        report.notes.push(format!("文件只到 {day}：记作本月到这一天的数，来源仍算未交齐"));
    }
    if report.counts.pending > 0 && manner.late == Late::Refuse {
        let pending = report.counts.pending;
        report.notes.push(format!("部分员工的本月已冻结：{pending} 个值只能作为迟到更正提交（late=keep）"));
    }
    Ok(report)
}

/// What a file says, read to its end.
#[derive(Debug, Default)]
struct Sheet {
    header: TableHeader,
    rows: Vec<SheetRow>,
    faults: Vec<Fault>,
    unread: Unread,
    sha256: String,
}

impl Sheet {
    fn read(
        mut content: Content,
        form: &Form,
        asked: &Asked<'_>,
        progress: &Progress,
    ) -> Result<Self, ImportError> {
        let mut sheet = Self { sha256: content.digest()?, ..Self::default() };
        let result = import::read(&mut content, form, asked, &mut |found| {
            match found {
                Found::Header(header) => {
                    let sha256 = std::mem::take(&mut sheet.sha256);
                    sheet = Self { header, sha256, ..Self::default() };
                }
                Found::Row(row) => sheet.rows.push(row),
                Found::Faults(mut faults) => sheet.faults.append(&mut faults),
                Found::Unread(mut unread) => {
                    sheet.unread.asked.append(&mut unread.asked);
                    sheet.unread.others.append(&mut unread.others);
                }
            }
            if sheet.rows.len().is_multiple_of(TOLD_ROWS) {
                progress(Stage::Reading(sheet.rows.len()));
            }
            Ok(())
        });
        result.map_err(|error| own_export::named(&mut content, error))?;
        // One that was handed over as good may have been found to be none.
        let faulty: HashSet<u32> = sheet.faults.iter().filter_map(|fault| fault.row).collect();
        sheet.rows.retain(|row| !faulty.contains(&row.row));
        Ok(sheet)
    }
}

/// An import whose people are found.
struct Work<'a> {
    catalogue: &'a Catalogue,
    form: &'a Form,
    period: Period,
    late: Late,
    origin: ValueOrigin,
    /// For which stores the file speaks.
    speaks: Scope,
    report: ImportReport,
    progress: &'a Progress,
}

/// Where a value stands.
type PlacedCell<'a> = (&'a AddressedRow, &'a Cell);

impl Work<'_> {
    /// Records what is new, and keeps the file's name with it.
    async fn record(
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
        if !report.counts.is_news() {
            return Ok(());
        }
        (report.batch, report.applied) = (Some(batch), true);
        self.keep_batch(cx.db(), batch, name, sha256).await?;
        let (kind, counts) = (&self.form.kind, self.report.counts);
        let detail = json!({ "kind": kind, "file": name, "sha256": sha256, "counts": counts });
        cx.audit("import_facts", &format!("imports/{batch}"), detail).await
    }

    /// Compares the rows with what is known, chunk by chunk, and records what is new if their months are held.
    async fn go(
        &mut self,
        cx: &mut Context,
        rows: &[AddressedRow],
        mut held: Option<&mut Held>,
    ) -> Result<(), Problem> {
        let mut done = 0;
        for chunk in rows.chunks(CHUNK_ROWS) {
            let mut cells: Vec<PlacedCell<'_>> =
                chunk.iter().flat_map(|one| one.row.values.iter().map(move |cell| (one, cell))).collect();
            if self.form.is_export {
                self.pass_over_known(cx, &mut cells).await?;
            }
            let mut entries = cells.iter().map(|(one, cell)| one.entry(cell)).collect::<Vec<_>>();
            ledger::assign_parts(cx.db(), self.catalogue, self.period, &mut entries, &self.speaks).await?;
            let recorded = match &mut held {
                Some(held) => self.keep(cx, held, &entries).await?,
                None => ledger::compare(cx.db(), self.period, &entries, &self.origin).await?,
            };
            let known = recorded.outcomes.iter().zip(&recorded.before);
            let news =
                cells.iter().zip(known).filter(|(_, (outcome, _))| **outcome != FactOutcome::Unchanged);
            let room = MAX_DIFFERENCES.saturating_sub(self.report.differences.len());
            self.report.differences.extend(news.take(room).map(|((one, cell), (_, before))| {
                ImportDifference {
                    row: one.row.row,
                    employee_no: one.row.employee_no.to_string(),
                    column: cell.column.shown.clone(),
                    metric: cell.column.metric.clone(),
                    from: *before,
                    to: cell.value,
                }
            }));
            let uncounted = cells.iter().zip(&recorded.instead);
            let uncounted = uncounted.filter_map(|(cell, instead)| Some((cell, (*instead)?)));
            self.report.notes.extend(uncounted.take(MAX_DIFFERENCES).map(|((one, cell), instead)| {
                let (row, no, column) = (one.row.row, &one.row.employee_no, &cell.column.shown);
                format!("第 {row} 行 {no} {column}：{}", instead.sentence(Language::Chinese))
            }));
            self.report.counts += recorded.counts;
            done += chunk.len();
            (self.progress)(Stage::Recording(done));
        }
        Ok(())
    }

    async fn keep(
        &self,
        cx: &mut Context,
        held: &mut Held,
        entries: &[Entry],
    ) -> Result<ledger::Recorded, Problem> {
        let recorded =
            ledger::record_held(cx.db(), held, self.period, entries, &self.origin, self.late).await?;
        // The program's own export says what is known, and a part of a month what is known so far: neither that a source
        // is complete.
        if !self.form.is_export && self.report.up_to.is_none() {
            let deliveries = ledger::deliveries(self.catalogue, entries);
            let plain = ValueOrigin { batch_id: None, ..self.origin.clone() };
            ledger::note_delivery(cx.db(), self.period, &deliveries, &self.speaks, &plain, self.late).await?;
        }
        Ok(recorded)
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
