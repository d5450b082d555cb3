//! What comes of the leads of each channel 渠道 and lead source 线索来源, as people's daily sheets tell it.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Beside, Comparison, Known, KnownOf, Number, Numbers, Parts, Planned, RowState, RowUnit, UnitRow, columns,
    derived, less, numbers,
};
use super::{lost, rate};
use crate::words::words;

words! {
    /// By what leads are told apart.
    pub enum ToldApart in "channel-funnel" {
        Channel = "channel" "渠道",
        Source = "source" "线索来源",
    }
}

/// Where leads come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
pub struct Origin {
    /// Code of the channel 渠道; null for all of them together.
    #[schema(example = "phone_web")]
    pub channel: Option<String>,
    /// Code of the lead source 线索来源; null for all sources together.
    #[schema(example = "autohome")]
    pub source: Option<String>,
}

/// What came of the leads of a channel, or of a source within it, in one unit's month: in a row for all of them together, and one for
/// each that anybody there has named. Of what has no row there is none of anything, among those of whom it is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelLeads {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Of which leads.
    #[serde(flatten)]
    pub origin: Origin,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: ChannelNumbers,
    /// Of how many people each number is known: so many are in its sum. Who names any leads in a month is known by all channels; a step
    /// that one of somebody's sheets leaves out for any of its leads is not known of that person in the month. What is known of nobody
    /// is null.
    pub known: ChannelKnown,
    /// What they are of.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<ChannelNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<ChannelNumbers>>,
}

/// The numbers of a channel, with where it leaks: beside a rate stands the one that the plan in force takes for the channel, the same for
/// all of its sources, and how many more would have come through by that. Of all channels together it is sums over sums of those that are
/// planned with a funnel. Null without such a plan, for a group of which a store has none, and where the targets are withheld.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelNumbers {
    /// 线索
    pub leads: Option<i64>,
    /// 到店
    pub visitors: Option<i64>,
    /// 试驾
    pub test_drives: Option<i64>,
    /// 订单
    pub orders: Option<i64>,
    /// 交车
    pub deliveries: Option<i64>,
    /// 到店率: visitors ÷ leads, half-up to four places.
    pub visit_rate: Option<Decimal>,
    /// 试乘试驾率: test drives ÷ visitors.
    pub test_drive_rate: Option<Decimal>,
    /// 成交率: orders ÷ leads.
    pub closing_rate: Option<Decimal>,
    /// 订单交车率: deliveries ÷ orders.
    pub delivery_rate: Option<Decimal>,
    /// 计划成交率: planned orders ÷ planned leads, which are the captured ones of a showroom's funnel, and the raw ones of one of telephone
    /// and web.
    pub planned_closing_rate: Option<Decimal>,
    /// 计划订单交车率
    pub planned_delivery_rate: Option<Decimal>,
    /// 流失订单: leads × planned rate − orders, half-up to two places; below 0 where more came through than planned.
    pub orders_lost: Option<Decimal>,
    /// 流失交车: orders × planned rate − deliveries.
    pub deliveries_lost: Option<Decimal>,
}

/// Of how many people each number of a channel is known. Where that alone would tell of few people, it is withheld with the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelKnown {
    /// 线索
    pub leads: Option<i64>,
    /// 到店
    pub visitors: Option<i64>,
    /// 试驾
    pub test_drives: Option<i64>,
    /// 订单
    pub orders: Option<i64>,
    /// 交车
    pub deliveries: Option<i64>,
}

numbers!(ChannelNumbers, ChannelKnown, 5, Beside::Channel =>
    leads, visitors, test_drives, orders, deliveries;
    visit_rate = |of, _, _| rate(of.visitors, of.leads),
    test_drive_rate = |of, _, _| rate(of.test_drives, of.visitors),
    closing_rate = |of, _, _| rate(of.orders, of.leads),
    delivery_rate = |of, _, _| rate(of.deliveries, of.orders),
    planned_closing_rate = |_, _, planned| planned.funnel?.lead_closing_rate(),
    planned_delivery_rate = |_, _, planned| planned.funnel?.delivery_rate(),
    orders_lost = |of, _, _| lost(of.leads, of.planned_closing_rate, of.orders),
    deliveries_lost = |of, _, _| lost(of.orders, of.planned_delivery_rate, of.deliveries),
);

impl UnitRow<5> for ChannelLeads {
    type Numbers = ChannelNumbers;
    const PATH: &'static str = "channel-funnel";

    fn of(parts: Parts<5, ChannelNumbers>) -> Self {
        let Parts { unit, origin, numbers, known, hidden, state, last_month, last_year } = parts;
        Self { unit, origin, numbers, known: Known::of(known, hidden), state, last_month, last_year }
    }
}

impl Row for ChannelLeads {
    fn columns() -> Vec<String> {
        let mut columns = columns::<5, ChannelNumbers, ChannelKnown>();
        let behind_unit = RowUnit::COLUMNS.len();
        columns.splice(behind_unit..behind_unit, ["channel", "source"].map(str::to_owned));
        columns
    }
}
