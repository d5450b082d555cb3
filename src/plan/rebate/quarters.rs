//! What a store's quarters earn under a policy, from what the plan, the supply and the ledger know.

use std::collections::{BTreeMap, BTreeSet};

use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Nullable, Numeric};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::store::{self, KeptRebatePolicy};
use super::{NextTier, RebateBasis, RebateError, RebatePolicy, rebate};
use crate::auth::Context;
use crate::db::sql;
use crate::http::{FieldError, Problem};
use crate::ledger::metric::Catalogue;
use crate::org::disclosure;
use crate::org::withheld::Fewest;
use crate::period::Period;
use crate::plan::reading::deliveries::{self, DELIVERIES, Deliveries, PartlyKnown};
use crate::plan::reading::targets::unit_targets_in_force;
use crate::plan::supply;
use crate::plan::{viewer, withheld};
use crate::said::say;

/// What the quarters of a store's year earn under a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StoreRebates {
    /// Code of the store.
    pub store: String,
    /// The calendar year.
    pub year: i32,
    /// Code of the policy.
    pub policy: String,
    /// Whose attainment counts.
    pub basis: RebateBasis,
    /// The four quarters, in order.
    pub quarters: Vec<QuarterRebate>,
}

/// A quarter. What is not known is null, and so is what would follow from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct QuarterRebate {
    /// 1 to 4.
    #[schema(example = 1)]
    pub quarter: u32,
    /// Cars to reach: the store's planned deliveries in the version that governs each month, or the wholesale tasks.
    /// Null if one of the three months has none, or is withheld.
    pub target: Option<i64>,
    /// Cars that count in the months that are known: in the ledger's deliveries of everybody, or taken from the
    /// manufacturer. Null if no month is known. Deliveries of few people (`GET /v1/disclosure`) are known to those who may see them.
    pub actual: Option<i64>,
    /// The months that are known: with fewer than three the quarter is not over.
    #[schema(value_type = Vec<String>, example = json!(["2014-01", "2014-02"]))]
    pub known_months: Vec<Period>,
    /// Months of which something is known, but not of everybody who is planned and posted in them: missing is not zero, and
    /// they do not count yet.
    pub partly_known: Vec<PartlyKnown>,
    /// SSI: as given in the request, otherwise the mean of what the ledger knows of the quarter, half-up to two places;
    /// tiers are compared with the unrounded mean. Null also where it is the mean of few people, whom the reader may not
    /// see; then the amount is null under a policy that asks for an SSI.
    #[schema(value_type = Option<f64>, example = 861.25)]
    pub ssi: Option<Decimal>,
    /// Actual ÷ target, half-up to four places.
    #[schema(value_type = Option<f64>, example = 0.953)]
    pub attainment: Option<Decimal>,
    /// Position in the policy of the tier that counts, from 0; null if none is met.
    pub tier: Option<usize>,
    /// Cents earned; 0 without a tier.
    pub amount: Option<i64>,
    /// The nearest tier that would pay more. SSI points are rounded up to two places.
    pub next: Option<NextTier>,
}

/// Whose rebates.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RebateQuery {
    /// Code of the store.
    pub store: String,
    /// The calendar year, 1900 to 2999.
    pub year: i32,
    /// Code of the policy.
    pub policy: String,
    /// SSI to compute with instead of what the ledger knows, 0 to 1000.
    #[param(value_type = Option<f64>, example = 860)]
    pub ssi: Option<Decimal>,
}

/// What a store's quarters earn, if the store is reached.
///
/// # Errors
///
/// Not found; every parameter at fault.
pub async fn of_store(
    cx: &mut Context,
    catalogue: &Catalogue,
    asked: RebateQuery,
) -> Result<StoreRebates, Problem> {
    let store_id = supply::store::reached(cx, &asked.store, asked.year).await?;
    let policy = policy_for(cx, &asked).await?.policy;
    let RebateQuery { store, year, ssi, .. } = asked;
    // Of fewer people than this nothing is told; none: everybody is seen.
    let hidden = match viewer::sees_people_of(cx, store_id, year).await? {
        true => None,
        false => Some(disclosure::fewest(cx.shared()).await?),
    };
    let Cars { targets, actuals, partly } = match policy.basis {
        RebateBasis::Deliveries => deliveries(cx, catalogue, (store_id, year), hidden).await?,
        RebateBasis::Wholesale => wholesale(cx.db(), store_id, year).await?,
    };
    let scores = if ssi.is_some() { Vec::new() } else { scores(cx.db(), store_id, year).await? };
    let mut quarters = Vec::with_capacity(4);
    for (number, months) in (1..).zip(Period::months_of(year).chunks(3)) {
        let mut known = known(months, &targets, &actuals);
        known.partly = partly.iter().filter(|month| months.contains(&month.period)).cloned().collect();
        let scores: Vec<&Score> = scores.iter().filter(|score| months.contains(&score.period)).collect();
        let is_withheld = hidden.is_some_and(|fewest| fewest.is_few(people(&scores)));
        let known_ssi = if is_withheld { None } else { mean(&scores) };
        let mut earned = quarter(&policy, number, known, ssi.or(known_ssi))
            .map_err(|error| error.said().about(&say!("{number} 季度", "quarter {number}")))
            .map_err(Problem::conflict)?;
        if is_withheld && policy.tiers.iter().any(|tier| tier.min_ssi.is_some()) {
            (earned.tier, earned.amount, earned.next) = (None, None, None);
        }
        quarters.push(earned);
    }
    Ok(StoreRebates { store, year, policy: policy.code, basis: policy.basis, quarters })
}

/// The policy, if it counts for the store in that year.
async fn policy_for(cx: &mut Context, asked: &RebateQuery) -> Result<KeptRebatePolicy, Problem> {
    let RebateQuery { store, year, policy: code, ssi } = asked;
    let mut faults: Vec<FieldError> = Vec::new();
    if let Some(ssi) = ssi
        && !((Decimal::ZERO..=Decimal::ONE_THOUSAND).contains(ssi) && ssi.normalize().scale() <= 6)
    {
        let message = say!(
            "应为 0 到 1000，最多 6 位小数，而不是 {ssi}",
            "expected 0 to 1000 with at most 6 decimals, not {ssi}"
        );
        faults.push(FieldError::new("ssi", message));
    }
    let kept = store::for_store(cx, code, store).await?;
    match &kept {
        None => {
            let message = say!("“{store}”没有返利政策“{code}”", "there is no policy '{code}' for '{store}'");
            faults.push(FieldError::new("policy", message));
        }
        Some(kept) if kept.year != *year => {
            let message =
                say!("“{code}”是 {} 年的，不是 {year} 年的", "'{code}' is of {}, not of {year}", kept.year);
            faults.push(FieldError::new("policy", message));
        }
        Some(_) => {}
    }
    kept.filter(|_| faults.is_empty()).ok_or_else(|| Problem::fields(faults))
}

/// Cars by month, as far as they are known.
type ByMonth = BTreeMap<Period, i64>;

/// A store's cars.
struct Cars {
    targets: ByMonth,
    actuals: ByMonth,
    partly: Vec<PartlyKnown>,
}

/// The store's deliveries as they are planned, and as the ledger knows them.
async fn deliveries(
    cx: &mut Context,
    catalogue: &Catalogue,
    (store_id, year): (i64, i32),
    hidden: Option<Fewest>,
) -> Result<Cars, Problem> {
    let months = Period::months_of(year);
    let withheld_from = match hidden {
        None => None,
        Some(_) => withheld::in_force(cx, year, vec![store_id]).await?.remove(&store_id),
    };
    let planned = unit_targets_in_force(cx.db(), &[store_id], months, DELIVERIES).await?;
    let own = planned.iter().filter(|cell| cell.unit_id == store_id);
    let own = own.filter(|cell| withheld_from.is_none_or(|from| cell.period < from));
    let delivered = deliveries::of_store(cx.db(), catalogue, (store_id, year)).await?;
    let Deliveries { known, partly, .. } = match hidden {
        None => delivered,
        Some(fewest) => delivered.of_several(fewest),
    };
    Ok(Cars { targets: own.map(|cell| (cell.period, cell.value)).collect(), actuals: known, partly })
}

/// The store's wholesale tasks, and what it has taken. A month in which one series is not known is not known.
async fn wholesale(connection: &mut AsyncPgConnection, store_id: i64, year: i32) -> Result<Cars, Problem> {
    let kept = supply::store::load(connection, store_id, year).await?;
    let sum = |of: fn(&supply::store::KeptYear) -> [Option<i64>; 12]| -> ByMonth {
        let months = Period::months_of(year).into_iter().enumerate();
        let known = months.filter_map(|(index, month)| {
            let mut series = kept.values().map(|kept| of(kept).get(index).copied().flatten());
            let first = series.next()??;
            Some((month, series.try_fold(first, |sum, cars| sum.checked_add(cars?))?))
        });
        known.collect()
    };
    let (targets, actuals) = (sum(|kept| kept.wholesale), sum(|kept| kept.taken));
    Ok(Cars { targets, actuals, partly: Vec::new() })
}

#[derive(QueryableByName)]
struct Score {
    /// Whose it is; none: it is the sum of erased ones.
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Date)]
    period: Period,
    #[diesel(sql_type = Numeric)]
    value: Decimal,
    /// How many scores they are.
    #[diesel(sql_type = BigInt)]
    count: i64,
}

/// The SSI scores of those whose month counts for the store, and what is left of erased ones.
async fn scores(connection: &mut AsyncPgConnection, store_id: i64, year: i32) -> Result<Vec<Score>, Problem> {
    let scores = sql("WITH place AS (SELECT place FROM metric_place WHERE metric = 'ssi_score'),
         unit AS MATERIALIZED (SELECT id FROM org_unit WHERE store_id = $1)
         SELECT m.employee_id, m.period, (m.value::numeric[])[p.place] AS value, 1::bigint AS count
         FROM (SELECT DISTINCT a.employee_id FROM assignment a JOIN unit ON unit.id = a.unit_id) posted
         JOIN person_month m ON m.employee_id = posted.employee_id AND m.period = ANY ($2)
         JOIN unit ON unit.id = m.unit_id JOIN place p ON (m.value::numeric[])[p.place] IS NOT NULL
         UNION ALL
         SELECT NULL, e.period, sum(e.value[p.place]), sum(e.known[p.place])
         FROM erased_unit_month e JOIN unit ON unit.id = e.unit_id JOIN place p ON e.known[p.place] > 0
         WHERE e.period = ANY ($2) GROUP BY e.period")
    .bind::<BigInt, _>(store_id)
    .bind::<Array<Date>, _>(Period::months_of(year))
    .load(connection)
    .await?;
    Ok(scores)
}

/// Of how many people scores are. Of erased ones nobody knows whose they were in other months: they are as many as in the month of
/// which there are most.
fn people(scores: &[&Score]) -> i64 {
    let named = scores.iter().filter_map(|score| score.employee_id).collect::<BTreeSet<_>>().len();
    let erased = scores.iter().filter(|score| score.employee_id.is_none()).map(|score| score.count).max();
    i64::try_from(named).unwrap_or(i64::MAX).saturating_add(erased.unwrap_or(0))
}

/// The mean, or nothing of nothing. A decimal's 28 digits are enough to compare it with a tier's six decimals.
fn mean(scores: &[&Score]) -> Option<Decimal> {
    let (mut sum, mut count) = (Decimal::ZERO, 0_i64);
    for score in scores {
        sum = sum.checked_add(score.value)?;
        count = count.checked_add(score.count)?;
    }
    sum.checked_div(Decimal::from(count))
}

/// What is known of a quarter's cars.
struct Known {
    target: Option<i64>,
    actual: Option<i64>,
    months: Vec<Period>,
    partly: Vec<PartlyKnown>,
}

fn known(months: &[Period], targets: &ByMonth, actuals: &ByMonth) -> Known {
    let target = months.iter().try_fold(0_i64, |sum, month| sum.checked_add(*targets.get(month)?));
    let known: Vec<Period> = months.iter().copied().filter(|month| actuals.contains_key(month)).collect();
    let sum = known
        .iter()
        .filter_map(|month| actuals.get(month))
        .try_fold(0_i64, |sum, cars| sum.checked_add(*cars));
    Known { target, actual: sum.filter(|_| !known.is_empty()), months: known, partly: Vec::new() }
}

/// What a quarter earns, as far as that can be told.
fn quarter(
    policy: &RebatePolicy,
    quarter: u32,
    known: Known,
    ssi: Option<Decimal>,
) -> Result<QuarterRebate, RebateError> {
    let earned = match (known.target, known.actual) {
        (Some(target), Some(actual)) => Some(rebate(policy, target, actual, ssi)?),
        _ => None,
    };
    let up = |points: Decimal| points.round_dp_with_strategy(2, RoundingStrategy::AwayFromZero);
    let shown = |score: Decimal| score.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    Ok(QuarterRebate {
        quarter,
        target: known.target,
        actual: known.actual,
        known_months: known.months,
        partly_known: known.partly,
        ssi: ssi.map(shown),
        attainment: earned.as_ref().and_then(|earned| earned.attainment),
        tier: earned.as_ref().and_then(|earned| earned.tier),
        amount: earned.as_ref().map(|earned| earned.amount),
        next: earned
            .and_then(|earned| earned.next)
            .map(|next| NextTier { ssi_missing: next.ssi_missing.map(up), ..next }),
    })
}
