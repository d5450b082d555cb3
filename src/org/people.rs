//! People.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{Employee, EmployeePatch, NewEmployee, is_code};
use crate::auth::audit;
use crate::db::schema::employee;
use crate::http::Problem;
use crate::http::etag::Seen;

/// People behind `after`, by id.
pub async fn list(
    connection: &mut AsyncPgConnection,
    after: i64,
    limit: i64,
) -> Result<Vec<Employee>, Problem> {
    let rows = employee::table
        .filter(employee::id.gt(after))
        .order(employee::id)
        .limit(limit)
        .select(employee::all_columns)
        .load(connection)
        .await?;
    Ok(rows)
}

/// The person with this employee_no.
pub async fn find(connection: &mut AsyncPgConnection, employee_no: &str) -> Result<Employee, Problem> {
    if !is_code(employee_no) {
        return Err(Problem::not_found("employee"));
    }
    let found =
        employee::table.filter(employee::employee_no.eq(employee_no)).first(connection).await.optional()?;
    found.ok_or_else(|| Problem::not_found("employee"))
}

/// The ids of those of these employee numbers that exist.
pub async fn employees_by_no(
    connection: &mut AsyncPgConnection,
    numbers: &[String],
) -> Result<HashMap<String, i64>, Problem> {
    let numbers: Vec<_> = numbers.iter().filter(|number| is_code(number)).collect();
    let rows: Vec<(String, i64)> = employee::table
        .filter(employee::employee_no.eq_any(numbers))
        .select((employee::employee_no, employee::id))
        .load(connection)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Adds a person. `by` is who does it; none is the operator.
pub async fn create(
    connection: &mut AsyncPgConnection,
    new: NewEmployee,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<Employee, Problem> {
    connection
        .transaction(async |connection| {
            let created: Employee = diesel::insert_into(employee::table)
                .values((
                    employee::employee_no.eq(&new.employee_no),
                    employee::name.eq(&new.name),
                    employee::status.eq(new.status),
                ))
                .returning(employee::all_columns)
                .get_result(connection)
                .await?;
            let detail = json!({ "name": new.name, "status": new.status });
            let subject = format!("employee/{}", new.employee_no);
            audit::record(connection, now, by, "create_employee", &subject, detail).await?;
            Ok(created)
        })
        .await
}

/// Changes a person who is still as the caller has seen it.
pub async fn change(
    connection: &mut AsyncPgConnection,
    employee_no: &str,
    patch: EmployeePatch,
    seen: Seen,
    by: i64,
    now: DateTime<Utc>,
) -> Result<Employee, Problem> {
    if !is_code(employee_no) {
        return Err(Problem::not_found("employee"));
    }
    connection
        .transaction(async |connection| {
            let (id, version): (i64, i32) = employee::table
                .filter(employee::employee_no.eq(employee_no))
                .select((employee::id, employee::version))
                .for_update()
                .first(connection)
                .await
                .optional()?
                .ok_or_else(|| Problem::not_found("employee"))?;
            seen.check(version)?;
            let changed: Employee = diesel::update(employee::table.find(id))
                .set((
                    patch.name.as_ref().map(|name| employee::name.eq(name)),
                    patch.status.map(|status| employee::status.eq(status)),
                    employee::version.eq(version + 1),
                ))
                .returning(employee::all_columns)
                .get_result(connection)
                .await?;
            let detail = json!({ "name": patch.name, "status": patch.status });
            let subject = format!("employee/{employee_no}");
            audit::record(connection, now, Some(by), "change_employee", &subject, detail).await?;
            Ok(changed)
        })
        .await
}
