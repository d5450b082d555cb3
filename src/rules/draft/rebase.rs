//! A draft brought up to date: what it changes put onto a release that was published since it began.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::merge::{Conflict, Merged, Side, merge};
use super::{Draft, DraftChange, DraftStep, change_draft, files};
use crate::auth::Context;
use crate::db::schema::rule_release;
use crate::http::etag::Seen;
use crate::http::{FieldError, Problem};
use crate::rules::bundle::Files;
use crate::rules::bundle_store::bundle_files;
use crate::rules::release::{self, Release};
use crate::said::say;

/// Most releases that files are compared with to find the one they are a change of.
const COMPARED: i64 = 50;

/// What a draft is brought up to date with.
#[derive(Clone, Copy, Debug, Default, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleRebase)]
pub struct Rebase {
    /// The release, by id; by default the one published last.
    #[garde(range(min = 1))]
    #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
    pub onto: Option<i64>,
    /// Who counts where the draft and the release have changed the same thing differently. By default nobody does: such
    /// places are told, and nothing is changed.
    #[garde(skip)]
    pub prefer: Option<Side>,
}

/// Puts what a draft changes in the release it began from onto another one, which it replaces from then on.
///
/// # Errors
///
/// A conflict that names every place that both have changed differently, unless a side is preferred; not found where there
/// is no such draft.
pub async fn rebase(cx: &mut Context, id: i64, to: Rebase, seen: Seen) -> Result<Draft, Problem> {
    super::require_own(cx, id).await?;
    let (draft, own) = super::read(cx, id).await?;
    seen.check(draft.version)?;
    draft.state.after(DraftStep::Change)?;
    let onto = match to.onto {
        Some(release) => {
            let found = release::find(cx.db(), release).await;
            Some(found.map_err(|problem| problem.of_field("onto"))?)
        }
        None => release::latest(cx.db()).await?,
    };
    let onto =
        onto.ok_or_else(|| Problem::conflict(say!("还没有发布过", "nothing has been released yet")))?;
    if draft.base_release == Some(onto.id) {
        return Ok(draft);
    }
    let base = files_of(cx.db(), draft.base_release).await?;
    let theirs = bundle_files(cx.db(), &onto.bundle).await?;
    let Merged { files, conflicts } = merge(&base, &own, &theirs, to.prefer);
    if !conflicts.is_empty() && to.prefer.is_none() {
        return Err(conflict(id, &onto, &conflicts));
    }
    // Who changed the draft meanwhile is not overwritten.
    let seen = Seen::Version(draft.version);
    change_draft(cx, id, seen, (DraftStep::Change, "rebase_rule_draft"), async |cx, _| {
        files::replace_all(cx.db(), id, &files).await?;
        let detail = json!({ "from": draft.base_release, "onto": onto.id, "conflicts": conflicts.len(),
            "prefer": to.prefer });
        Ok((DraftChange { base_release_id: Some(onto.id), ..DraftChange::default() }, detail))
    })
    .await
}

/// The files of a release; of none there are none.
pub async fn files_of(connection: &mut AsyncPgConnection, release: Option<i64>) -> Result<Files, Problem> {
    match release {
        Some(id) => {
            let release = release::find(connection, id).await?;
            bundle_files(connection, &release.bundle).await
        }
        None => Ok(Files::new()),
    }
}

fn conflict(id: i64, onto: &Release, conflicts: &[Conflict]) -> Problem {
    let release = onto.id;
    let quoted = |text: &Option<String>| {
        text.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("«{}»", text.trim_end()))
    };
    let errors = conflicts.iter().map(|conflict| {
        let field = match &conflict.parameter {
            Some(parameter) => format!("{}#{parameter}", conflict.path),
            None => conflict.path.clone(),
        };
        let [base, draft, other] = [&conflict.base, &conflict.draft, &conflict.release].map(quoted);
        FieldError::new(
            field,
            say!(
                "原为 {base}；草稿 {id} 写 {draft}，发布版本 {release} 写 {other}",
                "was {base}; draft {id} says {draft}, release {release} says {other}"
            ),
        )
    });
    let detail = say!(
        "草稿 {id} 与发布版本 {release} 对同样的地方改得不一样：请让草稿在那里与发布版本一致，或写明以谁为准 (prefer)",
        "draft {id} and release {release} have changed the same places differently: make the draft say there what the \
         release says, or say who counts, the draft or the release (prefer)"
    );
    Problem { errors: errors.collect(), ..Problem::conflict(detail) }
}

/// The release that files are most likely a change of: the one from which the fewest lines differ, of equals the newest.
pub async fn closest(connection: &mut AsyncPgConnection, files: &Files) -> Result<Option<i64>, Problem> {
    let releases: Vec<(i64, String)> = rule_release::table
        .order(rule_release::id.desc())
        .select((rule_release::id, rule_release::bundle_hash))
        .limit(COMPARED)
        .load(connection)
        .await?;
    let mut closest: Option<(usize, i64)> = None;
    for (id, bundle) in releases {
        let distance = distance(files, &bundle_files(connection, &bundle).await?);
        if closest.is_none_or(|(least, _)| distance < least) {
            closest = Some((distance, id));
        }
    }
    Ok(closest.map(|(_, id)| id))
}

/// How many lines stand in one of two bundles and not in the other, wherever they stand in a file.
fn distance(one: &Files, other: &Files) -> usize {
    let lines = |files: &Files, path: &str| {
        let mut lines = files
            .get(path)
            .map(|bytes| bytes.split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>());
        lines.iter_mut().for_each(|lines| lines.sort_unstable());
        lines.unwrap_or_default()
    };
    let paths = one.keys().chain(other.keys()).collect::<std::collections::BTreeSet<_>>();
    let differing = paths.into_iter().filter(|path| one.get(*path) != other.get(*path));
    differing.map(|path| unshared(&lines(one, path), &lines(other, path)).max(1)).sum()
}

/// How many of two sorted lists have no partner in the other one.
fn unshared(one: &[Vec<u8>], other: &[Vec<u8>]) -> usize {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut count = 0;
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return count,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(left), Some(right)) => left.cmp(right),
        };
        if order.is_le() {
            one.next();
        }
        if order.is_ge() {
            other.next();
        }
        count += usize::from(order.is_ne());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_as_far_apart_as_their_lines() {
        let files = |text: &str| Files::from([("a/x.rhai".to_owned(), text.as_bytes().to_vec())]);
        assert_eq!(distance(&files("1\n2\n3\n"), &files("1\n2\n3\n")), 0);
        assert_eq!(distance(&files("1\n2\n3\n"), &files("1\n3\n4\n")), 2);
        assert_eq!(distance(&files("1\n2\n"), &files("2\n1\n")), 1);
        assert_eq!(distance(&files("1\n2"), &Files::new()), 2);
    }
}
