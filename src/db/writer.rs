//! Connections that can write in bulk. Diesel does not know COPY, so these are tokio-postgres's own; few are ever open.

use deadpool::managed;
use diesel_async::pooled_connection::PoolError;
use tokio::runtime::Handle;
use tokio_postgres::Client;

use super::pool::{Dialled, dial};

/// The few that a pool has.
pub(super) type Writers = managed::Pool<Opener>;
/// One of them, lent.
pub type Writer = managed::Object<Opener>;

/// What opens them.
pub struct Opener {
    url: String,
    /// Drives them, whichever runtime asks.
    runtime: Handle,
}

impl Opener {
    /// Of connections to `url`, driven by the runtime that calls this.
    pub(super) fn new(url: &str) -> Self {
        Self { url: url.to_owned(), runtime: Handle::current() }
    }
}

impl managed::Manager for Opener {
    type Type = Client;
    type Error = PoolError;

    async fn create(&self) -> Result<Client, PoolError> {
        let (client, connection): (_, std::pin::Pin<Box<dyn Future<Output = _> + Send>>) =
            match dial(&self.url).await.map_err(PoolError::ConnectionError)? {
                Dialled::Plain(client, connection) => (client, Box::pin(*connection)),
                Dialled::Encrypted(client, connection) => (client, Box::pin(*connection)),
            };
        self.runtime.spawn(async move {
            let ended: Result<(), tokio_postgres::Error> = connection.await;
            if let Err(error) = ended {
                tracing::warn!(%error, "a connection has ended");
            }
        });
        Ok(client)
    }

    async fn recycle(&self, client: &mut Client, _: &managed::Metrics) -> managed::RecycleResult<PoolError> {
        // A transaction that was given up has been rolled back by then: it asks for that when it is dropped.
        match client.is_closed() {
            true => Err(managed::RecycleError::message("it has ended")),
            false => Ok(()),
        }
    }
}
