//! Importing a sheet through a mapping: read it, find its people, and record what is new. All of it, or nothing.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::file;
use super::read::{self, Headers, MappedSheet, MappedValue};
use super::store::{self, Mapping};
use super::{MappedColumn, built_in};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::db::schema::import_batch;
use crate::decimal;
use crate::http::Problem;
use crate::ledger::metric::needs_verification;
use crate::ledger::metric::{Catalogue, nearest};
use crate::ledger::{self, Entry, FactOutcome, Origin, Person, Recorded};
use crate::period::Period;
use crate::spreadsheets::import::{Fault, ImportError, Surroundings};
use crate::spreadsheets::import_file::{
    ImportDifference, ImportReport, Importer, MAX_DIFFERENCES, Manner, Mode, is_same_person,
};

/// A sheet to be imported.
#[derive(Clone, Debug)]
pub struct MappedFile {
    /// How it is read.
    pub by: Reader,
    /// The month it is about.
    pub period: Period,
    /// Its name, for the record.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// How the columns of a sheet are read.
#[derive(Clone, Debug)]
pub struct Reader {
    /// Name of the mapping.
    name: String,
    source_system: String,
    columns: Vec<MappedColumn>,
    headers: Headers,
}

impl Reader {
    /// The mapping called `name`: a built-in one, or one that was saved and the caller may see.
    ///
    /// # Errors
    ///
    /// There is none for the caller, or its columns no longer fit the catalogue.
    pub async fn find(
        connection: &mut AsyncPgConnection,
        catalogue: &Catalogue,
        name: &str,
        scope: &Scope,
        now: DateTime<Utc>,
    ) -> Result<Self, Problem> {
        if let Some(columns) = built_in::columns(catalogue, name) {
            let source_system =
                if name == built_in::FACTS { "export".to_owned() } else { format!("template-{name}") };
            return Ok(Self { name: name.to_owned(), source_system, columns, headers: Headers::Labels });
        }
        let Mapping { name, source_system, columns, .. } = store::find(connection, scope, name, now).await?;
        super::check(catalogue, &source_system, &columns)?;
        Ok(Self { name, source_system, columns, headers: Headers::Confirmed })
    }

    /// Somebody as an importer of what the mapping brings: with the reach of those roles that may enter all of it.
    pub fn importer(&self, catalogue: &Catalogue, by: &Identity) -> Result<Importer, Problem> {
        let scope = super::scope(catalogue, &self.columns, by)?;
        Ok(Importer { user_id: Some(by.user_id), scope: Some(scope) })
    }

    fn read(
        &self,
        bytes: &[u8],
        file_name: &str,
        catalogue: &Catalogue,
        period: Period,
    ) -> Result<MappedSheet, ImportError> {
        let (mut found, mut fitting, mut refusal) = (None, Vec::new(), None);
        file::first::<()>(bytes, &mut |worksheet, rows| {
            let around = Surroundings { period, worksheet, file_name };
            match read::read(rows, &self.columns, self.headers, catalogue, &around) {
                Ok(sheet) => {
                    fitting.extend(worksheet.filter(|_| sheet.is_some()).map(str::to_owned));
                    found = found.take().or(sheet);
                }
                // Another worksheet may be the right one.
                Err(
                    error @ (ImportError::MissingColumns(_)
                    | ImportError::NoRows
                    | ImportError::WrongPeriod { .. }),
                ) => {
                    refusal.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
            Ok(None)
        })?;
        if fitting.len() > 1 {
            return Err(ImportError::SeveralTables(fitting));
        }
        let header = self.columns.iter().find(|column| column.to == super::Target::EmployeeNo);
        let missing =
            || ImportError::MissingColumns(header.iter().map(|column| column.header.clone()).collect());
        found.ok_or_else(|| refusal.unwrap_or_else(missing))
    }
}

/// Imports a sheet. With [`Mode::Whole`], faulty rows keep everything out, and the report says so.
///
/// # Errors
///
/// The file as a whole cannot be used; or the month of some of its people is frozen, with `Late::Refuse`.
pub async fn import(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    file: MappedFile,
    manner: &Manner,
    importer: &Importer,
    now: DateTime<Utc>,
) -> Result<ImportReport, Problem> {
    let digest = Sha256::digest(&file.bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let MappedFile { by, period, name, bytes } = file;
    let (reader, metrics, called) = (by.clone(), catalogue.clone(), name.clone());
    let sheet = tokio::task::spawn_blocking(move || reader.read(&bytes, &called, &metrics, period))
        .await
        .map_err(|error| Problem::internal(&error))?
        .map_err(|error| Problem::field("file", error.to_string()))?;
    let mut origin = Origin {
        source_system: by.source_system.clone(),
        batch_id: None,
        user_id: importer.user_id,
        at: now,
        reason: manner.reason.clone(),
    };
    connection
        .transaction(async |connection| {
            let mut addressed = address(connection, period, sheet, importer).await?;
            let entries = addressed.entries();
            let deliveries = ledger::deliveries(catalogue, &entries);
            ledger::lock_delivery(connection, period, &entries, &origin.source_system, &[]).await?;
            // The program's own export says what is known, and not that a source is complete.
            let is_export = by.name == built_in::FACTS;
            let known =
                if is_export { pass_over_known(connection, period, &mut addressed).await? } else { 0 };
            let entries = addressed.entries();
            let compared = ledger::compare(connection, period, &entries, &origin).await?;
            let mut report = ImportReport {
                rows: addressed.rows,
                counts: compared.counts,
                differences: addressed.differences(&compared),
                faults: addressed.faults,
                notes: addressed.notes,
                ..ImportReport::default()
            };
            report.counts.unchanged += known;
            if manner.mode == Mode::DryRun || (manner.mode == Mode::Whole && !report.faults.is_empty()) {
                return Ok(report);
            }
            if !is_export {
                ledger::note_delivery(connection, period, &deliveries, &origin, manner.late).await?;
            }
            if !report.counts.is_news() {
                return Ok(report);
            }
            let batch = begin_batch(connection, &by, period, &name, &digest, &report, &origin).await?;
            origin.batch_id = Some(batch);
            ledger::record(connection, period, &entries, &origin, manner.late).await?;
            let detail =
                json!({ "mapping": by.name, "file": name, "sha256": digest, "counts": report.counts });
            let subject = format!("imports/{batch}");
            audit::record(connection, now, importer.user_id, "import_facts", &subject, detail).await?;
            report.batch = Some(batch);
            report.applied = true;
            Ok::<_, Problem>(report)
        })
        .await
}

/// What a sheet comes to once its people are found.
#[derive(Default)]
struct Addressed {
    placed: Vec<Placed>,
    faults: Vec<Fault>,
    notes: Vec<String>,
    /// Good rows.
    rows: usize,
}

/// A value, with where it stands in the file.
struct Placed {
    row: u32,
    employee_no: Arc<str>,
    column: Arc<str>,
    value: Decimal,
    entry: Entry,
}

impl Addressed {
    fn entries(&self) -> Vec<Entry> {
        self.placed.iter().map(|placed| placed.entry.clone()).collect()
    }

    /// The first values that are new or replace others.
    fn differences(&self, recorded: &Recorded) -> Vec<ImportDifference> {
        let known = recorded.outcomes.iter().zip(&recorded.before);
        let all = self.placed.iter().zip(known);
        all.filter(|(_, (outcome, _))| **outcome != FactOutcome::Unchanged)
            .take(MAX_DIFFERENCES)
            .map(|(placed, (_, before))| ImportDifference {
                row: placed.row,
                employee_no: placed.employee_no.to_string(),
                column: placed.column.to_string(),
                metric: placed.entry.metric.clone(),
                from: *before,
                to: placed.value,
            })
            .collect()
    }
}

/// Takes out the month's values that are known already, whatever they are the sum of: an export that comes back changes
/// nothing.
async fn pass_over_known(
    connection: &mut AsyncPgConnection,
    period: Period,
    addressed: &mut Addressed,
) -> Result<usize, Problem> {
    let people = addressed.placed.iter().map(|placed| placed.entry.employee_id).collect::<Vec<_>>();
    let known = ledger::current(connection, period, &people).await?;
    let before = addressed.placed.len();
    addressed.placed.retain(|Placed { entry, value, .. }| {
        let known = known.get(&entry.employee_id).and_then(|facts| facts.get(&entry.metric));
        entry.day.is_some() || known != Some(value)
    });
    Ok(before - addressed.placed.len())
}

/// Finds the people of the rows; a row of somebody unknown is faulty.
async fn address(
    connection: &mut AsyncPgConnection,
    period: Period,
    sheet: MappedSheet,
    importer: &Importer,
) -> Result<Addressed, Problem> {
    let employee_nos = sheet.rows.iter().map(|row| row.employee_no.clone()).collect::<Vec<_>>();
    let people = ledger::people(connection, period, &employee_nos, importer.scope.as_ref()).await?;
    let reached: HashMap<&str, &Person> =
        people.iter().filter(|one| one.is_reached).map(|one| (one.employee_no.as_str(), one)).collect();
    let mut addressed = Addressed { faults: sheet.faults, notes: sheet.notes, ..Addressed::default() };
    let mut strangers = Vec::new();
    for row in sheet.rows {
        let Some(person) = reached.get(row.employee_no.as_str()) else {
            strangers.push((row.number, row.employee_no));
            continue;
        };
        if let Some(name) = row.name.filter(|name| !is_same_person(name, &person.name)) {
            let expected = format!("{}（工号 {} 是{}）", person.name, person.employee_no, person.name);
            let column = sheet.name_column.clone();
            addressed.faults.push(Fault { row: Some(row.number), column, found: name, expected });
            continue;
        }
        let unverified = row.values.iter().find(|one| needs_verification(&one.metric, one.value));
        if let Some(one) = unverified.filter(|_| importer.user_id.is_some()) {
            let expected = "0，或作为事件上报：须由其他人核实后才计入".to_owned();
            let (column, found) = (Some(one.column.to_string()), decimal::plain(one.value));
            addressed.faults.push(Fault { row: Some(row.number), column, found, expected });
            continue;
        }
        addressed.rows += 1;
        let employee_no: Arc<str> = row.employee_no.into();
        addressed.placed.extend(row.values.into_iter().map(|MappedValue { metric, column, value }| Placed {
            row: row.number,
            employee_no: Arc::clone(&employee_no),
            column,
            value,
            entry: Entry {
                day: row.day,
                external_id: row.external_id.clone(),
                ..Entry::total(person.id, &*metric, value)
            },
        }));
    }
    if !strangers.is_empty() {
        let known = ledger::employee_nos(connection, period, importer.scope.as_ref()).await?;
        let column = sheet.employee_no_column.as_str();
        addressed.faults.extend(strangers.into_iter().map(|(row, found)| {
            let near = nearest(&found, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("，最接近的是 {near}")).unwrap_or_default();
            let expected = format!("本月在岗员工的工号{hint}");
            Fault { row: Some(row), column: Some(column.to_owned()), found, expected }
        }));
    }
    addressed.faults.sort_by_key(|fault| fault.row);
    Ok(addressed)
}

async fn begin_batch(
    connection: &mut AsyncPgConnection,
    by: &Reader,
    period: Period,
    file_name: &str,
    sha256: &str,
    report: &ImportReport,
    origin: &Origin,
) -> Result<i64, Problem> {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let id = diesel::insert_into(import_batch::table)
        .values((
            import_batch::kind.eq(format!("mapped:{}", by.name)),
            import_batch::period.eq(period.first_day()),
            import_batch::file_name.eq(file_name),
            import_batch::sha256.eq(sha256),
            import_batch::added.eq(count(report.counts.added)),
            import_batch::changed.eq(count(report.counts.changed)),
            import_batch::unchanged.eq(count(report.counts.unchanged)),
            import_batch::faults.eq(count(report.faults.len())),
            import_batch::user_id.eq(origin.user_id),
            import_batch::imported_at.eq(origin.at),
        ))
        .returning(import_batch::id)
        .get_result(connection)
        .await?;
    Ok(id)
}
