//! What comes of the leads of telephone and web 电话网销: the one channel whose steps people keep by themselves.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Beside, Comparison, Known, KnownOf, Number, Numbers, Parts, Planned, RowState, RowUnit, UnitRow, columns,
    derived, less, numbers, unit_row,
};
use super::{lost, rate};

/// One unit's funnel of telephone and web in a month.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PhoneWebFunnel {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: PhoneWebNumbers,
    /// Of how many people each number is known: so many are in its sum. What is known of nobody is null.
    pub known: PhoneWebKnown,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<PhoneWebNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<PhoneWebNumbers>>,
}

/// The numbers of telephone and web, with where its funnel leaks: beside the rate of each step stands the one that the plan in force takes
/// for it, and how many more would have come through by that. The planned rates are those of the channels of this model in the version
/// that governs the month of the store, several of them as sums over sums. Null without such a plan, for a group of which a store has none,
/// and where the targets are withheld.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PhoneWebNumbers {
    /// 原始线索
    pub raw_leads: Option<i64>,
    /// 24 小时内跟进的线索
    pub leads_followed_24h: Option<i64>,
    /// 有效线索
    pub valid_leads: Option<i64>,
    /// 邀约到店
    pub invited_arrivals: Option<i64>,
    /// 到店成交
    pub arrival_orders: Option<i64>,
    /// 24 小时跟进率: leads followed within a day ÷ raw leads, half-up to four places.
    pub lead_follow_up_rate: Option<Decimal>,
    /// 线索有效率: valid ÷ raw leads.
    pub valid_lead_rate: Option<Decimal>,
    /// 邀约到店率: arrivals ÷ valid leads.
    pub arrival_rate: Option<Decimal>,
    /// 到店成交率: orders ÷ arrivals.
    pub arrival_closing_rate: Option<Decimal>,
    /// 计划线索有效率
    pub planned_valid_lead_rate: Option<Decimal>,
    /// 计划邀约到店率
    pub planned_arrival_rate: Option<Decimal>,
    /// 计划到店成交率
    pub planned_arrival_closing_rate: Option<Decimal>,
    /// 流失有效线索: raw leads × planned rate − valid ones, half-up to two places; below 0 where more came through than planned.
    pub valid_leads_lost: Option<Decimal>,
    /// 流失到店: valid leads × planned rate − arrivals.
    pub invited_arrivals_lost: Option<Decimal>,
    /// 流失成交: arrivals × planned rate − orders.
    pub arrival_orders_lost: Option<Decimal>,
}

/// Of how many people each number of telephone and web is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PhoneWebKnown {
    /// 原始线索
    pub raw_leads: i64,
    /// 24 小时内跟进的线索
    pub leads_followed_24h: i64,
    /// 有效线索
    pub valid_leads: i64,
    /// 邀约到店
    pub invited_arrivals: i64,
    /// 到店成交
    pub arrival_orders: i64,
}

numbers!(PhoneWebNumbers, PhoneWebKnown, 5, Beside::Funnel =>
    raw_leads, leads_followed_24h, valid_leads, invited_arrivals, arrival_orders;
    lead_follow_up_rate = |of, _, _| rate(of.leads_followed_24h, of.raw_leads),
    valid_lead_rate = |of, _, _| rate(of.valid_leads, of.raw_leads),
    arrival_rate = |of, _, _| rate(of.invited_arrivals, of.valid_leads),
    arrival_closing_rate = |of, _, _| rate(of.arrival_orders, of.invited_arrivals),
    planned_valid_lead_rate = |_, _, planned| planned.funnel?.valid_lead_rate(),
    planned_arrival_rate = |_, _, planned| planned.funnel?.arrival_rate(),
    planned_arrival_closing_rate = |_, _, planned| planned.funnel?.arrival_closing_rate(),
    valid_leads_lost = |of, _, _| lost(of.raw_leads, of.planned_valid_lead_rate, of.valid_leads),
    invited_arrivals_lost = |of, _, _| lost(of.valid_leads, of.planned_arrival_rate, of.invited_arrivals),
    arrival_orders_lost = |of, _, _| lost(of.invited_arrivals, of.planned_arrival_closing_rate, of.arrival_orders),
);
unit_row!(PhoneWebFunnel, PhoneWebNumbers, PhoneWebKnown, 5, "phone-web-funnel");
