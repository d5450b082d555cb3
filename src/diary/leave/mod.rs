//! Kinds of leave 假期类型: data, because companies have their own. Protected leave never costs points; what is not
//! protected counts as personal leave 事假. What all stores share is the group's to keep, a store adds its own; and whether a
//! kind is protected is said by two people, from a month on.

pub mod http;
pub mod protection;
mod store;

use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::protection::LeaveProtection;
pub use self::store::{in_force, list, put};

/// A kind of leave as the files of a month are read with it.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct LeaveType {
    /// What files and people call it.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Whether it is protected in that month, and so never costs points.
    #[diesel(sql_type = Bool)]
    pub is_protected: bool,
    /// Other headers that its column may have in a file; 产假天数 is understood as well as 产假 in any case.
    #[diesel(sql_type = Array<Text>)]
    pub aliases: Vec<String>,
}

/// A kind of leave with what was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = LeaveType)]
pub struct KeptLeaveType {
    /// Its names.
    #[serde(flatten)]
    pub named: NamedLeaveType,
    /// Whether it is protected this month, and so never costs points; null where nothing is in force: no file is read with it.
    pub is_protected: Option<bool>,
    /// What was said of its protection, the latest first.
    pub protections: Vec<LeaveProtection>,
}

/// The names of a kind of leave.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct NamedLeaveType {
    /// What files and people call it.
    #[diesel(sql_type = Text)]
    #[schema(example = "产假")]
    pub name: String,
    /// Its English name.
    #[diesel(sql_type = Text)]
    #[schema(example = "Maternity leave")]
    pub en: String,
    /// Other headers that its column may have in a file; 产假天数 is understood as well as 产假 in any case.
    #[diesel(sql_type = Array<Text>)]
    #[schema(example = json!(["生育假"]))]
    pub aliases: Vec<String>,
    /// Code of the store whose own it is; null where all stores share it.
    #[diesel(sql_type = Nullable<Text>)]
    pub store: Option<String>,
    /// Grows with every change of its names; also the ETag.
    #[diesel(sql_type = Integer)]
    pub version: i32,
}

/// The details of a kind of leave.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LeaveTypeDetails {
    /// Its English name.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "Maternity leave", min_length = 1, max_length = 64)]
    pub en: String,
    /// Other headers that its column may have in a file.
    #[garde(length(max = 20), inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(inline, value_type = Vec<crate::http::bounds::GivenCode>, max_items = 20)]
    pub aliases: Vec<String>,
    /// Code of the store whose own it is to be, for a new one; left out, it is for all stores, which the group adds.
    #[garde(inner(length(chars, min = 1, max = 32)))]
    #[serde(default)]
    #[schema(example = "JC", min_length = 1, max_length = 32)]
    pub store: Option<String>,
}
