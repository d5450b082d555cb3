//! What is planned for units, beside what they have reached.

use std::collections::{HashMap, HashSet};

use diesel_async::AsyncPgConnection;

use super::places::{Places, Unit};
use super::rows::{Beside, Planned};
use crate::auth::Context;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::{self, FunnelInForce, PlannedFunnel, StoreSupply};

/// The plans in force in some months.
#[derive(Default)]
pub(super) struct Plans {
    /// By month and unit.
    targets: HashMap<Period, HashMap<i64, i64>>,
    /// By month and store.
    funnels: HashMap<Period, HashMap<i64, FunnelInForce>>,
    /// By month and store.
    supplies: HashMap<Period, HashMap<i64, StoreSupply>>,
    /// By year and unit, the first month from which what is planned is withheld from who may not know the people there.
    withheld_from: HashMap<i32, HashMap<i64, Period>>,
}

impl Plans {
    /// The targets or rates of what is asked for beside the numbers of units.
    pub async fn load(
        connection: &AsyncPgConnection,
        beside: Beside,
        stores: &[i64],
        months: &[Period],
    ) -> Result<Self, Problem> {
        let mut plans = Self::default();
        let metric = match beside {
            Beside::Nothing => return Ok(plans),
            Beside::Target(metric) => metric,
            Beside::Stock => "deliveries",
            Beside::Funnel | Beside::Channel => {
                for funnel in plan::funnels_in_force(connection, stores, months.to_vec()).await? {
                    plans.funnels.entry(funnel.period).or_default().insert(funnel.store_id, funnel);
                }
                return Ok(plans);
            }
        };
        for target in plan::unit_targets_in_force(connection, stores, months.to_vec(), metric).await? {
            plans.targets.entry(target.period).or_default().insert(target.unit_id, target.value);
        }
        Ok(plans)
    }

    /// With the stock of stores, where that is asked for, and what is withheld of each of the units.
    pub async fn of_units(
        self,
        cx: &mut Context,
        beside: Beside,
        places: &Places,
        units: &HashMap<Period, Vec<Unit>>,
    ) -> Result<Self, Problem> {
        let mut plans = self;
        match beside {
            Beside::Nothing => return Ok(plans),
            Beside::Target(_) | Beside::Funnel | Beside::Channel => {}
            Beside::Stock => {
                let (months, this_month) = (units.keys().copied().collect(), Period::containing(cx.today()));
                for supply in plan::supplies(cx.db(), &places.stores(), months, this_month).await? {
                    plans.supplies.entry(supply.period).or_default().insert(supply.store_id, supply);
                }
            }
        }
        let mut unknown = HashMap::<i32, HashSet<i64>>::new();
        for (period, units) in units {
            let of_month = units.iter().filter(|unit| unit.is_shown() && !unit.is_known).map(|unit| unit.id);
            unknown.entry(period.year()).or_default().extend(of_month);
        }
        for (year, unknown) in unknown {
            let withheld_from = plan::withheld::in_force(cx, year, unknown.into_iter().collect()).await?;
            plans.withheld_from.insert(year, withheld_from);
        }
        Ok(plans)
    }

    /// What is planned for a unit, which lies in `stores` or has them below it, of one channel or of all; and whether it is withheld.
    pub fn of(&self, unit: &Unit, stores: &[i64], period: Period, channel: Option<&str>) -> (Planned, bool) {
        let withheld_from = self.withheld_from.get(&period.year()).and_then(|from| from.get(&unit.id));
        let is_hidden = !unit.is_known && withheld_from.is_some_and(|first| *first <= period);
        if is_hidden || stores.is_empty() {
            return (Planned::default(), is_hidden);
        }
        let supply = self.supplies.get(&period).and_then(|stores| stores.get(&unit.id)).copied();
        let (target, funnel) = (self.target(unit, stores, period), self.funnel(stores, period, channel));
        (Planned { target, funnel, supply }, false)
    }

    fn target(&self, unit: &Unit, stores: &[i64], period: Period) -> Option<i64> {
        let targets = self.targets.get(&period)?;
        match unit.store_id {
            Some(_) => targets.get(&unit.id).copied(),
            // Nobody knows what a group is to reach where one of its stores has no plan.
            None => stores.iter().try_fold(0_i64, |sum, store| sum.checked_add(*targets.get(store)?)),
        }
    }

    /// The funnels of the stores together, a plan that governs several of them once; none where one of them has none.
    fn funnel(&self, stores: &[i64], period: Period, channel: Option<&str>) -> Option<PlannedFunnel> {
        let funnels = self.funnels.get(&period)?;
        let mut plans = HashSet::new();
        stores.iter().try_fold(PlannedFunnel::default(), |sum, store| {
            let funnel = funnels.get(store)?;
            let planned = match channel {
                Some(channel) => funnel.channels.get(channel).copied(),
                None => funnel.planned,
            };
            if plans.insert(funnel.plan_id) { sum.with(&planned?) } else { Some(sum) }
        })
    }
}
