//! JSON bodies: read, then checked as a whole, so that the answer names every field at fault.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use garde::Validate;
use serde::de::DeserializeOwned;

use super::problem::{Code, FieldError, Problem};

/// Largest JSON body, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024 * 1024;

/// A JSON body that has been read and is valid.
#[derive(Debug)]
pub struct Body<T>(pub T);

impl<T> FromRequest for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read(request, payload);
        Box::pin(async move { read.await.map(|(_, value)| Self(value)) })
    }
}

/// Reads a JSON body, unpacked if it came packed, and checks it: its bytes, and what they say.
pub(super) fn read<T>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<(Bytes, T), Problem>> + 'static
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let declared =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let bytes = Bytes::from_request(request, payload);
    async move {
        if !is_json {
            let detail = "the body has to be JSON, with Content-Type: application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        if declared.is_some_and(|length: usize| length > BODY_LIMIT) {
            return Err(too_large());
        }
        let bytes = bytes.await.map_err(|error| unreadable(&error))?;
        if bytes.len() > BODY_LIMIT {
            return Err(too_large());
        }
        let value = parse(&bytes)?;
        check(&value)?;
        Ok((bytes, value))
    }
}

fn too_large() -> Problem {
    Problem::new(Code::PayloadTooLarge, "the body is larger than allowed here")
}

/// What it means that a body could not be read to its end.
pub fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(PayloadError::Overflow) => too_large(),
        _ if error.as_response_error().status_code() == 413 => too_large(),
        _ => Problem::new(Code::MalformedRequest, "the body could not be read"),
    }
}

/// Reads an object from JSON, naming the field where it is not as expected.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data if is_array(bytes) => not_an_object(),
            serde_json::error::Category::Data => at_fault(field, without_position(&inner)),
            _ => Problem::new(Code::MalformedRequest, format!("the body is not valid JSON: {inner}")),
        }
    })?;
    json.end().map_err(|error| {
        Problem::new(Code::MalformedRequest, format!("there is something after the JSON body: {error}"))
    })?;
    // Serde takes the fields of an object from an array too, in their order in the program.
    if is_array(bytes) { Err(not_an_object()) } else { Ok(value) }
}

fn is_array(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn not_an_object() -> Problem {
    Problem::field(".", "expected an object, not an array")
}

/// Serde's path of a field that is missing ends with the object that lacks it.
fn at_fault(path: String, message: String) -> Problem {
    match message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(name) if path == "." => Problem::field(name.to_owned(), message),
        Some(name) => Problem::field(format!("{path}.{name}"), message),
        None => Problem::field(path, message),
    }
}

/// Serde counts lines of the whole body, which says nothing beside the field's path.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

/// Checks every field, and names all that are at fault.
pub fn check<T: Validate<Context = ()>>(value: &T) -> Result<(), Problem> {
    let Err(report) = value.validate() else { return Ok(()) };
    Err(Problem::fields(
        report.iter().map(|(path, error)| FieldError::new(path.to_string(), error.to_string())).collect(),
    ))
}
