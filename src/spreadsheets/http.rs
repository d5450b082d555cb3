//! Imports over HTTP.

use std::ops::ControlFlow;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{CustomizeResponder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::import_file::{self, ImportFile, ImportReportBody, ImportRun, Manner, Mode, ReadBy};
use super::mapping::built_in::ImportKind;
use crate::auth::Caller;
use crate::auth::access::EnterFacts;
use crate::http::{Page, PageQuery, Paged, Problem, Query, body};
use crate::ledger::Late;
use crate::ledger::catalogue::Catalogues;
use crate::period::Period;
use crate::said::say;

/// The query of an import: what all imports ask for, and how the file is read where the path does not say it.
macro_rules! import_query {
    ($(#[$note:meta])* $name:ident { $($(#[$own_note:meta])* $own:ident: $kind:ty,)* }) => {
        $(#[$note])*
        #[derive(Debug, Deserialize, IntoParams)]
        #[serde(deny_unknown_fields)]
        #[into_params(parameter_in = Query)]
        pub struct $name {
            $($(#[$own_note])* $own: $kind,)*
            /// The month it is about.
            #[param(value_type = String, example = "2014-03")]
            period: Period,
            /// Only report what would happen.
            #[serde(default)]
            dry_run: bool,
            /// Record the valid rows even if others have errors.
            #[serde(default)]
            partial: bool,
            /// Take a file that says that it ends before its month does, up to today: its values are the month's so far.
            #[serde(default)]
            to_date: bool,
            /// Record although numbers for people are not read, or it is in doubt what some are: the report lists them. A saved
            /// mapping remembers what is not read.
            #[serde(default)]
            accept_unread: bool,
            /// Say that the file is all that there is of its sources: whoever of the store is not in it has nothing there.
            #[serde(default)]
            complete: bool,
            /// Code of the store for which it is delivered: of somebody who is posted in two stores in the month, each
            /// delivers its own, and both add up. By default the one store that the caller reaches, or that the file's other
            /// people are of.
            store: Option<String>,
            /// What happens to values for a frozen month.
            #[serde(default)]
            #[param(inline)]
            late: Late,
            /// Why values replace others, if they do: 1 to 1000 characters.
            reason: Option<String>,
            /// The file's name, for the record. If it names a month other than the one asked for, the report says so.
            file_name: Option<String>,
        }

        impl $name {
            /// The file, and what to do with it.
            fn with(self, by: ReadBy, file: Upload) -> Result<(ImportFile, Manner), Problem> {
                let bytes = Vec::from(file.map_err(|error| body::unreadable(&error))?);
                if self.reason.as_deref().is_some_and(|reason| !(1..=1000).contains(&reason.chars().count())) {
                    return Err(Problem::field("reason", say!("应为 1 到 1000 个字", "expected 1 to 1000 characters")));
                }
                let name = self.file_name.as_deref().unwrap_or("upload").chars().take(200).collect();
                let mode = Mode::of(self.dry_run, self.partial);
                Ok((
                    ImportFile { by, period: self.period, name, content: bytes.into() },
                    Manner {
                        mode,
                        late: self.late,
                        reason: self.reason,
                        to_date: self.to_date,
                        accept_unread: self.accept_unread,
                        complete: self.complete,
                        store: self.store,
                    },
                ))
            }
        }
    };
}

import_query! {
    /// How to import a file.
    ImportQuery {
        /// What the file holds.
        #[param(inline)]
        kind: ImportKind,
    }
}

import_query! {
    /// How to import a sheet.
    MappedImportQuery {}
}

/// A report in the caller's language.
type Report = CustomizeResponder<Json<ImportReportBody>>;

/// A file that was sent, or why it could not be read.
pub(super) type Upload = Result<Bytes, actix_web::Error>;

/// Import a spreadsheet: the body is the file.
///
/// Rows with errors are reported with row, column, what was found and what was expected. They keep the whole file out
/// unless `partial` is asked for. Columns and worksheets that are not read although people have numbers there keep the file
/// out too, until `accept_unread` says that they are not wanted. Importing the same file again changes nothing; of a
/// corrected file only the differences are recorded, and what it no longer contains stays as it was.
#[utoipa::path(tag = "facts", params(ImportQuery),
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "A dry run, or a file that changes nothing", body = ImportReportBody),
        (status = 201, description = "Recorded", body = ImportReportBody),
        (status = 409, description = "The month of some of these people is frozen; nothing was recorded"),
        (status = 422, description = "Some rows have errors, or numbers for people are not read; nothing was recorded"),
    ))]
#[post("/imports")]
pub async fn create_import(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    query: Query<ImportQuery>,
    file: Upload,
) -> Result<Report, Problem> {
    let by = ReadBy::Kind(query.0.kind);
    import(&caller, &catalogues, query.0.with(by, file)?).await
}

/// Import a sheet through a mapping: the body is the file.
///
/// The name is that of a saved mapping, of a source of the catalogue (the file is its filled-in template), or `facts`
/// (the file is the export of that name). Errors are reported as by `POST /v1/imports`. Importing the same file again
/// changes nothing.
#[utoipa::path(tag = "facts", params(MappedImportQuery),
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "A dry run, or a file that changes nothing", body = ImportReportBody),
        (status = 201, description = "Recorded", body = ImportReportBody),
        (status = 409, description = "The month of some of these people is frozen; nothing was recorded"),
        (status = 422, description = "Some rows have errors, or numbers for people are not read; nothing was recorded"),
    ))]
#[post("/column-mappings/{name}/imports")]
pub async fn create_mapped_import(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    name: Path<String>,
    query: Query<MappedImportQuery>,
    file: Upload,
) -> Result<Report, Problem> {
    let by = ReadBy::Mapping(name.into_inner());
    import(&caller, &catalogues, query.0.with(by, file)?).await
}

/// List the imports that are under way: your own, and for whoever reaches every store all of them.
///
/// An import is listed from its second second on, and goes on when the client that sent its file has gone.
#[utoipa::path(tag = "facts", params(PageQuery), responses(
    (status = 200, description = "A page of imports", body = Page<ImportRun>),
))]
#[get("/imports/running")]
pub async fn list_running_imports(
    caller: Caller<EnterFacts>,
    query: Paged,
) -> Result<Json<Page<ImportRun>>, Problem> {
    import_file::under_way(&mut caller.context().await?, query.window).await.map(Json)
}

/// Give up an import that is under way: nothing of it is recorded. One that is being committed stays.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "It ends within seconds, and answers 409 to whoever sent the file", body = ImportRun),
))]
#[post("/imports/running/{id}/cancel")]
pub async fn cancel_import(caller: Caller<EnterFacts>, id: Path<i64>) -> Result<Json<ImportRun>, Problem> {
    import_file::cancel(&mut caller.context().await?, *id).await.map(Json)
}

async fn import(
    caller: &Caller<EnterFacts>,
    catalogues: &Catalogues,
    (file, manner): (ImportFile, Manner),
) -> Result<Report, Problem> {
    let catalogue = catalogues.of(caller.context().await?.db(), file.period).await?;
    let silent = Arc::new(|_| ControlFlow::Continue(())) as import_file::Progress;
    let report =
        import_file::import(async || caller.context().await, &catalogue, file, &manner, &silent).await?;
    let language = caller.language;
    match report.batch {
        Some(_) => Ok(language.answer(report.body(language)).with_status(StatusCode::CREATED)),
        None if manner.mode == Mode::Whole && !report.faults.is_empty() => Err(report.refusal()),
        None if manner.mode != Mode::DryRun && report.asks => Err(report.refusal()),
        None => Ok(language.answer(report.body(language))),
    }
}
