//! Appeals over HTTP.

use actix_web::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{Bytes, Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder, get, post};

use super::evidence::{self, Evidence, EvidenceFile, EvidenceLink, EvidenceQuery};
use super::golden_case::{self, KeptGoldenCase, NewGoldenCase};
use super::{Appeal, AppealDecision, AppealDossier, AppealFilter, AppealNote, AppealStep, NewAppeal};
use crate::auth::access::{Contribute, DecideAppeals, DraftRules, FileAppeals, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::etag::{self, Seen};
use crate::http::idempotency::{Key, KeyName, Keyed, Made};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query, body};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// List the appeals that the caller sees.
#[utoipa::path(tag = "reviews", params(AppealFilter, PageQuery), responses(
    (status = 200, description = "A page of appeals", body = Page<Appeal>),
))]
#[get("/appeals")]
pub async fn list_appeals(
    caller: Caller<ViewReviews>,
    query: Paged<AppealFilter>,
) -> Result<Json<Page<Appeal>>, Problem> {
    let page = super::list(&mut caller.context().await?, &query, query.window).await?;
    page.logged().await.map(Json)
}

/// Read an appeal with what was done with it and what was brought as evidence.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The appeal", body = AppealDossier)))]
#[get("/appeals/{id}")]
pub async fn get_appeal(caller: Caller<ViewReviews>, id: Path<i64>) -> Result<impl Responder, Problem> {
    let dossier = super::dossier(&mut caller.context().await?, *id).await?.logged().await?;
    Ok(etag::ok(dossier.appeal.version, dossier))
}

/// Dispute an item of the own published review, within the term.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewAppeal, responses(
    (status = 201, description = "Filed", body = AppealDossier),
    (status = 409, description = "The review is not published, the term is over, or an appeal of the item is open"),
))]
#[post("/reviews/{id}/appeals")]
pub async fn file_appeal(
    caller: Caller<FileAppeals>,
    library: Data<Library>,
    id: Path<i64>,
    request: Keyed<NewAppeal>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let file = async |cx: &mut Context| super::file(cx, &library, *id, &body).await;
    cx.once(&format!("file_appeal/{id}"), key.as_ref(), file).await?.created(|filed| Made {
        location: Some(format!("/v1/appeals/{}", filed.appeal.id)),
        version: Some(filed.appeal.version),
    })
}

/// Take up an appeal: the caller looks into it.
#[utoipa::path(tag = "reviews", params(Seen), responses(
    (status = 200, description = "Taken up", body = AppealDossier),
    (status = 409, description = "Its state does not allow it, or the caller had a part in the review"),
))]
#[post("/appeals/{id}/take-up")]
pub async fn take_up_appeal(
    caller: Caller<DecideAppeals>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let dossier = super::step(cx, *id, AppealStep::TakeUp, None, seen).await?;
    Ok(etag::ok(dossier.appeal.version, dossier))
}

/// Ask the person for material.
#[utoipa::path(tag = "reviews", params(Seen), request_body = AppealNote, responses(
    (status = 200, description = "Asked", body = AppealDossier),
    (status = 409, description = "Its state does not allow it, or the caller had a part in the review"),
))]
#[post("/appeals/{id}/material-request")]
pub async fn request_appeal_material(
    caller: Caller<DecideAppeals>,
    id: Path<i64>,
    seen: Seen,
    body: Body<AppealNote>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let dossier = super::step(cx, *id, AppealStep::AskForMaterial, Some(&body.0.note), seen).await?;
    Ok(etag::ok(dossier.appeal.version, dossier))
}

/// Take back the own appeal.
#[utoipa::path(tag = "reviews", params(Seen), responses(
    (status = 200, description = "Withdrawn", body = AppealDossier),
    (status = 409, description = "It is over"),
))]
#[post("/appeals/{id}/withdraw")]
pub async fn withdraw_appeal(
    caller: Caller<FileAppeals>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let dossier = super::step(cx, *id, AppealStep::Withdraw, None, seen).await?;
    Ok(etag::ok(dossier.appeal.version, dossier))
}

/// Decide an appeal. Where points change, the review has another revision.
#[utoipa::path(tag = "reviews", params(Seen), request_body = AppealDecision, responses(
    (status = 200, description = "Decided", body = AppealDossier),
    (status = 409, description = "It has not been taken up, is decided already, or the caller had a part in the review"),
))]
#[post("/appeals/{id}/decision")]
pub async fn decide_appeal(
    caller: Caller<DecideAppeals>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
    seen: Seen,
    body: Body<AppealDecision>,
) -> Result<impl Responder, Problem> {
    let rules = (&**folder, &**library);
    let dossier = super::decide(&mut caller.context().await?, rules, *id, &body.0, seen).await?;
    Ok(etag::ok(dossier.appeal.version, dossier))
}

/// Keep a decided appeal as a golden case of the rule that it disputed, in a draft of the rules.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewGoldenCase, responses(
    (status = 201, description = "Kept; the draft has a new version", body = KeptGoldenCase),
    (status = 409, description = "It is not decided, no case can be made of it, or the draft cannot take it"),
))]
#[post("/appeals/{id}/golden-case")]
pub async fn keep_golden_case(
    caller: Caller<DraftRules>,
    library: Data<Library>,
    id: Path<i64>,
    request: Keyed<NewGoldenCase>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let keep = async |cx: &mut Context| golden_case::keep(cx, &library, *id, &body).await;
    cx.once(&format!("keep_golden_case/{id}"), key.as_ref(), keep).await?.created(|kept| Made {
        location: Some(format!("/v1/rules/drafts/{}/files/{}", kept.draft, kept.case.file)),
        version: Some(kept.draft_version),
    })
}

/// Bring a file as evidence: the body is the file, up to 5 MiB.
#[utoipa::path(tag = "reviews", params(EvidenceQuery, Key),
    request_body(content = inline(crate::http::bounds::EvidenceFile), content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "Added", body = Evidence),
        (status = 409, description = "The appeal is over"),
    ))]
#[post("/appeals/{id}/evidence")]
pub async fn add_appeal_evidence(
    caller: Caller<Contribute>,
    id: Path<i64>,
    query: Query<EvidenceQuery>,
    key: KeyName,
    request: HttpRequest,
    file: Result<Bytes, actix_web::Error>,
) -> Result<HttpResponse, Problem> {
    let content = Vec::from(file.map_err(|error| body::unreadable(&error))?);
    let media_type = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let media_type = media_type.unwrap_or("application/octet-stream").chars().take(100).collect();
    let (cx, key) = (&mut caller.context().await?, key.with(&content));
    let operation = format!("add_appeal_evidence/{id}/{}", query.0.name);
    let file = EvidenceFile { name: query.0.name, media_type, content };
    let add = async |cx: &mut Context| evidence::add_file(cx, *id, file).await;
    cx.once(&operation, key.as_ref(), add).await?.created(|_| Made::default())
}

/// Name evidence that is kept elsewhere, with its hash.
#[utoipa::path(tag = "reviews", params(Key), request_body = EvidenceLink, responses(
    (status = 201, description = "Added", body = Evidence),
    (status = 409, description = "The appeal is over"),
))]
#[post("/appeals/{id}/evidence-links")]
pub async fn add_appeal_evidence_link(
    caller: Caller<Contribute>,
    id: Path<i64>,
    request: Keyed<EvidenceLink>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let add = async |cx: &mut Context| evidence::add_link(cx, *id, &body).await;
    let operation = format!("add_appeal_evidence_link/{id}");
    cx.once(&operation, key.as_ref(), add).await?.created(|_| Made::default())
}

/// Read a file that was brought as evidence.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
))]
#[get("/appeals/{id}/evidence/{evidence}")]
pub async fn get_appeal_evidence(
    caller: Caller<ViewReviews>,
    path: Path<(i64, i64)>,
) -> Result<HttpResponse, Problem> {
    let (appeal, id) = path.into_inner();
    let file = evidence::read(&mut caller.context().await?, appeal, id).await?;
    // Nothing of it runs in a browser: it is a download, whatever it says it is.
    Ok(HttpResponse::Ok()
        .content_type("application/octet-stream")
        .insert_header((CONTENT_DISPOSITION, "attachment"))
        .body(file.content))
}
