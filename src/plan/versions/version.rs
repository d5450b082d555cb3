//! A version of a plan: how far it has come, and what may be done with it next.
//!
//! draft → submitted → approved → superseded, and submitted → draft again when it is returned.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Problem;
use crate::period::Period;

/// A version of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// Its id.
    pub id: i64,
    /// Code of the store or group.
    pub unit: String,
    /// The calendar year.
    pub year: i32,
    /// What is planned first.
    pub metric: String,
    /// Number of the version, from 1, within unit and year.
    pub version: i32,
    /// How far it has come.
    pub status: Status,
    /// The year's total in units of the metric, or cents.
    pub total: i64,
    /// How many months from January on were closed when this version was planned: they stand as they were.
    pub closed_months: i32,
    /// The first month that follows this version, once it is approved.
    #[schema(value_type = Option<String>, example = "2014-01")]
    pub effective_from: Option<Period>,
    /// Login of its author; none for the operator's, and for those who see nobody's name.
    pub author: Option<String>,
    /// Login of who approved it.
    pub approver: Option<String>,
    /// When it was drafted.
    pub created_at: DateTime<Utc>,
    /// When it was approved.
    pub approved_at: Option<DateTime<Utc>>,
    /// Grows with every change; the ETag.
    pub row_version: i32,
}

/// How far a version has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// 草稿: being written.
    Draft,
    /// 已提交: waits for approval.
    Submitted,
    /// 已批准: in force from its month on.
    Approved,
    /// 已取代: a later version has been approved; it still governs the months before that one's.
    Superseded,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Submitted, Self::Approved, Self::Superseded];

    /// The word for it in the database and in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Superseded => "superseded",
        }
    }

    /// The status that `name` is the word for.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// The status after `step`.
    ///
    /// # Errors
    ///
    /// [`IllegalStep`] where the step cannot be taken from here.
    pub const fn after(self, step: Step) -> Result<Self, IllegalStep> {
        match (self, step) {
            (Self::Draft, Step::Change | Step::Delete) => Ok(Self::Draft),
            (Self::Draft, Step::Submit) => Ok(Self::Submitted),
            (Self::Submitted, Step::Return) => Ok(Self::Draft),
            (Self::Submitted, Step::Approve) => Ok(Self::Approved),
            (Self::Approved, Step::Revise) => Ok(Self::Approved),
            (Self::Approved, Step::Supersede) => Ok(Self::Superseded),
            (status, step) => Err(IllegalStep { status, step }),
        }
    }
}

/// Something that is done with a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its cells are changed.
    Change,
    /// It is thrown away.
    Delete,
    /// Its author hands it in.
    Submit,
    /// The approver hands it back.
    Return,
    /// The approver puts it in force.
    Approve,
    /// The next version is begun as its copy.
    Revise,
    /// The next version takes its place.
    Supersede,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 7] = [
        Self::Change,
        Self::Delete,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::Revise,
        Self::Supersede,
    ];

    const fn participle(self) -> &'static str {
        match self {
            Self::Change => "changed",
            Self::Delete => "deleted",
            Self::Submit => "submitted",
            Self::Return => "returned",
            Self::Approve => "approved",
            Self::Revise => "revised",
            Self::Supersede => "superseded",
        }
    }
}

/// The step cannot be taken from this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan is {}, so it cannot be {}", status.name(), step.participle())]
pub struct IllegalStep {
    /// Where the version stands.
    pub status: Status,
    /// What was asked for.
    pub step: Step,
}

impl From<IllegalStep> for Problem {
    fn from(illegal: IllegalStep) -> Self {
        Self::conflict(illegal.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_steps_of_the_design_are_legal() {
        let legal: Vec<_> = Status::ALL
            .into_iter()
            .flat_map(|status| Step::ALL.map(|step| (status, step)))
            .filter_map(|(status, step)| Some((status, step, status.after(step).ok()?)))
            .collect();
        use Status::{Approved, Draft, Submitted, Superseded};
        let expected = [
            (Draft, Step::Change, Draft),
            (Draft, Step::Delete, Draft),
            (Draft, Step::Submit, Submitted),
            (Submitted, Step::Return, Draft),
            (Submitted, Step::Approve, Approved),
            (Approved, Step::Revise, Approved),
            (Approved, Step::Supersede, Superseded),
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn the_refusal_says_where_the_plan_stands() {
        let refusal = Status::Approved.after(Step::Submit).unwrap_err();
        assert_eq!(refusal.to_string(), "the plan is approved, so it cannot be submitted");
    }

    #[test]
    fn every_status_is_found_by_its_name() {
        assert!(Status::ALL.into_iter().all(|status| Status::named(status.name()) == Some(status)));
        assert_eq!(Status::named("returned"), None);
    }
}
