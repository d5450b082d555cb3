//! From a draft to a release: handed in by one person, published or handed back by another.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Draft, DraftStep, Locked, files, find, lock, note_author, subject};
use crate::auth::audit;
use crate::clock;
use crate::db::schema::{review, rule_backtest, rule_draft, rule_draft_author};
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;
use crate::rules::release::{self, NewRelease};
use crate::rules::{bundle_store, folder, verdict};

/// What goes with submitting a draft.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleSubmission)]
pub struct Submission {
    /// The first month it is meant to score. It must not have begun yet, except for the very first release.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-06")]
    pub effective_from: Period,
    /// The day on which the people concerned were consulted; not in the future.
    #[garde(skip)]
    pub consulted_on: NaiveDate,
    /// What it changes, in words for everybody who is reviewed by it.
    #[garde(length(chars, min = 1, max = 2000), custom(said))]
    #[schema(example = "成交率满分线由 25% 提到 28%")]
    pub note: String,
}

/// Refuses a note of blanks.
#[expect(clippy::ptr_arg, reason = "garde passes the field as it is")]
pub fn said(note: &String, _: &()) -> garde::Result {
    match note.trim().is_empty() {
        true => Err(garde::Error::new("expected a few words")),
        false => Ok(()),
    }
}

/// Hands a draft in: what is published is exactly what was handed in. `by` is who does it.
///
/// # Errors
///
/// `rules-broken` with every finding where the bundle has errors or cases that fail; fields at fault for a month that has
/// begun or a consultation to come.
pub async fn submit(
    connection: &mut AsyncPgConnection,
    id: i64,
    submission: Submission,
    by: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    let before = find(connection, id).await?;
    seen.check(before.version)?;
    before.state.after(DraftStep::Submit)?;
    if submission.consulted_on > clock::day(now) {
        return Err(Problem::field(
            "consulted_on",
            "the people concerned must have been consulted already: expected today or an earlier day",
        ));
    }
    let content = files::all(connection, id).await?;
    let judged = tokio::task::spawn_blocking(move || verdict::judge(content)).await;
    let (bundle, verdict) = judged.map_err(|error| Problem::internal(&error))?;
    let Some(bundle) = bundle.filter(|_| verdict.is_sound()) else {
        return Err(folder::problem(verdict.errors()));
    };
    connection
        .transaction(async |connection| {
            // Judging took a while: who changed the draft meanwhile is asked to look again.
            let draft = lock(connection, id, Seen::Version(before.version)).await?;
            let state = draft.after(DraftStep::Submit)?;
            release::require_open(connection, submission.effective_from, now).await?;
            bundle_store::keep_bundle(connection, &bundle, now).await?;
            note_author(connection, id, Some(by)).await?;
            diesel::update(rule_draft::table.find(id))
                .set((
                    rule_draft::state.eq(state.name()),
                    rule_draft::note.eq(&submission.note),
                    rule_draft::bundle_hash.eq(&bundle.hash),
                    rule_draft::effective_from.eq(submission.effective_from.first_day()),
                    rule_draft::consulted_on.eq(submission.consulted_on),
                    rule_draft::submitted_by.eq(by),
                    rule_draft::submitted_at.eq(now),
                    rule_draft::version.eq(draft.version + 1),
                ))
                .execute(connection)
                .await?;
            let detail = json!({ "bundle": bundle.hash, "effective_from": submission.effective_from });
            audit::record(connection, now, Some(by), "submit_rule_draft", &subject(id), detail).await
        })
        .await?;
    find(connection, id).await
}

/// Hands a draft back to its authors, who read the `note`.
pub async fn reject(
    connection: &mut AsyncPgConnection,
    id: i64,
    note: &str,
    by: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    connection
        .transaction(async |connection| {
            let draft = lock(connection, id, seen).await?;
            let state = draft.after(DraftStep::Reject)?;
            require_four_eyes(connection, id, &draft, by).await?;
            diesel::update(rule_draft::table.find(id))
                .set((
                    rule_draft::state.eq(state.name()),
                    rule_draft::decided_by.eq(by),
                    rule_draft::decided_at.eq(now),
                    rule_draft::decision_note.eq(note),
                    rule_draft::version.eq(draft.version + 1),
                ))
                .execute(connection)
                .await?;
            let detail = json!({ "note": note });
            audit::record(connection, now, Some(by), "reject_rule_draft", &subject(id), detail).await
        })
        .await?;
    find(connection, id).await
}

/// Publishes a draft as a release.
///
/// # Errors
///
/// A conflict where the approver is one of its authors, or this very bundle was not backtested; a field at fault where
/// its month has begun in the meantime.
pub async fn approve(
    connection: &mut AsyncPgConnection,
    id: i64,
    note: &str,
    approver: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    connection
        .transaction(async |connection| {
            release::lock(connection).await?;
            let draft = lock(connection, id, seen).await?;
            let state = draft.after(DraftStep::Approve)?;
            require_four_eyes(connection, id, &draft, approver).await?;
            // The table has all three for a draft that was handed in.
            let (Some(bundle_hash), Some(effective_from), Some(consulted_on)) =
                (draft.bundle_hash, draft.effective_from, draft.consulted_on)
            else {
                return Err(Problem::internal(&"a submitted draft has no bundle, month or consultation"));
            };
            release::require_open(connection, Period::containing(effective_from), now).await?;
            require_backtest(connection, &bundle_hash).await?;
            let release = NewRelease {
                bundle_hash,
                effective_from: Some(effective_from),
                consulted_on: Some(consulted_on),
                published_at: now,
                note: draft.note,
                author_id: draft.submitted_by,
                approver_id: Some(approver),
                approval_note: note.to_owned(),
                is_automatic: false,
            };
            let release_id = release::publish(connection, release).await?;
            diesel::update(rule_draft::table.find(id))
                .set((
                    rule_draft::state.eq(state.name()),
                    rule_draft::decided_by.eq(approver),
                    rule_draft::decided_at.eq(now),
                    rule_draft::decision_note.eq(note),
                    rule_draft::release_id.eq(release_id),
                    rule_draft::version.eq(draft.version + 1),
                ))
                .execute(connection)
                .await?;
            let detail = json!({ "release": release_id, "note": note });
            audit::record(connection, now, Some(approver), "approve_rule_draft", &subject(id), detail).await
        })
        .await?;
    find(connection, id).await
}

/// Nobody decides on what is their own: begun, changed or handed in.
async fn require_four_eyes(
    connection: &mut AsyncPgConnection,
    id: i64,
    draft: &Locked,
    by: i64,
) -> Result<(), Problem> {
    let authors: Vec<i64> = rule_draft_author::table
        .filter(rule_draft_author::draft_id.eq(id))
        .select(rule_draft_author::user_id)
        .load(connection)
        .await?;
    if authors.contains(&by) || [draft.created_by, draft.submitted_by].contains(&Some(by)) {
        let message = "you wrote, changed or submitted these rules, so somebody else has to decide on them";
        return Err(Problem::conflict(message));
    }
    Ok(())
}

/// Rules are tried before they count: on stored reviews, as soon as there are any.
async fn require_backtest(connection: &mut AsyncPgConnection, bundle_hash: &str) -> Result<(), Problem> {
    let tried = rule_backtest::table
        .filter(rule_backtest::bundle_hash.eq(bundle_hash))
        .filter(rule_backtest::state.eq("finished"));
    let is_tried: bool = diesel::select(diesel::dsl::exists(tried)).get_result(connection).await?;
    if is_tried {
        return Ok(());
    }
    let has_reviews: bool =
        diesel::select(diesel::dsl::exists(review::table.select(review::id))).get_result(connection).await?;
    match has_reviews {
        false => Ok(()),
        true => Err(Problem::conflict(
            "this bundle has not been backtested: POST /v1/rules/backtests with this draft, read the report, then approve",
        )),
    }
}
