//! Requests that are sent again because nobody knows whether they arrived: with an `Idempotency-Key` they are done once,
//! and answered as they were the first time.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::body;
use super::problem::Problem;
use crate::db::schema::idempotency_key;

/// The header.
pub const HEADER: &str = "Idempotency-Key";

/// Longest key, in characters.
const MAX_CHARS: usize = 200;

/// A key with what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What the caller calls the request.
    pub key: String,
    /// SHA-256 of the body, after unpacking.
    pub request_sha256: String,
}

/// A JSON body that may have a key.
#[derive(Debug)]
pub struct Keyed<T> {
    /// The key, if the caller gave one.
    pub key: Option<Key>,
    /// The body.
    pub body: T,
}

impl<T> FromRequest for Keyed<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = request.headers().get(HEADER).map(|value| value.to_str().map(str::to_owned));
        let read = body::read::<T>(request, payload);
        Box::pin(async move {
            let key = match name {
                None => None,
                Some(Ok(key)) if !key.is_empty() && key.len() <= MAX_CHARS => Some(key),
                Some(_) => {
                    let message = format!("expected 1 to {MAX_CHARS} visible ASCII characters");
                    return Err(Problem::field(HEADER, message));
                }
            };
            let (bytes, body) = read.await?;
            let key = key.map(|key| Key {
                key,
                request_sha256: base16ct::lower::encode_string(&Sha256::digest(&bytes)),
            });
            Ok(Self { key, body })
        })
    }
}

/// What a request is answered.
#[derive(Debug)]
pub enum Answer<T> {
    /// It was done now.
    Now(T),
    /// It was done before; this is what it was answered then.
    Before(String),
}

impl<T: Serialize> Answer<T> {
    /// The response, which says whether it is a repetition.
    pub fn into_response(self) -> HttpResponse {
        match self {
            Self::Now(value) => HttpResponse::Ok().json(value),
            Self::Before(text) => HttpResponse::Ok()
                .insert_header(("Idempotency-Replayed", "true"))
                .content_type("application/json")
                .body(text),
        }
    }
}

/// Takes the key for this transaction, or says what the request was answered before. Another request under the same key
/// waits here until this transaction ends.
///
/// # Errors
///
/// A field at fault where the key was used for another request.
pub async fn begin(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    operation: &str,
    key: &Key,
    now: DateTime<Utc>,
) -> Result<Option<String>, Problem> {
    let taken = diesel::insert_into(idempotency_key::table)
        .values((
            idempotency_key::user_id.eq(user_id),
            idempotency_key::key.eq(&key.key),
            idempotency_key::operation.eq(operation),
            idempotency_key::request_sha256.eq(&key.request_sha256),
            idempotency_key::status.eq(0),
            idempotency_key::response.eq(""),
            idempotency_key::created_at.eq(now),
        ))
        .on_conflict_do_nothing()
        .execute(connection)
        .await?;
    if taken == 1 {
        return Ok(None);
    }
    let (before, asked, response): (String, String, String) = idempotency_key::table
        .find((user_id, &key.key))
        .select((idempotency_key::operation, idempotency_key::request_sha256, idempotency_key::response))
        .first(connection)
        .await?;
    if before != operation || asked != key.request_sha256 {
        return Err(Problem::field(HEADER, "this key was used for another request; choose a new one"));
    }
    Ok(Some(response))
}

/// Keeps what the request is answered, in the transaction of its effect.
pub async fn finish<T: Serialize>(
    connection: &mut AsyncPgConnection,
    user_id: i64,
    key: &Key,
    answer: &T,
) -> Result<(), Problem> {
    let text = serde_json::to_string(answer).map_err(|error| Problem::internal(&error))?;
    diesel::update(idempotency_key::table.find((user_id, &key.key)))
        .set((idempotency_key::status.eq(200), idempotency_key::response.eq(text)))
        .execute(connection)
        .await?;
    Ok(())
}
