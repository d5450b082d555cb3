//! Events in the database: found, listed, locked.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Nullable, SmallInt, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::detail::{self, EventDetail, Particulars};
use super::life::{EventState, Standing};
use super::{Event, EventDocument, EventKind, EventStep, tally};
use crate::auth::caller::Scope;
use crate::db::schema::{event, event_step, user_account};
use crate::http::Problem;
use crate::period::Period;

/// Who looks at events: the people reached, and what oneself has reported.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// Whom.
    pub scope: Scope,
    /// The login.
    pub user_id: i64,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default)]
pub struct EventFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only those of this month.
    pub period: Option<Period>,
    /// Only of this kind.
    pub kind: Option<EventKind>,
    /// Only those that are here.
    pub state: Option<EventState>,
    /// Only those about this person, by 工号.
    pub employee_no: Option<String>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Text)]
    state: String,
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

impl TryFrom<Row> for Event {
    type Error = Problem;

    fn try_from(row: Row) -> Result<Self, Problem> {
        let kind = kind_of(&row.kind)?;
        let detail: EventDetail = from_json(row.detail)?;
        let gives = tally::given(kind, &particulars(kind, &detail)?);
        Ok(Self {
            id: row.id,
            kind,
            kind_name: kind.row().zh,
            employee_no: row.employee_no,
            name: row.name,
            day: row.day,
            state: EventState::named(&row.state),
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
pub(super) fn kind_of(name: &str) -> Result<EventKind, Problem> {
    EventKind::named(name).ok_or_else(|| Problem::internal(&format!("event of an unknown kind '{name}'")))
}

pub(super) fn from_json<T: DeserializeOwned>(value: Value) -> Result<T, Problem> {
    serde_json::from_value(value).map_err(|error| Problem::internal(&error))
}

pub(super) fn particulars(kind: EventKind, detail: &EventDetail) -> Result<Particulars, Problem> {
    detail::read(kind, detail)
        .map_err(|errors| Problem::internal(&format!("event that cannot be read: {errors:?}")))
}

/// Events behind `after` that `viewer` sees, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    filter: &EventFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT v.id, v.kind, e.employee_no, e.name, v.day, v.state, v.detail, v.evidence, v.note, v.needed, \
             v.verifications, l.login AS reported_by, v.reported_at, v.source_system, v.external_id \
         FROM event v JOIN employee e ON e.id = v.employee_id JOIN user_account l ON l.id = v.reported_by \
         WHERE v.id > $1 AND ($2 IS NULL OR v.id = $2) AND ($3 IS NULL OR v.day >= $3) AND ($4 IS NULL OR v.day < $4) \
         AND ($5 IS NULL OR v.kind = $5) AND ($6 IS NULL OR v.state = $6) AND ($7 IS NULL OR e.employee_no = $7) \
         AND (v.reported_by = $8 OR EXISTS (SELECT FROM assignment a WHERE a.employee_id = v.employee_id \
             AND daterange(a.valid_from, a.valid_to) && daterange(date_trunc('month', v.day)::date, \
                 (date_trunc('month', v.day) + interval '1 month')::date) \
             AND may_reach($9, $10, $11, v.employee_id, a.unit_id, date_trunc('month', v.day)::date))) \
         ORDER BY v.id LIMIT $12",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Date>, _>(filter.period.map(Period::end))
    .bind::<Nullable<Text>, _>(filter.kind.map(|kind| kind.row().name))
    .bind::<Nullable<Text>, _>(filter.state.map(EventState::name))
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<BigInt, _>(viewer.user_id)
    .bind::<Array<Text>, _>(&viewer.scope.reaches)
    .bind::<BigInt, _>(viewer.scope.employee_id)
    .bind::<BigInt, _>(viewer.scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    rows.into_iter().map(Event::try_from).collect()
}

/// The event with this id and its steps, if `viewer` sees it.
pub async fn read(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<EventDocument, Problem> {
    let filter = EventFilter { id: Some(id), ..EventFilter::default() };
    let event = list(connection, viewer, &filter, 0, 1).await?.pop();
    let event = event.ok_or_else(|| Problem::not_found("event"))?;
    let steps: Vec<(String, String, DateTime<Utc>, Option<String>)> = event_step::table
        .inner_join(user_account::table.on(user_account::id.eq(event_step::user_id)))
        .filter(event_step::event_id.eq(id))
        .order(event_step::id)
        .select((event_step::step, user_account::login, event_step::at, event_step::note))
        .load(connection)
        .await?;
    let steps = steps.into_iter().map(|(step, by, at, note)| EventStep {
        step: EventState::named(&step),
        by,
        at,
        note,
    });
    Ok(EventDocument { event, steps: steps.collect() })
}

/// An event that is locked until the transaction ends.
pub(super) struct Locked {
    pub id: i64,
    pub kind: EventKind,
    pub day: NaiveDate,
    pub said: Particulars,
    pub standing: Standing,
}

/// Locks an event, if the deciding roles reach the person that it is about.
pub(super) async fn lock(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<Locked, Problem> {
    let nobody = Viewer { scope: scope.clone(), user_id: 0 };
    let filter = EventFilter { id: Some(id), ..EventFilter::default() };
    if list(connection, &nobody, &filter, 0, 1).await?.is_empty() {
        return Err(Problem::not_found("event"));
    }
    let (kind, employee_id, day, detail, reporter, needed, state): (
        String,
        i64,
        NaiveDate,
        Value,
        i64,
        i16,
        String,
    ) = event::table
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
        .filter(event_step::event_id.eq(id).and(event_step::step.eq(EventState::Verified.name())))
        .order(event_step::id)
        .select(event_step::user_id)
        .load(connection)
        .await?;
    let kind = kind_of(&kind)?;
    let said = particulars(kind, &from_json(detail)?)?;
    let state = EventState::named(&state);
    let standing = Standing { state, reporter, subject: employee_id, needed, verifiers };
    Ok(Locked { id, kind, day, said, standing })
}
