//! A rules folder that has changed, taken in: as a draft that a second person approves, or, in a shop of one, as a release.
//!
//! What the folder holds is a change of the release that it was last the same as, whatever has been released since: a
//! folder that nobody has brought up to date takes nothing back in silence.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::bundle::{Bundle, Files};
use super::bundle_store;
use super::draft::{self, DraftOrigin, DraftState, Merged, files, merge, rebase};
use super::finding::{Finding, SourcePlace};
use super::release::{self, NewRelease, Release};
use crate::auth::Context;
use crate::db::schema::{rule_draft, rule_draft_author, rule_folder, rule_release};
use crate::db::sql;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;

/// What a draft from the folder is called until somebody says what it changes.
const NOTE: &str = "规则文件夹的改动";

/// What became of the folder's bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is, or was, this release.
    Release(i64),
    /// It stands in this draft.
    Draft(i64),
    /// It was not released by itself: it would take back what others have had approved. What it lacks, file by file.
    Stale(Vec<Finding>),
}

/// Takes a sound bundle in from the folder at `place`, once: the same folder again changes nothing.
pub async fn take_in(
    cx: &mut Context,
    bundle: &Bundle,
    place: &str,
    is_automatic: bool,
) -> Result<Taken, Problem> {
    // The folder's change is nobody's at a desk, even where a request made the program look.
    let asking = cx.identity.take();
    let taken = cx.transaction(async |cx| {
        // Two programs see the same change; the second finds what the first has made of it.
        release::lock(cx.db()).await?;
        if let Some(id) = released(cx.db(), &bundle.hash, is_automatic).await? {
            return Ok(Taken::Release(id));
        }
        match is_automatic {
            true => release_at_once(cx, bundle, place).await,
            false => draft_of(cx, bundle, place).await,
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

async fn release_at_once(cx: &mut Context, bundle: &Bundle, place: &str) -> Result<Taken, Problem> {
    let now = cx.now;
    let lacking = lacking(cx, &bundle.files, place).await?;
    if !lacking.is_empty() {
        return Ok(Taken::Stale(lacking));
    }
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
    note_same(cx, place, id).await?;
    Ok(Taken::Release(id))
}

async fn draft_of(cx: &mut Context, bundle: &Bundle, place: &str) -> Result<Taken, Problem> {
    let base = base(cx.db(), &bundle.files, place).await?;
    let last: Option<(i64, DraftState, i32, Option<String>)> = rule_draft::table
        .filter(rule_draft::origin.eq(DraftOrigin::Folder))
        // Another server's folder with just these files has had its draft made.
        .filter(rule_draft::folder.eq(place).or(rule_draft::folder_hash.eq(&bundle.hash)))
        .order(rule_draft::id.desc())
        .select((rule_draft::id, rule_draft::state, rule_draft::version, rule_draft::folder_hash))
        .first(cx.db())
        .await
        .optional()?;
    if let Some((id, state, version, hash)) = last {
        // Whatever people have made of the draft since, it was taken from just this.
        if hash.as_ref() == Some(&bundle.hash) || files::all(cx.db(), id).await? == bundle.files {
            return Ok(Taken::Draft(id));
        }
        // What somebody has gone on writing is not overwritten: the folder's change becomes a draft of its own.
        if state == DraftState::Draft && !is_edited(cx.db(), id).await? {
            let held = (&bundle.files, bundle.hash.as_str());
            files::follow_folder(cx, id, held, base, Seen::Version(version)).await?;
            return Ok(Taken::Draft(id));
        }
    }
    let draft = draft::create(cx, &bundle.files, DraftOrigin::Folder, NOTE, base).await?;
    diesel::update(rule_draft::table.find(draft.id))
        .set((rule_draft::folder_hash.eq(&bundle.hash), rule_draft::folder.eq(place)))
        .execute(cx.db())
        .await?;
    Ok(Taken::Draft(draft.id))
}

/// Keeps that the folder at `place` is the same as a release: what it holds next is a change of this one.
pub async fn note_same(cx: &mut Context, place: &str, release_id: i64) -> Result<(), Problem> {
    let now = cx.now;
    let same = || (rule_folder::release_id.eq(release_id), rule_folder::seen_at.eq(now));
    diesel::insert_into(rule_folder::table)
        .values((rule_folder::folder.eq(place), same()))
        .on_conflict(rule_folder::folder)
        .do_update()
        .set(same())
        .execute(cx.db())
        .await?;
    Ok(())
}

/// The release that what the folder holds is a change of: the one that it was the same as last, by itself or as a draft
/// that was approved as it was taken in. What another server's folder was the same as says nothing about this one.
async fn base(
    connection: &mut AsyncPgConnection,
    files: &Files,
    place: &str,
) -> Result<Option<i64>, Problem> {
    #[derive(QueryableByName)]
    struct Same {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let same: Option<Same> = sql("SELECT s.id FROM (
             SELECT f.release_id AS id, f.seen_at, f.folder FROM rule_folder f WHERE f.folder IN ($1, '')
             UNION ALL SELECT r.id, d.changed_at, coalesce(d.folder, '')
             FROM rule_draft d JOIN rule_release r ON r.id = d.release_id
             WHERE d.folder_hash = r.bundle_hash AND coalesce(d.folder, '') IN ($1, '')) s
         ORDER BY s.folder = '', s.seen_at DESC, s.id DESC LIMIT 1")
    .bind::<Text, _>(place)
    .get_result(connection)
    .await
    .optional()?;
    let Some(Same { id: known }) = same else { return rebase::closest(connection, files).await };
    let Some(latest) = release::latest(connection).await? else { return Ok(Some(known)) };
    if known != latest.id {
        // Somebody may have brought the folder up to date by hand.
        let theirs = bundle_store::bundle_files(connection, &latest.bundle).await?;
        let Merged { files: merged, conflicts } =
            merge(&rebase::files_of(connection, Some(known)).await?, files, &theirs, None);
        if conflicts.is_empty() && merged == *files {
            return Ok(Some(latest.id));
        }
    }
    Ok(Some(known))
}

/// What the folder lacks of the release published last, and of those that will score months to come: released by itself, it
/// would count instead of all of them. Nothing where it is a change of these.
async fn lacking(cx: &mut Context, files: &Files, place: &str) -> Result<Vec<Finding>, Problem> {
    let Some(latest) = release::latest(cx.db()).await? else { return Ok(Vec::new()) };
    let base = base(cx.db(), files, place).await?;
    // One that was released by itself has had to have them, and so has its change.
    if latest.is_automatic && base == Some(latest.id) {
        return Ok(Vec::new());
    }
    let mut findings = Vec::new();
    if base != Some(latest.id) {
        findings.extend(lacks(cx.db(), files, base, &latest).await?);
    }
    // What was handed in for the months before another one has that one's change not, and knows it.
    let month = Period::containing(cx.today());
    let coming = release::upcoming(cx.db(), month).await?;
    for release in coming.into_iter().filter(|one| one.id != latest.id && base != Some(one.id)) {
        let began: Option<Option<i64>> = rule_draft::table
            .filter(rule_draft::release_id.eq(release.id))
            .select(rule_draft::base_release_id)
            .first(cx.db())
            .await
            .optional()?;
        findings.extend(lacks(cx.db(), files, began.flatten(), &release).await?);
    }
    Ok(findings)
}

/// What files do not have of what `release` changes in the release `before`.
async fn lacks(
    connection: &mut AsyncPgConnection,
    files: &Files,
    before: Option<i64>,
    release: &Release,
) -> Result<Vec<Finding>, Problem> {
    let theirs = bundle_store::bundle_files(connection, &release.bundle).await?;
    let Merged { files: merged, conflicts } =
        merge(&rebase::files_of(connection, before).await?, files, &theirs, Some(draft::Side::Release));
    let differing = merged.iter().filter(|(path, content)| files.get(*path) != Some(*content));
    let paths = differing.map(|(path, _)| path.clone()).chain(conflicts.into_iter().map(|one| one.path));
    let paths = paths.collect::<std::collections::BTreeSet<_>>();
    let finding = |path: String| {
        let message = format!(
            "release {} has a change of this file that the folder does not have: releasing the folder would take it back",
            release.id
        );
        let suggestion = format!(
            "write release {} to a folder (showfloor rules export), and make your change there",
            release.id
        );
        Finding::error("stale-folder", SourcePlace::file(&path), "", message).suggesting(Some(suggestion))
    };
    Ok(paths.into_iter().map(finding).collect())
}

/// Whether a person has changed the draft.
async fn is_edited(connection: &mut AsyncPgConnection, draft_id: i64) -> Result<bool, Problem> {
    let authors = rule_draft_author::table.filter(rule_draft_author::draft_id.eq(draft_id));
    let authors = authors.select(rule_draft_author::user_id);
    Ok(diesel::select(diesel::dsl::exists(authors)).get_result(connection).await?)
}
