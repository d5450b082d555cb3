//! The rest of a year planned again: what has ended stands, and what is left of the total is spread over what remains.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::results::{Counting, results};
use super::store::{Heading, Version, begin, kept, lock, subject};
use super::version::{Plan, Status, Step};
use super::{governed, pins, rows};
use crate::auth::Context;
use crate::db::schema::{annual_plan, plan_line, plan_node, plan_pin};
use crate::http::FieldError;
use crate::http::Problem;
use crate::http::etag::Seen;
use crate::ledger::metric::Catalogue;
use crate::period::Period;
use crate::plan::faults::{ALL_ZERO, other_year};
use crate::plan::split::limits::{MAX_TOTAL, MAX_WEIGHT};
use crate::plan::split::lines;
use crate::plan::split::settings::{CountedResults, Replanned};
use crate::plan::split::tree::PerTree;
use crate::plan::split::weights::unsigned;
use crate::plan::split::whole_plan::{Scope, WholePlan};
use crate::plan::viewer;
use crate::said::say;

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
    #[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
    pub total: Option<i64>,
    /// New weights of the twelve months; by default the present ones.
    #[serde(default)]
    #[garde(inner(length(min = 12, max = 12), inner(range(min = 0, max = MAX_WEIGHT))))]
    #[schema(inline, value_type = Option<Vec<crate::http::bounds::Amount>>, min_items = 12, max_items = 12)]
    pub season: Option<Vec<i64>>,
    /// What the months before `from` have brought, line by line; by default what the ledger knows.
    #[serde(default)]
    #[garde(length(max = 51), dive)]
    #[schema(max_items = 51)]
    pub results: Vec<Results>,
    /// How people are counted of whom the ledger knows nothing in a month of these. Without this word they are refused:
    /// missing is not zero. It is kept with the version, with whom it was used for.
    #[serde(default)]
    #[garde(skip)]
    pub missing: Option<MissingAs>,
    /// Whether the pins of the months that are planned again are let go; otherwise they stand.
    #[serde(default)]
    #[garde(skip)]
    pub release_pins: bool,
}

/// How somebody's month is counted of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissingAs {
    /// As one in which nothing was brought.
    Zero,
    /// As one in which what was planned was brought.
    Planned,
}

/// What the closed months of a line have brought.
#[derive(Clone, Debug, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// The line.
    #[garde(length(chars, min = 1, max = 64))]
    #[schema(example = "deliveries", min_length = 1, max_length = 64)]
    pub metric: String,
    /// Months from January up to the one before `from`, in units of the metric or cents.
    #[garde(length(max = 11), inner(range(min = 0, max = MAX_TOTAL)))]
    #[schema(inline, value_type = Vec<crate::http::bounds::Amount>, example = json!([150, 98, 141]), max_items = 11)]
    pub months: Vec<i64>,
}

/// Plans the rest of a year again: months before `from` stand, with the cells of the versions that govern them; what is left
/// of the year's total is spread over the others, and below the root everything is split anew by its weights, splits for a
/// leave included. Of the approved plan `id` the next version is begun; a draft, if it is the one that was seen, is planned
/// again itself. The answer says whether a version was begun.
///
/// # Errors
///
/// Every field at fault; everybody of whom nothing is known in a month that counts; a conflict where the plan is neither the
/// one in force nor a draft, or another draft is waiting.
#[tracing::instrument(skip_all, fields(id))]
pub async fn replan(
    cx: &mut Context,
    catalogue: &Catalogue,
    id: i64,
    change: Replan,
    seen: Result<Seen, Problem>,
) -> Result<(Plan, bool), Problem> {
    viewer::require_plan(cx, id).await?;
    cx.transaction(async |cx| {
        let mut source = lock(cx.db(), id).await?;
        let is_draft = source.status == Status::Draft;
        if is_draft {
            seen?.check(source.row_version)?;
        } else {
            source.status.after(Step::Revise)?;
        }
        let this_month = viewer::month(cx);
        let place = (source.unit_id, source.year);
        let held = governed::held_months(cx.db(), (source.unit_id, source.year, this_month)).await?;
        // A draft has closed nothing yet that others go by.
        let before = if is_draft { 0 } else { usize::try_from(source.closed_months).unwrap_or(0) };
        let closed = closed_months(&change, source.year, (before, held))?;
        let mut whole = rows::load_whole_plan(cx.db(), &source).await?;
        whole.closed = closed;
        governed::copy(cx.db(), &mut whole, place, closed, Some(id)).await?;
        if change.release_pins {
            whole.pins.values_mut().for_each(|pins| pins.retain(|pin| pin.month < closed));
        }
        let counting =
            Counting { unit_id: source.unit_id, year: source.year, this_month, missing: change.missing };
        let results = results(cx.db(), catalogue, &counting, &change.results, &whole).await?;
        let faults = prepare(&mut whole, &change, &results);
        if !faults.is_empty() {
            return Err(Problem::fields(faults));
        }
        if let Err(refusal) = whole.split(Scope::Everything) {
            return Err(pins::problem(&refusal, &whole, source.year));
        }
        let mut split = if is_draft { source.split.clone() } else { source.split.inherited() };
        if let Some(season) = &change.season {
            split.season.clone_from(season);
        }
        split.replanned = Some(Replanned { from: change.from, results });
        let closed_months = i32::try_from(closed).unwrap_or(0);
        let from_month = closed_months + 1;
        let released = async |cx: &mut Context, id: i64| -> Result<(), Problem> {
            if change.release_pins {
                let open =
                    plan_pin::table.filter(plan_pin::plan_id.eq(id)).filter(plan_pin::month.ge(from_month));
                diesel::delete(open).execute(cx.db()).await?;
            }
            Ok(())
        };
        if is_draft {
            source.split = split;
            write_anew(cx, &mut source, &whole, closed_months).await?;
            released(cx, id).await?;
            cx.audit("replan", &subject(id), json!({ "replan": change })).await?;
            return Ok((kept(cx.db(), id).await?, false));
        }
        let heading = Heading { unit_id: source.unit_id, year: source.year, split, closed_months };
        let detail = json!({ "from": subject(id), "replan": change });
        let plan = begin(cx, heading, ("replan", detail), async |cx, copy| {
            rows::insert_lines(cx.db(), copy, &whole.lines).await?;
            rows::insert_nodes(cx.db(), copy, &whole, PerTree::default()).await?;
            rows::copy_pins_and_funnels(cx.db(), id, copy).await?;
            released(cx, copy).await
        })
        .await?;
        Ok((plan, true))
    })
    .await
}

/// Writes the lines and nodes of a draft anew; who does it does not approve it.
async fn write_anew(
    cx: &mut Context,
    draft: &mut Version,
    whole: &WholePlan,
    closed_months: i32,
) -> Result<(), Problem> {
    if let Some(user) = cx.by() {
        draft.split.note_changer(user);
    }
    diesel::delete(plan_node::table.filter(plan_node::plan_id.eq(draft.id))).execute(cx.db()).await?;
    diesel::delete(plan_line::table.filter(plan_line::plan_id.eq(draft.id))).execute(cx.db()).await?;
    rows::insert_lines(cx.db(), draft.id, &whole.lines).await?;
    rows::insert_nodes(cx.db(), draft.id, whole, PerTree::default()).await?;
    diesel::update(annual_plan::table.find(draft.id))
        .set(annual_plan::closed_months.eq(closed_months))
        .execute(cx.db())
        .await?;
    draft.save(cx.db()).await
}

/// How many months stand: those before the first that is planned again, with all that are closed in the version or can no
/// longer be changed.
fn closed_months(change: &Replan, year: i32, (closed, held): (usize, usize)) -> Result<usize, Problem> {
    if change.from.year() != year {
        return Err(Problem::fields(vec![other_year("from", year)]));
    }
    let from = change.from.index();
    if from < closed {
        let message = say!(
            "从一月起的 {closed} 个月已关账：应为以后的月份",
            "{closed} months from January on are closed: expected a month after them"
        );
        return Err(Problem::field("from", message));
    }
    if from < held {
        let message = say!(
            "{} 已锁定，或已由另一版计划管着过去了：应为前 {held} 个月以后的月份",
            "{} is locked, or has ended while another version governed it: expected a month after the first {held}",
            change.from
        );
        return Err(Problem::field("from", message));
    }
    Ok(from)
}

/// Puts totals, results and weights into the plan; the answer is what is wrong with them.
fn prepare(whole: &mut WholePlan, change: &Replan, results: &[CountedResults]) -> Vec<FieldError> {
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
    let total = change.total.or(whole.lines.as_slice().first().map(|line| line.total)).unwrap_or(0);
    for line in &mut whole.lines {
        let counted = results.iter().find(|counted| counted.metric == line.metric);
        line.closed_total = counted.map_or(0, |counted| counted.months.iter().sum());
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
            let message = say!(
                "已关账的月份完成了 {}，超过全年的 {}：总数不能低于它",
                "the closed months have brought {}, more than the year's {}: expected a total of at least as much",
                line.closed_total,
                line.total
            );
            faults.push(FieldError::new("total", message));
        }
    }
    faults
}
