//! What can go wrong with a private cluster, each with what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::{START_PATIENCE, STOP_PATIENCE};
use crate::said::{Said, said_errors, say};

/// What was to be done with a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Making it.
    Create,
    /// Opening it.
    Open,
    /// Asking the system about it.
    LookAt,
    /// Reading it.
    Read,
    /// Writing it.
    Write,
    /// Giving it to another account.
    ChangeOwner,
    /// Handing it to another process.
    Share,
    /// Locking it.
    Lock,
    /// Emptying it.
    Clear,
}

impl Doing {
    /// In Chinese and in English.
    fn verbs(self) -> (&'static str, &'static str) {
        match self {
            Doing::Create => ("新建", "create"),
            Doing::Open => ("打开", "open"),
            Doing::LookAt => ("查看", "look at"),
            Doing::Read => ("读", "read"),
            Doing::Write => ("写", "write"),
            Doing::ChangeOwner => ("改变所有者：", "change the owner of"),
            Doing::Share => ("共用", "share"),
            Doing::Lock => ("锁住", "lock"),
            Doing::Clear => ("清空", "clear"),
        }
    }
}

/// Why a private cluster could not be started or stopped.
#[derive(Debug)]
pub enum EmbeddedError {
    /// None of the usual places has the server's programs.
    NotInstalled,

    /// The files need a major version that none of the usual places has.
    VersionNotInstalled {
        /// The data directory.
        data: PathBuf,
        /// The version that made the files.
        major: u32,
    },

    /// The folder that the user named is not one of server programs.
    OverrideLacksPrograms {
        /// The folder.
        bin: PathBuf,
    },

    /// The folder that the user named has programs of another major version than the files need.
    OverrideLacksVersion {
        /// The data directory.
        data: PathBuf,
        /// The folder.
        bin: PathBuf,
        /// The version that made the files.
        major: u32,
    },

    /// This process is root, and there is nobody to become.
    NoUnprivilegedAccount,

    /// The files belong to someone whom this process cannot act for.
    ForeignOwner {
        /// The data directory.
        data: PathBuf,
        /// Its owner.
        uid: u32,
    },

    /// A folder above the cluster's directory is closed to the server's account.
    Unreachable {
        /// Where the cluster is to live.
        directory: PathBuf,
        /// The topmost folder that is closed.
        folder: PathBuf,
    },

    /// `data/` holds something, but not a cluster.
    NotACluster {
        /// The data directory.
        data: PathBuf,
    },

    /// Someone else could reach, or has made, the folder that is to be private.
    SocketNotPrivate {
        /// The folder.
        socket: PathBuf,
    },

    /// No place for the socket has a path short enough.
    NoPlaceForSocket {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// An operation on the cluster's files failed.
    Files {
        /// What was to be done.
        doing: Doing,
        /// The file or folder.
        path: PathBuf,
        /// What the system said. It stands in the sentence, so that it is said once.
        cause: io::Error,
    },

    /// A program could not be started.
    CannotRun {
        /// The program.
        program: PathBuf,
        /// What the system said. It stands in the sentence, so that it is said once.
        cause: io::Error,
    },

    /// `initdb` failed.
    Initialise {
        /// The data directory.
        data: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server ended while it was starting.
    Ended {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server has been starting for longer than it is given.
    NotReady {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// The server does not go away.
    NotStopped {
        /// The server's log.
        log: PathBuf,
        /// Its last lines.
        said: String,
    },

    /// Another process owns the cluster but has not got its server ready.
    OwnerNotReady {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// The owner's server has ended, and the owner starts it again.
    Down {
        /// The cluster's directory.
        directory: PathBuf,
        /// Why, as far as the owner knows.
        reason: String,
    },

    /// The owner's server does not take connections.
    NotAnswering {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// A server whose owner is dead does not go away.
    LeftBehind {
        /// The cluster's directory.
        directory: PathBuf,
    },

    /// A database could not be created.
    CreateDatabase {
        /// Its name.
        database: String,
        /// What the server said.
        cause: tokio_postgres::Error,
    },
}

said_errors!(EmbeddedError);

impl EmbeddedError {
    pub(super) fn files(doing: Doing, path: &Path, source: io::Error) -> EmbeddedError {
        EmbeddedError::Files { doing, path: path.to_owned(), cause: source }
    }

    /// What is wrong, with what to do about it.
    pub fn said(&self) -> Said {
        match self {
            Self::NotInstalled => say!(
                "这台机器没有安装 PostgreSQL 14 到 18：请安装（Debian、Ubuntu：apt-get install postgresql），或把 DATABASE_URL \
                 设成您自己的数据库",
                "PostgreSQL 14 to 18 is not installed here: install it (Debian, Ubuntu: apt-get install postgresql) \
                 or set DATABASE_URL to a server of yours"
            ),
            Self::VersionNotInstalled { data, major } => say!(
                "{data} 里的数据库是 PostgreSQL {major} 建的，这台机器没有安装它：请安装（Debian、Ubuntu：apt-get install \
                 postgresql-{major}），把 SHOWFLOOR_POSTGRES_BIN 设成它所在的文件夹，或换一个数据文件夹",
                "the cluster in {data} was made by PostgreSQL {major}, whose programs are not installed here: install them \
                 (Debian, Ubuntu: apt-get install postgresql-{major}), set SHOWFLOOR_POSTGRES_BIN to their folder, or \
                 choose another data directory",
                data = data.display()
            ),
            Self::OverrideLacksPrograms { bin } => say!(
                "SHOWFLOOR_POSTGRES_BIN={bin} 里没有能用的 PostgreSQL 14 到 18 的 initdb、pg_ctl 和 postgres：请改正或不设",
                "SHOWFLOOR_POSTGRES_BIN={bin} does not hold working initdb, pg_ctl and postgres programs of PostgreSQL 14 \
                 to 18: correct or unset it",
                bin = bin.display()
            ),
            Self::OverrideLacksVersion { data, bin, major } => say!(
                "{data} 里的数据库是 PostgreSQL {major} 建的，SHOWFLOOR_POSTGRES_BIN={bin} 里没有它：请改正或不设，或换一个\
                 数据文件夹",
                "the cluster in {data} was made by PostgreSQL {major}, which SHOWFLOOR_POSTGRES_BIN={bin} does not hold: \
                 correct or unset it, or choose another data directory",
                data = data.display(),
                bin = bin.display()
            ),
            Self::NoUnprivilegedAccount => say!(
                "PostgreSQL 不能以 root 运行，/etc/passwd 里又没有 `postgres` 和 `nobody`：请用普通账号启动 showfloor，或设 \
                 DATABASE_URL",
                "PostgreSQL refuses to run as root and /etc/passwd has neither `postgres` nor `nobody`: start showfloor \
                 as an ordinary user or set DATABASE_URL"
            ),
            Self::ForeignOwner { data, uid } => say!(
                "{data} 里的文件属于编号为 {uid} 的用户，这个进程不能以他的名义运行数据库：请以文件的所有者运行 showfloor，或用 \
                 chown -R 交给别的用户（root 除外），或换一个数据文件夹",
                "the cluster's files in {data} belong to the user with ID {uid}, as whom this process cannot run the server: \
                 run showfloor as their owner, give them to another user (but root) with chown -R, or choose another data \
                 directory",
                data = data.display()
            ),
            Self::Unreachable { directory, folder } => say!(
                "PostgreSQL 不能以 root 运行，代它运行的普通用户又进不了 {folder}：请把数据文件夹放到别处，或用 chmod o+x 打开它\
                 （数据库要放在 {directory}）",
                "PostgreSQL cannot run as root, and the unprivileged user it runs as cannot enter {folder}: choose a data \
                 directory outside that folder, or open the folder with chmod o+x (the cluster is to live in {directory})",
                folder = folder.display(),
                directory = directory.display()
            ),
            Self::NotACluster { data } => say!(
                "{data} 不是空的，也不是 PostgreSQL 的数据库：请移走它，或换一个数据文件夹",
                "{data} is not empty and not a PostgreSQL cluster: move it away or choose another data directory",
                data = data.display()
            ),
            Self::SocketNotPrivate { socket } => say!(
                "{socket} 要放数据库的套接字，但它不是运行数据库的用户自己的文件夹：请删掉它",
                "{socket} is to hold the server's socket, but it is not a private folder of the user who runs the server: \
                 remove it",
                socket = socket.display()
            ),
            Self::NoPlaceForSocket { directory } => say!(
                "{directory} 和放临时文件的文件夹的路径都太长，放不了 Unix 套接字：请换一个路径短些的数据文件夹",
                "neither {directory} nor the folder for temporary files has a path short enough for a Unix socket: choose a \
                 data directory with a shorter path",
                directory = directory.display()
            ),
            Self::Files { doing, path, cause } => {
                let ((zh, en), path) = (doing.verbs(), path.display());
                Said::of_system(cause).about(&Said::both(
                    format!("不能{zh} {path}，请检查权限和剩余空间，或换一个数据文件夹"),
                    format!(
                        "cannot {en} {path}, check its permissions and the space left, or choose another data directory"
                    ),
                ))
            }
            Self::CannotRun { program, cause } => Said::of_system(cause).about(&say!(
                "不能运行 {program}，请检查要运行它的用户有没有权限",
                "cannot run {program}, check that the user who is to run it may do so",
                program = program.display()
            )),
            Self::Initialise { data, said } => say!(
                "initdb 不能在 {data} 建数据库，它说：\n{said}",
                "initdb could not make a PostgreSQL cluster in {data}, it said:\n{said}",
                data = data.display()
            ),
            Self::Ended { log, said } => say!(
                "PostgreSQL 没有启动，原因在日志 {log} 的末尾：\n{said}",
                "PostgreSQL did not start, the end of its log {log} says why:\n{said}",
                log = log.display()
            ),
            Self::NotReady { log, said } => say!(
                "PostgreSQL 过了 {seconds} 秒还没有准备好，原因可能在日志 {log} 的末尾：\n{said}",
                "PostgreSQL is not ready after {seconds} seconds, the end of its log {log} may say why:\n{said}",
                seconds = START_PATIENCE.as_secs(),
                log = log.display()
            ),
            Self::NotStopped { log, said } => say!(
                "PostgreSQL 在 {seconds} 秒里没有停下，原因可能在日志 {log} 的末尾：\n{said}",
                "PostgreSQL did not stop within {seconds} seconds, the end of its log {log} may say why:\n{said}",
                seconds = STOP_PATIENCE.as_secs(),
                log = log.display()
            ),
            Self::OwnerNotReady { directory } => say!(
                "另一个 showfloor 进程启动 {directory} 里的数据库已经超过 {seconds} 秒：请结束那个进程，再试一次",
                "another showfloor process has been starting the cluster in {directory} for more than {seconds} seconds: \
                 stop that process and try again",
                directory = directory.display(),
                seconds = START_PATIENCE.as_secs()
            ),
            Self::Down { directory, reason } => Said::from(reason.as_str()).about(&say!(
                "{directory} 里的 PostgreSQL 停了，运行它的 showfloor 进程正在重新启动它，请稍候再试；{log} 里有详情",
                "the private PostgreSQL in {directory} has ended and is being started again by the showfloor process that \
                 runs it, try again in a moment; {log} says more",
                directory = directory.display(),
                log = directory.join("server.log.old").display()
            )),
            Self::NotAnswering { directory } => say!(
                "{directory} 里的 PostgreSQL 没有回应，虽然运行它的 showfloor 进程还在：原因可能在 {log}；请稍候再试，或重新启动\
                 那个进程",
                "the private PostgreSQL in {directory} does not answer, though the showfloor process that runs it is alive: \
                 {log} may say why; try again in a moment, or restart that process",
                directory = directory.display(),
                log = directory.join("server.log").display()
            ),
            Self::LeftBehind { directory } => say!(
                "以前的 showfloor 进程在 {directory} 留下的 PostgreSQL 进程没有结束：请结束它（编号是那里 data/postmaster.pid \
                 的第一行），再试一次",
                "a PostgreSQL process that an earlier showfloor process left in {directory} does not end: stop it (its ID is \
                 the first line of data/postmaster.pid there) and try again",
                directory = directory.display()
            ),
            Self::CreateDatabase { database, cause } => say!(
                "不能在程序自己的 PostgreSQL 里建数据库 `{database}`：{cause}",
                "cannot create the database `{database}` in the private PostgreSQL cluster: {cause}"
            ),
        }
    }
}
