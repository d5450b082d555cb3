//! Calibration 校准: how teams are graded, beside the store, beside their leaders' last months, and against the store's
//! guideline. There is no forced distribution: what stands out is a warning, and it changes nothing.

mod figures;
pub mod guideline;
pub mod http;
mod store;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::guideline::GradeShare;
use super::cycle::CycleState;
use super::store::{ReviewCycle, find_cycle};
use crate::auth::Context;
use crate::http::Problem;
use crate::said::say;
use crate::words::words;

words! {
    /// What stands out in how a team is graded.
    pub enum CalibrationWarningKind in "calibration" {
        /// More of a grade than the guideline has.
        AboveGuideline = "above_guideline" "高于参考比例",
        /// The team's mean is far above the store's.
        Lenient = "lenient" "明显高于全店",
        /// The team's mean is far below the store's.
        Severe = "severe" "明显低于全店",
        /// The team's mean is far from that of its leader's last three months.
        Drift = "drift" "与前三个月差异明显",
    }
}

/// How the teams of a store's month are graded.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Calibration {
    /// The cycle.
    pub cycle: ReviewCycle,
    /// What the grades are held against; empty where the store has no guideline.
    pub guideline: Vec<GradeShare>,
    /// The whole store, by scheme.
    pub store: Vec<GradedGroup>,
    /// Its teams, by code and scheme.
    pub teams: Vec<GradedGroup>,
}

/// How a team, or a store, is graded by a scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GradedGroup {
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// Employee number 工号 of the line leader at the month's end.
    pub leader_no: Option<String>,
    /// The leader's name.
    pub leader_name: Option<String>,
    /// The scheme.
    pub scheme: String,
    /// How many reviews there are.
    pub reviews: i64,
    /// How many are rated.
    pub rated: i64,
    /// Whether fewer than five are rated: shares and means of so few say little.
    pub is_small: bool,
    /// Mean of the rated totals, rounded once.
    pub mean: Option<Decimal>,
    /// How far the mean is above the store's by the same scheme.
    pub above_store: Option<Decimal>,
    /// Mean of what the same leader's teams had in the three months before, as far as they are published.
    pub mean_before: Option<Decimal>,
    /// How far the mean is above that one.
    pub above_before: Option<Decimal>,
    /// How many reviews have which grade, `NR` among them.
    pub grades: Vec<GradeCount>,
    /// What stands out.
    pub warnings: Vec<CalibrationWarning>,
}

/// How many reviews have a grade.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GradeCount {
    /// The grade.
    pub grade: String,
    /// How many reviews have it.
    pub reviews: i64,
    /// Their share of the rated ones, to four places; null of `NR`, and where nobody is rated.
    pub share: Option<Decimal>,
}

/// Something that stands out. It is a warning, and changes nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CalibrationWarning {
    /// What it is.
    pub kind: CalibrationWarningKind,
    /// The grade, where it is about one.
    pub grade: Option<String>,
    /// The same in a sentence, in the reader's language.
    pub sentence: String,
}

/// How the teams of a cycle are graded.
///
/// # Errors
///
/// Not found where the caller does not reach the cycle; a conflict before `hr_check`.
pub async fn read(cx: &mut Context, cycle_id: i64) -> Result<Calibration, Problem> {
    cx.snapshot(async |cx| {
        let cycle = find_cycle(cx, cycle_id).await?;
        if cycle.state < CycleState::HrCheck {
            let detail = say!(
                "现在是“{}”：从“{}”起才能比较各组的评级",
                "the cycle is in '{}': how teams are graded is compared from '{}' on",
                cycle.state,
                CycleState::HrCheck
            );
            return Err(Problem::conflict(detail));
        }
        let (guideline, _) = guideline::of_store(cx.db(), cycle.store_id).await?;
        let sums = store::sums(cx.db(), &cycle).await?;
        let (store, teams) = figures::groups(&cycle, &sums, &guideline, cx.language);
        Ok(Calibration { cycle, guideline, store, teams })
    })
    .await
}
