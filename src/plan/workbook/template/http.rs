//! Templates of plans over HTTP.

use actix_web::web::{Bytes, Data};
use actix_web::{Responder, get, post};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::auth::Caller;
use crate::auth::access::DraftPlan;
use crate::http::{Problem, Query, body, etag};
use crate::ledger::catalogue::Catalogues;
use crate::plan::versions::version::Plan;
use crate::plan::workbook::http::workbook;

/// Whose plan it is to be.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TemplateQuery {
    /// Code of the store or group.
    unit: String,
    /// The calendar year.
    year: i32,
}

/// Get an empty plan as an Excel workbook: totals, months, units and people, channels and series to be filled in,
/// in the language of the reader.
#[utoipa::path(tag = "plans", params(TemplateQuery), responses(
    (status = 200, description = "The workbook", body = Vec<u8>, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (status = 404, description = "The caller does not reach the unit"),
))]
#[get("/plan-templates")]
pub async fn get_plan_template(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    query: Query<TemplateQuery>,
) -> Result<impl Responder, Problem> {
    let TemplateQuery { unit, year } = query.0;
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let (name, bytes) = super::export(cx, &catalogue, unit, year).await?;
    Ok(workbook(name, bytes, cx.language))
}

/// Draft a plan from a template that was filled in: the body is the file.
#[utoipa::path(tag = "plans",
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Drafted, as the next version", body = Plan),
        (status = 404, description = "The caller does not reach the unit"),
        (status = 409, description = "Another draft is waiting"),
        (status = 422, description = "Some rows are not valid; nothing was kept"),
    ))]
#[post("/plan-templates")]
pub async fn import_plan_template(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let file = file.map_err(|error| body::unreadable(&error))?.to_vec();
    // No connection is held while the file is read.
    let catalogue = catalogues.of_today(&caller.context().await?).await?;
    let plan = super::read_file(file, std::sync::Arc::clone(&catalogue)).await?;
    let plan = super::import(&mut caller.context().await?, &catalogue, plan).await?;
    Ok(etag::created(format_args!("/v1/plans/{}", plan.id), plan.row_version, &plan))
}
