//! Finding the people whom values are about.

use std::collections::HashMap;

use chrono::NaiveDate;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Identity;
use crate::auth::access::{Action as _, EnterFacts, is_judgement, may_enter};
use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::http::Problem;
use crate::period::Period;
use crate::said::{Said, say};

/// An employee of a month, and whether the caller reaches that person.
#[derive(Debug, QueryableByName)]
pub struct ReachedPerson {
    /// The employee.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether one of the caller's reaches holds for one of the person's postings in the month.
    #[diesel(sql_type = Bool)]
    pub is_reached: bool,
    /// The first day on which the person ever held a posting; none for somebody who never did.
    #[diesel(sql_type = Nullable<Date>)]
    pub posted_from: Option<NaiveDate>,
}

impl ReachedPerson {
    /// Why nothing is recorded of a day, or of a month that ends before it: the person had not come yet.
    pub fn not_yet(&self, period: Period, day: Option<NaiveDate>) -> Option<Said> {
        let from = self.posted_from?;
        let is_before = match day {
            Some(day) => day < from,
            None => period.end() <= from,
        };
        let Self { name, employee_no, .. } = self;
        is_before.then(|| {
            say!(
                "{name}（{employee_no}）从 {from} 起才在岗",
                "{name} ({employee_no}) is posted from {from} on"
            )
        })
    }
}

/// For whom somebody may enter what a source brings: the reach of those roles that may enter it. The operator (no
/// identity) may enter everything.
pub fn entering(by: Option<&Identity>, source: Option<&str>) -> Scope {
    let allowed = may_enter(source);
    by.map_or_else(Scope::operator, |by| {
        Scope::of(by, |role| EnterFacts::reach_of(role).filter(|_| allowed.contains(&role)))
    })
}

/// Whether somebody would judge, or set a target for, the own person: that is for others to do.
pub fn is_own_judgement(by: Option<&Identity>, source: Option<&str>, employee_id: i64) -> bool {
    by.is_some_and(|by| by.employee_id == Some(employee_id)) && source.is_some_and(is_judgement)
}

/// The people with these 工号, each with whether `scope` reaches them in the month. The operator (no scope) reaches all.
pub async fn people(
    connection: &mut AsyncPgConnection,
    period: Period,
    employee_nos: &[String],
    scope: Option<&Scope>,
) -> Result<Vec<ReachedPerson>, Problem> {
    let people = sql(concat!(
        "SELECT e.id, e.employee_no, e.name, coalesce(bool_or(",
        reaches!("$1", "e.id", "a.unit_id", "$2"),
        ") FILTER (WHERE daterange(a.valid_from, a.valid_to) && daterange($2, $3)), \
             e.id = ($1).employee_id, false) OR ($1).everything AS is_reached, min(a.valid_from) AS posted_from \
         FROM employee e LEFT JOIN assignment a ON a.employee_id = e.id \
         WHERE e.employee_no = ANY ($4) GROUP BY e.id, e.employee_no, e.name",
    ))
    .over(employee_nos.len())
    .bind::<CallerScope, _>(scope.cloned().unwrap_or_else(Scope::operator))
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<Array<Text>, _>(employee_nos)
    .load(connection)
    .await?;
    Ok(people)
}

/// The 工号 of everybody posted in the month whom `scope` reaches, for hints. The operator (no scope) reaches all.
pub async fn employee_nos(
    connection: &mut AsyncPgConnection,
    period: Period,
    scope: Option<&Scope>,
) -> Result<Vec<String>, Problem> {
    #[derive(QueryableByName)]
    struct Posted {
        #[diesel(sql_type = Text)]
        employee_no: String,
    }
    let posted: Vec<Posted> = sql(concat!(
        "SELECT DISTINCT e.employee_no FROM employee e JOIN assignment a ON a.employee_id = e.id \
              AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) WHERE ",
        reaches!("$1", "e.id", "a.unit_id", "$2"),
        " ORDER BY e.employee_no",
    ))
    .bind::<CallerScope, _>(scope.cloned().unwrap_or_else(Scope::operator))
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    Ok(posted.into_iter().map(|person| person.employee_no).collect())
}

/// On how many days of the month each of these people held any posting.
pub async fn posted_days(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<HashMap<i64, u32>, Problem> {
    #[derive(QueryableByName)]
    struct PostedDays {
        #[diesel(sql_type = BigInt)]
        employee_id: i64,
        #[diesel(sql_type = BigInt)]
        days: i64,
    }
    if people.is_empty() {
        return Ok(HashMap::new());
    }
    let posted: Vec<PostedDays> = sql(
        "SELECT p.employee_id, sum(upper(held) - lower(held)) AS days FROM ( \
             SELECT a.employee_id, range_agg(daterange(a.valid_from, a.valid_to) * daterange($2, $3)) AS all_held \
             FROM assignment a WHERE a.employee_id = ANY ($1) \
             AND daterange(a.valid_from, a.valid_to) && daterange($2, $3) GROUP BY a.employee_id) p \
         CROSS JOIN LATERAL unnest(p.all_held) AS held GROUP BY p.employee_id",
    )
    .over(people.len())
    .bind::<Array<BigInt>, _>(people)
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    let days = |one: PostedDays| (one.employee_id, u32::try_from(one.days).unwrap_or(0));
    Ok(posted.into_iter().map(days).collect())
}
