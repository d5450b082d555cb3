//! Backtests in the database.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::report::BacktestReport;
use crate::auth::Context;
use crate::auth::access::TryRules;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::rule_backtest;
use crate::db::sql;
use crate::http::{Code, Page, Problem, Window};
use crate::org::owner;
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::rules::bundle_store::keep_bundle;
use crate::said::{Said, say};
use crate::words::words;

/// Most backtests that run at once.
const AT_ONCE: i64 = 2;
/// A backtest that has not been heard of for so long does not run any more: the server was stopped.
const SILENCE: TimeDelta = TimeDelta::seconds(60);

words! {
    /// The state of a backtest.
    pub enum BacktestState in "rule_backtest.state" {
        /// It is running.
        Running = "running" "进行中",
        /// It has finished, and there is a report.
        Finished = "finished" "已完成",
        /// Somebody stopped it.
        Cancelled = "cancelled" "已取消",
        /// It failed; `failure` says why.
        Failed = "failed" "失败",
    }
}

/// Rules tried on the reviews of past months.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Backtest {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// The draft that is tried, in the version of that time.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub draft: Option<i64>,
    /// SHA-256 of the rules that are tried.
    #[diesel(sql_type = Text)]
    pub bundle: String,
    /// SHA-256 of the rules they are compared with; null if there was no release, in which case every review counts as new.
    #[diesel(sql_type = Nullable<Text>)]
    pub against: Option<String>,
    /// The first month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-01")]
    pub from: Period,
    /// The last month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-12")]
    pub to: Period,
    /// Code of the store whose reviews are tried; null for every store within reach of the person who started it.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    /// Code of the store that it belongs to, whose people read it; null for the group's.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<String>,
    /// Its state.
    #[diesel(sql_type = Text)]
    pub state: BacktestState,
    /// How many reviews have been tried so far.
    #[diesel(sql_type = BigInt)]
    pub done: i64,
    /// How many reviews there are to try.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
    /// Why it failed.
    #[diesel(sql_type = Nullable<Text>)]
    pub failure: Option<String>,
    /// The report; null in lists, and until it has finished.
    #[diesel(sql_type = Nullable<Text>)]
    pub report: Option<BacktestReport>,
    /// Login of the person who started it; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub started_by: Option<String>,
    /// When it was started.
    #[diesel(sql_type = Timestamptz)]
    pub started_at: DateTime<Utc>,
    /// When it ended, or was last known to be running.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub finished_at: Option<DateTime<Utc>>,
}

/// A backtest that begins.
#[derive(Clone, Copy, Debug)]
pub struct Beginning<'a> {
    /// The draft, if it is one.
    pub draft: Option<i64>,
    /// The rules tried.
    pub tried: &'a Bundle,
    /// Hash of the rules they are tried against.
    pub against: Option<&'a str>,
    /// The first month.
    pub from: Period,
    /// The last month.
    pub to: Period,
    /// Id of the only store.
    pub store_id: Option<i64>,
    /// Reviews to be tried.
    pub total: i64,
}

/// Adds a running backtest, and keeps the rules it tries, or refuses because enough others run.
pub async fn begin(cx: &mut Context, beginning: Beginning<'_>) -> Result<Backtest, Problem> {
    let (now, by) = (cx.now, cx.by());
    cx.transaction(async |cx| {
        // Two that start at once would both find room.
        sql("SELECT pg_advisory_xact_lock(hashtext('backtest'), 0)").execute(cx.db()).await?;
        let running: i64 = rule_backtest::table
            .filter(rule_backtest::state.eq(BacktestState::Running))
            .filter(rule_backtest::seen_at.ge(now - SILENCE))
            .count()
            .get_result(cx.db())
            .await?;
        if running >= AT_ONCE {
            return Err(Problem::conflict(say!(
                "已有 {AT_ONCE} 个试算在进行；请等一个结束，或取消它",
                "{AT_ONCE} backtests are running; wait for one, or cancel it"
            )));
        }
        keep_bundle(cx.db(), beginning.tried, now).await?;
        let owner = owner::of_maker::<TryRules>(cx).await?;
        let id: i64 = diesel::insert_into(rule_backtest::table)
            .values((
                rule_backtest::draft_id.eq(beginning.draft),
                rule_backtest::bundle_hash.eq(&beginning.tried.hash),
                rule_backtest::baseline_hash.eq(beginning.against),
                rule_backtest::first_period.eq(beginning.from),
                rule_backtest::last_period.eq(beginning.to),
                rule_backtest::store_id.eq(beginning.store_id),
                rule_backtest::state.eq(BacktestState::Running),
                rule_backtest::total.eq(beginning.total),
                rule_backtest::owner_store_id.eq(owner),
                rule_backtest::started_by.eq(by),
                rule_backtest::started_at.eq(now),
                rule_backtest::seen_at.eq(now),
            ))
            .returning(rule_backtest::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "draft": beginning.draft, "bundle": beginning.tried.hash });
        cx.audit("start_backtest", &subject(id), detail).await?;
        one(cx, id, false).await
    })
    .await
}

/// How a backtest is called in the audit trail.
fn subject(id: i64) -> String {
    format!("rule_backtest/{id}")
}

/// Says how far a running backtest is and that it is alive; gives whether it is to stop.
pub async fn beat(
    connection: &mut AsyncPgConnection,
    id: i64,
    done: u64,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let is_cancel_wanted: Option<bool> = diesel::update(running(id))
        .set((
            rule_backtest::done.eq(i64::try_from(done).unwrap_or(i64::MAX)),
            rule_backtest::seen_at.eq(now),
        ))
        .returning(rule_backtest::is_cancel_wanted)
        .get_result(connection)
        .await
        .optional()?;
    // A row that does not run any more has nobody who waits for it.
    Ok(is_cancel_wanted.unwrap_or(true))
}

#[diesel::dsl::auto_type(no_type_alias)]
fn running(id: i64) -> _ {
    let running: BacktestState = BacktestState::Running;
    rule_backtest::table.filter(rule_backtest::id.eq(id).and(rule_backtest::state.eq(running)))
}

/// What a backtest ended with.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The report, as JSON.
    Finished(String),
    /// It was stopped.
    Cancelled,
    /// Why it came to nothing.
    Failed(Said),
}

/// Why a backtest has ended that nobody has heard of for a while.
const INTERRUPTED: Said = Said::fixed("已中断：服务器中途停了", "interrupted");

/// Ends a running backtest.
pub async fn end(
    connection: &mut AsyncPgConnection,
    id: i64,
    ending: &Ending,
    done: u64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let (state, report, failure) = match ending {
        Ending::Finished(report) => (BacktestState::Finished, Some(report), None),
        Ending::Cancelled => (BacktestState::Cancelled, None, None),
        Ending::Failed(failure) => (BacktestState::Failed, None, Some(failure.joined())),
    };
    diesel::update(running(id))
        .set((
            rule_backtest::state.eq(state),
            rule_backtest::report.eq(report),
            rule_backtest::failure.eq(failure),
            rule_backtest::done.eq(i64::try_from(done).unwrap_or(i64::MAX)),
            rule_backtest::seen_at.eq(now),
            rule_backtest::finished_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

/// Whether a backtest is the caller's to stop: one of a store that the caller reaches, the own one, or any, for the group.
async fn is_stopped_by(cx: &mut Context, id: i64) -> Result<bool, Problem> {
    let (owner, started_by): (Option<i64>, Option<i64>) = rule_backtest::table
        .find(id)
        .select((rule_backtest::owner_store_id, rule_backtest::started_by))
        .first(cx.db())
        .await?;
    let is_own = started_by.is_some() && started_by == cx.by();
    Ok(is_own || owner::is_kept_of_maker(cx, owner).await?)
}

/// Asks a backtest to stop that is within `sight`; one that has ended stays as it is.
///
/// # Errors
///
/// Not found where there is none that the caller may read; forbidden where the caller may not stop it.
pub async fn cancel(cx: &mut Context, sight: Scope, id: i64) -> Result<Backtest, Problem> {
    cx.transaction(async |cx| {
        cx.within(sight.clone(), async |cx| one(cx, id, false).await).await?;
        if !is_stopped_by(cx, id).await? {
            let detail = say!(
                "由开始试算的人停止，或由为全店试算的人停止",
                "whoever started it stops it, or somebody who tries rules for the whole store"
            );
            return Err(Problem::new(Code::Forbidden, detail));
        }
        let asked = diesel::update(running(id))
            .filter(rule_backtest::is_cancel_wanted.eq(false))
            .set(rule_backtest::is_cancel_wanted.eq(true))
            .execute(cx.db())
            .await?;
        if asked > 0 {
            cx.audit("cancel_backtest", &subject(id), json!({})).await?;
        }
        cx.within(sight, async |cx| one(cx, id, false).await).await
    })
    .await
}

/// Which backtests to list.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BacktestFilter {
    /// Only backtests of this draft, by id.
    pub draft: Option<i64>,
}

/// A page of the backtests of stores that the caller reaches and of the own ones, by id, without their reports.
pub async fn list(
    cx: &mut Context,
    filter: &BacktestFilter,
    window: Window,
) -> Result<Page<Backtest>, Problem> {
    Ok(window.page(load(cx, None, filter, window, false).await?, |backtest| backtest.id))
}

/// The backtest with this id, with its report as it is kept.
pub async fn find(cx: &mut Context, id: i64) -> Result<Backtest, Problem> {
    one(cx, id, true).await
}

async fn one(cx: &mut Context, id: i64, is_whole: bool) -> Result<Backtest, Problem> {
    let found = load(cx, Some(id), &BacktestFilter::default(), Window::ONE, is_whole).await?;
    found.into_iter().next().ok_or_else(|| Problem::not_found("backtest"))
}

async fn load(
    cx: &mut Context,
    id: Option<i64>,
    filter: &BacktestFilter,
    window: Window,
    is_whole: bool,
) -> Result<Vec<Backtest>, Problem> {
    let (scope, month, by) = (cx.scope.clone(), Period::containing(cx.today()), cx.by());
    let mut backtests: Vec<Backtest> = sql(concat!(
        "SELECT b.id, b.draft_id AS draft, b.bundle_hash AS bundle, b.baseline_hash AS against,
                b.first_period AS \"from\", b.last_period AS \"to\", s.code AS store, owner.code AS owner, b.done, b.total,
                CASE WHEN it.is_silent THEN 'failed' ELSE b.state END AS state,
                CASE WHEN it.is_silent THEN $10 ELSE b.failure END AS failure,
                CASE WHEN $5 THEN b.report END AS report, a.login AS started_by, b.started_at,
                CASE WHEN it.is_silent THEN b.seen_at ELSE b.finished_at END AS finished_at
         FROM rule_backtest b
         CROSS JOIN LATERAL (SELECT b.state = 'running' AND b.seen_at < $1 AS is_silent) it
         LEFT JOIN org_unit s ON s.id = b.store_id LEFT JOIN org_unit owner ON owner.id = b.owner_store_id
         LEFT JOIN user_account a ON a.id = b.started_by
         WHERE b.id > $2 AND ($3 IS NULL OR b.id = $3) AND ($4 IS NULL OR b.draft_id = $4)
         AND (b.started_by = $9 OR ",
        reaches!("$7", "b.owner_store_id", "$8"),
        ") ORDER BY b.id LIMIT $6"
    ))
    .bind::<Timestamptz, _>(cx.now - SILENCE)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<BigInt>, _>(filter.draft)
    .bind::<Bool, _>(is_whole)
    .bind::<BigInt, _>(window.rows())
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(month)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Text, _>(INTERRUPTED.joined())
    .load(cx.db())
    .await?;
    let language = cx.language;
    for backtest in &mut backtests {
        let failure = backtest.failure.take().map(Said::from);
        backtest.failure = failure.map(|failure| failure.in_language(language).to_owned());
    }
    Ok(backtests)
}
