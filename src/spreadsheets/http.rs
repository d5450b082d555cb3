//! Imports over HTTP.

use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpResponse, Responder, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::access::{Action as _, EnterFacts, may_enter};
use crate::auth::caller::{Caller, Scope};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Code, Problem, body};
use crate::ledger::Late;
use crate::ledger::metric::CatalogueFile;
use crate::period::Period;
use crate::spreadsheets::import::ImportKind;
use crate::spreadsheets::import_file::{self, ImportFile, ImportReport, Importer, Manner, Mode};

/// How to import a file.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// What the file holds.
    #[param(inline)]
    kind: ImportKind,
    /// The month it is about.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only say what would happen.
    #[serde(default)]
    dry_run: bool,
    /// Record the good rows even if others are faulty.
    #[serde(default)]
    partial: bool,
    /// What becomes of news about a frozen month.
    #[serde(default)]
    #[param(inline)]
    late: Late,
    /// Why values replace others, where they do: 1 to 1000 characters.
    reason: Option<String>,
    /// Its name, for the record. Where it says another month than the one asked for, the report says so.
    file_name: Option<String>,
}

/// Import a spreadsheet: the body is the file.
///
/// Faulty rows are reported with row, column, what was found and what was expected. They keep everything out unless
/// `partial` is asked for. The same file again changes nothing; of a corrected file only the differences are recorded, and
/// what it no longer says stays as it was.
#[utoipa::path(tag = "facts", params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "A dry run, or a file that changes nothing", body = ImportReport),
        (status = 201, description = "Recorded", body = ImportReport),
        (status = 409, description = "The month of some of these people is frozen; nothing was recorded", body = ProblemBody),
        (status = 422, description = "Faulty rows; nothing was recorded", body = ProblemBody),
    ))]
#[post("/imports")]
pub async fn create_import(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    query: Query<ImportQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let importer = importer(&caller, query.kind)?;
    let ImportQuery { kind, period, dry_run, partial, late, reason, file_name } = query.into_inner();
    let mode = Mode::of(dry_run, partial);
    let manner = Manner { mode, late, reason: checked(reason)? };
    let bytes = Vec::from(file.map_err(|error| body::unreadable(&error))?);
    let name = file_name.as_deref().unwrap_or("upload").chars().take(200).collect();
    let file = ImportFile { kind, period, name, content: bytes.into() };
    let (connection, catalogue) = (&mut *pool.get().await?, catalogue.current()?);
    let report =
        import_file::import(connection, &catalogue, file, &manner, &importer, clock.now(), &|_| {}).await?;
    match report.batch {
        Some(_) => Ok(HttpResponse::Created().json(report)),
        None if mode == Mode::Whole && !report.faults.is_empty() => Err(report.refusal()),
        None => Ok(HttpResponse::Ok().json(report)),
    }
}

/// A reason, if it has a reasonable length.
pub(in crate::spreadsheets) fn checked(reason: Option<String>) -> Result<Option<String>, Problem> {
    match reason.as_deref().map(|reason| reason.chars().count()) {
        None | Some(1..=1000) => Ok(reason),
        Some(_) => Err(Problem::field("reason", "expected 1 to 1000 characters")),
    }
}

/// The caller as an importer: with the reach of those roles that may enter what the file brings.
fn importer(caller: &Caller<EnterFacts>, kind: ImportKind) -> Result<Importer, Problem> {
    let allowed = may_enter(Some(kind.source()));
    let scope = Scope::of(&caller.identity, |role| {
        let reach = EnterFacts::ALLOWED.iter().find(|(entering, _)| *entering == role);
        reach.filter(|_| allowed.contains(&role)).map(|(_, reach)| *reach)
    });
    if scope.reaches.is_empty() {
        let detail = format!("your roles do not allow importing {kind}");
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(Importer { user_id: Some(caller.identity.user_id), scope: Some(scope) })
}
