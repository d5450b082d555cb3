//! What a channel's deliveries take, month by month, and the sums over channels. Pure.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::models::{FunnelError, phone_web, showroom};
use super::rates::{ChannelRates, FunnelModel};
use crate::http::Problem;
use crate::plan::split::limits::MAX_TOTAL;
use crate::plan::split::tree::Months;
use crate::said::{Said, say};

/// What is counted along a funnel, by the name of its metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// 交车
    Deliveries,
    /// 订单
    Orders,
    /// 留档
    CapturedLeads,
    /// 首次到店
    FirstVisits,
    /// 试驾
    TestDrives,
    /// 邀约到店
    InvitedArrivals,
    /// 有效线索
    ValidLeads,
    /// 原始线索
    RawLeads,
}

impl Activity {
    const ALL: [Self; 8] = [
        Self::Deliveries,
        Self::Orders,
        Self::CapturedLeads,
        Self::FirstVisits,
        Self::TestDrives,
        Self::InvitedArrivals,
        Self::ValidLeads,
        Self::RawLeads,
    ];
}

/// An activity's months over a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActivityMonths {
    /// What is counted.
    pub activity: Activity,
    /// How many in each month, January first.
    pub months: [i64; 12],
    /// The sum of the months.
    pub year: i64,
}

/// A channel's activities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChannelActivities {
    /// Its code.
    pub code: String,
    /// Its Chinese name.
    pub name: String,
    /// The steps by which its deliveries are traced back.
    pub model: FunnelModel,
    /// The rates used.
    pub rates: ChannelRates,
    /// From the deliveries up to the leads.
    pub activities: Vec<ActivityMonths>,
}

/// A channel's activities from its deliveries; otherwise what is wrong, and in which month.
pub(super) fn along(
    model: FunnelModel,
    rates: &ChannelRates,
    deliveries: &Months,
) -> Result<Vec<ActivityMonths>, Said> {
    use Activity::{
        CapturedLeads, Deliveries, FirstVisits, InvitedArrivals, Orders, RawLeads, TestDrives, ValidLeads,
    };
    let kinds = match model {
        FunnelModel::Showroom => [Deliveries, Orders, CapturedLeads, FirstVisits, TestDrives],
        FunnelModel::PhoneWeb => [Deliveries, Orders, InvitedArrivals, ValidLeads, RawLeads],
    };
    let mut activities = kinds.map(ActivityMonths::none).to_vec();
    for (month, deliveries) in deliveries.iter().enumerate() {
        let number = month + 1;
        let of_month = |fault: Said| fault.about(&say!("{number} 月", "month {number}"));
        let taken = taken(model, rates, *deliveries).map_err(|error| of_month(error.said()))?;
        for (activity, count) in activities.iter_mut().zip(taken) {
            if count > MAX_COUNT {
                return Err(of_month(say!(
                    "{count} 太大：最多能计 {MAX_COUNT}",
                    "{count} is too large: at most {MAX_COUNT} can be counted"
                )));
            }
            activity
                .add(month, count)
                .ok_or_else(|| of_month(say!("全年合计太大", "the year is too large")))?;
        }
    }
    Ok(activities)
}

/// The most that is counted of an activity in a month: the year of 500 channels can still be summed.
const MAX_COUNT: i64 = 1_000 * MAX_TOTAL;

fn taken(model: FunnelModel, rates: &ChannelRates, deliveries: i64) -> Result<[i64; 5], FunnelError> {
    Ok(match model {
        FunnelModel::Showroom => {
            let takes = showroom(deliveries, &rates.showroom())?;
            [takes.deliveries, takes.orders, takes.captured, takes.first_visits, takes.test_drives]
        }
        FunnelModel::PhoneWeb => {
            let takes = phone_web(deliveries, &rates.phone_web())?;
            [takes.deliveries, takes.orders, takes.arrivals, takes.valid_leads, takes.raw_leads]
        }
    })
}

impl ActivityMonths {
    const fn none(activity: Activity) -> Self {
        Self { activity, months: [0; 12], year: 0 }
    }

    /// Counts something of a month, from 0; none where it does not fit.
    fn add(&mut self, month: usize, count: i64) -> Option<()> {
        let slot = self.months.get_mut(month)?;
        *slot = slot.checked_add(count)?;
        self.year = self.year.checked_add(count)?;
        Some(())
    }
}

/// The sums over the channels, of the activities that any of them has.
pub(super) fn totals(channels: &[ChannelActivities]) -> Result<Vec<ActivityMonths>, Problem> {
    let mut totals = Vec::new();
    for activity in Activity::ALL {
        let mut total = ActivityMonths::none(activity);
        let mut is_there = false;
        let parts = channels.iter().flat_map(|channel| &channel.activities);
        for part in parts.filter(|part| part.activity == activity) {
            is_there = true;
            for (month, count) in part.months.iter().enumerate() {
                total.add(month, *count).ok_or_else(|| {
                    Problem::conflict(say!("各渠道合计太大", "the sum of the channels is too large"))
                })?;
            }
        }
        if is_there {
            totals.push(total);
        }
    }
    Ok(totals)
}
