//! Waiting until somebody saves a file of a rules folder.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};

/// How long it has to be quiet: saving one file is several changes, and an editor that renames makes more of them.
const QUIET: Duration = Duration::from_millis(150);

/// The changes of a folder, from now on.
pub struct Changes {
    /// Watches as long as it lives.
    _watcher: RecommendedWatcher,
    events: Receiver<notify::Result<Event>>,
}

impl Changes {
    /// Begins to watch `folder` and the folders in it.
    pub fn of(folder: &Path) -> anyhow::Result<Self> {
        let (send, events) = mpsc::channel();
        let mut watcher = notify::recommended_watcher(send).context("files cannot be watched")?;
        watcher
            .watch(folder, RecursiveMode::Recursive)
            .with_context(|| format!("{} cannot be watched", folder.display()))?;
        Ok(Self { _watcher: watcher, events })
    }

    /// Returns when a rule, a scheme or a case has changed and it has become quiet.
    pub fn wait(&mut self) -> anyhow::Result<()> {
        loop {
            let event = self.events.recv().context("files are no longer watched")?;
            if event.is_ok_and(|event| concerns_rules(&event)) {
                break;
            }
        }
        loop {
            match self.events.recv_timeout(QUIET) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => anyhow::bail!("files are no longer watched"),
            }
        }
    }
}

/// Reading is no change. A file may come by its name only when it is complete, so every path of the event counts.
fn concerns_rules(event: &Event) -> bool {
    let is_rule = |path: &std::path::PathBuf| {
        path.extension().is_some_and(|ending| ending == "rhai" || ending == "toml") || path.is_dir()
    };
    !event.kind.is_access() && event.paths.iter().any(is_rule)
}
