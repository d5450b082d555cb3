//! People.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde_json::json;

use super::{Employee, EmployeePatch, NewEmployee, is_code, reached};
use crate::auth::Context;
use crate::db::schema::employee;
use crate::http::etag::Seen;
use crate::http::{Page, Problem, Window};

/// A page of the people who are or were posted in the stores that the caller reaches, by id.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<Employee>, Problem> {
    Ok(window.page(load(cx, None, window).await?, |person: &Employee| person.id))
}

/// The person with this employee_no, if the caller sees them.
pub async fn find(cx: &mut Context, employee_no: &str) -> Result<Employee, Problem> {
    let found = match is_code(employee_no) {
        true => load(cx, Some(employee_no), Window::ONE).await?.pop(),
        false => None,
    };
    found.ok_or_else(|| Problem::not_found("employee"))
}

async fn load(cx: &mut Context, employee_no: Option<&str>, window: Window) -> Result<Vec<Employee>, Problem> {
    let mut query = employee::table
        .filter(employee::id.gt(window.after))
        .order(employee::id)
        .limit(window.rows())
        .select(employee::all_columns)
        .into_boxed();
    if let Some(employee_no) = employee_no {
        query = query.filter(employee::employee_no.eq(employee_no.to_owned()));
    }
    if let Some(within) = reached::PEOPLE.by(&cx.scope) {
        query = query.filter(within);
    }
    Ok(query.load(cx.db()).await?)
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

/// Adds a person.
pub async fn create(cx: &mut Context, new: NewEmployee) -> Result<Employee, Problem> {
    cx.transaction(async |cx| {
        let created: Employee = diesel::insert_into(employee::table)
            .values((
                employee::employee_no.eq(&new.employee_no),
                employee::name.eq(&new.name),
                employee::status.eq(new.status),
            ))
            .returning(employee::all_columns)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "name": new.name, "status": new.status });
        let subject = format!("employee/{}", new.employee_no);
        cx.audit("create_employee", &subject, detail).await?;
        Ok(created)
    })
    .await
}

/// Changes a person who is still as the caller has seen it.
pub async fn change(
    cx: &mut Context,
    employee_no: &str,
    patch: EmployeePatch,
    seen: Seen,
) -> Result<Employee, Problem> {
    if !is_code(employee_no) {
        return Err(Problem::not_found("employee"));
    }
    cx.transaction(async |cx| {
        let current: Employee = employee::table
            .filter(employee::employee_no.eq(employee_no))
            .for_update()
            .first(cx.db())
            .await
            .optional()?
            .ok_or_else(|| Problem::not_found("employee"))?;
        let (id, version) = (current.id, current.version);
        seen.check(version)?;
        if !patch.changes(&current) {
            return Ok(current);
        }
        let changed: Employee = diesel::update(employee::table.find(id))
            .set((
                patch.name.as_ref().map(|name| employee::name.eq(name)),
                patch.status.map(|status| employee::status.eq(status)),
                employee::version.eq(version + 1),
            ))
            .returning(employee::all_columns)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "name": patch.name, "status": patch.status });
        let subject = format!("employee/{employee_no}");
        cx.audit("change_employee", &subject, detail).await?;
        Ok(changed)
    })
    .await
}
