//! Calibration over HTTP.

use actix_web::web::Path;
use actix_web::{Responder, get, put};

use super::Calibration;
use super::guideline::{self, GradeGuideline, NewGradeGuideline};
use crate::auth::Caller;
use crate::auth::access::{ManageTerms, ViewCalibration};
use crate::http::etag::{self, Seen};
use crate::http::{Body, Problem};

/// Compare how the teams of a cycle are graded, from HR's check on. What stands out is a warning and changes nothing.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The store and its teams, by scheme", body = Calibration),
    (status = 409, description = "The cycle has not come to HR's check"),
))]
#[get("/review-cycles/{id}/calibration")]
pub async fn get_review_calibration(
    caller: Caller<ViewCalibration>,
    id: Path<i64>,
) -> Result<impl Responder, Problem> {
    let calibration = super::read(&mut caller.context().await?, *id).await?;
    Ok(caller.language.answer(calibration))
}

/// Read what a store's grades are held against.
#[utoipa::path(tag = "reviews", responses(
    (status = 200, description = "The guideline", body = GradeGuideline),
))]
#[get("/grade-guidelines/{store}")]
pub async fn get_grade_guideline(
    caller: Caller<ViewCalibration>,
    store: Path<String>,
) -> Result<impl Responder, Problem> {
    let guideline = guideline::read(&mut caller.context().await?, &store).await?;
    Ok(etag::ok(guideline.version, guideline))
}

/// Say what a store's grades are held against. It warns, and forces nothing.
#[utoipa::path(tag = "reviews", params(Seen), request_body = NewGradeGuideline, responses(
    (status = 200, description = "The guideline", body = GradeGuideline),
))]
#[put("/grade-guidelines/{store}")]
pub async fn put_grade_guideline(
    caller: Caller<ManageTerms>,
    store: Path<String>,
    seen: Seen,
    body: Body<NewGradeGuideline>,
) -> Result<impl Responder, Problem> {
    let guideline = guideline::put(&mut caller.context().await?, &store, &body.0, seen).await?;
    Ok(etag::ok(guideline.version, guideline))
}
