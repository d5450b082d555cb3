//! Dashboards: aggregates that name nobody, and the top of the leaderboard.

pub mod http;
pub mod store;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::decimal;

/// One unit's progress towards its target.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Attainment {
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
    /// What the plan in force wants; null without a plan.
    pub target: Option<i64>,
    /// Cars delivered.
    pub deliveries: i64,
    /// 达成率: deliveries ÷ target, half-up to four places; null without a target above 0.
    pub attainment_rate: Option<Decimal>,
}

/// One unit's sales funnel.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Funnel {
    /// Code of the unit.
    pub unit: String,
    /// Its name.
    pub name: String,
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
    /// 留档率: captured ÷ first visits.
    pub lead_capture_rate: Option<Decimal>,
    /// 试乘试驾率: test drives ÷ visitors.
    pub test_drive_rate: Option<Decimal>,
    /// 成交率: orders ÷ captured.
    pub closing_rate: Option<Decimal>,
}

/// How a month's grades are spread over one scheme.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Distribution {
    /// The scheme.
    pub scheme: String,
    /// The final grade.
    pub grade: String,
    /// How many reviews have it.
    pub reviews: i64,
    /// Their mean total, half-up to two places.
    pub mean_total: Option<Decimal>,
}

/// One place of the leaderboard 龙虎榜.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Place)]
pub struct LeaderboardPlace {
    /// 1 for the best; equal totals and deliveries share a rank.
    pub rank: i64,
    /// 工号.
    pub employee_no: String,
    /// Name.
    pub name: String,
    /// Name of the unit.
    pub unit: String,
    /// Points with the bonus.
    pub total: Decimal,
    /// Cars delivered.
    pub deliveries: i64,
    /// The grade that counts.
    pub final_grade: String,
}

/// `numerator ÷ denominator`, half-up to four places; none for a denominator of 0.
pub fn rate(numerator: i64, denominator: i64) -> Option<Decimal> {
    let quotient = Decimal::from(numerator).checked_div(Decimal::from(denominator))?;
    Some(decimal::half_up(quotient, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_four_places_and_need_a_denominator() {
        // 66 of 149 is 0.44295…
        assert_eq!(rate(66, 149).unwrap().to_string(), "0.4430");
        assert_eq!(rate(1, 0), None);
    }
}
