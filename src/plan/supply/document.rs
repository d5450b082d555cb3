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
use crate::org::labels;
use crate::period::Period;
use crate::plan::reading::label_vehicles::{self, LabelVehicles};
use crate::plan::split::tree::Months;
use crate::plan::split::tree::Tree;
use crate::plan::versions;

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
    /// Cars planned to be delivered.
    pub deliveries: Option<i64>,
    /// Cars in stock when it ends: opening + wholesale − deliveries.
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

/// Stock along the year of plan `id`, if it is seen as a whole. A group's plan has no supply of its own.
///
/// # Errors
///
/// Not found; `line` at fault; a conflict where the plan is about money, or numbers are too large.
pub async fn of_plan(cx: &mut Context, id: i64, line: Decimal) -> Result<PlanSupply, Problem> {
    let plan = versions::store::find(cx, id).await?;
    if line <= Decimal::ZERO {
        return Err(Problem::field("line", format!("expected a number of months above 0, not {line}")));
    }
    let unit_id = versions::store::version(cx.db(), id).await?.unit_id;
    let planned = label_vehicles::load(cx.db(), id, Tree::Series).await?;
    let kept = store::load(cx.db(), unit_id, plan.year).await?;
    let names = labels::list(cx, labels::SERIES).await?;
    let names: BTreeMap<String, String> = names.into_iter().map(|label| (label.code, label.zh)).collect();
    let periods = Period::months_of(plan.year);
    let series = series(&periods, planned, &kept, &names, line)
        .map_err(|(code, error)| Problem::conflict(format!("series '{code}': {error}")))?;
    let months = together(&periods, &series, line);
    Ok(PlanSupply { unit: plan.unit, year: plan.year, line, series, months })
}

/// Every series that is planned or supplied.
fn series(
    periods: &[Period],
    planned: Vec<LabelVehicles>,
    kept: &BTreeMap<String, KeptYear>,
    names: &BTreeMap<String, String>,
    line: Decimal,
) -> Result<Vec<SeriesStock>, (String, SupplyError)> {
    // A plan that is split by series plans none of the others; one that is not says nothing of any.
    let of_others = (!planned.is_empty()).then_some([0; 12]);
    let others: Vec<&String> =
        kept.keys().filter(|code| !planned.iter().any(|series| series.code == **code)).collect();
    let others = others.into_iter().map(|code| {
        let name = names.get(code).unwrap_or(code).clone();
        (code.clone(), name, of_others)
    });
    let planned = planned.into_iter().map(|series| (series.code, series.name, Some(series.months)));
    planned
        .chain(others)
        .map(|(code, name, deliveries)| match along(periods, kept.get(&code), deliveries, line) {
            Ok(months) => Ok(SeriesStock { code, name, months }),
            Err(error) => Err((code, error)),
        })
        .collect()
}

/// A series' months, each beginning with what was counted or with what the one before has left.
fn along(
    periods: &[Period],
    kept: Option<&KeptYear>,
    deliveries: Option<Months>,
    line: Decimal,
) -> Result<Vec<StockMonth>, SupplyError> {
    let kept = kept.copied().unwrap_or_default();
    let deliveries = deliveries.map_or([None; 12], |months| months.map(Some));
    let mut stock = None;
    let mut year = Vec::with_capacity(periods.len());
    for (((period, counted), wholesale), deliveries) in
        periods.iter().zip(kept.opening).zip(kept.wholesale).zip(deliveries)
    {
        let mut month =
            StockMonth { opening: counted.or(stock), wholesale, deliveries, ..StockMonth::unknown(*period) };
        if let (Some(opening), Some(wholesale), Some(deliveries)) = (month.opening, wholesale, deliveries) {
            let followed = follow(opening, wholesale, deliveries, line)
                .ok_or(SupplyError::TooLarge { month: period.month() })?;
            month = StockMonth::known(*period, followed);
        }
        stock = month.closing;
        year.push(month);
    }
    Ok(year)
}

impl StockMonth {
    const fn unknown(period: Period) -> Self {
        Self {
            period,
            opening: None,
            wholesale: None,
            deliveries: None,
            closing: None,
            depth: None,
            short: None,
            missing: None,
            deep: None,
        }
    }

    const fn known(period: Period, month: SupplyMonth) -> Self {
        Self {
            period,
            opening: Some(month.opening),
            wholesale: Some(month.wholesale),
            deliveries: Some(month.deliveries),
            closing: Some(month.closing),
            depth: month.depth,
            short: Some(month.short),
            missing: Some(month.missing),
            deep: Some(month.deep),
        }
    }
}

/// The months of all series together.
fn together(periods: &[Period], series: &[SeriesStock], line: Decimal) -> Vec<StockMonth> {
    let months = periods.iter().enumerate().map(|(index, period)| {
        let sum = |of: fn(&StockMonth) -> Option<i64>| {
            let mut values = series.iter().map(|series| series.months.get(index).and_then(of));
            let first = values.next()??;
            values.try_fold(first, |sum, value| sum.checked_add(value?))
        };
        let (closing, deliveries) = (sum(|month| month.closing), sum(|month| month.deliveries));
        let missing = sum(|month| month.missing);
        let exact = closing.zip(deliveries).and_then(|(closing, deliveries)| Ratio::new(closing, deliveries));
        StockMonth {
            period: *period,
            opening: sum(|month| month.opening),
            wholesale: sum(|month| month.wholesale),
            deliveries,
            closing,
            depth: exact.and_then(|depth| depth.half_up(2)),
            short: missing.map(|missing| missing > 0),
            missing,
            deep: closing.map(|_| exact.is_some_and(|depth| depth > Ratio::from(line))),
        }
    });
    months.collect()
}
