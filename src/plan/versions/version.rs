//! A version of a plan: how far it has come, and what may be done with it next.
//!
//! draft → submitted → approved → superseded, and submitted → draft again when it is returned.

use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Text, Timestamptz};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Problem;
use crate::period::Period;
use crate::said::{Said, said_errors};
use crate::words::words;

/// A version of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, QueryableByName, ToSchema)]
pub struct Plan {
    /// Its id.
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    /// Code of the store or group.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// The calendar year.
    #[diesel(sql_type = Integer)]
    pub year: i32,
    /// What is planned first.
    #[diesel(sql_type = Text)]
    pub metric: String,
    /// Number of the version, from 1, within unit and year.
    #[diesel(sql_type = Integer)]
    pub version: i32,
    /// How far it has come.
    #[diesel(sql_type = Text)]
    pub status: Status,
    /// The year's total in units of the metric, or cents.
    #[diesel(sql_type = BigInt)]
    pub total: i64,
    /// How many months from January on were closed when this version was planned: they stay as they were.
    #[diesel(sql_type = Integer)]
    pub closed_months: i32,
    /// The first month to which this version applies, once it is approved.
    #[diesel(sql_type = Nullable<Date>)]
    #[schema(value_type = Option<String>, example = "2014-01")]
    pub effective_from: Option<Period>,
    /// Login of its author; null for the operator, or if the reader may not see names.
    #[diesel(sql_type = Nullable<Text>)]
    pub author: Option<String>,
    /// Login of the person who approved it.
    #[diesel(sql_type = Nullable<Text>)]
    pub approver: Option<String>,
    /// When it was drafted.
    #[diesel(sql_type = Timestamptz)]
    pub created_at: DateTime<Utc>,
    /// When it was approved.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    pub approved_at: Option<DateTime<Utc>>,
    /// Grows with every change; the ETag.
    #[diesel(sql_type = Integer)]
    pub row_version: i32,
}

words! {
    /// How far a version has come.
    pub enum Status in "annual_plan.status" {
        /// Being written.
        Draft = "draft" "草稿",
        /// Waits for approval.
        Submitted = "submitted" "已提交",
        /// In force from its month on.
        Approved = "approved" "已批准",
        /// A later version has been approved; it still governs the months before that one's.
        Superseded = "superseded" "已取代",
    }
}

impl Status {
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
            (status, Step::LockMonths) => Ok(status),
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
    /// Months of its unit are locked, wherever it stands.
    LockMonths,
}

impl Step {
    /// Every step.
    pub const ALL: [Self; 8] = [
        Self::Change,
        Self::Delete,
        Self::Submit,
        Self::Return,
        Self::Approve,
        Self::Revise,
        Self::Supersede,
        Self::LockMonths,
    ];

    /// What it does, and what the plan then is.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Change => ("修改", "changed"),
            Self::Delete => ("删除", "deleted"),
            Self::Submit => ("提交", "submitted"),
            Self::Return => ("退回", "returned"),
            Self::Approve => ("批准", "approved"),
            Self::Revise => ("新建下一版", "revised"),
            Self::Supersede => ("取代", "superseded"),
            Self::LockMonths => ("锁定月份", "locked"),
        }
    }
}

/// The step cannot be taken from this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalStep {
    /// Where the version stands.
    pub status: Status,
    /// What was asked for.
    pub step: Step,
}

impl IllegalStep {
    /// What is wrong.
    pub fn said(&self) -> Said {
        let (zh, en) = self.step.words();
        Said::both(
            format!("计划的状态是“{}”，不能{zh}", self.status.label()),
            format!("the plan is {}, so it cannot be {en}", self.status.name()),
        )
    }
}

said_errors!(IllegalStep);

impl From<IllegalStep> for Problem {
    fn from(illegal: IllegalStep) -> Self {
        Self::conflict(illegal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_steps_of_the_design_are_legal() {
        let legal: Vec<_> = Status::ALL
            .iter()
            .flat_map(|&status| Step::ALL.map(|step| (status, step)))
            .filter_map(|(status, step)| Some((status, step, status.after(step).ok()?)))
            .collect();
        use Status::{Approved, Draft, Submitted, Superseded};
        let expected = [
            (Draft, Step::Change, Draft),
            (Draft, Step::Delete, Draft),
            (Draft, Step::Submit, Submitted),
            (Draft, Step::LockMonths, Draft),
            (Submitted, Step::Return, Draft),
            (Submitted, Step::Approve, Approved),
            (Submitted, Step::LockMonths, Submitted),
            (Approved, Step::Revise, Approved),
            (Approved, Step::Supersede, Superseded),
            (Approved, Step::LockMonths, Approved),
            (Superseded, Step::LockMonths, Superseded),
        ];
        assert_eq!(legal, expected);
    }

    #[test]
    fn the_refusal_says_where_the_plan_stands() {
        let refusal = Status::Approved.after(Step::Submit).unwrap_err();
        assert_eq!(refusal.to_string(), "the plan is approved, so it cannot be submitted");
    }
}
