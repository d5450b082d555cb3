//! Where PostgreSQL's server programs are on this machine.
//!
//! Distributions keep them off the `PATH` (Debian) or on it (Arch, Alpine), one folder per major version or one
//! for all, so the search goes from what the user said most explicitly to where packages are known to install.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use super::EmbeddedError;

/// The major versions that are tried in development.
const SUPPORTED: RangeInclusive<u32> = 14..=18;

/// Names a folder that is used instead of searching.
const OVERRIDE: &str = "SHOWFLOOR_POSTGRES_BIN";

/// Parents of one folder per installed version, and the prefix of that folder's name.
const VERSION_FOLDERS: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

/// One folder with the server programs of one major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    bin: PathBuf,
    major: u32,
}

impl Programs {
    /// Finds the programs for a cluster that is still to be made in `data`, or those of exactly the major version
    /// that made it: a server cannot read the files of another major version.
    pub(super) async fn find(data: &Path, made_by: Option<u32>) -> Result<Programs, EmbeddedError> {
        let explicit = env::var_os(OVERRIDE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let candidates = match &explicit {
            Some(bin) => vec![bin.clone()],
            None => candidates(env::var_os("PATH"), pg_config_bindir().await),
        };
        let mut tried = HashSet::new();
        for bin in candidates {
            if !tried.insert(bin.clone()) {
                continue;
            }
            if let Some(programs) = Programs::in_folder(bin).await
                && made_by.map_or(SUPPORTED.contains(&programs.major), |major| programs.major == major)
            {
                return Ok(programs);
            }
        }
        let data = data.to_owned();
        Err(match (explicit, made_by) {
            (Some(bin), Some(major)) => EmbeddedError::OverrideLacksVersion { data, bin, major },
            (Some(bin), None) => EmbeddedError::OverrideLacksPrograms { bin },
            (None, Some(major)) => EmbeddedError::VersionNotInstalled { data, major },
            (None, None) => EmbeddedError::NotInstalled,
        })
    }

    /// The programs of a folder that has all three of them; `None` when one is missing or does not run.
    async fn in_folder(bin: PathBuf) -> Option<Programs> {
        let found = Programs { bin, major: 0 };
        if ![found.initdb(), found.pg_ctl(), found.postgres()].iter().all(|program| program.is_file()) {
            return None;
        }
        let output = Command::new(found.postgres()).arg("--version").output().await.ok()?;
        let major = major_of(&String::from_utf8_lossy(&output.stdout))?;
        Some(Programs { major, ..found })
    }

    pub(super) fn folder(self) -> PathBuf {
        self.bin
    }

    pub(super) fn initdb(&self) -> PathBuf {
        self.bin.join("initdb")
    }

    pub(super) fn pg_ctl(&self) -> PathBuf {
        self.bin.join("pg_ctl")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.bin.join("postgres")
    }
}

/// Every folder worth a look, most explicit first; within the distributions' folders newest version first.
fn candidates(path: Option<OsString>, pg_config_bindir: Option<PathBuf>) -> Vec<PathBuf> {
    // A relative entry of PATH would mean another folder after each change of directory.
    let on_path = path.iter().flat_map(env::split_paths).filter(|folder| folder.is_absolute());
    let mut folders: Vec<PathBuf> = on_path.chain(pg_config_bindir).collect();
    for (parent, prefix) in VERSION_FOLDERS {
        folders.extend(version_folders(Path::new(parent), prefix));
    }
    folders
}

/// `<parent>/<prefix><version>/bin` for every version there is, newest first.
fn version_folders(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else { return Vec::new() };
    let mut versions: Vec<(u32, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path()))
        })
        .collect();
    versions.sort_by_key(|(version, _)| Reverse(*version));
    versions.into_iter().map(|(_, folder)| folder.join("bin")).collect()
}

async fn pg_config_bindir() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().await.ok()?;
    let bindir = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    bindir.is_absolute().then_some(bindir)
}

/// The major version in `postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)`, also in `… 18beta1`.
fn major_of(version_line: &str) -> Option<u32> {
    let (_, version) = version_line.split_once("(PostgreSQL) ")?;
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_major_version_from_every_kind_of_version_line() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.6 (Debian 15.6-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("postgres: command not found"), None);
    }

    #[test]
    fn newest_version_folder_comes_first_and_by_number() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["postgresql@9", "postgresql@14", "postgresql@17", "postgresql@seventeen", "redis@99"] {
            fs::create_dir(parent.path().join(name)).unwrap();
        }
        let expected: Vec<PathBuf> = ["postgresql@17", "postgresql@14", "postgresql@9"]
            .iter()
            .map(|name| parent.path().join(name).join("bin"))
            .collect();
        assert_eq!(version_folders(parent.path(), "postgresql@"), expected);
    }

    #[test]
    fn the_path_is_searched_first_and_without_its_relative_entries() {
        let found = candidates(Some("/first:here:/second".into()), Some("/third".into()));
        assert_eq!(found[..3], [PathBuf::from("/first"), "/second".into(), "/third".into()]);
    }
}
