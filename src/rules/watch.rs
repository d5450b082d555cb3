//! Noticing that a rules folder has changed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{sleep, timeout};

use super::folder::RulesFolder;
use crate::auth::Context;
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::Problem;
use crate::ledger::catalogue::Catalogues;

/// How long a folder has to be left alone: an editor that saves writes, renames and deletes within a moment.
const QUIET: Duration = Duration::from_millis(300);
/// How often a folder is looked at although nothing was heard: network and container file systems do not always tell.
const PATIENCE: Duration = Duration::from_secs(10);

/// A folder that is being watched, until this is dropped.
#[derive(Debug)]
pub struct Watch {
    /// None where the file system tells nothing; then the folder is looked at from time to time.
    _watcher: Option<RecommendedWatcher>,
    heard: UnboundedReceiver<()>,
}

impl Watch {
    /// Watches a folder and those in it.
    pub fn new(folder: &Path) -> Self {
        let (tell, heard) = unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // Reading the folder is an event too.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // Nobody listens any more when the program ends.
                let _ = tell.send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            watcher.watch(folder, RecursiveMode::Recursive)?;
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "the rules folder is looked at every {PATIENCE:?} only");
        }
        Self { _watcher: watcher.ok(), heard }
    }

    /// Waits until the folder may have changed and has been left alone since.
    pub async fn changed(&mut self) {
        match timeout(PATIENCE, self.heard.recv()).await {
            Ok(Some(())) => while let Ok(Some(())) = timeout(QUIET, self.heard.recv()).await {},
            Ok(None) => sleep(PATIENCE).await,
            Err(_) => {}
        }
    }
}

/// Takes the folder in now and whenever it changes, and reads its catalogue again, for as long as it is awaited.
pub async fn follow(folder: Arc<RulesFolder>, catalogues: Arc<Catalogues>, pool: Pool, clock: Clock) {
    let mut watch = Watch::new(folder.path());
    loop {
        let file = Arc::clone(&catalogues);
        if let Err(error) = tokio::task::spawn_blocking(move || file.renew()).await {
            tracing::warn!(%error, "the catalogue could not be read again");
        }
        if let Err(problem) = take_in(&folder, &pool, clock).await {
            // The folder is looked at again soon; meanwhile what was taken in before counts.
            tracing::warn!(%problem, "the rules folder could not be taken in");
        }
        watch.changed().await;
    }
}

async fn take_in(folder: &RulesFolder, pool: &Pool, clock: Clock) -> Result<(), Problem> {
    folder.sync(&mut Context::operator(pool, clock.now()).await?).await
}
