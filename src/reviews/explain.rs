//! One review, explained point by point.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Text};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::listing::{self, Review, ReviewFilter, ReviewLine, named_reviews, review_columns};
use super::snapshot::Snapshot;
use crate::auth::scope::{CallerScope, reaches_month};
use crate::auth::{Context, Reading};
use crate::db::sql;
use crate::http::Problem;
use crate::rules::scoring::RuleResult;

/// A review with everything needed to understand and dispute it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// The review.
    pub review: Review,
    /// Why the final grade is what it is, in Chinese.
    pub grade_reasons: Vec<String>,
    /// Every rule with its points, its inputs, and what it did step by step.
    pub rules: Vec<RuleResult>,
    /// Everything that went into it.
    pub snapshot: Snapshot,
    /// SHA-256 of the rules it was scored with.
    pub bundle: String,
}

#[derive(QueryableByName)]
struct ReviewRow {
    #[diesel(embed)]
    line: ReviewLine,
    #[diesel(sql_type = Array<Text>)]
    grade_reasons: Vec<String>,
    #[diesel(sql_type = Text)]
    snapshot: String,
    #[diesel(sql_type = Text)]
    trace: String,
    #[diesel(sql_type = Text)]
    bundle_hash: String,
}

/// The review with an id, whichever revision it is.
const BY_ID: &str = concat!(
    "SELECT ",
    review_columns!(),
    ", r.grade_reasons, r.snapshot, r.trace, r.bundle_hash",
    named_reviews!(),
    "WHERE r.id = $1"
);
/// The same, if it is reached.
const BY_ID_IF_REACHED: &str = concat!(
    "SELECT ",
    review_columns!(),
    ", r.grade_reasons, r.snapshot, r.trace, r.bundle_hash",
    named_reviews!(),
    "WHERE r.id = $1 AND ",
    reaches_month!("$2", "r.employee_id", "r.unit_id", "c.period")
);

/// One review, as stored. One that the caller does not reach does not exist.
async fn row(cx: &mut Context, id: i64) -> Result<ReviewRow, Problem> {
    let statement = match cx.scope.is_everything() {
        true => sql(BY_ID).bind::<BigInt, _>(id),
        false => sql(BY_ID_IF_REACHED).bind::<BigInt, _>(id).bind::<CallerScope, _>(cx.scope.clone()),
    };
    let found = statement.get_result(cx.db()).await.optional()?;
    found.ok_or_else(|| Problem::not_found("review"))
}

/// One review, explained. Reading other people's is logged.
pub async fn explain(cx: &mut Context, id: i64) -> Result<Reading<Explanation>, Problem> {
    let row = row(cx, id).await?;
    let read = [(id, row.line.employee_id)];
    Ok(cx.reading(explanation(row)?, read))
}

/// What is stored of a review, as people read it.
fn explanation(row: ReviewRow) -> Result<Explanation, Problem> {
    Ok(Explanation {
        review: row.line.review,
        rules: serde_json::from_str(&row.trace).map_err(|error| Problem::internal(&error))?,
        snapshot: serde_json::from_str(&row.snapshot).map_err(|error| Problem::internal(&error))?,
        grade_reasons: row.grade_reasons,
        bundle: row.bundle_hash,
    })
}

/// The first review of a filter, explained.
pub async fn first(cx: &mut Context, filter: &ReviewFilter) -> Result<Reading<Explanation>, Problem> {
    let id = listing::first(cx, filter).await?;
    explain(cx, id).await
}

/// Checks that the caller reaches a review, and logs the reading, for what shows it in another way.
pub async fn reach(cx: &mut Context, id: i64) -> Result<(), Problem> {
    let row = row(cx, id).await?;
    cx.reading((), [(id, row.line.employee_id)]).logged().await
}
