//! What is sold: deliveries against their targets, the funnel that leads there, and what is sold beside the car.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Beside, Comparison, Known, KnownOf, Number, Numbers, Parts, Planned, RowState, RowUnit, UnitRow, columns,
    derived, less, numbers, unit_row,
};
use super::{lost, per, rate};

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
    /// rest of the year was planned again by what few people had brought.
    pub target: Option<i64>,
    /// Cars delivered; null where they are known of nobody, which is not 0.
    pub deliveries: Option<i64>,
    /// 达成率: deliveries ÷ target, half-up to four places; null without a target above 0.
    pub attainment_rate: Option<Decimal>,
}

impl Numbers<1> for AttainmentNumbers {
    const METRICS: [&'static str; 1] = ["deliveries"];
    const BESIDE: Beside = Beside::Target("deliveries");

    fn of([deliveries]: [Option<Decimal>; 1], _: [i64; 1], &Planned { target, .. }: &Planned) -> Self {
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

/// The numbers of a funnel, with where it leaks: beside the rate of each step stands the one that the plan in force takes for it, and how
/// many more would have come through by that. The planned rates are those of the channels with a funnel in the version that governs the
/// month of the store, several of them as sums over sums; of the showroom's alone up to the orders, since only they capture leads. Null
/// without such a plan, for a group of which a store has none, and where the targets are withheld.
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
    /// 留档试驾率: test drives ÷ captured, as plans reckon it.
    pub lead_test_drive_rate: Option<Decimal>,
    /// 订单交车率: deliveries ÷ orders.
    pub delivery_rate: Option<Decimal>,
    /// 计划留档率
    pub planned_lead_capture_rate: Option<Decimal>,
    /// 计划留档试驾率
    pub planned_lead_test_drive_rate: Option<Decimal>,
    /// 计划成交率
    pub planned_closing_rate: Option<Decimal>,
    /// 计划订单交车率
    pub planned_delivery_rate: Option<Decimal>,
    /// 流失留档: first visits × planned rate − captured, half-up to two places; below 0 where more came through than planned.
    pub captured_leads_lost: Option<Decimal>,
    /// 流失试驾: captured × planned rate − test drives.
    pub test_drives_lost: Option<Decimal>,
    /// 流失订单: captured × planned rate − orders.
    pub orders_lost: Option<Decimal>,
    /// 流失交车: orders × planned rate − deliveries.
    pub deliveries_lost: Option<Decimal>,
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

numbers!(FunnelNumbers, FunnelKnown, 6, Beside::Funnel =>
    first_visits, captured_leads, visitors, test_drives, orders, deliveries;
    lead_capture_rate = |of, _, _| rate(of.captured_leads, of.first_visits),
    test_drive_rate = |of, _, _| rate(of.test_drives, of.visitors),
    closing_rate = |of, _, _| rate(of.orders, of.captured_leads),
    lead_test_drive_rate = |of, _, _| rate(of.test_drives, of.captured_leads),
    delivery_rate = |of, _, _| rate(of.deliveries, of.orders),
    planned_lead_capture_rate = |_, _, planned| planned.funnel?.lead_capture_rate(),
    planned_lead_test_drive_rate = |_, _, planned| planned.funnel?.lead_test_drive_rate(),
    planned_closing_rate = |_, _, planned| planned.funnel?.closing_rate(),
    planned_delivery_rate = |_, _, planned| planned.funnel?.delivery_rate(),
    captured_leads_lost = |of, _, _| lost(of.first_visits, of.planned_lead_capture_rate, of.captured_leads),
    test_drives_lost = |of, _, _| lost(of.captured_leads, of.planned_lead_test_drive_rate, of.test_drives),
    orders_lost = |of, _, _| lost(of.captured_leads, of.planned_closing_rate, of.orders),
    deliveries_lost = |of, _, _| lost(of.orders, of.planned_delivery_rate, of.deliveries),
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

numbers!(ProductLineNumbers, ProductLinesKnown, 5 =>
    deliveries, accessory_revenue, insurance_policies, loans, temporary_plates;
    accessory_revenue_per_vehicle = |of, _, _| per(of.accessory_revenue, of.deliveries),
    insurance_penetration = |of, _, _| rate(of.insurance_policies, of.deliveries),
    loan_penetration = |of, _, _| rate(of.loans, of.deliveries),
    temporary_plate_penetration = |of, _, _| rate(of.temporary_plates, of.deliveries),
);
unit_row!(ProductLines, ProductLineNumbers, ProductLinesKnown, 5, "product-lines");
