//! The way of review cycles over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{Responder, get, post, put};

use super::CycleOutlook;
use super::coverage::{self, Coverage};
use super::moves::{self, CycleMove, MoveOutcome, NewCycleMove, NewCycleMoves};
use super::terms::{self, ReviewTerms, StoreTerms};
use crate::auth::Caller;
use crate::auth::access::{ManageTerms, MoveCycles, ViewCalendar, ViewCycles};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Page, PageQuery, Paged, Problem};
use crate::reviews::generate;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// Move a review cycle on to its next state, or back to an earlier one for a reason.
#[utoipa::path(tag = "reviews", params(Seen), request_body = NewCycleMove, responses(
    (status = 200, description = "Moved", body = CycleOutlook),
    (status = 409, description = "There is no such step, or something is missing for it; the answer says which state it takes, or what is missing"),
))]
#[post("/review-cycles/{id}/moves")]
pub async fn move_review_cycle(
    caller: Caller<MoveCycles>,
    library: Data<Library>,
    id: Path<i64>,
    seen: Seen,
    body: Body<NewCycleMove>,
) -> Result<impl Responder, Problem> {
    let moved = moves::move_one(&mut caller.context().await?, &library, *id, &body.0, seen).await?;
    Ok(etag::ok(moved.cycle.version, moved))
}

/// List who moved a review cycle, when, and why back.
#[utoipa::path(tag = "reviews", params(PageQuery), responses(
    (status = 200, description = "A page of moves", body = Page<CycleMove>),
))]
#[get("/review-cycles/{id}/moves")]
pub async fn list_review_cycle_moves(
    caller: Caller<ViewCycles>,
    id: Path<i64>,
    query: Paged,
) -> Result<Json<Page<CycleMove>>, Problem> {
    moves::list(&mut caller.context().await?, *id, query.window).await.map(Json)
}

/// Move the review cycles of a month in many stores at once, each as far as it may.
#[utoipa::path(tag = "reviews", request_body = NewCycleMoves, responses(
    (status = 200, description = "What became of each store's cycle", body = Vec<MoveOutcome>),
))]
#[post("/review-cycle-moves")]
pub async fn move_review_cycles(
    caller: Caller<MoveCycles>,
    library: Data<Library>,
    body: Body<NewCycleMoves>,
) -> Result<Json<Vec<MoveOutcome>>, Problem> {
    moves::move_many(&mut caller.context().await?, &library, &body.0).await.map(Json)
}

/// List whom a review cycle covers, whom not, and why.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Whom it covers", body = Coverage),
    (status = 409, description = "No release scores the month"),
))]
#[get("/review-cycles/{id}/coverage")]
pub async fn get_review_coverage(
    caller: Caller<ViewCycles>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let rules = generate::rules_of(cx, &folder, &library, *id).await?;
    Ok(caller.language.answer(coverage::coverage(cx, &rules.bundle, *id).await?))
}

/// Read until when a store's reviews have to be where.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "Its terms", body = StoreTerms)))]
#[get("/review-terms/{store}")]
pub async fn get_review_terms(
    caller: Caller<ViewCalendar>,
    store: Path<String>,
) -> Result<impl Responder, Problem> {
    let terms = terms::read(&mut caller.context().await?, &store).await?;
    Ok(etag::ok(terms.version, terms))
}

/// Say until when a store's reviews have to be where, and how much of its leaderboard everybody sees.
#[utoipa::path(tag = "reviews", params(Seen), request_body = ReviewTerms, responses(
    (status = 200, description = "Its terms", body = StoreTerms),
))]
#[put("/review-terms/{store}")]
pub async fn put_review_terms(
    caller: Caller<ManageTerms>,
    store: Path<String>,
    seen: Seen,
    body: Body<ReviewTerms>,
) -> Result<impl Responder, Problem> {
    let terms = terms::put(&mut caller.context().await?, &store, body.0, seen).await?;
    Ok(etag::ok(terms.version, terms))
}
