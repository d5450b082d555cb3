//! What becomes of an event that was reported: others verify or reject it, people who neither reported it nor are whom it
//! is about, and who reported it withdraws it.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::life::Actor;
use super::{Event, EventDocument, EventState, EventStep, effect, store};
use crate::auth::Context;
use crate::auth::{Identity, Scope};
use crate::db::schema::{event, event_step};
use crate::diary::authors::{self, says_something};
use crate::http::Problem;
use crate::ledger::Counts;

/// The verification of an event.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventVerification {
    /// What was looked at.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// The rejection of an event.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRejection {
    /// Why it is rejected.
    #[garde(length(chars, min = 1, max = 1000), custom(says_something))]
    #[schema(min_length = 1, max_length = 1000)]
    pub reason: String,
}

/// The withdrawal of an event by the person who reported it.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventWithdrawal {
    /// Why it is withdrawn.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
}

/// What a decision did.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EventDecided {
    /// The event as it is now.
    #[serde(flatten)]
    pub event: Event,
    /// Its history, oldest step first.
    pub steps: Vec<EventStep>,
    /// What became of the month's values; if the month is frozen, they wait as late corrections.
    pub facts: Counts,
}

/// Verifies an event. With the last of the people that it needs, it reaches the month's facts.
///
/// # Errors
///
/// Not found where the caller does not reach it; a conflict where the caller has reported or verified it or is the person
/// that it is about, or where it was verified, rejected or withdrawn already.
pub async fn verify(cx: &mut Context, id: i64, word: EventVerification) -> Result<EventDecided, Problem> {
    decide(cx, id, EventState::Verified, word.note).await
}

/// Rejects an event that was reported, or takes back one that was verified: what it gave is voided.
///
/// # Errors
///
/// Not found where the caller does not reach it; a conflict where the caller has reported it or is the person that it is
/// about, or where it was rejected or withdrawn already.
pub async fn reject(cx: &mut Context, id: i64, word: EventRejection) -> Result<EventDecided, Problem> {
    decide(cx, id, EventState::Rejected, Some(word.reason.trim().to_owned())).await
}

/// Withdraws an event that the caller has reported and nobody has verified.
///
/// # Errors
///
/// Not found where the caller does not see it; a conflict where somebody else has reported it, somebody has verified it,
/// or it was rejected or withdrawn already.
pub async fn withdraw(cx: &mut Context, id: i64, word: EventWithdrawal) -> Result<EventDecided, Problem> {
    decide(cx, id, EventState::Withdrawn, word.note).await
}

async fn decide(
    cx: &mut Context,
    id: i64,
    step: EventState,
    note: Option<String>,
) -> Result<EventDecided, Problem> {
    let by = authors::login(cx)?;
    cx.transaction(async |cx| {
        let (scope, now) = (cx.scope.clone(), cx.now);
        // Who reported an event sees it out of reach, too, to withdraw it or to be told that others decide on it.
        store::find(cx.db(), &scope, by.user_id, id).await?;
        let locked = store::lock(cx.db(), id).await?;
        let actor = Actor { user_id: by.user_id, employee_id: by.employee_id };
        let before = locked.standing.state;
        let state = locked.standing.after(step, actor).map_err(Problem::conflict)?;
        add_step(cx, &locked, step, note.as_deref(), &by).await?;
        diesel::update(event::table.find(id))
            .set((
                event::state.eq(state),
                event::verifications.eq(event::verifications + i16::from(step == EventState::Verified)),
            ))
            .execute(cx.db())
            .await?;
        let facts = match (before, state) {
            (EventState::Reported, EventState::Verified) => {
                let reason = format!("event {id} was verified");
                effect::write(cx.db(), &locked, true, reason, by.user_id, now).await?
            }
            (EventState::Verified, EventState::Rejected) => {
                let reason = format!("event {id} was rejected: {}", note.as_deref().unwrap_or_default());
                effect::write(cx.db(), &locked, false, reason, by.user_id, now).await?
            }
            _ => Counts::default(),
        };
        let EventDocument { event, steps } =
            store::document(cx.db(), &Scope::operator(), by.user_id, id).await?;
        let action = match step {
            EventState::Reported => "report_event",
            EventState::Verified => "verify_event",
            EventState::Rejected => "reject_event",
            EventState::Withdrawn => "withdraw_event",
        };
        let detail = json!({ "state": event.state, "note": note, "facts": facts });
        cx.audit(action, &format!("event/{id}"), detail).await?;
        Ok(EventDecided { event, steps, facts })
    })
    .await
}

async fn add_step(
    cx: &mut Context,
    locked: &store::LockedEvent,
    step: EventState,
    note: Option<&str>,
    by: &Identity,
) -> Result<(), Problem> {
    diesel::insert_into(event_step::table)
        .values((
            event_step::event_id.eq(locked.id),
            event_step::step.eq(step),
            event_step::user_id.eq(by.user_id),
            event_step::by_employee_id.eq(by.employee_id),
            event_step::reporter_id.eq(locked.standing.reporter),
            event_step::subject_id.eq(locked.standing.subject),
            event_step::at.eq(cx.now),
            event_step::note.eq(note),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}
