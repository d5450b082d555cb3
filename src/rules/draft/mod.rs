//! Drafts of rules: a copy of a bundle that people change, try, hand in and have approved.

pub mod decision;
pub mod diff;
pub mod files;
pub mod http;
mod merge;
pub mod parameters;
pub mod rebase;
pub mod replaced;
mod state;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{IntoParams, ToSchema};

pub use merge::{Merged, Side, merge};
pub use state::{DraftState, DraftStep};

use super::bundle::{Bundle, Files};
use super::vanished::vanished;
use super::verdict::{self, Judged, Verdict};
use super::{bundle_store, release};
use crate::auth::Context;
use crate::auth::access::DraftRules;
use crate::db::schema::{rule_draft, rule_draft_author};
use crate::db::sql;
use crate::http::etag::Seen;
use crate::http::{Code, Page, Problem, Window};
use crate::org::owner;
use crate::period::Period;
use crate::said::say;
use crate::words::words;

/// A draft, without its files.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleDraft)]
pub struct Draft {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub state: DraftState,
    /// Where its files came from.
    #[diesel(sql_type = Text)]
    pub origin: DraftOrigin,
    /// What it changes.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// The release that it is a change of: what it replaces when it is approved. Null if there was none.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub base_release: Option<i64>,
    /// Code of the store that it belongs to, whose people change it and decide on it; null for the group's.
    #[diesel(sql_type = Nullable<Text>)]
    pub owner: Option<String>,
    /// Login of the person who began it; null when it was taken from the rules folder.
    #[diesel(sql_type = Nullable<Text>)]
    pub created_by: Option<String>,
    /// When it was begun.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[diesel(sql_type = Timestamptz)]
    pub changed_at: DateTime<Utc>,
    /// Logins of everybody who has changed it. None of them may approve it.
    #[diesel(sql_type = Array<Text>)]
    pub authors: Vec<String>,
    /// Hash of the bundle that was submitted.
    #[diesel(sql_type = Nullable<Text>)]
    pub bundle: Option<String>,
    /// The first month it is meant to score.
    #[diesel(sql_type = Nullable<Date>)]
    #[schema(value_type = Option<String>, example = "2014-06")]
    pub effective_from: Option<Period>,
    /// The release for a later month that takes over from it, as its submitter knows; null if there is none.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub yields_to: Option<i64>,
    /// When the people concerned were consulted.
    #[diesel(sql_type = Nullable<Date>)]
    pub consulted_on: Option<NaiveDate>,
    /// Login of the person who submitted it.
    #[diesel(sql_type = Nullable<Text>)]
    pub submitted_by: Option<String>,
    /// When it was submitted.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub submitted_at: Option<DateTime<Utc>>,
    /// Login of the person who approved or rejected it.
    #[diesel(sql_type = Nullable<Text>)]
    pub decided_by: Option<String>,
    /// When it was approved or rejected.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub decided_at: Option<DateTime<Utc>>,
    /// The note that came with the decision.
    #[diesel(sql_type = Nullable<Text>)]
    pub decision_note: Option<String>,
    /// The release it was published as.
    #[diesel(sql_type = Nullable<BigInt>)]
    pub release: Option<i64>,
    /// Goes up with every change; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

words! {
    /// Where a draft's files came from.
    #[schema(as = RuleDraftOrigin)]
    pub enum DraftOrigin in "rule_draft.origin" {
        /// A copy of a release.
        Release = "release" "发布版本",
        /// The rules folder changed.
        Folder = "folder" "规则文件夹",
        /// Files sent with the request: exported elsewhere, or taken from another folder.
        Import = "import" "导入",
    }
}

/// Which drafts to list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DraftFilter {
    /// Only drafts in this state.
    pub state: Option<DraftState>,
}

/// A page of drafts, by id.
pub async fn list(cx: &mut Context, filter: &DraftFilter, window: Window) -> Result<Page<Draft>, Problem> {
    Ok(window.page(load(cx, None, filter.state, window).await?, |draft| draft.id))
}

/// One draft.
pub async fn find(cx: &mut Context, id: i64) -> Result<Draft, Problem> {
    let found = load(cx, Some(id), None, Window::ONE).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("draft"))
}

async fn load(
    cx: &mut Context,
    id: Option<i64>,
    state: Option<DraftState>,
    window: Window,
) -> Result<Vec<Draft>, Problem> {
    let drafts = sql(
        "SELECT d.id, d.state, d.origin, d.note, d.base_release_id AS base_release, owner.code AS owner, creator.login AS created_by,
                d.created_at, d.changed_at, d.bundle_hash AS bundle, d.effective_from, d.consulted_on,
                d.yields_to_release_id AS yields_to,
                submitter.login AS submitted_by, d.submitted_at, decider.login AS decided_by, d.decided_at,
                d.decision_note, d.release_id AS release, d.version,
                ARRAY(SELECT u.login FROM rule_draft_author a JOIN user_account u ON u.id = a.user_id
                      WHERE a.draft_id = d.id ORDER BY u.login) AS authors
         FROM rule_draft d LEFT JOIN org_unit owner ON owner.id = d.owner_store_id
         LEFT JOIN user_account creator ON creator.id = d.created_by
         LEFT JOIN user_account submitter ON submitter.id = d.submitted_by
         LEFT JOIN user_account decider ON decider.id = d.decided_by
         WHERE d.id > $1 AND ($2 IS NULL OR d.id = $2) AND ($3 IS NULL OR d.state = $3) ORDER BY d.id LIMIT $4",
    )
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Text>, _>(state)
    .bind::<BigInt, _>(window.rows())
    .load(cx.db())
    .await?;
    Ok(drafts)
}

/// A draft with its files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleDraftWithFiles)]
pub struct DraftWithFiles {
    /// The draft.
    #[serde(flatten)]
    pub draft: Draft,
    /// Its files with their sizes in bytes.
    pub files: BTreeMap<String, usize>,
}

/// One draft with its files, as they are at one moment.
async fn read(cx: &mut Context, id: i64) -> Result<(Draft, Files), Problem> {
    cx.snapshot(async |cx| Ok((find(cx, id).await?, files::all(cx.db(), id).await?))).await
}

/// One draft with the sizes of its files.
pub async fn with_files(cx: &mut Context, id: i64) -> Result<DraftWithFiles, Problem> {
    let (draft, files) = read(cx, id).await?;
    Ok(DraftWithFiles { draft, files: super::bundle::sizes(&files) })
}

/// A draft that is about to be judged: it has been read, so that no connection is held while it is.
#[derive(Debug)]
pub struct ToJudge {
    /// The draft.
    pub draft: Draft,
    files: Files,
    /// The rules that it is a change of.
    before: Files,
}

/// Reads what it takes to judge a draft.
pub async fn to_judge(cx: &mut Context, id: i64) -> Result<ToJudge, Problem> {
    let (draft, files) = read(cx, id).await?;
    let before = rebase::files_of(cx.db(), draft.base_release).await?;
    Ok(ToJudge { draft, files, before })
}

impl ToJudge {
    /// What can be said of the draft's files, and their bundle where it can be used.
    pub async fn judged(self) -> Result<(Draft, Option<Arc<Bundle>>, Verdict), Problem> {
        let Judged { bundle, mut verdict } = verdict::judged(self.files).await?;
        if let Some(bundle) = &bundle {
            verdict.findings.extend(vanished(&self.before, bundle));
        }
        Ok((self.draft, bundle, verdict))
    }
}

/// The drafts that wait for a decision.
pub async fn submitted(connection: &mut AsyncPgConnection) -> Result<Vec<i64>, Problem> {
    Ok(rule_draft::table
        .filter(rule_draft::state.eq(DraftState::Submitted))
        .order(rule_draft::id)
        .select(rule_draft::id)
        .load(connection)
        .await?)
}

/// Begins a draft with some files, as a change of a release: by default of the one that they are closest to.
pub async fn create(
    cx: &mut Context,
    files: &Files,
    origin: DraftOrigin,
    note: &str,
    base_release: Option<i64>,
) -> Result<Draft, Problem> {
    files::check_all(files)?;
    let base_release = match base_release {
        None => rebase::closest(cx.db(), files).await?,
        known => known,
    };
    let (now, by) = (cx.now, cx.by());
    cx.transaction(async |cx| {
        let owner = owner::of_maker::<DraftRules>(cx).await?;
        let id: i64 = diesel::insert_into(rule_draft::table)
            .values((
                rule_draft::state.eq(DraftState::Draft),
                rule_draft::origin.eq(origin),
                rule_draft::note.eq(note),
                rule_draft::base_release_id.eq(base_release),
                rule_draft::created_by.eq(by),
                rule_draft::owner_store_id.eq(owner),
                rule_draft::created_at.eq(now),
                rule_draft::changed_at.eq(now),
            ))
            .returning(rule_draft::id)
            .get_result(cx.db())
            .await?;
        files::replace_all(cx.db(), id, files).await?;
        note_author(cx, id).await?;
        let detail = json!({ "origin": origin, "base_release": base_release, "files": files.len() });
        cx.audit("create_rule_draft", &subject(id), detail).await?;
        find(cx, id).await
    })
    .await
}

/// Begins a draft as a copy of a release, by default of the one published last. An older one takes its rules back: that
/// is a change of the last one, too.
pub async fn copy(cx: &mut Context, release: Option<i64>, note: &str) -> Result<Draft, Problem> {
    let copied = match release {
        Some(id) => Some(release::find(cx.db(), id).await?),
        None => None,
    };
    let latest = release::latest(cx.db()).await?.ok_or_else(|| {
        Problem::conflict(say!(
            "还没有发布版本可以开始：请直接发送文件",
            "nothing has been released yet to start from: send the files instead"
        ))
    })?;
    let copied = copied.as_ref().unwrap_or(&latest);
    let files = bundle_store::bundle_files(cx.db(), &copied.bundle).await?;
    create(cx, &files, DraftOrigin::Release, note, Some(latest.id)).await
}

/// A draft that is being changed or decided on, held until the transaction ends.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = rule_draft)]
struct Locked {
    state: DraftState,
    created_by: Option<i64>,
    owner_store_id: Option<i64>,
    note: String,
    base_release_id: Option<i64>,
    yields_to_release_id: Option<i64>,
    bundle_hash: Option<String>,
    effective_from: Option<Period>,
    consulted_on: Option<NaiveDate>,
    submitted_by: Option<i64>,
    version: i32,
}

/// What a step leaves in a draft's row besides its state; what is none stays as it is.
#[derive(Debug, Default, AsChangeset)]
#[diesel(table_name = rule_draft)]
struct DraftChange {
    note: Option<String>,
    base_release_id: Option<i64>,
    yields_to_release_id: Option<Option<i64>>,
    folder_hash: Option<String>,
    bundle_hash: Option<String>,
    effective_from: Option<Period>,
    consulted_on: Option<NaiveDate>,
    submitted_by: Option<i64>,
    submitted_at: Option<DateTime<Utc>>,
    decided_by: Option<i64>,
    decided_at: Option<DateTime<Utc>>,
    decision_note: Option<String>,
    release_id: Option<i64>,
}

impl Locked {
    /// Refuses whoever is neither of the store that the draft belongs to, nor began it.
    async fn require_own(&self, cx: &mut Context) -> Result<(), Problem> {
        let is_begun_by_caller = self.created_by.is_some() && self.created_by == cx.by();
        if is_begun_by_caller || owner::is_kept(cx, self.owner_store_id).await? {
            return Ok(());
        }
        let detail = match self.owner_store_id {
            None => say!(
                "这是集团的草稿，由集团修改和决定",
                "it is a draft of the group, which changes it and decides on it"
            ),
            Some(_) => say!(
                "这是另一家门店的草稿，由那家店的人修改和决定",
                "it is a draft of another store, whose people change it and decide on it"
            ),
        };
        Err(Problem::new(Code::Forbidden, detail))
    }
}

/// Takes a step with a draft that is still as the caller has seen it, in one transaction, if it is the caller's to take:
/// `work` does what goes with it, and says what that leaves in the row and in the trail, where it is called `action`. Who changes a draft or hands it
/// in is one of its authors from then on.
async fn change_draft(
    cx: &mut Context,
    id: i64,
    seen: Seen,
    (step, action): (DraftStep, &str),
    work: impl AsyncFnOnce(&mut Context, Locked) -> Result<(DraftChange, Value), Problem>,
) -> Result<Draft, Problem> {
    cx.transaction(async |cx| {
        let draft: Option<Locked> = rule_draft::table
            .find(id)
            .select(Locked::as_select())
            .for_update()
            .first(cx.db())
            .await
            .optional()?;
        let draft = draft.ok_or_else(|| Problem::not_found("draft"))?;
        draft.require_own(cx).await?;
        seen.check(draft.version)?;
        let (state, version) = (draft.state.after(step)?, draft.version + 1);
        let (change, detail) = work(cx, draft).await?;
        let changed_at = (step == DraftStep::Change).then_some(cx.now);
        diesel::update(rule_draft::table.find(id))
            .set((
                rule_draft::state.eq(state),
                rule_draft::version.eq(version),
                changed_at.map(|now| rule_draft::changed_at.eq(now)),
                change,
            ))
            .execute(cx.db())
            .await?;
        if matches!(step, DraftStep::Change | DraftStep::Submit) {
            note_author(cx, id).await?;
        }
        cx.audit(action, &subject(id), detail).await?;
        find(cx, id).await
    })
    .await
}

/// Gives a draft up. It stays readable.
pub async fn discard(cx: &mut Context, id: i64, seen: Seen) -> Result<Draft, Problem> {
    let step = (DraftStep::Discard, "discard_rule_draft");
    change_draft(cx, id, seen, step, async |_, _| Ok((DraftChange::default(), json!({})))).await
}

/// Takes a draft back before it is decided on, to go on writing.
pub async fn withdraw(cx: &mut Context, id: i64, seen: Seen) -> Result<Draft, Problem> {
    let step = (DraftStep::Withdraw, "withdraw_rule_draft");
    change_draft(cx, id, seen, step, async |_, _| Ok((DraftChange::default(), json!({})))).await
}

/// Who asks is an author of the draft from now on.
async fn note_author(cx: &mut Context, id: i64) -> Result<(), Problem> {
    if let Some(user_id) = cx.by() {
        diesel::insert_into(rule_draft_author::table)
            .values((rule_draft_author::draft_id.eq(id), rule_draft_author::user_id.eq(user_id)))
            .on_conflict_do_nothing()
            .execute(cx.db())
            .await?;
    }
    Ok(())
}

/// How a draft is called in the audit trail.
fn subject(id: i64) -> String {
    format!("rule_draft/{id}")
}
