//! Opening the database that a command works on.

use std::io::{self, Write as _};

use anyhow::Context as _;
use tokio_postgres::config::{Config, Host};

use super::Ended;
use crate::auth::Context;
use crate::clock::Clock;
use crate::config::Storage;
use crate::db::embedded::{Cluster, Tuning};
use crate::db::{Pool, migrate, pool};

/// Name of the database in the private cluster.
const NAME: &str = "showfloor";

/// A migrated database, and the private cluster it is in unless `DATABASE_URL` says otherwise.
pub struct Database {
    /// Connections to it.
    pub pool: Pool,
    cluster: Option<Cluster>,
}

impl Database {
    /// Starts the private cluster where one is needed, connects, and migrates.
    pub async fn open(storage: &Storage) -> anyhow::Result<Self> {
        let (url, cluster) = match storage.server() {
            Some(url) => (url.to_owned(), None),
            None => {
                let folder = storage.data_folder()?;
                let cluster = Cluster::start(&folder.join("postgres"), Tuning::Durable).await?;
                cluster.create_database_if_missing(NAME).await?;
                (cluster.url(NAME), Some(cluster))
            }
        };
        let pool = pool::open(&url, storage.connections)?;
        let opened = Self { pool, cluster };
        let migrated = migrate::run(&opened.pool).await;
        let migrated = match opened.cluster {
            Some(_) => migrated.context("the private database cannot be used"),
            None => migrated.with_context(|| unusable(&url)),
        };
        match migrated {
            Ok(_) => Ok(opened),
            Err(error) => {
                opened.close().await?;
                Err(error)
            }
        }
    }

    /// Closes the connections and stops the private cluster.
    pub async fn close(self) -> anyhow::Result<()> {
        self.pool.close();
        match self.cluster {
            Some(cluster) => Ok(cluster.stop().await?),
            None => Ok(()),
        }
    }

    /// Does some work on the database and closes it, whatever the work came to.
    pub async fn with<T>(
        storage: &Storage,
        work: impl AsyncFnOnce(&Pool) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let database = Self::open(storage).await?;
        let result = work(&database.pool).await;
        let closed = database.close().await;
        let value = result?;
        closed?;
        Ok(value)
    }

    /// Does some work of the operator's on the database and closes it, whatever the work came to.
    pub async fn as_operator<T>(
        storage: &Storage,
        work: impl AsyncFnOnce(&mut Context) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        Self::with(storage, async |pool| work(&mut Context::operator(pool, Clock::System.now()).await?).await)
            .await
    }
}

/// What is wrong with a server that does not take us, without the password in its address.
fn unusable(url: &str) -> String {
    let address = url.parse::<Config>().map(|config| {
        let hosts = config.get_hosts().iter().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(folder) => folder.display().to_string(),
        });
        let ports = config.get_ports().iter().map(u16::to_string).collect::<Vec<_>>().join(",");
        let port = if ports.is_empty() { "5432".to_owned() } else { ports };
        format!("at {}, port {port}", hosts.collect::<Vec<_>>().join(","))
    });
    match address {
        Ok(address) => format!(
            "the database {address} cannot be used (is it running, and is DATABASE_URL right? Without it, a private \
             server is run in the data folder)"
        ),
        Err(_) => "DATABASE_URL is no address of a PostgreSQL database, such as postgres://showfloor@db.example/showfloor \
             (without it, a private server is run in the data folder)"
            .to_owned(),
    }
}

/// `showfloor migrate`
pub async fn migrate(storage: Storage) -> anyhow::Result<Ended> {
    Database::with(&storage, async |_| {
        writeln!(io::stdout(), "the database is up to date")?;
        Ok(Ended::Well)
    })
    .await
}
