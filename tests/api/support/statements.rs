//! What is sent to PostgreSQL, counted.

use std::sync::{Arc, Mutex};

use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection as _;
use showfloor::db::Pool;

/// The statements that the connections of a pool have sent.
#[derive(Clone, Default)]
pub struct Statements(Arc<Mutex<Vec<String>>>);

impl Statements {
    /// Listens to every connection of a pool. They are all opened for that.
    pub async fn of(pool: &Pool) -> Self {
        let heard = Self::default();
        let mut connections = Vec::new();
        for _ in 0..pool.status().max_size {
            connections.push(pool.get().await.unwrap());
        }
        for connection in &mut connections {
            let statements = heard.clone();
            connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
                if let InstrumentationEvent::StartQuery { query, .. } = event {
                    statements.0.lock().unwrap().push(query.to_string());
                }
            });
        }
        heard
    }

    /// Those since the last time, without the ends of transactions.
    pub fn take(&self) -> Vec<String> {
        let statements = std::mem::take(&mut *self.0.lock().unwrap());
        let is_one = |statement: &String| {
            let ends = ["BEGIN", "COMMIT", "ROLLBACK", "SET TRANSACTION"];
            !ends.iter().any(|end| statement.starts_with(end))
        };
        statements.into_iter().filter(is_one).collect()
    }
}
