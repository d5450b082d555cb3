//! placeholder
use serde::Serialize;
use utoipa::ToSchema;

use super::bundle::{Bundle, Files};
use super::finding::{Finding, Severity};

/// placeholder
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Verdict {
    /// hash
    pub bundle: Option<String>,
    /// findings
    pub findings: Vec<Finding>,
}
impl Verdict {
    /// sound
    pub fn is_sound(&self) -> bool {
        self.errors().next().is_none()
    }
    /// errors
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.severity == Severity::Error)
    }
}
/// placeholder
pub fn judge(files: Files) -> (Option<Bundle>, Verdict) {
    match Bundle::compile(files) {
        Ok(b) => {
            let findings = [b.warnings.clone(), super::cases::run(&b).failures].concat();
            let hash = Some(b.hash.clone());
            (Some(b), Verdict { bundle: hash, findings })
        }
        Err(findings) => (None, Verdict { bundle: None, findings }),
    }
}
