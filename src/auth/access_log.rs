//! The log of who reads whose review. Readings are written in groups: while one is committed the next gathers, and nobody
//! is shown anything before the commit that has it on record.

use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use tokio::sync::{mpsc, oneshot};

use crate::db::{Pool, pool, sql};
use crate::http::{Code, Problem};
use crate::said::say;

/// Most requests whose readings are written together.
const GROUP: usize = 256;

/// Takes readings down. A clone is another hand on the same log.
#[derive(Clone)]
pub struct AccessLog {
    entries: mpsc::Sender<Entry>,
    is_needed: bool,
}

/// Whose reviews one request reads, and whom to tell once that is on record. Who is never told has not been recorded.
struct Entry {
    at: DateTime<Utc>,
    user_id: i64,
    reviews: Vec<i64>,
    recorded: oneshot::Sender<()>,
}

impl AccessLog {
    /// A log in the database of `pool`, over a connection of its own: whoever waits for the log may hold one of the pool's.
    /// It ends with its last hand, after everything that was taken down.
    pub fn open(pool: &Pool) -> Self {
        let (hand, entries) = mpsc::channel(GROUP);
        tokio::spawn(write_groups(pool.clone(), entries));
        Self { entries: hand, is_needed: true }
    }

    /// The same log, without which reviews are shown nevertheless if it cannot be written: who has read them then stands
    /// in the program's own log only. Whoever runs the program decides that, in its configuration.
    pub fn or_shown(self, is_shown: bool) -> Self {
        Self { is_needed: !is_shown, ..self }
    }

    /// Returns once it is on record that `user_id` has read these reviews.
    async fn record(&self, at: DateTime<Utc>, user_id: i64, reviews: Vec<i64>) -> Result<(), Problem> {
        let (recorded, is_recorded) = oneshot::channel();
        let unrecorded = if self.is_needed { Vec::new() } else { reviews.clone() };
        let sent = self.entries.send(Entry { at, user_id, reviews, recorded }).await.is_ok();
        if sent && is_recorded.await.is_ok() {
            return Ok(());
        }
        if !self.is_needed {
            tracing::error!(user_id, %at, reviews = ?unrecorded, "read without a record in the access log");
            return Ok(());
        }
        let detail = say!(
            "现在无法登记您查看了谁的考核，所以不能显示",
            "whose reviews you read cannot be recorded at the moment, so they are not shown"
        );
        Err(Problem::new(Code::Unavailable, detail))
    }
}

async fn write_groups(pool: Pool, mut entries: mpsc::Receiver<Entry>) {
    let mut connection = None;
    let mut group = Vec::new();
    while entries.recv_many(&mut group, GROUP).await > 0 {
        match write(&pool, &mut connection, &group).await {
            Ok(()) => {
                for entry in group.drain(..) {
                    // Whoever asked may have gone away meanwhile.
                    let _ = entry.recorded.send(());
                }
            }
            Err(problem) => {
                tracing::error!(%problem, readers = group.len(), "the access log cannot be written");
                group.clear();
                // It may be broken: the next group begins with another.
                connection = None;
            }
        }
    }
}

/// Writes the readings of a group in one statement, which is committed when this returns.
async fn write(
    pool: &Pool,
    connection: &mut Option<AsyncPgConnection>,
    group: &[Entry],
) -> Result<(), Problem> {
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(pool::beside(pool).await?),
    };
    let rows =
        group.iter().flat_map(|entry| entry.reviews.iter().map(|review| (entry.at, entry.user_id, *review)));
    let (times, (readers, reviews)): (Vec<_>, (Vec<_>, Vec<_>)) =
        rows.map(|(at, reader, review)| (at, (reader, review))).unzip();
    sql("INSERT INTO access_log (at, user_id, review_id) SELECT * FROM unnest($1, $2, $3)")
        .bind::<Array<Timestamptz>, _>(times)
        .bind::<Array<BigInt>, _>(readers)
        .bind::<Array<BigInt>, _>(reviews)
        .execute(connection)
        .await?;
    Ok(())
}

/// Something that tells of reviews. It comes out only once the log has who reads them.
#[must_use = "nothing is shown before the log has it"]
pub struct Reading<T> {
    what: T,
    note: Option<Note>,
}

/// What the log is to be told.
struct Note {
    log: AccessLog,
    at: DateTime<Utc>,
    user_id: i64,
    reviews: Vec<i64>,
}

impl<T> Reading<T> {
    /// What nobody needs to know of.
    pub(super) fn unnoted(what: T) -> Self {
        Self { what, note: None }
    }

    /// What `user_id` reads of other people's reviews at a moment.
    pub(super) fn noted(what: T, log: AccessLog, at: DateTime<Utc>, user_id: i64, reviews: Vec<i64>) -> Self {
        Self { what, note: Some(Note { log, at, user_id, reviews }) }
    }

    /// What is read, once that is on record. Let connections go before: it takes as long as a commit.
    pub async fn logged(self) -> Result<T, Problem> {
        if let Some(Note { log, at, user_id, reviews }) = self.note {
            log.record(at, user_id, reviews).await?;
        }
        Ok(self.what)
    }
}
