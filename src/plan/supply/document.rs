//! Stock along a plan's year: the supply of its store beside the deliveries it plans.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::store::{self, KeptYear};
use super::{SupplyError, SupplyMonth, follow};
use crate::auth::Context;
use crate::decimal::ratio::Ratio;
use crate::http::Problem;
use crate::ledger::metric::Catalogue;
use crate::org::{disclosure, labels};
use crate::period::Period;
use crate::plan::reading::deliveries::{self, Deliveries};
use crate::plan::reading::label_vehicles::{self, LabelVehicles};
use crate::plan::split::apportion::{ApportionError, largest_remainder};
use crate::plan::split::tree::Months;
use crate::plan::split::tree::Tree;
use crate::plan::{versions, viewer, withheld};
use crate::said::{Said, say};

/// The stock over a plan's year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanSupply {
    /// Code of the store whose supply it is.
    pub unit: String,
    /// The calendar year.
    pub year: i32,
    /// The 库存深度, in months, above which stock counts as deep.
    #[schema(value_type = f64, example = 1.5)]
    pub line: Decimal,
    /// The plan's series in its order, then those that have only supply.
    pub series: Vec<SeriesStock>,
    /// All series together, January first; a number is null if it is null for any series.
    pub months: Vec<StockMonth>,
    /// What of it is an estimate, in the reader's language; empty where nothing is.
    pub notes: Vec<String>,
}

/// A series' months.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SeriesStock {
    /// Its code.
    pub code: String,
    /// Its Chinese name.
    pub name: String,
    /// January first.
    pub months: Vec<StockMonth>,
}

/// One month. What is not known is null: until a stock has been counted no stock is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StockMonth {
    /// The month.
    #[schema(value_type = String, example = "2014-03")]
    pub period: Period,
    /// Cars in stock when it begins: counted, or the closing of the month before. Below 0 while cars are missing.
    pub opening: Option<i64>,
    /// 提车任务: cars to be taken.
    pub wholesale: Option<i64>,
    /// 已提车: cars that were taken, in a month that has ended; they are in stock instead of the task. Null where that is not
    /// known, or of all series together where it is not known of one.
    pub taken: Option<i64>,
    /// Cars delivered: actual ones up to today, and as planned from then on.
    pub deliveries: Option<i64>,
    /// Where the deliveries come from.
    pub deliveries_from: DeliveriesFrom,
    /// Whether it is an estimate which series the cars were of: the ledger knows the store's deliveries, which are shared as
    /// the plan's series share the month. So is what is in stock afterwards, until it is counted. Of all series together:
    /// whether it is of any, so that what is missing is estimated, too.
    pub series_estimated: bool,
    /// Cars in stock when it ends: opening + those taken, otherwise wholesale − deliveries.
    pub closing: Option<i64>,
    /// 库存深度: closing ÷ deliveries, half-up to two places. Null without deliveries, as well.
    #[schema(value_type = Option<f64>, example = 1.25)]
    pub depth: Option<Decimal>,
    /// Whether cars are missing when it ends; of all series together: whether they are in any.
    pub short: Option<bool>,
    /// How many are missing. One series' stock does not fill another's gap.
    pub missing: Option<i64>,
    /// Whether the unrounded depth is above the line.
    pub deep: Option<bool>,
}

/// Where a month's deliveries come from. The ledger knows a store's, not their series: those are shared as the plan's are, and
/// `series_estimated` says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveriesFrom {
    /// 计划: the month is to come, not everybody's deliveries of it are known, or they are few people's, whom the reader may
    /// not see.
    Plan,
    /// 实际: the ledger knows everybody's of a month that has ended.
    Ledger,
    /// 实际加计划: this month. What has been delivered, and what is left of the plan.
    LedgerAndPlan,
}

/// Stock along the year of plan `id`, if it is seen as a whole. A group's plan has no supply of its own.
///
/// # Errors
///
/// Not found; forbidden where months of the plan are withheld; `line` at fault; a conflict where the plan is about money, or numbers are too large.
pub async fn of_plan(
    cx: &mut Context,
    catalogue: &Catalogue,
    id: i64,
    line: Decimal,
) -> Result<PlanSupply, Problem> {
    let plan = versions::store::find(cx, id).await?;
    if line <= Decimal::ZERO {
        return Err(Problem::field("line", super::line(&line)));
    }
    withheld::require_all(cx, id).await?;
    let unit_id = versions::store::version(cx.db(), id).await?.unit_id;
    let mut planned = label_vehicles::load(cx.db(), id, Tree::Series).await?;
    let this_month = viewer::month(cx);
    let delivered = match store::is_store(cx.db(), unit_id).await? {
        true => deliveries::of_store(cx.db(), catalogue, (unit_id, plan.year)).await?,
        false => Deliveries::default(),
    };
    let delivered = match viewer::sees_people_of(cx, unit_id, plan.year).await? {
        true => delivered,
        false => delivered.of_several(disclosure::fewest(cx.shared()).await?),
    };
    let from = deliver(&mut planned, &delivered, (plan.year, this_month))
        .map_err(|error| Problem::conflict(error.said()))?;
    let kept = store::load(cx.db(), unit_id, plan.year).await?;
    let names = labels::list(cx, labels::SERIES).await?;
    let names: BTreeMap<String, String> = names.into_iter().map(|label| (label.code, label.zh)).collect();
    let periods: Vec<Month> = Period::months_of(plan.year)
        .into_iter()
        .zip(from)
        .map(|(period, from)| Month { period, from, has_ended: period < this_month })
        .collect();
    let series = series(&periods, planned, &kept, &names, line)
        .map_err(|(code, error)| error.said().about(&say!("车系“{code}”", "series '{code}'")))
        .map_err(Problem::conflict)?;
    let months = together(&periods, &series, line);
    let notes = notes(&months).iter().map(|note| note.in_language(cx.language).to_owned()).collect();
    Ok(PlanSupply { unit: plan.unit, year: plan.year, line, series, months, notes })
}

/// A month, and what is known of it.
#[derive(Clone, Copy)]
struct Month {
    period: Period,
    from: DeliveriesFrom,
    has_ended: bool,
}

/// Puts what was delivered in the place of what was planned, and says where each month's deliveries come from.
fn deliver(
    planned: &mut [LabelVehicles],
    delivered: &Deliveries,
    (year, this_month): (i32, Period),
) -> Result<[DeliveriesFrom; 12], ApportionError> {
    let mut from = [DeliveriesFrom::Plan; 12];
    for (period, from) in Period::months_of(year).into_iter().zip(&mut from) {
        let partly = delivered.partly.iter().find(|partly| partly.period == period).map(|partly| partly.cars);
        let known = delivered.known.get(&period).copied();
        let (cars, by) = match known {
            _ if period > this_month => continue,
            // Who has delivered nothing yet this month may well not be in the ledger.
            _ if period == this_month => (known.or(partly), DeliveriesFrom::LedgerAndPlan),
            known => (known, DeliveriesFrom::Ledger),
        };
        let Some(cars) = cars.filter(|_| !planned.is_empty()) else { continue };
        let cells = planned.iter().map(|series| series.months.get(period.index()).copied().unwrap_or(0));
        let mut weights: Vec<u64> = cells.map(|cell| u64::try_from(cell).unwrap_or(0)).collect();
        if weights.iter().all(|weight| *weight == 0) {
            weights.fill(1);
        }
        for (series, actual) in planned.iter_mut().zip(largest_remainder(cars, &weights)?) {
            if let Some(cell) = series.months.get_mut(period.index()) {
                // What is left of this month's plan is still to come.
                *cell = if by == DeliveriesFrom::LedgerAndPlan { actual.max(*cell) } else { actual };
            }
        }
        *from = by;
    }
    Ok(from)
}

/// What whoever reads the stock should know.
fn notes(months: &[StockMonth]) -> Vec<Said> {
    let shared = months.iter().filter(|month| month.deliveries_from != DeliveriesFrom::Plan);
    let shared: Vec<&StockMonth> = shared.filter(|month| month.series_estimated).collect();
    let (Some(first), Some(last)) = (shared.first(), shared.last()) else { return Vec::new() };
    vec![say!(
        "{} 至 {} 的交车只知道全店合计，各车系是按计划中车系的比例推算的；以后的库存也建立在推算上，直到再次盘点",
        "of the deliveries from {} to {} only the store's total is known: those of the series are estimated by the plan's shares, \
         and so is the stock after them until it is counted again",
        first.period,
        last.period
    )]
}

/// Every series that is planned or supplied.
fn series(
    periods: &[Month],
    planned: Vec<LabelVehicles>,
    kept: &BTreeMap<String, KeptYear>,
    names: &BTreeMap<String, String>,
    line: Decimal,
) -> Result<Vec<SeriesStock>, (String, SupplyError)> {
    // A plan that is split by series plans none of the others; one that is not says nothing of any.
    let of_others = (!planned.is_empty()).then_some([0; 12]);
    let others: Vec<&String> =
        kept.keys().filter(|code| !planned.iter().any(|series| series.code == **code)).collect();
    // One series alone has all of the store's.
    let is_shared = planned.len() + others.len() > 1;
    let others = others.into_iter().map(|code| {
        let name = names.get(code).unwrap_or(code).clone();
        (code.clone(), name, of_others)
    });
    let planned = planned.into_iter().map(|series| (series.code, series.name, Some(series.months)));
    planned
        .chain(others)
        .map(|(code, name, deliveries)| {
            match along(periods, kept.get(&code), (deliveries, is_shared), line) {
                Ok(months) => Ok(SeriesStock { code, name, months }),
                Err(error) => Err((code, error)),
            }
        })
        .collect()
}

/// A series' months, each beginning with what was counted or with what the one before has left.
fn along(
    periods: &[Month],
    kept: Option<&KeptYear>,
    (deliveries, is_shared): (Option<Months>, bool),
    line: Decimal,
) -> Result<Vec<StockMonth>, SupplyError> {
    let kept = kept.copied().unwrap_or_default();
    let deliveries = deliveries.map_or([None; 12], |months| months.map(Some));
    let mut stock = None;
    let mut is_estimated = false;
    let mut year = Vec::with_capacity(periods.len());
    for ((((at, counted), wholesale), taken), deliveries) in
        periods.iter().zip(kept.opening).zip(kept.wholesale).zip(kept.taken).zip(deliveries)
    {
        let taken = taken.filter(|_| at.has_ended);
        // Known again once it has been counted; of one series there is nothing to share.
        is_estimated = is_shared && (is_estimated && counted.is_none() || at.from != DeliveriesFrom::Plan);
        let mut month = StockMonth {
            opening: counted.or(stock),
            wholesale,
            taken,
            deliveries,
            series_estimated: is_estimated,
            ..StockMonth::unknown(at)
        };
        if let (Some(opening), Some(came), Some(deliveries)) =
            (month.opening, taken.or(wholesale), deliveries)
        {
            let followed = follow(opening, came, deliveries, line)
                .ok_or(SupplyError::TooLarge { month: at.period.month() })?;
            let series_estimated = is_estimated;
            month = StockMonth { wholesale, taken, series_estimated, ..StockMonth::known(at, followed) };
        }
        stock = month.closing;
        year.push(month);
    }
    Ok(year)
}

impl StockMonth {
    const fn unknown(at: &Month) -> Self {
        Self {
            period: at.period,
            opening: None,
            wholesale: None,
            taken: None,
            deliveries: None,
            deliveries_from: at.from,
            series_estimated: false,
            closing: None,
            depth: None,
            short: None,
            missing: None,
            deep: None,
        }
    }

    const fn known(at: &Month, month: SupplyMonth) -> Self {
        Self {
            period: at.period,
            opening: Some(month.opening),
            wholesale: Some(month.wholesale),
            taken: None,
            deliveries: Some(month.deliveries),
            deliveries_from: at.from,
            series_estimated: false,
            closing: Some(month.closing),
            depth: month.depth,
            short: Some(month.short),
            missing: Some(month.missing),
            deep: Some(month.deep),
        }
    }
}

/// The months of all series together.
fn together(periods: &[Month], series: &[SeriesStock], line: Decimal) -> Vec<StockMonth> {
    let months = periods.iter().enumerate().map(|(index, at)| {
        let sum = |of: fn(&StockMonth) -> Option<i64>| {
            let mut values = series.iter().map(|series| series.months.get(index).and_then(of));
            let first = values.next()??;
            values.try_fold(first, |sum, value| sum.checked_add(value?))
        };
        let (closing, deliveries) = (sum(|month| month.closing), sum(|month| month.deliveries));
        let missing = sum(|month| month.missing);
        let exact = closing.zip(deliveries).and_then(|(closing, deliveries)| Ratio::new(closing, deliveries));
        StockMonth {
            period: at.period,
            opening: sum(|month| month.opening),
            wholesale: sum(|month| month.wholesale),
            taken: sum(|month| month.taken),
            deliveries,
            deliveries_from: at.from,
            series_estimated: series
                .iter()
                .any(|series| series.months.get(index).is_some_and(|month| month.series_estimated)),
            closing,
            depth: exact.and_then(|depth| depth.half_up(2)),
            short: missing.map(|missing| missing > 0),
            missing,
            deep: closing.map(|_| exact.is_some_and(|depth| depth > Ratio::from(line))),
        }
    });
    months.collect()
}
