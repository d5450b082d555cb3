//! The language that somebody reads.

use actix_web::http::header::{AcceptLanguage, CONTENT_LANGUAGE, Header, VARY};
use actix_web::web::Json;
use actix_web::{CustomizeResponder, HttpRequest, Responder as _};
use serde::Serialize;

/// A language that the program speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// 中文: what people in the showroom read, unless they ask for another.
    #[default]
    Chinese,
    /// English.
    English,
}

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
    /// An answer whose sentences are in this language, and would be in another for somebody else.
    pub fn answer<T: Serialize>(self, body: T) -> CustomizeResponder<Json<T>> {
        let tag = match self {
            Self::Chinese => "zh",
            Self::English => "en",
        };
        let answer = Json(body).customize();
        answer.insert_header((CONTENT_LANGUAGE, tag)).append_header((VARY, "Accept-Language"))
    }
}
