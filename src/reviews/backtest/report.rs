//! What is kept of a backtest: counts, means, and reviews by id. It names nobody; names are added where it is read.

use diesel::QueryableByName;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Date, Text};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::period::Period;
use crate::rules::finding::SourcePlace;

/// What the tried rules change, compared with the rules before.
#[derive(Clone, Debug, PartialEq, Eq, FromSqlRow, Serialize, Deserialize, ToSchema)]
pub struct BacktestReport {
    /// How many reviews were tried.
    pub reviews: u64,
    /// How many of them change: in total, final grade, coefficient or need for attention.
    pub changed: u64,
    /// How many of them no scheme of the tried rules scores any more.
    pub withdrawn: u64,
    /// The first hundred of those that are withdrawn.
    #[serde(default)]
    pub withdrawn_first: Vec<NamedReview>,
    /// How many of them only the tried rules score.
    pub added: u64,
    /// The distribution of totals, in steps of five points.
    pub histogram: Vec<ScoreBin>,
    /// How final grades move, by position.
    pub grades: Vec<GradeMatrix>,
    /// Mean totals by position.
    pub positions: Vec<MeanChange>,
    /// Mean totals by store, named by its code.
    pub stores: Vec<MeanChange>,
    /// Mean totals by unit of the posting, named by its code.
    pub teams: Vec<MeanChange>,
    /// The ten reviews that gain most.
    pub gainers: Vec<Mover>,
    /// The ten reviews that lose most.
    pub losers: Vec<Mover>,
    /// Reviews that need attention and did not before.
    pub attention_new: AttentionMarks,
    /// Reviews that needed attention and no longer do.
    pub attention_gone: AttentionMarks,
    /// Statements of the tried scripts that ran for none of these reviews.
    pub never_executed: Vec<ScriptPlace>,
    /// How many of the named reviews are left out because the reader may not see them.
    #[serde(default)]
    pub hidden: u64,
}

/// It is kept as JSON.
impl FromSql<Text, Pg> for BacktestReport {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(serde_json::from_slice(value.as_bytes())?)
    }
}

/// How many totals lie in one range of points.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScoreBin {
    /// The lowest total of the range, which is five points wide; the last range is open. Null for reviews without a total.
    pub from: Option<u64>,
    /// How many under the rules before.
    pub before: u64,
    /// How many under the tried rules.
    pub after: u64,
}

/// How the final grades of a position move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GradeMatrix {
    /// The position.
    pub position: String,
    /// The grades, best first, `NR` last.
    pub grades: Vec<String>,
    /// How many reviews move from the row's grade to the column's.
    pub counts: Vec<Vec<u64>>,
}

/// The mean total of a group of reviews before and after, over those with a total both times.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MeanChange {
    /// The position, or the code of the store or unit.
    pub of: String,
    /// How many reviews.
    pub count: u64,
    /// Their mean total before, rounded half up to two decimals.
    pub before: Decimal,
    /// Their mean total under the tried rules, rounded half up to two decimals.
    pub after: Decimal,
    /// The mean of the changes, rounded half up to two decimals. It can differ from the difference of the rounded means.
    pub change: Decimal,
}

/// A review whose total changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Mover {
    /// Its id.
    pub review: i64,
    /// Whose it is. Names are added when the report is read; they are not stored with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReviewedPerson>,
    /// The total before.
    pub before: Decimal,
    /// The total under the tried rules.
    pub after: Decimal,
    /// What it gains, or loses if negative.
    pub change: Decimal,
    /// The final grade before.
    pub grade_before: String,
    /// The final grade under the tried rules.
    pub grade_after: String,
    /// The rule whose points change most in this direction, or that has come to apply, or does no longer; null if there is
    /// none.
    pub rule: Option<RuleChange>,
    /// What of the change of the total comes through which rule, the largest part first. The parts add up to the change.
    #[serde(default)]
    pub parts: Vec<ChangePart>,
}

/// A part of a total's change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChangePart {
    /// The rule; null for what no rule accounts for: the cap of a total, or points added by hand.
    pub rule: Option<String>,
    /// What it adds to the total, or takes off if negative.
    pub change: Decimal,
}

/// A rule's points for one review, before and after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleChange {
    /// The rule.
    pub rule: String,
    /// By how much its points change, including its bonus.
    pub change: Decimal,
}

/// Whose review it is.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName, Serialize, Deserialize, ToSchema)]
pub struct ReviewedPerson {
    /// Employee number 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// The person's name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Code of the unit.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// The month.
    #[diesel(sql_type = Date)]
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
}

/// Reviews that start to need attention, or stop needing it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionMarks {
    /// How many there are.
    pub count: u64,
    /// The first hundred of them.
    pub first: Vec<AttentionMark>,
}

/// A review that needs attention either before or after, but not both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttentionMark {
    /// Its id.
    pub review: i64,
    /// Whose it is. Names are added when the report is read; they are not stored with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReviewedPerson>,
    /// What failed, with file, line and column.
    pub attention: Vec<String>,
}

/// A review that is named in a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NamedReview {
    /// Its id.
    pub review: i64,
    /// Whose it is. Names are added when the report is read; they are not stored with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<ReviewedPerson>,
}

/// A place in a script; lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct ScriptPlace {
    /// Path below the rules folder.
    pub file: String,
    /// The line.
    pub line: Option<usize>,
    /// The column.
    pub column: Option<usize>,
}

impl From<&SourcePlace> for ScriptPlace {
    fn from(place: &SourcePlace) -> Self {
        Self { file: place.file.clone(), line: place.line, column: place.column }
    }
}
