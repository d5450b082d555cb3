//! What a review comes to, as far as a backtest compares it.

use diesel::QueryableByName;
use diesel::sql_types::{Array, Nullable, Numeric, Text};
use rust_decimal::Decimal;

use crate::decimal;
use crate::rules::scoring::Scored;

/// What a review comes to: what its owner is told and paid by.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct ReviewResult {
    /// Points with the bonus; none while it needs attention or when nothing applies.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub total: Option<Decimal>,
    /// The grade that counts.
    #[diesel(sql_type = Text)]
    pub final_grade: String,
    /// Performance coefficient 绩效系数; none when not rated.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub coefficient: Option<Decimal>,
    /// What somebody has to look at.
    #[diesel(sql_type = Array<Text>)]
    pub attention: Vec<String>,
}

impl ReviewResult {
    /// What rules have just come to.
    pub fn of(scored: &Scored) -> Self {
        Self {
            total: scored.total,
            final_grade: scored.final_grade.clone(),
            // As the table keeps it.
            coefficient: scored.coefficient.map(|coefficient| decimal::half_up(coefficient, 2)),
            attention: scored.attention.clone(),
        }
    }

    /// Whether the two differ in anything but the words of what needs attention.
    pub fn differs(&self, other: &Self) -> bool {
        self.total != other.total
            || self.final_grade != other.final_grade
            || self.coefficient != other.coefficient
            || self.attention.is_empty() != other.attention.is_empty()
    }
}
