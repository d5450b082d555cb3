//! By which rates a month is planned: what the plan in force lets each step of the funnel lose.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Jsonb, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::Decimal;

use super::rates::{ChannelRates, FunnelModel};
use crate::db::sql;
use crate::decimal;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::reading::targets::governed;

/// How many are planned at each step of a month, by the channels of a plan that have a funnel, not rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlannedFunnel {
    deliveries: Decimal,
    orders: Decimal,
    /// Those of the showroom, which alone captures leads.
    showroom_orders: Decimal,
    captured_leads: Decimal,
    first_visits: Decimal,
    test_drives: Decimal,
    /// Those of telephone and web, which alone have the steps that follow.
    phone_web_orders: Decimal,
    arrivals: Decimal,
    valid_leads: Decimal,
    raw_leads: Decimal,
}

impl PlannedFunnel {
    /// What a channel's deliveries take; none where it does not fit.
    fn of_channel(model: FunnelModel, rates: &ChannelRates, deliveries: i64) -> Option<Self> {
        let deliveries = Decimal::from(deliveries);
        match model {
            FunnelModel::Showroom => {
                let rates = rates.showroom();
                let orders = deliveries.checked_div(rates.order)?;
                let captured_leads = orders.checked_div(rates.closing)?;
                Some(Self {
                    deliveries,
                    orders,
                    showroom_orders: orders,
                    captured_leads,
                    first_visits: captured_leads.checked_div(rates.capture)?,
                    test_drives: captured_leads.checked_mul(rates.test_drive)?,
                    ..Self::default()
                })
            }
            FunnelModel::PhoneWeb => {
                let rates = rates.phone_web();
                let orders = deliveries.checked_div(rates.order)?;
                let arrivals = orders.checked_div(rates.closing)?;
                let valid_leads = arrivals.checked_div(rates.arrival)?;
                Some(Self {
                    deliveries,
                    orders,
                    phone_web_orders: orders,
                    arrivals,
                    valid_leads,
                    raw_leads: valid_leads.checked_div(rates.valid)?,
                    ..Self::default()
                })
            }
        }
    }

    /// Both together; none where it does not fit.
    pub fn with(self, other: &Self) -> Option<Self> {
        Some(Self {
            deliveries: self.deliveries.checked_add(other.deliveries)?,
            orders: self.orders.checked_add(other.orders)?,
            showroom_orders: self.showroom_orders.checked_add(other.showroom_orders)?,
            captured_leads: self.captured_leads.checked_add(other.captured_leads)?,
            first_visits: self.first_visits.checked_add(other.first_visits)?,
            test_drives: self.test_drives.checked_add(other.test_drives)?,
            phone_web_orders: self.phone_web_orders.checked_add(other.phone_web_orders)?,
            arrivals: self.arrivals.checked_add(other.arrivals)?,
            valid_leads: self.valid_leads.checked_add(other.valid_leads)?,
            raw_leads: self.raw_leads.checked_add(other.raw_leads)?,
        })
    }

    /// 留档率: captured leads ÷ first visits.
    pub fn lead_capture_rate(&self) -> Option<Decimal> {
        rate(self.captured_leads, self.first_visits)
    }

    /// 试乘试驾率: test drives ÷ captured leads.
    pub fn lead_test_drive_rate(&self) -> Option<Decimal> {
        rate(self.test_drives, self.captured_leads)
    }

    /// 成交率: orders ÷ captured leads.
    pub fn closing_rate(&self) -> Option<Decimal> {
        rate(self.showroom_orders, self.captured_leads)
    }

    /// 成交率 of leads: orders ÷ the leads captured by a showroom, or the raw ones of telephone and web.
    pub fn lead_closing_rate(&self) -> Option<Decimal> {
        rate(self.orders, self.captured_leads.checked_add(self.raw_leads)?)
    }

    /// 订单交车率: deliveries ÷ orders.
    pub fn delivery_rate(&self) -> Option<Decimal> {
        rate(self.deliveries, self.orders)
    }

    /// 线索有效率: valid leads ÷ raw leads.
    pub fn valid_lead_rate(&self) -> Option<Decimal> {
        rate(self.valid_leads, self.raw_leads)
    }

    /// 邀约到店率: arrivals ÷ valid leads.
    pub fn arrival_rate(&self) -> Option<Decimal> {
        rate(self.arrivals, self.valid_leads)
    }

    /// 到店成交率: orders of telephone and web ÷ arrivals.
    pub fn arrival_closing_rate(&self) -> Option<Decimal> {
        rate(self.phone_web_orders, self.arrivals)
    }
}

/// To six places, as exactly as a plan can say it; none where nothing is planned.
fn rate(out: Decimal, into: Decimal) -> Option<Decimal> {
    Some(decimal::half_up(out.checked_div(into)?, 6).normalize())
}

/// The funnel of the version that governs a month in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelInForce {
    /// The month.
    pub period: Period,
    /// The store.
    pub store_id: i64,
    /// The version: stores that a group's plan governs share it.
    pub plan_id: i64,
    /// What it plans, of all channels with a funnel together; none where it does not fit.
    pub planned: Option<PlannedFunnel>,
    /// What it plans of each of them.
    pub channels: Arc<HashMap<String, PlannedFunnel>>,
}

/// The funnels by which each of `periods` is planned in each of these stores, where its plan has any.
///
/// # Errors
///
/// Where the database cannot be read.
pub async fn funnels_in_force(
    mut connection: &AsyncPgConnection,
    stores: &[i64],
    periods: Vec<Period>,
) -> Result<Vec<FunnelInForce>, Problem> {
    #[derive(QueryableByName)]
    struct Channel {
        #[diesel(sql_type = Date)]
        period: Period,
        #[diesel(sql_type = BigInt)]
        plan_id: i64,
        #[diesel(sql_type = Array<BigInt>)]
        stores: Vec<i64>,
        #[diesel(sql_type = Text)]
        channel: String,
        #[diesel(sql_type = Text)]
        model: FunnelModel,
        #[diesel(sql_type = Jsonb)]
        rates: ChannelRates,
        #[diesel(sql_type = BigInt)]
        deliveries: i64,
    }
    // A plan that governs many stores is read once.
    let channels: Vec<Channel> = sql(governed(
        stores.len(),
        periods.len(),
        ", planned AS (
             SELECT period, number, plan_id, array_agg(store_id) AS stores FROM governing GROUP BY period, number, plan_id)
         SELECT p.period, p.plan_id, p.stores, f.channel, f.model, f.rates, n.confirmed[p.number] AS deliveries
         FROM planned p JOIN plan_funnel f ON f.plan_id = p.plan_id
         JOIN plan_line l ON l.plan_id = p.plan_id AND l.line = 0 AND NOT l.is_amount
         JOIN plan_node n ON n.plan_id = p.plan_id AND n.tree = 'channel' AND n.label = f.channel",
    ))
    .over(stores.len())
    .bind::<Array<BigInt>, _>(stores.to_vec())
    .bind::<Array<Date>, _>(periods)
    .load(&mut connection)
    .await?;
    let mut plans = BTreeMap::<(Period, i64), Planned>::new();
    for Channel { period, plan_id, stores, channel, model, rates, deliveries } in channels {
        let of_channel = PlannedFunnel::of_channel(model, &rates, deliveries);
        let plan = plans.entry((period, plan_id)).or_insert_with(|| Planned {
            stores,
            sum: Some(PlannedFunnel::default()),
            channels: HashMap::new(),
        });
        plan.sum = plan.sum.and_then(|sum| sum.with(&of_channel?));
        plan.channels.extend(of_channel.map(|of_channel| (channel, of_channel)));
    }
    let in_force = plans.into_iter().flat_map(|((period, plan_id), Planned { stores, sum, channels })| {
        let channels = Arc::new(channels);
        let of_store = move |store_id| FunnelInForce {
            period,
            store_id,
            plan_id,
            planned: sum,
            channels: Arc::clone(&channels),
        };
        stores.into_iter().map(of_store)
    });
    Ok(in_force.collect())
}

/// What a version plans for a month.
struct Planned {
    stores: Vec<i64>,
    sum: Option<PlannedFunnel>,
    channels: HashMap<String, PlannedFunnel>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(text: &str) -> ChannelRates {
        serde_json::from_str(text).unwrap()
    }

    fn told(planned: &PlannedFunnel) -> [Option<String>; 4] {
        let rates = [
            planned.lead_capture_rate(),
            planned.lead_test_drive_rate(),
            planned.closing_rate(),
            planned.delivery_rate(),
        ];
        rates.map(|rate| rate.map(|rate| rate.to_string()))
    }

    #[test]
    fn one_channel_has_its_own_rates_and_several_have_sums_over_sums() {
        let rates_of = |order: &str, closing: &str| {
            rates(&format!(
                r#"{{"order": {order}, "closing": {closing}, "capture": 0.8, "test_drive": 0.7}}"#
            ))
        };
        let one = PlannedFunnel::of_channel(FunnelModel::Showroom, &rates_of("0.95", "0.25"), 38).unwrap();
        assert_eq!(told(&one), ["0.8", "0.7", "0.25", "0.95"].map(|rate| Some(rate.to_owned())));
        // 40 orders of 160 leads, and 20 of 50: 60 of 210 is 0.285714…, 58 of 60 is 0.966666…
        let other = PlannedFunnel::of_channel(FunnelModel::Showroom, &rates_of("1", "0.4"), 20).unwrap();
        let both = one.with(&other).unwrap();
        assert_eq!(told(&both)[2..], ["0.285714", "0.966667"].map(|rate| Some(rate.to_owned())));
        // Telephone and web has orders without leads: 58 + 9 of 60 + 10.
        let web = rates(r#"{"order": 0.9, "closing": 0.3, "arrival": 0.25, "valid": 0.5}"#);
        let web = PlannedFunnel::of_channel(FunnelModel::PhoneWeb, &web, 9).unwrap();
        assert_eq!(
            told(&both.with(&web).unwrap())[2..],
            ["0.285714", "0.957143"].map(|rate| Some(rate.to_owned()))
        );
        assert_eq!(told(&PlannedFunnel::default()), [None, None, None, None]);
        // Its other steps are its own.
        let of_web = |planned: &PlannedFunnel| {
            let rates = [planned.valid_lead_rate(), planned.arrival_rate(), planned.arrival_closing_rate()];
            rates.map(|rate| rate.map(|rate| rate.to_string()))
        };
        assert_eq!(of_web(&both), [None, None, None]);
        assert_eq!(
            of_web(&both.with(&web).unwrap()),
            ["0.5", "0.25", "0.3"].map(|rate| Some(rate.to_owned()))
        );
        let second = rates(r#"{"order": 1, "closing": 0.3, "arrival": 0.5, "valid": 0.5}"#);
        let second = PlannedFunnel::of_channel(FunnelModel::PhoneWeb, &second, 15).unwrap();
        // 33.3… of 133.3… and 50 of 100.
        let together = web.with(&second).unwrap();
        assert_eq!(of_web(&together)[1..], ["0.357143", "0.3"].map(|rate| Some(rate.to_owned())));
    }
}
