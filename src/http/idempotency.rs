//! Requests that are sent again because nobody knows whether they arrived: with an `Idempotency-Key` they are done once,
//! and answered as they were the first time.

use std::future::{Future, Ready, ready};
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use garde::Validate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use super::problem::Problem;
use super::{body, etag};
use crate::db::schema::idempotency_key;
use crate::said::say;

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

/// A JSON body of up to `LIMIT` bytes that may have a key.
#[derive(Debug)]
pub struct Keyed<T, const LIMIT: usize = { body::BODY_LIMIT }> {
    /// The key, if the caller gave one.
    pub key: Option<Key>,
    /// The body.
    pub body: T,
}

impl<T, const LIMIT: usize> FromRequest for Keyed<T, LIMIT>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let name = KeyName::of(request);
        let read = body::read::<T>(request, payload, LIMIT);
        Box::pin(async move {
            let name = name?;
            let (bytes, body) = read.await?;
            Ok(Self { key: name.with(&bytes), body })
        })
    }
}

/// The key of a request that has no JSON body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyName(Option<String>);

impl KeyName {
    fn of(request: &HttpRequest) -> Result<Self, Problem> {
        match request.headers().get(HEADER).map(|value| value.to_str()) {
            None => Ok(Self(None)),
            Some(Ok(key)) if !key.is_empty() && key.len() <= MAX_CHARS => Ok(Self(Some(key.to_owned()))),
            Some(_) => {
                let said = say!(
                    "应为 1 到 {MAX_CHARS} 个可见的 ASCII 字符",
                    "expected 1 to {MAX_CHARS} visible ASCII characters"
                );
                Err(Problem::field(HEADER, said))
            }
        }
    }

    /// The key with what is asked under it.
    pub fn with(self, asked: &[u8]) -> Option<Key> {
        let request_sha256 = base16ct::lower::encode_string(&Sha256::digest(asked));
        self.0.map(|key| Key { key, request_sha256 })
    }
}

impl FromRequest for KeyName {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

/// An operation that takes a key declares `params(Key)`.
impl IntoParams for Key {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX_CHARS));
        let text = text.pattern(Some("^[!-~]([ -~]*[!-~])?$"));
        let header = ParameterBuilder::new().name(HEADER).parameter_in(ParameterIn::Header);
        let description =
            "A key that the caller gives this request: it is carried out once, however often it is sent";
        let header = header.description(Some(description)).required(Required::False);
        vec![header.schema(Some(text)).build()]
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

/// Where something is that was made, and of which version it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Its path, where it has one.
    pub location: Option<String>,
    /// Its version, where it has one.
    pub version: Option<i32>,
}

impl<T: Serialize + DeserializeOwned> Answer<T> {
    /// The response of an operation that makes something: 201, with the same head and body each time. It says whether it is a
    /// repetition.
    ///
    /// # Errors
    ///
    /// Where what was answered before cannot be read any more.
    pub fn created(self, made: impl FnOnce(&T) -> Made) -> Result<HttpResponse, Problem> {
        let mut response = HttpResponse::Created();
        let (body, made) = match self {
            Self::Now(value) => {
                let body = serde_json::to_string(&value).map_err(|error| Problem::internal(&error))?;
                (body, made(&value))
            }
            Self::Before(body) => {
                response.insert_header(("Idempotency-Replayed", "true"));
                let value = serde_json::from_str(&body).map_err(|error| Problem::internal(&error))?;
                (body, made(&value))
            }
        };
        if let Some(location) = made.location {
            response.insert_header((LOCATION, location));
        }
        if let Some(version) = made.version {
            response.insert_header(etag::of(version));
        }
        Ok(response.content_type("application/json").body(body))
    }
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
        let said = say!(
            "这个键已用于另一个请求，请换一个",
            "this key was used for another request; choose a new one"
        );
        return Err(Problem::field(HEADER, said));
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
