//! Kinds of leave over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{HttpResponse, Responder, get, post, put};

use super::protection::{self, LeaveProtectionDecision, NewLeaveProtection};
use super::{KeptLeaveType, LeaveTypeDetails};
use crate::auth::access::{DecideLeaveProtection, ManageLeaveTypes, ViewLeaveTypes};
use crate::auth::{Caller, Context};
use crate::http::etag::{self, Seen};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Body, Problem};

/// List the kinds of leave, and which are protected: attendance files have a column for each.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Protected ones first", body = Vec<KeptLeaveType>)))]
#[get("/leave-types")]
pub async fn list_leave_types(caller: Caller<ViewLeaveTypes>) -> Result<Json<Vec<KeptLeaveType>>, Problem> {
    super::list(&mut caller.context().await?).await.map(Json)
}

/// Add a kind of leave, or name it otherwise; `"0"` in If-Match adds one. What all stores share is the group's to change. A new kind
/// is used once it was said whether it is protected.
#[utoipa::path(tag = "facts", request_body = LeaveTypeDetails,
    params(("name" = String, Path, description = "Its name in files, for example 产假"), Seen),
    responses((status = 200, description = "The kind of leave as it is now", body = KeptLeaveType)))]
#[put("/leave-types/{name}")]
pub async fn put_leave_type(
    caller: Caller<ManageLeaveTypes>,
    name: Path<String>,
    seen: Seen,
    body: Body<LeaveTypeDetails>,
) -> Result<impl Responder, Problem> {
    let kept = super::put(&mut caller.context().await?, &name, body.0, seen).await?;
    Ok(etag::ok(kept.named.version, kept))
}

/// Say whether a kind of leave is protected from a month on. Somebody else approves it, unless the kind is new and not protected.
/// What was recorded before stays as it is.
#[utoipa::path(tag = "facts", request_body = NewLeaveProtection,
    params(("name" = String, Path, description = "The kind of leave"), Key),
    responses(
        (status = 201, description = "Said; the kind of leave as it is now", body = KeptLeaveType),
        (status = 409, description = "A store has frozen the month, or something waits for a decision already"),
    ))]
#[post("/leave-types/{name}/protections")]
pub async fn propose_leave_protection(
    caller: Caller<ManageLeaveTypes>,
    name: Path<String>,
    request: Keyed<NewLeaveProtection>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let propose = async |cx: &mut Context| protection::propose(cx, &name, &body).await;
    let operation = format!("propose_leave_protection/{name}");
    cx.once(&operation, key.as_ref(), propose).await?.created(|_| Made { location: None, version: None })
}

/// Decide on what somebody else has said of a kind of leave.
#[utoipa::path(tag = "facts", request_body = LeaveProtectionDecision,
    params(("name" = String, Path, description = "The kind of leave"), ("id" = i64, Path, description = "What was said"), Seen),
    responses(
        (status = 200, description = "Decided; the kind of leave as it is now", body = KeptLeaveType),
        (status = 409, description = "It is decided already, was said by the caller, or a store has frozen the month"),
    ))]
#[post("/leave-types/{name}/protections/{id}/decision")]
pub async fn decide_leave_protection(
    caller: Caller<DecideLeaveProtection>,
    path: Path<(String, i64)>,
    seen: Seen,
    body: Body<LeaveProtectionDecision>,
) -> Result<Json<KeptLeaveType>, Problem> {
    let (name, id) = path.into_inner();
    protection::decide(&mut caller.context().await?, (&name, id), &body.0, seen).await.map(Json)
}

/// Take back what the caller has said of a kind of leave.
#[utoipa::path(tag = "facts",
    params(("name" = String, Path, description = "The kind of leave"), ("id" = i64, Path, description = "What was said"), Seen),
    responses(
        (status = 200, description = "Withdrawn; the kind of leave as it is now", body = KeptLeaveType),
        (status = 409, description = "It is decided already"),
    ))]
#[post("/leave-types/{name}/protections/{id}/withdraw")]
pub async fn withdraw_leave_protection(
    caller: Caller<ManageLeaveTypes>,
    path: Path<(String, i64)>,
    seen: Seen,
) -> Result<Json<KeptLeaveType>, Problem> {
    let (name, id) = path.into_inner();
    protection::withdraw(&mut caller.context().await?, (&name, id), seen).await.map(Json)
}
