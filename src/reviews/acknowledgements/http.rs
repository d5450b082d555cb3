//! Acknowledgements, and receipts of the rules, over HTTP.

use actix_web::http::header::ContentType;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::receipts::{self, NewReceipt, Receipt};
use super::{Acknowledgements, Lapsed, NewAcknowledgement};
use crate::auth::access::{Acknowledge, ReceiveRules, RunReviews, ViewReceipts, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Page, PageQuery, Paged, Problem};
use crate::reviews::explain;
use crate::rules::library::Library;

/// Read how a review has been acknowledged: who was told, how, when and until when, and what was answered.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Its state and every act", body = Acknowledgements),
))]
#[get("/reviews/{id}/acknowledgements")]
pub async fn list_acknowledgements(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<Json<Acknowledgements>, Problem> {
    let found = super::list(&mut caller.context().await?, &library, *id).await?;
    found.logged().await.map(Json)
}

/// Record an act about a published review: the person has seen it, confirms it, or objects; somebody else has told the
/// person, before two witnesses was refused, or could not reach the person.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewAcknowledgement, responses(
    (status = 201, description = "Recorded", body = Acknowledgements),
    (status = 409, description = "It is not published, another revision is in force, or the act does not follow the last one"),
))]
#[post("/reviews/{id}/acknowledgements")]
pub async fn create_acknowledgement(
    caller: Caller<Acknowledge>,
    library: Data<Library>,
    id: Path<i64>,
    request: Keyed<NewAcknowledgement>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let record = async |cx: &mut Context| super::record(cx, &library, *id, &body).await;
    let operation = format!("create_acknowledgement/{id}");
    cx.once(&operation, key.as_ref(), record).await?.created(|_| Made::default())
}

/// Read the document of a review: what acknowledgements hash. Its SHA-256 is that of these very bytes.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Totals, reasons and rules in Chinese", body = serde_json::Value, content_type = "application/json"),
))]
#[get("/reviews/{id}/document")]
pub async fn get_review_document(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let document = explain::document(&mut caller.context().await?, &library, *id).await?;
    Ok(HttpResponse::Ok().insert_header(ContentType::json()).body(document.logged().await?))
}

/// Let the terms of a published cycle lapse that have ended without an answer. Locking it does the same.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "How many lapsed", body = Lapsed),
    (status = 409, description = "The cycle is not published"),
))]
#[post("/review-cycles/{id}/lapse")]
pub async fn lapse_review_cycle(caller: Caller<RunReviews>, id: Path<i64>) -> Result<Json<Lapsed>, Problem> {
    super::lapse_cycle(&mut caller.context().await?, *id).await.map(Json)
}

/// List who has received a release of the rules, as far as the caller reaches.
#[utoipa::path(tag = "rules", params(PageQuery), responses(
    (status = 200, description = "A page of receipts", body = Page<Receipt>),
))]
#[get("/rules/releases/{id}/receipts")]
pub async fn list_rule_receipts(
    caller: Caller<ViewReceipts>,
    id: Path<i64>,
    query: Paged,
) -> Result<Json<Page<Receipt>>, Problem> {
    receipts::list(&mut caller.context().await?, *id, query.window).await.map(Json)
}

/// Record that somebody has received a release of the rules: the own receipt, or, on paper, that of somebody else.
#[utoipa::path(tag = "rules", params(Key), request_body = NewReceipt, responses(
    (status = 201, description = "Recorded", body = Receipt),
    (status = 409, description = "It has been recorded already"),
))]
#[post("/rules/releases/{id}/receipts")]
pub async fn create_rule_receipt(
    caller: Caller<ReceiveRules>,
    id: Path<i64>,
    request: Keyed<NewReceipt>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let record = async |cx: &mut Context| receipts::record(cx, *id, &body).await;
    let operation = format!("create_rule_receipt/{id}");
    cx.once(&operation, key.as_ref(), record).await?.created(|_| Made::default())
}
