//! Opening the database that a command works on.

use std::io::{self, Write as _};

use anyhow::Context as _;
use tokio_postgres::config::{Config, Host};

use super::{Ended, language, tell};
use crate::auth::Context;
use crate::clock::Clock;
use crate::config::Storage;
use crate::db::embedded::{Cluster, Tuning};
use crate::db::{Pool, migrate, pool};
use crate::http::Problem;

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
            Some(_) => migrated
                .with_context(|| tell!("程序自己的数据库不能用", "the private database cannot be used")),
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
        Self::with(storage, async |pool| work(&mut operator(pool).await?).await).await
    }
}

/// The operator's work, answered in the language of the terminal.
pub async fn operator(pool: &Pool) -> Result<Context, Problem> {
    let mut cx = Context::operator(pool, Clock::System.now()).await?;
    cx.language = language();
    Ok(cx)
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
        (hosts.collect::<Vec<_>>().join(","), port)
    });
    match address {
        Ok((hosts, port)) => tell!(
            "{hosts} 端口 {port} 的数据库不能用（它在运行吗？DATABASE_URL 对吗？不设时，程序在数据文件夹里自己运行一个）",
            "the database at {hosts}, port {port} cannot be used (is it running, and is DATABASE_URL right? Without it, a \
             private server is run in the data folder)"
        ),
        Err(_) => tell!(
            "DATABASE_URL 不是 PostgreSQL 数据库的地址，例如 postgres://showfloor@db.example/showfloor（不设时，程序在数据文件夹里\
             自己运行一个）",
            "DATABASE_URL is no address of a PostgreSQL database, such as postgres://showfloor@db.example/showfloor \
             (without it, a private server is run in the data folder)"
        ),
    }
}

/// `showfloor migrate`
pub async fn migrate(storage: Storage) -> anyhow::Result<Ended> {
    Database::with(&storage, async |_| {
        writeln!(io::stdout(), "{}", tell!("数据库已是最新", "the database is up to date"))?;
        Ok(Ended::Well)
    })
    .await
}
