//! Who looks at plans, and how far.
//!
//! A plan is seen as a whole by those who reach its store this month or in any month of the plan's year: next year's plan
//! is drafted by who is there now, and a plan of the past stays readable to who was there then. Single cells are seen
//! month by month, by who reaches the person or the team in that month.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Caller;
use crate::auth::access::{Action, Role};
use crate::auth::caller::Scope;
use crate::clock;
use crate::http::Problem;
use crate::period::Period;

/// Condition that the plan `p` is seen as a whole. It takes [`Viewer::scope`] as $1 to $3 and [`Viewer::month`] as $4.
pub(in crate::plan) const REACHED: &str = "EXISTS (
    SELECT FROM (SELECT $4 UNION ALL SELECT make_date(p.year, m, 1) FROM generate_series(1, 12) m) months(month)
    WHERE may_reach($1, $2, $3, 0, p.unit_id, month))";

/// Condition that the cell `t` of a person is seen. It takes [`Viewer::people`] as $1 to $3 and the plan's id as $4.
///
/// Who reaches the store in a month reaches everybody below it. That is asked first, once a month: asking for each of a
/// hundred thousand cells takes seconds.
pub(in crate::plan) const PERSON_REACHED: &str = "cardinality($1) > 0 AND (
    t.period IN (
        SELECT month::date FROM annual_plan p
        CROSS JOIN LATERAL generate_series(make_date(p.year, 1, 1), make_date(p.year, 12, 1), '1 month') month
        WHERE p.id = $4 AND may_reach($1, $2, $3, 0, p.unit_id, month::date))
    OR may_reach($1, $2, $3, t.employee_id, t.unit_id, t.period))";

/// Who looks.
#[derive(Clone, Debug)]
pub struct Viewer {
    /// How far the viewer reaches.
    pub scope: Scope,
    /// How far among people: not at all by a role that sees aggregates only.
    pub people: Scope,
    /// The first day of the month in which the viewer looks.
    pub month: NaiveDate,
}

impl Viewer {
    /// The caller, at `now`.
    pub fn of<A: Action>(caller: &Caller<A>, now: DateTime<Utc>) -> Self {
        let reach_of =
            |role| A::ALLOWED.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach);
        let among_people = |role| if role == Role::Dashboard { None } else { reach_of(role) };
        Self {
            scope: caller.reach(),
            people: Scope::of(&caller.identity, among_people),
            month: Period::containing(clock::day(now)).first_day(),
        }
    }

    /// The program itself, which sees everything.
    pub(in crate::plan) fn program() -> Self {
        let scope = Scope { reaches: vec!["all"], employee_id: 0, unit_id: 0 };
        Self { people: scope.clone(), scope, month: NaiveDate::default() }
    }

    /// Whether the viewer may learn names.
    pub(in crate::plan) fn sees_names(&self) -> bool {
        !self.people.reaches.is_empty()
    }
}

#[derive(QueryableByName)]
struct Reached {
    #[diesel(sql_type = Bool)]
    is_reached: bool,
}

/// Whether the viewer sees plan `id` as a whole.
pub(in crate::plan) async fn sees_plan(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<bool, Problem> {
    reaches(connection, &viewer.scope, viewer.month, id).await
}

/// Whether the viewer sees everybody in plan `id`.
pub(in crate::plan) async fn sees_people(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<bool, Problem> {
    reaches(connection, &viewer.people, viewer.month, id).await
}

async fn reaches(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    month: NaiveDate,
    id: i64,
) -> Result<bool, Problem> {
    let query = format!("SELECT {REACHED} AS is_reached FROM annual_plan p WHERE p.id = $5");
    let found: Option<Reached> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&scope.reaches)
        .bind::<BigInt, _>(scope.employee_id)
        .bind::<BigInt, _>(scope.unit_id)
        .bind::<Date, _>(month)
        .bind::<BigInt, _>(id)
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.is_some_and(|found| found.is_reached))
}

/// Whether the viewer reaches any place of plan `id` in any of its months: the own part, a team led, or more.
pub(in crate::plan) async fn reaches_place(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    id: i64,
) -> Result<bool, Problem> {
    let found: Reached = diesel::sql_query(
        "SELECT EXISTS (
             SELECT FROM plan_node n JOIN annual_plan p ON p.id = n.plan_id CROSS JOIN generate_series(1, 12) m
             WHERE n.plan_id = $4 AND n.tree = 'organisation'
             AND may_reach($1, $2, $3, coalesce(n.employee_id, 0), n.unit_id, make_date(p.year, m, 1))) AS is_reached",
    )
    .bind::<Array<Text>, _>(&scope.reaches)
    .bind::<BigInt, _>(scope.employee_id)
    .bind::<BigInt, _>(scope.unit_id)
    .bind::<BigInt, _>(id)
    .get_result(connection)
    .await?;
    Ok(found.is_reached)
}

/// Refuses a plan that the viewer does not see as a whole: for the viewer there is none.
pub async fn require_plan(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    id: i64,
) -> Result<(), Problem> {
    match sees_plan(connection, viewer, id).await? {
        true => Ok(()),
        false => Err(Problem::not_found("plan")),
    }
}

/// Refuses a store or group whose plan of `year` the viewer would not see. A code that none of them has is let through: it is a field
/// at fault, and named together with the others.
pub async fn require_unit(
    connection: &mut AsyncPgConnection,
    viewer: &Viewer,
    code: &str,
    year: i32,
) -> Result<(), Problem> {
    let query = format!(
        "SELECT {REACHED} AS is_reached
         FROM (SELECT id AS unit_id, $6 AS year FROM org_unit WHERE code = $5 AND kind IN ('group', 'store')) p"
    );
    let found: Option<Reached> = diesel::sql_query(query)
        .bind::<Array<Text>, _>(&viewer.scope.reaches)
        .bind::<BigInt, _>(viewer.scope.employee_id)
        .bind::<BigInt, _>(viewer.scope.unit_id)
        .bind::<Date, _>(viewer.month)
        .bind::<Text, _>(code)
        .bind::<Integer, _>(year)
        .get_result(connection)
        .await
        .optional()?;
    match found {
        Some(Reached { is_reached: false }) => Err(Problem::not_found("unit")),
        _ => Ok(()),
    }
}
