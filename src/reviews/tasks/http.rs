//! Tasks over HTTP.

use actix_web::web::Data;
use actix_web::{Responder, get};

use super::Task;
use crate::auth::Caller;
use crate::auth::access::ViewSelf;
use crate::http::Problem;
use crate::rules::library::Library;

/// List what waits for the caller, since when and until when, with the operation that does it.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The tasks", body = Vec<Task>)))]
#[get("/tasks")]
pub async fn list_tasks(caller: Caller<ViewSelf>, library: Data<Library>) -> Result<impl Responder, Problem> {
    let tasks = super::of_caller(&mut caller.context().await?, &library).await?;
    Ok(caller.language.answer(tasks))
}
