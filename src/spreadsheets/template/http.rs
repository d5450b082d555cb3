//! Templates over HTTP.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, Responder, get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::TemplateRequest;
use crate::auth::Caller;
use crate::auth::access::EnterFacts;
use crate::http::{Problem, Query};
use crate::ledger::catalogue::Catalogues;
use crate::period::Period;
use crate::spreadsheets::export::http::attachment;
use crate::spreadsheets::export::xlsx::CONTENT_TYPE;

/// The people who have a row in the template.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// The month whose people are in it.
    #[param(value_type = String, example = "2014-04")]
    period: Period,
    /// Only people of this store, by code.
    store: Option<String>,
}

/// Download the Excel template of a source, for example `exams`: the month's people with a column for each metric.
///
/// Once filled in, upload it to `POST /v1/column-mappings/{name}/imports` under the same name.
#[utoipa::path(tag = "facts", params(("kind" = String, Path, description = "A source of the catalogue", example = "exams"), TemplateQuery),
    responses(
        (status = 200, description = "The workbook", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 404, description = "There is no such template, or nobody of the store within the caller's reach"),
    ))]
#[get("/import-templates/{kind}")]
pub async fn get_import_template(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    kind: Path<String>,
    query: Query<TemplateQuery>,
) -> Result<impl Responder, Problem> {
    let TemplateQuery { period, store } = query.0;
    let wanted = TemplateRequest { kind: kind.into_inner(), period, store };
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of(cx.db(), period).await?;
    let (names, book) = super::make(cx, &catalogue, &wanted).await?;
    let disposition = (CONTENT_DISPOSITION, attachment(names));
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).insert_header(disposition).body(book))
}
