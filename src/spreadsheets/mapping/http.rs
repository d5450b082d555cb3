//! Column mappings over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post, put};
use serde::Deserialize;
use utoipa::IntoParams;

use super::propose::Proposal;
use super::store::{self, Mapping};
use super::{MappingChange, NewMapping};
use crate::auth::Caller;
use crate::auth::access::EnterFacts;
use crate::clock;
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query, body};
use crate::ledger::catalogue::Catalogues;
use crate::period::Period;
use crate::spreadsheets::http::Upload;

/// The month that the sheet is about.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ProposeQuery {
    /// The month whose people are looked for; this one by default.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
}

/// Propose what the columns of a sheet hold: the body is the file. Nothing is stored.
///
/// Somebody then checks what the program is not sure of, and saves the columns as a mapping.
#[utoipa::path(tag = "facts", params(ProposeQuery),
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The columns, with the first rows", body = Proposal),
        (status = 422, description = "The file has no header, or cannot be read"),
    ))]
#[post("/column-mappings/propose")]
pub async fn propose_column_mapping(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    query: Query<ProposeQuery>,
    file: Upload,
) -> Result<impl Responder, Problem> {
    let bytes = Vec::from(file.map_err(|error| body::unreadable(&error))?);
    let period = query.0.period.unwrap_or_else(|| Period::containing(clock::day(caller.now)));
    let open = async || caller.context().await;
    let catalogue = catalogues.of(open().await?.db(), period).await?;
    let proposal = super::propose(open, catalogue, bytes.into(), period).await?;
    Ok(caller.language.answer(proposal))
}

/// Save a mapping that somebody has confirmed.
#[utoipa::path(tag = "facts", request_body = NewMapping, responses(
    (status = 201, description = "Saved", body = Mapping),
    (status = 409, description = "The name is taken"),
))]
#[post("/column-mappings")]
pub async fn create_column_mapping(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    body: Body<NewMapping>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let mapping = store::create(cx, &catalogue, body.0).await?;
    Ok(HttpResponse::Created().insert_header(etag::of(mapping.version)).json(mapping))
}

/// List the saved mappings: those for every store, and those for the caller's stores.
#[utoipa::path(tag = "facts", params(PageQuery), responses(
    (status = 200, description = "A page of mappings", body = Page<Mapping>),
))]
#[get("/column-mappings")]
pub async fn list_column_mappings(
    caller: Caller<EnterFacts>,
    query: Paged,
) -> Result<Json<Page<Mapping>>, Problem> {
    store::list(&mut caller.context().await?, query.window).await.map(Json)
}

/// Read a saved mapping.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "The mapping; its ETag goes into If-Match", body = Mapping),
))]
#[get("/column-mappings/{name}")]
pub async fn get_column_mapping(
    caller: Caller<EnterFacts>,
    name: Path<String>,
) -> Result<impl Responder, Problem> {
    let mapping = store::find(&mut caller.context().await?, &name).await?;
    Ok(etag::ok(mapping.version, mapping))
}

/// Change the columns of a mapping.
#[utoipa::path(tag = "facts", params(Seen), request_body = MappingChange, responses(
    (status = 200, description = "Changed", body = Mapping),
))]
#[put("/column-mappings/{name}")]
pub async fn put_column_mapping(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    name: Path<String>,
    seen: Seen,
    body: Body<MappingChange>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let mapping = store::change(cx, &catalogue, &name, seen, body.0).await?;
    Ok(etag::ok(mapping.version, mapping))
}
