//! Logins: who may sign in, with which roles, for which employee.

use std::net::IpAddr;

use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::{Action as _, ManageUsers, Role};
use super::attempts::{self, Attempt};
use super::context::Context;
use super::password;
use crate::db::schema::{employee, org_unit, user_account};
use crate::http::body::refused;
use crate::http::etag::Seen;
use crate::http::{Code, FieldError, Page, Problem, Window};
use crate::said::say;

/// A login, as it is shown: never with its password.
#[derive(Clone, Debug, Queryable, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Its id.
    pub id: i64,
    /// The name typed at sign-in.
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
    /// The name typed at sign-in: 2 to 64 letters, digits, `.`, `_`, `-` or `@`. Case does not matter.
    #[garde(length(chars, min = 2, max = 64), custom(login_characters))]
    #[schema(example = "li.simin", min_length = 2, max_length = 64)]
    pub login: String,
    /// 10 characters or more, and none of the passwords that are tried first.
    #[garde(
        length(chars, min = password::MIN_LENGTH),
        length(bytes, max = password::MAX_LENGTH),
        custom(password::uncommon),
        custom(password::unlike(&self.login))
    )]
    #[schema(format = Password, min_length = 10, max_length = 200)]
    pub password: String,
    /// At least one role.
    #[garde(length(min = 1, max = 13))]
    #[schema(min_items = 1, max_items = 13)]
    pub roles: Vec<Role>,
    /// 工号 of the employee whose login it is.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub employee_no: Option<String>,
    /// Code of the unit to which a login without an employee is confined, for example a store's dashboard.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub unit: Option<String>,
}

fn login_characters(login: &str, _: &()) -> garde::Result {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    match login.chars().all(is_allowed) {
        true => Ok(()),
        false => Err(refused(&say!(
            "只能用字母、数字和 . _ - @",
            "expected letters, digits, '.', '_', '-' or '@'"
        ))),
    }
}

/// Changes to a login.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserPatch {
    /// New roles.
    #[garde(inner(length(min = 1, max = 13)))]
    #[serde(default)]
    #[schema(min_items = 1, max_items = 13)]
    pub roles: Option<Vec<Role>>,
    /// New password.
    #[garde(inner(
        length(chars, min = password::MIN_LENGTH),
        length(bytes, max = password::MAX_LENGTH),
        custom(password::uncommon)
    ))]
    #[serde(default)]
    #[schema(format = Password, min_length = 10, max_length = 200)]
    pub password: Option<String>,
    /// Whether it can no longer sign in.
    #[garde(skip)]
    #[serde(default)]
    pub is_disabled: Option<bool>,
}

/// A new password for your own login.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PasswordChange)]
pub struct NewPassword {
    /// The current password.
    #[garde(length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password, max_length = 200)]
    pub old_password: String,
    /// 10 characters or more, and none of the passwords that are tried first.
    #[garde(
        length(chars, min = password::MIN_LENGTH),
        length(bytes, max = password::MAX_LENGTH),
        custom(password::uncommon)
    )]
    #[schema(format = Password, min_length = 10, max_length = 200)]
    pub new_password: String,
}

/// Roles as the table keeps them: each once, by name.
fn kept(roles: &[Role]) -> Vec<Role> {
    let mut kept = roles.to_vec();
    kept.sort_by_key(|role| role.name());
    kept.dedup();
    kept
}

/// A page of logins, by id.
pub async fn list(cx: &mut Context, window: Window) -> Result<Page<User>, Problem> {
    Ok(window.page(load(cx, window).await?, |user| user.id))
}

async fn load(cx: &mut Context, window: Window) -> Result<Vec<User>, Problem> {
    let users = user_account::table
        .left_join(employee::table.on(user_account::employee_id.eq(employee::id.nullable())))
        .left_join(org_unit::table.on(user_account::unit_id.eq(org_unit::id.nullable())))
        .filter(user_account::id.gt(window.after))
        .order(user_account::id)
        .limit(window.rows())
        .select((
            user_account::id,
            user_account::login,
            user_account::roles,
            employee::employee_no.nullable(),
            org_unit::code.nullable(),
            user_account::is_disabled,
            user_account::version,
        ))
        .load(cx.db())
        .await?;
    Ok(users)
}

/// The login with this id.
pub async fn find(cx: &mut Context, id: i64) -> Result<User, Problem> {
    let before = Window { after: id.saturating_sub(1), limit: 1 };
    let found = load(cx, before).await?.into_iter().find(|user| user.id == id);
    found.ok_or_else(|| Problem::not_found("user"))
}

/// The hash of a password that is to be set. To be asked for before there is a connection.
pub async fn hashed(password: &str) -> Result<String, Problem> {
    password::hash(SecretString::from(password)).await
}

/// Creates a login.
pub async fn create(cx: &mut Context, new: NewUser) -> Result<User, Problem> {
    let hash = hashed(&new.password).await?;
    create_with(cx, new, hash).await
}

/// Creates a login whose password has this hash.
pub async fn create_with(cx: &mut Context, new: NewUser, hash: String) -> Result<User, Problem> {
    let is_everywhere = |role: &Role| matches!(role, Role::GroupAdmin | Role::Auditor | Role::SystemAdmin);
    if new.employee_no.is_none() && new.unit.is_none() && !new.roles.iter().all(is_everywhere) {
        let message = say!(
            "这些角色管到一家门店：请写明是哪名员工的账号，或限定在哪个单位",
            "these roles reach a store: name the employee whose login it is, or the unit it is confined to"
        );
        return Err(Problem::field("employee_no", message));
    }
    let now = cx.now;
    cx.transaction(async |cx| {
        let (employee_id, unit_id) =
            resolve(cx.db(), new.employee_no.as_deref(), new.unit.as_deref()).await?;
        let id: i64 = diesel::insert_into(user_account::table)
            .values((
                user_account::login.eq(new.login.to_lowercase()),
                user_account::password_hash.eq(hash),
                user_account::roles.eq(kept(&new.roles)),
                user_account::employee_id.eq(employee_id),
                user_account::unit_id.eq(unit_id),
                user_account::created_at.eq(now),
            ))
            .returning(user_account::id)
            .get_result(cx.db())
            .await?;
        let detail = json!({ "login": new.login, "roles": kept(&new.roles) });
        cx.audit("create_user", &format!("user/{id}"), detail).await?;
        find(cx, id).await
    })
    .await
}

/// What is to be different about a login.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    roles: Option<Vec<Role>>,
    password_hash: Option<String>,
    is_disabled: Option<bool>,
}

impl UserPatch {
    /// What it changes, with the new password hashed. To be asked for before there is a connection.
    pub async fn hashed(self) -> Result<UserChange, Problem> {
        let password_hash = match &self.password {
            Some(password) => Some(hashed(password).await?),
            None => None,
        };
        let roles = self.roles.as_deref().map(kept);
        Ok(UserChange { roles, password_hash, is_disabled: self.is_disabled })
    }
}

/// What a change looks at of a login.
#[derive(Queryable)]
struct Standing {
    id: i64,
    roles: Vec<Role>,
    is_disabled: bool,
    version: i32,
}

impl Standing {
    /// Whether it can look after the others.
    fn is_administrator(&self) -> bool {
        !self.is_disabled && self.roles.iter().any(|role| ManageUsers::reach_of(*role).is_some())
    }
}

/// Locks a login and all administrators, in one order.
async fn lock(connection: &mut AsyncPgConnection, id: i64) -> Result<Vec<Standing>, Problem> {
    let administrators = ManageUsers::ALLOWED.iter().map(|(role, _)| role.name()).collect::<Vec<_>>();
    let locked = user_account::table
        .filter(user_account::id.eq(id).or(user_account::roles.overlaps_with(administrators)))
        .order(user_account::id)
        .select((user_account::id, user_account::roles, user_account::is_disabled, user_account::version))
        .for_no_key_update()
        .load(connection)
        .await?;
    Ok(locked)
}

/// Changes a login that is still as the caller has seen it. Any change ends its sessions; what is as asked for already is
/// none. The last administrator stays one.
pub async fn change(cx: &mut Context, id: i64, change: UserChange, seen: Seen) -> Result<User, Problem> {
    cx.transaction_again(async |cx| {
        let locked = lock(cx.db(), id).await?;
        let stands = |id: i64| locked.iter().find(|one| one.id == id);
        // Somebody else may have had the lock, to take away what the caller could do.
        if cx.by().is_some_and(|by| !stands(by).is_some_and(Standing::is_administrator)) {
            return Err(super::caller::not_allowed());
        }
        let current = stands(id).ok_or_else(|| Problem::not_found("user"))?;
        seen.check(current.version)?;
        let roles = change.roles.as_ref().filter(|roles| **roles != kept(&current.roles));
        let is_disabled = change.is_disabled.filter(|is_disabled| *is_disabled != current.is_disabled);
        let hash = change.password_hash.as_ref();
        if roles.is_none() && is_disabled.is_none() && hash.is_none() {
            return find(cx, id).await;
        }
        let stays = is_disabled != Some(true)
            && roles.is_none_or(|roles| roles.iter().any(|role| ManageUsers::reach_of(*role).is_some()))
            || locked.iter().any(|one| one.id != id && one.is_administrator());
        if current.is_administrator() && !stays {
            let detail = say!(
                "这是最后一名系统管理员，请先让别人成为管理员",
                "this is the last administrator: make somebody else one first"
            );
            return Err(Problem::conflict(detail));
        }
        let version = current.version + 1;
        diesel::update(user_account::table.find(id))
            .set((
                roles.map(|roles| user_account::roles.eq(roles)),
                hash.map(|hash| user_account::password_hash.eq(hash)),
                is_disabled.map(|is_disabled| user_account::is_disabled.eq(is_disabled)),
                user_account::version.eq(version),
            ))
            .execute(cx.db())
            .await?;
        let now = cx.now;
        super::session::revoke_all(cx.db(), id, now).await?;
        if hash.is_some() {
            attempts::forget(cx.db(), id).await?;
        }
        let detail = json!({ "roles": roles, "password": hash.is_some(), "is_disabled": is_disabled });
        cx.audit("change_user", &format!("user/{id}"), detail).await?;
        find(cx, id).await
    })
    .await
}

/// Gives a login another password and ends its sessions and pauses, for the operator; one that was disabled can sign in
/// again where `is_enabled` says so.
pub async fn reset(cx: &mut Context, login: &str, password: &str, is_enabled: bool) -> Result<User, Problem> {
    let id: i64 = user_account::table
        .filter(user_account::login.eq(login.to_lowercase()))
        .select(user_account::id)
        .first(cx.db())
        .await
        .optional()?
        .ok_or_else(|| Problem::field("login", say!("没有登录名“{login}”", "there is no login '{login}'")))?;
    let (roles, password_hash) = (None, Some(hashed(password).await?));
    let change_to = UserChange { roles, password_hash, is_disabled: is_enabled.then_some(false) };
    change(cx, id, change_to, Seen::Any).await
}

/// Sets the own password for somebody who knows the one until now. All sessions of the login end.
///
/// # Errors
///
/// The password until now is another; or too many wrong ones came, with the seconds to wait.
pub async fn change_own_password(
    mut cx: Context,
    id: i64,
    passwords: NewPassword,
    address: Option<IpAddr>,
) -> Result<(), Problem> {
    let (login, before): (String, String) = user_account::table
        .find(id)
        .select((user_account::login, user_account::password_hash))
        .first(cx.db())
        .await?;
    let now = cx.now;
    let attempt = Attempt::new(&login, address);
    attempt.check(cx.db(), now).await?;
    let paused = cx.pause()?;
    let is_right = {
        let turn = password::turn().await?;
        password::verify(&turn, SecretString::from(passwords.old_password), Some(before.clone())).await?
    };
    if !is_right {
        attempt.failed(paused.resume().await?.db(), Some(id), now).await?;
        let said = say!("这不是您现在的密码", "this is not your password");
        return Err(Problem::field("old_password", said));
    }
    let hash = hashed(&passwords.new_password).await?;
    let mut cx = paused.resume().await?;
    cx.transaction_again(async |cx| {
        let is_changed = diesel::update(user_account::table.find(id))
            .filter(user_account::password_hash.eq(&before).and(user_account::is_disabled.eq(false)))
            .set((user_account::password_hash.eq(&hash), user_account::version.eq(user_account::version + 1)))
            .execute(cx.db())
            .await?
            == 1;
        if !is_changed {
            return Err(Problem::conflict(say!(
                "您的密码刚刚已被别人修改",
                "your password has just been changed by somebody else"
            )));
        }
        super::session::revoke_all(cx.db(), id, now).await?;
        cx.audit("change_password", &format!("user/{id}"), json!({})).await
    })
    .await?;
    Ok(())
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
    let employee = employee_no.filter(|_| employee_id.is_none());
    let unit = unit.filter(|_| unit_id.is_none());
    let employee = employee.map(|name| {
        FieldError::new("employee_no", say!("没有工号“{name}”", "there is no employee '{name}'"))
    });
    let unit =
        unit.map(|name| FieldError::new("unit", say!("没有单位“{name}”", "there is no unit '{name}'")));
    let faults = employee.into_iter().chain(unit).collect::<Vec<_>>();
    if faults.is_empty() { Ok((employee_id, unit_id)) } else { Err(Problem::fields(faults)) }
}

/// The program's own first administrator, so that somebody can sign in at all.
pub async fn create_first_administrator(cx: &mut Context) -> Result<Option<(String, String)>, Problem> {
    if !is_empty(cx.db()).await? {
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
    match create(cx, new).await {
        Ok(user) => Ok(Some((user.login, password))),
        // Another server has just done the same.
        Err(problem) if problem.code == Code::Conflict => Ok(None),
        Err(problem) => Err(problem),
    }
}
