//! Plans as they are read, over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{Responder, get};
use serde::Deserialize;
use utoipa::IntoParams;

use super::document::{self, PlanDocument};
use super::pace_report::{self, PaceQuery, PaceReport};
use super::targets::{self, CellFilter, TargetCell};
use crate::auth::Caller;
use crate::auth::access::ViewPlan;
use crate::http::{Page, PageQuery, Paged, Problem, Query, etag};
use crate::ledger::catalogue::Catalogues;

/// Which line of a plan to show.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LineQuery {
    /// The line, for example `deliveries`; by default the first.
    pub(in crate::plan) metric: Option<String>,
}

/// Read a version of a plan: its lines, the months of one of them, and the trees that share them.
#[utoipa::path(tag = "plans", params(LineQuery), responses(
    (status = 200, description = "The plan; its ETag goes into If-Match", body = PlanDocument),
))]
#[get("/plans/{id}")]
pub async fn get_plan(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Query<LineQuery>,
) -> Result<impl Responder, Problem> {
    let metric = query.0.metric.as_deref();
    let document = document::read(&mut caller.context().await?, *id, metric).await?;
    Ok(etag::ok(document.plan.row_version, document))
}

/// List the cells of a plan that the caller reaches: their own, those of the teams they lead, or the store's.
#[utoipa::path(tag = "plans", params(CellFilter, PageQuery), responses(
    (status = 200, description = "A page of cells, by month", body = Page<TargetCell>),
))]
#[get("/plans/{id}/targets")]
pub async fn list_plan_targets(
    caller: Caller<ViewPlan>,
    id: Path<i64>,
    query: Paged<CellFilter>,
) -> Result<Json<Page<TargetCell>>, Problem> {
    targets::list(&mut caller.context().await?, *id, &query, query.window).await.map(Json)
}

/// Read how far a plan has come on a day: attainment, time progress, light, what is needed per day, and the projection.
#[utoipa::path(tag = "plans", params(PaceQuery), responses(
    (status = 200, description = "The unit, those below it and the people, as far as the caller reaches", body = PaceReport),
    (status = 404, description = "No plan governs the month, or none that the caller may see"),
))]
#[get("/pace")]
pub async fn get_pace(
    caller: Caller<ViewPlan>,
    catalogues: Data<Catalogues>,
    query: Query<PaceQuery>,
) -> Result<Json<PaceReport>, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    pace_report::report(cx, &catalogue, query.0).await.map(Json)
}
