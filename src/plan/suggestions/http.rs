//! Suggested plans over HTTP.

use actix_web::web::{Bytes, Data};
use actix_web::{Responder, post};
use serde::Deserialize;
use utoipa::IntoParams;

use super::targets::TargetColumns;
use super::{
    ColumnsBy, DraftedSuggestion, SuggestedFrom, SuggestedPlan, SuggestedTargets, Suggestion, TakenTrial,
};
use crate::auth::Caller;
use crate::auth::access::DraftPlan;
use crate::http::body::{self, LARGE};
use crate::http::etag;
use crate::http::{Body, Problem, Query};
use crate::ledger::catalogue::Catalogues;
use crate::plan::split::method::Method;
use crate::plan::split::new_plan::Levels;
use crate::plan::versions::version::Plan;
use crate::said::say;

fn created(plan: Plan) -> impl Responder {
    etag::created(format_args!("/v1/plans/{}", plan.id), plan.row_version, &plan)
}

/// Make a plan of what the organisation knows: its units, the people who sell in them, and what was planned before. Nothing is
/// stored; what comes of it can be changed, tried and drafted.
#[utoipa::path(tag = "plans", request_body = Suggestion, responses(
    (status = 200, description = "The plan, and what whoever drafts it should know", body = SuggestedPlan),
    (status = 404, description = "The caller does not reach the unit"),
))]
#[post("/plan-suggestions")]
pub async fn suggest_plan(
    caller: Caller<DraftPlan>,
    body: Body<Suggestion, LARGE>,
) -> Result<impl Responder, Problem> {
    let language = caller.language;
    super::suggest(&mut caller.context().await?, body.0).await.map(|plan| language.answer(plan))
}

/// Draft a plan of what the organisation knows: the unit, the year and the total are enough.
#[utoipa::path(tag = "plans", request_body = Suggestion, responses(
    (status = 201, description = "Drafted, as the next version, and what should be known of it", body = DraftedSuggestion),
    (status = 404, description = "The caller does not reach the unit"),
    (status = 409, description = "Another draft is waiting"),
))]
#[post("/plans/suggested")]
pub async fn create_suggested_plan(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    body: Body<Suggestion, LARGE>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    let drafted = super::draft(cx, &catalogue, body.0).await?;
    let Plan { id, row_version, .. } = drafted.plan;
    Ok(etag::created(format_args!("/v1/plans/{id}"), row_version, &drafted))
}

/// Draft one of the methods of a trial, as it was tried.
#[utoipa::path(tag = "plans", request_body = TakenTrial, responses(
    (status = 201, description = "Drafted, as the next version", body = Plan),
    (status = 404, description = "The caller does not reach the unit"),
    (status = 409, description = "Another draft is waiting"),
))]
#[post("/plans/from-trial")]
pub async fn create_plan_from_trial(
    caller: Caller<DraftPlan>,
    catalogues: Data<Catalogues>,
    body: Body<TakenTrial, LARGE>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of_today(cx).await?;
    super::take(cx, &catalogue, body.0).await.map(created)
}

/// Whose plan a sheet of targets is for, and how it is read.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TargetsQuery {
    /// Code of the store or group.
    unit: String,
    /// The calendar year.
    year: i32,
    /// What is planned; by default deliveries.
    metric: Option<String>,
    /// The year of an earlier plan whose weights units and people get; by default everybody is alike.
    from_plan: Option<i32>,
    /// Header of the column of months; by default the usual ones are looked for.
    month: Option<String>,
    /// Header of the column of targets.
    value: Option<String>,
    /// Header of the column of series.
    series: Option<String>,
    /// Name of a saved mapping (`/v1/column-mappings`) that says which columns they are, instead of naming them.
    mapping: Option<String>,
}

/// Make a plan of a sheet of monthly targets, as the manufacturer sends it: the body is the file, the query says which column
/// holds what, or names the saved mapping that does. Nothing is stored; the answer says by which columns it was read.
#[utoipa::path(tag = "plans", params(TargetsQuery),
    request_body(content = inline(crate::http::bounds::SheetFile), content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The plan, and the columns that the sheet was read by", body = SuggestedTargets),
        (status = 404, description = "The caller does not reach the unit, or there is no such mapping"),
        (status = 422, description = "The file has no such table, or rows at fault"),
    ))]
#[post("/plan-suggestions/from-targets")]
pub async fn suggest_plan_from_targets(
    caller: Caller<DraftPlan>,
    query: Query<TargetsQuery>,
    file: Result<Bytes, actix_web::Error>,
) -> Result<impl Responder, Problem> {
    let file = file.map_err(|error| body::unreadable(&error))?.to_vec();
    let TargetsQuery { unit, year, metric, from_plan, month, value, series, mapping } = query.0;
    let columns = TargetColumns { month, value, series };
    let by = match mapping {
        Some(_) if columns != TargetColumns::default() => {
            let message = say!(
                "列对应已写明各列：不能再写 month、value 或 series",
                "the mapping says which columns they are: expected no month, value or series beside it"
            );
            return Err(Problem::field("mapping", message));
        }
        Some(name) => ColumnsBy::Mapping(name),
        None => ColumnsBy::Headers(columns),
    };
    let asked = Suggestion {
        unit,
        year,
        metric: metric.unwrap_or_else(super::deliveries),
        total: 0,
        levels: Levels::default(),
        method: Method::default(),
        season: Vec::new(),
        from: from_plan.map_or(SuggestedFrom::Organisation, SuggestedFrom::Plan),
        lines: Vec::new(),
        pins: Vec::new(),
    };
    let language = caller.language;
    let suggested = super::from_targets(&mut caller.context().await?, asked, file, by).await?;
    Ok(language.answer(suggested))
}
