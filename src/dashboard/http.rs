//! Dashboards over HTTP.

use std::sync::Arc;

use actix_web::web::Data;
use actix_web::{HttpResponse, get};

use super::channels::{ChannelLeads, ToldApart};
use super::form::RowForm;
use super::phone_web::PhoneWebFunnel;
use super::quality::{Coefficients, Quality};
use super::remembered::GroupMonths;
use super::rows::UnitRow;
use super::sales::{Attainment, Funnel, ProductLines};
use super::selection::{ChannelQuery, CoefficientQuery, StockQuery, UnitQuery};
use super::shape::Shape;
use super::stock::UnitStock;
use super::summed::Summed;
use super::unchanged::Subject;
use super::{Distribution, LeaderboardPlace, LeaderboardQuery, SelectionQuery, grades, leaderboard, units};
use crate::auth::access::{ViewAggregates, ViewLeaderboard};
use crate::auth::{Caller, Context};
use crate::http::{Problem, Query};
use crate::ledger::catalogue::Catalogues;
use crate::org::{Part, Position};

/// Deliveries against target, by unit.
#[utoipa::path(tag = "dashboard", params(UnitQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<Attainment> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
    (status = 409, description = "Somebody's month has been erased, so that nobody can say what was known `as_of` a day"),
))]
#[get("/dashboard/attainment")]
pub async fn get_attainment(
    caller: Caller<ViewAggregates>,
    query: Query<UnitQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, Attainment>(&caller, &catalogues, &query.0, &form).await
}

/// The sales funnel with its rates, by unit, of channels and lead sources together. What comes of the leads of each is at
/// `/v1/dashboard/channel-funnel`, and the steps of telephone and web at `/v1/dashboard/phone-web-funnel`.
#[utoipa::path(tag = "dashboard", params(UnitQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<Funnel> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
    (status = 409, description = "Somebody's month has been erased, so that nobody can say what was known `as_of` a day"),
))]
#[get("/dashboard/funnel")]
pub async fn get_funnel(
    caller: Caller<ViewAggregates>,
    query: Query<UnitQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, Funnel>(&caller, &catalogues, &query.0, &form).await
}

/// The funnel of each channel 渠道, or of each lead source 线索来源 within it, with its rates, by unit: what came of the leads, as people say
/// in their daily sheets, beside what the plan takes of the channel.
#[utoipa::path(tag = "dashboard", params(ChannelQuery), responses(
    (status = 200, description = "By month, unit and channel, from the top down", content((Vec<ChannelLeads> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/channel-funnel")]
pub async fn get_channel_funnel(
    caller: Caller<ViewAggregates>,
    query: Query<ChannelQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    let by = query.0.by.unwrap_or(ToldApart::Channel);
    of_units::<_, ChannelLeads>(&caller, Summed::Leads(by), &query.0.of_units(), &form).await
}

/// The funnel of telephone and web 电话网销 with its rates, from raw leads to the orders of those who came, by unit.
#[utoipa::path(tag = "dashboard", params(UnitQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<PhoneWebFunnel> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
    (status = 409, description = "Somebody's month has been erased, so that nobody can say what was known `as_of` a day"),
))]
#[get("/dashboard/phone-web-funnel")]
pub async fn get_phone_web_funnel(
    caller: Caller<ViewAggregates>,
    query: Query<UnitQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, PhoneWebFunnel>(&caller, &catalogues, &query.0, &form).await
}

/// What is sold beside the cars (精品, 保险, 车贷, 临时牌), with its share of the deliveries, by unit.
#[utoipa::path(tag = "dashboard", params(UnitQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<ProductLines> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
    (status = 409, description = "Somebody's month has been erased, so that nobody can say what was known `as_of` a day"),
))]
#[get("/dashboard/product-lines")]
pub async fn get_product_lines(
    caller: Caller<ViewAggregates>,
    query: Query<UnitQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, ProductLines>(&caller, &catalogues, &query.0, &form).await
}

/// How the work is done (5S, attendance, complaints, follow-up, documents, reports), with its rates, by unit.
#[utoipa::path(tag = "dashboard", params(UnitQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<Quality> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
    (status = 409, description = "Somebody's month has been erased, so that nobody can say what was known `as_of` a day"),
))]
#[get("/dashboard/quality")]
pub async fn get_quality(
    caller: Caller<ViewAggregates>,
    query: Query<UnitQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, Quality>(&caller, &catalogues, &query.0, &form).await
}

/// Cars in stock beside the targets 库存深度, of stores and groups: what they counted and take from the manufacturer, less what is
/// delivered, actual up to now and planned from then on. Series by series it is at `/v1/plans/{id}/supply`.
#[utoipa::path(tag = "dashboard", params(StockQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<UnitStock> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/stock-depth")]
pub async fn get_stock_depth(
    caller: Caller<ViewAggregates>,
    query: Query<StockQuery>,
    catalogues: Data<Catalogues>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    of_metrics::<_, UnitStock>(&caller, &catalogues, &query.0.of_units()?, &form).await
}

/// The sums of performance coefficients 绩效系数 of published months, by unit. Erased reviews are in no sum.
#[utoipa::path(tag = "dashboard", params(CoefficientQuery), responses(
    (status = 200, description = "By month and unit, from the top down", content((Vec<Coefficients> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/coefficients")]
pub async fn get_coefficients(
    caller: Caller<ViewAggregates>,
    query: Query<CoefficientQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    let position = query.0.position.unwrap_or(Position::SalesConsultant);
    of_units::<_, Coefficients>(&caller, Summed::Coefficients(position), &query.0.of_units(), &form).await
}

/// How many reviews have each grade, by scheme. To those who may not read the reviews, grades of few people stand together,
/// and single teams are not shown.
#[utoipa::path(tag = "dashboard", params(SelectionQuery), responses(
    (status = 200, description = "By month and scheme, best grade first", content((Vec<Distribution> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/distribution")]
pub async fn get_distribution(
    caller: Caller<ViewAggregates>,
    query: Query<SelectionQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    let shape = Shape::of::<Distribution>(query.0.fields.as_deref(), query.0.sort.as_deref(), &[])?;
    let cx = caller.glance().await?;
    let part = Part::find(&cx, query.0.unit.as_deref()).await?;
    let subject = query.0.subject(part)?;
    let rows = async |cx: &mut Context, months: &GroupMonths<'_>| {
        grades::distribution(cx, months, part, &query.0).await
    };
    form.answer(cx, Some(subject), &shape, rows).await
}

/// The leaderboard 龙虎榜: the best of a position by total, then deliveries. Whoever may not read the reviews sees a share of those who
/// have a rank, a third unless the store's terms say less or more: there is no list of the last. What it tells of others is logged.
#[utoipa::path(tag = "dashboard", params(LeaderboardQuery), responses(
    (status = 200, description = "Best first", content((Vec<LeaderboardPlace> = "application/json"), (String = "text/csv"), (String = "application/x-ndjson"))),
    (status = 304, description = "Nothing has changed since the answer whose ETag is in If-None-Match"),
    (status = 406, description = "None of the forms in Accept is there"),
))]
#[get("/dashboard/leaderboard")]
pub async fn get_leaderboard(
    caller: Caller<ViewLeaderboard>,
    query: Query<LeaderboardQuery>,
    form: RowForm,
) -> Result<HttpResponse, Problem> {
    let shape = Shape::of::<LeaderboardPlace>(query.0.fields.as_deref(), None, &[])?;
    let LeaderboardQuery { period, unit, .. } = &query.0;
    let cx = caller.glance().await?;
    let part = Part::find(&cx, unit.as_deref()).await?;
    let subject = Subject { part, months: vec![*period], catalogue: None };
    // Whoever is told that nothing has changed is told of nobody, and was logged when it read the places.
    let places = async |cx: &mut Context, months: &GroupMonths<'_>| {
        leaderboard::leaderboard(cx, months, part, &query.0).await?.logged().await
    };
    form.answer(cx, Some(subject), &shape, places).await
}

/// Answers rows of what the ledger says of units.
async fn of_metrics<const N: usize, R: UnitRow<N>>(
    caller: &Caller<ViewAggregates>,
    catalogues: &Catalogues,
    query: &UnitQuery,
    form: &RowForm,
) -> Result<HttpResponse, Problem> {
    let shape = shape::<N, R>(query)?;
    let cx = caller.glance().await?;
    let (catalogue, part) =
        tokio::try_join!(catalogues.of_today(&cx), Part::find(&cx, query.unit.as_deref()))?;
    let subject = units::subject::<N, R>(query, cx.today(), part, Some(Arc::clone(&catalogue)))?;
    let rows = async |cx: &mut Context, months: &GroupMonths<'_>| {
        units::rows::<N, R>(cx, months, Summed::Metrics(&catalogue), (part, query)).await
    };
    form.answer(cx, subject, &shape, rows).await
}

/// Answers rows of what is summed of units without a catalogue.
async fn of_units<const N: usize, R: UnitRow<N>>(
    caller: &Caller<ViewAggregates>,
    summed: Summed<'_>,
    query: &UnitQuery,
    form: &RowForm,
) -> Result<HttpResponse, Problem> {
    let shape = shape::<N, R>(query)?;
    let cx = caller.glance().await?;
    let part = Part::find(&cx, query.unit.as_deref()).await?;
    let subject = units::subject::<N, R>(query, cx.today(), part, None)?;
    let rows = async |cx: &mut Context, months: &GroupMonths<'_>| {
        units::rows::<N, R>(cx, months, summed, (part, query)).await
    };
    form.answer(cx, subject, &shape, rows).await
}

/// The shape of rows of units. What they are compared with is there only where that is asked for.
fn shape<const N: usize, R: UnitRow<N>>(query: &UnitQuery) -> Result<Shape, Problem> {
    let compared = query.compare.as_deref().unwrap_or_default();
    let months = [("last-month", "last_month"), ("last-year", "last_year")];
    let left_out = months.iter().filter(|(word, _)| !compared.split(',').any(|asked| asked == *word));
    let left_out = left_out.map(|(_, object)| *object).collect::<Vec<_>>();
    Shape::of::<R>(query.fields.as_deref(), query.sort.as_deref(), &left_out)
}
