//! Connections: opened on one runtime, kept in a pool, encrypted where the address asks for it.

use std::net::IpAddr;
use std::time::Duration;

use deadpool::managed::{self, Manager as _, TimeoutType};
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::AsyncPgConnection;
use diesel_async::pooled_connection::deadpool::PoolError;
use diesel_async::pooled_connection::{self, AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use futures_util::FutureExt;
use tokio::runtime::Handle;
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

/// A connection beside those of a pool that can write in bulk.
pub async fn writer(pool: &Pool) -> Result<Writer, PoolError> {
    pool.manager().writers.get().await
}

/// How long a request waits for a connection before it is answered with 503.
const WAIT: Duration = Duration::from_secs(5);
/// Most connections that write in bulk at a time.
const WRITERS: usize = 4;
/// How long opening a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A pool of up to `size` connections to `url`. It opens none until one is asked for.
///
/// Connections are driven by the runtime that calls this, whichever runtime asks for one later: an actix worker that is
/// busy with something else would otherwise stall the queries of the others.
pub fn open(url: &str, size: usize) -> anyhow::Result<Pool> {
    let runtime = Handle::current();
    let mut config = ManagerConfig::<AsyncPgConnection>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(move |url| {
        let url = url.to_owned();
        let opening = runtime.spawn(async move { connect(&url).await });
        async move {
            opening.await.unwrap_or_else(|error| Err(ConnectionError::BadConnection(error.to_string())))
        }
        .boxed()
    });
    let connections = AsyncDieselConnectionManager::new_with_config(url, config);
    let writers = waiting(managed::Pool::builder(Opener::new(url)), WRITERS)?;
    Ok(waiting(Pool::builder(Connections { connections, writers }), size)?)
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
    match dial(url).await? {
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
