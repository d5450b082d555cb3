//! Events over HTTP.

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpResponse, Responder, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use super::decide::{self, EventDecided, EventRejection, EventVerification, EventWithdrawal};
use super::kinds::{self, About, Discipline, EventKind, EventShape, EventTally};
use super::report::{self, NewEvent};
use super::{Event, EventDocument, EventFilter};
use crate::auth::Caller;
use crate::auth::access::{Action as _, EnterFacts, Role, VerifyEvents, ViewFacts};
use crate::http::idempotency::{Answer, Key, Keyed};
use crate::http::{Body, Page, PageQuery, Paged, Problem};
use crate::ledger::catalogue::Catalogues;
use crate::period::Period;

/// A kind of event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventKindRow {
    /// Its name in this API.
    pub kind: EventKind,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its English name.
    pub en: &'static str,
    /// Which particulars it needs.
    pub detail: EventShape,
    /// The metrics that it counts for.
    pub metrics: &'static [&'static str],
    /// How the month's value follows from the events.
    pub tally: EventTally,
    /// The roles that may report it.
    pub reporters: Vec<Role>,
    /// Whom it may be about.
    pub about: About,
    /// The roles that may verify it.
    pub verifiers: Vec<Role>,
    /// Whether it needs evidence and two people to verify it.
    pub two_verifiers: Discipline,
    /// What each point of a rating stands for, beginning with 1; empty for other kinds.
    pub anchors: Vec<&'static str>,
}

/// List what can be reported, by whom, and what it counts for.
#[utoipa::path(tag = "facts", responses((status = 200, description = "The kinds of events", body = Vec<EventKindRow>)))]
#[get("/event-kinds")]
pub async fn list_event_kinds(_caller: Caller<ViewFacts>) -> Json<Vec<EventKindRow>> {
    let rows = EventKind::ALL.iter().map(|kind| {
        let rules = kind.rules();
        EventKindRow {
            kind: *kind,
            zh: kind.label(),
            en: rules.en,
            detail: rules.shape,
            metrics: rules.metrics,
            tally: rules.tally,
            reporters: kind.reporters(),
            about: rules.about,
            verifiers: VerifyEvents::ALLOWED.iter().map(|(role, _)| *role).collect(),
            two_verifiers: rules.discipline,
            anchors: if rules.shape == EventShape::Rating { kinds::ANCHORS.to_vec() } else { Vec::new() },
        }
    });
    Json(rows.collect())
}

/// Report an event. It counts once others have verified it.
///
/// Sent again by a system under the same `source_system` and `external_id`, it is the same event, unless that one was
/// rejected or withdrawn: then it is a new report. With an `Idempotency-Key` the answer is the same, too.
#[utoipa::path(tag = "facts", request_body = NewEvent,
    params(Key),
    responses(
        (status = 201, description = "Reported", body = EventDocument),
        (status = 200, description = "It had been reported before", body = EventDocument),
        (status = 409, description = "The system has sent something else under the same id"),
    ))]
#[post("/events")]
pub async fn report_event(
    caller: Caller<EnterFacts>,
    catalogues: Data<Catalogues>,
    request: Keyed<NewEvent>,
) -> Result<impl Responder, Problem> {
    let Keyed { key, body } = request;
    let cx = &mut caller.context().await?;
    let catalogue = catalogues.of(cx.db(), Period::containing(body.day)).await?;
    let answer = report::report(cx, &catalogue, body, key.as_ref()).await?;
    Ok(match answer {
        Answer::Now(reported) if reported.is_new => HttpResponse::Created()
            .insert_header(("Location", format!("/v1/events/{}", reported.event.event.id)))
            .json(reported),
        answer => answer.into_response(),
    })
}

/// List events about people whom the caller reaches, and those that the caller has reported.
#[utoipa::path(tag = "facts", params(EventFilter, PageQuery), responses(
    (status = 200, description = "A page of events", body = Page<Event>),
))]
#[get("/events")]
pub async fn list_events(
    caller: Caller<ViewFacts>,
    query: Paged<EventFilter>,
) -> Result<Json<Page<Event>>, Problem> {
    super::list(&mut caller.context().await?, &query, query.window).await.map(Json)
}

/// Read an event with its history.
#[utoipa::path(tag = "facts", responses((status = 200, description = "The event", body = EventDocument)))]
#[get("/events/{id}")]
pub async fn get_event(caller: Caller<ViewFacts>, id: Path<i64>) -> Result<Json<EventDocument>, Problem> {
    super::read(&mut caller.context().await?, *id).await.map(Json)
}

/// Verify an event that somebody else reported. Once everybody it needs has verified it, it goes into the month's
/// facts.
#[utoipa::path(tag = "facts", request_body = EventVerification, responses(
    (status = 200, description = "Verified, or verified by one of two", body = EventDecided),
    (status = 409, description = "The caller has reported or verified it or is the person that it is about, or it was decided already"),
))]
#[post("/events/{id}/verify")]
pub async fn verify_event(
    caller: Caller<VerifyEvents>,
    id: Path<i64>,
    body: Body<EventVerification>,
) -> Result<Json<EventDecided>, Problem> {
    decide::verify(&mut caller.context().await?, *id, body.0).await.map(Json)
}

/// Reject an event that somebody else reported, even one that was verified: what it added is voided.
#[utoipa::path(tag = "facts", request_body = EventRejection, responses(
    (status = 200, description = "Rejected", body = EventDecided),
    (status = 409, description = "The caller has reported it or is the person that it is about, or it was rejected or withdrawn already"),
))]
#[post("/events/{id}/reject")]
pub async fn reject_event(
    caller: Caller<VerifyEvents>,
    id: Path<i64>,
    body: Body<EventRejection>,
) -> Result<Json<EventDecided>, Problem> {
    decide::reject(&mut caller.context().await?, *id, body.0).await.map(Json)
}

/// Withdraw an event that you reported by mistake, before anybody has verified it. It stays readable and never counts.
#[utoipa::path(tag = "facts", request_body = EventWithdrawal, responses(
    (status = 200, description = "Withdrawn", body = EventDecided),
    (status = 409, description = "Somebody else has reported it, somebody has verified it, or it was decided already"),
))]
#[post("/events/{id}/withdraw")]
pub async fn withdraw_event(
    caller: Caller<EnterFacts>,
    id: Path<i64>,
    body: Body<EventWithdrawal>,
) -> Result<Json<EventDecided>, Problem> {
    decide::withdraw(&mut caller.context().await?, *id, body.0).await.map(Json)
}
