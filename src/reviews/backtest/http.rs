//! Backtests over HTTP.

use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use garde::Validate;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::request::Asked;
use super::store::{self, Backtest, BacktestFilter};
use super::{reading, runner};
use crate::auth::Caller;
use crate::auth::access::{TryRules, ViewReviews, ViewRules};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::period::Period;
use crate::reviews::generate::Runner;
use crate::rules::library::Library;

/// Rules to try on the reviews of past months: a draft or a bundle.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBacktest {
    /// The draft to try, by id.
    #[garde(skip)]
    #[serde(default)]
    pub draft: Option<i64>,
    /// The stored bundle to try instead of a draft, by its SHA-256.
    #[garde(inner(length(chars, max = 64)))]
    #[serde(default)]
    pub bundle: Option<String>,
    /// The release to compare with, by id; by default the one in force when the draft would take effect.
    #[garde(skip)]
    #[serde(default)]
    pub against: Option<i64>,
    /// The first month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-01")]
    pub from: Period,
    /// The last month.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-12")]
    pub to: Period,
    /// Only reviews of this store, by code; by default, of every store that the caller may see.
    #[garde(inner(length(chars, max = 32)))]
    #[serde(default)]
    #[schema(example = "JC")]
    pub store: Option<String>,
}

/// Try rules on the current reviews of past months that the caller may see.
///
/// The answer comes at once. The backtest runs in the background and changes no review; read it again to follow its
/// progress.
#[utoipa::path(tag = "rules", request_body = NewBacktest, responses(
    (status = 202, description = "Started", body = Backtest),
    (status = 409, description = "The draft has errors, too many backtests are running, or there are no reviews to try it on", body = ProblemBody),
    (status = 422, description = "There is no such draft, bundle, release or store", body = ProblemBody),
))]
#[post("/rules/backtests")]
pub async fn create_backtest(
    caller: Caller<TryRules>,
    pool: Data<Pool>,
    library: Data<Library>,
    clock: Data<Clock>,
    body: Body<NewBacktest>,
) -> Result<impl Responder, Problem> {
    let NewBacktest { draft, bundle, against, from, to, store } = body.0;
    let asked = Asked { draft, bundle, against, from, to, store };
    let runner = Runner { user_id: Some(caller.identity.user_id), scope: caller.reach() };
    let id = runner::start(&pool, &library, &asked, &runner, **clock).await?;
    // How it began: by now it may have ended, with a report that has to be read by itself.
    let filter = BacktestFilter { id: Some(id), draft: None };
    let begun = store::list(&mut *pool.get().await?, &filter, 0, 1, clock.now()).await?.into_iter().next();
    let begun = begun.ok_or_else(|| Problem::not_found("backtest"))?;
    Ok(HttpResponse::Accepted().insert_header((LOCATION, format!("/v1/rules/backtests/{id}"))).json(begun))
}

/// Which backtests to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BacktestQuery {
    /// Only backtests of this draft, by id.
    draft: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// List backtests, without their reports.
#[utoipa::path(tag = "rules", params(BacktestQuery), responses((status = 200, description = "A page of backtests", body = Page<Backtest>)))]
#[get("/rules/backtests")]
pub async fn list_backtests(
    _caller: Caller<ViewRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    query: Query<BacktestQuery>,
) -> Result<Json<Page<Backtest>>, Problem> {
    let limit = page::limit(query.limit)?;
    let after = page::after(query.cursor.as_deref())?;
    let filter = BacktestFilter { id: None, draft: query.draft };
    let backtests = store::list(&mut *pool.get().await?, &filter, after, limit + 1, clock.now()).await?;
    Ok(Json(Page::of(backtests, limit, |backtest| backtest.id)))
}

/// Read the progress of a backtest, and its report once it has finished.
///
/// The report names only people whose reviews the caller may read, and each such reading is logged.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "The backtest", body = Backtest),
    (status = 404, description = "There is no such backtest", body = ProblemBody),
))]
#[get("/rules/backtests/{id}")]
pub async fn get_backtest(
    caller: Caller<ViewRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Backtest>, Problem> {
    let connection = &mut *pool.get().await?;
    let now = clock.now();
    let mut backtest = store::find(connection, *id, now).await?;
    if let Some(report) = &mut backtest.report {
        let scope = caller.reach_with::<ViewReviews>();
        reading::show(connection, &caller.identity, &scope, report, now).await?;
    }
    Ok(Json(backtest))
}

/// Stop a backtest. One that has already ended stays as it is.
#[utoipa::path(tag = "rules", responses(
    (status = 200, description = "It stops within seconds", body = Backtest),
    (status = 404, description = "There is no such backtest", body = ProblemBody),
))]
#[post("/rules/backtests/{id}/cancel")]
pub async fn cancel_backtest(
    caller: Caller<TryRules>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
) -> Result<Json<Backtest>, Problem> {
    let by = caller.identity.user_id;
    store::cancel(&mut *pool.get().await?, *id, by, clock.now()).await.map(Json)
}
