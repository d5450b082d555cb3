//! Activities in the database.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{ActivityKind, ActivityState, LedActivity, NewActivity};
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::schema::{activity, activity_person};
use crate::db::sql;
use crate::http::{Page, Problem, Window};
use crate::ledger;
use crate::period::Period;

/// Which activities are asked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ActivityFilter {
    /// Only activities of this month.
    #[param(value_type = Option<String>, example = "2014-03")]
    pub period: Option<Period>,
    /// Only activities that this person leads or takes part in, by 工号.
    pub employee_no: Option<String>,
    /// Only activities of this kind.
    pub kind: Option<ActivityKind>,
    /// Only activities in this state.
    pub state: Option<ActivityState>,
}

/// A page of activities, by id, that somebody leads or takes part in whom the caller reaches in the month.
pub async fn list(
    cx: &mut Context,
    filter: &ActivityFilter,
    window: Window,
) -> Result<Page<LedActivity>, Problem> {
    let scope = cx.scope.clone();
    Ok(window.page(load(cx.db(), scope, None, filter, window).await?, |activity| activity.id))
}

async fn load(
    connection: &mut AsyncPgConnection,
    scope: Scope,
    id: Option<i64>,
    filter: &ActivityFilter,
    window: Window,
) -> Result<Vec<LedActivity>, Problem> {
    let activities = sql(concat!(
        "SELECT v.id, v.kind, v.day, v.topic, trim_scale(v.hours) AS hours, v.state, v.reason, \
             e.id AS employee_id, e.employee_no, e.name, v.changed_at, \
             ARRAY(SELECT ROW(t.id, t.employee_no, t.name) FROM activity_person p \
                 JOIN employee t ON t.id = p.employee_id WHERE p.activity_id = v.id ORDER BY t.id) AS people \
         FROM activity v JOIN employee e ON e.id = v.leader_id \
         WHERE v.id > $2 AND ($3 IS NULL OR v.id = $3) AND ($4 IS NULL OR v.day >= $4) AND ($5 IS NULL OR v.day < $5) \
         AND ($6 IS NULL OR v.kind = $6) AND ($7 IS NULL OR v.state = $7) \
         AND ($8 IS NULL OR e.employee_no = $8 OR EXISTS (SELECT FROM activity_person p \
             JOIN employee t ON t.id = p.employee_id WHERE p.activity_id = v.id AND t.employee_no = $8)) \
         AND (($1).everything OR EXISTS (SELECT FROM assignment a \
             WHERE (a.employee_id = v.leader_id OR a.employee_id IN (SELECT p.employee_id FROM activity_person p \
                 WHERE p.activity_id = v.id)) \
             AND daterange(a.valid_from, a.valid_to) @> v.day AND ",
        reaches!("$1", "a.employee_id", "a.unit_id", "date_trunc('month', v.day)::date"),
        ")) ORDER BY v.id LIMIT $9"
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<BigInt, _>(window.after)
    .bind::<Nullable<BigInt>, _>(id)
    .bind::<Nullable<Date>, _>(filter.period)
    .bind::<Nullable<Date>, _>(filter.period.map(Period::end))
    .bind::<Nullable<Text>, _>(filter.kind)
    .bind::<Nullable<Text>, _>(filter.state)
    .bind::<Nullable<Text>, _>(filter.employee_no.clone())
    .bind::<BigInt, _>(window.rows())
    .load(connection)
    .await?;
    Ok(activities)
}

/// One activity, whomever it is about.
///
/// # Errors
///
/// Not found.
pub(super) async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<LedActivity, Problem> {
    let filter = ActivityFilter::default();
    let found = load(connection, Scope::operator(), Some(id), &filter, Window::ONE).await?.pop();
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
    let found = ledger::people(connection, period, &nos, Some(scope)).await?;
    match found.iter().any(|person| person.is_reached) {
        true => Ok(()),
        false => Err(Problem::not_found("activity")),
    }
}

/// Adds an activity, and returns its number.
pub(super) async fn add(
    cx: &mut Context,
    new: &NewActivity,
    leader_id: i64,
    people: &[i64],
    hours: Option<Decimal>,
    state: ActivityState,
) -> Result<i64, Problem> {
    let (by, now) = (cx.by(), cx.now);
    let id: i64 = diesel::insert_into(activity::table)
        .values((
            activity::kind.eq(new.kind),
            activity::leader_id.eq(leader_id),
            activity::day.eq(new.day),
            activity::topic.eq(new.topic.trim()),
            activity::hours.eq(hours),
            activity::state.eq(state),
            activity::created_by.eq(by),
            activity::created_at.eq(now),
            activity::changed_by.eq(by),
            activity::changed_at.eq(now),
        ))
        .returning(activity::id)
        .get_result(cx.db())
        .await?;
    let people = people.iter().map(|employee_id| {
        (activity_person::activity_id.eq(id), activity_person::employee_id.eq(*employee_id))
    });
    diesel::insert_into(activity_person::table).values(people.collect::<Vec<_>>()).execute(cx.db()).await?;
    Ok(id)
}

/// Changes the state of an activity.
pub(super) async fn change(
    cx: &mut Context,
    id: i64,
    state: ActivityState,
    hours: Option<Decimal>,
    reason: Option<&str>,
) -> Result<(), Problem> {
    diesel::update(activity::table.find(id))
        .set((
            activity::state.eq(state),
            activity::hours.eq(hours),
            activity::reason.eq(reason),
            activity::changed_by.eq(cx.by()),
            activity::changed_at.eq(cx.now),
        ))
        .execute(cx.db())
        .await?;
    Ok(())
}
