//! The files of a draft: read, written and removed one at a time.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{Draft, DraftChange, DraftStep, change_draft, find};
use crate::auth::Context;
use crate::db::schema::rule_draft_file;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::rules::bundle::{EXAMPLES_FOLDER, FILE_COUNT_LIMIT, FILE_LIMIT, Files};
use crate::said::say;

/// Longest part of a path, in bytes.
const NAME_LIMIT: usize = 100;

/// Every file of a draft.
pub async fn all(connection: &mut AsyncPgConnection, draft_id: i64) -> Result<Files, Problem> {
    let files: Vec<(String, Vec<u8>)> = rule_draft_file::table
        .filter(rule_draft_file::draft_id.eq(draft_id))
        .select((rule_draft_file::path, rule_draft_file::content))
        .load(connection)
        .await?;
    Ok(files.into_iter().collect())
}

/// One file of a draft, with the draft.
pub async fn read(cx: &mut Context, draft_id: i64, path: &str) -> Result<(Draft, Vec<u8>), Problem> {
    cx.snapshot(async |cx| {
        let draft = find(cx, draft_id).await?;
        let found: Option<Vec<u8>> = rule_draft_file::table
            .find((draft_id, path))
            .select(rule_draft_file::content)
            .first(cx.db())
            .await
            .optional()?;
        Ok((draft, found.ok_or_else(|| Problem::not_found("file"))?))
    })
    .await
}

/// Writes a file of a draft, new or in place of what was there.
///
/// # Errors
///
/// A field at fault for a path that a rules folder cannot have; a conflict where the draft was handed in.
pub async fn write(
    cx: &mut Context,
    draft_id: i64,
    path: &str,
    content: &[u8],
    seen: Seen,
) -> Result<Draft, Problem> {
    check(path, content)?;
    change_draft(cx, draft_id, seen, (DraftStep::Change, "write_rule_file"), async |cx, _| {
        diesel::insert_into(rule_draft_file::table)
            .values((
                rule_draft_file::draft_id.eq(draft_id),
                rule_draft_file::path.eq(path),
                rule_draft_file::content.eq(content),
            ))
            .on_conflict((rule_draft_file::draft_id, rule_draft_file::path))
            .do_update()
            .set(rule_draft_file::content.eq(content))
            .execute(cx.db())
            .await?;
        let files = rule_draft_file::table.filter(rule_draft_file::draft_id.eq(draft_id));
        let count: i64 = files.count().get_result(cx.db()).await?;
        if usize::try_from(count).is_ok_and(|count| count > FILE_COUNT_LIMIT) {
            return Err(Problem::conflict(say!(
                "一份草稿最多 {FILE_COUNT_LIMIT} 个文件",
                "a draft has at most {FILE_COUNT_LIMIT} files"
            )));
        }
        Ok((DraftChange::default(), json!({ "path": path, "bytes": content.len() })))
    })
    .await
}

/// Removes a file of a draft.
pub async fn remove(cx: &mut Context, draft_id: i64, path: &str, seen: Seen) -> Result<Draft, Problem> {
    change_draft(cx, draft_id, seen, (DraftStep::Change, "remove_rule_file"), async |cx, _| {
        match diesel::delete(rule_draft_file::table.find((draft_id, path))).execute(cx.db()).await? {
            0 => Err(Problem::not_found("file")),
            _ => Ok((DraftChange::default(), json!({ "path": path }))),
        }
    })
    .await
}

/// Puts other files in place of all that a draft has.
pub async fn replace(cx: &mut Context, draft_id: i64, files: &Files, seen: Seen) -> Result<Draft, Problem> {
    check_all(files)?;
    change_draft(cx, draft_id, seen, (DraftStep::Change, "replace_rule_files"), async |cx, _| {
        replace_all(cx.db(), draft_id, files).await?;
        Ok((DraftChange::default(), json!({ "files": files.len() })))
    })
    .await
}

/// Puts what the rules folder holds in place of all that a draft has: a change of the release `base`.
pub async fn follow_folder(
    cx: &mut Context,
    draft_id: i64,
    (files, hash): (&Files, &str),
    base: Option<i64>,
    seen: Seen,
) -> Result<Draft, Problem> {
    check_all(files)?;
    change_draft(cx, draft_id, seen, (DraftStep::Change, "replace_rule_files"), async |cx, _| {
        replace_all(cx.db(), draft_id, files).await?;
        let change = DraftChange {
            base_release_id: base,
            folder_hash: Some(hash.to_owned()),
            ..DraftChange::default()
        };
        Ok((change, json!({ "files": files.len() })))
    })
    .await
}

/// Puts other files in place of all that a draft has; the draft has been taken.
pub(super) async fn replace_all(
    connection: &mut AsyncPgConnection,
    draft_id: i64,
    files: &Files,
) -> Result<(), Problem> {
    diesel::delete(rule_draft_file::table.filter(rule_draft_file::draft_id.eq(draft_id)))
        .execute(connection)
        .await?;
    let rows = files.iter().map(|(path, content)| {
        (
            rule_draft_file::draft_id.eq(draft_id),
            rule_draft_file::path.eq(path),
            rule_draft_file::content.eq(content.as_slice()),
        )
    });
    diesel::insert_into(rule_draft_file::table).values(rows.collect::<Vec<_>>()).execute(connection).await?;
    Ok(())
}

/// Refuses files that no rules folder could have, or too many of them.
pub fn check_all(files: &Files) -> Result<(), Problem> {
    if files.is_empty() || files.len() > FILE_COUNT_LIMIT {
        return Err(Problem::field(
            "files",
            say!("应为 1 到 {FILE_COUNT_LIMIT} 个文件", "expected 1 to {FILE_COUNT_LIMIT} files"),
        ));
    }
    files.iter().try_for_each(|(path, content)| check(path, content))
}

/// Refuses what could not stand in a rules folder: a draft can be exported to one.
pub fn check(path: &str, content: &[u8]) -> Result<(), Problem> {
    let is_name = |part: &str| {
        !part.is_empty()
            && part.len() <= NAME_LIMIT
            && !part.starts_with('.')
            && !part.contains(|c: char| c.is_control() || "\\/:*?\"<>|".contains(c))
    };
    let parts = path.split('/').collect::<Vec<_>>();
    let is_wanted = path.ends_with(".rhai") || path.ends_with(".toml");
    if !is_wanted || parts.len() > 2 || !parts.iter().all(|part| is_name(part)) {
        let expected = say!(
            "应为 metrics.toml，或文件夹里的 .toml 或 .rhai 文件，例如 sales_consultant/70_complaints.rhai",
            "expected metrics.toml, or a file .toml or .rhai in a folder, \
                        for example sales_consultant/70_complaints.rhai"
        );
        return Err(Problem::field("path", expected));
    }
    if path.split_once('/').is_some_and(|(folder, _)| folder == EXAMPLES_FOLDER) {
        let expected = say!(
            "示例不是规则的一部分：方案的文件夹要另取名字",
            "examples are no part of the rules: a scheme's folder has another name"
        );
        return Err(Problem::field("path", expected));
    }
    if u64::try_from(content.len()).is_ok_and(|length| length > FILE_LIMIT) {
        return Err(Problem::new(
            Code::PayloadTooLarge,
            say!("一个文件最多 {FILE_LIMIT} 字节", "a file has at most {FILE_LIMIT} bytes"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_that_a_rules_folder_can_have() {
        for path in ["metrics.toml", "sales_consultant/scheme.toml", "电销/10_跟进.rhai"] {
            assert!(check(path, b"").is_ok(), "{path}");
        }
        for path in [
            "",
            "a",
            "a/b/c.toml",
            "../c.toml",
            "/c.toml",
            "a/../c.toml",
            "examples/scheme.toml",
            ".x.toml",
            "a\\b.toml",
            "a/\0.rhai",
        ] {
            assert!(check(path, b"").is_err(), "{path}");
        }
    }
}
