//! Verifying events and rejecting them, by people who neither reported them nor are what they are about.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::life::Actor;
use super::store::{self, Locked};
use super::{Event, EventDocument, EventState, EventStep, Viewer, effect};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::db::schema::{event, event_step};
use crate::http::Problem;
use crate::ledger::Counts;

/// Somebody's word that an event is as it was reported.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventVerification {
    /// What was looked at.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    pub note: Option<String>,
}

/// Somebody's word that an event does not count.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRejection {
    /// Why.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    pub reason: String,
}

fn says_something(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() { Err(garde::Error::new("expected a reason")) } else { Ok(()) }
}

/// What a decision did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventDecided {
    /// The event as it is now.
    #[serde(flatten)]
    pub event: Event,
    /// The steps, the first one first.
    pub steps: Vec<EventStep>,
    /// What became of the month's values; where it is frozen they wait as late corrections.
    pub facts: Counts,
}

/// Verifies an event. With the last of the people that it needs, it reaches the month's facts.
///
/// # Errors
///
/// Not found where the caller does not reach it; a conflict where the caller has reported or verified it or is the person
/// that it is about, or where it is verified or rejected already.
pub async fn verify(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
    verification: &EventVerification,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<EventDecided, Problem> {
    connection
        .transaction(async |connection| {
            let locked = store::lock(connection, scope, id).await?;
            let state = locked.standing.verify(actor(by)).map_err(Problem::conflict)?;
            let note = verification.note.as_deref();
            step(connection, &locked, EventState::Verified, note, by, now).await?;
            diesel::update(event::table.find(id))
                .set((event::state.eq(state.name()), event::verifications.eq(event::verifications + 1)))
                .execute(connection)
                .await?;
            let facts = match state {
                EventState::Verified => {
                    let reason = format!("event {id} was verified");
                    effect::write(connection, &locked, true, reason, by.user_id, now).await?
                }
                _ => Counts::default(),
            };
            decided(connection, scope, id, "verify_event", note, facts, by, now).await
        })
        .await
}

/// Rejects an event that was reported, or takes back one that was verified: what it gave is voided.
///
/// # Errors
///
/// Not found where the caller does not reach it; a conflict where the caller has reported it or is the person that it is
/// about, or where it is rejected already.
pub async fn reject(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
    rejection: &EventRejection,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<EventDecided, Problem> {
    connection
        .transaction(async |connection| {
            let locked = store::lock(connection, scope, id).await?;
            let has_counted = locked.standing.reject(actor(by)).map_err(Problem::conflict)?;
            let reason = rejection.reason.trim();
            step(connection, &locked, EventState::Rejected, Some(reason), by, now).await?;
            diesel::update(event::table.find(id))
                .set(event::state.eq(EventState::Rejected.name()))
                .execute(connection)
                .await?;
            let facts = match has_counted {
                true => {
                    let why = format!("event {id} was rejected: {reason}");
                    effect::write(connection, &locked, false, why, by.user_id, now).await?
                }
                false => Counts::default(),
            };
            decided(connection, scope, id, "reject_event", Some(reason), facts, by, now).await
        })
        .await
}

fn actor(by: &Identity) -> Actor {
    Actor { user_id: by.user_id, employee_id: by.employee_id }
}

async fn step(
    connection: &mut AsyncPgConnection,
    locked: &Locked,
    step: EventState,
    note: Option<&str>,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::insert_into(event_step::table)
        .values((
            event_step::event_id.eq(locked.id),
            event_step::step.eq(step.name()),
            event_step::user_id.eq(by.user_id),
            event_step::by_employee_id.eq(by.employee_id),
            event_step::reporter_id.eq(locked.standing.reporter),
            event_step::subject_id.eq(locked.standing.subject),
            event_step::at.eq(now),
            event_step::note.eq(note),
        ))
        .execute(connection)
        .await?;
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "what a decision was, for the audit and for the answer")]
async fn decided(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
    action: &str,
    note: Option<&str>,
    facts: Counts,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<EventDecided, Problem> {
    let viewer = Viewer { scope: scope.clone(), user_id: by.user_id };
    let EventDocument { event, steps } = store::read(connection, &viewer, id).await?;
    let detail = json!({ "state": event.state, "note": note, "facts": facts });
    audit::record(connection, now, Some(by.user_id), action, &format!("event/{id}"), detail).await?;
    Ok(EventDecided { event, steps, facts })
}
