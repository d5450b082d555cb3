//! The account that the server runs under.
//!
//! PostgreSQL refuses to run as root, and containers often run everything as root; its programs are then started
//! under an unprivileged account, which must own the cluster's files and be able to reach them.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::EmbeddedError;
use super::error::Doing;

/// Unprivileged accounts in order of preference: PostgreSQL's own, else the one that every system has.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// Settings of the caller's environment that PostgreSQL's programs would take for their own.
const FOREIGN_SETTINGS: [&str; 5] = ["PGDATA", "PGPORT", "PGDATESTYLE", "PGTZ", "PGCLIENTENCODING"];

/// Whose processes the server's programs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The same user as this process.
    Own { uid: u32 },
    /// This process is root and gives its rights up for those of another user.
    Other { uid: u32, gid: u32 },
}

impl Account {
    /// Chooses the account for a cluster that is still to be made, or for one that has its files in `data`. Those
    /// keep the owner they have, so that one cluster can be started by its owner today and by root tomorrow.
    pub(super) fn choose(data: Option<&Path>) -> Result<Account, EmbeddedError> {
        let own = effective_uid()?;
        match data {
            Some(data) => Account::of_owner(data, own),
            None if own == 0 => {
                let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
                unprivileged(&passwd).ok_or(EmbeddedError::NoUnprivilegedAccount)
            }
            None => Ok(Account::Own { uid: own }),
        }
    }

    fn of_owner(data: &Path, own: u32) -> Result<Account, EmbeddedError> {
        let owner = fs::metadata(data).map_err(|source| EmbeddedError::files(Doing::LookAt, data, source))?;
        match (owner.uid(), owner.gid()) {
            (0, _) => Err(EmbeddedError::ForeignOwner { data: data.to_owned(), uid: 0 }),
            (uid, _) if uid == own => Ok(Account::Own { uid }),
            (uid, gid) if own == 0 => Ok(Account::Other { uid, gid }),
            (uid, _) => Err(EmbeddedError::ForeignOwner { data: data.to_owned(), uid }),
        }
    }

    /// A command that runs `program` under this account with `directory` as its working directory: the caller's
    /// own may be closed to the account, which PostgreSQL's programs complain about.
    pub(super) fn command(self, program: &Path, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(directory).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Messages in English, and on macOS a server that does not become multi-threaded by looking a locale up.
        command.env("LC_ALL", "C").env("HOME", directory);
        for setting in FOREIGN_SETTINGS {
            command.env_remove(setting);
        }
        if let Account::Other { uid, gid } = self {
            // The standard library drops root's supplementary groups whenever root sets a user.
            command.uid(uid).gid(gid);
        }
        command
    }

    /// Gives a file or folder that this process made to the account.
    pub(super) fn take_over(self, path: &Path) -> io::Result<()> {
        match self {
            Account::Own { .. } => Ok(()),
            Account::Other { uid, gid } => chown(path, Some(uid), Some(gid)),
        }
    }

    /// Whether what `metadata` describes belongs to this account, or to root acting for it.
    pub(super) fn owns(self, metadata: &fs::Metadata) -> bool {
        match self {
            Account::Own { uid } => metadata.uid() == uid,
            Account::Other { uid, .. } => metadata.uid() == uid || metadata.uid() == 0,
        }
    }

    /// The first folder on the way down to `directory` that the account may not enter. Asking the system as that
    /// user, rather than reading permission bits, also covers access lists and security modules.
    pub(super) fn first_unreachable(self, directory: &Path) -> Result<Option<PathBuf>, EmbeddedError> {
        if matches!(self, Account::Own { .. }) {
            return Ok(None);
        }
        let mut downwards: Vec<&Path> = directory.ancestors().collect();
        downwards.reverse();
        let script = r#"for folder do cd "$folder" || { printf %s "$folder"; exit 1; }; done"#;
        let mut command = self.command(Path::new("/bin/sh"), Path::new("/"));
        command.args(["-c", script, "sh"]).args(&downwards).stdout(Stdio::piped());
        let output = command.output().map_err(|source| EmbeddedError::CannotRun {
            program: PathBuf::from("/bin/sh"),
            cause: source,
        })?;
        let refused = String::from_utf8_lossy(&output.stdout);
        Ok((!output.status.success()).then(|| PathBuf::from(refused.as_ref())))
    }
}

/// The standard library has no `geteuid`; `id` is on every system that has a shell.
pub(super) fn effective_uid() -> Result<u32, EmbeddedError> {
    let failed = |source| EmbeddedError::CannotRun { program: PathBuf::from("id"), cause: source };
    let output = Command::new("id").arg("-u").stdin(Stdio::null()).output().map_err(failed)?;
    let uid = String::from_utf8_lossy(&output.stdout);
    uid.trim().parse().map_err(|_| failed(io::Error::other("it printed no user ID")))
}

fn unprivileged(passwd: &str) -> Option<Account> {
    UNPRIVILEGED.iter().find_map(|wanted| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
            (name == *wanted && uid != 0).then_some(Account::Other { uid, gid })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "root:x:0:0:root:/root:/bin/bash\n";
    const NOBODY: &str = "nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n";
    const POSTGRES: &str = "postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash\n";

    #[test]
    fn prefers_the_account_of_postgres_wherever_it_stands() {
        let passwd = format!("{ROOT}{NOBODY}{POSTGRES}");
        assert_eq!(unprivileged(&passwd), Some(Account::Other { uid: 101, gid: 104 }));
        assert_eq!(unprivileged(&format!("{ROOT}{NOBODY}")), Some(Account::Other { uid: 65534, gid: 65533 }));
    }

    #[test]
    fn never_chooses_root_or_a_line_it_cannot_read() {
        assert_eq!(unprivileged(ROOT), None);
        assert_eq!(unprivileged("postgres:x:0:0::/:/bin/sh\nnobody:*:-2:-2::/:/usr/bin/false\n"), None);
    }
}
