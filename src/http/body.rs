//! JSON bodies: read, then checked as a whole, so that the answer names every field at fault.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use garde::Validate;
use serde::de::DeserializeOwned;

use super::objects::Objects;
use super::problem::{Code, FieldError, Problem};
use super::{library_words, years};
use crate::said::{Said, say};

/// Largest JSON body where an operation says nothing else, in bytes, unpacked.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// Largest body of an operation that takes many rows, cells or files at once.
pub const LARGE: usize = 16 * 1024 * 1024;
/// Largest body of an operation about a login.
pub const SMALL: usize = 4 * 1024;

/// A JSON body of up to `LIMIT` bytes that has been read and is valid.
#[derive(Debug)]
pub struct Body<T, const LIMIT: usize = BODY_LIMIT>(pub T);

impl<T, const LIMIT: usize> FromRequest for Body<T, LIMIT>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let read = read(request, payload, LIMIT);
        Box::pin(async move { read.await.map(|(_, value)| Self(value)) })
    }
}

/// Reads a JSON body of up to `limit` bytes and checks it: its bytes, and what they say.
pub(super) fn read<T>(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
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
    let mut payload = payload.take();
    async move {
        if !is_json {
            let detail = say!(
                "请求体应为 JSON，并带 Content-Type: application/json",
                "the body has to be JSON, with Content-Type: application/json"
            );
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        if declared.is_some_and(|length: usize| length > limit) {
            return Err(too_large());
        }
        let mut read = Vec::with_capacity(declared.unwrap_or_default());
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(|error| torn(&error))?;
            if read.len() + piece.len() > limit {
                return Err(too_large());
            }
            read.extend(piece);
        }
        let bytes = Bytes::from(read);
        let value = parse(&bytes)?;
        check(&value)?;
        Ok((bytes, value))
    }
}

fn too_large() -> Problem {
    Problem::new(
        Code::PayloadTooLarge,
        say!("请求体超过这里允许的大小", "the body is larger than allowed here"),
    )
}

/// What it means that a body could not be read to its end.
pub fn unreadable(error: &actix_web::Error) -> Problem {
    match error.as_error::<PayloadError>() {
        Some(error) => torn(error),
        _ if error.as_response_error().status_code() == 413 => too_large(),
        _ => unread(),
    }
}

fn unread() -> Problem {
    Problem::new(Code::MalformedRequest, say!("请求体读不出来", "the body could not be read"))
}

fn torn(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => too_large(),
        PayloadError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Problem::new(
            Code::RequestTimeout,
            say!("请求体迟迟不到，请发快一些", "the body does not come; send it faster"),
        ),
        PayloadError::EncodingCorrupted => {
            let detail =
                say!("请求体没有按 Content-Encoding 压缩", "the body is not packed as Content-Encoding says");
            Problem::new(Code::MalformedRequest, detail)
        }
        _ => unread(),
    }
}

/// The key under which serde_json hands numbers to whoever reads them, digit by digit. An object that has it would be
/// taken for a number.
const NUMBER: &str = "$serde_json::private::Number";

/// Whether an object has a key of this name, however it is written. Text that is no JSON may be answered either way.
fn has_key(json: &[u8], name: &str) -> bool {
    let mut rest = json;
    while let Some(begins) = rest.iter().position(|byte| *byte == b'"') {
        let (_, text) = rest.split_at(begins);
        // The quote that ends it is not behind a backslash that is itself behind an even number of them.
        let mut is_escaped = false;
        let ends = text.iter().skip(1).position(|byte| {
            let is_end = *byte == b'"' && !is_escaped;
            is_escaped = *byte == b'\\' && !is_escaped;
            is_end
        });
        let Some(ends) = ends else { return false };
        let (quoted, behind) = text.split_at(ends + 2);
        let is_key = behind.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
        if is_key
            && quoted.len() > name.len()
            && serde_json::from_slice::<String>(quoted).is_ok_and(|key| key == name)
        {
            return true;
        }
        rest = behind;
    }
    false
}

/// Reads an object from JSON, naming the field where it is not as expected.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if has_key(bytes, NUMBER) {
        return Err(Problem::field(NUMBER, say!("没有这个字段", "there is no such field")));
    }
    if let Some(field) = years::impossible(bytes) {
        return Err(Problem::field(field, years::EXPECTED));
    }
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(Objects(&mut json)).map_err(|error| {
        let path = error.path().to_string();
        // A number that cannot be read is at fault itself, and not what it is handed over in.
        let field =
            path.strip_suffix(NUMBER).and_then(|path| path.strip_suffix('.')).unwrap_or(&path).to_owned();
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data if is_array(bytes) => not_an_object(),
            serde_json::error::Category::Data => at_fault(field, without_position(&inner)),
            _ => Problem::new(Code::MalformedRequest, library_words::no_json(&inner)),
        }
    })?;
    json.end().map_err(|error| {
        let detail =
            say!("JSON 请求体后面还有别的内容：{error}", "there is something after the JSON body: {error}");
        Problem::new(Code::MalformedRequest, detail)
    })?;
    Ok(value)
}

fn is_array(bytes: &[u8]) -> bool {
    bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[')
}

fn not_an_object() -> Problem {
    Problem::field(".", say!("应为对象，而不是列表", "expected an object, not an array"))
}

/// Serde's path of a field that is missing ends with the object that lacks it.
fn at_fault(path: String, message: String) -> Problem {
    match message.strip_prefix("missing field `").and_then(|rest| rest.strip_suffix('`')) {
        Some(name) if path == "." => Problem::field(name.to_owned(), library_words::said(&message)),
        Some(name) => Problem::field(format!("{path}.{name}"), library_words::said(&message)),
        None => Problem::field(path, library_words::said(&message)),
    }
}

/// Serde counts lines of the whole body, which says nothing beside the field's path, and names objects as the program does.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    match text.split_once(", expected struct ") {
        Some((found, _)) => format!("{found}, expected an object"),
        None => text.to_owned(),
    }
}

/// What a field's own check says: garde keeps one text, and [`check`] takes it apart.
pub fn refused(said: &Said) -> garde::Error {
    garde::Error::new(said.joined())
}

/// Refuses a text of blanks only: for fields.
pub fn not_blank(text: &str, _: &()) -> garde::Result {
    match !text.is_empty() && text.trim().is_empty() {
        true => Err(refused(&say!("不能只有空格", "expected more than blanks"))),
        false => Ok(()),
    }
}

/// Checks every field, and names all that are at fault.
pub fn check<T: Validate<Context = ()>>(value: &T) -> Result<(), Problem> {
    let Err(report) = value.validate() else { return Ok(()) };
    Err(Problem::fields(
        report
            .iter()
            .map(|(path, error)| FieldError::new(path.to_string(), library_words::said(&error.to_string())))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_cannot_be_read_is_named_by_its_field() {
        type Shares = std::collections::BTreeMap<String, rust_decimal::Decimal>;
        let problem = parse::<Shares>(br#"{"share": 1e-40}"#).unwrap_err();
        assert_eq!(problem.errors[0].field, "share", "{problem}");
    }

    #[test]
    fn a_key_is_found_however_it_is_written() {
        for json in [
            r#"{"a": {"$serde_json::private::Number": "1"}}"#,
            r#"[{"x\"": 1, "$serde_json::private::Number"  : "1"}]"#,
            r#"{"\u0024serde_json::private::N\u0075mber":"1"}"#,
        ] {
            assert!(has_key(json.as_bytes(), NUMBER), "{json}");
            assert_eq!(parse::<serde_json::Value>(json.as_bytes()).unwrap_err().code, Code::ValidationFailed);
        }
        for json in [
            r#"{"name": "$serde_json::private::Number"}"#,
            r#"{"\\": "$serde_json::private::Number", "b": 1.50}"#,
            r#"{"a"#,
            "",
        ] {
            assert!(!has_key(json.as_bytes(), NUMBER), "{json}");
        }
    }
}
