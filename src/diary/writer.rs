//! Who writes of the own days, and whether the month can still take it.

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::caller::Identity;
use crate::http::Problem;
use crate::ledger;
use crate::period::Period;

/// The positions that owe reports and write daily sheets, as PostgreSQL writes a list.
pub const POSITIONS: &str = "('sales_consultant', 'team_leader', 'telesales_specialist')";

/// The employee behind a login.
///
/// # Errors
///
/// A conflict where there is none: what one writes oneself is nobody else's.
pub fn of(identity: &Identity) -> Result<i64, Problem> {
    identity.employee_id.ok_or_else(|| {
        Problem::conflict("this login belongs to no employee, and what one writes oneself is nobody else's")
    })
}

/// Refuses a day that nobody means: the calendar and the database end somewhere.
///
/// # Errors
///
/// The field at fault.
pub fn require_sane(field: &str, day: NaiveDate) -> Result<(), Problem> {
    match (1900..3000).contains(&day.year()) {
        true => Ok(()),
        false => Err(Problem::field(field, "expected a day of 1900 to 2999")),
    }
}

/// Refuses a day on which the person holds no posting that writes.
///
/// # Errors
///
/// The field `day` at fault.
pub async fn require_posting(
    connection: &mut AsyncPgConnection,
    employee_id: i64,
    day: NaiveDate,
) -> Result<(), Problem> {
    let held: i64 = diesel::sql_query(format!(
        "SELECT count(*) AS number FROM assignment WHERE employee_id = $1 \
         AND daterange(valid_from, valid_to) @> $2 AND position IN {POSITIONS}"
    ))
    .bind::<BigInt, _>(employee_id)
    .bind::<Date, _>(day)
    .get_result::<Number>(connection)
    .await?
    .number;
    match held {
        0 => {
            Err(Problem::field("day", format!("you hold no posting on {day} that writes reports and sheets")))
        }
        _ => Ok(()),
    }
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Takes the lock of these people's month, and refuses a month that is frozen for one of them: whoever freezes it
/// waits, and nothing is written into it afterwards.
///
/// # Errors
///
/// A conflict that names the store.
pub async fn require_open(
    connection: &mut AsyncPgConnection,
    period: Period,
    people: &[i64],
) -> Result<(), Problem> {
    #[derive(QueryableByName)]
    struct Frozen {
        #[diesel(sql_type = Text)]
        name: String,
    }
    ledger::lock(connection, period, people).await?;
    let frozen: Option<Frozen> = diesel::sql_query(
        "SELECT s.name FROM month_close c JOIN org_unit s ON s.id = c.store_id JOIN org_unit u ON u.store_id = s.id \
         JOIN assignment a ON a.unit_id = u.id AND daterange(a.valid_from, a.valid_to) && daterange($1, $2) \
         WHERE c.period = $1 AND a.employee_id = ANY ($3) ORDER BY s.id LIMIT 1",
    )
    .bind::<Date, _>(period.first_day())
    .bind::<Date, _>(period.end())
    .bind::<Array<BigInt>, _>(people)
    .get_result(connection)
    .await
    .optional()?;
    match frozen {
        None => Ok(()),
        Some(Frozen { name }) => Err(Problem::conflict(format!(
            "{period} of {name} is frozen: nothing is written into it any more"
        ))),
    }
}
