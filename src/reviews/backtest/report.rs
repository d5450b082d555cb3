//! What is kept of a backtest: counts, means, and reviews by id. It names nobody; names are added where it is read.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::period::Period;
use crate::rules::finding::Place;

/// What the rules tried change, compared with those they were tried against.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BacktestReport {
    /// Reviews that were tried.
    pub reviews: u64,
    /// Those whose total, final grade, coefficient or need for attention changes, comes or goes.
    pub changed: u64,
    /// Those that no scheme of the rules tried scores any more.
    pub withdrawn: u64,
    /// Those that only a scheme of the rules tried scores.
    pub added: u64,
    /// How many totals lie where, in steps of five points.
    pub histogram: Vec<ScoreBin>,
    /// How final grades move, for each position.
    pub grades: Vec<GradeMatrix>,
    /// Mean totals by position.
    pub positions: Vec<MeanChange>,
    /// Mean totals by store, by code.
    pub stores: Vec<MeanChange>,
    /// Mean totals by unit of the posting, by code.
    pub teams: Vec<MeanChange>,
    /// The ten that gain most.
    pub gainers: Vec<Mover>,
    /// The ten that lose most.
    pub losers: Vec<Mover>,
    /// Reviews that need attention and did not before.
    pub attention_new: AttentionMarks,
    /// Reviews that needed attention and do not any more.
    pub attention_gone: AttentionMarks,
    /// Places of the scripts tried that ran for none of these reviews.
    pub never_executed: Vec<ScriptPlace>,
    /// Reviews named by the report that are not shown, because the reader does not reach them.
    #[serde(default)]
    pub hidden: u64,
}

/// How many totals lie between two numbers of points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScoreBin {
    /// The least total; the bin ends five points above it, the last one never. None: reviews without a total.
    pub from: Option<u64>,
    /// How many before.
    pub before: u64,
    /// How many with the rules tried.
    pub after: u64,
}

/// How the final grades of a position move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GradeMatrix {
    /// The position.
    pub position: String,
    /// The grades, best first, `NR` last.
    pub grades: Vec<String>,
    /// How many had the grade of the row and have that of the column.
    pub counts: Vec<Vec<u64>>,
}

/// The mean total of some reviews before and after, of those that have one both times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeanChange {
    /// Position, or code of the store or unit.
    pub of: String,
    /// How many reviews.
    pub count: u64,
    /// Their mean total before, half-up to two places.
    pub before: Decimal,
    /// Their mean total with the rules tried, half-up to two places.
    pub after: Decimal,
    /// The mean of the changes, half-up to two places: not the difference of the rounded means.
    pub change: Decimal,
}

/// A review whose total changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mover {
    /// Its id.
    pub review: i64,
    /// Whose it is; only where the report is read, never in what is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReviewedPerson>,
    /// Total before.
    pub before: Decimal,
    /// Total with the rules tried.
    pub after: Decimal,
    /// What it gains; negative: what it loses.
    pub change: Decimal,
    /// Final grade before.
    pub grade_before: String,
    /// Final grade with the rules tried.
    pub grade_after: String,
    /// The rule whose points change most in this direction; none where no rule's do, for example where an item is N/A
    /// now and leaves the denominator.
    pub rule: Option<RuleChange>,
}

/// A rule's points for one review, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleChange {
    /// The rule.
    pub rule: String,
    /// By how much its points change, its bonus included.
    pub change: Decimal,
}

/// Whose review it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReviewedPerson {
    /// 工号.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// Code of the unit.
    pub unit: String,
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
}

/// Reviews that come to need attention, or cease to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionMarks {
    /// How many there are.
    pub count: u64,
    /// The first hundred of them.
    pub first: Vec<AttentionMark>,
}

/// A review that needs attention on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionMark {
    /// Its id.
    pub review: i64,
    /// Whose it is; only where the report is read, never in what is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReviewedPerson>,
    /// What failed, with file, line and column.
    pub attention: Vec<String>,
}

/// A place in a script; lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ScriptPlace {
    /// Path below the rules folder.
    pub file: String,
    /// Line.
    pub line: Option<usize>,
    /// Column.
    pub column: Option<usize>,
}

impl From<&Place> for ScriptPlace {
    fn from(place: &Place) -> Self {
        Self { file: place.file.clone(), line: place.line, column: place.column }
    }
}
