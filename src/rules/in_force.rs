//! The rules that score a month: the release in force, with its bundle.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::bundle::Bundle;
use super::folder::{self, FolderState, RulesFolder};
use super::library::Library;
use super::release::{self, Release};
use crate::auth::Context;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// Released rules, ready to score.
#[derive(Clone, Debug)]
pub struct InForce {
    /// The release.
    pub release: Release,
    /// Its bundle, compiled.
    pub bundle: Arc<Bundle>,
}

/// The rules that score `period`, of a store whose month was frozen at `frozen_at` if it was.
///
/// Where the rules folder is released by itself it is looked at first, so that what was just saved counts.
///
/// # Errors
///
/// `no-release` where none reaches the month, or the folder's findings where they are why.
pub async fn of(
    cx: &mut Context,
    folder: &RulesFolder,
    library: &Library,
    period: Period,
    frozen_at: Option<DateTime<Utc>>,
) -> Result<InForce, Problem> {
    if folder.is_automatic() {
        folder.sync(cx).await?;
    }
    let Some(release) = release::in_force(cx.db(), period, frozen_at).await? else {
        let status = folder.status();
        return Err(match status.state {
            FolderState::Broken if folder.is_automatic() => folder::problem(&status.findings, cx.language),
            _ => Problem::new(
                Code::NoRelease,
                say!(
                    "没有规则发布版本给 {period} 计分：请提交并批准一份草稿；一人包办时可设 RULES_AUTO_RELEASE=on",
                    "no release of the rules scores {period}: have a draft submitted and approved, \
                     or set RULES_AUTO_RELEASE=on where one person does both"
                ),
            ),
        });
    };
    let bundle = library.bundle(cx.db(), &release.bundle).await?;
    Ok(InForce { release, bundle })
}
