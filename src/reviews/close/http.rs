//! Closing a month over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::{Freeze, Outstanding};
use crate::auth::Caller;
use crate::auth::access::{RunReviews, ViewCycles};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem, etag};
use crate::reviews::generate::{self, Runner};
use crate::reviews::store::ReviewCycle;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// Read what is still missing for a month, by source and person, and who has to deliver it.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "What is outstanding", body = Outstanding),
    (status = 404, description = "There is no such cycle that the caller may see", body = ProblemBody),
    (status = 409, description = "No release scores the month", body = ProblemBody),
))]
#[get("/review-cycles/{id}/outstanding")]
pub async fn get_outstanding(
    caller: Caller<ViewCycles>,
    pool: Data<Pool>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Outstanding>, Problem> {
    let runner = Runner { user_id: Some(caller.identity.user_id), scope: caller.reach() };
    let rules = generate::rules_of(&pool, &folder, &library, *id, &runner, clock.now()).await?;
    super::outstanding(&mut *pool.get().await?, &rules.bundle, *id, &runner).await.map(Json)
}

/// Freeze the facts of a month: from now on scoring uses what is known now, and whatever arrives later waits as a
/// correction for a second person to decide on.
#[utoipa::path(tag = "reviews", request_body = Freeze, responses(
    (status = 200, description = "Frozen", body = ReviewCycle),
    (status = 404, description = "There is no such cycle that the caller may see", body = ProblemBody),
    (status = 409, description = "It is frozen already, or something is missing; the answer names the sources and people", body = ProblemBody),
))]
#[post("/review-cycles/{id}/freeze")]
pub async fn freeze_review_cycle(
    caller: Caller<RunReviews>,
    pool: Data<Pool>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<Freeze>,
) -> Result<impl Responder, Problem> {
    let now = clock.now();
    let runner = Runner { user_id: Some(caller.identity.user_id), scope: caller.reach() };
    let rules = generate::rules_of(&pool, &folder, &library, *id, &runner, now).await?;
    let cycle = super::freeze(&mut *pool.get().await?, &rules.bundle, *id, &body.0, &runner, now).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(cycle.version)).json(cycle))
}
