//! Query strings, read strictly: what is wrong with one names its parameter.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;

use super::problem::Problem;

/// A query string. Its operation declares `params(T)`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(request.query_string()).map(Self))
    }
}

/// Reads a query string, naming the parameter at fault.
pub(super) fn parse<T: DeserializeOwned>(text: &str) -> Result<T, Problem> {
    let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
    serde_path_to_error::deserialize(pairs).map_err(|error| {
        let path = error.path().to_string();
        let message = error.into_inner().to_string();
        // Serde names a missing, doubled or unknown parameter in backquotes and not in its path.
        let named = message.split('`').nth(1).filter(|_| message.contains("field"));
        let field = named.map_or(path, str::to_owned);
        Problem::field(if field == "." { "query".to_owned() } else { field }, message)
    })
}
