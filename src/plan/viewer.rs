//! Who looks at plans, and how far.
//!
//! A plan is seen as a whole by those who reach its store this month or in any month of the plan's year: next year's plan
//! is drafted by who is there now, and a plan of the past stays readable to who was there then. Single cells are seen
//! month by month, by who reaches the person or the team in that month.

use std::collections::HashMap;

use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::auth::access::{Action as _, Role, ViewPlan};
use crate::auth::scope::{CallerScope, Scope};
use crate::db::{Statement, sql};
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

/// The condition that a plan is seen as a whole: `seen_whole!("$1", "$2", "p.unit_id", "p.year")` with a [`Scope`] as `$1`
/// and the month in which somebody looks as `$2`.
macro_rules! seen_whole {
    ($scope:literal, $month:literal, $unit:literal, $year:literal) => {
        concat!(
            "((",
            $scope,
            ").everything OR EXISTS (SELECT FROM reached(",
            $scope,
            ") seen WHERE seen.unit_id = ",
            $unit,
            " AND (seen.months @> ",
            $month,
            " OR seen.months && daterange(make_date(",
            $year,
            ", 1, 1), make_date(",
            $year,
            " + 1, 1, 1)))))"
        )
    };
}

pub(crate) use seen_whole;

/// The month in which somebody looks.
pub(in crate::plan) fn month(cx: &Context) -> Period {
    Period::containing(cx.today())
}

/// How far somebody reaches among people: not at all in a role that sees aggregates only.
pub(in crate::plan) fn people(cx: &Context) -> Scope {
    match &cx.identity {
        Some(identity) if identity.roles.contains(&Role::Dashboard) => {
            Scope::of(identity, |role| (role != Role::Dashboard).then_some(role).and_then(ViewPlan::reach_of))
        }
        _ => cx.scope.clone(),
    }
}

/// Whether somebody may learn names.
pub(in crate::plan) fn sees_names(cx: &Context) -> bool {
    !people(cx).is_empty()
}

/// The id of who decides or promises something, which the operator never does for others.
pub(in crate::plan) fn person(cx: &Context) -> Result<i64, Problem> {
    let detail = say!(
        "审批计划、承诺任务须由本人登录后操作",
        "only somebody who has signed in can decide on a plan or commit to it"
    );
    cx.by().ok_or_else(|| Problem::new(Code::Forbidden, detail))
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    holds: bool,
}

/// What a statement answers whose only column is `holds`; no row is none.
async fn holds(connection: &mut AsyncPgConnection, asked: Statement<'_>) -> Result<Option<bool>, Problem> {
    let rows: Vec<Answer> = asked.load(connection).await?;
    Ok(rows.into_iter().next().map(|answer| answer.holds))
}

/// Whether plan `id` is seen as a whole by who reaches as far as `scope`.
pub(in crate::plan) async fn sees(cx: &mut Context, scope: Scope, id: i64) -> Result<bool, Problem> {
    let month = month(cx);
    let asked = sql(concat!(
        "SELECT ",
        seen_whole!("$1", "$2", "p.unit_id", "p.year"),
        " AS holds FROM annual_plan p WHERE p.id = $3"
    ));
    let asked = asked.bind::<CallerScope, _>(scope).bind::<Date, _>(month).bind::<BigInt, _>(id);
    Ok(holds(cx.db(), asked).await?.unwrap_or(false))
}

/// Whether the plan that proposal `id` is made to is seen as a whole.
pub(in crate::plan) async fn sees_proposal(cx: &mut Context, id: i64) -> Result<bool, Problem> {
    let (scope, month) = (cx.scope.clone(), month(cx));
    let asked = sql(concat!(
        "SELECT ",
        seen_whole!("$1", "$2", "p.plan_unit_id", "p.year"),
        " AS holds FROM plan_proposal p WHERE p.id = $3"
    ));
    let asked = asked.bind::<CallerScope, _>(scope).bind::<Date, _>(month).bind::<BigInt, _>(id);
    Ok(holds(cx.db(), asked).await?.unwrap_or(false))
}

/// Whether plan `id` is seen as a whole.
pub(in crate::plan) async fn sees_plan(cx: &mut Context, id: i64) -> Result<bool, Problem> {
    let scope = cx.scope.clone();
    sees(cx, scope, id).await
}

/// Whether everybody in plan `id` is seen.
pub(in crate::plan) async fn sees_people(cx: &mut Context, id: i64) -> Result<bool, Problem> {
    let scope = people(cx);
    sees(cx, scope, id).await
}

/// Whether everybody in a store or group is seen in a plan of `year`. Who does not see them is told nothing of few.
pub(in crate::plan) async fn sees_people_of(
    cx: &mut Context,
    unit_id: i64,
    year: i32,
) -> Result<bool, Problem> {
    let (scope, month) = (people(cx), month(cx));
    let asked = sql(concat!(
        "SELECT ",
        seen_whole!("$1", "$2", "u.id", "$4"),
        " AS holds FROM org_unit u WHERE u.id = $3"
    ));
    let asked = asked
        .bind::<CallerScope, _>(scope)
        .bind::<Date, _>(month)
        .bind::<BigInt, _>(unit_id)
        .bind::<Integer, _>(year);
    Ok(holds(cx.db(), asked).await?.unwrap_or(false))
}

/// Refuses a plan that is not seen as a whole: for who asks there is none.
pub(in crate::plan) async fn require_plan(cx: &mut Context, id: i64) -> Result<(), Problem> {
    match sees_plan(cx, id).await? {
        true => Ok(()),
        false => Err(Problem::not_found("plan")),
    }
}

/// Refuses a plan of which no place is reached in any of its months: neither the own part, nor a team led, nor more.
pub(in crate::plan) async fn require_place(cx: &mut Context, id: i64) -> Result<(), Problem> {
    let asked = sql(
        "SELECT EXISTS (
             SELECT FROM plan_node n WHERE n.plan_id = $2 AND n.tree = 'organisation'
             AND (($1).everything OR n.employee_id = ($1).employee_id OR n.unit_id IN (
                 SELECT r.unit_id FROM reached($1) r JOIN annual_plan p ON p.id = $2
                 AND r.months && daterange(make_date(p.year, 1, 1), make_date(p.year + 1, 1, 1))))) AS holds",
    );
    let asked = asked.bind::<CallerScope, _>(cx.scope.clone()).bind::<BigInt, _>(id);
    match holds(cx.db(), asked).await? {
        Some(true) => Ok(()),
        _ => Err(Problem::not_found("plan")),
    }
}

/// Refuses a plan that is neither seen as a whole nor in part.
pub(in crate::plan) async fn require_part(cx: &mut Context, id: i64) -> Result<(), Problem> {
    match sees_plan(cx, id).await? {
        true => Ok(()),
        false => require_place(cx, id).await,
    }
}

/// Refuses a store or group whose plan of `year` would not be seen. A code that none of them has is let through: it is a
/// field at fault, and named together with the others.
pub(in crate::plan) async fn require_unit(cx: &mut Context, code: &str, year: i32) -> Result<(), Problem> {
    let asked = sql(concat!(
        "SELECT ",
        seen_whole!("$1", "$2", "u.id", "$4"),
        " AS holds FROM org_unit u WHERE u.code = $3 AND u.kind IN ('group', 'store')"
    ));
    let asked = asked
        .bind::<CallerScope, _>(cx.scope.clone())
        .bind::<Date, _>(month(cx))
        .bind::<Text, _>(code.to_owned())
        .bind::<Integer, _>(year);
    match holds(cx.db(), asked).await? {
        Some(false) => Err(Problem::not_found("unit")),
        _ => Ok(()),
    }
}

/// What somebody reaches in the months of a year, found once.
pub(in crate::plan) struct Reach {
    everything: bool,
    /// The own id; 0 for none.
    employee_id: i64,
    units: HashMap<i64, [bool; 12]>,
}

#[derive(QueryableByName)]
struct UnitMonth {
    #[diesel(sql_type = BigInt)]
    unit_id: i64,
    #[diesel(sql_type = Date)]
    period: Period,
}

impl Reach {
    /// Everything there is in a year, as far as `scope` reaches.
    pub(in crate::plan) async fn load(
        connection: &mut AsyncPgConnection,
        scope: &Scope,
        year: i32,
    ) -> Result<Self, Problem> {
        let rows: Vec<UnitMonth> = sql("SELECT r.unit_id, make_date($2, m, 1) AS period FROM reached($1) r
             JOIN generate_series(1, 12) m ON r.months @> make_date($2, m, 1)")
        .bind::<CallerScope, _>(scope.clone())
        .bind::<Integer, _>(year)
        .load(connection)
        .await?;
        let mut units: HashMap<i64, [bool; 12]> = HashMap::new();
        for row in rows {
            if let Some(slot) = units.entry(row.unit_id).or_default().get_mut(row.period.index()) {
                *slot = true;
            }
        }
        let employee_id = if scope.is_empty() { 0 } else { scope.employee_id };
        Ok(Self { everything: scope.is_everything(), employee_id, units })
    }

    /// The months, January first, in which a unit is reached as a whole.
    pub(in crate::plan) fn unit(&self, unit_id: i64) -> [bool; 12] {
        match self.everything {
            true => [true; 12],
            false => self.units.get(&unit_id).copied().unwrap_or_default(),
        }
    }

    /// The months in which a person within a unit is reached.
    pub(in crate::plan) fn person(&self, unit_id: i64, employee_id: i64) -> [bool; 12] {
        match employee_id != 0 && employee_id == self.employee_id {
            true => [true; 12],
            false => self.unit(unit_id),
        }
    }
}

/// What somebody sees of the organisation of a plan.
pub(in crate::plan) struct Sight {
    /// The plan is seen as a whole, and so is every unit in every month.
    sees_plan: bool,
    units: Reach,
    people: Reach,
}

impl Sight {
    /// What is seen of version `id` of a plan of `year`.
    pub(in crate::plan) async fn load(cx: &mut Context, id: i64, year: i32) -> Result<Self, Problem> {
        let sees_plan = sees_plan(cx, id).await?;
        Ok(Self { sees_plan, ..Self::of_units(cx, year).await? })
    }

    /// What is seen of units and people in `year`, whatever plan they stand in.
    pub(in crate::plan) async fn of_units(cx: &mut Context, year: i32) -> Result<Self, Problem> {
        let (scope, people) = (cx.scope.clone(), people(cx));
        Ok(Self {
            sees_plan: false,
            units: Reach::load(cx.db(), &scope, year).await?,
            people: Reach::load(cx.db(), &people, year).await?,
        })
    }

    /// The months, January first, in which everybody in a unit is seen.
    pub(in crate::plan) fn people_of(&self, unit_id: i64) -> [bool; 12] {
        self.people.unit(unit_id)
    }

    /// The months, January first, in which a unit, or a person within it, is seen.
    pub(in crate::plan) fn of(&self, unit_id: i64, employee_id: Option<i64>) -> [bool; 12] {
        match employee_id {
            Some(employee_id) => self.people.person(unit_id, employee_id),
            None if self.sees_plan => [true; 12],
            None => self.units.unit(unit_id),
        }
    }
}

/// The months that are reached; the others are null.
pub(in crate::plan) fn shown(months: [Option<i64>; 12], reached: &[bool; 12]) -> [Option<i64>; 12] {
    let mut shown = months;
    for (slot, is_reached) in shown.iter_mut().zip(reached) {
        *slot = slot.filter(|_| *is_reached);
    }
    shown
}
