//! A private PostgreSQL cluster, for a machine where nobody has set a database up.
//!
//! The cluster's files live in one directory:
//!
//! | Name | Holds |
//! |---|---|
//! | `data/` | PostgreSQL's own files |
//! | `socket/` | the only way in, a Unix socket (elsewhere when the path is too long for one) |
//! | `server.log`, `server.log.old` | what the server said in this run and in the one before |
//! | `owner.lock` | locked by the process that owns the cluster; says where the socket is once the server is ready, or why there is none |
//! | `guests.lock` | locked, by many at once, by the processes that work with a server that another one owns |
//! | `server.lock` | locked as long as any process that touches `data/` is alive |
//!
//! The first process that starts the cluster owns it: it starts the server again if that ends, after a pause that grows.
//! Others that start it meanwhile are guests. An owner that ends leaves its server to one of them, so that the last one
//! out stops it. An owner that dies without a word leaves that to a watchdog, a small process that notices its death;
//! then one of the guests starts the server anew.

mod account;
mod attendant;
mod error;
mod ownership;
mod programs;
mod server;
mod socket;
mod watchdog;

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_postgres::NoTls;
use tokio_postgres::error::SqlState;

use account::Account;
use attendant::{Attendant, Owned, Part};
use error::Doing;
pub use error::EmbeddedError;
use ownership::{Announcement, Guesthood, Ownership};
use programs::Programs;

/// How long to wait for a server to come up, including one that another process is starting: recovery after a
/// crash replays the write-ahead log first.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait for a server to go away.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// How often to look whether something that was waited for has happened.
const GLANCE: Duration = Duration::from_millis(20);

/// The only role of a cluster, its superuser.
const ROLE: &str = "showfloor";

/// Whether this process is root, under which PostgreSQL refuses to run.
pub fn runs_as_root() -> Result<bool, EmbeddedError> {
    Ok(account::effective_uid()? == 0)
}

/// The folder with the programs of the PostgreSQL that a new cluster would run; `pg_dump` and the like lie there, too.
pub async fn programs(directory: &Path) -> Result<PathBuf, EmbeddedError> {
    Ok(Programs::find(directory, None).await?.folder())
}

/// What the cluster's contents are worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tuning {
    /// Survives a power failure.
    Durable,
    /// For tests: quick, and lost or damaged when the machine goes down.
    Disposable,
}

/// A running private PostgreSQL cluster.
///
/// [`Cluster::stop`] stops it before returning, unless others work with it. Dropping the value lets the watchdog stop it
/// in the background.
#[derive(Debug)]
pub struct Cluster {
    socket: PathBuf,
    attendant: Attendant,
}

/// How long a command waits for a server that was announced and does not answer.
const DOWN_PATIENCE: Duration = Duration::from_secs(3);

impl Cluster {
    /// Starts the cluster whose files live under `directory`, which is made on the first call, or joins it when
    /// another process has started it, which has then also chosen the tuning.
    pub async fn start(directory: &Path, tuning: Tuning) -> Result<Cluster, EmbeddedError> {
        fs::create_dir_all(directory)
            .map_err(|source| EmbeddedError::files(Doing::Create, directory, source))?;
        // The server's programs run with another working directory.
        let directory = directory
            .canonicalize()
            .map_err(|source| EmbeddedError::files(Doing::Open, directory, source))?;
        let deadline = Instant::now() + START_PATIENCE;
        let mut down_since = None;
        loop {
            if let Some((ownership, said)) = Ownership::try_take(&directory)? {
                let owned = Owned::begin(ownership, said, &directory, tuning).await?;
                let socket = owned.socket().to_owned();
                let attendant = Attendant::of(Part::Owner(Box::new(owned)), directory, tuning);
                return Ok(Cluster { socket, attendant });
            }
            if let Some((socket, guest)) = join(&directory)? {
                let attendant = Attendant::of(Part::Guest(guest), directory, tuning);
                return Ok(Cluster { socket, attendant });
            }
            let now = Instant::now();
            match Announcement::read(&directory) {
                // It is being started for the first time, or stopped.
                None => down_since = None,
                Some(said) if now > *down_since.get_or_insert(now) + DOWN_PATIENCE => {
                    return Err(match said {
                        Announcement::Down(reason) => EmbeddedError::Down { directory, reason },
                        _ => EmbeddedError::NotAnswering { directory },
                    });
                }
                Some(_) => {}
            }
            if now > deadline {
                return Err(EmbeddedError::OwnerNotReady { directory });
            }
            sleep(GLANCE).await;
        }
    }

    /// Connection URL of a database of the cluster, such as `postgres://showfloor@%2Frun%2Fsocket/showfloor`.
    pub fn url(&self, database: &str) -> String {
        url(&self.socket, database)
    }

    /// Creates an empty database unless the cluster has one of that name.
    pub async fn create_database_if_missing(&self, database: &str) -> Result<(), EmbeddedError> {
        let failed = |source| EmbeddedError::CreateDatabase { database: database.to_owned(), cause: source };
        let (client, connection) =
            tokio_postgres::connect(&self.url("postgres"), NoTls).await.map_err(failed)?;
        let connection = tokio::spawn(connection);
        let created = create_database(&client, database).await.map_err(failed);
        // The connection ends with its client.
        drop(client);
        connection.await.ok();
        created
    }

    /// Stops the server and returns once it is gone; one that others work with is left to them.
    pub async fn stop(self) -> Result<(), EmbeddedError> {
        self.attendant.end().await
    }
}

fn url(socket: &Path, database: &str) -> String {
    let socket = percent_encoded(&socket.to_string_lossy());
    format!("postgres://{ROLE}@{socket}/{}", percent_encoded(database))
}

/// Becomes a guest of a server that answers.
fn join(directory: &Path) -> Result<Option<(PathBuf, Guesthood)>, EmbeddedError> {
    let Some(guest) = Guesthood::try_begin(directory)? else { return Ok(None) };
    // Only now: whoever stops a server makes sure that it has no guests.
    Ok(match Announcement::read(directory) {
        Some(Announcement::Ready(socket) | Announcement::Left(socket)) if socket::answers(&socket) => {
            Some((socket, guest))
        }
        _ => None,
    })
}

/// Makes sure that the server's account can enter the cluster's directory, which root may just have made with a
/// narrow umask; the folders above it are not ours to change.
fn open_to(account: Account, directory: &Path) -> Result<(), EmbeddedError> {
    match account.first_unreachable(directory)? {
        None => Ok(()),
        Some(folder) if folder == directory => let_pass(directory),
        Some(folder) => Err(EmbeddedError::Unreachable { directory: directory.to_owned(), folder }),
    }
}

/// Lets other accounts pass through a folder without letting them list it.
fn let_pass(folder: &Path) -> Result<(), EmbeddedError> {
    let failed = |source| EmbeddedError::files(Doing::Open, folder, source);
    let mode = fs::metadata(folder).map_err(failed)?.mode();
    fs::set_permissions(folder, Permissions::from_mode(mode | 0o011)).map_err(failed)
}

async fn create_database(client: &tokio_postgres::Client, name: &str) -> Result<(), tokio_postgres::Error> {
    if client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await?.is_some() {
        return Ok(());
    }
    let statement = format!(r#"CREATE DATABASE "{}""#, name.replace('"', r#""""#));
    match client.batch_execute(&statement).await {
        // Another process was quicker; the second code is what the loser of a close race gets.
        Err(error)
            if error.code() == Some(&SqlState::DUPLICATE_DATABASE)
                || error.code() == Some(&SqlState::UNIQUE_VIOLATION) =>
        {
            Ok(())
        }
        result => result,
    }
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
