//! The folder of the server's Unix socket, the only way into a cluster.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use super::EmbeddedError;
use super::account::Account;
use super::error::Doing;

/// The socket is a file of the folder, named after the port; no port is opened.
pub(super) const PORT: &str = "5432";

/// The system limits a socket's whole path, to 104 bytes on macOS and 108 on Linux including a closing zero.
const LONGEST_FOLDER: usize = 103 - "/.s.PGSQL.5432.lock".len();

/// Makes the folder for a cluster's socket, open to the server's account only: whoever reaches the socket is let in.
pub(super) fn prepare(directory: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    let folder = choose(directory, account)?;
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        // The folder for temporary files is open to everyone, so another user may have made it to listen in.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata = fs::symlink_metadata(&folder)
                .map_err(|source| EmbeddedError::files(Doing::LookAt, &folder, source))?;
            if !metadata.is_dir() || !account.owns(&metadata) || metadata.mode() & 0o077 != 0 {
                return Err(EmbeddedError::SocketNotPrivate { socket: folder });
            }
        }
        Err(source) => return Err(EmbeddedError::files(Doing::Create, &folder, source)),
    }
    account.take_over(&folder).map_err(|source| EmbeddedError::files(Doing::ChangeOwner, &folder, source))?;
    Ok(folder)
}

/// In the cluster's directory if the path allows it, else in a folder for temporary files, under a name that is the
/// same for every path that leads to the directory.
fn choose(directory: &Path, account: Account) -> Result<PathBuf, EmbeddedError> {
    let metadata =
        fs::metadata(directory).map_err(|source| EmbeddedError::files(Doing::LookAt, directory, source))?;
    let name = format!("showfloor-{:x}-{:x}", metadata.dev(), metadata.ino());
    let own = directory.join("socket");
    if is_usable(&own) {
        return Ok(own);
    }
    for parent in [env::temp_dir(), PathBuf::from("/tmp")] {
        let folder = parent.join(&name);
        if is_usable(&folder) && account.first_unreachable(&parent)?.is_none() {
            return Ok(folder);
        }
    }
    Err(EmbeddedError::NoPlaceForSocket { directory: directory.to_owned() })
}

/// Short enough, and free of what would need quoting in a list of folders or in a connection URL.
fn is_usable(folder: &Path) -> bool {
    folder.is_absolute()
        && folder.to_str().is_some_and(|path| {
            path.len() <= LONGEST_FOLDER
                && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
        })
}

/// The socket in its folder.
pub(super) fn file(folder: &Path) -> PathBuf {
    folder.join(format!(".s.PGSQL.{PORT}"))
}

/// Whether a server listens.
pub(super) fn answers(folder: &Path) -> bool {
    UnixStream::connect(file(folder)).is_ok()
}

/// Removes the folder, which a stopped server leaves empty.
pub(super) fn remove(folder: &Path) {
    // Nothing depends on it: the next start copes with a folder that stayed.
    fs::remove_dir(folder).ok();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_are_long_or_need_quoting_are_not_used() {
        assert!(is_usable(Path::new("/srv/show-floor_1.2/socket")));
        assert!(!is_usable(Path::new("/srv/show floor/socket")));
        assert!(!is_usable(Path::new("/srv/a,b/socket")));
        assert!(!is_usable(Path::new("/srv/销售/socket")));
        assert!(!is_usable(&Path::new("/srv").join("x".repeat(90))));
        assert!(!is_usable(Path::new("relative/socket")));
    }
}
