//! What a draft changes, file by file, as a unified diff.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use similar::TextDiff;
use utoipa::{IntoParams, ToSchema};

use super::files;
use crate::auth::Context;
use crate::http::Problem;
use crate::rules::bundle::Files;
use crate::rules::bundle_store;
use crate::rules::release::{self, Release};

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleFileChangeKind)]
pub enum FileChangeKind {
    /// The file is new.
    Added,
    /// The file was removed.
    Removed,
    /// Its content differs.
    Changed,
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleFileChange)]
pub struct FileChange {
    /// Its path.
    pub path: String,
    /// What happened to it.
    pub kind: FileChangeKind,
    /// The difference as a unified diff with three lines of context.
    pub diff: String,
}

/// Every file that differs between two bundles, by path.
pub fn between(before: &Files, after: &Files) -> Vec<FileChange> {
    let paths = before.keys().chain(after.keys()).collect::<BTreeSet<_>>();
    let changes = paths.into_iter().filter_map(|path| {
        let (old, new) = (before.get(path), after.get(path));
        let kind = match (old, new) {
            (None, _) => FileChangeKind::Added,
            (_, None) => FileChangeKind::Removed,
            (old, new) if old == new => return None,
            _ => FileChangeKind::Changed,
        };
        let text = |bytes: Option<&Vec<u8>>| {
            String::from_utf8_lossy(bytes.map(Vec::as_slice).unwrap_or_default()).into_owned()
        };
        let (old, new) = (text(old), text(new));
        let diff = TextDiff::from_lines(&old, &new);
        let diff = diff.unified_diff().context_radius(3).header(path, path).to_string();
        Some(FileChange { path: path.clone(), kind, diff })
    });
    changes.collect()
}

/// Which release to compare with.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The release to compare with; by default the one that the draft is a change of.
    pub against: Option<i64>,
}

/// What a draft changes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleDraftDiff {
    /// The release it was compared with; null if it is a change of none.
    pub against: Option<Release>,
    /// Every file that differs.
    pub changes: Vec<FileChange>,
}

/// What a draft changes in the rules of a release, by default of the one that it is a change of.
pub async fn of_draft(cx: &mut Context, draft_id: i64, query: &DiffQuery) -> Result<RuleDraftDiff, Problem> {
    let draft = super::find(cx, draft_id).await?;
    let against = match query.against.or(draft.base_release) {
        Some(release) => Some(release::find(cx.db(), release).await?),
        None => None,
    };
    let before = match &against {
        Some(release) => bundle_store::bundle_files(cx.db(), &release.bundle).await?,
        None => Files::new(),
    };
    let changes = between(&before, &files::all(cx.db(), draft_id).await?);
    Ok(RuleDraftDiff { against, changes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_differ_are_listed_with_their_lines() {
        let files = |entries: &[(&str, &str)]| -> Files {
            entries.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec())).collect()
        };
        let before = files(&[("a.toml", "x = 1\ny = 2\n"), ("b.toml", "same\n"), ("c.toml", "old\n")]);
        let after = files(&[("a.toml", "x = 1\ny = 3\n"), ("b.toml", "same\n"), ("d.toml", "new\n")]);
        let changes = between(&before, &after);
        let kinds = changes.iter().map(|change| (change.path.as_str(), change.kind)).collect::<Vec<_>>();
        let expected = [
            ("a.toml", FileChangeKind::Changed),
            ("c.toml", FileChangeKind::Removed),
            ("d.toml", FileChangeKind::Added),
        ];
        assert_eq!(kinds, expected);
        let diff = changes.first().map(|change| change.diff.as_str()).unwrap_or_default();
        assert_eq!(diff, "--- a.toml\n+++ a.toml\n@@ -1,2 +1,2 @@\n x = 1\n-y = 2\n+y = 3\n");
    }
}
