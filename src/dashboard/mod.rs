//! Dashboards: aggregates that name nobody, and the top of the leaderboard.

pub mod channels;
pub mod form;
pub mod grades;
pub mod http;
pub mod kept;
pub mod leaderboard;
mod month_reviews;
mod month_state;
pub mod phone_web;
mod places;
mod plans;
pub mod quality;
pub mod remembered;
pub mod roll_up;
pub mod rows;
pub mod sales;
pub mod selection;
pub mod shape;
pub mod stock;
mod store;
mod summed;
pub mod unchanged;
pub mod units;
mod withheld;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Numeric, Text};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub use selection::SelectionQuery;

use crate::decimal;
use crate::org::Position;
use crate::period::Period;

/// Which leaderboard.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LeaderboardQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Only this unit and those below it, by code.
    pub unit: Option<String>,
    /// The position; sales consultants by default.
    pub position: Option<Position>,
    /// How many places to show, 1 to 100; 10 by default.
    #[param(minimum = 1, maximum = 100)]
    pub top: Option<i32>,
    /// Only these columns of the rows, with commas between them.
    pub fields: Option<String>,
}

/// How many reviews of a month have a grade, under one scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Distribution {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The scheme.
    pub scheme: String,
    /// The final grade; null for grades that few people have each, which stand together for those who may not read the
    /// reviews.
    pub grade: Option<String>,
    /// How many reviews have it; null, without a grade, where reviews of few people are in none of the rows.
    pub reviews: Option<i64>,
    /// Their mean total, half-up to two places; null for few people whose reviews the caller may not read.
    pub mean_total: Option<Decimal>,
}

/// One place of the leaderboard 龙虎榜.
#[derive(Clone, Debug, QueryableByName, Serialize, Deserialize, ToSchema)]
#[schema(as = Place)]
pub struct LeaderboardPlace {
    /// 1 for the best; equal totals and deliveries share a rank.
    #[diesel(sql_type = BigInt)]
    pub rank: i64,
    /// 工号.
    #[diesel(sql_type = Text)]
    pub employee_no: String,
    /// Name.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Name of the unit.
    #[diesel(sql_type = Text)]
    pub unit: String,
    /// Points with the bonus.
    #[diesel(sql_type = Numeric)]
    pub total: Decimal,
    /// Cars delivered.
    #[diesel(sql_type = BigInt)]
    pub deliveries: i64,
    /// The grade that counts.
    #[diesel(sql_type = Text)]
    pub final_grade: String,
}

impl form::Row for Distribution {
    fn columns() -> Vec<String> {
        ["period", "scheme", "grade", "reviews", "mean_total"].map(str::to_owned).into()
    }
}

impl form::Row for LeaderboardPlace {
    fn columns() -> Vec<String> {
        ["rank", "employee_no", "name", "unit", "total", "deliveries", "final_grade"]
            .map(str::to_owned)
            .into()
    }
}

/// `numerator ÷ denominator`, half-up to four places; none for a denominator of 0, and where one of them is not known.
pub fn rate(numerator: Option<i64>, denominator: Option<i64>) -> Option<Decimal> {
    of_sums(Decimal::from(numerator?), Decimal::from(denominator?))
}

/// The same of sums that are no counts.
fn of_sums(numerator: Decimal, denominator: Decimal) -> Option<Decimal> {
    Some(decimal::half_up(numerator.checked_div(denominator)?, 4))
}

/// How much there is of `amount` for each of `count`, half-up to two places; none for a count of 0, and where one of them is not
/// known.
fn per(amount: Option<Decimal>, count: Option<i64>) -> Option<Decimal> {
    Some(decimal::half_up(amount?.checked_div(Decimal::from(count?))?, 2))
}

/// How many more of those who came as far as one step would be at the next by the planned rate.
fn lost(into: Option<i64>, planned: Option<Decimal>, out: Option<i64>) -> Option<Decimal> {
    let expected = Decimal::from(into?).checked_mul(planned?)?;
    Some(decimal::half_up(expected.checked_sub(Decimal::from(out?))?, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_four_places_and_need_a_denominator() {
        // 66 of 149 is 0.44295…
        assert_eq!(rate(Some(66), Some(149)).unwrap().to_string(), "0.4430");
        assert_eq!(rate(Some(1), Some(0)), None);
        assert_eq!((rate(None, Some(1)), rate(Some(1), None)), (None, None));
        // 100 of 3 is 33.333…
        assert_eq!(per(Some(Decimal::ONE_HUNDRED), Some(3)).unwrap().to_string(), "33.33");
        assert_eq!((per(None, Some(1)), per(Some(Decimal::ONE), Some(0))), (None, None));
    }
}
