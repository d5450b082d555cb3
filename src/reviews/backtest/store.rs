//! Backtests in the database.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::report::BacktestReport;
use crate::auth::audit;
use crate::db::schema::rule_backtest;
use crate::http::Problem;
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::rules::bundle_store::keep_bundle;

/// Most backtests that run at once.
const AT_ONCE: i64 = 2;
/// A backtest that has not been heard of for so long does not run any more: the server was stopped.
const SILENCE: TimeDelta = TimeDelta::seconds(60);

/// The state of a backtest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BacktestState {
    /// It is running.
    Running,
    /// It has finished, and there is a report.
    Finished,
    /// Somebody stopped it.
    Cancelled,
    /// It failed; `failure` says why.
    Failed,
}

impl BacktestState {
    /// The word in the database and in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }

    fn named(name: &str) -> Self {
        let all = [Self::Running, Self::Finished, Self::Cancelled];
        // The table allows no other words.
        all.into_iter().find(|state| state.name() == name).unwrap_or(Self::Failed)
    }
}

/// Rules tried on the reviews of past months.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Backtest {
    /// Its id.
    pub id: i64,
    /// The draft that is tried, in the version of that time.
    pub draft: Option<i64>,
    /// SHA-256 of the rules that are tried.
    pub bundle: String,
    /// SHA-256 of the rules they are compared with; null if there was no release, in which case every review counts as new.
    pub against: Option<String>,
    /// The first month.
    #[schema(value_type = String, example = "2014-01")]
    pub from: Period,
    /// The last month.
    #[schema(value_type = String, example = "2014-12")]
    pub to: Period,
    /// Code of the store whose reviews are tried; null for every store within reach of the person who started it.
    pub store: Option<String>,
    /// Its state.
    pub state: BacktestState,
    /// How many reviews have been tried so far.
    pub done: i64,
    /// How many reviews there are to try.
    pub total: i64,
    /// Why it failed.
    pub failure: Option<String>,
    /// The report; null in lists, and until it has finished.
    pub report: Option<BacktestReport>,
    /// Login of the person who started it; null for the operator.
    pub started_by: Option<String>,
    /// When it was started.
    pub started_at: DateTime<Utc>,
    /// When it ended, or was last known to be running.
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
    /// Who starts it; none is the operator.
    pub by: Option<i64>,
}

/// Adds a running backtest, and keeps the rules it tries, or refuses because enough others run.
pub async fn begin(
    connection: &mut AsyncPgConnection,
    beginning: Beginning<'_>,
    now: DateTime<Utc>,
) -> Result<i64, Problem> {
    connection
        .transaction(async |connection| {
            // Two that start at once would both find room.
            diesel::sql_query("SELECT pg_advisory_xact_lock(hashtext('backtest'), 0)")
                .execute(connection)
                .await?;
            let running: i64 = rule_backtest::table
                .filter(rule_backtest::state.eq(BacktestState::Running.name()))
                .filter(rule_backtest::seen_at.ge(now - SILENCE))
                .count()
                .get_result(connection)
                .await?;
            if running >= AT_ONCE {
                return Err(Problem::conflict(format!(
                    "{AT_ONCE} backtests are running; wait for one, or cancel it"
                )));
            }
            keep_bundle(connection, beginning.tried, now).await?;
            let id: i64 = diesel::insert_into(rule_backtest::table)
                .values((
                    rule_backtest::draft_id.eq(beginning.draft),
                    rule_backtest::bundle_hash.eq(&beginning.tried.hash),
                    rule_backtest::baseline_hash.eq(beginning.against),
                    rule_backtest::first_period.eq(beginning.from.first_day()),
                    rule_backtest::last_period.eq(beginning.to.first_day()),
                    rule_backtest::store_id.eq(beginning.store_id),
                    rule_backtest::state.eq(BacktestState::Running.name()),
                    rule_backtest::total.eq(beginning.total),
                    rule_backtest::started_by.eq(beginning.by),
                    rule_backtest::started_at.eq(now),
                    rule_backtest::seen_at.eq(now),
                ))
                .returning(rule_backtest::id)
                .get_result(connection)
                .await?;
            let detail = json!({ "draft": beginning.draft, "bundle": beginning.tried.hash });
            let subject = format!("rule_backtest/{id}");
            audit::record(connection, now, beginning.by, "start_backtest", &subject, detail).await?;
            Ok(id)
        })
        .await
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
    rule_backtest::table.filter(rule_backtest::id.eq(id).and(rule_backtest::state.eq("running")))
}

/// What a backtest ended with.
#[derive(Clone, Debug)]
pub enum Ending {
    /// The report, as JSON.
    Finished(String),
    /// It was stopped.
    Cancelled,
    /// Why it came to nothing.
    Failed(String),
}

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
        Ending::Failed(failure) => (BacktestState::Failed, None, Some(failure)),
    };
    diesel::update(running(id))
        .set((
            rule_backtest::state.eq(state.name()),
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

/// Asks a backtest to stop; one that has ended stays as it is.
pub async fn cancel(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    now: DateTime<Utc>,
) -> Result<Backtest, Problem> {
    connection
        .transaction(async |connection| {
            let asked = diesel::update(running(id))
                .filter(rule_backtest::is_cancel_wanted.eq(false))
                .set(rule_backtest::is_cancel_wanted.eq(true))
                .execute(connection)
                .await?;
            if asked > 0 {
                let subject = format!("rule_backtest/{id}");
                audit::record(connection, now, Some(by), "cancel_backtest", &subject, json!({})).await?;
            }
            let filter = BacktestFilter { id: Some(id), draft: None };
            let found = list(connection, &filter, 0, 1, now).await?.into_iter().next();
            found.ok_or_else(|| Problem::not_found("backtest"))
        })
        .await
}

/// Which backtests to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct BacktestFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only those of this draft.
    pub draft: Option<i64>,
}

#[derive(QueryableByName)]
struct BacktestRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<BigInt>)]
    draft_id: Option<i64>,
    #[diesel(sql_type = Text)]
    bundle_hash: String,
    #[diesel(sql_type = Nullable<Text>)]
    baseline_hash: Option<String>,
    #[diesel(sql_type = Date)]
    first_period: NaiveDate,
    #[diesel(sql_type = Date)]
    last_period: NaiveDate,
    #[diesel(sql_type = Nullable<Text>)]
    store: Option<String>,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Bool)]
    is_silent: bool,
    #[diesel(sql_type = BigInt)]
    done: i64,
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = Nullable<Text>)]
    failure: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    login: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    started_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    seen_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    finished_at: Option<DateTime<Utc>>,
}

impl From<BacktestRow> for Backtest {
    fn from(row: BacktestRow) -> Self {
        let (state, failure, finished_at) = match row.is_silent {
            true => (BacktestState::Failed, Some("interrupted".to_owned()), Some(row.seen_at)),
            false => (BacktestState::named(&row.state), row.failure, row.finished_at),
        };
        Self {
            id: row.id,
            draft: row.draft_id,
            bundle: row.bundle_hash,
            against: row.baseline_hash,
            from: Period::containing(row.first_period),
            to: Period::containing(row.last_period),
            store: row.store,
            state,
            done: row.done,
            total: row.total,
            failure,
            report: None,
            started_by: row.login,
            started_at: row.started_at,
            finished_at,
        }
    }
}

/// Backtests behind `after`, by id, without their reports.
pub async fn list(
    connection: &mut AsyncPgConnection,
    filter: &BacktestFilter,
    after: i64,
    limit: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Backtest>, Problem> {
    let rows: Vec<BacktestRow> = diesel::sql_query(
        "SELECT b.id, b.draft_id, b.bundle_hash, b.baseline_hash, b.first_period, b.last_period, s.code AS store, \
                b.state, b.state = 'running' AND b.seen_at < $1 AS is_silent, b.done, b.total, b.failure, a.login, \
                b.started_at, b.seen_at, b.finished_at \
         FROM rule_backtest b LEFT JOIN org_unit s ON s.id = b.store_id \
         LEFT JOIN user_account a ON a.id = b.started_by \
         WHERE b.id > $2 AND ($3 IS NULL OR b.id = $3) AND ($4 IS NULL OR b.draft_id = $4) \
         ORDER BY b.id LIMIT $5",
    )
    .bind::<Timestamptz, _>(now - SILENCE)
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<BigInt>, _>(filter.draft)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(Backtest::from).collect())
}

/// The backtest with this id, with its report as it is kept.
pub async fn find(
    connection: &mut AsyncPgConnection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Backtest, Problem> {
    let filter = BacktestFilter { id: Some(id), draft: None };
    let found = list(connection, &filter, 0, 1, now).await?.into_iter().next();
    let mut backtest = found.ok_or_else(|| Problem::not_found("backtest"))?;
    let report: Option<String> =
        rule_backtest::table.find(id).select(rule_backtest::report).first(connection).await?;
    if let Some(report) = report {
        backtest.report = Some(serde_json::from_str(&report).map_err(|error| Problem::internal(&error))?);
    }
    Ok(backtest)
}
