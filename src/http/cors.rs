//! Pages of other origins that may ask from a browser: none, unless whoever runs the server names them.

use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::header::{
    ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_LANGUAGE, CONTENT_TYPE, ETAG, HeaderName, IF_MATCH,
    IF_NONE_MATCH, LOCATION, RETRY_AFTER,
};

use super::request_span::REQUEST_ID;

/// For how long a browser need not ask again, in seconds.
const MAX_AGE: usize = 3_600;

/// Where a page comes from: `https://screen.example.com`, or `*` for anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let is_host = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
                && host == host.to_ascii_lowercase()
        };
        match text == "*" || host.is_some_and(is_host) {
            true => Ok(Self(text.to_owned())),
            false => {
                Err("expected * or an origin as browsers send it, for example https://screen.example.com: \
                          no path, no slash at its end, small letters"
                    .to_owned())
            }
        }
    }
}

/// Lets pages of these origins ask. Tokens and keys are sent by the page itself; there are no cookies that a browser could add.
pub fn allowing(origins: &[Origin]) -> Cors {
    let asked = [AUTHORIZATION, CONTENT_TYPE, ACCEPT, ACCEPT_LANGUAGE, IF_MATCH, IF_NONE_MATCH];
    let told = [ETAG, LOCATION, RETRY_AFTER, CONTENT_LANGUAGE];
    let (key, replayed) = ("idempotency-key", "idempotency-replayed");
    let ours = HeaderName::from_static;
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(asked.into_iter().chain([ours(key), ours("last-event-id")]))
        .expose_headers(told.into_iter().chain([ours(replayed), ours(REQUEST_ID)]))
        .max_age(MAX_AGE);
    match origins.iter().any(|Origin(origin)| origin == "*") {
        true => cors.allow_any_origin().send_wildcard(),
        false => origins.iter().fold(cors, |cors, Origin(origin)| cors.allowed_origin(origin)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_written_as_browsers_send_them() {
        for right in ["*", "https://screen.example.com", "http://localhost:3000", "http://[::1]:3000"] {
            assert!(right.parse::<Origin>().is_ok(), "{right}");
        }
        for wrong in [
            "",
            "screen.example.com",
            "https://",
            "https://a.example/",
            "https://a.example/b",
            "https://A.example",
            "ftp://a",
            "https://a b",
            "null",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
