//! The demonstration's year as the store lived it: January to October locked, November published, December with the team
//! leaders. Everything is done by the functions behind the API, by the logins whose it is, at the moments of 2014.

mod deeds;
mod routine;
mod scene;
mod story;

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;

pub use self::routine::scenes;
pub use self::scene::Scene;
use super::YEAR;
use crate::auth::{AccessLog, Identity};
use crate::clock;
use crate::db::Pool;
use crate::db::schema::{audit_entry, user_account};
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::rules::folder::RulesFolder;
use crate::rules::library::Library;
use crate::said::say;

/// What the year is played on.
pub struct Stage<'a> {
    /// The database with the demonstration.
    pub pool: &'a Pool,
    /// The rules folder.
    pub folder: &'a RulesFolder,
    /// Rules that were loaded.
    pub library: &'a Library,
    /// The metrics that facts are named by.
    pub catalogue: &'a Catalogue,
}

/// The moment from which the dealership uses the program: its people and its plan are entered.
pub fn founding() -> DateTime<Utc> {
    moment(Period::new(YEAR - 1, 12).map(Period::first_day))
}

/// When a month's facts are all delivered: on its last day.
pub fn delivered(period: Period) -> DateTime<Utc> {
    moment(Some(period.last_day()))
}

fn moment(day: Option<NaiveDate>) -> DateTime<Utc> {
    // The working day is over by then.
    let evening = chrono::NaiveTime::from_hms_opt(20, 0, 0).unwrap_or_default();
    day.and_then(|day| clock::at(day, evening)).unwrap_or_default()
}

/// Plays what is left of the year. `step` is called after each scene, those included that were played before. Whatever was
/// done stands in the audit trail at its moment, in the transaction that did it: so a year that was killed goes on where it
/// ended, and one that is over stays as it is.
///
/// # Errors
///
/// A conflict where another version of the program has begun the year; whatever keeps a scene from being played.
pub async fn play(stage: &Stage<'_>, scenes: &[Scene], step: impl Fn()) -> Result<(), Problem> {
    let played = played(stage, scenes).await?;
    let log = AccessLog::open(stage.pool);
    let mut identities = HashMap::new();
    for scene in scenes {
        if played.is_none_or(|until| until < scene.at) {
            let who = match identities.get(scene.login) {
                Some(identity) => Identity::clone(identity),
                None => {
                    let identity = identity(stage, scene.login).await?;
                    identities.insert(scene.login, identity.clone());
                    identity
                }
            };
            Box::pin(deeds::play(stage, &log, who, scene)).await.map_err(|problem| {
                let scene = say!("{} 由 {} 于 {}", "{} by {} at {}", scene.period, scene.login, scene.at);
                Problem { detail: problem.detail.about(&scene), ..problem }
            })?;
        }
        step();
    }
    Ok(())
}

/// The moment up to which the year was played; none where it has not begun.
async fn played(stage: &Stage<'_>, scenes: &[Scene]) -> Result<Option<DateTime<Utc>>, Problem> {
    let (Some(first), Some(last)) = (scenes.first(), scenes.last()) else { return Ok(None) };
    let mut connection = stage.pool.get().await?;
    let trail = audit_entry::table.filter(audit_entry::at.between(first.at, last.at));
    let (begun, until): (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = trail
        .select((diesel::dsl::min(audit_entry::at), diesel::dsl::max(audit_entry::at)))
        .first(&mut connection)
        .await?;
    if begun.is_some_and(|begun| begun != first.at) {
        let detail = say!(
            "这份演示是由程序的另一版本开始的：请删除它的数据文件夹再重新开始",
            "another version of the program has begun this demonstration: delete its data folder to begin anew"
        );
        return Err(Problem::conflict(detail));
    }
    Ok(until)
}

async fn identity(stage: &Stage<'_>, login: &str) -> Result<Identity, Problem> {
    let (user_id, account_version, roles, employee_id, unit_id) = user_account::table
        .filter(user_account::login.eq(login))
        .select((
            user_account::id,
            user_account::version,
            user_account::roles,
            user_account::employee_id,
            user_account::unit_id,
        ))
        .first(&mut *stage.pool.get().await?)
        .await?;
    Ok(Identity { user_id, account_version, roles, employee_id, unit_id })
}
