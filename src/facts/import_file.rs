//! Importing a file: read it, find its people, and record what is new. The same file again changes nothing.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::import::{self, Fault, ImportKind, Sheet};
use super::ledger::{self, Entry, Late, Origin};
use super::metric::{Catalogue, nearest};
use crate::auth::audit;
use crate::auth::caller::Scope;
use crate::db::schema::import_batch;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::period::Period;

/// A file to be imported.
#[derive(Clone, Debug)]
pub struct ImportFile {
    /// What it holds.
    pub kind: ImportKind,
    /// The month it is about.
    pub period: Period,
    /// Its name, for the record.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// What to do with what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only say what would happen.
    DryRun,
    /// Record everything, or nothing if any row is faulty.
    Whole,
    /// Record the good rows, whatever the others are.
    Partial,
}

/// Who imports.
#[derive(Clone, Debug)]
pub struct Importer {
    /// The login; none is the operator.
    pub user_id: Option<i64>,
    /// Whom it reaches; none reaches everybody.
    pub scope: Option<Scope>,
}

/// What an import did, or with a dry run would do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ImportReport {
    /// The batch under which the values were recorded; none when nothing was.
    pub batch: Option<i64>,
    /// Good rows.
    pub rows: usize,
    /// Values that were not known before.
    pub added: usize,
    /// Values that replace others.
    pub changed: usize,
    /// Values that were known already.
    pub unchanged: usize,
    /// What is wrong in the other rows.
    pub faults: Vec<Fault>,
    /// Whether anything was written.
    pub applied: bool,
}

/// Imports a file. With [`Mode::Whole`], faulty rows keep everything out, and the report says so.
pub async fn import(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    file: ImportFile,
    mode: Mode,
    importer: &Importer,
    now: DateTime<Utc>,
) -> Result<ImportReport, Problem> {
    let digest = Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (kind, period) = (file.kind, file.period);
    let bytes = file.bytes;
    let sheet = tokio::task::spawn_blocking(move || import::read(kind, &bytes, period))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::field("file", error.to_string()))?;
    connection
        .transaction(async |connection| {
            ledger::lock_month(connection, period).await?;
            let (entries, faults, rows) = address(connection, catalogue, period, sheet, importer).await?;
            let deliveries = ledger::deliveries(catalogue, &entries);
            let mut origin = Origin {
                source_system: kind.name().to_owned(),
                batch_id: None,
                user_id: importer.user_id,
                at: now,
                reason: None,
            };
            let counts = ledger::compare(connection, period, &entries, &origin).await?.counts;
            let (added, changed, unchanged) = (counts.added, counts.changed, counts.unchanged);
            let mut report =
                ImportReport { batch: None, rows, added, changed, unchanged, faults, applied: false };
            let is_refused = mode == Mode::DryRun || (mode == Mode::Whole && !report.faults.is_empty());
            if is_refused {
                return Ok(report);
            }
            ledger::note_delivery(connection, period, &deliveries, &origin, Late::Refuse).await?;
            if !counts.is_news() {
                return Ok(report);
            }
            let batch =
                begin_batch(connection, kind, period, &file.name, &digest, &report, importer, now).await?;
            origin.batch_id = Some(batch);
            ledger::record(connection, period, &entries, &origin, Late::Refuse).await?;
            let detail = json!({ "kind": kind, "file": file.name, "sha256": digest, "counts": counts });
            let subject = format!("imports/{batch}");
            audit::record(connection, now, importer.user_id, "import_facts", &subject, detail).await?;
            report.batch = Some(batch);
            report.applied = true;
            Ok::<_, Problem>(report)
        })
        .await
}

/// Finds the people of the rows; a row of somebody unknown is faulty.
async fn address(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    period: Period,
    sheet: Sheet,
    importer: &Importer,
) -> Result<(Vec<Entry>, Vec<Fault>, usize), Problem> {
    let employee_nos = sheet.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    let people = ledger::people(connection, period, &employee_nos, importer.scope.as_ref()).await?;
    let reached: HashMap<String, i64> = people
        .into_iter()
        .filter(|person| person.is_reached)
        .map(|person| (person.employee_no, person.id))
        .collect();
    let mut faults = sheet.faults;
    let mut entries = Vec::new();
    let mut rows = 0;
    let mut strangers = Vec::new();
    for row in sheet.rows {
        let Some(employee_id) = reached.get(&row.employee_no) else {
            strangers.push((row.row, row.employee_no));
            continue;
        };
        rows += 1;
        for cell in row.values {
            if let Err(problem) = catalogue.read(cell.metric, cell.value) {
                return Err(Problem::field(format!("row {}, {}", row.row, cell.column), problem));
            }
            entries.push(Entry::total(*employee_id, cell.metric, cell.value));
        }
    }
    if !strangers.is_empty() {
        let known = ledger::employee_nos(connection, period, importer.scope.as_ref()).await?;
        let column = &sheet.employee_no_column;
        faults.extend(
            strangers.into_iter().map(|(row, employee_no)| stranger(row, column, employee_no, &known)),
        );
        faults.sort_by_key(|fault| fault.row);
    }
    Ok((entries, faults, rows))
}

fn stranger(row: u32, column: &str, employee_no: String, known: &[String]) -> Fault {
    let expected = match nearest(&employee_no, known.iter().map(String::as_str)) {
        Some(near) => format!("本月在岗员工的工号，最接近的是 {near}"),
        None => "本月在岗员工的工号".to_owned(),
    };
    Fault { row: Some(row), column: Some(column.to_owned()), found: employee_no, expected }
}

#[expect(clippy::too_many_arguments, reason = "they are the columns of the row it writes")]
async fn begin_batch(
    connection: &mut AsyncPgConnection,
    kind: ImportKind,
    period: Period,
    file_name: &str,
    sha256: &str,
    report: &ImportReport,
    importer: &Importer,
    now: DateTime<Utc>,
) -> Result<i64, Problem> {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let id = diesel::insert_into(import_batch::table)
        .values((
            import_batch::kind.eq(kind.name()),
            import_batch::period.eq(period.first_day()),
            import_batch::file_name.eq(file_name),
            import_batch::sha256.eq(sha256),
            import_batch::added.eq(count(report.added)),
            import_batch::changed.eq(count(report.changed)),
            import_batch::unchanged.eq(count(report.unchanged)),
            import_batch::faults.eq(count(report.faults.len())),
            import_batch::user_id.eq(importer.user_id),
            import_batch::imported_at.eq(now),
        ))
        .returning(import_batch::id)
        .get_result(connection)
        .await?;
    Ok(id)
}

impl ImportReport {
    /// The problem that a caller is told when faulty rows kept everything out.
    pub fn refusal(&self) -> Problem {
        Problem {
            code: Code::ValidationFailed,
            detail: format!(
                "文件有 {} 处错误，未导入任何数据；改正后重试，或选择只导入正确的行 (partial)",
                self.faults.len()
            ),
            errors: self
                .faults
                .iter()
                .map(|fault| FieldError {
                    field: place(fault),
                    message: format!("「{}」：应为{}", fault.found, fault.expected),
                })
                .collect(),
        }
    }
}

/// Where a fault is, as `row 15, 出勤天数`.
pub fn place(fault: &Fault) -> String {
    let row = fault.row.map(|row| format!("row {row}"));
    row.into_iter().chain(fault.column.clone()).collect::<Vec<_>>().join(", ")
}
