//! Everything that can be said of a rules folder: what is wrong with it, how its cases go, and what they never reach.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Semaphore;
use utoipa::ToSchema;

use super::allowed;
use super::bundle::{Bundle, Files, identity};
use super::cases::{self, CasesReport};
use super::check;
use super::finding::{Finding, Severity, SourcePlace, in_language};
use super::patience::Patience;
use super::sandbox;
use crate::http::{Language, Problem};

/// Most bundles that are judged at once: each takes a core.
const AT_ONCE: usize = 2;
/// How long one may take, all of it; the shipped rules take a second. Builds with checks run scripts many times slower.
const ALLOWED: Duration = Duration::from_secs(if cfg!(debug_assertions) { 240 } else { 30 });
/// Verdicts kept for whoever asks again.
const KEPT: usize = 16;
/// How long it is kept that one took too long; it may do better when less else is to be done.
const KEPT_OVERDUE: Duration = Duration::from_secs(60);
/// The finding of rules that take too long to be judged.
const TOO_SLOW: &str = "too-slow";

/// The result of checking a bundle.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
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

    /// The same in the reader's language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.findings = in_language(self.findings, language);
        self.cases = self.cases.in_language(language);
        self
    }

    /// What has to be mended before the bundle can count.
    pub fn errors(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }
}

/// A verdict, and the bundle it is about where that can be used, sound or not.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The bundle.
    pub bundle: Option<Arc<Bundle>>,
    /// What can be said of it.
    pub verdict: Verdict,
}

/// Compiles a bundle, checks it, tries its rules at the edges of their inputs, and runs its cases.
///
/// A bundle comes with the verdict when it can be used, sound or not. This takes up to some seconds: call it where blocking
/// is allowed.
pub fn judge(files: Files) -> (Option<Bundle>, Verdict) {
    judge_within(files, &Patience::default())
}

/// [`judge`] that is given up, with an error, when the patience is over.
pub fn judge_within(files: Files, patience: &Patience) -> (Option<Bundle>, Verdict) {
    sandbox::with_deep_stack(|| judge_here(files, patience)).unwrap_or_else(|| {
        let finding =
            Finding::error("internal", SourcePlace::file("."), "", "the rules could not be checked");
        (None, Verdict { findings: vec![finding], ..Verdict::default() })
    })
}

static JUDGES: Semaphore = Semaphore::const_new(AT_ONCE);
static VERDICTS: Mutex<VecDeque<(String, Instant, Judged)>> = Mutex::new(VecDeque::new());

/// [`judge`] for who may not be held up: few at a time, within one time for all of it, and once for the same files. It
/// stops when nobody waits any more. Who waits should hold no connection.
pub async fn judged(files: Files) -> Result<Judged, Problem> {
    let hash = identity(&files);
    if let Some(kept) = kept(&hash) {
        return Ok(kept);
    }
    let permit = JUDGES.acquire().await.map_err(|error| Problem::internal(&error))?;
    // Somebody else may have asked for the same.
    if let Some(kept) = kept(&hash) {
        return Ok(kept);
    }
    let (patience, waiting) = Patience::of(ALLOWED);
    let judging = sandbox::blocking(move || {
        let (bundle, verdict) = judge_within(files, &patience);
        // Not before the work has really ended.
        drop(permit);
        Judged { bundle: bundle.map(Arc::new), verdict }
    });
    let judged = judging.await?;
    drop(waiting);
    keep(hash, &judged);
    Ok(judged)
}

fn kept(hash: &str) -> Option<Judged> {
    let mut verdicts = VERDICTS.lock().ok()?;
    let at = verdicts.iter().position(|(known, ..)| known == hash)?;
    let (known, since, judged) = verdicts.remove(at)?;
    let is_overdue = judged.verdict.findings.iter().any(|finding| finding.code == TOO_SLOW);
    if is_overdue && since.elapsed() > KEPT_OVERDUE {
        return None;
    }
    verdicts.push_back((known, since, judged.clone()));
    Some(judged)
}

fn keep(hash: String, judged: &Judged) {
    let Ok(mut verdicts) = VERDICTS.lock() else { return };
    if verdicts.len() >= KEPT {
        verdicts.pop_front();
    }
    verdicts.push_back((hash, Instant::now(), judged.clone()));
}

fn judge_here(files: Files, patience: &Patience) -> (Option<Bundle>, Verdict) {
    let (bundle, mut findings) = Bundle::compile_partly(files);
    let is_usable = findings.iter().all(|finding| finding.severity == Severity::Warning);
    let Some(bundle) = bundle else { return (None, Verdict { findings, ..Verdict::default() }) };
    let warnings = findings.clone();
    // What compiled is tried even when something else did not: nothing is to hide behind another file's mistake.
    for rule in bundle.schemes.values().flat_map(|scheme| &scheme.rules) {
        for found in check::probe::failures(&bundle, rule, patience) {
            // What is said of the whole rule has been said where it is, if the text alone shows it.
            let is_whole = found.place == rule.declared;
            let is_known = warnings.iter().any(|finding| {
                finding.code == found.code
                    && same_file(finding, &found)
                    && (is_whole || same_line(finding, &found))
            });
            if !is_known {
                findings.push(found);
            }
        }
    }
    let (cases, failures) = cases::run_within(&bundle, patience);
    findings.extend(failures);
    if patience.is_over() {
        let message = "checking these rules takes too long, so that it was stopped: make the scripts shorter";
        findings.push(Finding::error(TOO_SLOW, SourcePlace::file("."), "", message));
    }
    allowed::answer(&mut findings, |file| {
        bundle.files.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok())
    });
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

fn same_file(one: &Finding, two: &Finding) -> bool {
    one.place.file == two.place.file
}

fn same_line(one: &Finding, two: &Finding) -> bool {
    same_file(one, two) && one.place.line == two.place.line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::tests::files;

    /// Takes all of its steps each time.
    const SLOW: &str = "fn score(deliveries, late) {\n    item(10, min(turn(deliveries + late, 9), 10), \"x\");\n    scaled()\n}\n\
        fn turn(n, left) {\n    if left <= 0 { n % 7 } else { turn(n + 1, left - 1) + turn(n + 2, left - 1) * 0 }\n}";

    #[test]
    fn judging_ends_in_an_error_when_nobody_waits_any_more() {
        let (patience, waiting) = Patience::of(Duration::from_secs(3_600));
        drop(waiting);
        let (_, verdict) = judge_within(files(SLOW.as_bytes()), &patience);
        assert!(verdict.findings.iter().any(|finding| finding.code == TOO_SLOW), "{:?}", verdict.findings);
        assert!(!verdict.is_sound());
        let (patience, _waiting) = Patience::of(Duration::from_millis(50));
        let begun = Instant::now();
        judge_within(files(SLOW.as_bytes()), &patience);
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_same_files_are_judged_once() {
        let slow = || files(SLOW.as_bytes());
        let askers = (0..6).map(|_| judged(slow()));
        let verdicts = futures_util::future::try_join_all(askers).await.unwrap();
        let bundles = verdicts.iter().map(|one| Arc::as_ptr(one.bundle.as_ref().unwrap()));
        let different = bundles.collect::<std::collections::HashSet<_>>();
        assert!(different.len() <= AT_ONCE, "who comes later finds it judged");
        let again = judged(slow()).await.unwrap();
        assert!(different.contains(&Arc::as_ptr(again.bundle.as_ref().unwrap())), "nor is it judged later");
    }
}
