//! What stands beside the deliveries in the plan of the demonstration: the other lines, floors and stretches, the channels' funnels,
//! the cars to be taken, and what the manufacturer pays.

use rust_decimal::Decimal;

use super::{STORE, YEAR};
use crate::auth::Context;
use crate::http::etag::Seen;
use crate::http::{Code, Problem};
use crate::plan::funnel::rates::{ChannelRates, FunnelModel};
use crate::plan::funnel::{self, ChannelFunnel, PlanFunnel};
use crate::plan::rebate::store::{self as policies, NewRebatePolicy};
use crate::plan::rebate::{RebateBasis, Tier};
use crate::plan::supply::store::{self as supply, SeriesSupply, SupplyYear};
use crate::plan::{Levels, NewLine};
use crate::said::say;

/// 保底 and 挑战 of the deliveries.
pub(super) const LEVELS: Levels = Levels { floor: Some(1550), stretch: Some(1800) };

/// Accessories of 2,000 yuan a car, insurance for 72 of 100, loans for 24 of 100, and a temporary plate for each.
pub(super) fn lines() -> Vec<NewLine> {
    let line = |metric: &str, penetration: Decimal, value_per_unit: Option<i64>, levels: Levels| NewLine {
        metric: metric.to_owned(),
        total: None,
        penetration: Some(penetration),
        value_per_unit,
        levels,
    };
    let levels = |floor: i64, stretch: i64| Levels { floor: Some(floor), stretch: Some(stretch) };
    vec![
        line("accessory_revenue", Decimal::ONE, Some(200_000), levels(300_000_000, 360_000_000)),
        line("insurance_policies", Decimal::new(72, 2), None, levels(1100, 1300)),
        line("loans", Decimal::new(24, 2), None, levels(360, 450)),
        line("temporary_plates", Decimal::ONE, None, levels(1550, 1800)),
    ]
}

/// Which steps each channel's cars take, at the rates that a plan begins with.
const FUNNELS: [(&str, FunnelModel); 4] = [
    ("showroom", FunnelModel::Showroom),
    ("phone_web", FunnelModel::PhoneWeb),
    ("invitation", FunnelModel::PhoneWeb),
    ("auto_show", FunnelModel::Showroom),
];

/// Gives every channel of a draft its funnel.
pub(super) async fn load_funnels(cx: &mut Context, plan_id: i64) -> Result<(), Problem> {
    let channel = |(code, model): (&str, FunnelModel)| ChannelFunnel {
        code: code.to_owned(),
        model,
        rates: ChannelRates::default(),
    };
    let funnel = PlanFunnel { channels: FUNNELS.map(channel).to_vec() };
    funnel::put(cx, plan_id, funnel, Seen::Any).await?;
    Ok(())
}

/// Cars in stock when the year begins, and to be taken in each month.
const SUPPLY: [(&str, i64, [i64; 12]); 4] = [
    ("series_a", 40, [70, 50, 65, 60, 60, 60, 55, 55, 65, 70, 70, 80]),
    ("series_b", 20, [32, 22, 30, 27, 27, 27, 23, 25, 30, 30, 31, 34]),
    ("series_c", 30, [48, 32, 45, 41, 40, 40, 35, 38, 45, 45, 46, 52]),
    ("series_d", 4, [8, 5, 8, 7, 6, 7, 6, 6, 8, 7, 8, 8]),
];

/// From which attainment on, with which SSI, how many cents a car, and how many beside.
const TIERS: [(i64, Option<i64>, i64, i64); 3] =
    [(90, None, 50_000, 0), (95, None, 80_000, 0), (100, Some(850), 100_000, 5_000_000)];

/// The cars that the manufacturer gives, and its policy of the year.
pub(super) async fn load_supply(cx: &mut Context) -> Result<(), Problem> {
    let series = |(code, opening, wholesale): (&str, i64, [i64; 12])| SeriesSupply {
        code: code.to_owned(),
        opening: Some(opening),
        wholesale: wholesale.to_vec(),
        taken: Vec::new(),
        stock_takings: Vec::new(),
    };
    let year = SupplyYear { store: STORE.to_owned(), year: YEAR, series: SUPPLY.map(series).to_vec() };
    supply::put(cx, year, Ok(Seen::Any)).await?;
    let tier = |(attainment, ssi, per_vehicle, lump_sum): (i64, Option<i64>, i64, i64)| Tier {
        min_attainment: Decimal::new(attainment, 2),
        min_ssi: ssi.map(Decimal::from),
        per_vehicle,
        lump_sum,
    };
    let policy = NewRebatePolicy {
        unit: Some(STORE.to_owned()),
        year: YEAR,
        name: format!("{YEAR}年商务政策"),
        basis: RebateBasis::Deliveries,
        tiers: TIERS.map(tier).to_vec(),
    };
    // As somebody who has seen none.
    let none =
        Problem::new(Code::PreconditionRequired, say!("还没有这个政策", "there is no such policy yet"));
    policies::put(cx, format!("{YEAR}-oem"), policy, Err(none)).await?;
    Ok(())
}
