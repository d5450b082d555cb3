//! Reporting an event.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Jsonb, Nullable, Text};
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::detail::{self, Particulars};
use super::kinds::About;
use super::{EventDetail, EventDocument, EventKind, EventState, Evidence, Viewer, store, tally};
use crate::auth::access::{Action as _, EnterFacts};
use crate::auth::audit;
use crate::auth::caller::{Identity, Scope};
use crate::db::schema::{event, event_step};
use crate::http::idempotency::{self, Answer, Key};
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};
use crate::ledger;
use crate::ledger::metric::Catalogue;
use crate::period::Period;

/// An event to be reported.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// What it is.
    #[garde(skip)]
    pub kind: EventKind,
    /// 工号 of whom it is about.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "A02")]
    pub employee_no: String,
    /// The day; of several days, the first.
    #[garde(skip)]
    pub day: NaiveDate,
    /// What is said of it.
    #[garde(dive)]
    #[serde(default)]
    pub detail: EventDetail,
    /// What shows it; an event that can cap a grade has some.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// Anything else; no customers' names or numbers.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[serde(default)]
    pub note: Option<String>,
    /// The system that sends it, with `external_id`: sent again, it is the same event.
    #[garde(inner(length(chars, min = 1, max = 40)))]
    #[serde(default)]
    #[schema(example = "oa")]
    pub source_system: Option<String>,
    /// What the system calls it.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[serde(default)]
    pub external_id: Option<String>,
}

/// What reporting an event did.
#[derive(Clone, Debug, Serialize)]
pub struct Reported {
    /// Whether it was not known before.
    #[serde(skip)]
    pub is_new: bool,
    /// The event.
    #[serde(flatten)]
    pub event: EventDocument,
}

/// Reports an event. With a key, the same request again is answered as it was and does nothing; under the id of a system
/// that has sent it before, it is the event that there is.
///
/// # Errors
///
/// Forbidden where the roles do not report this kind; every field at fault; a conflict where the system said something
/// else under the same id.
pub async fn report(
    connection: &mut AsyncPgConnection,
    catalogue: &Catalogue,
    new: NewEvent,
    key: Option<&Key>,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<Answer<Reported>, Problem> {
    let scope = scope_of(new.kind, by)?;
    let said = check(catalogue, &new, now)?;
    connection
        .transaction(async |connection| {
            if let Some(key) = key
                && let Some(before) =
                    idempotency::begin(connection, by.user_id, "report_event", key, now).await?
            {
                return Ok(Answer::Before(before));
            }
            let employee_id = subject(connection, &new, &scope, by).await?;
            let (id, is_new) = insert(connection, &new, &said, employee_id, by, now).await?;
            // Who has reported it sees it, and so does who says the same again.
            let viewer = Viewer { scope: Scope::operator(), user_id: by.user_id };
            let reported = Reported { is_new, event: store::read(connection, &viewer, id).await? };
            if let Some(key) = key {
                idempotency::finish(connection, by.user_id, key, &reported).await?;
            }
            Ok(Answer::Now(reported))
        })
        .await
}

/// The reach of those of the caller's roles that report this kind.
fn scope_of(kind: EventKind, by: &Identity) -> Result<Scope, Problem> {
    let reporters = kind.reporters();
    let scope = Scope::of(by, |role| {
        let reach = EnterFacts::ALLOWED.iter().find(|(entering, _)| *entering == role);
        reach.filter(|_| reporters.contains(&role)).map(|(_, reach)| *reach)
    });
    if scope.reaches.is_empty() {
        let detail = format!("your roles do not report events of the kind {}", kind.row().name);
        return Err(Problem::new(Code::Forbidden, detail));
    }
    Ok(scope)
}

/// Reads what is said, with everything that can be wrong with it before anybody is looked up.
fn check(catalogue: &Catalogue, new: &NewEvent, now: DateTime<Utc>) -> Result<Particulars, Problem> {
    let said = detail::read(new.kind, &new.detail).map_err(Problem::fields)?;
    let mut errors = detail::when(&said, new.day, now);
    let error =
        |field: &str, message: &str| FieldError { field: field.to_owned(), message: message.to_owned() };
    if tally::needed(new.kind, &said) > 1 && new.evidence.is_empty() {
        errors.push(error("evidence", "an event that can cap a grade needs at least one piece of evidence"));
    }
    match (&new.source_system, &new.external_id) {
        (Some(_), None) => errors.push(error("external_id", "expected what the system calls it")),
        (None, Some(_)) => errors.push(error("source_system", "expected the system whose id it is")),
        _ => {}
    }
    for (metric, value) in tally::given(new.kind, &said) {
        // What is taken off is no value of its own.
        if let Err(message) = catalogue.read(metric, value.max(Decimal::ZERO)) {
            errors.push(error("detail", &message));
        }
    }
    if errors.is_empty() { Ok(said) } else { Err(Problem::fields(errors)) }
}

/// The employee that it is about.
async fn subject(
    connection: &mut AsyncPgConnection,
    new: &NewEvent,
    scope: &Scope,
    by: &Identity,
) -> Result<i64, Problem> {
    let period = Period::containing(new.day);
    let nos = [new.employee_no.clone()];
    let found = ledger::people(connection, period, &nos, Some(scope)).await?;
    let person = found.into_iter().find(|person| person.is_reached).ok_or_else(|| {
        let message = format!(
            "there is no employee '{}' in {period} of whom you may report {}",
            new.employee_no,
            new.kind.row().name
        );
        Problem::field("employee_no", message)
    })?;
    let is_own = by.employee_id == Some(person.id);
    match new.kind.row().about {
        About::Others if is_own => Err(Problem::field("employee_no", "nobody reports this of oneself")),
        About::Oneself if !is_own => {
            Err(Problem::field("employee_no", "everybody reports this of oneself only"))
        }
        _ => Ok(person.id),
    }
}

/// Adds the event, or finds the one that the system has sent before. Returns its id and whether it is new.
async fn insert(
    connection: &mut AsyncPgConnection,
    new: &NewEvent,
    said: &Particulars,
    employee_id: i64,
    by: &Identity,
    now: DateTime<Utc>,
) -> Result<(i64, bool), Problem> {
    let as_json = |error: serde_json::Error| Problem::internal(&error);
    let detail = serde_json::to_value(&new.detail).map_err(as_json)?;
    let evidence = serde_json::to_value(&new.evidence).map_err(as_json)?;
    let kind = new.kind.row().name;
    let inserted: Option<i64> = diesel::insert_into(event::table)
        .values((
            event::kind.eq(kind),
            event::employee_id.eq(employee_id),
            event::day.eq(new.day),
            event::detail.eq(&detail),
            event::evidence.eq(&evidence),
            event::note.eq(&new.note),
            event::reported_by.eq(by.user_id),
            event::reported_at.eq(now),
            event::source_system.eq(&new.source_system),
            event::external_id.eq(&new.external_id),
            event::needed.eq(tally::needed(new.kind, said)),
        ))
        .on_conflict((event::source_system, event::external_id))
        .do_nothing()
        .returning(event::id)
        .get_result(connection)
        .await
        .optional()?;
    let Some(id) = inserted else {
        return Ok((sent_before(connection, new, employee_id, detail, evidence).await?, false));
    };
    diesel::insert_into(event_step::table)
        .values((
            event_step::event_id.eq(id),
            event_step::step.eq(EventState::Reported.name()),
            event_step::user_id.eq(by.user_id),
            event_step::by_employee_id.eq(by.employee_id),
            event_step::reporter_id.eq(by.user_id),
            event_step::subject_id.eq(employee_id),
            event_step::at.eq(now),
        ))
        .execute(connection)
        .await?;
    let subject = format!("event/{id}");
    let said = json!({ "kind": kind, "employee_no": new.employee_no, "day": new.day });
    audit::record(connection, now, Some(by.user_id), "report_event", &subject, said).await?;
    Ok((id, true))
}

/// The event that a system has sent before under the same id, if it said the same.
async fn sent_before(
    connection: &mut AsyncPgConnection,
    new: &NewEvent,
    employee_id: i64,
    detail: Value,
    evidence: Value,
) -> Result<i64, Problem> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_same: bool,
    }
    let row: Row = diesel::sql_query(
        "SELECT id, kind = $3 AND employee_id = $4 AND day = $5 AND detail = $6 AND evidence = $7 \
             AND note IS NOT DISTINCT FROM $8 AS is_same \
         FROM event WHERE source_system = $1 AND external_id = $2",
    )
    .bind::<Nullable<Text>, _>(&new.source_system)
    .bind::<Nullable<Text>, _>(&new.external_id)
    .bind::<Text, _>(new.kind.row().name)
    .bind::<BigInt, _>(employee_id)
    .bind::<Date, _>(new.day)
    .bind::<Jsonb, _>(detail)
    .bind::<Jsonb, _>(evidence)
    .bind::<Nullable<Text>, _>(&new.note)
    .get_result(connection)
    .await?;
    match row.is_same {
        true => Ok(row.id),
        false => Err(Problem::conflict(format!(
            "the system has sent something else under this external_id: event {}, which stays as it is; have it \
             rejected, and report anew",
            row.id
        ))),
    }
}
