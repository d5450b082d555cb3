//! Sessions: a password is exchanged for a short access token and a refresh token that works once.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::access::Role;
use super::attempts::Attempt;
use super::identity::Identity;
use super::password;
use super::secret::{hash, random};
use super::token::{ACCESS_LIFETIME, Tokens};
use crate::db::Pool;
use crate::db::schema::{refresh_token, user_account};
use crate::http::{Code, Problem};
use crate::said::say;

/// How long a refresh token waits to be used.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(14);

/// Login and password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The login; case does not matter.
    #[garde(length(bytes, max = 256))]
    #[schema(example = "hr", max_length = 256)]
    pub login: String,
    /// The password.
    #[garde(length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password, max_length = 200)]
    pub password: String,
}

/// A refresh token to be exchanged or ended.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The token received at sign-in or at the last refresh.
    #[garde(length(bytes, max = 256))]
    #[schema(max_length = 256)]
    pub refresh_token: String,
}

/// A session's tokens.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// Send it with every request: `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: String,
    /// Seconds for which the access token is valid.
    pub expires_in: i64,
    /// Exchange it for a new pair of tokens, once, within 14 days.
    pub refresh_token: String,
}

fn refused() -> Problem {
    Problem::new(Code::Unauthenticated, say!("登录名或密码不正确", "login or password is wrong"))
}

fn ended() -> Problem {
    let detail = say!("刷新令牌已失效，请重新登录", "the refresh token is no longer valid; sign in again");
    Problem::new(Code::Unauthenticated, detail)
}

/// Somebody whose password is to be checked.
struct Found {
    user_id: i64,
    hash: String,
    is_disabled: bool,
}

async fn find(connection: &mut AsyncPgConnection, login: &str) -> Result<Option<Found>, Problem> {
    let found: Option<(i64, String, bool)> = user_account::table
        .filter(user_account::login.eq(login.to_lowercase()))
        .select((user_account::id, user_account::password_hash, user_account::is_disabled))
        .first(connection)
        .await
        .optional()?;
    Ok(found.map(|(user_id, hash, is_disabled)| Found { user_id, hash, is_disabled }))
}

/// Exchanges a password for tokens. While it is hashed, no connection is held.
///
/// # Errors
///
/// Login or password is wrong; or too many wrong passwords or too many people come, with the seconds to wait.
pub async fn sign_in(
    pool: &Pool,
    tokens: &Tokens,
    credentials: Credentials,
    address: Option<IpAddr>,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    let attempt = Attempt::new(&credentials.login, address);
    let turn = password::turn().await?;
    let found = {
        let connection = &mut *pool.get().await?;
        attempt.check(connection, now).await?;
        find(connection, &credentials.login).await?
    };
    let hash = found.as_ref().map(|found| found.hash.clone());
    let is_right = password::verify(&turn, SecretString::from(credentials.password), hash).await?;
    let connection = &mut *pool.get().await?;
    let user_id = found.as_ref().map(|found| found.user_id);
    let session = match found.filter(|found| is_right && !found.is_disabled) {
        Some(found) => begin(connection, tokens, &found, now).await?,
        None => None,
    };
    match session.zip(user_id) {
        Some((session, user_id)) => {
            attempt.succeeded(connection, user_id, now).await?;
            Ok(session)
        }
        None => {
            // Before the turn is over, so that nobody guesses on while nobody counts.
            attempt.failed(connection, user_id, now).await?;
            drop(turn);
            Err(refused())
        }
    }
}

/// Begins a session for a password that was right, unless it has been changed or the login disabled meanwhile.
async fn begin(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    found: &Found,
    now: DateTime<Utc>,
) -> Result<Option<Session>, Problem> {
    let family = random()?;
    connection
        .transaction(async |connection| {
            let Some(account) = lock(connection, found.user_id).await? else { return Ok(None) };
            if account.hash != found.hash {
                return Ok(None);
            }
            issue(connection, tokens, account.identity, family, now).await.map(Some)
        })
        .await
}

/// Who a login and password belong to, for who acts at the command line.
pub async fn identify(
    connection: &mut AsyncPgConnection,
    credentials: Credentials,
) -> Result<Identity, Problem> {
    let turn = password::turn().await?;
    let found = find(connection, &credentials.login).await?;
    let hash = found.as_ref().map(|found| found.hash.clone());
    let is_right = password::verify(&turn, SecretString::from(credentials.password), hash).await?;
    let found = found.filter(|found| is_right && !found.is_disabled).ok_or_else(refused)?;
    let account = account(connection, found.user_id, false).await?;
    account.map(|account| account.identity).ok_or_else(refused)
}

/// Exchanges a refresh token for the next pair. One that was used before ends the whole family: it has been copied.
pub async fn refresh(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    type Row = (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let outcome = connection
        .transaction(async |connection| {
            let Some((user_id, family)) = family_of(connection, token).await? else {
                return Ok::<_, Problem>(None);
            };
            // Whoever ends sessions or changes the login has the account: it is as they left it, and they find what is
            // issued here.
            let account = lock(connection, user_id).await?;
            let (expires_at, used_at, revoked_at): Row = refresh_token::table
                .find(hash(token))
                .select((refresh_token::expires_at, refresh_token::used_at, refresh_token::revoked_at))
                .first(connection)
                .await?;
            if used_at.is_some() {
                revoke_family(connection, &family, now).await?;
                return Ok(None);
            }
            let Some(account) = account.filter(|_| revoked_at.is_none() && expires_at > now) else {
                return Ok(None);
            };
            diesel::update(refresh_token::table.find(hash(token)))
                .set(refresh_token::used_at.eq(now))
                .execute(connection)
                .await?;
            issue(connection, tokens, account.identity, family, now).await.map(Some)
        })
        .await?;
    outcome.ok_or_else(ended)
}

/// Ends the session that a refresh token belongs to. An unknown token is as ended as can be.
pub async fn sign_out(
    connection: &mut AsyncPgConnection,
    token: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    connection
        .transaction(async |connection| {
            let Some((user_id, family)) = family_of(connection, token).await? else { return Ok(()) };
            lock(connection, user_id).await?;
            revoke_family(connection, &family, now).await
        })
        .await
}

/// Whose a refresh token is, and which family it belongs to: what never changes.
async fn family_of(
    connection: &mut AsyncPgConnection,
    token: &str,
) -> Result<Option<(i64, String)>, Problem> {
    let found = refresh_token::table
        .find(hash(token))
        .select((refresh_token::user_id, refresh_token::family))
        .first(connection)
        .await
        .optional()?;
    Ok(found)
}

/// Ends every session of a login whose row the transaction has locked.
pub async fn revoke_all(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::update(refresh_token::table)
        .filter(refresh_token::user_id.eq(user_id).and(refresh_token::revoked_at.is_null()))
        .set(refresh_token::revoked_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

async fn revoke_family(
    connection: &mut AsyncPgConnection,
    family: &str,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    diesel::update(refresh_token::table)
        .filter(refresh_token::family.eq(family).and(refresh_token::revoked_at.is_null()))
        .set(refresh_token::revoked_at.eq(now))
        .execute(connection)
        .await?;
    Ok(())
}

/// What a login may do now, and its password's hash.
struct Account {
    identity: Identity,
    hash: String,
}

/// The same, locked until the transaction ends. All that issues or ends sessions or changes a login takes this lock
/// first, and refresh tokens after it; the lock of what refers to the login is compatible with it.
async fn lock(connection: &mut AsyncPgConnection, user_id: i64) -> Result<Option<Account>, Problem> {
    account(connection, user_id, true).await
}

/// A login; none if it is disabled.
async fn account(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    is_locked: bool,
) -> Result<Option<Account>, Problem> {
    type Row = (i32, Vec<Role>, Option<i64>, Option<i64>, String, bool);
    let row = user_account::table.find(user_id).select((
        user_account::version,
        user_account::roles,
        user_account::employee_id,
        user_account::unit_id,
        user_account::password_hash,
        user_account::is_disabled,
    ));
    let found: Option<Row> = match is_locked {
        true => row.for_no_key_update().first(connection).await.optional()?,
        false => row.first(connection).await.optional()?,
    };
    let found = found.filter(|(.., is_disabled)| !is_disabled);
    Ok(found.map(|(account_version, roles, employee_id, unit_id, hash, _)| Account {
        identity: Identity { user_id, account_version, roles, employee_id, unit_id },
        hash,
    }))
}

/// Makes sure that a login is still as it was when `identity` was said of it.
///
/// # Errors
///
/// It has been changed or disabled since: another token is needed.
pub(super) async fn still(connection: &mut AsyncPgConnection, identity: &Identity) -> Result<(), Problem> {
    let version: Option<i32> = user_account::table
        .filter(user_account::id.eq(identity.user_id).and(user_account::is_disabled.eq(false)))
        .select(user_account::version)
        .first(connection)
        .await
        .optional()?;
    match version == Some(identity.account_version) {
        true => Ok(()),
        false => {
            let detail = say!(
                "发出这个访问令牌之后，您的登录账号已被修改，请重新登录",
                "your login has been changed since this access token was given; sign in again"
            );
            Err(Problem::new(Code::Unauthenticated, detail))
        }
    }
}

async fn issue(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    identity: Identity,
    family: String,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    let token = random()?;
    diesel::insert_into(refresh_token::table)
        .values((
            refresh_token::token_hash.eq(hash(&token)),
            refresh_token::user_id.eq(identity.user_id),
            refresh_token::family.eq(family),
            refresh_token::issued_at.eq(now),
            refresh_token::expires_at.eq(now + REFRESH_LIFETIME),
        ))
        .execute(connection)
        .await?;
    Ok(Session {
        access_token: tokens.sign(&identity, now).map_err(|error| Problem::internal(&error))?,
        token_type: "Bearer".to_owned(),
        expires_in: ACCESS_LIFETIME.num_seconds(),
        refresh_token: token,
    })
}
