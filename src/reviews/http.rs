//! Review cycles and reviews over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::accesses::{self, Access};
use super::cases::{self, CaseQuery, ReviewCases};
use super::changes::{self, ChangesQuery, ReviewChanges};
use super::cycle::{self, CycleOutlook};
use super::explain::{self, Explanation};
use super::generate::{self, Generated};
use super::levers::answer::Levers;
use super::listing::{self, Review, ReviewFilter};
use super::replay::compare::Replay;
use super::store::{self, CycleFilter, NewReviewCycle, ReviewCycle};
use super::waiver::{self, Waiver};
use super::{levers, replay};
use crate::auth::access::{CheckReviews, RunReviews, ViewAccessLog, ViewCycles, ViewReviews};
use crate::auth::{Caller, Context};
use crate::http::idempotency::{Key, Keyed, Made};
use crate::http::{Page, PageQuery, Paged, Problem, Query, etag};
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// Open the review cycle of a store's month.
#[utoipa::path(tag = "reviews", params(Key), request_body = NewReviewCycle, responses(
    (status = 201, description = "Opened", body = ReviewCycle),
    (status = 409, description = "It has been opened already"),
))]
#[post("/review-cycles")]
pub async fn create_review_cycle(
    caller: Caller<RunReviews>,
    request: Keyed<NewReviewCycle>,
) -> Result<HttpResponse, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let create = async |cx: &mut Context| store::create_cycle(cx, body).await;
    cx.once("create_review_cycle", key.as_ref(), create).await?.created(|cycle| Made {
        location: Some(format!("/v1/review-cycles/{}", cycle.id)),
        version: Some(cycle.version),
    })
}

/// List review cycles.
#[utoipa::path(tag = "reviews", params(CycleFilter, PageQuery), responses(
    (status = 200, description = "A page of cycles", body = Page<CycleOutlook>),
))]
#[get("/review-cycles")]
pub async fn list_review_cycles(
    caller: Caller<ViewCycles>,
    query: Paged<CycleFilter>,
) -> Result<Json<Page<CycleOutlook>>, Problem> {
    let cx = &mut caller.context().await?;
    let Page { items, next_cursor } = store::list_cycles(cx, &query, query.window).await?;
    Ok(Json(Page { items: cycle::outlooks(cx, items).await?, next_cursor }))
}

/// Read a review cycle: where it is, until when, and what the caller may do with it.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The cycle", body = CycleOutlook)))]
#[get("/review-cycles/{id}")]
pub async fn get_review_cycle(caller: Caller<ViewCycles>, id: Path<i64>) -> Result<impl Responder, Problem> {
    let outlook = cycle::outlook(&mut caller.context().await?, *id).await?;
    Ok(etag::ok(outlook.cycle.version, outlook))
}

/// Generate the reviews of a cycle: score everybody, and store what is new.
///
/// If neither facts nor rules have changed, nothing happens. Otherwise the next revision is written, and the previous
/// one kept.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Generated", body = Generated),
    (status = 409, description = "The cycle is past scoring, or no release scores the month"),
))]
#[post("/review-cycles/{id}/generate")]
pub async fn generate_reviews(
    caller: Caller<RunReviews>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let generated = generate::generate(caller.context().await?, &folder, &library, *id).await?;
    Ok(etag::ok(generated.cycle.version, generated))
}

/// List the reviews that count and that the caller may see.
#[utoipa::path(tag = "reviews", params(ReviewFilter, PageQuery), responses(
    (status = 200, description = "A page of reviews", body = Page<Review>),
))]
#[get("/reviews")]
pub async fn list_reviews(
    caller: Caller<ViewReviews>,
    query: Paged<ReviewFilter>,
) -> Result<Json<Page<Review>>, Problem> {
    let page = listing::list(&mut caller.context().await?, &query, query.window).await?;
    page.logged().await.map(Json)
}

/// Read a review with the reasons for every point.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The review, explained", body = Explanation),
    (status = 410, description = "It has been erased: when, why, and the SHA-256 of what its document was"),
))]
#[get("/reviews/{id}")]
pub async fn get_review(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let explanation = explain::explain(&mut caller.context().await?, &library, *id).await?;
    Ok(caller.language.answer(explanation.logged().await?))
}

/// Waive by name what a review has to be looked at for, so that it can be published without a total.
#[utoipa::path(tag = "reviews", params(Key), request_body = Waiver, responses(
    (status = 204, description = "Waived"),
    (status = 409, description = "It needs no attention, has been waived already, or is the caller's own"),
))]
#[post("/reviews/{id}/waiver")]
pub async fn waive_review_attention(
    caller: Caller<CheckReviews>,
    id: Path<i64>,
    request: Keyed<Waiver>,
) -> Result<impl Responder, Problem> {
    let (cx, Keyed { key, body }) = (&mut caller.context().await?, request);
    let waive = async |cx: &mut Context| waiver::waive(cx, *id, &body).await;
    cx.once(&format!("waive_review_attention/{id}"), key.as_ref(), waive).await?;
    Ok(HttpResponse::NoContent())
}

/// Compare a review with an earlier revision of it, item by item, with the cause of each difference.
#[utoipa::path(tag = "reviews", params(ChangesQuery), responses(
    (status = 200, description = "What changed, and why", body = ReviewChanges),
))]
#[get("/reviews/{id}/changes")]
pub async fn get_review_changes(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
    query: Query<ChangesQuery>,
) -> Result<Json<ReviewChanges>, Problem> {
    let changes = changes::changes(&mut caller.context().await?, &library, *id, query.0).await?;
    changes.logged().await.map(Json)
}

/// Run a review again from its inputs and its rules, and compare everything.
///
/// A review that does not come out exactly as stored is an incident: the answer lists the differences, and the audit log
/// records them.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Whether it came out the same, and every difference if not", body = Replay),
))]
#[post("/reviews/{id}/replay")]
pub async fn replay_review(caller: Caller<ViewReviews>, id: Path<i64>) -> Result<Json<Replay>, Problem> {
    replay::of_review(&mut caller.context().await?, *id).await.map(Json)
}

/// List golden cases made from a review, ready to be stored beside its rules.
#[utoipa::path(tag = "reviews", params(CaseQuery), responses(
    (status = 200, description = "One case for each rule, and the rules for which none can be made", body = ReviewCases),
))]
#[get("/reviews/{id}/cases")]
pub async fn list_review_cases(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
    query: Query<CaseQuery>,
) -> Result<Json<ReviewCases>, Problem> {
    cases::of_review(caller.context().await?, &library, *id, query.0).await.map(Json)
}

/// List the changes to a review's inputs that would reach the next edge or the next grade, least effort first.
///
/// The rules that scored the review are run again with other values; nothing is estimated.
#[utoipa::path(tag = "reviews", responses((status = 200, description = "The levers", body = Levers)))]
#[get("/reviews/{id}/levers")]
pub async fn list_review_levers(
    caller: Caller<ViewReviews>,
    library: Data<Library>,
    id: Path<i64>,
) -> Result<Json<Levers>, Problem> {
    levers::of_review(caller.context().await?, &library, *id).await.map(Json)
}

/// List who has read reviews. Consultants see who has read theirs; group administrators and auditors see every reading.
#[utoipa::path(tag = "reviews", params(PageQuery), responses(
    (status = 200, description = "A page of readings", body = Page<Access>),
))]
#[get("/access-log")]
pub async fn list_accesses(
    caller: Caller<ViewAccessLog>,
    query: Paged,
) -> Result<Json<Page<Access>>, Problem> {
    accesses::list(&mut caller.context().await?, query.window).await.map(Json)
}
