//! Finding the people whom values are about.

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::caller::Scope;
use crate::http::Problem;
use crate::period::Period;

/// An employee of a month, and whether the caller reaches that person.
#[derive(Debug, QueryableByName)]
pub struct Person {
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
    #[diesel(sql_type = diesel::sql_types::Bool)]
    pub is_reached: bool,
}

/// The people with these 工号, each with whether `scope` reaches them in the month. The operator (no scope) reaches all.
pub async fn people(
    connection: &mut AsyncPgConnection,
    period: Period,
    employee_nos: &[String],
    scope: Option<&Scope>,
) -> Result<Vec<Person>, Problem> {
    let Scope { reaches, employee_id: caller, unit_id: unit } =
        scope.cloned().unwrap_or_else(Scope::operator);
    let people = diesel::sql_query(
        "SELECT e.id, e.employee_no, e.name, \
                coalesce(bool_or(may_reach($1, $2, $3, e.id, a.unit_id, $4)), 'all' = ANY ($1)) AS is_reached \
         FROM employee e LEFT JOIN assignment a ON a.employee_id = e.id \
              AND daterange(a.valid_from, a.valid_to) && daterange($4, $5) \
         WHERE e.employee_no = ANY ($6) GROUP BY e.id, e.employee_no, e.name",
    )
    .bind::<Array<Text>, _>(reaches)
    .bind::<BigInt, _>(caller)
    .bind::<BigInt, _>(unit)
    .bind::<Date, _>(period.first_day())
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
    struct Row {
        #[diesel(sql_type = Text)]
        employee_no: String,
    }
    let Scope { reaches, employee_id: caller, unit_id: unit } =
        scope.cloned().unwrap_or_else(Scope::operator);
    let rows: Vec<Row> = diesel::sql_query(
        "SELECT DISTINCT e.employee_no FROM employee e JOIN assignment a ON a.employee_id = e.id \
              AND daterange(a.valid_from, a.valid_to) && daterange($4, $5) \
         WHERE may_reach($1, $2, $3, e.id, a.unit_id, $4) ORDER BY e.employee_no",
    )
    .bind::<Array<Text>, _>(reaches)
    .bind::<BigInt, _>(caller)
    .bind::<BigInt, _>(unit)
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .load(connection)
    .await?;
    Ok(rows.into_iter().map(|row| row.employee_no).collect())
}
