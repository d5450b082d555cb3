//! The language that somebody reads.

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AcceptLanguage, CONTENT_LANGUAGE, Header, HeaderValue, VARY};
use actix_web::middleware::Next;
use actix_web::web::Json;
use actix_web::{CustomizeResponder, Error, HttpRequest, Responder as _};
use serde::Serialize;

use super::problem::Problem;
pub use crate::said::Language;

impl Language {
    /// The one that a request's `Accept-Language` likes best of those that there are.
    pub fn of(request: &HttpRequest) -> Self {
        let Ok(accepted) = AcceptLanguage::parse(request) else { return Self::default() };
        accepted
            .ranked()
            .iter()
            .filter_map(|tag| match tag.item()?.primary_language() {
                "zh" => Some(Self::Chinese),
                "en" => Some(Self::English),
                _ => None,
            })
            .next()
            .unwrap_or_default()
    }

    /// Its name in headers.
    const fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh",
            Self::English => "en",
        }
    }

    /// The value of `Content-Language`.
    pub(super) const fn header(self) -> HeaderValue {
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
