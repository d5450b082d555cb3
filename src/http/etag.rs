//! Versions as entity tags, so that two editors never overwrite each other silently.

use actix_web::http::header::{ETag, EntityTag, Header, IF_MATCH, IfMatch};
use actix_web::{FromRequest, HttpRequest, dev::Payload};
use std::future::{Ready, ready};

use super::problem::{Code, Problem};

/// The entity tag of a version.
pub fn of(version: i32) -> ETag {
    ETag(EntityTag::new_strong(version.to_string()))
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
                "it has been changed since you read it: read it again, then repeat your change",
            )),
            _ => Ok(()),
        }
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
                    "send the ETag of what you have read as If-Match, or * for whichever is there",
                )),
                [tag] => tag.tag().parse().map(Self::Version).map_err(|_| stale()),
                _ => Err(Problem::new(Code::MalformedRequest, "If-Match takes one entity tag")),
            },
            Err(_) => Err(malformed()),
        })
    }
}

fn malformed() -> Problem {
    Problem::new(Code::MalformedRequest, "If-Match is not an entity tag in quotes")
}

/// A tag that no version of ours ever had.
fn stale() -> Problem {
    Problem::new(Code::PreconditionFailed, "If-Match names a version that does not exist")
}
