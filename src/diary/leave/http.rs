//! Kinds of leave over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{get, put};

use super::{LeaveType, LeaveTypeDetails};
use crate::auth::Caller;
use crate::auth::access::{ManageLeaveTypes, ViewSelf};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};

/// List the kinds of leave, and which are protected: attendance files have a column for each.
#[utoipa::path(tag = "facts", responses((status = 200, description = "Protected ones first", body = Vec<LeaveType>)))]
#[get("/leave-types")]
pub async fn list_leave_types(
    _caller: Caller<ViewSelf>,
    pool: Data<Pool>,
) -> Result<Json<Vec<LeaveType>>, Problem> {
    super::list(&mut *pool.get().await?).await.map(Json)
}

/// Add a kind of leave, or say whether it is protected. What was imported before stays as it is.
#[utoipa::path(tag = "facts", request_body = LeaveTypeDetails,
    params(("name" = String, Path, description = "What files call it, for example 产假")),
    responses(
        (status = 200, description = "As it is kept now", body = LeaveType),
        (status = 422, description = "Fields at fault, or a name that another kind of leave has", body = ProblemBody),
    ))]
#[put("/leave-types/{name}")]
pub async fn put_leave_type(
    caller: Caller<ManageLeaveTypes>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    name: Path<String>,
    body: Body<LeaveTypeDetails>,
) -> Result<Json<LeaveType>, Problem> {
    let by = Some(caller.identity.user_id);
    super::put(&mut *pool.get().await?, &name, body.0, by, clock.now()).await.map(Json)
}
