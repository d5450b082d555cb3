//! The rules folder as a running server sees it: read anew for each month's run, compiled only when it has changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::bundle::{Bundle, identity, read_folder};
use super::finding::Finding;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};

/// A rules folder and the bundle it was last compiled to.
#[derive(Debug)]
pub struct RulesFolder {
    path: PathBuf,
    compiled: Mutex<Option<Arc<Bundle>>>,
}

impl RulesFolder {
    /// The folder at `path`; nothing is read yet.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), compiled: Mutex::new(None) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder's bundle as it is now. Files are read and may be compiled: call it where blocking is allowed.
    pub fn bundle(&self) -> Result<Arc<Bundle>, Problem> {
        let files = read_folder(&self.path).map_err(|(path, error)| {
            Problem::new(Code::RulesBroken, format!("{path} cannot be read: {error}"))
        })?;
        let Ok(mut compiled) = self.compiled.lock() else {
            return Err(Problem::internal(&"the rules folder's lock is poisoned"));
        };
        if let Some(bundle) = compiled.as_ref().filter(|bundle| bundle.hash == identity(&files)) {
            return Ok(Arc::clone(bundle));
        }
        let bundle = Arc::new(Bundle::compile(files).map_err(|findings| problem(&findings))?);
        *compiled = Some(Arc::clone(&bundle));
        Ok(bundle)
    }
}

/// The findings of a broken folder, each as a field at fault.
pub fn problem(findings: &[Finding]) -> Problem {
    Problem {
        code: Code::RulesBroken,
        detail: "the scripts in the rules folder have errors".to_owned(),
        errors: findings
            .iter()
            .map(|finding| FieldError {
                field: finding.place.to_string(),
                message: format!("{}: {}", finding.code, finding.message),
            })
            .collect(),
    }
}
