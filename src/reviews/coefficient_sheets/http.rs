//! Coefficient sheets over HTTP.

use actix_web::http::header::{CONTENT_DISPOSITION, ContentType};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};
use serde_json::json;

use super::{CoefficientSheet, NewSignOff, SheetHead};
use crate::auth::access::{MakeCoefficientSheets, SignCoefficientSheets, ViewCoefficientSheets};
use crate::auth::{Caller, Context};
use crate::http::Problem;
use crate::http::idempotency::{Key, KeyName, Keyed, Made};
use crate::reviews::generate;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::spreadsheets::export::csv;
use crate::spreadsheets::export::http::attachment;

/// List the coefficient sheets of a month.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The sheets", body = Vec<SheetHead>)))]
#[get("/review-cycles/{id}/coefficient-sheets")]
pub async fn list_coefficient_sheets(
    caller: Caller<ViewCoefficientSheets>,
    id: Path<i64>,
) -> Result<Json<Vec<SheetHead>>, Problem> {
    super::list(&mut caller.context().await?, *id).await.map(Json)
}

/// Make the coefficient sheet of a published month: the first with everybody who was posted in the store, each further one a
/// supplement with what has changed since.
#[utoipa::path(tag = "reviews", params(Key), responses(
    (status = 201, description = "Made", body = CoefficientSheet),
    (status = 409, description = "The cycle is not published, or nothing has changed since the last sheet"),
))]
#[post("/review-cycles/{id}/coefficient-sheets")]
pub async fn create_coefficient_sheet(
    caller: Caller<MakeCoefficientSheets>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
    key: KeyName,
) -> Result<HttpResponse, Problem> {
    let cx = &mut caller.context().await?;
    let rules = generate::rules_of(cx, &folder, &library, *id).await?;
    let create = async |cx: &mut Context| super::create(cx, &rules.bundle, *id).await?.logged().await;
    let operation = format!("create_coefficient_sheet/{id}");
    cx.once(&operation, key.with(b"").as_ref(), create).await?.created(|sheet| Made {
        location: Some(format!("/v1/review-cycles/{id}/coefficient-sheets/{}", sheet.head.number)),
        version: None,
    })
}

/// Read a coefficient sheet.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The sheet", body = CoefficientSheet)))]
#[get("/review-cycles/{id}/coefficient-sheets/{number}")]
pub async fn get_coefficient_sheet(
    caller: Caller<ViewCoefficientSheets>,
    path: Path<(i64, i32)>,
) -> Result<Json<CoefficientSheet>, Problem> {
    let (id, number) = path.into_inner();
    super::read(&mut caller.context().await?, id, number).await?.logged().await.map(Json)
}

/// Read the content of a coefficient sheet as it was hashed and signed: its SHA-256 is that of these very bytes.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The content", body = serde_json::Value, content_type = "application/json"),
))]
#[get("/review-cycles/{id}/coefficient-sheets/{number}/document")]
pub async fn get_coefficient_sheet_document(
    caller: Caller<ViewCoefficientSheets>,
    path: Path<(i64, i32)>,
) -> Result<impl Responder, Problem> {
    let (id, number) = path.into_inner();
    let content = super::content(&mut caller.context().await?, id, number).await?.logged().await?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(content))
}

/// Read a coefficient sheet as CSV for payroll. Whoever takes it away is recorded.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The file", body = Vec<u8>, content_type = "text/csv"),
))]
#[get("/review-cycles/{id}/coefficient-sheets/{number}.csv")]
pub async fn get_coefficient_sheet_csv(
    caller: Caller<ViewCoefficientSheets>,
    path: Path<(i64, i32)>,
) -> Result<impl Responder, Problem> {
    let (id, number) = path.into_inner();
    let cx = &mut caller.context().await?;
    let sheet = super::read(cx, id, number).await?.logged().await?;
    let detail = json!({ "sheet": sheet.head.sheet });
    cx.audit("export_coefficient_sheet", &format!("review_cycle/{id}"), detail).await?;
    let name = &sheet.head.sheet;
    let names = (format!("绩效系数表-{name}.csv"), format!("coefficient-sheet-{name}.csv"));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_DISPOSITION, attachment(names)))
        .content_type(csv::CONTENT_TYPE)
        .body(super::file(&sheet)?))
}

/// Sign a coefficient sheet off: HR first, then the general manager.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewSignOff, responses(
    (status = 201, description = "Signed off", body = CoefficientSheet),
    (status = 409, description = "It is signed off in this capacity already, by the caller in the other one, or HR comes first"),
))]
#[post("/review-cycles/{id}/coefficient-sheets/{number}/sign-offs")]
pub async fn sign_coefficient_sheet(
    caller: Caller<SignCoefficientSheets>,
    path: Path<(i64, i32)>,
    request: Keyed<NewSignOff>,
) -> Result<HttpResponse, Problem> {
    let (id, number) = path.into_inner();
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let sign = async |cx: &mut Context| super::sign(cx, id, number, &body).await?.logged().await;
    let operation = format!("sign_coefficient_sheet/{id}/{number}");
    cx.once(&operation, key.as_ref(), sign).await?.created(|_| Made::default())
}
