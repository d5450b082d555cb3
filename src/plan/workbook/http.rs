//! Plans as workbooks over HTTP.

use actix_web::http::header::{
    CONTENT_DISPOSITION, CONTENT_LANGUAGE, ContentDisposition, DispositionParam, DispositionType, VARY,
};
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::SheetReport;
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::http::{Problem, Query, body};
use crate::ledger::catalogue::Catalogues;
use crate::said::Language;

/// What an Excel workbook is called on the web.
const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Whether to keep what the workbook changes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SheetQuery {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
}

/// Export a version of a plan as an Excel workbook: a worksheet for each line and tree, months across, suggested and
/// confirmed values down, in the language of the reader.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "The workbook", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
))]
#[get("/plans/{id}/sheet")]
pub async fn get_plan_sheet(
    caller: Caller<ViewPlan>,
    catalogues: Data<Catalogues>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let (name, bytes) = super::export(cx, &catalogue, *id).await?;
    Ok(workbook(name, bytes, cx.language))
}

/// An answer that is a workbook in a language, to be saved under a name.
pub(super) fn workbook(name: String, bytes: Vec<u8>, language: Language) -> HttpResponse {
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    HttpResponse::Ok()
        .content_type(XLSX)
        .insert_header((CONTENT_DISPOSITION, disposition))
        .insert_header((CONTENT_LANGUAGE, language.header()))
        .append_header((VARY, "Accept-Language"))
        .body(bytes)
}

/// Import an edited workbook into the draft that it was exported from: the edited cells are pinned, the rest is split
/// around them.
///
/// A dry run shows the differences first: the cells edited, and those that move. The workbook knows which state of the
/// plan it was exported from; if the plan has been changed since, it is refused.
#[utoipa::path(tag = "plans", params(SheetQuery),
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "What changes, or would change", body = SheetReport),
            (status = 409, description = "It is not a draft"),
        (status = 412, description = "The plan was changed after the export"),
        (status = 422, description = "Some cells are not valid, or do not fit; nothing was changed"),
    ))]
#[post("/plans/{id}/sheet")]
pub async fn import_plan_sheet(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    id: Path<i64>,
    query: Query<SheetQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<Json<SheetReport>, Problem> {
    let file = file.map_err(|error| body::unreadable(&error))?.to_vec();
    let edited = super::read(file).await?;
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    super::import(cx, &catalogue, *id, edited, query.0.dry_run).await.map(Json)
}
