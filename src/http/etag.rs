//! Versions as entity tags, so that two editors never overwrite each other silently.

use std::fmt::Display;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::{ETag, EntityTag, Header, IF_MATCH, IfMatch, LOCATION};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::{ObjectBuilder, Required, Type};

use super::problem::{Code, Problem};
use crate::said::say;

/// The header that says which version the caller has seen.
pub const HEADER: &str = "If-Match";
/// How it is written.
pub(super) const PATTERN: &str = r#"^(\*|(W/)?"[^"]*")$"#;

/// The entity tag of a version.
pub fn of(version: i32) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
}

/// Answers 200 with something of this version.
pub fn ok(version: i32, body: impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header(of(version)).json(body)
}

/// Answers 201 with something of this version that has been made at `location`.
pub fn created(location: impl Display, version: i32, body: impl Serialize) -> HttpResponse {
    HttpResponse::Created()
        .insert_header((LOCATION, location.to_string()))
        .insert_header(of(version))
        .json(body)
}

/// The version that the caller has seen, from `If-Match`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// `If-Match: *`: whichever is there.
    Any,
    /// This version.
    Version(i32),
}

impl Seen {
    /// Refuses a version that is not the one seen.
    pub fn check(self, current: i32) -> Result<(), Problem> {
        match self {
            Self::Version(seen) if seen != current => Err(Problem::new(
                Code::PreconditionFailed,
                say!(
                    "您读过之后它已被修改：请重新读取，再改一次",
                    "it has been changed since you read it: read it again, then repeat your change"
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// An operation that takes a [`Seen`] declares `params(Seen)`; its answers 412 and 428 follow from that.
impl IntoParams for Seen {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some(PATTERN));
        let header = ParameterBuilder::new().name(HEADER).parameter_in(ParameterIn::Header);
        let header = header
            .description(Some("The ETag that was read, or *"))
            .example(Some("*".into()))
            .required(Required::True);
        vec![header.schema(Some(text)).build()]
    }
}

impl FromRequest for Seen {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = IfMatch::parse(request);
        ready(match header {
            Ok(IfMatch::Any) => Ok(Self::Any),
            Ok(IfMatch::Items(tags)) => match tags.as_slice() {
                // What does not parse is left out of the list.
                [] if request.headers().contains_key(IF_MATCH) => Err(malformed()),
                [] => Err(Problem::new(
                    Code::PreconditionRequired,
                    say!(
                        "请用 If-Match 带上读到的 ETag；不论版本则写 *",
                        "send the ETag of what you have read as If-Match, or * for whatever version there is"
                    ),
                )),
                // What may differ in its bytes says nothing about the version (RFC 9110, 13.1.1).
                [tag] if tag.weak => Err(stale()),
                [tag] => tag.tag().parse().map(Self::Version).map_err(|_| stale()),
                _ => Err(Problem::new(
                    Code::MalformedRequest,
                    say!("If-Match 只能有一个 ETag", "If-Match takes one entity tag"),
                )),
            },
            Err(_) => Err(malformed()),
        })
    }
}

fn malformed() -> Problem {
    let detail = say!("If-Match 应为带引号的 ETag", "If-Match is not an entity tag in quotes");
    Problem::new(Code::MalformedRequest, detail)
}

/// A tag that no version of ours ever had; weak ones, none of ours has.
fn stale() -> Problem {
    let detail = say!("If-Match 所指的版本不存在", "If-Match names a version that does not exist");
    Problem::new(Code::PreconditionFailed, detail)
}
