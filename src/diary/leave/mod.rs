//! Kinds of leave 假期类型: data, because companies have their own. Protected leave never costs points; what is not
//! protected counts as personal leave 事假.

pub mod http;
mod store;

use diesel::Queryable;
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::store::{list, put};

/// A kind of leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Queryable, ToSchema)]
pub struct LeaveType {
    /// What files and people call it.
    #[schema(example = "产假")]
    pub name: String,
    /// Its English name.
    #[schema(example = "Maternity leave")]
    pub en: String,
    /// Whether it is protected, and so never costs points.
    pub is_protected: bool,
    /// Other headers that its column may have in a file; 产假天数 is understood as well as 产假 in any case.
    #[schema(example = json!(["生育假"]))]
    pub aliases: Vec<String>,
}

/// The details of a kind of leave.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveTypeDetails {
    /// Its English name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "Maternity leave")]
    pub en: String,
    /// Whether it is protected. Months that were imported before stay as they are.
    #[garde(skip)]
    pub is_protected: bool,
    /// Other headers that its column may have in a file.
    #[garde(length(max = 20), inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    pub aliases: Vec<String>,
}
