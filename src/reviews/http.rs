//! Review cycles and reviews over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::cases::{self, ReviewCases};
use super::explain::{self, Access, Explanation, Review, ReviewFilter};
use super::generate::{self, Generated, Runner};
use super::levers::answer::Levers;
use super::replay::compare::Replay;
use super::store::{self, CycleFilter, ReviewCycle};
use super::{levers, replay};
use crate::auth::Caller;
use crate::auth::access::{RunReviews, ViewAccessLog, ViewCycles, ViewReviews};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::etag;
use crate::http::page::{self, Page, PageQuery};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;

/// A review cycle to open.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewCycle {
    /// Code of the store.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "JC")]
    pub store: String,
    /// The month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
}

/// Open the review cycle of a store's month.
#[utoipa::path(tag = "reviews", request_body = NewReviewCycle, responses(
    (status = 201, description = "Opened", body = ReviewCycle),
    (status = 409, description = "It has been opened already", body = ProblemBody),
))]
#[post("/review-cycles")]
pub async fn create_review_cycle(
    caller: Caller<RunReviews>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    body: Body<NewReviewCycle>,
) -> Result<impl Responder, Problem> {
    let by = Some(caller.identity.user_id);
    let new = body.0;
    let connection = &mut *pool.get().await?;
    let cycle =
        store::create_cycle(connection, &caller.reach(), &new.store, new.period, by, clock.now()).await?;
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, format!("/v1/review-cycles/{}", cycle.id)))
        .insert_header(etag::of(cycle.version))
        .json(cycle))
}

/// Which cycles to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CycleQuery {
    /// Only cycles of this store, by code.
    store: Option<String>,
    /// Only cycles of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List review cycles.
#[utoipa::path(tag = "reviews", params(CycleQuery), responses((status = 200, description = "A page of cycles", body = Page<ReviewCycle>)))]
#[get("/review-cycles")]
pub async fn list_review_cycles(
    caller: Caller<ViewCycles>,
    pool: Data<Pool>,
    query: Query<CycleQuery>,
) -> Result<Json<Page<ReviewCycle>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let filter = CycleFilter { id: None, store: query.store.clone(), period: query.period };
    let cycles =
        store::list_cycles(&mut *pool.get().await?, &caller.reach(), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(cycles, limit, |cycle| cycle.id)))
}

/// Read a review cycle.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The cycle", body = ReviewCycle),
    (status = 404, description = "There is no such cycle that the caller may see", body = ProblemBody),
))]
#[get("/review-cycles/{id}")]
pub async fn get_review_cycle(
    caller: Caller<ViewCycles>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let cycle = store::find_cycle(&mut *pool.get().await?, &caller.reach(), *id).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(cycle.version)).json(cycle))
}

/// Generate the reviews of a cycle: score everybody, and store what is new.
///
/// If neither facts nor rules have changed, nothing happens. Otherwise the next revision is written, and the previous
/// one kept.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Generated", body = Generated),
    (status = 404, description = "There is no such cycle that the caller may see", body = ProblemBody),
    (status = 409, description = "The cycle is past scoring, or no release scores the month", body = ProblemBody),
))]
#[post("/review-cycles/{id}/generate")]
pub async fn generate_reviews(
    caller: Caller<RunReviews>,
    pool: Data<Pool>,
    folder: Data<RulesFolder>,
    library: Data<Library>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let runner = Runner { user_id: Some(caller.identity.user_id), scope: caller.reach() };
    let generated = generate::generate(&pool, &folder, &library, *id, &runner, clock.now()).await?;
    Ok(HttpResponse::Ok().insert_header(etag::of(generated.cycle.version)).json(generated))
}

/// Which reviews to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReviewQuery {
    /// Only reviews of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only reviews from this unit and those below it, by code.
    unit: Option<String>,
    /// Only reviews of this position.
    position: Option<String>,
    /// Only reviews with this final grade, for example `S` or `NR`.
    grade: Option<String>,
    /// Only reviews of this person, by employee number 工号.
    employee_no: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List the reviews that count and that the caller may see.
#[utoipa::path(tag = "reviews", params(ReviewQuery), responses((status = 200, description = "A page of reviews", body = Page<Review>)))]
#[get("/reviews")]
pub async fn list_reviews(
    caller: Caller<ViewReviews>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<ReviewQuery>,
) -> Result<Json<Page<Review>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let query = query.into_inner();
    let filter = ReviewFilter {
        id: None,
        period: query.period,
        unit: query.unit,
        position: query.position,
        grade: query.grade,
        employee_no: query.employee_no,
    };
    let connection = &mut *pool.get().await?;
    let reviews =
        explain::list(connection, &caller.identity, &caller.reach(), &filter, after, limit, clock.now())
            .await?;
    Ok(Json(Page::of(reviews, limit, |review| review.id)))
}

/// Read a review with the reasons for every point.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The review, explained", body = Explanation),
    (status = 404, description = "There is no such review that the caller may see", body = ProblemBody),
))]
#[get("/reviews/{id}")]
pub async fn get_review(
    caller: Caller<ViewReviews>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Explanation>, Problem> {
    let connection = &mut *pool.get().await?;
    explain::explain(connection, &caller.identity, &caller.reach(), *id, clock.now()).await.map(Json)
}

/// Run a review again from its snapshot and its rules, and compare every byte.
///
/// A review that does not come out exactly as stored is an incident: the answer lists the differences, and the audit log
/// records them.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "Whether it came out the same, and every difference if not", body = Replay),
    (status = 404, description = "There is no such review that the caller may see", body = ProblemBody),
))]
#[post("/reviews/{id}/replay")]
pub async fn replay_review(
    caller: Caller<ViewReviews>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Replay>, Problem> {
    replay::of_review(&pool, &caller.identity, &caller.reach(), *id, clock.now()).await.map(Json)
}

/// Which cases of a review.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CaseQuery {
    /// Only the case for this rule; by default, one for every rule.
    #[param(example = "20_funnel_kpi")]
    rule: Option<String>,
}

/// List golden cases made from a review, ready to be stored beside its rules.
#[utoipa::path(tag = "reviews", params(CaseQuery), responses(
    (status = 200, description = "One case for each rule, and the rules for which none can be made", body = ReviewCases),
    (status = 404, description = "There is no such review that the caller may see", body = ProblemBody),
))]
#[get("/reviews/{id}/cases")]
pub async fn list_review_cases(
    caller: Caller<ViewReviews>,
    pool: Data<Pool>,
    library: Data<Library>,
    clock: Data<Clock>,
    id: Path<i64>,
    query: Query<CaseQuery>,
) -> Result<Json<ReviewCases>, Problem> {
    let which = (*id, query.into_inner().rule);
    let (reader, scope) = (&caller.identity, caller.reach());
    cases::of_review(&pool, &library, reader, &scope, which, clock.now()).await.map(Json)
}

/// List the changes to a review's inputs that would reach the next edge or the next grade, least effort first.
///
/// The rules that scored the review are run again with other values; nothing is estimated.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The levers", body = Levers),
    (status = 404, description = "There is no such review that the caller may see", body = ProblemBody),
))]
#[get("/reviews/{id}/levers")]
pub async fn list_review_levers(
    caller: Caller<ViewReviews>,
    pool: Data<Pool>,
    library: Data<Library>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Levers>, Problem> {
    let (reader, scope) = (&caller.identity, caller.reach());
    levers::of_review(&pool, &library, reader, &scope, *id, clock.now()).await.map(Json)
}

/// List who has read reviews. Consultants and telesales see who has read theirs; group administrators and auditors see
/// every reading.
#[utoipa::path(tag = "reviews", params(PageQuery), responses((status = 200, description = "A page of readings", body = Page<Access>)))]
#[get("/access-log")]
pub async fn list_accesses(
    caller: Caller<ViewAccessLog>,
    pool: Data<Pool>,
    query: Query<PageQuery>,
) -> Result<Json<Page<Access>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let accesses = explain::list_accesses(&mut *pool.get().await?, &caller.reach(), after, limit + 1).await?;
    Ok(Json(Page::of(accesses, limit, |access| access.id)))
}
