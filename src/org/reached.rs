//! Whom, which units and which stores somebody reaches.

use diesel::dsl::{self, AsExprOf};
use diesel::expression::{SqlLiteral, UncheckedBind};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::UnitKind;
use super::owner::is_shown;
use crate::auth::Context;
use crate::auth::scope::{CallerScope, Scope, reaches, reaches_month};
use crate::db::sql;
use crate::http::{Code, Problem};
use crate::period::Period;
use crate::said::say;

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

pub(crate) use reached_in_month;

/// A condition on rows with the caller's reach in it: what stands before it, and behind.
#[derive(Clone, Copy)]
pub(super) struct Reached(&'static str, &'static str);

/// Units that are reached, in whatever month, and those above them.
pub(super) const UNITS: Reached = Reached(
    "org_unit.id IN (SELECT unnest(m.path) FROM reached(",
    ") r JOIN org_unit m ON m.id = r.unit_id)",
);

/// People who are or were posted in units while these are reached.
pub(super) const PEOPLE: Reached = Reached(
    "employee.id IN (SELECT a.employee_id FROM reached(",
    ") r JOIN assignment a ON a.unit_id = r.unit_id AND daterange(a.valid_from, a.valid_to) && r.months)",
);

/// Postings in units while these are reached.
pub(super) const POSTINGS: Reached = Reached(
    "assignment.id IN (SELECT a.id FROM reached(",
    ") r JOIN assignment a ON a.unit_id = r.unit_id AND daterange(a.valid_from, a.valid_to) && r.months)",
);

/// Leaderships of units while these are reached.
pub(super) const LEADERSHIPS: Reached = Reached(
    "team_leadership.id IN (SELECT l.id FROM reached(",
    ") r JOIN team_leadership l ON l.unit_id = r.unit_id AND daterange(l.valid_from, l.valid_to) && r.months)",
);

/// A [`Reached`] with a scope bound in it.
pub(super) type Within = SqlLiteral<Bool, UncheckedBind<SqlLiteral<Bool>, AsExprOf<Scope, CallerScope>>>;

impl Reached {
    /// The condition for a caller; none where everything is reached.
    pub(super) fn by(self, scope: &Scope) -> Option<Within> {
        let within = || dsl::sql::<Bool>(self.0).bind::<CallerScope, _>(scope.clone()).sql(self.1);
        (!scope.is_everything()).then(within)
    }
}

/// A unit that somebody reaches.
#[derive(QueryableByName)]
pub(crate) struct ReachedUnit {
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
pub(crate) async fn unit(
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

/// The unit of a code in a store in which the caller is posted today or that is within the reach of the login; what is above
/// stores is everybody's.
///
/// # Errors
///
/// Not found where there is none.
pub(crate) async fn unit_of_own_store(cx: &mut Context, code: &str) -> Result<ReachedUnit, Problem> {
    let (scope, today) = (cx.scope.clone(), cx.today());
    let found = sql(concat!(
        "SELECT asked.id, asked.kind, asked.path FROM org_unit asked WHERE asked.code = $3 AND ",
        is_shown!("$1", "asked.store_id", "$2")
    ))
    .bind::<CallerScope, _>(scope)
    .bind::<Date, _>(today)
    .bind::<Text, _>(code.to_owned())
    .get_result(cx.db())
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

/// The store of a code that the caller reaches this month.
///
/// # Errors
///
/// The field `store` at fault where there is none.
pub(crate) async fn named_store(cx: &mut Context, code: &str) -> Result<i64, Problem> {
    let (scope, month) = (cx.scope.clone(), Period::containing(cx.today()));
    match store(cx.db(), &scope, code, month).await {
        Err(problem) if problem.code == Code::NotFound => {
            let said = say!("您管辖的范围内没有门店“{code}”", "there is no store '{code}' within your reach");
            Err(Problem::field("store", said))
        }
        found => found,
    }
}

/// Whether `scope` reaches a unit as a whole in a month.
pub(crate) async fn is_reached(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    unit_id: i64,
    month: Period,
) -> Result<bool, Problem> {
    Ok(!months(connection, scope, unit_id, &[month]).await?.is_empty())
}

/// Those of some months in which `scope` reaches a unit as a whole.
pub(crate) async fn months(
    connection: &mut AsyncPgConnection,
    scope: &Scope,
    unit_id: i64,
    months: &[Period],
) -> Result<Vec<Period>, Problem> {
    #[derive(QueryableByName)]
    struct Reached {
        #[diesel(sql_type = Date)]
        month: Period,
    }
    let found: Vec<Reached> = sql(concat!(
        "SELECT m.month FROM unnest($3) AS m (month) WHERE ",
        reaches_month!("$1", "$2", "m.month")
    ))
    .bind::<CallerScope, _>(scope.clone())
    .bind::<BigInt, _>(unit_id)
    .bind::<Array<Date>, _>(months.to_vec())
    .load(connection)
    .await?;
    Ok(found.into_iter().map(|reached| reached.month).collect())
}
