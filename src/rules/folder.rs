//! The rules folder as a running program sees it. A change is taken in once it is sound; a broken folder changes nothing
//! but what is said about it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use super::bundle::{Files, identity, read_folder};
use super::finding::{Finding, Severity, SourcePlace, in_language};
use super::sandbox::blocking;
use super::take_in_folder::{self, Taken};
use super::vanished::vanished;
use super::verdict::{self, Judged};
use super::{bundle_store, release, strays};
use crate::auth::Context;
use crate::http::{Code, FieldError, Language, Problem};
use crate::said::say;

/// A rules folder, and what was last seen in it.
#[derive(Debug)]
pub struct RulesFolder {
    path: PathBuf,
    is_automatic: bool,
    seen: Mutex<FolderStatus>,
    /// What was last seen beside the rules: files that come and go without changing them.
    beside: Mutex<Vec<Finding>>,
}

/// What the rules folder holds.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct FolderStatus {
    /// Whether it can be used.
    pub state: FolderState,
    /// When it was last read.
    pub read_at: Option<DateTime<Utc>>,
    /// Hash of its files, whether or not they can be used.
    pub bundle: Option<String>,
    /// Its errors, and the warnings that its author should look at.
    pub findings: Vec<Finding>,
    /// The release with the same rules, if there is one.
    pub release: Option<i64>,
    /// The draft with the same rules, if there is one.
    pub draft: Option<i64>,
}

/// Whether the rules folder can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FolderState {
    /// It has not been read yet.
    #[default]
    Unread,
    /// It can be used, and is in the database as a draft or a release.
    Working,
    /// It has errors, or golden cases fail. What was taken in before stays in use.
    Broken,
}

impl FolderStatus {
    /// The same in the reader's language.
    #[must_use]
    pub fn in_language(mut self, language: Language) -> Self {
        self.findings = in_language(self.findings, language);
        self
    }
}

impl RulesFolder {
    /// The folder at `path`; nothing is read yet. Where it is `automatic`, its changes are released without a second person.
    pub fn new(path: &Path, is_automatic: bool) -> Self {
        Self { path: path.to_owned(), is_automatic, seen: Mutex::default(), beside: Mutex::default() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether its changes are released without a second person (`RULES_AUTO_RELEASE`).
    pub fn is_automatic(&self) -> bool {
        self.is_automatic
    }

    /// What was last seen in it.
    pub fn status(&self) -> FolderStatus {
        let mut status = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        status.findings.extend(self.beside.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned());
        status
    }

    /// Looks at the folder and takes it in if it has changed. That it is broken is no error here: [`Self::status`] says so.
    pub async fn sync(&self, cx: &mut Context) -> Result<(), Problem> {
        let path = self.path.clone();
        let read = blocking(move || {
            let files = read_folder(&path)?;
            Ok((identity(&files), files, place(&path), strays::beside(&path)))
        });
        let mut read = read.await?;
        let beside = read.as_mut().map(|(.., beside)| std::mem::take(beside)).unwrap_or_default();
        *self.beside.lock().unwrap_or_else(PoisonError::into_inner) = beside;
        let status = match read {
            Ok((hash, _, place, _)) if self.status().bundle.as_ref() == Some(&hash) => {
                return self.follow_draft(cx, &hash, &place).await;
            }
            Ok((hash, files, place, _)) => self.take_in(cx, hash, files, &place).await?,
            Err((file, error)) => {
                // Where the folder is on this machine is nobody's business.
                let file = if Path::new(&file).is_absolute() { ".".to_owned() } else { file };
                let message = format!("cannot be read: {error}");
                FolderStatus {
                    state: FolderState::Broken,
                    read_at: Some(cx.now),
                    findings: vec![Finding::error("unreadable", SourcePlace::file(&file), "", message)],
                    ..FolderStatus::default()
                }
            }
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = status;
        Ok(())
    }

    /// Notes that the draft with the folder's rules has been released, as soon as it has.
    async fn follow_draft(&self, cx: &mut Context, hash: &str, place: &str) -> Result<(), Problem> {
        if self.status().draft.is_none() {
            return Ok(());
        }
        let Some(id) = take_in_folder::released(cx.db(), hash, self.is_automatic).await? else {
            return Ok(());
        };
        take_in_folder::note_same(cx, place, id).await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.release, seen.draft) = (Some(id), None);
        Ok(())
    }

    async fn take_in(
        &self,
        cx: &mut Context,
        hash: String,
        files: Files,
        place: &str,
    ) -> Result<FolderStatus, Problem> {
        // What was released has been judged.
        let released = take_in_folder::released(cx.db(), &hash, self.is_automatic).await?;
        let mut status = FolderStatus {
            state: FolderState::Working,
            read_at: Some(cx.now),
            bundle: Some(hash),
            release: released,
            ..FolderStatus::default()
        };
        if let Some(id) = released {
            take_in_folder::note_same(cx, place, id).await?;
            return Ok(status);
        }
        let latest = release::latest(cx.db()).await?;
        let Judged { bundle, mut verdict } = verdict::judged(files).await?;
        if let (Some(bundle), Some(latest)) = (&bundle, latest) {
            let before = bundle_store::bundle_files(cx.db(), &latest.bundle).await?;
            verdict.findings.extend(vanished(&before, bundle));
        }
        status.state = FolderState::Broken;
        status.findings.clone_from(&verdict.findings);
        if let Some(bundle) = bundle.filter(|_| verdict.is_sound()) {
            status.state = FolderState::Working;
            match take_in_folder::take_in(cx, &bundle, place, self.is_automatic).await? {
                Taken::Release(id) => status.release = Some(id),
                Taken::Draft(id) => status.draft = Some(id),
                Taken::Stale(findings) => {
                    status.state = FolderState::Broken;
                    status.findings.extend(findings);
                }
            }
        }
        Ok(status)
    }
}

/// What tells a folder from every other one, on this machine and elsewhere, and says nothing about either: where it is and
/// the machine's name, as SHA-256. A machine that gets another name has another folder, and what it holds is compared anew.
fn place(path: &Path) -> String {
    let machine = fs::read("/proc/sys/kernel/hostname").unwrap_or_default();
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let known = Sha256::new()
        .chain_update(machine)
        .chain_update([0])
        .chain_update(path.as_os_str().as_encoded_bytes());
    base16ct::lower::encode_string(&known.finalize())
}

/// The findings of rules that cannot be used, each as a field at fault, in the reader's language.
pub fn problem<'a>(findings: impl IntoIterator<Item = &'a Finding>, language: Language) -> Problem {
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error).map(|finding| {
        let Finding { place, code, message, .. } = finding.clone().in_language(language);
        FieldError::new(place.to_string(), say!("{code}：{message}", "{code}: {message}"))
    });
    let detail = say!("规则有错误", "the rules have errors");
    Problem { errors: errors.collect(), ..Problem::new(Code::RulesBroken, detail) }
}
