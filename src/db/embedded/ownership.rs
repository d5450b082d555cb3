//! Who may start the server, and who is still using its files.
//!
//! Both questions are answered by locks on files, which the system releases when their holders die, however that
//! happens. A file that says which process holds it could outlive the process and be believed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::EmbeddedError;

/// The right to run the server of a cluster, held by at most one process.
#[derive(Debug)]
pub(super) struct Ownership {
    file: File,
    path: PathBuf,
}

impl Ownership {
    /// Takes the right if nobody has it.
    pub(super) fn try_take(directory: &Path) -> Result<Option<Ownership>, EmbeddedError> {
        let path = lock_path(directory);
        let file = open(&path)?;
        if !try_lock(&file, &path)? {
            return Ok(None);
        }
        let mut ownership = Ownership { file, path };
        // An owner that died left its announcement.
        ownership.retract()?;
        Ok(Some(ownership))
    }

    /// Tells guests that the server is ready and in which folder its socket is.
    pub(super) fn announce(&mut self, socket: &Path) -> Result<(), EmbeddedError> {
        let line = format!("{}\n", socket.display());
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| EmbeddedError::files("write", &self.path, source))
    }

    /// Keeps new guests from joining a server that is not ready or about to stop.
    pub(super) fn retract(&mut self) -> Result<(), EmbeddedError> {
        self.file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .map_err(|source| EmbeddedError::files("write", &self.path, source))
    }

    /// Where the owner's server is to be reached, once it is ready.
    pub(super) fn announced_socket(directory: &Path) -> Option<PathBuf> {
        let announcement = fs::read_to_string(lock_path(directory)).ok()?;
        // Without its line end it has not been written completely yet.
        announcement.strip_suffix('\n').map(PathBuf::from)
    }
}

fn lock_path(directory: &Path) -> PathBuf {
    directory.join("owner.lock")
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
        shared.map(Stdio::from).map_err(|source| EmbeddedError::files("share", &self.path, source))
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
        .map_err(|source| EmbeddedError::files("open", path, source))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, EmbeddedError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) if source.kind() == io::ErrorKind::Interrupted => Ok(false),
        Err(TryLockError::Error(source)) => Err(EmbeddedError::files("lock", path, source)),
    }
}
