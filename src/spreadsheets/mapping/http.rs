//! Column mappings over HTTP.

use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::import::{self, MappedFile, Reader};
use super::propose::Proposal;
use super::store::{self, Mapping};
use super::{MappingChange, NewMapping};
use crate::auth::Caller;
use crate::auth::access::EnterFacts;
use crate::clock::{self, Clock};
use crate::db::Pool;
use crate::http::etag::{self, Seen};
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem, body};
use crate::ledger::Late;
use crate::ledger::metric::CatalogueFile;
use crate::period::Period;
use crate::spreadsheets::http::checked;
use crate::spreadsheets::import_file::{ImportReport, Manner, Mode};

/// Of which month the sheet is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProposeQuery {
    /// The month whose people are looked for; this one by default.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
}

/// Propose what the columns of a sheet are: the body is the file. Nothing is kept.
///
/// Somebody looks at what the program is not sure of, and saves the columns as a mapping.
#[utoipa::path(tag = "facts", params(ProposeQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The columns, with the first rows", body = Proposal),
        (status = 422, description = "The file has no header, or cannot be read", body = ProblemBody),
    ))]
#[post("/column-mappings/propose")]
pub async fn propose_column_mapping(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    query: Query<ProposeQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<Json<Proposal>, Problem> {
    let bytes = file.map_err(|error| body::unreadable(&error))?.to_vec();
    let period = query.period.unwrap_or_else(|| Period::containing(clock::day(clock.now())));
    let connection = &mut *pool.get().await?;
    super::propose(connection, catalogue.current()?, bytes, period, Some(&caller.reach())).await.map(Json)
}

/// Save a mapping that somebody has confirmed.
#[utoipa::path(tag = "facts", request_body = NewMapping, responses(
    (status = 201, description = "Saved", body = Mapping),
    (status = 403, description = "The caller's roles do not enter what the columns bring", body = ProblemBody),
    (status = 409, description = "The name is taken", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[post("/column-mappings")]
pub async fn create_column_mapping(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    body: Body<NewMapping>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let mapping =
        store::create(connection, &*catalogue.current()?, body.0, &caller.identity, clock.now()).await?;
    Ok(HttpResponse::Created().insert_header(etag::of(mapping.version)).json(mapping))
}

/// Which page of mappings.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MappingQuery {
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Mappings of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List the saved mappings: those of every store, and of the caller's.
#[utoipa::path(tag = "facts", params(MappingQuery), responses(
    (status = 200, description = "A page of mappings", body = Page<Mapping>),
))]
#[get("/column-mappings")]
pub async fn list_column_mappings(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<MappingQuery>,
) -> Result<Json<Page<Mapping>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let connection = &mut *pool.get().await?;
    let mappings = store::list(connection, &caller.reach(), None, after, limit + 1, clock.now()).await?;
    Ok(Json(Page::of(mappings, limit, |mapping| mapping.id)))
}

/// Read a saved mapping.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "The mapping", body = Mapping),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
))]
#[get("/column-mappings/{name}")]
pub async fn get_column_mapping(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    name: Path<String>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let mapping = store::find(connection, &caller.reach(), &name, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(mapping.version)).json(mapping))
}

/// Change the columns of a mapping.
#[utoipa::path(tag = "facts", params(("If-Match" = String, Header, description = "The ETag of what was read, or *")),
    request_body = MappingChange, responses(
    (status = 200, description = "Changed", body = Mapping),
    (status = 403, description = "The caller's roles do not enter what the columns bring", body = ProblemBody),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
    (status = 412, description = "It has been changed since", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
    (status = 428, description = "If-Match is missing", body = ProblemBody),
))]
#[put("/column-mappings/{name}")]
pub async fn put_column_mapping(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    name: Path<String>,
    seen: Seen,
    body: Body<MappingChange>,
) -> Result<impl Responder, Problem> {
    let connection = &mut *pool.get().await?;
    let (catalogue, by, now) = (catalogue.current()?, &caller.identity, clock.now());
    let mapping = store::change(connection, &catalogue, &name, seen, body.0, by, now).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(mapping.version)).json(mapping))
}

/// How to import a sheet.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MappedImportQuery {
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
    /// Its name, for the record.
    file_name: Option<String>,
}

/// Import a sheet through a mapping: the body is the file.
///
/// The name is that of a saved mapping, of a source of the catalogue (the file is its filled-in template), or `facts` (the
/// file is the export of that name). Faults are answered as by `POST /v1/imports`. The same file again changes nothing.
#[utoipa::path(tag = "facts", params(MappedImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "A dry run, or a file that changes nothing", body = ImportReport),
        (status = 201, description = "Recorded", body = ImportReport),
        (status = 403, description = "The caller's roles do not enter all of what the sheet brings", body = ProblemBody),
        (status = 404, description = "There is no such mapping, or none that the caller may see", body = ProblemBody),
        (status = 409, description = "The month of some of these people is frozen; nothing was recorded", body = ProblemBody),
        (status = 422, description = "Faulty rows; nothing was recorded", body = ProblemBody),
    ))]
#[post("/column-mappings/{name}/imports")]
pub async fn create_mapped_import(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    name: Path<String>,
    query: Query<MappedImportQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let (catalogue, now) = (catalogue.current()?, clock.now());
    let MappedImportQuery { period, dry_run, partial, late, reason, file_name } = query.into_inner();
    let mode = Mode::of(dry_run, partial);
    let manner = Manner { mode, late, reason: checked(reason)? };
    let bytes = file.map_err(|error| body::unreadable(&error))?.to_vec();
    let connection = &mut *pool.get().await?;
    let by = Reader::find(connection, &catalogue, &name, &caller.reach(), now).await?;
    let importer = by.importer(&catalogue, &caller.identity)?;
    let name = file_name.as_deref().unwrap_or("upload").chars().take(200).collect();
    let file = MappedFile { by, period, name, bytes };
    let report = import::import(connection, &catalogue, file, &manner, &importer, now).await?;
    match report.batch {
        Some(_) => Ok(HttpResponse::Created().json(report)),
        None if mode == Mode::Whole && !report.faults.is_empty() => Err(report.refusal()),
        None => Ok(HttpResponse::Ok().json(report)),
    }
}
