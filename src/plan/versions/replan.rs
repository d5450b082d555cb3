//! The rest of a year planned again: what has ended stands, and what is left of the total is spread over what remains.

use std::collections::BTreeMap;

use diesel_async::AsyncPgConnection;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::store::{Heading, Version, begin, lock, subject};
use super::version::{Plan, Step};
use super::{pins, rows};
use crate::auth::Context;
use crate::http::FieldError;
use crate::http::Problem;
use crate::period::Period;
use crate::plan::actuals::{self, Brought};
use crate::plan::faults::{ALL_ZERO, listed_twice, other_year};
use crate::plan::split::limits::{MAX_TOTAL, MAX_WEIGHT};
use crate::plan::split::lines;
use crate::plan::split::tree::PerTree;
use crate::plan::split::weights::unsigned;
use crate::plan::split::whole_plan::{Line, Scope, WholePlan};
use crate::plan::viewer;

/// How the rest of a year is to be planned again.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Replan {
    /// The first month that is planned again; those before it stay as they were.
    #[garde(skip)]
    #[schema(value_type = String, example = "2014-04")]
    pub from: Period,
    /// A new total of the year for the first line; by default the present one.
    #[serde(default)]
    #[garde(inner(range(min = 0, max = MAX_TOTAL)))]
    pub total: Option<i64>,
    /// New weights of the twelve months; by default the present ones.
    #[serde(default)]
    #[garde(inner(length(min = 12, max = 12), inner(range(min = 0, max = MAX_WEIGHT))))]
    pub season: Option<Vec<i64>>,
    /// What the months before `from` have brought, line by line; by default what the ledger knows.
    #[serde(default)]
    #[garde(length(max = 51), dive)]
    pub results: Vec<Results>,
}

/// What the closed months of a line have brought.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The line.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "deliveries")]
    pub metric: String,
    /// Months from January up to the one before `from`, in units of the metric or cents.
    #[garde(length(max = 11), inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(example = json!([150, 98, 141]))]
    pub months: Vec<i64>,
}

/// Begins the next version of the approved plan `id`: months before `from` stand, what is left of the year's total is
/// spread over the others, and below the root everything is split anew by its weights, splits for a leave included.
///
/// # Errors
///
/// Every field at fault; a conflict where the plan is not the one in force, or another draft is waiting.
#[tracing::instrument(skip_all, fields(id))]
pub async fn replan(cx: &mut Context, id: i64, change: Replan) -> Result<Plan, Problem> {
    viewer::require_plan(cx, id).await?;
    cx.transaction(async |cx| {
        let source = lock(cx.db(), id).await?;
        source.status.after(Step::Revise)?;
        let closed = closed_months(&change, source.year, source.closed_months)?;
        let mut whole = rows::load_whole_plan(cx.db(), &source).await?;
        whole.closed = closed;
        let results = results(cx.db(), &source, &change, &whole).await?;
        let faults = prepare(&mut whole, &change, &results);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        if let Err(refusal) = whole.split(Scope::Everything) {
            return Err(pins::problem(&refusal, &whole, source.year));
        }
        let mut split = source.split.inherited();
        if let Some(season) = &change.season {
            split.season.clone_from(season);
        }
        let closed_months = i32::try_from(closed).unwrap_or(0);
        let heading = Heading { unit_id: source.unit_id, year: source.year, split, closed_months };
        let detail = json!({ "from": subject(id), "replan": change });
        begin(cx, heading, ("replan", detail), async |cx, copy| {
            rows::insert_lines(cx.db(), copy, &whole.lines).await?;
            rows::insert_nodes(cx.db(), copy, &whole, PerTree::default()).await?;
            rows::copy_pins_and_funnels(cx.db(), id, copy).await
        })
        .await
    })
    .await
}

/// How many months stand.
fn closed_months(change: &Replan, year: i32, closed_before: i32) -> Result<usize, Problem> {
    if change.from.year() != year {
        return Err(Problem::fields(vec![other_year("from", year)]));
    }
    let closed = change.from.index();
    let before = usize::try_from(closed_before).unwrap_or(0);
    if closed < before {
        let message = format!("{before} months from January on are closed: expected a month after them");
        return Err(Problem::field("from", message));
    }
    Ok(closed)
}

/// What the closed months of each line came to, by the line's number.
async fn results(
    connection: &mut AsyncPgConnection,
    source: &Version,
    change: &Replan,
    whole: &WholePlan,
) -> Result<BTreeMap<i32, i64>, Problem> {
    let mut faults = Vec::new();
    let mut given: BTreeMap<&str, i64> = BTreeMap::new();
    for (index, results) in change.results.iter().enumerate() {
        let field = format!("results[{index}]");
        if results.months.len() != whole.closed {
            let message =
                format!("expected {} months, January first, not {}", whole.closed, results.months.len());
            faults.push(FieldError::new(format!("{field}.months"), message));
        }
        if !whole.lines.iter().any(|line| line.metric == results.metric) {
            faults.push(FieldError::new(
                format!("{field}.metric"),
                format!("the plan has no line '{}'", results.metric),
            ));
        }
        if given.insert(results.metric.as_str(), results.months.iter().sum()).is_some() {
            faults.push(listed_twice(format!("{field}.metric"), format_args!("'{}'", results.metric)));
        }
    }
    if !faults.is_empty() {
        return Err(Problem::fields(faults));
    }
    // With no month closed nothing has been brought.
    let asked: Vec<&Line> = whole
        .lines
        .iter()
        .filter(|line| whole.closed > 0 && !given.contains_key(line.metric.as_str()))
        .collect();
    let metrics: Vec<&str> = asked.iter().map(|line| line.metric.as_str()).collect();
    let brought = actuals::brought(connection, source.unit_id, &metrics, source.year).await?;
    let mut results = BTreeMap::new();
    for line in &whole.lines {
        let sum = match given.get(line.metric.as_str()) {
            Some(sum) => *sum,
            None => known(source.year, line, whole.closed, &brought)?,
        };
        results.insert(line.number, sum);
    }
    Ok(results)
}

/// What the ledger knows of a line's closed months. Missing is not zero: a month of which it knows nothing has to be given
/// for the first line, and counts as it was planned for the others.
fn known(year: i32, line: &Line, closed: usize, brought: &[Brought]) -> Result<i64, Problem> {
    let mut months: Vec<Option<i64>> = vec![None; closed];
    for one in brought.iter().filter(|one| one.metric == line.metric) {
        if let Some(month) = months.get_mut(one.period.index()) {
            *month = Some(month.unwrap_or(0).saturating_add(one.units(line.is_amount)?));
        }
    }
    let planned = line.cells.organisation.confirmed.first().copied().unwrap_or_default();
    let mut sum = 0_i64;
    for ((period, known), planned) in Period::months_of(year).into_iter().zip(&months).zip(planned) {
        match known {
            Some(value) => sum = sum.saturating_add(*value),
            None if line.number > 0 => sum = sum.saturating_add(planned),
            None => {
                let message =
                    format!("nothing is known of {} in {period}: give the months' results", line.metric);
                return Err(Problem::field("results", message));
            }
        }
    }
    Ok(sum)
}

/// Puts totals, results and weights into the plan; the answer is what is wrong with them.
fn prepare(whole: &mut WholePlan, change: &Replan, results: &BTreeMap<i32, i64>) -> Vec<FieldError> {
    let mut faults = Vec::new();
    if let Some(season) = &change.season {
        if season.iter().skip(whole.closed).all(|weight| *weight == 0) {
            faults.push(FieldError::new("season", ALL_ZERO));
        }
        let mut weights = [0; 12];
        for (slot, weight) in weights.iter_mut().zip(season) {
            *slot = unsigned(*weight);
        }
        whole.shapes.organisation.set_weights(0, weights);
    }
    let total = change.total.or(whole.lines.first().map(|line| line.total)).unwrap_or(0);
    for line in &mut whole.lines {
        line.closed_total = results.get(&line.number).copied().unwrap_or(0);
        let before = line.total;
        match line.penetration {
            _ if line.number == 0 => line.total = total,
            Some(penetration) => {
                let derived = lines::derived(total, penetration, line.value_per_unit);
                line.total = derived.filter(|derived| *derived <= MAX_TOTAL).unwrap_or(before);
            }
            None => {}
        }
        // Levels keep their distance from a total that changes.
        let moved = line.total.saturating_sub(before);
        line.floor_total = line.floor_total.map(|floor| floor.saturating_add(moved).max(0));
        line.stretch_total = line.stretch_total.map(|stretch| stretch.saturating_add(moved));
        if line.number == 0 && line.closed_total > line.total {
            let message = format!(
                "the closed months have brought {}, more than the year's {}: expected a total of at least as much",
                line.closed_total, line.total
            );
            faults.push(FieldError::new("total", message));
        }
    }
    faults
}
