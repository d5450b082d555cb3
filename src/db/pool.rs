//! Connections: opened on one runtime, kept in a pool, encrypted where the address asks for it.

use std::net::IpAddr;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool::managed::{self, Manager as _, TimeoutType};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::PoolError;
use diesel_async::pooled_connection::{
    self, AsyncDieselConnectionManager, ManagerConfig, PoolableConnection as _, RecyclingMethod,
};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_postgres::config::{Config, Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, NoTlsStream};
use tokio_postgres::{Client, NoTls, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::writer::{Opener, Writer, Writers};

/// A pool of connections.
pub type Pool = managed::Pool<Connections>;
/// A connection of the pool; give functions `&mut AsyncPgConnection`.
pub type Connection = managed::Object<Connections>;

/// What opens connections for a pool, and beside them a few that can write in bulk.
pub struct Connections {
    connections: AsyncDieselConnectionManager<AsyncPgConnection>,
    writers: Writers,
    /// So many of them are for who changes something.
    changing: Arc<Semaphore>,
    /// So many are for glances.
    glances: Arc<Semaphore>,
}

impl Connections {
    /// What a purpose has of the connections, where it may not have all of them.
    fn share(&self, purpose: Purpose) -> Option<&Arc<Semaphore>> {
        match purpose {
            Purpose::Reading => None,
            Purpose::Glance => Some(&self.glances),
            Purpose::Changing => Some(&self.changing),
        }
    }
}

impl managed::Manager for Connections {
    type Type = AsyncPgConnection;
    type Error = pooled_connection::PoolError;

    async fn create(&self) -> Result<AsyncPgConnection, Self::Error> {
        self.connections.create().await
    }

    async fn recycle(
        &self,
        connection: &mut AsyncPgConnection,
        metrics: &managed::Metrics,
    ) -> managed::RecycleResult<Self::Error> {
        self.connections.recycle(connection, metrics).await
    }
}

/// What a connection is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Something that ends soon, whatever others do.
    Reading,
    /// Something that many screens ask for at a time, each of which ends at once: they take turns, because as many at a time as there
    /// are connections would have each wait for all the others.
    Glance,
    /// A change, which may wait for others or take its time: changes together have a part of the connections, so that
    /// whoever reads always finds one.
    Changing,
}

/// A connection that is lent for a purpose.
pub struct Lent {
    connection: Connection,
    // Behind the connection: it is done when that is back in the pool.
    torn: Torn,
    _share: Option<OwnedSemaphorePermit>,
}

/// A connection whose work was given up in the middle of a transaction, if it was: by when it was opened.
#[derive(Default)]
struct Torn(Option<(Pool, Instant)>);

impl Drop for Torn {
    /// Closes it, so that what its transaction holds is free at once and not when somebody needs the connection next.
    fn drop(&mut self) {
        if let Some((pool, opened)) = self.0.take() {
            pool.retain(|_, of| of.created != opened);
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.connection.is_broken() {
            let opened = Connection::metrics(&self.connection).created;
            self.torn.0 = self.pool().map(|pool| (pool, opened));
        }
    }
}

impl Lent {
    /// The pool that it goes back to, unless that has been closed.
    pub fn pool(&self) -> Option<Pool> {
        Connection::pool(&self.connection)
    }
}

impl Deref for Lent {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}

/// A connection of the pool, as soon as there is one for this purpose.
///
/// # Errors
///
/// Where there is none within a few seconds, or the database cannot be reached.
pub async fn lend(pool: &Pool, purpose: Purpose) -> Result<Lent, PoolError> {
    let share = match pool.manager().share(purpose) {
        None => None,
        Some(share) => {
            let in_time = tokio::time::timeout(WAIT, Arc::clone(share).acquire_owned()).await;
            Some(in_time.map_err(|_| PoolError::Timeout(TimeoutType::Wait))?.map_err(|_| PoolError::Closed)?)
        }
    };
    Ok(Lent { connection: pool.get().await?, torn: Torn::default(), _share: share })
}

/// The same if there is one that nobody uses.
pub async fn lend_at_once(pool: &Pool, purpose: Purpose) -> Option<Lent> {
    let share = match pool.manager().share(purpose) {
        None => None,
        Some(share) => Some(Arc::clone(share).try_acquire_owned().ok()?),
    };
    let patience = managed::Timeouts { wait: Some(Duration::ZERO), ..pool.timeouts() };
    let connection = pool.timeout_get(&patience).await.ok()?;
    Some(Lent { connection, torn: Torn::default(), _share: share })
}

/// How many of so many connections may be used for changes at a time. A generation needs up to three.
fn share_of_changes(size: usize) -> usize {
    (size - size / 4).max(size.min(3))
}

/// How many of them may be used for glances at a time.
fn share_of_glances(size: usize) -> usize {
    (size / 4).max(size.min(2))
}

/// How many of them may be used by changes that wait for others: some are left to those who need not wait.
fn share_of_waiting(size: usize) -> usize {
    (share_of_changes(size) * 3 / 4).max(1)
}

/// A connection of a pool, which knows how many of those who have one may wait.
async fn of_pool(mut opened: AsyncPgConnection, waiting: usize) -> ConnectionResult<AsyncPgConnection> {
    let told = format!("SET showfloor.waiting TO '{waiting}'");
    opened.batch_execute(&told).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(opened)
}

/// A connection beside those of a pool that can write in bulk.
pub async fn writer(pool: &Pool) -> Result<Writer, PoolError> {
    pool.manager().writers.get().await
}

/// How long a request waits for a connection before it is answered with 503.
const WAIT: Duration = Duration::from_secs(5);
/// Most connections that write in bulk at a time.
const WRITERS: usize = 4;
/// How long a statement waits for somebody else's lock before it gives up, where nothing else is said.
const LOCK_WAIT: &str = "-c lock_timeout=10s";
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A pool of up to `size` connections to `url`. It opens none until one is asked for.
///
/// Connections are driven by the runtime that calls this, whichever runtime asks for one later: an actix worker that is
/// busy with something else would otherwise stall the queries of the others.
pub fn open(url: &str, size: usize) -> anyhow::Result<Pool> {
    let (runtime, waits) = (Handle::current(), share_of_waiting(size));
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        let opening = runtime.spawn(async move { of_pool(connect(&url).await?, waits).await });
        async move {
            opening.await.unwrap_or_else(|error| Err(ConnectionError::BadConnection(error.to_string())))
        }
        .boxed()
    });
    let connections = AsyncDieselConnectionManager::new_with_config(url, config);
    let writers = waiting(managed::Pool::builder(Opener::new(url)), WRITERS)?;
    let changing = Arc::new(Semaphore::new(share_of_changes(size)));
    let glances = Arc::new(Semaphore::new(share_of_glances(size)));
    Ok(waiting(Pool::builder(Connections { connections, writers, changing, glances }), size)?)
}

/// A pool of up to `size` connections for which nobody waits too long.
fn waiting<M: managed::Manager>(
    pool: managed::PoolBuilder<M>,
    size: usize,
) -> Result<managed::Pool<M>, managed::BuildError> {
    pool.max_size(size)
        .runtime(deadpool::Runtime::Tokio1)
        .wait_timeout(Some(WAIT))
        .create_timeout(Some(CONNECT))
        .build()
}

/// A connection beside those of a pool, for work that others may wait for while they hold one of them.
pub async fn beside(pool: &Pool) -> Result<AsyncPgConnection, PoolError> {
    match tokio::time::timeout(CONNECT, pool.manager().create()).await {
        Ok(opened) => opened.map_err(PoolError::Backend),
        Err(_) => Err(PoolError::Timeout(TimeoutType::Create)),
    }
}

/// One connection outside any pool.
pub async fn connect(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let mut opened = driven(dial(url).await?).await?;
    // What the server says of its own state is told apart by its words; not every account may choose their language.
    if let Err(error) = opened.batch_execute("SET lc_messages TO 'C'").await {
        tracing::debug!(%error, "the server speaks its own language");
    }
    Ok(opened)
}

async fn driven(dialled: Dialled) -> ConnectionResult<AsyncPgConnection> {
    match dialled {
        Dialled::Plain(client, connection) => {
            AsyncPgConnection::try_from_client_and_connection(client, *connection).await
        }
        Dialled::Encrypted(client, connection) => {
            AsyncPgConnection::try_from_client_and_connection(client, *connection).await
        }
    }
}

/// A connection as tokio-postgres opens it: what asks, and what has to be driven meanwhile.
pub(super) enum Dialled {
    Plain(Client, Box<tokio_postgres::Connection<Socket, NoTlsStream>>),
    Encrypted(Client, Box<tokio_postgres::Connection<Socket, TlsStream>>),
}

type TlsStream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;

/// Opens a connection, encrypted where the address asks for it.
pub(super) async fn dial(url: &str) -> ConnectionResult<Dialled> {
    let mut config: Config = url.parse().map_err(|error| bad(&error))?;
    // It goes into the settings that the session begins with, so that a transaction can go back to it.
    let options = config.get_options().map_or(LOCK_WAIT.to_owned(), |asked| format!("{LOCK_WAIT} {asked}"));
    config.options(options);
    if is_plain(&config) {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| bad(&error))?;
        return Ok(Dialled::Plain(client, Box::new(connection)));
    }
    // The server's certificate is verified against the machine's trusted roots.
    let (tls, _) = MakeRustlsConnect::with_native_certs().map_err(|errors| {
        let reason = errors.first().map_or("none installed".to_owned(), ToString::to_string);
        ConnectionError::BadConnection(format!("no trusted certificates to verify the server with: {reason}"))
    })?;
    config.ssl_mode(SslMode::Require);
    let (client, connection) = config.connect(tls).await.map_err(|error| bad(&error))?;
    Ok(Dialled::Encrypted(client, Box::new(connection)))
}

/// A connection error with its causes, which the error alone keeps to itself.
fn bad(error: &dyn std::error::Error) -> ConnectionError {
    let causes = std::iter::successors(Some(error), |error| error.source());
    ConnectionError::BadConnection(causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

/// Whether the connection goes unencrypted: never to another machine unless the address says `sslmode=disable`.
fn is_plain(config: &Config) -> bool {
    let is_local = config.get_hosts().iter().all(|host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    });
    match config.get_ssl_mode() {
        SslMode::Disable => true,
        SslMode::Prefer => is_local,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_leave_connections_for_readers_where_there_are_enough() {
        for (size, share) in [(1, 1), (2, 2), (3, 3), (4, 3), (8, 6), (16, 12), (40, 30)] {
            assert_eq!(share_of_changes(size), share, "{size}");
        }
        for (size, share) in [(1, 1), (2, 1), (3, 2), (4, 2), (8, 4), (16, 9)] {
            assert_eq!(share_of_waiting(size), share, "{size}");
        }
        for (size, share) in [(1, 1), (2, 2), (4, 2), (8, 2), (16, 4), (40, 10)] {
            assert_eq!(share_of_glances(size), share, "{size}");
        }
    }
}
