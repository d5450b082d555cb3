//! Sessions: a password is exchanged for a short access token and a refresh token that works once.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncConnection as _, AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::access::Role;
use super::identity::Identity;
use super::password;
use super::token::{ACCESS_LIFETIME, Tokens};
use crate::db::schema::{refresh_token, user_account};
use crate::http::{Code, Problem};

/// How long a refresh token waits to be used.
const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(14);

/// Login and password.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// The login; case does not matter.
    #[garde(length(bytes, max = 256))]
    #[schema(example = "hr")]
    pub login: String,
    /// The password.
    #[garde(length(bytes, max = password::MAX_LENGTH))]
    #[schema(format = Password)]
    pub password: String,
}

/// A refresh token to be exchanged or ended.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The token received at sign-in or at the last refresh.
    #[garde(length(bytes, max = 256))]
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
    Problem::new(Code::Unauthenticated, "login or password is wrong")
}

fn ended() -> Problem {
    Problem::new(Code::Unauthenticated, "the refresh token is no longer valid; sign in again")
}

/// Exchanges a password for tokens.
pub async fn sign_in(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    credentials: Credentials,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    let user_id = verify(connection, credentials).await?;
    issue(connection, tokens, user_id, random()?, now).await
}

/// Who a login and password belong to, for who acts at the command line.
pub async fn identify(
    connection: &mut AsyncPgConnection,
    credentials: Credentials,
) -> Result<Identity, Problem> {
    let user_id = verify(connection, credentials).await?;
    identity(connection, user_id).await
}

/// The login with this password.
async fn verify(connection: &mut AsyncPgConnection, credentials: Credentials) -> Result<i64, Problem> {
    let found: Option<(i64, String, bool)> = user_account::table
        .filter(user_account::login.eq(credentials.login.to_lowercase()))
        .select((user_account::id, user_account::password_hash, user_account::is_disabled))
        .first(connection)
        .await
        .optional()?;
    let hash = found.as_ref().map(|(_, hash, _)| hash.clone());
    let is_right = password::verify(SecretString::from(credentials.password), hash).await?;
    match found {
        Some((user_id, _, false)) if is_right => Ok(user_id),
        _ => Err(refused()),
    }
}

/// Exchanges a refresh token for the next pair. One that was used before ends the whole family: it has been copied.
pub async fn refresh(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    token: &str,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    type Row = (i64, String, DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);
    let outcome = connection
        .transaction(async |connection| {
            let found: Option<Row> = refresh_token::table
                .find(hash(token))
                .select((
                    refresh_token::user_id,
                    refresh_token::family,
                    refresh_token::expires_at,
                    refresh_token::used_at,
                    refresh_token::revoked_at,
                ))
                .for_update()
                .first(connection)
                .await
                .optional()?;
            let Some((user_id, family, expires_at, used_at, revoked_at)) = found else {
                return Ok::<_, Problem>(None);
            };
            if used_at.is_some() {
                revoke_family(connection, &family, now).await?;
                return Ok(None);
            }
            if revoked_at.is_some() || expires_at <= now {
                return Ok(None);
            }
            diesel::update(refresh_token::table.find(hash(token)))
                .set(refresh_token::used_at.eq(now))
                .execute(connection)
                .await?;
            issue(connection, tokens, user_id, family, now).await.map(Some)
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
    let family: Option<String> = refresh_token::table
        .find(hash(token))
        .select(refresh_token::family)
        .first(connection)
        .await
        .optional()?;
    match family {
        Some(family) => revoke_family(connection, &family, now).await,
        None => Ok(()),
    }
}

/// Ends every session of a login.
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

/// What a login may do now; one that was disabled has no session any more.
async fn identity(connection: &mut AsyncPgConnection, user_id: i64) -> Result<Identity, Problem> {
    let row: Option<(Vec<Role>, Option<i64>, Option<i64>)> = user_account::table
        .filter(user_account::id.eq(user_id).and(user_account::is_disabled.eq(false)))
        .select((user_account::roles, user_account::employee_id, user_account::unit_id))
        .first(connection)
        .await
        .optional()?;
    let (roles, employee_id, unit_id) = row.ok_or_else(ended)?;
    Ok(Identity { user_id, roles, employee_id, unit_id })
}

async fn issue(
    connection: &mut AsyncPgConnection,
    tokens: &Tokens,
    user_id: i64,
    family: String,
    now: DateTime<Utc>,
) -> Result<Session, Problem> {
    let identity = identity(connection, user_id).await?;
    let token = random()?;
    diesel::insert_into(refresh_token::table)
        .values((
            refresh_token::token_hash.eq(hash(&token)),
            refresh_token::user_id.eq(user_id),
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

fn hash(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// 256 random bits as text.
fn random() -> Result<String, Problem> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
