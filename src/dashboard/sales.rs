//! What is sold: deliveries against their targets, the funnel that leads there, and what is sold beside the car.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Comparison, Known, KnownOf, Number, Numbers, Parts, RowState, RowUnit, UnitRow, columns, derived, less,
    numbers, unit_row,
};
use super::{per, rate};

/// One unit's progress towards its target in a month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Attainment {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: AttainmentNumbers,
    /// Of how many people it is known how many cars they delivered: so many are in the sum.
    pub known: i64,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<AttainmentNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<AttainmentNumbers>>,
}

/// The numbers of an attainment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AttainmentNumbers {
    /// The target in the plan in force; null without a plan, for a group of which a store has none, and where it is withheld: the
    /// rest of the year was planned again by what fewer than three people had brought.
    pub target: Option<i64>,
    /// Cars delivered; null where they are known of nobody, which is not 0.
    pub deliveries: Option<i64>,
    /// 达成率: deliveries ÷ target, half-up to four places; null without a target above 0.
    pub attainment_rate: Option<Decimal>,
}

impl Numbers<1> for AttainmentNumbers {
    const METRICS: [&'static str; 1] = ["deliveries"];
    const TARGET: Option<&'static str> = Some("deliveries");

    fn of([deliveries]: [Option<Decimal>; 1], _: [i64; 1], target: Option<i64>) -> Self {
        let deliveries = deliveries.and_then(Number::of);
        Self { target, deliveries, attainment_rate: rate(deliveries, target) }
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            target: less(self.target, other.target),
            deliveries: less(self.deliveries, other.deliveries),
            attainment_rate: less(self.attainment_rate, other.attainment_rate),
        }
    }

    fn names() -> Vec<&'static str> {
        vec!["target", "deliveries", "attainment_rate"]
    }
}

unit_row!(Attainment, AttainmentNumbers, i64, 1, "attainment");

/// One unit's sales funnel of a month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Funnel {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: FunnelNumbers,
    /// Of how many people each number is known: so many are in its sum. What is known of nobody is null.
    pub known: FunnelKnown,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<FunnelNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<FunnelNumbers>>,
}

/// The numbers of a funnel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FunnelNumbers {
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
}

/// Of how many people each number of a funnel is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
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

numbers!(FunnelNumbers, FunnelKnown, 6:
    first_visits, captured_leads, visitors, test_drives, orders, deliveries;
    lead_capture_rate = |of, _| rate(of.captured_leads, of.first_visits),
    test_drive_rate = |of, _| rate(of.test_drives, of.visitors),
    closing_rate = |of, _| rate(of.orders, of.captured_leads),
);
unit_row!(Funnel, FunnelNumbers, FunnelKnown, 6, "funnel");

/// What one unit sold beside the cars of a month: 精品, 保险, 车贷, 临时牌.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductLines {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: ProductLineNumbers,
    /// Of how many people each number is known: so many are in its sum. What is known of nobody is null.
    pub known: ProductLinesKnown,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<ProductLineNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<ProductLineNumbers>>,
}

/// The numbers of product lines.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProductLineNumbers {
    /// 交车: the cars that everything is related to.
    pub deliveries: Option<i64>,
    /// 精品金额, in yuan.
    pub accessory_revenue: Option<Decimal>,
    /// 保险单
    pub insurance_policies: Option<i64>,
    /// 车贷单
    pub loans: Option<i64>,
    /// 临时牌
    pub temporary_plates: Option<i64>,
    /// 精品单车产值: accessory revenue ÷ deliveries, in yuan, half-up to two places.
    pub accessory_revenue_per_vehicle: Option<Decimal>,
    /// 保险渗透率: policies ÷ deliveries, half-up to four places.
    pub insurance_penetration: Option<Decimal>,
    /// 车贷渗透率: loans ÷ deliveries.
    pub loan_penetration: Option<Decimal>,
    /// 临时牌渗透率: plates ÷ deliveries.
    pub temporary_plate_penetration: Option<Decimal>,
}

/// Of how many people each number of product lines is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProductLinesKnown {
    /// 交车
    pub deliveries: i64,
    /// 精品金额
    pub accessory_revenue: i64,
    /// 保险单
    pub insurance_policies: i64,
    /// 车贷单
    pub loans: i64,
    /// 临时牌
    pub temporary_plates: i64,
}

numbers!(ProductLineNumbers, ProductLinesKnown, 5:
    deliveries, accessory_revenue, insurance_policies, loans, temporary_plates;
    accessory_revenue_per_vehicle = |of, _| per(of.accessory_revenue, of.deliveries),
    insurance_penetration = |of, _| rate(of.insurance_policies, of.deliveries),
    loan_penetration = |of, _| rate(of.loans, of.deliveries),
    temporary_plate_penetration = |of, _| rate(of.temporary_plates, of.deliveries),
);
unit_row!(ProductLines, ProductLineNumbers, ProductLinesKnown, 5, "product-lines");
