//! Dashboards: aggregates that name nobody, and the top of the leaderboard.

pub mod form;
pub mod grades;
pub mod http;
pub mod leaderboard;
mod month_reviews;
pub mod roll_up;
pub mod store;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Numeric, Text};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Context;
use crate::decimal;
use crate::http::Problem;
use crate::org::{Part, Position};
use crate::period::Period;
use crate::said::say;

/// Most months that one answer has: this year and the one before.
const MOST_MONTHS: u32 = 24;

/// Which months, and which part of the organisation.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SelectionQuery {
    /// The month.
    #[param(value_type = String, example = "2014-03")]
    pub period: Period,
    /// How many months, of which `period` is the last: 1 to 24; 1 by default.
    #[param(minimum = 1, maximum = 24)]
    pub months: Option<u32>,
    /// Only this unit and those below it, by code.
    pub unit: Option<String>,
}

impl SelectionQuery {
    /// What `of_month` says of the part of the organisation in each of the months, the earliest first; nothing where there is
    /// no such part.
    ///
    /// # Errors
    ///
    /// `months` is not within its bounds.
    pub async fn month_by_month<T>(
        &self,
        cx: &mut Context,
        of_month: impl AsyncFn(&mut Context, Part, Period) -> Result<Vec<T>, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let months = self.months.unwrap_or(1);
        if !(1..=MOST_MONTHS).contains(&months) {
            return Err(Problem::field(
                "months",
                say!("应为 1 到 {MOST_MONTHS}", "expected 1 to {MOST_MONTHS}"),
            ));
        }
        let Some(part) = Part::find(cx, self.unit.as_deref()).await? else { return Ok(Vec::new()) };
        let mut rows = Vec::new();
        for period in self.period.months_up_to(months) {
            rows.extend(of_month(cx, part, period).await?);
        }
        Ok(rows)
    }
}

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
}

/// One unit's progress towards its target in a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Attainment {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// The target in the plan in force; null without a plan, and where it is withheld: the rest of the year was planned again by
    /// what fewer than three people had brought.
    pub target: Option<i64>,
    /// Cars delivered; null where they are known of nobody, which is not 0.
    pub deliveries: Option<i64>,
    /// Of how many people it is known how many cars they delivered: so many are in the sum.
    pub known: i64,
    /// How many people sell there: sales consultants, each in the unit of the longest posting of the month.
    pub people: i64,
    /// Whether a number is withheld: it is of fewer than three people whose facts the caller may not read, or would tell theirs
    /// beside the numbers that are shown.
    pub withheld: bool,
    /// 达成率: deliveries ÷ target, half-up to four places; null without a target above 0.
    pub attainment_rate: Option<Decimal>,
}

/// One unit's sales funnel of a month.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// 首次到店
    pub first_visits: Option<i64>,
    /// 留档
    pub captured_leads: Option<i64>,
    /// 到店
    pub visitors: Option<i64>,
    /// 试驾
    pub test_drives: Option<i64>,
    /// 订单
    pub orders: Option<i64>,
    /// 交车
    pub deliveries: Option<i64>,
    /// 留档率: captured ÷ first visits.
    pub lead_capture_rate: Option<Decimal>,
    /// 试乘试驾率: test drives ÷ visitors.
    pub test_drive_rate: Option<Decimal>,
    /// 成交率: orders ÷ captured.
    pub closing_rate: Option<Decimal>,
    /// Of how many people each number is known: so many are in its sum. What is known of nobody is null.
    pub known: FunnelKnown,
    /// How many people sell there: sales consultants, each in the unit of the longest posting of the month.
    pub people: i64,
    /// Whether some of the numbers are withheld: they are of fewer than three people whose facts the caller may not read, or would
    /// tell theirs beside the numbers that are shown.
    pub withheld: bool,
}

/// Of how many people each number of a funnel is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FunnelKnown {
    /// 首次到店
    pub first_visits: i64,
    /// 留档
    pub captured_leads: i64,
    /// 到店
    pub visitors: i64,
    /// 试驾
    pub test_drives: i64,
    /// 订单
    pub orders: i64,
    /// 交车
    pub deliveries: i64,
}

impl From<[i64; 6]> for FunnelKnown {
    /// In the order of the fields.
    fn from(known: [i64; 6]) -> Self {
        let [first_visits, captured_leads, visitors, test_drives, orders, deliveries] = known;
        Self { first_visits, captured_leads, visitors, test_drives, orders, deliveries }
    }
}

/// How many reviews of a month have a grade, under one scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Distribution {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// The scheme.
    pub scheme: String,
    /// The final grade; null for grades that one or two people have each, which stand together for those who may not read the
    /// reviews.
    pub grade: Option<String>,
    /// How many reviews have it; null, without a grade, where reviews of fewer than three people are in none of the rows.
    pub reviews: Option<i64>,
    /// Their mean total, half-up to two places; null for fewer than three people whose reviews the caller may not read.
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

impl form::Row for Attainment {
    const COLUMNS: &'static [&'static str] =
        &["period", "unit", "name", "target", "deliveries", "known", "people", "withheld", "attainment_rate"];
}

impl form::Row for Funnel {
    const COLUMNS: &'static [&'static str] = &[
        "period",
        "unit",
        "name",
        "first_visits",
        "captured_leads",
        "visitors",
        "test_drives",
        "orders",
        "deliveries",
        "lead_capture_rate",
        "test_drive_rate",
        "closing_rate",
        "known.first_visits",
        "known.captured_leads",
        "known.visitors",
        "known.test_drives",
        "known.orders",
        "known.deliveries",
        "people",
        "withheld",
    ];
}

impl form::Row for Distribution {
    const COLUMNS: &'static [&'static str] = &["period", "scheme", "grade", "reviews", "mean_total"];
}

impl form::Row for LeaderboardPlace {
    const COLUMNS: &'static [&'static str] =
        &["rank", "employee_no", "name", "unit", "total", "deliveries", "final_grade"];
}

/// `numerator ÷ denominator`, half-up to four places; none for a denominator of 0, and where one of them is not known.
pub fn rate(numerator: Option<i64>, denominator: Option<i64>) -> Option<Decimal> {
    let quotient = Decimal::from(numerator?).checked_div(Decimal::from(denominator?))?;
    Some(decimal::half_up(quotient, 4))
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
    }
}
