//! From a draft to a release: handed in by one person, published or handed back by another.

use std::sync::Arc;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::replaced::{self, RuleDraftChange, Standing};
use super::{Draft, DraftChange, DraftStep, Locked, ToJudge, change_draft};
use crate::auth::Context;
use crate::db::schema::{review, rule_backtest, rule_draft_author};
use crate::http::etag::Seen;
use crate::http::{Code, Language, Problem};
use crate::period::Period;
use crate::rules::bundle::Bundle;
use crate::rules::release::{self, NewRelease, Release};
use crate::rules::{bundle_store, folder};
use crate::said::say;

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
    #[schema(example = "成交率满分线由 25% 提到 28%", min_length = 1, max_length = 2000)]
    pub note: String,
    /// That it is meant only for the months before a release takes over that has been published for a later one.
    #[garde(skip)]
    #[serde(default)]
    pub until_next: bool,
}

/// Refuses a note of blanks.
#[expect(clippy::ptr_arg, reason = "garde passes the field as it is")]
pub fn said(note: &String, _: &()) -> garde::Result {
    match note.trim().is_empty() {
        true => Err(crate::http::body::refused(&say!("请写几个字", "expected a few words"))),
        false => Ok(()),
    }
}

/// Hands a draft in: what is published is exactly what was handed in.
///
/// # Errors
///
/// Those of [`begin`] and [`Prepared::hand_in`].
pub async fn submit(
    cx: &mut Context,
    id: i64,
    submission: Submission,
    seen: Seen,
) -> Result<RuleDraftChange, Problem> {
    begin(cx, id, submission, seen).await?.judged().await?.hand_in(cx).await
}

/// A draft that is being handed in, before its files are judged: no connection is held while they are.
#[derive(Debug)]
pub struct Begun {
    draft: ToJudge,
    submission: Submission,
    /// In which language findings are told.
    language: Language,
}

/// A draft that is being handed in and is sound.
#[derive(Debug)]
pub struct Sound {
    draft: Draft,
    bundle: Arc<Bundle>,
    submission: Submission,
}

/// Begins to hand a draft in.
///
/// # Errors
///
/// A conflict where it cannot be handed in, has changed, or would take back what others have had approved; a field at
/// fault for a consultation to come.
pub async fn begin(cx: &mut Context, id: i64, submission: Submission, seen: Seen) -> Result<Begun, Problem> {
    let draft = super::to_judge(cx, id).await?;
    let before = &draft.draft;
    seen.check(before.version)?;
    before.state.after(DraftStep::Submit)?;
    if submission.consulted_on > cx.today() {
        return Err(Problem::field(
            "consulted_on",
            say!(
                "应已征求过有关人员的意见：应为今天或以前",
                "the people concerned must have been consulted already: expected today or an earlier day"
            ),
        ));
    }
    Ok(Begun { draft, submission, language: cx.language })
}

impl Begun {
    /// Judges the draft's files.
    ///
    /// # Errors
    ///
    /// `rules-broken` with every finding where the bundle has errors or cases that fail.
    pub async fn judged(self) -> Result<Sound, Problem> {
        let (draft, bundle, verdict) = self.draft.judged().await?;
        match bundle.filter(|_| verdict.is_sound()) {
            Some(bundle) => Ok(Sound { draft, bundle, submission: self.submission }),
            None => Err(folder::problem(verdict.errors(), self.language)),
        }
    }
}

impl Sound {
    /// Hands the draft in, and says what it changes in the release that it replaces.
    ///
    /// # Errors
    ///
    /// A field at fault for a month that has begun, or from which a later release takes over; a conflict where the draft
    /// is a change of another release than the one it would replace, or has changed while it was judged.
    pub async fn hand_in(self, cx: &mut Context) -> Result<RuleDraftChange, Problem> {
        let Self { draft, bundle, submission } = self;
        // Judging took a while: who changed the draft meanwhile is asked to look again.
        let seen = Seen::Version(draft.version);
        let step = (DraftStep::Submit, "submit_rule_draft");
        let draft = change_draft(cx, draft.id, seen, step, async |cx, locked| {
            let (now, effective_from) = (cx.now, submission.effective_from);
            release::require_open(cx.db(), effective_from, now).await?;
            let standing = Standing::of(cx.db(), effective_from).await?;
            standing.require_base(cx.db(), draft.id, locked.base_release_id).await?;
            let yields_to = standing.require_last(effective_from, submission.until_next)?;
            bundle_store::keep_bundle(cx.db(), &bundle, now).await?;
            let detail = json!({ "bundle": bundle.hash, "effective_from": effective_from,
                "replaces": locked.base_release_id, "yields_to": yields_to });
            let change = DraftChange {
                note: Some(submission.note),
                bundle_hash: Some(bundle.hash.clone()),
                effective_from: Some(effective_from),
                consulted_on: Some(submission.consulted_on),
                yields_to_release_id: Some(yields_to),
                submitted_by: cx.by(),
                submitted_at: Some(now),
                ..DraftChange::default()
            };
            Ok((change, detail))
        })
        .await?;
        replaced::with_change(cx, draft).await
    }
}

/// Hands a draft back to its authors, who read the `note`.
pub async fn reject(cx: &mut Context, id: i64, note: &str, seen: Seen) -> Result<Draft, Problem> {
    change_draft(cx, id, seen, (DraftStep::Reject, "reject_rule_draft"), async |cx, draft| {
        Ok((decided(cx, id, &draft, note).await?, json!({ "note": note })))
    })
    .await
}

/// Publishes a draft as a release.
///
/// # Errors
///
/// A conflict where the approver is one of its authors, where what it replaces is no longer what it was written against,
/// or where this very bundle was not backtested against that; a field at fault where its month has begun in the meantime.
pub async fn approve(cx: &mut Context, id: i64, note: &str, seen: Seen) -> Result<RuleDraftChange, Problem> {
    let draft = cx.transaction(async |cx| {
        // Before the draft, as whoever takes the rules folder in.
        release::lock(cx.db()).await?;
        change_draft(cx, id, seen, (DraftStep::Approve, "approve_rule_draft"), async |cx, draft| {
            let change = decided(cx, id, &draft, note).await?;
            // The table has all three for a draft that was handed in.
            let (Some(bundle_hash), Some(effective_from), Some(consulted_on)) =
                (draft.bundle_hash, draft.effective_from, draft.consulted_on)
            else {
                return Err(Problem::internal(&"a submitted draft has no bundle, month or consultation"));
            };
            let now = cx.now;
            release::require_open(cx.db(), effective_from, now).await?;
            let standing = Standing::of(cx.db(), effective_from).await?;
            standing.require_base(cx.db(), id, draft.base_release_id).await?;
            standing.require_still_last(draft.yields_to_release_id)?;
            require_backtest(cx.db(), id, &bundle_hash, standing.replaces.as_ref()).await?;
            let release = NewRelease {
                bundle_hash,
                effective_from: Some(effective_from),
                consulted_on: Some(consulted_on),
                published_at: now,
                note: draft.note,
                author_id: draft.submitted_by,
                approver_id: change.decided_by,
                approval_note: note.to_owned(),
                is_automatic: false,
            };
            let release_id = release::publish(cx.db(), release).await?;
            let detail = json!({ "release": release_id, "note": note });
            Ok((DraftChange { release_id: Some(release_id), ..change }, detail))
        })
        .await
    });
    let draft = draft.await?;
    replaced::with_change(cx, draft).await
}

/// A decision on a draft by who asks. Nobody decides on what is their own: begun, changed or handed in.
async fn decided(cx: &mut Context, id: i64, draft: &Locked, note: &str) -> Result<DraftChange, Problem> {
    let Some(by) = cx.by() else {
        return Err(Problem::new(
            Code::Forbidden,
            say!("规则要由有账号的人决定", "rules are decided on by a person who has a login"),
        ));
    };
    let authors: Vec<i64> = rule_draft_author::table
        .filter(rule_draft_author::draft_id.eq(id))
        .select(rule_draft_author::user_id)
        .load(cx.db())
        .await?;
    if authors.contains(&by) || [draft.created_by, draft.submitted_by].contains(&Some(by)) {
        let message = say!(
            "这些规则是您写的、改的或提交的：请由别人决定",
            "you wrote, changed or submitted these rules: ask somebody else to decide on them"
        );
        return Err(Problem::conflict(message));
    }
    Ok(DraftChange {
        decided_by: Some(by),
        decided_at: Some(cx.now),
        decision_note: Some(note.to_owned()),
        ..DraftChange::default()
    })
}

/// Rules are tried before they count, against those that they replace: on stored reviews, as soon as there are any.
async fn require_backtest(
    connection: &mut AsyncPgConnection,
    draft: i64,
    bundle_hash: &str,
    replaces: Option<&Release>,
) -> Result<(), Problem> {
    let baseline = replaces.map(|release| release.bundle.as_str());
    let tried = rule_backtest::table
        .filter(rule_backtest::bundle_hash.eq(bundle_hash))
        .filter(rule_backtest::baseline_hash.is_not_distinct_from(baseline))
        .filter(rule_backtest::state.eq("finished"));
    let is_tried: bool = diesel::select(diesel::dsl::exists(tried)).get_result(connection).await?;
    if is_tried {
        return Ok(());
    }
    let has_reviews: bool =
        diesel::select(diesel::dsl::exists(review::table.select(review::id))).get_result(connection).await?;
    match has_reviews {
        false => Ok(()),
        true => {
            let against =
                replaces.map_or_else(|| "nothing".to_owned(), |release| format!("release {}", release.id));
            Err(Problem::conflict(say!(
                "这一套规则还没有与它要取代的 {against} 对照试算：请先试算（showfloor rules backtest --draft {draft}；HTTP 为 create_backtest），看过报告再批准",
                "this bundle was not backtested against {against}, which it replaces: try it (showfloor rules backtest \
                 --draft {draft}; over HTTP create_backtest), read the report, then approve"
            )))
        }
    }
}
