//! The pace of plans over HTTP.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use chrono::NaiveDate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{PaceReport, Question};
use crate::auth::Caller;
use crate::auth::access::ViewPlan;
use crate::calendar::Basis;
use crate::clock::{self, Clock};
use crate::db::Pool;
use crate::http::Problem;
use crate::http::problem::ProblemBody;
use crate::plan::viewer::Viewer;

/// Whose pace, and on which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PaceQuery {
    /// Code of the store or group whose plan it is.
    unit: String,
    /// The day, which counts as elapsed; by default today.
    day: Option<NaiveDate>,
    /// The line; by default the plan's first.
    metric: Option<String>,
    /// Which days count as time passed; by default working days.
    basis: Option<Basis>,
}

/// Say how far a plan has come on a day: attainment, time progress, light, what is needed a day, and where it leads.
#[utoipa::path(tag = "plans", params(PaceQuery), responses(
    (status = 200, description = "The unit, those below it and the people, as far as the caller reaches", body = PaceReport),
    (status = 404, description = "No plan governs the month, or none that the caller may see", body = ProblemBody),
    (status = 422, description = "Fields at fault", body = ProblemBody),
))]
#[get("/pace")]
pub async fn get_pace(
    caller: Caller<ViewPlan>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<PaceQuery>,
) -> Result<Json<PaceReport>, Problem> {
    let PaceQuery { unit, day, metric, basis } = query.into_inner();
    let now = clock.now();
    let question = Question {
        unit,
        day: day.unwrap_or_else(|| clock::day(now)),
        metric,
        basis: basis.unwrap_or_default(),
    };
    super::report(&mut *pool.get().await?, &Viewer::of(&caller, now), question).await.map(Json)
}
