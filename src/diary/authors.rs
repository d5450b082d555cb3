//! Who may write of a day: the people whose positions write, on days on which they hold one, into months that are open.

use chrono::{Datelike as _, NaiveDate};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Date, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::auth::Identity;
use crate::db::sql;
use crate::http::Problem;
use crate::ledger;
use crate::period::Period;
use crate::said::say;

/// The positions that owe reports and write daily sheets, as PostgreSQL writes a list.
pub const POSITIONS: &str = "('sales_consultant', 'team_leader', 'telesales_specialist')";

/// The login that asks.
///
/// # Errors
///
/// Internal where nobody does: what the diary keeps is always somebody's.
pub fn login(cx: &Context) -> Result<Identity, Problem> {
    cx.identity.clone().ok_or_else(|| Problem::internal(&"the operator writes no diary"))
}

/// The employee behind the login that asks.
///
/// # Errors
///
/// A conflict where there is none: everybody writes for themselves.
pub fn employee(cx: &Context) -> Result<i64, Problem> {
    let no_employee = say!(
        "这个账号不属于任何员工，而这些只能由本人写",
        "this login belongs to no employee, and people can write these only for themselves"
    );
    cx.identity.as_ref().and_then(|login| login.employee_id).ok_or_else(|| Problem::conflict(no_employee))
}

/// Refuses a text of nothing but spaces, as a check of garde.
pub fn says_something(text: &str, (): &()) -> garde::Result {
    match text.trim().is_empty() {
        true => Err(crate::http::body::refused(&say!("应为文字", "expected a text"))),
        false => Ok(()),
    }
}

/// Refuses a day that nobody means: the calendar and the database end somewhere.
///
/// # Errors
///
/// The field at fault.
pub fn require_sane(field: &str, day: NaiveDate) -> Result<(), Problem> {
    match (1900..3000).contains(&day.year()) {
        true => Ok(()),
        false => {
            Err(Problem::field(field, say!("日期应在 1900 到 2999 年之间", "expected a day of 1900 to 2999")))
        }
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
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Bool)]
        is_held: bool,
    }
    let held: Held = sql(format!(
        "SELECT EXISTS (SELECT FROM assignment WHERE employee_id = $1 \
             AND daterange(valid_from, valid_to) @> $2 AND position IN {POSITIONS}) AS is_held"
    ))
    .bind::<BigInt, _>(employee_id)
    .bind::<Date, _>(day)
    .get_result(connection)
    .await?;
    match held.is_held {
        true => Ok(()),
        false => Err(Problem::field(
            "day",
            say!(
                "{day} 您不在要写总结和日报的岗位上",
                "on {day} you hold no position that writes reports and daily sheets"
            ),
        )),
    }
}

/// Takes the lock of these people's month, and refuses a month that is frozen for one of these people: whoever freezes it
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
    let frozen: Option<Frozen> = sql(
        "SELECT s.name FROM month_close c JOIN org_unit s ON s.id = c.store_id JOIN org_unit u ON u.store_id = s.id \
         JOIN assignment a ON a.unit_id = u.id AND daterange(a.valid_from, a.valid_to) && daterange($1, $2) \
         WHERE c.period = $1 AND a.employee_id = ANY ($3) ORDER BY s.id LIMIT 1",
    )
    .bind::<Date, _>(period)
    .bind::<Date, _>(period.end())
    .bind::<Array<BigInt>, _>(people.to_vec())
    .get_result(connection)
    .await
    .optional()?;
    match frozen {
        None => Ok(()),
        Some(Frozen { name }) => Err(Problem::conflict(say!(
            "{name} 的 {period} 已经关账，不能再写",
            "{period} is frozen for {name}: nothing more can be written into it"
        ))),
    }
}
