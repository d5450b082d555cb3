//! Whether the database answers, asked over a connection of its own: whoever looks after the server is told even while
//! every connection of the pool is at work.

use std::time::Duration;

use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::{Pool, pool};

/// For so long an answer is good.
const FRESH: Duration = Duration::from_secs(1);
/// How long the database may take for nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the database how it is, once a second at most, however many want to know.
pub struct Health {
    pool: Pool,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    connection: Option<AsyncPgConnection>,
    answer: Option<(Instant, bool)>,
}

impl Health {
    /// Of the database of `pool`.
    pub fn new(pool: Pool) -> Self {
        Self { pool, last: Mutex::default() }
    }

    /// Whether it answers, or did a moment ago. Says so within a few seconds, whatever the others do.
    pub async fn answers(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, answers)) = last.answer
            && at.elapsed() < FRESH
        {
            return answers;
        }
        // One that has been lost is only found out by asking.
        let kept = last.connection.take();
        let asked = timeout(PATIENCE, async {
            match kept {
                Some(kept) => match ask(kept).await {
                    Some(kept) => Some(kept),
                    None => ask(pool::beside(&self.pool).await.ok()?).await,
                },
                None => ask(pool::beside(&self.pool).await.ok()?).await,
            }
        });
        last.connection = asked.await.ok().flatten();
        let answers = last.connection.is_some();
        last.answer = Some((Instant::now(), answers));
        answers
    }
}

/// The connection, if it is good.
async fn ask(mut connection: AsyncPgConnection) -> Option<AsyncPgConnection> {
    connection.batch_execute("SELECT 1").await.ok()?;
    Some(connection)
}
