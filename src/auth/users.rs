//! Logins: who may sign in, with which roles, for which employee.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::Role;
use super::{audit, password};
use crate::db::schema::{employee, org_unit, user_account};
use crate::http::etag::Seen;
use crate::http::problem::FieldError;
use crate::http::{Code, Problem};

/// A login as it is shown: never with its password.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// What is typed at sign-in.
    pub login: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// 工号 of the employee behind it.
    pub employee_no: Option<String>,
    /// Code of the unit it is confined to.
    pub unit: Option<String>,
    /// Whether it can no longer sign in.
    pub is_disabled: bool,
    /// Grows with every change; the ETag.
    pub version: i32,
}

/// A login to be created.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// What is typed at sign-in: 2 to 64 letters, digits, `.`, `_`, `-` or `@`. Case does not matter.
    #[garde(length(chars, min = 2, max = 64), custom(login_characters))]
    #[schema(example = "li.simin")]
    pub login: String,
    /// 10 characters or more.
    #[garde(length(chars, min = password::MIN_LENGTH), length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password)]
    pub password: String,
    /// One role or more.
    #[garde(length(min = 1, max = 13))]
    pub roles: Vec<Role>,
    /// 工号 of the employee whose login it is.
    #[garde(skip)]
    #[serde(default)]
    pub employee_no: Option<String>,
    /// Code of the unit to which a login without an employee is confined, for example a store's dashboard.
    #[garde(skip)]
    #[serde(default)]
    pub unit: Option<String>,
}

fn login_characters(login: &str, _: &()) -> garde::Result {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    match login.chars().all(is_allowed) {
        true => Ok(()),
        false => Err(garde::Error::new("expected letters, digits, '.', '_', '-' or '@'")),
    }
}

/// Changes to a login.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// New roles.
    #[garde(inner(length(min = 1, max = 13)))]
    #[serde(default)]
    pub roles: Option<Vec<Role>>,
    /// New password.
    #[garde(inner(length(chars, min = password::MIN_LENGTH), length(bytes, max = password::MAX_LENGTH)))]
    #[serde(default)]
    #[schema(format = Password)]
    pub password: Option<String>,
    /// Whether it can no longer sign in.
    #[garde(skip)]
    #[serde(default)]
    pub is_disabled: Option<bool>,
}

/// A new password for the own login.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    /// The password until now.
    #[garde(length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password)]
    pub old_password: String,
    /// 10 characters or more.
    #[garde(length(chars, min = password::MIN_LENGTH), length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password)]
    pub new_password: String,
}

type Row = (i64, String, Vec<String>, Option<String>, Option<String>, bool, i32);

fn user((id, login, roles, employee_no, unit, is_disabled, version): Row) -> User {
    User { id, login, roles: read_roles(&roles), employee_no, unit, is_disabled, version }
}

/// Roles as the table keeps them. A role that this program no longer knows gives no rights.
pub fn read_roles(names: &[String]) -> Vec<Role> {
    names.iter().filter_map(|name| serde_json::from_value(json!(name)).ok()).collect()
}

fn role_names(roles: &[Role]) -> Vec<String> {
    let mut names = roles
        .iter()
        .filter_map(|role| serde_json::to_value(role).ok()?.as_str().map(str::to_owned))
        .collect::<Vec<_>>();
    names.sort();
    names.dedup();
    names
}

/// Logins behind `after`, by id.
pub async fn list(connection: &mut AsyncPgConnection, after: i64, limit: i64) -> Result<Vec<User>, Problem> {
    let rows: Vec<Row> = user_account::table
        .left_join(employee::table.on(user_account::employee_id.eq(employee::id.nullable())))
        .left_join(org_unit::table.on(user_account::unit_id.eq(org_unit::id.nullable())))
        .filter(user_account::id.gt(after))
        .order(user_account::id)
        .limit(limit)
        .select((
            user_account::id,
            user_account::login,
            user_account::roles,
            employee::employee_no.nullable(),
            org_unit::code.nullable(),
            user_account::is_disabled,
            user_account::version,
        ))
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(user).collect())
}

/// The login with this id.
pub async fn find(connection: &mut AsyncPgConnection, id: i64) -> Result<User, Problem> {
    let found = list(connection, id.saturating_sub(1), 1).await?.into_iter().find(|user| user.id == id);
    found.ok_or_else(|| Problem::not_found("user"))
}

/// Creates a login. `by` is who does it; none is the operator.
pub async fn create(
    connection: &mut AsyncPgConnection,
    new: NewUser,
    by: Option<i64>,
    now: DateTime<Utc>,
) -> Result<User, Problem> {
    let is_everywhere = |role: &Role| matches!(role, Role::GroupAdmin | Role::Auditor | Role::SystemAdmin);
    if new.employee_no.is_none() && new.unit.is_none() && !new.roles.iter().all(is_everywhere) {
        let message =
            "these roles reach a store: name the employee whose login it is, or the unit it is confined to";
        return Err(Problem::field("employee_no", message));
    }
    let hash = password::hash(SecretString::from(new.password)).await?;
    let id = connection
        .transaction(async |connection| {
            let (employee_id, unit_id) =
                resolve(connection, new.employee_no.as_deref(), new.unit.as_deref()).await?;
            let id: i64 = diesel::insert_into(user_account::table)
                .values((
                    user_account::login.eq(new.login.to_lowercase()),
                    user_account::password_hash.eq(hash),
                    user_account::roles.eq(role_names(&new.roles)),
                    user_account::employee_id.eq(employee_id),
                    user_account::unit_id.eq(unit_id),
                    user_account::created_at.eq(now),
                ))
                .returning(user_account::id)
                .get_result(connection)
                .await?;
            let detail = json!({ "login": new.login, "roles": role_names(&new.roles) });
            audit::record(connection, now, by, "create_user", &format!("user/{id}"), detail).await?;
            Ok::<_, Problem>(id)
        })
        .await?;
    find(connection, id).await
}

/// Changes a login that is still as the caller has seen it. A new password or a disabled login ends its sessions.
pub async fn change(
    connection: &mut AsyncPgConnection,
    id: i64,
    patch: UserPatch,
    seen: Seen,
    by: i64,
    now: DateTime<Utc>,
) -> Result<User, Problem> {
    let hash = match patch.password {
        Some(password) => Some(password::hash(SecretString::from(password)).await?),
        None => None,
    };
    connection
        .transaction(async |connection| {
            let current: i32 = user_account::table
                .find(id)
                .select(user_account::version)
                .for_update()
                .first(connection)
                .await
                .optional()?
                .ok_or_else(|| Problem::not_found("user"))?;
            seen.check(current)?;
            if let Some(roles) = &patch.roles {
                diesel::update(user_account::table.find(id))
                    .set(user_account::roles.eq(role_names(roles)))
                    .execute(connection)
                    .await?;
            }
            if let Some(hash) = &hash {
                diesel::update(user_account::table.find(id))
                    .set(user_account::password_hash.eq(hash))
                    .execute(connection)
                    .await?;
            }
            if let Some(is_disabled) = patch.is_disabled {
                diesel::update(user_account::table.find(id))
                    .set(user_account::is_disabled.eq(is_disabled))
                    .execute(connection)
                    .await?;
            }
            diesel::update(user_account::table.find(id))
                .set(user_account::version.eq(current + 1))
                .execute(connection)
                .await?;
            super::session::revoke_all(connection, id, now).await?;
            let detail = json!({
                "roles": patch.roles.as_deref().map(role_names),
                "password": hash.is_some(),
                "is_disabled": patch.is_disabled,
            });
            audit::record(connection, now, Some(by), "change_user", &format!("user/{id}"), detail).await
        })
        .await?;
    find(connection, id).await
}

/// Sets the own password for somebody who knows the one until now. All sessions of the login end.
pub async fn change_own_password(
    connection: &mut AsyncPgConnection,
    id: i64,
    passwords: NewPassword,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let before: String =
        user_account::table.find(id).select(user_account::password_hash).first(connection).await?;
    let old = SecretString::from(passwords.old_password);
    if !password::verify(old, Some(before.clone())).await? {
        return Err(Problem::field("old_password", "this is not your password"));
    }
    let hash = password::hash(SecretString::from(passwords.new_password)).await?;
    connection
        .transaction(async |connection| {
            let is_changed = diesel::update(user_account::table.find(id))
                .filter(user_account::password_hash.eq(before))
                .set((
                    user_account::password_hash.eq(hash),
                    user_account::version.eq(user_account::version + 1),
                ))
                .execute(connection)
                .await?
                == 1;
            if !is_changed {
                return Err(Problem::conflict("your password has just been changed by somebody else"));
            }
            super::session::revoke_all(connection, id, now).await?;
            audit::record(connection, now, Some(id), "change_password", &format!("user/{id}"), json!({}))
                .await
        })
        .await
}

/// Whether nobody can sign in yet.
pub async fn is_empty(connection: &mut AsyncPgConnection) -> Result<bool, Problem> {
    let first: Option<i64> =
        user_account::table.select(user_account::id).first(connection).await.optional()?;
    Ok(first.is_none())
}

/// Ids of the employee and the unit of a new login; names both if both are unknown.
async fn resolve(
    connection: &mut AsyncPgConnection,
    employee_no: Option<&str>,
    unit: Option<&str>,
) -> Result<(Option<i64>, Option<i64>), Problem> {
    let employee_id: Option<i64> = employee::table
        .filter(employee::employee_no.nullable().eq(employee_no))
        .select(employee::id)
        .first(connection)
        .await
        .optional()?;
    let unit_id: Option<i64> = org_unit::table
        .filter(org_unit::code.nullable().eq(unit))
        .select(org_unit::id)
        .first(connection)
        .await
        .optional()?;
    let unknown = |field: &str, kind: &str, name: &str| FieldError {
        field: field.to_owned(),
        message: format!("there is no {kind} '{name}'"),
    };
    let employee = employee_no.filter(|_| employee_id.is_none());
    let unit = unit.filter(|_| unit_id.is_none());
    let faults = employee.map(|name| unknown("employee_no", "employee", name)).into_iter();
    let faults = faults.chain(unit.map(|name| unknown("unit", "unit", name))).collect::<Vec<_>>();
    if faults.is_empty() { Ok((employee_id, unit_id)) } else { Err(Problem::fields(faults)) }
}

/// The program's own first administrator, so that somebody can sign in at all.
pub async fn create_first_administrator(
    connection: &mut AsyncPgConnection,
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, Problem> {
    if !is_empty(connection).await? {
        return Ok(None);
    }
    let password = password::generate();
    let new = NewUser {
        login: "admin".to_owned(),
        password: password.clone(),
        roles: vec![Role::SystemAdmin],
        employee_no: None,
        unit: None,
    };
    match create(connection, new, None, now).await {
        Ok(user) => Ok(Some((user.login, password))),
        // Another server has just done the same.
        Err(problem) if problem.code == Code::Conflict => Ok(None),
        Err(problem) => Err(problem),
    }
}
