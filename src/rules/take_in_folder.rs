//! A rules folder that has changed, taken in: as a draft that a second person approves, or, in a shop of one, as a release.

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::bundle::Bundle;
use super::bundle_store;
use super::draft::{self, DraftOrigin, DraftState, files};
use super::release::{self, NewRelease};
use crate::auth::Context;
use crate::db::schema::{rule_draft, rule_draft_author, rule_release};
use crate::http::Problem;
use crate::http::etag::Seen;

/// What a draft from the folder is called until somebody says what it changes.
const NOTE: &str = "规则文件夹的改动";

/// What became of the folder's bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is, or was, this release.
    Release(i64),
    /// It stands in this draft.
    Draft(i64),
}

/// Takes a sound bundle in, once: the same folder again changes nothing.
pub async fn take_in(cx: &mut Context, bundle: &Bundle, is_automatic: bool) -> Result<Taken, Problem> {
    // The folder's change is nobody's at a desk, even where a request made the program look.
    let asking = cx.identity.take();
    let taken = cx.transaction(async |cx| {
        // Two programs see the same change; the second finds what the first has made of it.
        release::lock(cx.db()).await?;
        if let Some(id) = released(cx.db(), &bundle.hash, is_automatic).await? {
            return Ok(Taken::Release(id));
        }
        match is_automatic {
            true => release_at_once(cx, bundle).await,
            false => draft_of(cx, bundle).await,
        }
    });
    let taken = taken.await;
    cx.identity = asking;
    taken
}

/// The release that a folder with this hash needs not be taken in for: any that has its bundle, or, where the folder is
/// released by itself, the one published last. A folder put back to older rules is a change there.
pub async fn released(
    connection: &mut AsyncPgConnection,
    hash: &str,
    is_automatic: bool,
) -> Result<Option<i64>, Problem> {
    let latest: Option<(i64, String)> = rule_release::table
        .order(rule_release::id.desc())
        .select((rule_release::id, rule_release::bundle_hash))
        .first(connection)
        .await
        .optional()?;
    if is_automatic {
        return Ok(latest.filter(|(_, bundle)| bundle == hash).map(|(id, _)| id));
    }
    Ok(rule_release::table
        .filter(rule_release::bundle_hash.eq(hash))
        .order(rule_release::id.desc())
        .select(rule_release::id)
        .first(connection)
        .await
        .optional()?)
}

async fn release_at_once(cx: &mut Context, bundle: &Bundle) -> Result<Taken, Problem> {
    let now = cx.now;
    bundle_store::keep_bundle(cx.db(), bundle, now).await?;
    let new = NewRelease {
        bundle_hash: bundle.hash.clone(),
        effective_from: None,
        consulted_on: None,
        published_at: now,
        note: NOTE.to_owned(),
        author_id: None,
        approver_id: None,
        approval_note: String::new(),
        is_automatic: true,
    };
    let id = release::publish(cx.db(), new).await?;
    let detail = json!({ "bundle": bundle.hash });
    cx.audit("release_rules_folder", &format!("rule_release/{id}"), detail).await?;
    Ok(Taken::Release(id))
}

async fn draft_of(cx: &mut Context, bundle: &Bundle) -> Result<Taken, Problem> {
    let last: Option<(i64, DraftState, i32)> = rule_draft::table
        .filter(rule_draft::origin.eq(DraftOrigin::Folder))
        .order(rule_draft::id.desc())
        .select((rule_draft::id, rule_draft::state, rule_draft::version))
        .first(cx.db())
        .await
        .optional()?;
    if let Some((id, state, version)) = last {
        if files::all(cx.db(), id).await? == bundle.files {
            return Ok(Taken::Draft(id));
        }
        // What somebody has gone on writing is not overwritten: the folder's change becomes a draft of its own.
        if state == DraftState::Draft && !is_edited(cx.db(), id).await? {
            files::replace(cx, id, &bundle.files, Seen::Version(version)).await?;
            return Ok(Taken::Draft(id));
        }
    }
    let base = release::latest(cx.db()).await?.map(|latest| latest.id);
    let draft = draft::create(cx, &bundle.files, DraftOrigin::Folder, NOTE, base).await?;
    Ok(Taken::Draft(draft.id))
}

/// Whether a person has changed the draft.
async fn is_edited(connection: &mut AsyncPgConnection, draft_id: i64) -> Result<bool, Problem> {
    let authors = rule_draft_author::table.filter(rule_draft_author::draft_id.eq(draft_id));
    let authors = authors.select(rule_draft_author::user_id);
    Ok(diesel::select(diesel::dsl::exists(authors)).get_result(connection).await?)
}
