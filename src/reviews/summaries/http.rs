//! Summaries over HTTP.

use actix_web::get;
use actix_web::web::{Json, Path};

use super::{ReviewSummary, ReviewedMonth, SummaryFilter};
use crate::auth::Caller;
use crate::auth::access::ViewReviews;
use crate::http::{Page, PageQuery, Paged, Problem};

/// List what people's published months of a quarter or a year come to, by scheme.
///
/// A page counts people: somebody with two schemes has two summaries.
#[utoipa::path(tag = "reviews", params(SummaryFilter, PageQuery), responses(
    (status = 200, description = "A page of summaries", body = Page<ReviewSummary>),
))]
#[get("/review-summaries")]
pub async fn list_review_summaries(
    caller: Caller<ViewReviews>,
    query: Paged<SummaryFilter>,
) -> Result<Json<Page<ReviewSummary>>, Problem> {
    let summaries = super::list(&mut caller.context().await?, &query, query.window).await?;
    summaries.logged().await.map(Json)
}

/// List the last twelve months of a person, as far as they are published.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The months, in their order", body = Vec<ReviewedMonth>),
))]
#[get("/review-summaries/{employee_no}/months")]
pub async fn list_reviewed_months(
    caller: Caller<ViewReviews>,
    employee_no: Path<String>,
) -> Result<Json<Vec<ReviewedMonth>>, Problem> {
    let months = super::last_months(&mut caller.context().await?, &employee_no).await?;
    months.logged().await.map(Json)
}
