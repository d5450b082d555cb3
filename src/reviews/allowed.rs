//! What a caller may do next with something: every resource of the review's life says so, and until when.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::{Code, Problem};

/// An operation that is open to the caller now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedAction {
    /// What it does, for example `move` or `hand_in`.
    #[schema(example = "move")]
    pub action: String,
    /// The state to which it leads, or what it is about, where there are several.
    #[schema(example = "self_review")]
    pub to: Option<String>,
    /// Its method.
    #[schema(example = "POST")]
    pub method: String,
    /// Its path.
    #[schema(example = "/v1/review-cycles/3/moves")]
    pub path: String,
    /// The last day on which it is in time, to the day's end in China; null where there is no term.
    pub until: Option<NaiveDate>,
    /// Whether it takes a reason.
    pub needs_reason: bool,
}

impl AllowedAction {
    /// A `POST` without a term, for which no reason is asked.
    pub fn post(action: &str, path: String) -> Self {
        let (action, method) = (action.to_owned(), "POST".to_owned());
        Self { action, to: None, method, path, until: None, needs_reason: false }
    }

    /// The same with another method.
    pub fn by(self, method: &str) -> Self {
        Self { method: method.to_owned(), ..self }
    }

    /// The same, about one of several things.
    pub fn to(self, what: &str) -> Self {
        Self { to: Some(what.to_owned()), ..self }
    }

    /// The same, in time until a day.
    pub fn until(self, until: Option<NaiveDate>) -> Self {
        Self { until, ..self }
    }

    /// The same, for a reason.
    pub fn for_a_reason(self) -> Self {
        Self { needs_reason: true, ..self }
    }
}

/// Whether something was granted: refused is what the caller may not do, or not now.
///
/// # Errors
///
/// Any other problem.
pub fn is_granted<T>(result: Result<T, Problem>) -> Result<bool, Problem> {
    match result {
        Ok(_) => Ok(true),
        Err(problem) if matches!(problem.code, Code::Forbidden | Code::NotFound | Code::Conflict) => {
            Ok(false)
        }
        Err(problem) => Err(problem),
    }
}
