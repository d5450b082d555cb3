//! Whom and which units somebody reaches, as the diary asks it.

use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::scope::{CallerScope, Scope, reaches};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::org::UnitKind;
use crate::period::Period;

/// The condition that somebody is reached in a month: `reached_in_month!("$1", "r.employee_id", "r.period")`, with a
/// [`Scope`] bound as `$1`. One of the person's postings of the month has to be reached. To be imported with `reaches`.
macro_rules! reached_in_month {
    ($scope:literal, $person:literal, $month:literal) => {
        concat!(
            "EXISTS (SELECT FROM assignment a WHERE a.employee_id = ",
            $person,
            " AND daterange(a.valid_from, a.valid_to) && daterange(",
            $month,
            ", (",
            $month,
            " + interval '1 month')::date) AND ",
            reaches!($scope, "a.employee_id", "a.unit_id", $month),
            ")"
        )
    };
}

pub(super) use reached_in_month;

/// A unit that somebody reaches.
#[derive(QueryableByName)]
pub(super) struct ReachedUnit {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub kind: UnitKind,
    /// The units above it and itself, topmost first.
    #[diesel(sql_type = Array<BigInt>)]
    pub path: Vec<i64>,
}

/// The unit of a code that `scope` reaches as a whole in a month.
///
/// # Errors
///
/// Not found where there is none.
pub(super) async fn unit(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    code: &str,
    month: Period,
) -> Result<ReachedUnit, Problem> {
    let found = sql(concat!(
        "SELECT u.id, u.kind, u.path FROM org_unit u WHERE u.code = $2 AND ",
        reaches!("$1", "u.id", "$3")
    ))
    .bind::<CallerScope, _>(scope.clone())
    .bind::<Text, _>(code.to_owned())
    .bind::<Date, _>(month)
    .get_result(connection)
    .await
    .optional()?;
    found.ok_or_else(|| Problem::not_found("unit"))
}

/// The store of a code that `scope` reaches in a month.
///
/// # Errors
///
/// Not found where there is none.
pub(crate) async fn store(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    code: &str,
    month: Period,
) -> Result<i64, Problem> {
    match unit(connection, scope, code, month).await {
        Ok(unit) if unit.kind == UnitKind::Store => Ok(unit.id),
        Err(problem) if problem.code != Code::NotFound => Err(problem),
        _ => Err(Problem::not_found("store")),
    }
}
