//! Plans as workbooks over HTTP.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentDisposition, DispositionParam, DispositionType};
use actix_web::web::{Bytes, Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::SheetReport;
use crate::auth::Caller;
use crate::auth::access::{DraftPlan, ViewPlan};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Problem, body};
use crate::ledger::metric::CatalogueFile;
use crate::plan::viewer::{self, Viewer};

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
/// confirmed values down.
#[utoipa::path(tag = "plans", responses(
    (status = 200, description = "The workbook", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
))]
#[get("/plans/{id}/sheet")]
pub async fn get_plan_sheet(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let viewer = Viewer::of(&caller, clock.now());
    let catalogue = catalogue.current()?;
    let (name, bytes) = super::export(&mut *pool.get().await?, &catalogue, &viewer, *id).await?;
    let disposition = ContentDisposition {
        disposition: DispositionType::Attachment,
        parameters: vec![DispositionParam::Filename(name)],
    };
    Ok(HttpResponse::Ok().content_type(XLSX).insert_header((CONTENT_DISPOSITION, disposition)).body(bytes))
}

/// Import an edited workbook into the draft that it was exported from: the edited cells are pinned, the rest is split
/// around them.
///
/// A dry run shows the differences first: the cells edited, and those that move. The workbook knows which state of the
/// plan it was exported from; if the plan has been changed since, it is refused.
#[utoipa::path(tag = "plans", params(SheetQuery),
    request_body(content = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    responses(
        (status = 200, description = "What changes, or would change", body = SheetReport),
        (status = 404, description = "There is none, or none that the caller may see", body = ProblemBody),
        (status = 409, description = "It is not a draft", body = ProblemBody),
        (status = 412, description = "The plan was changed after the export", body = ProblemBody),
        (status = 422, description = "Cells at fault, or cells that do not fit; nothing was changed", body = ProblemBody),
    ))]
#[post("/plans/{id}/sheet")]
pub async fn import_plan_sheet(
    caller: Caller<DraftPlan>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<SheetQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<Json<SheetReport>, Problem> {
    let now = clock.now();
    let by = Some(caller.identity.user_id);
    let file = file.map_err(|error| body::unreadable(&error))?.to_vec();
    let mut connection = pool.get().await?;
    viewer::require_plan(&mut connection, &Viewer::of(&caller, now), *id).await?;
    super::import(&mut connection, &*catalogue.current()?, *id, file, query.dry_run, by, now).await.map(Json)
}
