//! Keys with which programs sign in: a dashboard, a nightly copy, a screen in the showroom.
//!
//! A key belongs to a login that no person stands behind, and is worth what the login is at that moment: its roles, its unit,
//! and nothing once it is disabled. It may be confined further, to some actions and to a unit. It is shown once; kept is its
//! SHA-256. Whether it still holds is asked at every request, so a key that is revoked is worth nothing from then on.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bytea, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::access::Role;
use super::action_name::ActionName;
use super::context::Context;
use super::identity::Identity;
use super::secret::{hash, random};
use crate::db::schema::{api_key, org_unit, user_account};
use crate::db::sql;
use crate::http::body::not_blank;
use crate::http::{FieldError, Page, Problem, Window};
use crate::said::say;

/// What every key begins with, so that one that lies where it should not is known for what it is.
pub const PREFIX: &str = "sfk_";
/// For how many days a key is good when nothing else is said.
const DAYS: u16 = 365;

/// A key, without the key itself.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// What it is used by.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What it may do of what the login's roles allow; null: all of it.
    #[diesel(sql_type = Nullable<Array<Text>>)]
    #[schema(inline)]
    pub actions: Option<Vec<ActionName>>,
    /// Code of the unit that it is confined to; null: as the login.
    #[diesel(sql_type = Nullable<Text>)]
    pub unit: Option<String>,
    /// Login of who made it; null: the operator at the command line.
    #[diesel(sql_type = Nullable<Text>)]
    pub created_by: Option<String>,
    /// When it was made.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// From when on it is good for nothing.
    #[diesel(sql_type = Timestamptz)]
    pub expires_at: DateTime<Utc>,
    /// Since when it is good for nothing because somebody said so.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute; null: never.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub last_used_at: Option<DateTime<Utc>>,
}

/// A key that has just been made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NewlyMadeKey {
    /// What will be shown of it later.
    pub api_key: ApiKey,
    /// The key, which is never shown again: send it as `Authorization: Bearer …`.
    #[schema(example = "sfk_Yx0n1cVd4jQ2mZ6p8sT0uW3yB5eG7hK9lN1qR4tV6xA")]
    pub key: String,
}

/// A key to be made.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What it is used by: 1 to 64 characters, one key of the login at a time.
    #[garde(length(chars, min = 1, max = 64), custom(not_blank))]
    #[schema(example = "展厅大屏", min_length = 1, max_length = 64)]
    pub name: String,
    /// What it may do of what the login's roles allow; all of it where this is left out.
    #[garde(inner(length(min = 1, max = 100)))]
    #[serde(default)]
    #[schema(inline, min_items = 1, max_items = 100)]
    pub actions: Option<Vec<ActionName>>,
    /// Code of a unit to confine it to: the login's own or one below it.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 32)]
    pub unit: Option<String>,
    /// For how many days it is good, 1 to 1,095; 365 where this is left out.
    #[garde(range(min = 1, max = 1095))]
    #[serde(default)]
    #[schema(minimum = 1, maximum = 1095)]
    pub days: Option<u16>,
}

const KEYS: &str = "SELECT k.id, k.name, k.actions, u.code AS unit, maker.login AS created_by, k.created_at, k.expires_at,
        k.revoked_at, k.last_used_at
    FROM api_key k LEFT JOIN org_unit u ON u.id = k.unit_id LEFT JOIN user_account maker ON maker.id = k.created_by
    WHERE k.user_id = $1 AND k.id > $2 ORDER BY k.id LIMIT $3";

/// A page of the keys of a login, those that are good for nothing any more included.
pub async fn list(cx: &mut Context, user_id: i64, window: Window) -> Result<Page<ApiKey>, Problem> {
    let is_known: Option<i64> =
        user_account::table.find(user_id).select(user_account::id).first(cx.db()).await.optional()?;
    is_known.ok_or_else(|| Problem::not_found("user"))?;
    Ok(window.page(load(cx.db(), user_id, window).await?, |key| key.id))
}

async fn load(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    window: Window,
) -> Result<Vec<ApiKey>, Problem> {
    let keys = sql(KEYS)
        .bind::<BigInt, _>(user_id)
        .bind::<BigInt, _>(window.after)
        .bind::<BigInt, _>(window.rows())
        .load(connection)
        .await?;
    Ok(keys)
}

/// Makes a key for a login, and shows it.
///
/// # Errors
///
/// The field at fault: a person stands behind the login, its roles allow none of an action, the unit is not below its own.
pub async fn create(cx: &mut Context, user_id: i64, new: NewApiKey) -> Result<NewlyMadeKey, Problem> {
    let key = format!("{PREFIX}{}", random()?);
    let (now, by) = (cx.now, cx.by());
    let api_key = cx
        .transaction(async |cx| {
            let unit_id = confined(cx.db(), user_id, &new).await?;
            let expires_at = now + TimeDelta::days(i64::from(new.days.unwrap_or(DAYS)));
            let id: i64 = diesel::insert_into(api_key::table)
                .values((
                    api_key::user_id.eq(user_id),
                    api_key::name.eq(&new.name),
                    api_key::key_hash.eq(hash(&key)),
                    api_key::actions.eq(&new.actions),
                    api_key::unit_id.eq(unit_id),
                    api_key::created_by.eq(by),
                    api_key::created_at.eq(now),
                    api_key::expires_at.eq(expires_at),
                ))
                .returning(api_key::id)
                .get_result(cx.db())
                .await?;
            let detail = json!({
                "name": new.name, "actions": new.actions, "unit": new.unit, "expires_at": expires_at, "user": user_id,
            });
            cx.audit("create_api_key", &format!("api_key/{id}"), detail).await?;
            let before = Window { after: id.saturating_sub(1), limit: 1 };
            let made = load(cx.db(), user_id, before).await?.into_iter().next();
            made.ok_or_else(|| Problem::not_found("API key"))
        })
        .await?;
    Ok(NewlyMadeKey { api_key, key })
}

/// Checks a new key against the login, which is locked; the id of the unit that it is confined to.
async fn confined(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    new: &NewApiKey,
) -> Result<Option<i64>, Problem> {
    type Row = (Vec<Role>, Option<i64>, Option<i64>, bool);
    let found: Option<Row> = user_account::table
        .find(user_id)
        .select((
            user_account::roles,
            user_account::employee_id,
            user_account::unit_id,
            user_account::is_disabled,
        ))
        .for_no_key_update()
        .first(connection)
        .await
        .optional()?;
    let (roles, employee_id, own_unit, is_disabled) = found.ok_or_else(|| Problem::not_found("user"))?;
    if employee_id.is_some() {
        return Err(Problem::conflict(say!(
            "这是个人的账号：请为程序另建一个没有员工的账号",
            "this login is a person's: make one without an employee for a program"
        )));
    }
    if is_disabled {
        return Err(Problem::conflict(say!(
            "这个账号已停用：它的密钥没有用处",
            "this login is disabled: its keys would be good for nothing"
        )));
    }
    let actions = new.actions.iter().flatten().enumerate();
    let faults = actions.filter(|(_, action)| !roles.iter().any(|role| action.is_open_to(*role)));
    let faults = faults.map(|(at, action)| {
        FieldError::new(
            format!("actions[{at}]"),
            say!("账号的角色不能做 {action}", "the login's roles do not allow '{action}'"),
        )
    });
    let mut faults = faults.collect::<Vec<_>>();
    let unit = match &new.unit {
        Some(code) => {
            let found: Option<(i64, Vec<i64>)> = org_unit::table
                .filter(org_unit::code.eq(code))
                .select((org_unit::id, org_unit::path))
                .first(connection)
                .await
                .optional()?;
            let reached = found.filter(|(_, path)| own_unit.is_none_or(|own| path.contains(&own)));
            if reached.is_none() {
                faults.push(FieldError::new(
                    "unit",
                    say!("账号的范围内没有单位“{code}”", "there is no unit '{code}' within the login's own"),
                ));
            }
            reached.map(|(id, _)| id)
        }
        None => None,
    };
    if faults.is_empty() { Ok(unit) } else { Err(Problem::fields(faults)) }
}

/// Makes a key worth nothing from now on; one that is worth nothing already stays so.
pub async fn revoke(cx: &mut Context, user_id: i64, id: i64) -> Result<(), Problem> {
    let now = cx.now;
    cx.transaction(async |cx| {
        let of_login = api_key::table.filter(api_key::id.eq(id).and(api_key::user_id.eq(user_id)));
        let found: Option<Option<DateTime<Utc>>> =
            of_login.select(api_key::revoked_at).for_no_key_update().first(cx.db()).await.optional()?;
        if found.ok_or_else(|| Problem::not_found("API key"))?.is_some() {
            return Ok(());
        }
        diesel::update(api_key::table.find(id)).set(api_key::revoked_at.eq(now)).execute(cx.db()).await?;
        cx.audit("revoke_api_key", &format!("api_key/{id}"), json!({ "user": user_id })).await
    })
    .await
}

/// Who a key is worth something to, and what it may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The login, confined to the unit of the key.
    pub identity: Identity,
    /// What the key may do of what the login's roles allow; none: all of it.
    pub actions: Option<Vec<ActionName>>,
}

/// A key is used by many requests at a time: that it was is written down once a minute.
const HOLDER: &str = "WITH found AS (
        SELECT k.id, k.actions, coalesce(k.unit_id, u.unit_id) AS unit_id, u.id AS user_id, u.version, u.roles
        FROM api_key k JOIN user_account u ON u.id = k.user_id
        WHERE k.key_hash = $1 AND k.revoked_at IS NULL AND k.expires_at > $2
            AND NOT u.is_disabled AND u.employee_id IS NULL),
    used AS (
        UPDATE api_key k SET last_used_at = date_trunc('minute', $2) FROM found
        WHERE k.id = found.id AND coalesce(k.last_used_at < date_trunc('minute', $2), true))
    SELECT user_id, version, roles, unit_id, actions FROM found";

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    user_id: i64,
    #[diesel(sql_type = Integer)]
    version: i32,
    #[diesel(sql_type = Array<Text>)]
    roles: Vec<Role>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<Array<Text>>)]
    actions: Option<Vec<ActionName>>,
}

/// Who holds a key that is good at `now`.
pub async fn holder(
    connection: &mut AsyncPgConnection,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<Holder>, Problem> {
    let found: Option<Row> = sql(HOLDER)
        .bind::<Bytea, _>(hash(key))
        .bind::<Timestamptz, _>(now)
        .get_result(connection)
        .await
        .optional()?;
    Ok(found.map(|Row { user_id, version, roles, unit_id, actions }| Holder {
        identity: Identity { user_id, account_version: version, roles, employee_id: None, unit_id },
        actions,
    }))
}
