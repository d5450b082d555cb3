//! Drafts of rules: a copy of a bundle that people change, try, hand in and have approved.

pub mod decision;
pub mod diff;
pub mod files;
pub mod http;
pub mod parameters;
mod state;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub use state::{DraftState, DraftStep};

use super::bundle::Files;
use super::{bundle_store, release};
use crate::auth::audit;
use crate::db::schema::{rule_draft, rule_draft_author};
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::period::Period;

/// A draft, without its files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = RuleDraft)]
pub struct Draft {
    /// Its id.
    pub id: i64,
    /// How far it has come.
    pub state: DraftState,
    /// Where its files came from.
    pub origin: DraftOrigin,
    /// What it changes.
    pub note: String,
    /// The release it began from.
    pub base_release: Option<i64>,
    /// Login of the person who began it; null when it was taken from the rules folder.
    pub created_by: Option<String>,
    /// When it was begun.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub changed_at: DateTime<Utc>,
    /// Logins of everybody who has changed it. None of them may approve it.
    pub authors: Vec<String>,
    /// Hash of the bundle that was submitted.
    pub bundle: Option<String>,
    /// The first month it is meant to score.
    #[schema(value_type = Option<String>, example = "2014-06")]
    pub effective_from: Option<Period>,
    /// When the people concerned were consulted.
    pub consulted_on: Option<NaiveDate>,
    /// Login of the person who submitted it.
    pub submitted_by: Option<String>,
    /// When it was submitted.
    pub submitted_at: Option<DateTime<Utc>>,
    /// Login of the person who approved or rejected it.
    pub decided_by: Option<String>,
    /// When it was approved or rejected.
    pub decided_at: Option<DateTime<Utc>>,
    /// The note that came with the decision.
    pub decision_note: Option<String>,
    /// The release it was published as.
    pub release: Option<i64>,
    /// Goes up with every change; also the ETag.
    pub version: i32,
}

/// Where a draft's files came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RuleDraftOrigin)]
pub enum DraftOrigin {
    /// A copy of a release.
    Release,
    /// The rules folder changed.
    Folder,
    /// Files that were sent in: exported elsewhere, or taken from another folder.
    Import,
}

impl DraftOrigin {
    /// The word for it in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Folder => "folder",
            Self::Import => "import",
        }
    }
}

#[derive(QueryableByName)]
struct DraftRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = Text)]
    origin: String,
    #[diesel(sql_type = Text)]
    note: String,
    #[diesel(sql_type = Nullable<BigInt>)]
    base_release_id: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    created_by: Option<String>,
    #[diesel(sql_type = Timestamptz)]
    created_at: DateTime<Utc>,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
    #[diesel(sql_type = Array<Text>)]
    authors: Vec<String>,
    #[diesel(sql_type = Nullable<Text>)]
    bundle_hash: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    effective_from: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    consulted_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    submitted_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    submitted_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    decided_by: Option<String>,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    decided_at: Option<DateTime<Utc>>,
    #[diesel(sql_type = Nullable<Text>)]
    decision_note: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    release_id: Option<i64>,
    #[diesel(sql_type = Integer)]
    version: i32,
}

impl From<DraftRow> for Draft {
    fn from(row: DraftRow) -> Self {
        Self {
            id: row.id,
            // The table allows no other words.
            state: DraftState::named(&row.state).unwrap_or(DraftState::Discarded),
            origin: match row.origin.as_str() {
                "release" => DraftOrigin::Release,
                "folder" => DraftOrigin::Folder,
                _ => DraftOrigin::Import,
            },
            note: row.note,
            base_release: row.base_release_id,
            created_by: row.created_by,
            created_at: row.created_at,
            changed_at: row.changed_at,
            authors: row.authors,
            bundle: row.bundle_hash,
            effective_from: row.effective_from.map(Period::containing),
            consulted_on: row.consulted_on,
            submitted_by: row.submitted_by,
            submitted_at: row.submitted_at,
            decided_by: row.decided_by,
            decided_at: row.decided_at,
            decision_note: row.decision_note,
            release: row.release_id,
            version: row.version,
        }
    }
}

/// Drafts behind `after`, by id; only those in a state if one is named.
pub async fn list(
    connection: &mut AsyncPgConnection,
    id: Option<i64>,
    state: Option<DraftState>,
    after: i64,
    limit: i64,
) -> Result<Vec<Draft>, Problem> {
    let rows: Vec<DraftRow> = diesel::sql_query(
        "SELECT d.id, d.state, d.origin, d.note, d.base_release_id, creator.login AS created_by, d.created_at, \
                d.changed_at, d.bundle_hash, d.effective_from, d.consulted_on, submitter.login AS submitted_by, \
                d.submitted_at, decider.login AS decided_by, d.decided_at, d.decision_note, d.release_id, d.version, \
                ARRAY(SELECT u.login FROM rule_draft_author a JOIN user_account u ON u.id = a.user_id \
                      WHERE a.draft_id = d.id ORDER BY u.login) AS authors \
         FROM rule_draft d LEFT JOIN user_account creator ON creator.id = d.created_by \
         LEFT JOIN user_account submitter ON submitter.id = d.submitted_by \
         LEFT JOIN user_account decider ON decider.id = d.decided_by \
         WHERE d.id > $1 AND ($2 IS NULL OR d.id = $2) AND ($3 IS NULL OR d.state = $3) ORDER BY d.id LIMIT $4",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Text>, _>(state.map(DraftState::name))
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(Draft::from).collect())
}

/// One draft.
pub async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<Draft, Problem> {
    let found = list(connection, Some(id), None, 0, 1).await?.into_iter().next();
    found.ok_or_else(|| Problem::not_found("draft"))
}

/// The drafts that wait for a decision.
pub async fn submitted(connection: &mut AsyncPgConnection) -> Result<Vec<i64>, Problem> {
    Ok(rule_draft::table
        .filter(rule_draft::state.eq(DraftState::Submitted.name()))
        .order(rule_draft::id)
        .select(rule_draft::id)
        .load(connection)
        .await?)
}

/// Begins a draft with some files. `by` is who does it; none is the operator.
pub async fn create(
    connection: &mut AsyncPgConnection,
    files: &Files,
    origin: DraftOrigin,
    note: &str,
    base_release: Option<i64>,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    files::check_all(files)?;
    let id = connection
        .transaction(async |connection| {
            let id: i64 = diesel::insert_into(rule_draft::table)
                .values((
                    rule_draft::state.eq(DraftState::Draft.name()),
                    rule_draft::origin.eq(origin.name()),
                    rule_draft::note.eq(note),
                    rule_draft::base_release_id.eq(base_release),
                    rule_draft::created_by.eq(by),
                    rule_draft::created_at.eq(now),
                    rule_draft::changed_at.eq(now),
                ))
                .returning(rule_draft::id)
                .get_result(connection)
                .await?;
            files::replace_all(connection, id, files).await?;
            note_author(connection, id, by).await?;
            let detail = json!({ "origin": origin, "base_release": base_release, "files": files.len() });
            audit::record(connection, now, by, "create_rule_draft", &subject(id), detail).await?;
            Ok::<_, Problem>(id)
        })
        .await?;
    find(connection, id).await
}

/// Begins a draft as a copy of a release; an older one takes its rules back.
pub async fn copy_release(
    connection: &mut AsyncPgConnection,
    release_id: i64,
    note: &str,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    let release = release::find(connection, release_id).await?;
    let files = bundle_store::bundle_files(connection, &release.bundle).await?;
    create(connection, &files, DraftOrigin::Release, note, Some(release_id), by, now).await
}

/// Begins a draft as a copy of the release published last.
pub async fn copy_latest(
    connection: &mut AsyncPgConnection,
    note: &str,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    match release::latest(connection).await? {
        Some(latest) => copy_release(connection, latest.id, note, by, now).await,
        None => Err(Problem::conflict("nothing has been released yet to start from: send the files instead")),
    }
}

/// A draft that is being changed or decided on, held until the transaction ends.
#[derive(Debug, Queryable, Selectable)]
#[diesel(table_name = rule_draft)]
struct Locked {
    state: String,
    created_by: Option<i64>,
    note: String,
    bundle_hash: Option<String>,
    effective_from: Option<NaiveDate>,
    consulted_on: Option<NaiveDate>,
    submitted_by: Option<i64>,
    version: i32,
}

impl Locked {
    /// The state after `step`, or a conflict where it cannot be taken.
    fn after(&self, step: DraftStep) -> Result<DraftState, Problem> {
        DraftState::named(&self.state).unwrap_or(DraftState::Discarded).after(step)
    }
}

async fn lock(connection: &mut AsyncPgConnection, id: i64, seen: Seen) -> Result<Locked, Problem> {
    let found: Option<Locked> = rule_draft::table
        .find(id)
        .select(Locked::as_select())
        .for_update()
        .first(connection)
        .await
        .optional()?;
    let draft = found.ok_or_else(|| Problem::not_found("draft"))?;
    seen.check(draft.version)?;
    Ok(draft)
}

/// Takes a draft to be changed in this transaction: it is a draft again, one version on, and `by` one of its authors.
async fn take(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let draft = lock(connection, id, seen).await?;
    let state = draft.after(DraftStep::Change)?;
    diesel::update(rule_draft::table.find(id))
        .set((
            rule_draft::state.eq(state.name()),
            rule_draft::changed_at.eq(now),
            rule_draft::version.eq(draft.version + 1),
        ))
        .execute(connection)
        .await?;
    note_author(connection, id, by).await
}

/// Gives a draft up. It stays readable.
pub async fn discard(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    step(connection, id, DraftStep::Discard, "discard_rule_draft", by, seen, now).await
}

/// Takes a draft back before it is decided on, to go on writing.
pub async fn withdraw(
    connection: &mut AsyncPgConnection,
    id: i64,
    by: i64,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<Draft, Problem> {
    step(connection, id, DraftStep::Withdraw, "withdraw_rule_draft", Some(by), seen, now).await?;
    find(connection, id).await
}

/// A step that changes nothing but the state.
async fn step(
    connection: &mut AsyncPgConnection,
    id: i64,
    step: DraftStep,
    action: &str,
    by: Option<i64>,
    seen: Seen,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    connection
        .transaction(async |connection| {
            let draft = lock(connection, id, seen).await?;
            let state = draft.after(step)?;
            diesel::update(rule_draft::table.find(id))
                .set((rule_draft::state.eq(state.name()), rule_draft::version.eq(draft.version + 1)))
                .execute(connection)
                .await?;
            audit::record(connection, now, by, action, &subject(id), json!({})).await
        })
        .await
}

async fn note_author(connection: &mut AsyncPgConnection, id: i64, by: Option<i64>) -> Result<(), Problem> {
    if let Some(user_id) = by {
        diesel::insert_into(rule_draft_author::table)
            .values((rule_draft_author::draft_id.eq(id), rule_draft_author::user_id.eq(user_id)))
            .on_conflict_do_nothing()
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// How a draft is called in the audit trail.
fn subject(id: i64) -> String {
    format!("rule_draft/{id}")
}
