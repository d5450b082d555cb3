//! Kinds of leave over HTTP.

use actix_web::web::{Json, Path};
use actix_web::{get, put};

use super::{LeaveType, LeaveTypeDetails};
use crate::auth::Caller;
use crate::auth::access::{ManageLeaveTypes, ViewSelf};
use crate::http::{Body, Problem};

/// List the kinds of leave, and which are protected: attendance files have a column for each.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Protected ones first", body = Vec<LeaveType>)))]
#[get("/leave-types")]
pub async fn list_leave_types(caller: Caller<ViewSelf>) -> Result<Json<Vec<LeaveType>>, Problem> {
    super::list(caller.context().await?.db()).await.map(Json)
}

/// Add a kind of leave, or say whether it is protected. What was imported before stays as it is.
#[utoipa::path(tag = "facts", request_body = LeaveTypeDetails,
    params(("name" = String, Path, description = "Its name in files, for example 产假")),
    responses((status = 200, description = "The kind of leave as it is now", body = LeaveType)))]
#[put("/leave-types/{name}")]
pub async fn put_leave_type(
    caller: Caller<ManageLeaveTypes>,
    name: Path<String>,
    body: Body<LeaveTypeDetails>,
) -> Result<Json<LeaveType>, Problem> {
    super::put(&mut caller.context().await?, &name, body.0).await.map(Json)
}
