//! Errors as RFC 9457 problems: a stable code, one sentence, and every field at fault.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use diesel_async::pooled_connection::deadpool::PoolError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::language::Language;
use crate::db::error::{MEANWHILE, Meaning, meaning, meaning_of_writing};
use crate::said::{Said, say};

/// Every code a problem can have. docs/ERRORS.md explains them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The request cannot be read.
    MalformedRequest,
    /// The request can be read, but some of its values are not allowed.
    ValidationFailed,
    /// The caller is not signed in.
    Unauthenticated,
    /// The caller may not do this.
    Forbidden,
    /// It does not exist, or the caller may not see it.
    NotFound,
    /// It was there, and has been erased.
    Gone,
    /// What has changed since is not known: the cursor is of another database.
    CopyAnew,
    /// The path exists, but not with this method.
    MethodNotAllowed,
    /// There is none of the forms that the caller takes.
    NotAcceptable,
    /// The current state does not allow it.
    Conflict,
    /// It has changed since the caller read it.
    PreconditionFailed,
    /// An `If-Match` header is needed.
    PreconditionRequired,
    /// The body is too large.
    PayloadTooLarge,
    /// The body has the wrong media type.
    UnsupportedMediaType,
    /// The body does not come.
    RequestTimeout,
    /// Too much was asked for at a time.
    TooManyRequests,
    /// The scripts of a bundle cannot be used.
    RulesBroken,
    /// No release of the rules scores the month.
    NoRelease,
    /// What is stored is not what was written.
    Damaged,
    /// An error in the program.
    Internal,
    /// The database cannot be reached.
    Unavailable,
}

impl Code {
    /// The one table of code, status and title.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (StatusCode::BAD_REQUEST, "malformed-request", "Malformed request"),
            Self::ValidationFailed => {
                (StatusCode::UNPROCESSABLE_ENTITY, "validation-failed", "Validation failed")
            }
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "Not found"),
            Self::Gone => (StatusCode::GONE, "gone", "Erased"),
            Self::CopyAnew => (StatusCode::GONE, "copy-anew", "Copy anew"),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "not-acceptable", "No such form"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::PreconditionFailed => {
                (StatusCode::PRECONDITION_FAILED, "precondition-failed", "Changed in the meantime")
            }
            Self::PreconditionRequired => {
                (StatusCode::PRECONDITION_REQUIRED, "precondition-required", "If-Match needed")
            }
            Self::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "payload-too-large", "Too large"),
            Self::UnsupportedMediaType => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unsupported media type")
            }
            Self::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "request-timeout", "Too slow"),
            Self::TooManyRequests => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-requests", "Too many at a time")
            }
            Self::RulesBroken => (StatusCode::CONFLICT, "rules-broken", "The rules cannot be used"),
            Self::NoRelease => (StatusCode::CONFLICT, "no-release", "No released rules"),
            Self::Damaged => (StatusCode::CONFLICT, "damaged", "Stored data are damaged"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Temporarily unavailable"),
        }
    }

    /// In how many seconds a problem of this kind may be over, if it passes by itself.
    const fn retry_after(self) -> Option<i64> {
        match self {
            Self::Unavailable => Some(5),
            Self::TooManyRequests => Some(1),
            _ => None,
        }
    }
}

/// One field that is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Path of the field, for example `rows[3].facts.deliveries`.
    pub field: String,
    /// What was expected.
    pub message: Said,
}

impl FieldError {
    /// `field` is not what was expected.
    pub fn new(field: impl Into<String>, message: impl Into<Said>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    /// What is sent to a reader.
    pub fn body(&self, language: Language) -> FieldErrorBody {
        FieldErrorBody { field: self.field.clone(), message: self.message.in_language(language).to_owned() }
    }
}

/// One field that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = FieldError)]
pub struct FieldErrorBody {
    /// Path of the field, for example `rows[3].facts.deliveries`.
    pub field: String,
    /// What was expected, in the reader's language.
    pub message: String,
}

/// An error that is answered to whoever asked.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind of error it is.
    pub code: Code,
    /// One sentence about this occurrence.
    pub detail: Said,
    /// Every field that is not valid.
    pub errors: Vec<FieldError>,
    /// In how many seconds it may be over, where that is known better than by its kind: whoever asks then may succeed.
    pub retry_after: Option<i64>,
}

/// A problem as it is sent (RFC 9457).
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(title = "Problem")]
pub struct ProblemBody {
    /// URI of the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "urn:showfloor:problem:validation-failed")]
    pub kind: String,
    /// The name of this kind of problem.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// One sentence about this occurrence, in the reader's language.
    pub detail: String,
    /// Stable code of the kind.
    pub code: Code,
    /// Every field that is not valid; empty if the problem is not about fields.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldErrorBody>,
}

impl Problem {
    /// A problem of kind `code`.
    pub fn new(code: Code, detail: impl Into<Said>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), retry_after: None }
    }

    /// There is no such thing, or none that the caller may see: the answer is the same.
    pub fn not_found(what: &str) -> Self {
        let zh = super::nouns::in_chinese(what);
        Self::new(Code::NotFound, say!("没有这样的{zh}", "there is no such {what}"))
    }

    /// What is not there is a field at fault where a body names it.
    pub fn of_field(self, field: &str) -> Self {
        match self.code {
            Code::NotFound => Self::field(field, self.detail),
            _ => self,
        }
    }

    /// The current state does not allow it.
    pub fn conflict(detail: impl Into<Said>) -> Self {
        Self::new(Code::Conflict, detail)
    }

    /// Somebody else is at it just now: again in a moment it may go through.
    pub fn busy(detail: impl Into<Said>) -> Self {
        Self::conflict(detail).after(1)
    }

    /// The same, over in so many seconds.
    #[must_use]
    pub fn after(self, seconds: i64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// The same, and besides how the thing stands that it is about.
    #[must_use]
    pub fn besides(self, more: &Said) -> Self {
        let said = |language| [&self.detail, more].map(|said| said.in_language(language));
        let detail = Said::both(said(Language::Chinese).join("；"), said(Language::English).join("; "));
        Self { detail, ..self }
    }

    /// One field is at fault.
    pub fn field(field: impl Into<String>, message: impl Into<Said>) -> Self {
        Self::fields(vec![FieldError::new(field, message)])
    }

    /// These fields are at fault.
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [FieldError { field, message }] => message.about(&Said::same(field)),
            several => say!("有 {} 处不正确", "{} fields are not valid", several.len()),
        };
        Self { errors, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// Whether PostgreSQL gave it up for somebody else's change at the same time: again it may go through.
    pub fn is_clash(&self) -> bool {
        self.code == Code::Conflict && self.detail == MEANWHILE
    }

    /// What is stored of a review is not what was written: an incident, which its replay shows in full.
    pub fn damaged_review(id: i64, cause: &dyn fmt::Display) -> Self {
        tracing::error!(review = id, %cause, "a stored review is damaged");
        let detail = say!(
            "考核 {id} 存下的内容与当时写下的不同（{cause}）：这是一起事故。差在哪里，请看 POST /v1/reviews/{id}/replay（showfloor replay）",
            "what is stored of review {id} is not what was written ({cause}): an incident. What differs is told by POST /v1/reviews/{id}/replay (showfloor replay)"
        );
        Self::new(Code::Damaged, detail)
    }

    /// A fault of the program: the cause goes to the log and not to the caller.
    pub fn internal(cause: &dyn fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Self::new(
            Code::Internal,
            say!("服务器出错了，详情见服务器日志", "something went wrong on the server; its log says more"),
        )
    }

    /// All that it says in one text, for whoever lists it beside others.
    pub fn told(&self, language: Language) -> String {
        // What is wrong with a single value is said already.
        let is_said = self.code == Code::ValidationFailed && self.errors.len() == 1;
        let errors = self.errors.iter().filter(|_| !is_said);
        let errors =
            errors.map(|error| format!("\n  {}: {}", error.field, error.message.in_language(language)));
        std::iter::once(self.detail.in_language(language).to_owned()).chain(errors).collect()
    }

    /// What is sent to a reader.
    pub fn body(&self, language: Language) -> ProblemBody {
        let (status, code, title) = self.code.row();
        ProblemBody {
            kind: format!("urn:showfloor:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.in_language(language).to_owned(),
            code: self.code,
            errors: self.errors.iter().map(|error| error.body(language)).collect(),
        }
    }

    /// The same as JSON.
    pub(super) fn json(&self, language: Language) -> Vec<u8> {
        serde_json::to_vec(&self.body(language)).unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::English))
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.row().0
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        response.content_type("application/problem+json");
        if let Some(seconds) = self.retry_after.or(self.code.retry_after()) {
            response.insert_header((RETRY_AFTER, seconds));
        }
        match self.code {
            Code::Unauthenticated => {
                response.insert_header((WWW_AUTHENTICATE, "Bearer"));
            }
            // What else would come is not waited for.
            Code::RequestTimeout => {
                response.force_close();
            }
            _ => {}
        }
        let language = Language::default();
        response.insert_header((CONTENT_LANGUAGE, language.header()));
        response.append_header((VARY, "Accept-Language"));
        let mut response = response.body(self.json(language));
        // Whoever reads another language is told in that one: `language::speak`.
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<diesel::result::Error> for Problem {
    fn from(error: diesel::result::Error) -> Self {
        Self::of_database(meaning(&error), &error)
    }
}

impl From<tokio_postgres::Error> for Problem {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::of_database(meaning_of_writing(&error), &error)
    }
}

impl Problem {
    fn of_database(meaning: Meaning, error: &dyn std::error::Error) -> Self {
        match meaning {
            Meaning::NotFound => Self::not_found("thing"),
            Meaning::Conflict(sentence) => Self::conflict(sentence),
            Meaning::Passing(sentence) => Self::busy(sentence),
            Meaning::Unstorable => Self::new(
                Code::MalformedRequest,
                say!(
                    "文字里有字符 U+0000，不能保存",
                    "a text contains the character U+0000, which cannot be stored"
                ),
            ),
            Meaning::Busy => Self::new(
                Code::Unavailable,
                say!(
                    "别人正在处理同一批数据，等得太久了，请再试一次",
                    "somebody else has been working on the same data for too long; try again"
                ),
            ),
            Meaning::Unavailable => {
                let error = causes(error);
                tracing::warn!(%error, "the database is unavailable");
                Self::new(Code::Unavailable, UNREACHABLE)
            }
            Meaning::Internal => Self::internal(&causes(error)),
        }
    }
}

/// What is said while there is no database.
pub const UNREACHABLE: Said =
    Said::fixed("现在连不上数据库，请稍后再试", "the database cannot be reached at the moment");

/// An error with its causes: which word of which column could not be read stands in the last one.
fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<PoolError> for Problem {
    fn from(error: PoolError) -> Self {
        tracing::warn!(%error, "no database connection");
        Self::new(Code::Unavailable, UNREACHABLE)
    }
}
