//! The organisation: units, people, the postings they hold and the teams they lead.
//!
//! Everything but a person is valid from one day up to another; `valid_to` is exclusive, here, in JSON and in the
//! database. A unit below another, a posting and a leadership hold only while the unit they hang on does.

mod kinds;
mod validity;

pub mod disclosure;
pub mod http;
pub mod labels;
pub mod leaderships;
pub mod month;
pub(crate) mod owner;
pub mod part;
pub mod people;
pub mod postings;
pub(crate) mod reached;
pub mod units;
pub mod withheld;

use chrono::NaiveDate;
use diesel::prelude::*;
use garde::Validate;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use kinds::{EmployeeStatus, LeadershipKind, Position, UnitKind};
pub use leaderships::line_leaders;
pub use month::Leadership;
pub use part::Part;
pub use people::employees_by_no;
pub use postings::{postings_held, postings_overlapping};
pub use units::{store_codes, stores_by_code, unit_by_code};
pub use validity::Validity;

use crate::http::body::refused;
use crate::said::say;
use validity::{end_after, sane_day};

/// Longest code and employee_no.
const CODE_LENGTH: usize = 32;
/// Longest name, in characters.
const NAME_LENGTH: usize = 64;

/// Whether `text` can be a code or an employee_no. They stand in URLs, so they are plain ASCII; what is not one is
/// not looked up at all.
fn is_code(text: &str) -> bool {
    (1..=CODE_LENGTH).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn code_text(text: &str, _: &()) -> garde::Result {
    match is_code(text) {
        true => Ok(()),
        false => Err(refused(&say!(
            "应为 1 到 32 个字母、数字、- 或 _",
            "expected 1 to 32 of A–Z, a–z, 0–9, '-' and '_'"
        ))),
    }
}

fn name_text(text: &str, _: &()) -> garde::Result {
    let is_plain = !text.chars().any(char::is_control) && text.trim() == text;
    match is_plain && (1..=NAME_LENGTH).contains(&text.chars().count()) {
        true => Ok(()),
        false => Err(refused(&say!(
            "应为一行之内的 1 到 64 个字，前后没有空格",
            "expected 1 to 64 characters in one line, without spaces around them"
        ))),
    }
}

/// Reads a field that may be `null` but is there, which tells "no end" from "not said".
fn said<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A unit of the organisation.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, ToSchema)]
pub struct OrgUnit {
    /// Its id in the database, for other modules; never shown.
    #[serde(skip)]
    pub id: i64,
    /// Its code, which never changes.
    #[schema(example = "G1")]
    pub code: String,
    /// Its name.
    #[schema(example = "销售一组")]
    pub name: String,
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// Code of the unit above it.
    pub parent: Option<String>,
    /// Code of the store it belongs to: for a store its own code, for a group null.
    pub store: Option<String>,
    /// First day.
    pub valid_from: NaiveDate,
    /// The first day on which it no longer exists; null while no end is known.
    pub valid_to: Option<NaiveDate>,
    /// Grows with every change; the ETag.
    pub version: i32,
}

/// A unit to be created.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrgUnit {
    /// Its code, which cannot be changed later: 1 to 32 letters, digits, `-` or `_`.
    #[garde(custom(code_text))]
    #[schema(example = "G1", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub code: String,
    /// Its name: 1 to 64 characters.
    #[garde(custom(name_text))]
    #[schema(example = "销售一组", min_length = 1, max_length = 64)]
    pub name: String,
    /// What kind of unit it is.
    #[garde(skip)]
    pub kind: UnitKind,
    /// Code of the unit above it, which cannot be changed later. A group has none, a store may have a group;
    /// departments and teams belong to a store, directly or through a department.
    #[garde(inner(custom(code_text)))]
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub parent: Option<String>,
    /// First day; not before the parent's.
    #[garde(custom(sane_day))]
    pub valid_from: NaiveDate,
    /// The first day on which it no longer exists; not after the parent's.
    #[garde(custom(end_after(self.valid_from)))]
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}

/// Changes to a unit. Fields that are left out stay as they are.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitPatch {
    /// New name.
    #[garde(inner(custom(name_text)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub name: Option<String>,
    /// The first day on which it no longer exists; `null` removes the end.
    #[garde(inner(inner(custom(sane_day))))]
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<NaiveDate>)]
    pub valid_to: Option<Option<NaiveDate>>,
}

impl OrgUnitPatch {
    /// Whether a unit would be another one with it.
    fn changes(&self, unit: &OrgUnit) -> bool {
        self.name.as_ref().is_some_and(|name| *name != unit.name)
            || self.valid_to.is_some_and(|valid_to| valid_to != unit.valid_to)
    }
}

/// A unit as other modules refer to it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct UnitRef {
    /// Its id.
    pub id: i64,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// What kind of unit it is.
    pub kind: UnitKind,
    /// Id of the store it belongs to, a store's own id; none for a group.
    pub store_id: Option<i64>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, ToSchema)]
pub struct Employee {
    /// The id in the database, for other modules; never shown.
    #[serde(skip)]
    pub id: i64,
    /// 工号, which never changes.
    #[schema(example = "A01")]
    pub employee_no: String,
    /// 姓名
    #[schema(example = "陈志远")]
    pub name: String,
    /// Whether the person is at work.
    pub status: EmployeeStatus,
    /// Grows with every change; the ETag.
    pub version: i32,
}

/// A person to be added.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEmployee {
    /// 工号, which cannot be changed later: 1 to 32 letters, digits, `-` or `_`.
    #[garde(custom(code_text))]
    #[schema(example = "A01", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub employee_no: String,
    /// 姓名: 1 to 64 characters.
    #[garde(custom(name_text))]
    #[schema(example = "陈志远", min_length = 1, max_length = 64)]
    pub name: String,
    /// Whether the person is at work.
    #[garde(skip)]
    pub status: EmployeeStatus,
}

/// Changes to a person. Fields that are left out stay as they are.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EmployeePatch {
    /// New name.
    #[garde(inner(custom(name_text)))]
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub name: Option<String>,
    /// New status.
    #[garde(skip)]
    #[serde(default)]
    pub status: Option<EmployeeStatus>,
}

impl EmployeePatch {
    /// Whether a person would be another one with it.
    fn changes(&self, person: &Employee) -> bool {
        self.name.as_ref().is_some_and(|name| *name != person.name)
            || self.status.is_some_and(|status| status != person.status)
    }
}

/// A posting: somebody holds a position in a unit.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Serialize, Deserialize, ToSchema)]
pub struct Assignment {
    /// Its id.
    pub id: i64,
    /// 工号 of the person who holds it.
    pub employee_no: String,
    /// Name of the person who holds it.
    pub employee_name: String,
    /// Code of the unit.
    pub unit: String,
    /// Name of the unit.
    pub unit_name: String,
    /// The position that the person holds.
    pub position: Position,
    /// First day.
    pub valid_from: NaiveDate,
    /// The first day on which it is no longer held; null while no end is known.
    pub valid_to: Option<NaiveDate>,
    /// Grows with every change; the ETag.
    pub version: i32,
}

/// A posting to be created. Nobody can hold the same position twice on one day; different positions can be held
/// together.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    /// 工号 of the person who is posted.
    #[garde(custom(code_text))]
    #[schema(example = "A01", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub employee_no: String,
    /// Code of the unit.
    #[garde(custom(code_text))]
    #[schema(example = "G1", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub unit: String,
    /// The position that the person holds.
    #[garde(skip)]
    pub position: Position,
    /// First day; not before the unit's.
    #[garde(custom(sane_day))]
    pub valid_from: NaiveDate,
    /// The first day on which it is no longer held; not after the unit's.
    #[garde(custom(end_after(self.valid_from)))]
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}

/// A new end for a posting or a leadership.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndPatch {
    /// The first day on which it no longer holds; `null` removes the end.
    #[garde(inner(custom(sane_day)))]
    // Named, so that serde does not read a missing field as `null`.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    pub valid_to: Option<NaiveDate>,
}

/// A leadership: somebody leads a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TeamLeadership {
    /// Its id.
    pub id: i64,
    /// Code of the team.
    pub unit: String,
    /// Name of the team.
    pub unit_name: String,
    /// 工号 of the person who leads it.
    pub employee_no: String,
    /// Name of the person who leads it.
    pub employee_name: String,
    /// Whether the person leads the people, or the team for one channel only.
    pub kind: LeadershipKind,
    /// Code of the channel that a channel leader leads.
    pub channel: Option<String>,
    /// First day.
    pub valid_from: NaiveDate,
    /// The first day on which the person no longer leads it; null while no end is known.
    pub valid_to: Option<NaiveDate>,
    /// Grows with every change; the ETag.
    pub version: i32,
}

/// A leadership to be given. On any day a team has at most one line leader, and at most one leader for each channel.
#[derive(Clone, Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeamLeadership {
    /// Code of the team.
    #[garde(custom(code_text))]
    #[schema(example = "G1", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub unit: String,
    /// 工号 of the person who leads it.
    #[garde(custom(code_text))]
    #[schema(example = "A01", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub employee_no: String,
    /// Whether the person leads the people, or the team for one channel only.
    #[garde(skip)]
    pub kind: LeadershipKind,
    /// Code of the channel: required for a channel leader, not allowed for a line leader.
    #[garde(custom(channel_of(self.kind)))]
    #[serde(default)]
    #[schema(example = "phone_web", pattern = "^[A-Za-z0-9_-]{1,32}$")]
    pub channel: Option<String>,
    /// First day; not before the team's.
    #[garde(custom(sane_day))]
    pub valid_from: NaiveDate,
    /// The first day on which the person no longer leads it; not after the team's.
    #[garde(custom(end_after(self.valid_from)))]
    #[serde(default)]
    pub valid_to: Option<NaiveDate>,
}

fn channel_of(kind: LeadershipKind) -> impl FnOnce(&Option<String>, &()) -> garde::Result {
    move |channel, context| match (kind, channel) {
        (LeadershipKind::Channel, Some(channel)) => code_text(channel, context),
        (LeadershipKind::Channel, None) => {
            Err(refused(&say!("请写明所管的渠道", "expected the channel that is led")))
        }
        (LeadershipKind::Line, Some(_)) => {
            Err(refused(&say!("直属组长没有渠道", "a line leader has no channel")))
        }
        (LeadershipKind::Line, None) => Ok(()),
    }
}

/// A posting as other modules score it: who, as what, where, and when.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Posting {
    /// Id of who holds it.
    pub employee_id: i64,
    /// 工号 of the person who holds it.
    pub employee_no: String,
    /// Name of the person who holds it.
    pub name: String,
    /// Whether the person is at work, as of now.
    pub status: EmployeeStatus,
    /// The position that the person holds.
    pub position: Position,
    /// Id of the unit.
    pub unit_id: i64,
    /// Its code.
    pub unit_code: String,
    /// What it is called.
    pub unit_name: String,
    /// Id of the store that the unit belongs to; none in a group's own staff.
    pub store_id: Option<i64>,
    /// First day.
    pub valid_from: NaiveDate,
    /// The first day on which it is no longer held; null while no end is known.
    pub valid_to: Option<NaiveDate>,
}

impl Posting {
    /// When it is held.
    pub fn validity(&self) -> Validity {
        Validity { from: self.valid_from, to: self.valid_to }
    }
}

/// Which postings to list; a filter that is left out does not apply.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AssignmentQuery {
    /// Only postings of the person with this 工号.
    pub employee_no: Option<String>,
    /// Only postings in the unit with this code, or below it.
    pub unit: Option<String>,
    /// Only postings to this position.
    pub position: Option<Position>,
    /// Only postings held on this day.
    pub on: Option<NaiveDate>,
}

/// Which leaderships to list; a filter that is left out does not apply.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TeamLeadershipQuery {
    /// Only postings of the person with this 工号.
    pub employee_no: Option<String>,
    /// Only leaderships of the team with this code, or of teams below the unit with it.
    pub unit: Option<String>,
    /// Only leaderships held on this day.
    pub on: Option<NaiveDate>,
}

#[cfg(test)]
mod tests;
