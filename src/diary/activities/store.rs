//! Activities in the database.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::{ActivityKind, ActivityPerson, ActivityState, LedActivity, NewActivity};
use crate::auth::caller::Scope;
use crate::db::schema::{activity, activity_person, employee};
use crate::http::Problem;
use crate::period::Period;

/// Which activities are asked for; what is not said does not matter.
#[derive(Clone, Debug, Default)]
pub struct ActivityFilter {
    /// Only this one.
    pub id: Option<i64>,
    /// Only this month's.
    pub period: Option<Period>,
    /// Only those that this person leads or takes part in.
    pub employee_no: Option<String>,
    /// Only these.
    pub kind: Option<ActivityKind>,
    /// Only those that have come this far.
    pub state: Option<ActivityState>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: ActivityKind,
    #[diesel(sql_type = Date)]
    day: NaiveDate,
    #[diesel(sql_type = Text)]
    topic: String,
    #[diesel(sql_type = Nullable<Numeric>)]
    hours: Option<Decimal>,
    #[diesel(sql_type = Text)]
    state: ActivityState,
    #[diesel(sql_type = Nullable<Text>)]
    reason: Option<String>,
    #[diesel(sql_type = BigInt)]
    leader_id: i64,
    #[diesel(sql_type = Text)]
    employee_no: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Timestamptz)]
    changed_at: DateTime<Utc>,
}

/// Activities behind `after` that somebody leads or takes part in whom `scope` reaches in the month.
pub async fn list(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    filter: &ActivityFilter,
    after: i64,
    limit: i64,
) -> Result<Vec<LedActivity>, Problem> {
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT v.id, v.kind, v.day, v.topic, v.hours, v.state, v.reason, v.leader_id, e.employee_no, e.name, \
             v.changed_at \
         FROM activity v JOIN employee e ON e.id = v.leader_id \
         WHERE v.id > $1 AND ($2 IS NULL OR v.id = $2) AND ($3 IS NULL OR v.day >= $3) AND ($4 IS NULL OR v.day < $4) \
         AND ($5 IS NULL OR v.kind = $5) AND ($6 IS NULL OR v.state = $6) \
         AND ($7 IS NULL OR e.employee_no = $7 OR EXISTS (SELECT FROM activity_person p \
             JOIN employee t ON t.id = p.employee_id WHERE p.activity_id = v.id AND t.employee_no = $7)) \
         AND ('all' = ANY ($8) AND $10 = 0 OR EXISTS (SELECT FROM assignment a \
             WHERE (a.employee_id = v.leader_id OR a.employee_id IN (SELECT p.employee_id FROM activity_person p \
                 WHERE p.activity_id = v.id)) \
             AND daterange(a.valid_from, a.valid_to) @> v.day \
             AND may_reach($8, $9, $10, a.employee_id, a.unit_id, date_trunc('month', v.day)::date))) \
         ORDER BY v.id LIMIT $11",
    )
    .bind::<BigInt, _>(after)
    .bind::<Nullable<BigInt>, _>(filter.id)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::first_day))
    .bind::<Nullable<Date>, _>(filter.period.map(Period::end))
    .bind::<Nullable<Text>, _>(filter.kind.map(ActivityKind::name))
    .bind::<Nullable<Text>, _>(filter.state.map(ActivityState::name))
    .bind::<Nullable<Text>, _>(&filter.employee_no)
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(limit)
    .load(connection)
    .await?;
    let mut people = people(connection, &rows.iter().map(|row| row.id).collect::<Vec<_>>()).await?;
    let activity = |row: Row| LedActivity {
        id: row.id,
        kind: row.kind,
        day: row.day,
        topic: row.topic,
        hours: row.hours.map(|hours| hours.normalize()),
        state: row.state,
        reason: row.reason,
        leader: ActivityPerson { employee_id: row.leader_id, employee_no: row.employee_no, name: row.name },
        people: people.remove(&row.id).unwrap_or_default(),
        changed_at: row.changed_at,
    };
    Ok(rows.into_iter().map(activity).collect())
}

/// Who takes part in these activities.
async fn people(
    connection: &mut AsyncPgConnection,
    ids: &[i64],
) -> Result<HashMap<i64, Vec<ActivityPerson>>, Problem> {
    let rows: Vec<(i64, i64, String, String)> = activity_person::table
        .inner_join(employee::table.on(employee::id.eq(activity_person::employee_id)))
        .filter(activity_person::activity_id.eq_any(ids))
        .order(employee::id)
        .select((activity_person::activity_id, employee::id, employee::employee_no, employee::name))
        .load(connection)
        .await?;
    let mut by_activity = HashMap::<i64, Vec<ActivityPerson>>::new();
    for (id, employee_id, employee_no, name) in rows {
        by_activity.entry(id).or_default().push(ActivityPerson { employee_id, employee_no, name });
    }
    Ok(by_activity)
}

/// One activity.
///
/// # Errors
///
/// Not found where there is none that `scope` reaches.
pub(super) async fn find(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<LedActivity, Problem> {
    let filter = ActivityFilter { id: Some(id), ..ActivityFilter::default() };
    let found = list(connection, scope, &filter, 0, 1).await?.pop();
    found.ok_or_else(|| Problem::not_found("activity"))
}

/// Refuses an activity whose leader `scope` does not reach.
///
/// # Errors
///
/// Not found.
pub(super) async fn require_led(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    activity: &LedActivity,
) -> Result<(), Problem> {
    let period = Period::containing(activity.day);
    let nos = [activity.leader.employee_no.clone()];
    let found = crate::ledger::people(connection, period, &nos, Some(scope)).await?;
    match found.iter().any(|person| person.is_reached) {
        true => Ok(()),
        false => Err(Problem::not_found("activity")),
    }
}

/// Adds an activity, and returns its number.
#[expect(clippy::too_many_arguments, reason = "one value for each column")]
pub(super) async fn add(
    connection: &mut AsyncPgConnection,
    new: &NewActivity,
    leader_id: i64,
    people: &[i64],
    hours: Option<Decimal>,
    state: ActivityState,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<i64, Problem> {
    let id: i64 = diesel::insert_into(activity::table)
        .values((
            activity::kind.eq(new.kind.name()),
            activity::leader_id.eq(leader_id),
            activity::day.eq(new.day),
            activity::topic.eq(new.topic.trim()),
            activity::hours.eq(hours),
            activity::state.eq(state.name()),
            activity::created_by.eq(user_id),
            activity::created_at.eq(now),
            activity::changed_by.eq(user_id),
            activity::changed_at.eq(now),
        ))
        .returning(activity::id)
        .get_result(connection)
        .await?;
    let people = people.iter().map(|employee_id| {
        (activity_person::activity_id.eq(id), activity_person::employee_id.eq(*employee_id))
    });
    diesel::insert_into(activity_person::table)
        .values(people.collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(id)
}

/// Changes the state of an activity.
pub(super) async fn change(
    connection: &mut AsyncPgConnection,
    id: i64,
    state: ActivityState,
    hours: Option<Decimal>,
    reason: Option<&str>,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::update(activity::table.find(id))
        .set((
            activity::state.eq(state.name()),
            activity::hours.eq(hours),
            activity::reason.eq(reason),
            activity::changed_by.eq(user_id),
            activity::changed_at.eq(now),
        ))
        .execute(connection)
        .await?;
    Ok(())
}
