//! Retention over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post, put};

use super::due::{self, Due, DueQuery};
use super::holds::{self, HoldFilter, HoldRelease, LegalHold, NewLegalHold};
use super::policy::{self, Retention, RetentionPolicy};
use super::requests::{self, Erasure, ErasureDecision, ErasureFilter, NewErasure};
use crate::auth::access::{EraseData, HoldData, ManageRetention, ViewRetention};
use crate::auth::{Caller, Context};
use crate::http::etag::{self, Seen};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Body, Page, PageQuery, Paged, Problem, Query};
use crate::rules::library::Library;

/// Read how long things are kept.
#[utoipa::path(tag = "retention", responses(
    (status = 200, description = "The policy; its ETag goes into If-Match", body = Retention),
))]
#[get("/retention")]
pub async fn get_retention(caller: Caller<ViewRetention>) -> Result<impl Responder, Problem> {
    let retention = policy::read(caller.context().await?.db()).await?;
    Ok(etag::ok(retention.version, retention))
}

/// Say how long things are kept, for the whole group. What is due then goes with the next run.
#[utoipa::path(tag = "retention", params(Seen), request_body = RetentionPolicy, responses(
    (status = 200, description = "The policy", body = Retention),
))]
#[put("/retention")]
pub async fn put_retention(
    caller: Caller<ManageRetention>,
    seen: Seen,
    body: Body<RetentionPolicy>,
) -> Result<impl Responder, Problem> {
    let retention = policy::put(&mut caller.context().await?, body.0, seen).await?;
    Ok(etag::ok(retention.version, retention))
}

/// List what is due to be erased and what keeps it, in the stores that the caller reaches. Nothing is done.
#[utoipa::path(tag = "retention", params(DueQuery), responses((status = 200, description = "What is due", body = Due)))]
#[get("/retention/due")]
pub async fn get_retention_due(
    caller: Caller<ViewRetention>,
    query: Query<DueQuery>,
) -> Result<Json<Due>, Problem> {
    due::due(&mut caller.context().await?, query.0.as_of).await.map(Json)
}

/// List legal holds: on people and stores that the caller reaches, and on everybody.
#[utoipa::path(tag = "retention", params(HoldFilter, PageQuery), responses(
    (status = 200, description = "A page of holds", body = Page<LegalHold>),
))]
#[get("/legal-holds")]
pub async fn list_legal_holds(
    caller: Caller<ViewRetention>,
    query: Paged<HoldFilter>,
) -> Result<Json<Page<LegalHold>>, Problem> {
    holds::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Place a legal hold on a person, on a store or on everybody: what is held is not erased, whatever its term says.
#[utoipa::path(tag = "retention", params(Key), request_body = NewLegalHold, responses(
    (status = 201, description = "Placed", body = LegalHold),
))]
#[post("/legal-holds")]
pub async fn place_legal_hold(
    caller: Caller<HoldData>,
    request: Keyed<NewLegalHold>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let place = async |cx: &mut Context| holds::place(cx, &body).await;
    cx.once("place_legal_hold", key.as_ref(), place).await?.created(|hold| Made {
        location: Some(format!("/v1/legal-holds/{}", hold.id)),
        version: Some(hold.version),
    })
}

/// Release a legal hold that somebody else has placed.
#[utoipa::path(tag = "retention", params(Seen), request_body = HoldRelease, responses(
    (status = 200, description = "Released", body = LegalHold),
    (status = 409, description = "It was released already, or was placed by the caller"),
))]
#[post("/legal-holds/{id}/release")]
pub async fn release_legal_hold(
    caller: Caller<HoldData>,
    id: Path<i64>,
    seen: Seen,
    body: Body<HoldRelease>,
) -> Result<impl Responder, Problem> {
    let hold = holds::release(&mut caller.context().await?, *id, &body.0, seen).await?;
    Ok(etag::ok(hold.version, hold))
}

/// List the erasures of people whom the caller reaches: proposed, refused and done.
#[utoipa::path(tag = "retention", params(ErasureFilter, PageQuery), responses(
    (status = 200, description = "A page of erasures", body = Page<Erasure>),
))]
#[get("/erasures")]
pub async fn list_erasures(
    caller: Caller<ViewRetention>,
    query: Paged<ErasureFilter>,
) -> Result<Json<Page<Erasure>>, Problem> {
    requests::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Propose that everything of a person is erased. It happens once somebody else has approved it.
#[utoipa::path(tag = "retention", request_body = NewErasure, responses(
    (status = 201, description = "Proposed", body = Erasure),
    (status = 409, description = "It is the caller, somebody who is still posted or held, the term is not over, a month is \
        under way, or one is proposed already"),
))]
#[post("/employees/{employee_no}/erasure")]
pub async fn propose_erasure(
    caller: Caller<EraseData>,
    employee_no: Path<String>,
    body: Body<NewErasure>,
) -> Result<impl Responder, Problem> {
    let erasure = requests::propose(&mut caller.context().await?, &employee_no, &body.0).await?;
    Ok(etag::created("/v1/erasures", erasure.version, &erasure))
}

/// Decide on an erasure that somebody else has proposed. Approved, the data goes at once and for good: sums of units, hashes and
/// the audit trail's chain stay.
#[utoipa::path(tag = "retention", params(Seen), request_body = ErasureDecision, responses(
    (status = 200, description = "Decided", body = Erasure),
    (status = 409, description = "It is decided already, was proposed by the caller, is about the caller, or something keeps \
        the data now"),
))]
#[post("/erasures/{id}/decision")]
pub async fn decide_erasure(
    caller: Caller<EraseData>,
    library: Data<Library>,
    id: Path<i64>,
    seen: Seen,
    body: Body<ErasureDecision>,
) -> Result<impl Responder, Problem> {
    let erasure = requests::decide(&mut caller.context().await?, &library, *id, &body.0, seen).await?;
    Ok(etag::ok(erasure.version, erasure))
}

/// Take back an erasure that the caller has proposed.
#[utoipa::path(tag = "retention", params(Seen), responses(
    (status = 200, description = "Withdrawn", body = Erasure),
    (status = 409, description = "It is decided already"),
))]
#[post("/erasures/{id}/withdraw")]
pub async fn withdraw_erasure(
    caller: Caller<EraseData>,
    id: Path<i64>,
    seen: Seen,
) -> Result<impl Responder, Problem> {
    let erasure = requests::withdraw(&mut caller.context().await?, *id, seen).await?;
    Ok(etag::ok(erasure.version, erasure))
}
