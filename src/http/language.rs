//! The language that somebody reads.

use std::cmp::Reverse;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AcceptLanguage, CONTENT_LANGUAGE, Header, HeaderValue, Quality, VARY};
use actix_web::middleware::Next;
use actix_web::web::Json;
use actix_web::{CustomizeResponder, Error, HttpRequest, Responder as _};
use serde::Serialize;

use super::problem::Problem;
pub use crate::said::Language;

impl Language {
    /// The one that a request's `Accept-Language` likes best of those that there are.
    ///
    /// Of two that it likes alike the one named first; one that it refuses (`q=0`) only where it refuses the other, too.
    /// Chinese where it likes none (RFC 9110, section 12.5.4).
    pub fn of(request: &HttpRequest) -> Self {
        let Ok(accepted) = AcceptLanguage::parse(request) else { return Self::default() };
        let rank = |language: Self| {
            let of_name = |name: &str| {
                let ranges = accepted.iter().enumerate().filter(|(_, range)| match range.item.item() {
                    Some(tag) => tag.primary_language().eq_ignore_ascii_case(name),
                    None => name == "*",
                });
                ranges.map(|(at, range)| (range.quality, Reverse(at))).max()
            };
            match of_name(language.tag()).or_else(|| of_name("*")) {
                Some((Quality::ZERO, _)) => (0, None),
                None => (1, None),
                liked => (2, liked),
            }
        };
        match rank(Self::English) > rank(Self::Chinese) {
            true => Self::English,
            false => Self::Chinese,
        }
    }

    /// Its name in headers.
    const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The value of `Content-Language`.
    pub const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.tag())
    }

    /// An answer whose sentences are in this language, and would be in another for somebody else.
    pub fn answer<T: Serialize>(self, body: T) -> CustomizeResponder<Json<T>> {
        let answer = Json(body).customize();
        answer.insert_header((CONTENT_LANGUAGE, self.tag())).append_header((VARY, "Accept-Language"))
    }
}

/// Tells problems in the language that the caller reads: whoever raises one knows both, and not who asks.
pub async fn speak(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, Error> {
    let language = Language::of(request.request());
    let answer = next.call(request).await?;
    let problem = answer.response().extensions().get::<Problem>().cloned();
    let Some(problem) = problem.filter(|_| language != Language::default()) else {
        return Ok(answer.map_into_left_body());
    };
    let mut answer = answer.map_body(|_, _| BoxBody::new(problem.json(language)));
    answer.headers_mut().insert(CONTENT_LANGUAGE, language.header());
    Ok(answer.map_into_right_body())
}
