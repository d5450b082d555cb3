//! Where it is measured: a private PostgreSQL in a folder of its own, gone when the run ends.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use showfloor::db::embedded::{Cluster, Tuning};
use showfloor::db::{Pool, migrate, pool};
use tempfile::TempDir;
use tokio_postgres::config::Host;
use tokio_postgres::{Client, NoTls, Row};

/// How folders of runs are called; their process follows.
const PREFIX: &str = "showfloor-bench-";

/// A folder with a running PostgreSQL, as durable as one that people use.
pub struct Place {
    folder: TempDir,
    cluster: Cluster,
}

impl Place {
    /// Starts it in a new folder below `parent`, or where temporary files are.
    pub async fn open(parent: Option<&Path>) -> anyhow::Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        clear_earlier_runs(&parent);
        // PostgreSQL runs under another account where this one is root, and has to pass through.
        let folder = tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", std::process::id()))
            .permissions(Permissions::from_mode(0o711))
            .tempdir_in(parent)?;
        let cluster = Cluster::start(&folder.path().join("postgres"), Tuning::Durable).await?;
        Ok(Self { folder, cluster })
    }

    /// A path for a file of ours.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server has said.
    pub fn server_log(&self) -> PathBuf {
        self.file("postgres/server.log")
    }

    /// Makes an empty database with the program's tables, and connects to it.
    pub async fn database(&self, name: &str) -> anyhow::Result<Database> {
        self.cluster.create_database_if_missing(name).await?;
        let url = self.cluster.url(name);
        let pool = pool::open(&url, 4)?;
        migrate::run(&pool).await?;
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Database { url, pool, client })
    }

    /// Stops the server and removes everything.
    pub async fn close(self) -> anyhow::Result<()> {
        self.cluster.stop().await?;
        Ok(self.folder.close()?)
    }
}

/// Removes what runs have left that were killed: gigabytes, perhaps.
fn clear_earlier_runs(parent: &Path) {
    let processes = Path::new("/proc");
    for entry in std::fs::read_dir(parent).into_iter().flatten().flatten().filter(|_| processes.is_dir()) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()?.parse::<u32>().ok());
        if process.is_some_and(|process| !processes.join(process.to_string()).exists()) {
            // Somebody else's, which cannot be removed, is in nobody's way.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A database with the program's tables.
pub struct Database {
    /// Its address.
    pub url: String,
    /// Connections as the program has them.
    pub pool: Pool,
    client: Client,
}

impl Database {
    /// Sets what the statements of this program read as `bench.<name>`.
    pub async fn set(&self, name: &str, value: &str) -> anyhow::Result<()> {
        let (name, value) = (format!("bench.{name}"), value.to_owned());
        self.client.execute("SELECT set_config($1, $2, false)", &[&name, &value]).await?;
        Ok(())
    }

    /// Runs statements.
    pub async fn run(&self, statements: &str) -> anyhow::Result<()> {
        Ok(self.client.batch_execute(statements).await?)
    }

    /// Runs statements and says how long it took, beginning with nothing left to be written by what went before.
    pub async fn timed(&self, statements: &str) -> anyhow::Result<Duration> {
        self.settle().await?;
        let begun = Instant::now();
        self.run(statements).await?;
        Ok(begun.elapsed())
    }

    /// Has everything written to disk that was done before.
    pub async fn settle(&self) -> anyhow::Result<()> {
        self.run("CHECKPOINT").await
    }

    /// The only row of a query.
    pub async fn row(&self, query: &str) -> anyhow::Result<Row> {
        self.client.query_one(query, &[]).await.with_context(|| query.to_owned())
    }

    /// The first column of the only row of a query.
    pub async fn number(&self, query: &str) -> anyhow::Result<i64> {
        Ok(self.row(query).await?.try_get(0)?)
    }

    /// The only text of a query.
    pub async fn text(&self, query: &str) -> anyhow::Result<String> {
        Ok(self.row(query).await?.try_get(0)?)
    }

    /// Whether there is a table of this name.
    pub async fn has(&self, table: &str) -> anyhow::Result<bool> {
        Ok(self.row(&format!("SELECT to_regclass('{table}') IS NOT NULL")).await?.try_get(0)?)
    }

    /// How long a binary COPY takes of the rows of a table that meet a condition, from a file of the server into an empty
    /// table like it, with its indexes and checks. Nothing that goes through a client is faster.
    pub async fn copy_like(&self, table: &str, condition: &str) -> anyhow::Result<Duration> {
        let columns = self
            .text(&format!(
                "SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
                 FROM information_schema.columns
                 WHERE table_schema = 'public' AND table_name = '{table}' AND is_generated = 'NEVER'"
            ))
            .await?;
        let file = self.text("SELECT current_setting('data_directory') || '/rows.copy'").await?;
        self.run(&format!(
            "COPY (SELECT {columns} FROM {table} WHERE {condition}) TO '{file}' (FORMAT binary);
             CREATE TABLE bench.like_{table} (LIKE {table} INCLUDING ALL)"
        ))
        .await?;
        let copy = format!("COPY bench.like_{table} ({columns}) FROM '{file}' (FORMAT binary)");
        let mut runs = Vec::new();
        for _ in 0..3 {
            self.run(&format!("TRUNCATE bench.like_{table}")).await?;
            runs.push(self.timed(&copy).await?);
        }
        self.run(&format!("DROP TABLE bench.like_{table}")).await?;
        std::fs::remove_file(&file)?;
        runs.sort();
        runs.into_iter().nth(1).context("no run")
    }

    /// The folder of the server's socket.
    pub fn socket(&self) -> anyhow::Result<PathBuf> {
        let config: tokio_postgres::Config = self.url.parse()?;
        match config.get_hosts().first() {
            Some(Host::Unix(folder)) => Ok(folder.clone()),
            _ => anyhow::bail!("the private server has a socket"),
        }
    }

    /// Leaves the database, which other programs may go on with.
    pub fn close(self) {
        self.pool.close();
    }
}
