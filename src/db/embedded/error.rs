//! What can go wrong with a private cluster, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why a private cluster could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// None of the usual places has the server's programs.
    #[error(
        "PostgreSQL 14 to 18 is not installed here: install it (Debian, Ubuntu: apt-get install postgresql) \
         or set DATABASE_URL to a server of yours"
    )]
    NotInstalled,

    /// The files need a major version that none of the usual places has.
    #[error(
        "the cluster in {} was made by PostgreSQL {major}, whose programs are not installed here: install them \
         (Debian, Ubuntu: apt-get install postgresql-{major}), set SHOWFLOOR_POSTGRES_BIN to their folder, or \
         choose another data directory",
        .data.display()
    )]
    VersionNotInstalled {
        /// The data directory.
        data: PathBuf,
        /// The version that made the files.
        major: u32,
    },

    /// The folder that the user named is not one of server programs.
    #[error(
        "SHOWFLOOR_POSTGRES_BIN={} does not hold working initdb, pg_ctl and postgres programs of PostgreSQL 14 \
         to 18: correct or unset it",
        .bin.display()
    )]
    OverrideLacksPrograms {
        /// The folder.
        bin: PathBuf,
    },

    /// The folder that the user named has programs of another major version than the files need.
    #[error(
        "the cluster in {} was made by PostgreSQL {major}, which SHOWFLOOR_POSTGRES_BIN={} does not hold: correct \
         or unset it, or choose another data directory",
        .data.display(),
        .bin.display()
    )]
    OverrideLacksVersion {
        /// The data directory.
        data: PathBuf,
        /// The folder.
        bin: PathBuf,
        /// The version that made the files.
        major: u32,
    },

    /// This process is root, and there is nobody to become.
    #[error(
        "PostgreSQL refuses to run as root and /etc/passwd has neither `postgres` nor `nobody`: start showfloor \
         as an ordinary user or set DATABASE_URL"
    )]
    NoUnprivilegedAccount,

    /// The files belong to someone whom this process cannot act for.
    #[error(
        "the cluster's files in {} belong to the user with ID {uid}, as whom this process cannot run the server: run \
         showfloor as their owner, give them to another user (but root) with chown -R, or choose another data \
         directory",
        .data.display()
    )]
    ForeignOwner {
        /// The data directory.
        data: PathBuf,
        /// Its owner.
        uid: u32,
    },

    /// A folder above the cluster's directory is closed to the server's account.
    #[error(
        "PostgreSQL cannot run as root, and the unprivileged user it runs as cannot enter {}: choose a data directory \
         outside that folder, or open the folder with chmod o+x (the cluster is to live in {})",
        .folder.display(),
        .directory.display()
    )]
    Unreachable {
        /// Where the cluster is to live.
        directory: PathBuf,
        /// The topmost folder that is closed.
        folder: PathBuf,
    },

    /// `data/` holds something, but not a cluster.
    #[error(
        "{} is not empty and not a PostgreSQL cluster: move it away or choose another data directory",
        .data.display()
    )]
    NotACluster {
        /// The data directory.
        data: PathBuf,
    },

    /// Someone else could reach, or has made, the folder that is to be private.
    #[error(
        "{} is to hold the server's socket, but it is not a private folder of the user who runs the server: \
         remove it",
        .socket.display()
    )]
    SocketNotPrivate {
        /// The folder.
        socket: PathBuf,
    },

    /// No place for the socket has a path short enough.
    #[error(
        "neither {} nor the folder for temporary files has a path short enough for a Unix socket: choose a data \
         directory with a shorter path",
        .directory.display()
    )]
    NoPlaceForSocket {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// An operation on the cluster's files failed.
    #[error(
        "cannot {doing} {}, check its permissions and the space left, or choose another data directory: {cause}",
        .path.display()
    )]
    Files {
        /// What was to be done, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said. It stands in the sentence, so that it is said once.
        cause: io::Error,
    },

    /// A program could not be started.
    #[error("cannot run {}, check that the user who is to run it may do so: {cause}", .program.display())]
    CannotRun {
        /// The program.
        program: PathBuf,
        /// What the system said. It stands in the sentence, so that it is said once.
        cause: io::Error,
    },

    /// `initdb` failed.
    #[error("initdb could not make a PostgreSQL cluster in {}, it said:\n{said}", .data.display())]
    Initialise {
        /// The data directory.
        data: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server ended while it was starting.
    #[error("PostgreSQL did not start, the end of its log {} says why:\n{said}", .log.display())]
    Ended {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server has been starting for longer than it is given.
    #[error(
        "PostgreSQL is not ready after {} seconds, the end of its log {} may say why:\n{said}",
        super::START_PATIENCE.as_secs(),
        .log.display()
    )]
    NotReady {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server does not go away.
    #[error(
        "PostgreSQL did not stop within {} seconds, the end of its log {} may say why:\n{said}",
        super::STOP_PATIENCE.as_secs(),
        .log.display()
    )]
    NotStopped {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// Another process owns the cluster but has not got its server ready.
    #[error(
        "another showfloor process has been starting the cluster in {} for more than {} seconds: stop that process \
         and try again",
        .directory.display(),
        super::START_PATIENCE.as_secs()
    )]
    OwnerNotReady {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// The owner's server has ended, and the owner starts it again.
    #[error(
        "the private PostgreSQL in {} has ended and is being started again by the showfloor process that runs it: {reason}; \
         {} says more; try again in a moment",
        .directory.display(),
        .directory.join("server.log.old").display()
    )]
    Down {
        /// The cluster's directory.
        directory: PathBuf,
        /// Why, as far as the owner knows.
        reason: String,
    },

    /// The owner's server does not take connections.
    #[error(
        "the private PostgreSQL in {} does not answer, though the showfloor process that runs it is alive: {} may say \
         why; try again in a moment, or restart that process",
        .directory.display(),
        .directory.join("server.log").display()
    )]
    NotAnswering {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// A server whose owner is dead does not go away.
    #[error(
        "a PostgreSQL process that an earlier showfloor process left in {} does not end: stop it (its ID is the \
         first line of data/postmaster.pid there) and try again",
        .directory.display()
    )]
    LeftBehind {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// A database could not be created.
    #[error("cannot create the database `{database}` in the private PostgreSQL cluster: {cause}")]
    CreateDatabase {
        /// Its name.
        database: String,
        /// What the server said.
        cause: tokio_postgres::Error,
    },
}

impl EmbeddedError {
    pub(super) fn files(doing: &'static str, path: &Path, source: io::Error) -> EmbeddedError {
        EmbeddedError::Files { doing, path: path.to_owned(), cause: source }
    }
}
