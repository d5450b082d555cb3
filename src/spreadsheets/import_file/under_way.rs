//! Imports that take their time: how far they are, for everybody to see who may, and giving them up.
//!
//! An import goes on when the client that sent the file has gone: whoever sends a large file over a bad line wants it in, and
//! the same file again changes nothing. It is given up when somebody asks for that; until the moment of its commit nothing of
//! it has been.

use std::convert::Infallible;
use std::ops::ControlFlow;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Text, Timestamptz};
use futures_util::future::{Either, select};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Progress, Stage};
use crate::auth::Context;
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::period::Period;

/// How often an import says how far it is, and is asked whether it is to stop; one that is done before says nothing.
const BEAT: Duration = Duration::from_secs(1);

/// Whoever has said nothing for so long has ended without a word.
const SILENT: TimeDelta = TimeDelta::minutes(1);

/// An import that is under way.
#[derive(Clone, Debug, Serialize, ToSchema, QueryableByName)]
pub struct ImportRun {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What it is read as: a kind of file, or a mapping.
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The file's name.
    #[diesel(sql_type = Text)]
    pub file_name: String,
    /// Login of who imports; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub by: Option<String>,
    /// When it began.
    #[diesel(sql_type = Timestamptz)]
    pub begun_at: DateTime<Utc>,
    /// Rows of the file that have been read.
    #[diesel(sql_type = Integer)]
    pub rows_read: i32,
    /// Rows that have been compared and recorded; nobody sees any of it before all are.
    #[diesel(sql_type = Integer)]
    pub rows_recorded: i32,
    /// Whether somebody has asked for it to be given up: it ends within seconds.
    #[diesel(sql_type = Bool)]
    pub is_cancel_wanted: bool,
}

/// Which import it is.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub kind: &'a str,
    pub period: Period,
    pub file_name: &'a str,
}

/// How far an import is, and whether it is to stop.
#[derive(Default)]
struct Going {
    /// Its row; 0 as long as there is none.
    id: AtomicI64,
    read: AtomicUsize,
    recorded: AtomicUsize,
    is_stopped: AtomicBool,
}

impl Going {
    fn note(&self, stage: Stage) -> ControlFlow<()> {
        match stage {
            Stage::Reading(rows) => self.read.store(rows, Relaxed),
            Stage::Recording(rows) => self.recorded.store(rows, Relaxed),
        }
        if self.is_stopped.load(Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn id(&self) -> i64 {
        self.id.load(Relaxed)
    }

    /// How many rows have been read, and how many recorded.
    fn rows(&self) -> [i32; 2] {
        [&self.read, &self.recorded].map(|rows| i32::try_from(rows.load(Relaxed)).unwrap_or(i32::MAX))
    }
}

/// What reads goes on beside everything else: it stops when nobody waits for it any more.
struct StopsReading(Arc<Going>);

impl Drop for StopsReading {
    fn drop(&mut self) {
        self.0.is_stopped.store(true, Relaxed);
    }
}

/// Does the work of an import, whose progress is `told`, and says meanwhile how far it is.
pub(super) async fn watched<T>(
    open: &impl AsyncFn() -> Result<Context, Problem>,
    about: About<'_>,
    told: &Progress,
    work: impl AsyncFnOnce(&Progress) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let going = Arc::new(Going::default());
    let _stops_reading = StopsReading(Arc::clone(&going));
    let progress: Progress = {
        let (going, told) = (Arc::clone(&going), Arc::clone(told));
        Arc::new(move |stage| {
            let going_on = going.note(stage);
            match told(stage) {
                ControlFlow::Continue(()) => going_on,
                stop => stop,
            }
        })
    };
    let result = {
        let (work, beats) = (pin!(work(&progress)), pin!(beats(open, about, &going)));
        match select(work, beats).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => match never {},
        }
    };
    let id = going.id();
    if id > 0
        && let Err(problem) = end(open, id).await
    {
        tracing::warn!(id, %problem, "an import that has ended is still listed for a minute");
    }
    result
}

async fn beats(
    open: &impl AsyncFn() -> Result<Context, Problem>,
    about: About<'_>,
    going: &Going,
) -> Infallible {
    loop {
        tokio::time::sleep(BEAT).await;
        match beat(open, about, going).await {
            Ok(false) => {}
            Ok(true) => going.is_stopped.store(true, Relaxed),
            Err(problem) => tracing::debug!(%problem, "an import could not say how far it is"),
        }
    }
}

/// Says how far an import is; gives whether it is to stop.
async fn beat(
    open: &impl AsyncFn() -> Result<Context, Problem>,
    about: About<'_>,
    going: &Going,
) -> Result<bool, Problem> {
    use diesel_async::RunQueryDsl as _;

    #[derive(QueryableByName)]
    struct Seen {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_cancel_wanted: bool,
    }
    let cx = &mut open().await?;
    let (by, now) = (cx.by(), cx.now);
    let [read, recorded] = going.rows();
    let seen: Seen = sql("WITH silent AS (DELETE FROM import_run WHERE seen_at < $2 AND id <> $1), \
         known AS ( \
             UPDATE import_run SET seen_at = $3, rows_read = $4, rows_recorded = $5 WHERE id = $1 \
             RETURNING id, is_cancel_wanted), \
         new AS ( \
             INSERT INTO import_run (kind, period, file_name, user_id, begun_at, seen_at, rows_read, rows_recorded) \
             SELECT $6, $7, $8, $9, $3, $3, $4, $5 WHERE NOT EXISTS (SELECT FROM known) RETURNING id, is_cancel_wanted) \
         SELECT id, is_cancel_wanted FROM known UNION ALL SELECT id, is_cancel_wanted FROM new")
    .bind::<BigInt, _>(going.id())
    .bind::<Timestamptz, _>(now - SILENT)
    .bind::<Timestamptz, _>(now)
    .bind::<Integer, _>(read)
    .bind::<Integer, _>(recorded)
    .bind::<Text, _>(about.kind)
    .bind::<Date, _>(about.period)
    .bind::<Text, _>(about.file_name)
    .bind::<Nullable<BigInt>, _>(by)
    .get_result(cx.db())
    .await?;
    going.id.store(seen.id, Relaxed);
    Ok(seen.is_cancel_wanted)
}

async fn end(open: &impl AsyncFn() -> Result<Context, Problem>, id: i64) -> Result<(), Problem> {
    use diesel_async::RunQueryDsl as _;

    let cx = &mut open().await?;
    sql("DELETE FROM import_run WHERE id = $1").bind::<BigInt, _>(id).execute(cx.db()).await?;
    Ok(())
}

/// A page of the imports that are under way, by id: one's own, and whoever reaches everything sees all.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<ImportRun>, Problem> {
    Ok(window.page(load(cx, window).await?, |run| run.id))
}

async fn load(cx: &mut Context, window: Window) -> Result<Vec<ImportRun>, Problem> {
    use diesel_async::RunQueryDsl as _;

    let (by, sees_all, alive) = (cx.by(), cx.scope.is_everything(), cx.now - SILENT);
    let runs = sql("SELECT r.id, r.kind, r.period, r.file_name, u.login AS by, r.begun_at, r.rows_read, \
             r.rows_recorded, r.is_cancel_wanted \
         FROM import_run r LEFT JOIN user_account u ON u.id = r.user_id \
         WHERE ($1 OR r.user_id = $2) AND r.seen_at >= $3 AND r.id > $4 ORDER BY r.id LIMIT $5")
    .bind::<Bool, _>(sees_all)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Timestamptz, _>(alive)
    .bind::<BigInt, _>(window.after)
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(runs)
}

/// Asks for an import to be given up.
///
/// # Errors
///
/// Not found where there is none that the caller sees: it may have ended.
pub async fn cancel(cx: &mut Context, id: i64) -> Result<ImportRun, Problem> {
    use diesel_async::RunQueryDsl as _;

    cx.transaction(async |cx| {
        let first = load(cx, Window { after: id.saturating_sub(1), limit: 1 }).await?.into_iter().next();
        let run = first.filter(|run| run.id == id).ok_or_else(|| Problem::not_found("import under way"))?;
        if !run.is_cancel_wanted {
            let ask = "UPDATE import_run SET is_cancel_wanted = true WHERE id = $1";
            sql(ask).bind::<BigInt, _>(id).execute(cx.db()).await?;
            cx.audit("cancel_import", &format!("import_run/{id}"), json!({ "file": run.file_name })).await?;
        }
        Ok(ImportRun { is_cancel_wanted: true, ..run })
    })
    .await
}
