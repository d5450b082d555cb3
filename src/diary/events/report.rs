//! Reporting an event.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Date, Jsonb, Nullable, Text};
use diesel_async::RunQueryDsl;
use garde::Validate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::detail::{self, Particulars};
use super::kinds::About;
use super::{EventDetail, EventDocument, EventKind, EventState, Evidence, store, tally};
use crate::auth::Context;
use crate::auth::access::{Action as _, EnterFacts};
use crate::auth::{Identity, Scope};
use crate::db::schema::{event, event_step};
use crate::db::sql;
use crate::diary::authors;
use crate::http::idempotency::{self, Answer, Key};
use crate::http::{Code, FieldError, Problem};
use crate::ledger;
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::said::{Said, say};

/// An event to be reported.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvent {
    /// What kind of event it is.
    #[garde(skip)]
    pub kind: EventKind,
    /// 工号 of the person it is about.
    #[garde(length(chars, min = 1, max = 32))]
    #[schema(example = "A02", min_length = 1, max_length = 32)]
    pub employee_no: String,
    /// The day on which it happened; the first one if it lasted several days.
    #[garde(skip)]
    pub day: NaiveDate,
    /// The particulars, by its kind.
    #[garde(dive)]
    #[serde(default)]
    pub detail: EventDetail,
    /// The evidence; an event that can cap a grade needs some.
    #[garde(length(max = 20), dive)]
    #[serde(default)]
    #[schema(max_items = 20)]
    pub evidence: Vec<Evidence>,
    /// Anything else worth noting, but no customers' names or telephone numbers.
    #[garde(inner(length(chars, min = 1, max = 1000)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 1000)]
    pub note: Option<String>,
    /// The system that sends it. Sent again under the same `external_id` it is the same event, unless that was rejected or
    /// withdrawn.
    #[garde(inner(length(chars, min = 1, max = 40)))]
    #[serde(default)]
    #[schema(example = "oa", min_length = 1, max_length = 40)]
    pub source_system: Option<String>,
    /// Its id in the system that sends it.
    #[garde(inner(length(chars, min = 1, max = 100)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 100)]
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

/// Reports an event. With a key, the same request again is answered as it was and does nothing. Under the id by which a
/// system has sent it before it is the event that there is; what was rejected or withdrawn is reported anew.
///
/// # Errors
///
/// Forbidden where the roles do not report this kind; every field at fault; a conflict where the system said something
/// else under the same id.
pub async fn report(
    cx: &mut Context,
    catalogue: &Catalogue,
    new: NewEvent,
    key: Option<&Key>,
) -> Result<Answer<Reported>, Problem> {
    let by = authors::login(cx)?;
    let scope = scope_of(new.kind, &by)?;
    let said = check(catalogue, &new, cx.now)?;
    cx.transaction(async |cx| {
        let now = cx.now;
        if let Some(key) = key
            && let Some(before) = idempotency::begin(cx.db(), by.user_id, "report_event", key, now).await?
        {
            return Ok(Answer::Before(before));
        }
        let employee_id = subject(cx, &new, &scope, &by).await?;
        let (id, is_new) = loop {
            if let Some(id) = insert(cx, &new, &said, employee_id, &by).await? {
                break (id, true);
            }
            // None: the one in the way has been rejected or withdrawn this moment.
            if let Some(id) = sent_before(cx, &new, employee_id).await? {
                break (id, false);
            }
        };
        // Who has reported it sees it, and so does who says the same again.
        let event = store::document(cx.db(), &Scope::operator(), by.user_id, id).await?;
        let reported = Reported { is_new, event };
        if let Some(key) = key {
            idempotency::finish(cx.db(), by.user_id, key, &reported).await?;
        }
        Ok(Answer::Now(reported))
    })
    .await
}

/// The reach of those of the caller's roles that report this kind.
fn scope_of(kind: EventKind, by: &Identity) -> Result<Scope, Problem> {
    let reporters = kind.reporters();
    let scope = Scope::of(by, |role| EnterFacts::reach_of(role).filter(|_| reporters.contains(&role)));
    match scope.is_empty() {
        true => {
            let detail = say!(
                "您的角色不能上报这类事件：{kind}",
                "your roles do not allow you to report events of the kind {kind}"
            );
            Err(Problem::new(Code::Forbidden, detail))
        }
        false => Ok(scope),
    }
}

/// Reads what is said, with everything that can be wrong with it before anybody is looked up.
fn check(catalogue: &Catalogue, new: &NewEvent, now: DateTime<Utc>) -> Result<Particulars, Problem> {
    let said = detail::read(new.kind, &new.detail).map_err(Problem::fields)?;
    let mut errors = detail::when(&said, new.day, now);
    let mut error = |field: &str, message: Said| errors.push(FieldError::new(field, message));
    if tally::needed(new.kind, &said) > 1 && new.evidence.is_empty() {
        let message = say!(
            "能限制等级的事件至少要有一件证据",
            "an event that can cap a grade needs at least one piece of evidence"
        );
        error("evidence", message);
    }
    match (&new.source_system, &new.external_id) {
        (Some(_), None) => {
            error("external_id", say!("缺少它在来源系统里的编号", "expected the id that the system gives it"))
        }
        (None, Some(_)) => {
            error("source_system", say!("缺少来源系统", "expected the system that gave the id"));
        }
        (None, None) | (Some(_), Some(_)) => {}
    }
    for (metric, value) in tally::given(new.kind, &said) {
        // What is taken off is no value of its own.
        if let Err(message) = catalogue.read(metric, value.max(Decimal::ZERO)) {
            error("detail", message);
        }
    }
    if errors.is_empty() { Ok(said) } else { Err(Problem::fields(errors)) }
}

/// The employee that it is about.
async fn subject(cx: &mut Context, new: &NewEvent, scope: &Scope, by: &Identity) -> Result<i64, Problem> {
    let period = Period::containing(new.day);
    let nos = [new.employee_no.clone()];
    let found = ledger::people(cx.db(), period, &nos, Some(scope)).await?;
    let person = found.into_iter().find(|person| person.is_reached).ok_or_else(|| {
        let message = say!(
            "{period} 没有您可以上报的员工“{}”（{}）",
            "there is no employee '{}' in {period} about whom you may report {}",
            new.employee_no,
            new.kind
        );
        Problem::field("employee_no", message)
    })?;
    if let Some(message) = person.not_yet(period, Some(new.day)) {
        return Err(Problem::field("day", message));
    }
    let is_own = by.employee_id == Some(person.id);
    match new.kind.rules().about {
        About::Others if is_own => Err(Problem::field(
            "employee_no",
            say!("不能由本人上报自己的这类事件", "people cannot report this about themselves"),
        )),
        About::Oneself if !is_own => Err(Problem::field(
            "employee_no",
            say!("这类事件只能由本人上报", "people can report this only about themselves"),
        )),
        _ => Ok(person.id),
    }
}

fn as_json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|error| Problem::internal(&error))
}

/// Adds the event, unless one that the system has sent under the same id stands.
async fn insert(
    cx: &mut Context,
    new: &NewEvent,
    said: &Particulars,
    employee_id: i64,
    by: &Identity,
) -> Result<Option<i64>, Problem> {
    let now = cx.now;
    let inserted: Option<i64> = diesel::insert_into(event::table)
        .values((
            event::kind.eq(new.kind),
            event::employee_id.eq(employee_id),
            event::day.eq(new.day),
            event::detail.eq(as_json(&new.detail)?),
            event::evidence.eq(as_json(&new.evidence)?),
            event::note.eq(&new.note),
            event::reported_by.eq(by.user_id),
            event::reported_at.eq(now),
            event::source_system.eq(&new.source_system),
            event::external_id.eq(&new.external_id),
            event::needed.eq(tally::needed(new.kind, said)),
        ))
        .on_conflict_do_nothing()
        .returning(event::id)
        .get_result(cx.db())
        .await
        .optional()?;
    let Some(id) = inserted else { return Ok(None) };
    diesel::insert_into(event_step::table)
        .values((
            event_step::event_id.eq(id),
            event_step::step.eq(EventState::Reported),
            event_step::user_id.eq(by.user_id),
            event_step::by_employee_id.eq(by.employee_id),
            event_step::reporter_id.eq(by.user_id),
            event_step::subject_id.eq(employee_id),
            event_step::at.eq(now),
        ))
        .execute(cx.db())
        .await?;
    let detail = json!({ "kind": new.kind, "employee_no": new.employee_no, "day": new.day });
    cx.audit("report_event", &format!("event/{id}"), detail).await?;
    Ok(Some(id))
}

/// The event that stands of those that the system has sent under the same id, if it said the same.
async fn sent_before(cx: &mut Context, new: &NewEvent, employee_id: i64) -> Result<Option<i64>, Problem> {
    #[derive(QueryableByName)]
    struct SentBefore {
        #[diesel(sql_type = BigInt)]
        id: i64,
        #[diesel(sql_type = Bool)]
        is_same: bool,
    }
    let found: Option<SentBefore> =
        sql("SELECT id, kind = $3 AND employee_id = $4 AND day = $5 AND detail = $6 AND evidence = $7 \
             AND note IS NOT DISTINCT FROM $8 AS is_same \
         FROM event WHERE source_system = $1 AND external_id = $2 AND state IN ('reported', 'verified')")
        .bind::<Nullable<Text>, _>(new.source_system.clone())
        .bind::<Nullable<Text>, _>(new.external_id.clone())
        .bind::<Text, _>(new.kind)
        .bind::<BigInt, _>(employee_id)
        .bind::<Date, _>(new.day)
        .bind::<Jsonb, _>(as_json(&new.detail)?)
        .bind::<Jsonb, _>(as_json(&new.evidence)?)
        .bind::<Nullable<Text>, _>(new.note.clone())
        .get_result(cx.db())
        .await
        .optional()?;
    match found {
        Some(SentBefore { id, is_same: false }) => Err(Problem::conflict(say!(
            "系统用这个 external_id 报过另一件事：事件 {id}，它保持不变；请撤回或驳回它，再重新上报",
            "the system has sent something else under this external_id: event {id}, which stays as it is; withdraw it \
             or have it rejected, then report it again"
        ))),
        found => Ok(found.map(|found| found.id)),
    }
}
