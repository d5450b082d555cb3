//! Events over HTTP.

use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpResponse, Responder, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::decide::{self, EventDecided, EventRejection, EventVerification};
use super::kinds::{self, About, Discipline, EventKind, EventShape, EventTally};
use super::report::{self, NewEvent};
use super::totals::{self, PersonTotals};
use super::{Event, EventDocument, EventFilter, EventState, Viewer};
use crate::auth::Caller;
use crate::auth::access::{Action as _, EnterFacts, Role, VerifyEvents, ViewFacts};
use crate::clock::Clock;
use crate::db::Pool;
use crate::http::idempotency::{Answer, Keyed};
use crate::http::page::{self, Page};
use crate::http::problem::ProblemBody;
use crate::http::{Body, Problem};
use crate::ledger::metric::CatalogueFile;
use crate::period::Period;

/// A kind of event.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventKindRow {
    /// Its word.
    pub kind: EventKind,
    /// Chinese label.
    pub zh: &'static str,
    /// English label.
    pub en: &'static str,
    /// What has to be said of it.
    pub detail: EventShape,
    /// The metrics that it gives.
    pub metrics: &'static [&'static str],
    /// How the month's value follows.
    pub tally: EventTally,
    /// The roles that report it.
    pub reporters: Vec<Role>,
    /// Of whom.
    pub about: About,
    /// The roles that verify it.
    pub verifiers: Vec<Role>,
    /// Whether it needs evidence and two people who verify it.
    pub two_verifiers: Discipline,
    /// What each point of a rating stands for, 1 first; empty for other kinds.
    pub anchors: Vec<&'static str>,
}

/// List what can be reported, by whom, and what it gives.
#[utoipa::path(tag = "facts", responses((status = 200, description = "The kinds of events", body = Vec<EventKindRow>)))]
#[get("/event-kinds")]
pub async fn list_event_kinds(_caller: Caller<ViewFacts>) -> Json<Vec<EventKindRow>> {
    let rows = EventKind::ALL.iter().map(|kind| {
        let row = kind.row();
        EventKindRow {
            kind: *kind,
            zh: row.zh,
            en: row.en,
            detail: row.shape,
            metrics: row.metrics,
            tally: row.tally,
            reporters: kind.reporters(),
            about: row.about,
            verifiers: VerifyEvents::ALLOWED.iter().map(|(role, _)| *role).collect(),
            two_verifiers: row.discipline,
            anchors: if row.shape == EventShape::Rating { kinds::ANCHORS.to_vec() } else { Vec::new() },
        }
    });
    Json(rows.collect())
}

/// Report an event. It counts once others have verified it.
///
/// Sent again by a system under the same `source_system` and `external_id` it is the same event; with an
/// `Idempotency-Key` the answer is the same, too.
#[utoipa::path(tag = "facts", request_body = NewEvent,
    params(("Idempotency-Key" = Option<String>, Header, description = "The caller's name of this request: done once, however often it is sent")),
    responses(
        (status = 201, description = "Reported", body = EventDocument),
        (status = 200, description = "It was reported before", body = EventDocument),
        (status = 403, description = "The caller's roles do not report this kind", body = ProblemBody),
        (status = 409, description = "The system has sent something else under the same id", body = ProblemBody),
        (status = 422, description = "Fields at fault", body = ProblemBody),
    ))]
#[post("/events")]
pub async fn report_event(
    caller: Caller<EnterFacts>,
    pool: Data<Pool>,
    catalogue: Data<CatalogueFile>,
    clock: Data<Clock>,
    request: Keyed<NewEvent>,
) -> Result<impl Responder, Problem> {
    let catalogue = catalogue.current()?;
    let Keyed { key, body } = request;
    let connection = &mut *pool.get().await?;
    let answer =
        report::report(connection, &catalogue, body, key.as_ref(), &caller.identity, clock.now()).await?;
    Ok(match answer {
        Answer::Now(reported) if reported.is_new => HttpResponse::Created()
            .insert_header(("Location", format!("/v1/events/{}", reported.event.event.id)))
            .json(reported),
        answer => answer.into_response(),
    })
}

/// Which events, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Only those of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    period: Option<Period>,
    /// Only of this kind.
    kind: Option<EventKind>,
    /// Only those that are here.
    state: Option<EventState>,
    /// Only those about this person, by 工号.
    employee_no: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

fn viewer(caller: &Caller<ViewFacts>) -> Viewer {
    Viewer { scope: caller.reach(), user_id: caller.identity.user_id }
}

/// List events about people whom the caller reaches, and those that the caller has reported.
#[utoipa::path(tag = "facts", params(EventQuery), responses(
    (status = 200, description = "A page of events", body = Page<Event>),
))]
#[get("/events")]
pub async fn list_events(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<EventQuery>,
) -> Result<Json<Page<Event>>, Problem> {
    let EventQuery { period, kind, state, employee_no, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let filter = EventFilter { id: None, period, kind, state, employee_no };
    let rows = super::list(&mut *pool.get().await?, &viewer(&caller), &filter, after, limit + 1).await?;
    Ok(Json(Page::of(rows, limit, |event| event.id)))
}

/// Which month's totals, and which page of people.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventTotalsQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    period: Period,
    /// Only this person, by 工号.
    employee_no: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
    /// People of a page, 1 to 500; 50 by default.
    limit: Option<i64>,
}

/// Compute a month's totals anew from its verified events, beside what the ledger has of them.
#[utoipa::path(tag = "facts", params(EventTotalsQuery), responses(
    (status = 200, description = "A page of people with events", body = Page<PersonTotals>),
))]
#[get("/events/totals")]
pub async fn list_event_totals(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    query: Query<EventTotalsQuery>,
) -> Result<Json<Page<PersonTotals>>, Problem> {
    let EventTotalsQuery { period, employee_no, cursor, limit } = query.into_inner();
    let limit = page::limit(limit)?;
    let after = page::after(cursor.as_deref())?;
    let connection = &mut *pool.get().await?;
    let people =
        totals::list(connection, &caller.reach(), period, employee_no.as_deref(), after, limit + 1).await?;
    Ok(Json(Page::of(people, limit, |person| person.employee_id)))
}

/// Read an event with everything that was done about it.
#[utoipa::path(tag = "facts", responses(
    (status = 200, description = "The event", body = EventDocument),
    (status = 404, description = "There is none that the caller may see", body = ProblemBody),
))]
#[get("/events/{id}")]
pub async fn get_event(
    caller: Caller<ViewFacts>,
    pool: Data<Pool>,
    id: Path<i64>,
) -> Result<Json<EventDocument>, Problem> {
    super::read(&mut *pool.get().await?, &viewer(&caller), *id).await.map(Json)
}

/// Verify an event that somebody else reported. With the last of the people that it needs it reaches the month's facts.
#[utoipa::path(tag = "facts", request_body = EventVerification, responses(
    (status = 200, description = "Verified, or verified by one of two", body = EventDecided),
    (status = 404, description = "There is none that the caller reaches", body = ProblemBody),
    (status = 409, description = "The caller has reported or verified it or is whom it is about, or it is decided already", body = ProblemBody),
))]
#[post("/events/{id}/verify")]
pub async fn verify_event(
    caller: Caller<VerifyEvents>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<EventVerification>,
) -> Result<Json<EventDecided>, Problem> {
    let connection = &mut *pool.get().await?;
    decide::verify(connection, &caller.reach(), *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}

/// Reject an event that somebody else reported, or take back one that was verified: what it gave is voided.
#[utoipa::path(tag = "facts", request_body = EventRejection, responses(
    (status = 200, description = "Rejected", body = EventDecided),
    (status = 404, description = "There is none that the caller reaches", body = ProblemBody),
    (status = 409, description = "The caller has reported it or is whom it is about, or it is rejected already", body = ProblemBody),
    (status = 422, description = "No reason", body = ProblemBody),
))]
#[post("/events/{id}/reject")]
pub async fn reject_event(
    caller: Caller<VerifyEvents>,
    pool: Data<Pool>,
    clock: Data<Clock>,
    id: Path<i64>,
    body: Body<EventRejection>,
) -> Result<Json<EventDecided>, Problem> {
    let connection = &mut *pool.get().await?;
    decide::reject(connection, &caller.reach(), *id, &body.0, &caller.identity, clock.now()).await.map(Json)
}
