//! Cars in stock beside the targets 库存深度: of stores and groups, all series together, followed from month to month.

use std::collections::{BTreeMap, HashMap};

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::form::Row;
use super::rows::{
    Beside, Comparison, Followed, Known, Number, Numbers, Parts, Planned, RowState, RowUnit, UnitRow,
    columns, less, unit_row,
};
use crate::decimal::ratio::Ratio;
use crate::org::UnitKind;
use crate::period::Period;
use crate::plan::StoreSupply;
use crate::plan::supply::document::DeliveriesFrom;

/// One unit's stock in a month, beside its target.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UnitStock {
    /// Which unit, and which month.
    #[serde(flatten)]
    pub unit: RowUnit,
    /// Its numbers.
    #[serde(flatten)]
    pub numbers: StockNumbers,
    /// Of how many people it is known how many cars they delivered.
    pub known: i64,
    /// What they are of. Where the deliveries of a month are withheld, the stock of its year is, which would tell them by what
    /// came.
    #[serde(flatten)]
    pub state: RowState,
    /// The month before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_month: Option<Comparison<StockNumbers>>,
    /// The same month a year before, where `compare` asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_year: Option<Comparison<StockNumbers>>,
}

/// The numbers of a stock, all series together. One series' stock does not fill another's gap: which series are short stands at
/// `/v1/plans/{id}/supply`. No stock is known before one was counted, where the store's plan has a series without a supply, and from a
/// month on in which some series were counted and others were not; of a group where it is not known of one of its stores.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StockNumbers {
    /// The target of deliveries in the plan in force; null as in the attainment.
    pub target: Option<i64>,
    /// Cars in stock when the month begins: counted, or the closing of the month before in its year. Below 0 while cars are missing.
    pub opening: Option<i64>,
    /// 提车任务: cars to be taken.
    pub wholesale: Option<i64>,
    /// 已提车: cars that were taken, in a month that has ended; they are in stock instead of the task. Null where that is not known
    /// of every series.
    pub taken: Option<i64>,
    /// Cars delivered: actual ones where they are known of as many people as sell there, and the target otherwise and for the months to
    /// come; in this month the larger of the two.
    pub deliveries: Option<i64>,
    /// Where the deliveries come from; null where they are not known, and for a group whose stores differ.
    pub deliveries_from: Option<DeliveriesFrom>,
    /// Cars in stock when the month ends: opening + those taken, otherwise wholesale − deliveries.
    pub closing: Option<i64>,
    /// 库存深度: closing ÷ deliveries, half-up to two places: for how many such months the cars last. Null without deliveries.
    pub stock_depth: Option<Decimal>,
    /// Of how many stores the closing is known and shown.
    pub stores_known: i64,
    /// Cars that were delivered, as far as they are known and told.
    #[serde(skip)]
    actual: Option<i64>,
    #[serde(skip)]
    supply: Option<StoreSupply>,
}

impl Numbers<1> for StockNumbers {
    const METRICS: [&'static str; 1] = ["deliveries"];
    const BESIDE: Beside = Beside::Stock;
    const FOLLOWS: bool = true;

    fn of(
        [deliveries]: [Option<Decimal>; 1],
        _: [i64; 1],
        &Planned { target, supply, .. }: &Planned,
    ) -> Self {
        Self {
            target,
            opening: None,
            wholesale: None,
            taken: None,
            deliveries: None,
            deliveries_from: None,
            closing: None,
            stock_depth: None,
            stores_known: 0,
            actual: deliveries.and_then(Number::of),
            supply,
        }
    }

    fn follow(units: Vec<Followed<'_, Self>>, this_month: Period) {
        let (groups, stores): (Vec<_>, Vec<_>) =
            units.into_iter().partition(|one| one.kind == UnitKind::Group);
        let parents =
            groups.iter().map(|group| ((group.period, group.id), group.parent)).collect::<HashMap<_, _>>();
        let mut years = BTreeMap::<(i64, i32), Vec<Followed<'_, Self>>>::new();
        for store in stores {
            years.entry((store.id, store.period.year())).or_default().push(store);
        }
        let mut together = HashMap::<(Period, i64), Together>::new();
        for mut year in years.into_values() {
            year.sort_by_key(|month| month.period);
            along(&mut year, this_month);
            for month in &year {
                let mut above = month.parent;
                while let Some(group) = above {
                    together.entry((month.period, group)).or_default().add(month.numbers);
                    above = parents.get(&(month.period, group)).copied().flatten();
                }
            }
        }
        for group in groups {
            let stores = together.remove(&(group.period, group.id)).unwrap_or_default();
            stores.tell(group.numbers, group.stores);
        }
    }

    fn less(&self, other: &Self) -> Self {
        Self {
            target: less(self.target, other.target),
            opening: less(self.opening, other.opening),
            wholesale: less(self.wholesale, other.wholesale),
            taken: less(self.taken, other.taken),
            deliveries: less(self.deliveries, other.deliveries),
            deliveries_from: None,
            closing: less(self.closing, other.closing),
            stock_depth: less(self.stock_depth, other.stock_depth),
            stores_known: self.stores_known - other.stores_known,
            actual: None,
            supply: None,
        }
    }

    fn names() -> Vec<&'static str> {
        vec![
            "target",
            "opening",
            "wholesale",
            "taken",
            "deliveries",
            "deliveries_from",
            "closing",
            "stock_depth",
            "stores_known",
        ]
    }
}

unit_row!(UnitStock, StockNumbers, i64, 1, "stock-depth");

/// Follows a store's year, the earliest month first.
fn along(year: &mut [Followed<'_, StockNumbers>], this_month: Period) {
    let is_withheld = year.iter().any(|month| month.is_hidden && month.period <= this_month);
    let mut before: Option<(Period, i64)> = None;
    for month in year {
        let carried =
            before.filter(|(period, _)| period.end() == month.period.first_day()).map(|(_, stock)| stock);
        let (deliveries, from) = month.deliveries(this_month);
        let supply = month.numbers.supply.filter(|supply| supply.is_whole);
        let opening =
            supply.and_then(|supply| supply.opening.or(carried.filter(|_| !supply.is_partly_counted)));
        let closing = opening.zip(supply).zip(deliveries).and_then(|((opening, supply), deliveries)| {
            opening.checked_add(supply.came)?.checked_sub(deliveries)
        });
        before = closing.map(|closing| (month.period, closing));
        let (supplied, numbers) = (supply.filter(|_| !month.is_hidden), &mut *month.numbers);
        numbers.wholesale = supplied.map(|supply| supply.wholesale);
        numbers.taken = supplied.and_then(|supply| supply.taken);
        (numbers.deliveries, numbers.deliveries_from) = (deliveries, from);
        if is_withheld {
            *month.is_more_hidden |= supply.is_some();
            continue;
        }
        (numbers.opening, numbers.closing) = (opening, closing);
        numbers.stock_depth = depth(closing, deliveries);
        numbers.stores_known = i64::from(closing.is_some());
    }
}

impl Followed<'_, StockNumbers> {
    /// The cars that leave the stock in the month, and where their number comes from.
    fn deliveries(&self, this_month: Period) -> (Option<i64>, Option<DeliveriesFrom>) {
        let target = self.numbers.target;
        let is_of_everybody = self.known > 0 && self.known >= self.people;
        let (cars, from) = match self.numbers.actual {
            _ if self.period > this_month => (target, DeliveriesFrom::Plan),
            // What is planned in its place would tell that it is more, or less.
            _ if self.is_hidden => (None, DeliveriesFrom::Ledger),
            Some(actual) if self.period == this_month => {
                (target.map(|target| target.max(actual)), DeliveriesFrom::LedgerAndPlan)
            }
            Some(actual) if is_of_everybody => (Some(actual), DeliveriesFrom::Ledger),
            _ => (target, DeliveriesFrom::Plan),
        };
        (cars, cars.map(|_| from))
    }
}

fn depth(closing: Option<i64>, deliveries: Option<i64>) -> Option<Decimal> {
    Ratio::new(closing?, deliveries?)?.half_up(2)
}

/// The stores of a group in a month, added up: none where a number is not known of one of them.
#[derive(Default)]
struct Together {
    stores: i64,
    known: i64,
    sums: [Option<i64>; 5],
    from: Option<DeliveriesFrom>,
}

impl Together {
    fn add(&mut self, store: &StockNumbers) {
        let numbers = [store.opening, store.wholesale, store.taken, store.deliveries, store.closing];
        let is_first = self.stores == 0;
        for (sum, number) in self.sums.iter_mut().zip(numbers) {
            *sum =
                if is_first { number } else { sum.zip(number).and_then(|(sum, more)| sum.checked_add(more)) };
        }
        self.from = store.deliveries_from.filter(|from| is_first || self.from == Some(*from));
        self.stores += 1;
        self.known += store.stores_known;
    }

    /// Tells it of a group with so many stores.
    fn tell(self, group: &mut StockNumbers, stores: i64) {
        group.stores_known = self.known;
        if self.stores != stores {
            return;
        }
        [group.opening, group.wholesale, group.taken, group.deliveries, group.closing] = self.sums;
        group.deliveries_from = self.from;
        group.stock_depth = depth(group.closing, group.deliveries);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(number: u32) -> Period {
        Period::new(2014, number).unwrap()
    }

    fn months() -> impl Iterator<Item = Period> {
        Period::months_of(2014).into_iter()
    }

    fn supply(opening: Option<i64>, came: i64) -> Option<StoreSupply> {
        let period = month(1);
        Some(StoreSupply {
            store_id: 10,
            period,
            opening,
            is_partly_counted: false,
            wholesale: came,
            taken: None,
            came,
            is_whole: true,
        })
    }

    fn numbers(target: i64, actual: Option<i64>, supply: Option<StoreSupply>) -> StockNumbers {
        let planned = Planned { target: Some(target), supply, ..Planned::default() };
        StockNumbers::of([actual.map(Decimal::from)], [0], &planned)
    }

    /// Follows months of two stores of one group, of whom 3 people sell in each. A number of `known` is of how many it is known; below 0
    /// it is withheld.
    fn follow(stores: [Vec<(StockNumbers, i64)>; 2], this_month: u32) -> Vec<[(StockNumbers, bool); 3]> {
        let mut groups = vec![(numbers(0, None, None), false); stores[0].len()];
        let mut all =
            stores.map(|year| year.into_iter().map(|(of, known)| (of, known, false)).collect::<Vec<_>>());
        let mut units = Vec::new();
        for (period, (group, is_more_hidden)) in months().zip(&mut groups) {
            units.push(Followed {
                period,
                id: 1,
                parent: None,
                kind: UnitKind::Group,
                stores: 2,
                people: 6,
                known: 6,
                is_hidden: false,
                numbers: group,
                is_more_hidden,
            });
        }
        for (id, year) in (10..).zip(&mut all) {
            for (period, (numbers, known, is_more_hidden)) in months().zip(year) {
                units.push(Followed {
                    period,
                    id,
                    parent: Some(1),
                    kind: UnitKind::Store,
                    stores: 1,
                    people: 3,
                    known: *known,
                    is_hidden: *known < 0,
                    numbers,
                    is_more_hidden,
                });
            }
        }
        StockNumbers::follow(units, month(this_month));
        let [one, two] = all;
        let both = one.into_iter().zip(two).zip(groups);
        both.map(|(((one, _, hidden), (two, _, more)), group)| [group, (one, hidden), (two, more)]).collect()
    }

    #[test]
    fn stock_is_carried_on_by_what_was_delivered_and_then_by_the_plan() {
        // February's deliveries are known of two of three people, March is running, April is to come.
        let one = vec![
            (numbers(20, Some(18), supply(Some(40), 25)), 3),
            (numbers(20, Some(9), supply(None, 25)), 2),
            (numbers(20, Some(23), supply(None, 25)), 1),
            (numbers(20, None, supply(None, 25)), 0),
        ];
        // Nothing was counted before March; of April's series only some were.
        let partly = StoreSupply { is_partly_counted: true, ..supply(None, 10).unwrap() };
        let two = vec![
            (numbers(10, Some(10), supply(None, 10)), 3),
            (numbers(10, Some(10), None), 3),
            (numbers(10, Some(4), supply(Some(-5), 10)), 3),
            (numbers(10, None, Some(partly)), 0),
        ];
        let months = follow([one, two], 3);
        let closings = |at: usize| months.iter().map(|month| month[at].0.closing).collect::<Vec<_>>();
        // 40 + 25 − 18 = 47, + 25 − 20 = 52, + 25 − 23 = 54, + 25 − 20 = 59; −5 + 10 − 10 = −5.
        assert_eq!(closings(1), [Some(47), Some(52), Some(54), Some(59)]);
        assert_eq!(closings(2), [None, None, Some(-5), None]);
        assert_eq!(closings(0), [None, None, Some(49), None], "a store of which nothing is known is not 0");
        let known = months.iter().map(|[group, ..]| group.0.stores_known).collect::<Vec<_>>();
        assert_eq!(known, [1, 1, 2, 1]);
        let from = months.iter().map(|month| month[1].0.deliveries_from).collect::<Vec<_>>();
        let [ledger, plan, both] =
            [DeliveriesFrom::Ledger, DeliveriesFrom::Plan, DeliveriesFrom::LedgerAndPlan];
        assert_eq!(from, [Some(ledger), Some(plan), Some(both), Some(plan)]);
        assert_eq!(months[1][0].0.deliveries_from, None, "one store's are planned, the other's are not");
        // 47 ÷ 18 = 2.611…, 49 ÷ 33 = 1.4848…
        assert_eq!(months[0][1].0.stock_depth.unwrap().to_string(), "2.61");
        assert_eq!(months[2][0].0.stock_depth.unwrap().to_string(), "1.48");
        assert_eq!((months[2][0].0.opening, months[2][0].0.wholesale), (Some(47), Some(35)));
    }

    #[test]
    fn a_year_with_a_month_that_is_withheld_tells_no_stock() {
        let year = |hidden: i64| {
            vec![
                (numbers(5, Some(5), supply(Some(10), 5)), 3),
                (numbers(5, None, supply(None, 5)), hidden),
                (numbers(5, Some(5), supply(Some(7), 5)), 3),
            ]
        };
        let months = follow([year(-1), year(3)], 3);
        for (at, [group, one, two]) in months.iter().enumerate() {
            // What came and what is left would tell what was delivered.
            assert_eq!((one.0.opening, one.0.closing, one.0.stock_depth), (None, None, None), "{at}");
            assert_eq!((one.0.wholesale.is_none(), one.1), (at == 1, true), "{at}");
            assert_eq!((group.0.closing, group.0.stores_known), (None, 1), "{at}");
            assert!(two.0.closing.is_some() && !two.1, "{at}");
        }
        // What is to come is planned and withheld from nobody.
        assert!(follow([year(-1), year(3)], 1).iter().all(|[group, ..]| group.0.closing.is_some()));
    }
}
