//! Stored bundles, compiled: each is compiled once and kept for whoever needs it next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use diesel_async::AsyncPgConnection;

use super::bundle::{Bundle, Files};
use super::sandbox::blocking;
use super::{bundle_store, folder};
use crate::http::{Language, Problem};

/// Most compiled bundles kept. A year of months uses few.
const KEPT: usize = 8;

/// Files, compiled.
///
/// # Errors
///
/// `rules-broken` with every finding where they cannot be used.
pub async fn compile(files: Files, language: Language) -> Result<Arc<Bundle>, Problem> {
    let compiled = blocking(move || Bundle::compile(files)).await?;
    compiled.map(Arc::new).map_err(|findings| folder::problem(&findings, language))
}

/// Compiled bundles by the hash under which they are stored, the one used last at the end.
#[derive(Debug, Default)]
pub struct Library(Mutex<VecDeque<(String, Arc<Bundle>)>>);

impl Library {
    /// The stored bundle with this hash.
    ///
    /// # Errors
    ///
    /// `rules-broken` where this program refuses what an earlier one accepted.
    pub async fn bundle(
        &self,
        connection: &mut AsyncPgConnection,
        hash: &str,
    ) -> Result<Arc<Bundle>, Problem> {
        if let Some(bundle) = self.kept(hash) {
            return Ok(bundle);
        }
        let files = bundle_store::bundle_files(connection, hash).await?;
        let bundle = compile(files, Language::default()).await?;
        self.keep(hash, &bundle);
        Ok(bundle)
    }

    fn kept(&self, hash: &str) -> Option<Arc<Bundle>> {
        let mut kept = self.0.lock().ok()?;
        let index = kept.iter().position(|(known, _)| known == hash)?;
        let entry = kept.remove(index)?;
        let bundle = Arc::clone(&entry.1);
        kept.push_back(entry);
        Some(bundle)
    }

    /// Keeps a bundle that somebody has compiled, under the hash under which it is stored.
    pub fn keep(&self, hash: &str, bundle: &Arc<Bundle>) {
        let Ok(mut kept) = self.0.lock() else { return };
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((hash.to_owned(), Arc::clone(bundle)));
    }
}
