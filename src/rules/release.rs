//! Releases: published rules, each in force from a month on. A release never changes; rules are taken back by releasing
//! an older bundle again.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{bundle, bundle_store};
use crate::clock;
use crate::db::schema::rule_release;
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::period::Period;
use crate::said::say;

/// Published rules.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct Release {
    /// Its id. Later releases have higher ids.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Hash of its bundle.
    #[diesel(sql_type = Text)]
    pub bundle: String,
    /// The first month it scores. It stays in force until a release for a later month, or a later release for the same
    /// month, takes over. Null for an automatic release, which applies to every month not frozen when it was published.
    #[diesel(sql_type = Nullable<Date>)]
    #[schema(value_type = Option<String>, example = "2014-01")]
    pub effective_from: Option<Period>,
    /// When the people concerned were consulted; null for an automatic release.
    #[diesel(sql_type = Nullable<Date>)]
    pub consulted_on: Option<NaiveDate>,
    /// When it was published.
    #[diesel(sql_type = Timestamptz)]
    pub published_at: DateTime<Utc>,
    /// What it changes.
    #[diesel(sql_type = Text)]
    pub note: String,
    /// Login of the person who submitted it; null for the operator.
    #[diesel(sql_type = Nullable<Text>)]
    pub author: Option<String>,
    /// Login of the person who approved it; null for an automatic release.
    #[diesel(sql_type = Nullable<Text>)]
    pub approver: Option<String>,
    /// The approver's note.
    #[diesel(sql_type = Text)]
    pub approval_note: String,
    /// Whether it was released straight from the rules folder, without approval.
    #[diesel(sql_type = Bool)]
    pub is_automatic: bool,
}

macro_rules! releases {
    ($rest:literal) => {
        releases!("", $rest)
    };
    ($more:literal, $rest:literal) => {
        sql(concat!(
            "SELECT r.id, r.bundle_hash AS bundle, r.effective_from, r.consulted_on, r.published_at, r.note,
                    author.login AS author, approver.login AS approver, r.approval_note, r.is_automatic",
            $more,
            " FROM rule_release r LEFT JOIN user_account author ON author.id = r.author_id
             LEFT JOIN user_account approver ON approver.id = r.approver_id ",
            $rest
        ))
    };
}

/// The release that scores `period`, of a store whose month was frozen at `frozen_at` if it was: of the approved ones that of
/// the latest month up to it, and of these the one published last; or the automatic one published last, where that was later.
/// What is published after a month was frozen does not reach it.
pub async fn in_force(
    connection: &mut AsyncPgConnection,
    period: Period,
    frozen_at: Option<DateTime<Utc>>,
) -> Result<Option<Release>, Problem> {
    let found = releases!("WHERE r.id = release_in_force($1, $2)")
        .bind::<Date, _>(period)
        .bind::<Nullable<Timestamptz>, _>(frozen_at)
        .get_result(connection)
        .await;
    Ok(found.optional()?)
}

/// A page of releases, by id.
pub async fn list(connection: &mut AsyncPgConnection, window: Window) -> Result<Page<Release>, Problem> {
    let releases = releases!("WHERE r.id > $1 ORDER BY r.id LIMIT $2")
        .bind::<BigInt, _>(window.after)
        .bind::<BigInt, _>(window.rows())
        .load(connection)
        .await?;
    Ok(window.page(releases, |release: &Release| release.id))
}

/// One release.
pub async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<Release, Problem> {
    let found = releases!("WHERE r.id = $1").bind::<BigInt, _>(id).get_result(connection).await;
    found.optional()?.ok_or_else(|| Problem::not_found("release"))
}

/// The release published last.
pub async fn latest(connection: &mut AsyncPgConnection) -> Result<Option<Release>, Problem> {
    Ok(releases!("ORDER BY r.id DESC LIMIT 1").get_result(connection).await.optional()?)
}

/// A release with its files.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReleaseWithFiles {
    /// The release.
    #[serde(flatten)]
    pub release: Release,
    /// Its files with their sizes in bytes.
    pub files: BTreeMap<String, usize>,
}

/// One release with the sizes of its files.
pub async fn with_files(connection: &mut AsyncPgConnection, id: i64) -> Result<ReleaseWithFiles, Problem> {
    let release = find(connection, id).await?;
    let files = bundle::sizes(&bundle_store::bundle_files(connection, &release.bundle).await?);
    Ok(ReleaseWithFiles { release, files })
}

/// The content of a file of a release.
pub async fn file(connection: &mut AsyncPgConnection, id: i64, path: &str) -> Result<Vec<u8>, Problem> {
    let release = find(connection, id).await?;
    let mut files = bundle_store::bundle_files(connection, &release.bundle).await?;
    files.remove(path).ok_or_else(|| Problem::not_found("file"))
}

/// A release to be published.
#[derive(Debug, Insertable)]
#[diesel(table_name = rule_release)]
pub struct NewRelease {
    /// Hash of its stored bundle.
    pub bundle_hash: String,
    /// The first month it scores; none for an automatic one.
    pub effective_from: Option<Period>,
    /// When the people concerned were consulted.
    pub consulted_on: Option<NaiveDate>,
    /// When it is published.
    pub published_at: DateTime<Utc>,
    /// What it changes.
    pub note: String,
    /// Who handed it in.
    pub author_id: Option<i64>,
    /// Who approved it.
    pub approver_id: Option<i64>,
    /// What the approver said.
    pub approval_note: String,
    /// Whether nobody had to approve it.
    pub is_automatic: bool,
}

/// Publishes a release and gives its id.
pub async fn publish(connection: &mut AsyncPgConnection, new: NewRelease) -> Result<i64, Problem> {
    Ok(diesel::insert_into(rule_release::table)
        .values(new)
        .returning(rule_release::id)
        .get_result(connection)
        .await?)
}

/// Holds back everybody else who publishes, until the transaction ends: what was compared with the releases there are
/// is still true when the next one is added.
pub async fn lock(connection: &mut AsyncPgConnection) -> Result<(), Problem> {
    sql("SELECT pg_advisory_xact_lock(hashtext('rule_release'))").execute(connection).await?;
    Ok(())
}

/// Refuses a month that has begun by `now`, unless nothing has been released yet: the very first release may name any.
pub async fn require_open(
    connection: &mut AsyncPgConnection,
    effective_from: Period,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let today = clock::day(now);
    let month = Period::containing(today);
    if effective_from > month || latest(connection).await?.is_none() {
        return Ok(());
    }
    let next = Period::containing(month.end());
    let message = say!(
        "到 {today}，{effective_from} 已经开始，而规则不在月中改变：最早从 {next} 起",
        "{effective_from} has begun by {today}, and rules never change under a month: the earliest is {next}"
    );
    Err(Problem::field("effective_from", message))
}

/// A release that never counted, or does not count any more, because another one was published for the same month, or by
/// itself before that month began.
#[derive(Clone, Debug, QueryableByName, Serialize, ToSchema)]
pub struct SupersededRelease {
    /// The release.
    #[serde(flatten)]
    #[diesel(embed)]
    pub release: Release,
    /// The release that counts instead.
    #[diesel(sql_type = BigInt)]
    pub superseded_by: i64,
}

/// The releases in whose month another one counts, by id.
pub async fn superseded(connection: &mut AsyncPgConnection) -> Result<Vec<SupersededRelease>, Problem> {
    let superseded = releases!(
        ", later.id AS superseded_by",
        "JOIN LATERAL (SELECT superseding_release(r) AS id) later ON later.id IS NOT NULL ORDER BY r.id"
    );
    Ok(superseded.load(connection).await?)
}

/// The releases that will score months after `period`, the next one first; those in whose month another one counts are
/// left out.
pub async fn upcoming(connection: &mut AsyncPgConnection, period: Period) -> Result<Vec<Release>, Problem> {
    let upcoming =
        releases!("WHERE r.id IN (SELECT u.id FROM upcoming_releases($1) u) ORDER BY r.effective_from");
    Ok(upcoming.bind::<Date, _>(period).load(connection).await?)
}
