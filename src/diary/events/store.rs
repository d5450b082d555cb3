//! Events in the database: found, listed, locked.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Jsonb, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use utoipa::IntoParams;

use super::detail::{self, EventDetail, Particulars};
use super::life::{EventStanding, EventState};
use super::{Event, EventDocument, EventKind, tally};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::{event, event_step, user_account};
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::org::reached::reached_in_month;
use crate::period::Period;

/// Which events are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventFilter {
    /// Only events of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only events of this kind.
    pub kind: Option<EventKind>,
    /// Only events in this state.
    pub state: Option<EventState>,
    /// Only events about this person, by 工号.
    pub employee_no: Option<String>,
}

#[derive(QueryableByName)]
struct EventRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: EventKind,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Text)]
    state: EventState,
    #[diesel(sql_type = Jsonb)]
    detail: Value,
    #[diesel(sql_type = Jsonb)]
    evidence: Value,
    #[diesel(sql_type = Nullable<Text>)]
    note: Option<String>,
    #[diesel(sql_type = SmallInt)]
    needed: i16,
    #[diesel(sql_type = SmallInt)]
    verifications: i16,
    #[diesel(sql_type = Text)]
    reported_by: String,
    #[diesel(sql_type = Timestamptz)]
    reported_at: DateTime<Utc>,
    #[diesel(sql_type = Nullable<Text>)]
    source_system: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    external_id: Option<String>,
}

impl TryFrom<EventRow> for Event {
    type Error = Problem;

    fn try_from(row: EventRow) -> Result<Self, Problem> {
        let detail: EventDetail = from_json(row.detail)?;
        let gives = tally::given(row.kind, &particulars(row.kind, &detail)?);
        Ok(Self {
            id: row.id,
            kind: row.kind,
            kind_name: row.kind.label(),
            employee_no: row.employee_no,
            name: row.name,
            day: row.day,
            state: row.state,
            detail,
            evidence: from_json(row.evidence)?,
            note: row.note,
            gives: gives
                .into_iter()
                .map(|(metric, value)| (metric, value.normalize()))
                .collect::<BTreeMap<_, _>>(),
            verifications_needed: row.needed,
            verifications: row.verifications,
            reported_by: row.reported_by,
            reported_at: row.reported_at,
            source_system: row.source_system,
            external_id: row.external_id,
        })
    }
}

/// What was checked when it was reported, read back.
pub(super) fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}

pub(super) fn particulars(kind: EventKind, detail: &EventDetail) -> Result<Particulars, Problem> {
    detail::read(kind, detail)
        .map_err(|errors| Problem::internal(&format!("event that cannot be read: {errors:?}")))
}

/// A page of the events that the caller sees, by id: those about people reached, and those that the caller has reported.
pub async fn list(cx: &mut Context, filter: &EventFilter, window: Window) -> Result<Page<Event>, Problem> {
    let (scope, by) = (cx.scope.clone(), cx.by().unwrap_or_default());
    let events = load(cx.db(), &scope, by, None, filter, window).await?;
    Ok(window.page(events, |event| event.id))
}

/// The event with this id and everything that was done about it, if the caller sees it.
///
/// # Errors
///
/// Not found.
pub async fn read(cx: &mut Context, id: i64) -> Result<EventDocument, Problem> {
    let (scope, by) = (cx.scope.clone(), cx.by().unwrap_or_default());
    document(cx.db(), &scope, by, id).await
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    user_id: i64,
    id: Option<i64>,
    filter: &EventFilter,
    window: Window,
) -> Result<Vec<Event>, Problem> {
    let rows: Vec<EventRow> = sql(concat!(
        "SELECT v.id, v.kind, e.employee_no, e.name, v.day, v.state, v.detail, v.evidence, v.note, v.needed, \
             v.verifications, l.login AS reported_by, v.reported_at, v.source_system, v.external_id \
         FROM event v JOIN employee e ON e.id = v.employee_id JOIN user_account l ON l.id = v.reported_by \
         WHERE v.id > $2 AND ($3 IS NULL OR v.id = $3) AND ($4 IS NULL OR v.day >= $4) AND ($5 IS NULL OR v.day < $5) \
         AND ($6 IS NULL OR v.kind = $6) AND ($7 IS NULL OR v.state = $7) AND ($8 IS NULL OR e.employee_no = $8) \
         AND (v.reported_by = $9 OR ",
        reached_in_month!("$1", "v.employee_id", "date_trunc('month', v.day)::date"),
        ") ORDER BY v.id LIMIT $10"
    ))
    .bind::<CallerScope, _>(scope.clone())
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::end))
    .bind::<Nullable<Text>, _>(filter.kind)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<BigInt, _>(user_id)
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// The event with this id, if it is about somebody whom `scope` reaches or the login has reported it.
///
/// # Errors
///
/// Not found.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    user_id: i64,
    id: i64,
) -> Result<Event, Problem> {
    let found = load(connection, scope, user_id, Some(id), &EventFilter::default(), Window::ONE).await?.pop();
    found.ok_or_else(|| Problem::not_found("event"))
}

/// That event with everything that was done about it.
pub(super) async fn document(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    user_id: i64,
    id: i64,
) -> Result<EventDocument, Problem> {
    let event = find(connection, scope, user_id, id).await?;
    let steps = event_step::table
        .inner_join(user_account::table.on(user_account::id.eq(event_step::user_id)))
        .filter(event_step::event_id.eq(id))
        .order(event_step::id)
        .select((event_step::step, user_account::login, event_step::at, event_step::note))
        .load(connection)
        .await?;
    Ok(EventDocument { event, steps })
}

/// An event that is locked until the transaction ends.
pub(super) struct LockedEvent {
    pub id: i64,
    pub kind: EventKind,
    pub day: NaiveDate,
    pub said: Particulars,
    pub standing: EventStanding,
}

/// Locks an event.
pub(super) async fn lock(connection: &mut AsyncPgConnection, id: i64) -> Result<LockedEvent, Problem> {
    type Columns = (EventKind, i64, NaiveDate, Value, i64, i16, EventState);
    let (kind, subject, day, detail, reporter, needed, state): Columns = event::table
        .find(id)
        .select((
            event::kind,
            event::employee_id,
            event::day,
            event::detail,
            event::reported_by,
            event::needed,
            event::state,
        ))
        .for_update()
        .first(connection)
        .await?;
    let verifiers = event_step::table
        .filter(event_step::event_id.eq(id).and(event_step::step.eq(EventState::Verified)))
        .order(event_step::id)
        .select(event_step::user_id)
        .load(connection)
        .await?;
    let said = particulars(kind, &from_json(detail)?)?;
    let standing = EventStanding { state, reporter, subject, needed, verifiers };
    Ok(LockedEvent { id, kind, day, said, standing })
}
