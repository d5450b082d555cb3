//! What lies above what, and how far the months of stores have come together. Pure.

use std::collections::{HashMap, HashSet};

use super::places::Unit;
use super::rows::MonthState;
use super::selection::Asked;
use super::store::StoreMonth;
use super::summed::Summed;
use crate::org::UnitKind;
use crate::reviews::cycle::CycleState;

/// What lies above what.
pub(super) struct Above {
    /// The codes of the units that are shown.
    pub shown: HashMap<i64, String>,
    /// Above which units some are shown.
    pub parents: HashSet<i64>,
    /// The stores of each group, and the store of each store.
    stores: HashMap<i64, Vec<i64>>,
}

impl Above {
    pub fn of(units: &[Unit]) -> Self {
        let parents = units.iter().map(|unit| (unit.id, unit.parent_id)).collect::<HashMap<_, _>>();
        let mut stores = HashMap::<i64, Vec<i64>>::new();
        for store in units.iter().filter(|unit| unit.is_there && unit.kind == UnitKind::Store) {
            let mut at = Some(store.id);
            while let Some(id) = at {
                stores.entry(id).or_default().push(store.id);
                at = parents.get(&id).copied().flatten();
            }
        }
        let shown = || units.iter().filter(|unit| unit.is_shown());
        Self {
            shown: shown().map(|unit| (unit.id, unit.code.clone())).collect(),
            parents: shown().filter_map(|unit| unit.parent_id).collect(),
            stores,
        }
    }

    /// The stores in which a unit lies, or which lie in it.
    pub fn stores(&self, unit: &Unit) -> &[i64] {
        self.stores.get(&unit.store_id.unwrap_or(unit.id)).map_or(&[], Vec::as_slice)
    }
}

/// How far the months of stores have come.
pub(super) struct Months<'a> {
    pub summed: Summed<'a>,
    pub asked: &'a Asked,
    /// The sources of the numbers.
    pub sources: HashSet<String>,
    pub stores: &'a HashMap<i64, StoreMonth>,
}

impl Months<'_> {
    /// How far those of some stores have come together.
    pub fn state(&self, stores: &[i64]) -> MonthState {
        let months = || stores.iter().filter_map(|store| self.stores.get(store));
        let count = |is_counted: &dyn Fn(&StoreMonth) -> bool| {
            i64::try_from(months().filter(|month| is_counted(month)).count()).unwrap_or(i64::MAX)
        };
        let moment = self.asked.moment();
        let frozen = count(&|month| {
            month.frozen_at.is_some_and(|frozen_at| moment.is_none_or(|moment| frozen_at <= moment))
        });
        let delivered = count(&|month| match self.summed {
            Summed::Metrics(_) | Summed::Leads(_) => month.has(&self.sources),
            Summed::Coefficients(_) => month.state >= Some(CycleState::Published),
        });
        let all = i64::try_from(stores.len()).unwrap_or(i64::MAX);
        let now = || months().filter(|_| moment.is_none());
        // An absent one is less than any.
        let state = now().map(|month| month.state).min().flatten();
        let revision = now().filter(|_| all == 1).find_map(|month| month.revision);
        MonthState {
            state,
            revision,
            stores: all,
            stores_delivered: delivered,
            stores_frozen: frozen,
            is_partial: frozen < all || delivered < all,
            recorded_at: None,
            as_of: self.asked.as_of,
        }
    }
}
