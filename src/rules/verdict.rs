//! Everything that can be said of a rules folder: what is wrong with it, how its cases go, and what they never reach.

use serde::Serialize;
use utoipa::ToSchema;

use super::bundle::{Bundle, Files};
use super::cases::{self, CasesReport};
use super::check;
use super::finding::{Finding, Severity, SourcePlace};
use super::sandbox;
use crate::http::Problem;

/// The result of checking a bundle.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Verdict {
    /// SHA-256 of the bundle; null if its errors make it unusable.
    pub bundle: Option<String>,
    /// What is wrong, by file and line. This includes failing cases, but not lines that no case reaches.
    pub findings: Vec<Finding>,
    /// How the golden cases went, and what they cover.
    #[serde(flatten)]
    pub cases: CasesReport,
}

impl Verdict {
    /// Whether nothing speaks against the bundle: no error and no failing case.
    pub fn is_sound(&self) -> bool {
        self.errors().next().is_none()
    }

    /// What has to be mended before the bundle can count.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

/// Compiles a bundle, checks it, tries its rules at the edges of their inputs, and runs its cases.
///
/// A bundle comes with the verdict when it can be used, sound or not. This takes up to some seconds: call it where blocking
/// is allowed.
pub fn judge(files: Files) -> (Option<Bundle>, Verdict) {
    sandbox::with_deep_stack(|| judge_here(files)).unwrap_or_else(|| {
        let finding =
            Finding::error("internal", SourcePlace::file("."), "", "the rules could not be checked");
        (None, Verdict { findings: vec![finding], ..Verdict::default() })
    })
}

/// [`judge`] for who may not be held up.
pub async fn judged(files: Files) -> Result<(Option<Bundle>, Verdict), Problem> {
    sandbox::blocking(move || judge(files)).await
}

fn judge_here(files: Files) -> (Option<Bundle>, Verdict) {
    let (bundle, mut findings) = Bundle::compile_partly(files);
    let is_usable = findings.iter().all(|finding| finding.severity == Severity::Warning);
    let Some(bundle) = bundle else { return (None, Verdict { findings, ..Verdict::default() }) };
    let warnings = findings.clone();
    // What compiled is tried even when something else did not: nothing is to hide behind another file's mistake.
    for rule in bundle.schemes.values().flat_map(|scheme| &scheme.rules) {
        for found in check::probe::failures(&bundle, rule) {
            let is_known =
                warnings.iter().any(|finding| finding.code == found.code && same_line(finding, &found));
            if !is_known {
                findings.push(found);
            }
        }
    }
    let (cases, failures) = cases::run(&bundle);
    findings.extend(failures);
    findings.sort_by(|one, two| {
        let key = |finding: &Finding| (finding.place.line, finding.place.column);
        one.place.file.cmp(&two.place.file).then_with(|| key(one).cmp(&key(two)))
    });
    match is_usable {
        true => {
            let verdict = Verdict { bundle: Some(bundle.hash.clone()), findings, cases };
            (Some(Bundle { warnings, ..bundle }), verdict)
        }
        false => (None, Verdict { bundle: None, findings, cases }),
    }
}

fn same_line(one: &Finding, two: &Finding) -> bool {
    one.place.file == two.place.file && one.place.line == two.place.line
}
