//! What a caller may do next with something: every resource of the review's life says so, and until when.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An operation that is open to the caller now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AllowedAction {
    /// What it does, for example `move` or `hand_in`.
    #[schema(example = "move")]
    pub action: String,
    /// The state to which it leads, where there are several.
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
