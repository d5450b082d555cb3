//! Who may start the server, who works with it, and who is still using its files.
//!
//! These questions are answered by locks on files, which the system releases when their holders die, however that
//! happens. A file that says which process holds it could outlive the process and be believed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::EmbeddedError;
use super::error::Doing;

/// The right to run the server of a cluster, held by at most one process.
#[derive(Debug)]
pub(super) struct Ownership {
    file: File,
    path: PathBuf,
}

/// What an owner says of its server.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Announcement {
    /// It takes connections through the socket in this folder.
    Ready(PathBuf),
    /// It goes on, in this folder, without an owner: whoever works with it takes it over.
    Left(PathBuf),
    /// It has ended, for this reason in both languages ([`crate::said::Said::joined`]), and is started again.
    Down(String),
}

/// The line behind that of the folder, of an owner that has left.
const LEFT: &str = "left";
/// What the line begins with that says why there is no server.
const DOWN: &str = "down: ";

impl Announcement {
    /// What was last said in a cluster; nothing while a server starts or stops.
    pub(super) fn read(directory: &Path) -> Option<Announcement> {
        let text = fs::read_to_string(lock_path(directory)).ok()?;
        // Without its line end it has not been written completely yet.
        let text = text.strip_suffix('\n')?;
        Some(match (text.strip_prefix(DOWN), text.split_once('\n')) {
            (Some(reason), _) => Announcement::Down(reason.to_owned()),
            (None, Some((socket, LEFT))) => Announcement::Left(socket.into()),
            (None, _) => Announcement::Ready(text.into()),
        })
    }
}

impl Ownership {
    /// Takes the right if nobody has it, and gives what the last owner has said.
    pub(super) fn try_take(
        directory: &Path,
    ) -> Result<Option<(Ownership, Option<Announcement>)>, EmbeddedError> {
        let path = lock_path(directory);
        let file = open(&path)?;
        if !try_lock(&file, &path)? {
            return Ok(None);
        }
        let mut ownership = Ownership { file, path };
        let said = Announcement::read(directory);
        // An owner that died left its announcement.
        ownership.retract()?;
        Ok(Some((ownership, said)))
    }

    /// Tells others how the server is.
    pub(super) fn announce(&mut self, what: &Announcement) -> Result<(), EmbeddedError> {
        let text = match what {
            Announcement::Ready(socket) => format!("{}\n", socket.display()),
            Announcement::Left(socket) => format!("{}\n{LEFT}\n", socket.display()),
            Announcement::Down(reason) => format!("{DOWN}{}\n", reason.replace('\n', " ")),
        };
        self.retract()?;
        self.file
            .write_all(text.as_bytes())
            .map_err(|source| EmbeddedError::files(Doing::Write, &self.path, source))
    }

    /// Keeps others from joining a server that is not ready or about to stop.
    pub(super) fn retract(&mut self) -> Result<(), EmbeddedError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|source| EmbeddedError::files(Doing::Write, &self.path, source))
    }

    /// The same for whoever cannot wait for the one that has the right, in the same process.
    pub(super) fn retract_for(directory: &Path) {
        // Whoever joins nevertheless finds no server.
        File::options().write(true).open(lock_path(directory)).and_then(|file| file.set_len(0)).ok();
    }
}

fn lock_path(directory: &Path) -> PathBuf {
    directory.join("owner.lock")
}

/// Working with a server that another process owns, which does not stop it meanwhile.
#[derive(Debug)]
pub(super) struct Guesthood {
    _file: File,
}

impl Guesthood {
    /// Becomes one of the guests, unless the server is about to stop.
    pub(super) fn try_begin(directory: &Path) -> Result<Option<Guesthood>, EmbeddedError> {
        let path = directory.join("guests.lock");
        let file = open(&path)?;
        Ok(locked(file.try_lock_shared(), &path)?.then_some(Guesthood { _file: file }))
    }

    /// Keeps new guests out, unless there are any.
    pub(super) fn try_exclude(directory: &Path) -> Result<Option<Guesthood>, EmbeddedError> {
        let path = directory.join("guests.lock");
        let file = open(&path)?;
        Ok(try_lock(&file, &path)?.then_some(Guesthood { _file: file }))
    }
}

/// A lock that is held together with every process that touches the cluster's files.
///
/// Such a lock belongs to the open file, which a child shares that inherits it as one of its standard streams, and
/// which the server hands down to its own children. So whoever gets the lock knows that all of them are gone.
#[derive(Debug)]
pub(super) struct Lifeline {
    file: File,
    path: PathBuf,
}

impl Lifeline {
    /// Takes the lock if nothing is left of earlier owners.
    pub(super) fn try_take(directory: &Path) -> Result<Option<Lifeline>, EmbeddedError> {
        let path = directory.join("server.lock");
        let file = open(&path)?;
        Ok(try_lock(&file, &path)?.then_some(Lifeline { file, path }))
    }

    /// A standard stream through which a child shares the lock; nothing is read from it or written to it.
    pub(super) fn share(&self) -> Result<Stdio, EmbeddedError> {
        let shared = self.file.try_clone();
        shared.map(Stdio::from).map_err(|source| EmbeddedError::files(Doing::Share, &self.path, source))
    }
}

fn open(path: &Path) -> Result<File, EmbeddedError> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        // Whoever can open it could lock it and keep us out.
        .mode(0o600)
        .open(path)
        .map_err(|source| EmbeddedError::files(Doing::Open, path, source))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, EmbeddedError> {
    locked(file.try_lock(), path)
}

fn locked(tried: Result<(), TryLockError>, path: &Path) -> Result<bool, EmbeddedError> {
    match tried {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::files(Doing::Lock, path, source)),
    }
}
