//! Backtests over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};

use super::request::NewBacktest;
use super::store::{self, Backtest, BacktestFilter};
use super::{reading, runner};
use crate::auth::Caller;
use crate::auth::access::{TryRules, ViewBacktests, ViewReviews};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::{Body, Page, PageQuery, Paged, Problem};
use crate::reviews::visibility::{Part, Sight};
use crate::rules::library::Library;

/// Try rules on the current reviews of past months that the caller may see.
///
/// The answer comes at once. The backtest runs in the background and changes no review; read it again to follow its
/// progress.
#[utoipa::path(tag = "rules", request_body = NewBacktest, responses(
    (status = 202, description = "Started", body = Backtest),
    (status = 409, description = "The draft has errors, too many backtests are running, or there are no reviews to try it on"),
    (status = 422, description = "There is no such draft, bundle, release or store"),
))]
#[post("/rules/backtests")]
pub async fn create_backtest(
    caller: Caller<TryRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    library: Data<Library>,
    body: Body<NewBacktest>,
) -> Result<impl Responder, Problem> {
    let cx = &mut caller.context().await?;
    let begun = runner::start(cx, (&pool, **clock), &library, &body.0).await?;
    let location = format!("/v1/rules/backtests/{}", begun.id);
    Ok(HttpResponse::Accepted().insert_header((LOCATION, location)).json(begun))
}

/// List the backtests of the own store, without their reports.
#[utoipa::path(tag = "rules", params(BacktestFilter, PageQuery), responses(
    (status = 200, description = "A page of backtests", body = Page<Backtest>),
))]
#[get("/rules/backtests")]
pub async fn list_backtests(
    caller: Caller<ViewBacktests>,
    query: Paged<BacktestFilter>,
) -> Result<Json<Page<Backtest>>, Problem> {
    store::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read the progress of a backtest, and its report once it has finished.
///
/// The report names only people whose reviews the caller may read, and each such reading is logged.
#[utoipa::path(tag = "rules", responses((status = 200, description = "The backtest", body = Backtest)))]
#[get("/rules/backtests/{id}")]
pub async fn get_backtest(caller: Caller<ViewBacktests>, id: Path<i64>) -> Result<Json<Backtest>, Problem> {
    let cx = &mut caller.context().await?;
    let mut backtest = store::find(cx, *id).await?;
    if let Some(report) = &mut backtest.report {
        let sight = Sight::within(cx, caller.reach_with::<ViewReviews>(), Part::Score);
        reading::show(cx, sight, report).await?;
    }
    Ok(Json(backtest))
}

/// Stop a backtest. One that has already ended stays as it is.
#[utoipa::path(tag = "rules", responses((status = 200, description = "It stops within seconds", body = Backtest)))]
#[post("/rules/backtests/{id}/cancel")]
pub async fn cancel_backtest(caller: Caller<TryRules>, id: Path<i64>) -> Result<Json<Backtest>, Problem> {
    let sight = caller.reach_with::<ViewBacktests>();
    store::cancel(&mut caller.context().await?, sight, *id).await.map(Json)
}
