//! Months that are governed by versions before: their cells are those versions', wherever they are shown again, and no later
//! version changes them. So a year is one sum, whichever version tells it.

use std::collections::BTreeSet;
use std::ops::Range;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::rows;
use super::store::{self, Version};
use crate::db::schema::{annual_plan, plan_lock};
use crate::db::sql;
use crate::http::{FieldError, Problem};
use crate::period::Period;
use crate::plan::split::method::Method;
use crate::plan::split::tree::{Months, Node, Place, Rows, Tree};
use crate::plan::split::whole_plan::WholePlan;
use crate::said::say;

/// Months of a year that a version governs.
struct Governing {
    plan_id: i64,
    /// Counted from 0; they follow each other.
    months: Range<usize>,
}

/// Which versions of a unit's plan govern its months before the one counted `end` from 0: of those that were approved with an
/// effective month not after it, the latest.
async fn governing(
    connection: &mut AsyncPgConnection,
    (unit_id, year): (i64, i32),
    end: usize,
) -> Result<Vec<Governing>, Problem> {
    let approved: Vec<(i64, Option<Period>)> = annual_plan::table
        .filter(annual_plan::unit_id.eq(unit_id))
        .filter(annual_plan::year.eq(year))
        .filter(annual_plan::approved_at.is_not_null())
        .order(annual_plan::version)
        .select((annual_plan::id, annual_plan::effective_from))
        .load(connection)
        .await?;
    let mut governing: Vec<Governing> = Vec::new();
    for (month, period) in Period::months_of(year).into_iter().enumerate().take(end) {
        let by = approved.iter().rfind(|(_, from)| from.is_some_and(|from| from <= period));
        match (by, governing.as_mut_slice().last_mut()) {
            (Some((id, _)), Some(last)) if last.plan_id == *id => last.months.end = month + 1,
            (Some((id, _)), _) => governing.push(Governing { plan_id: *id, months: month..month + 1 }),
            (None, _) => {}
        }
    }
    Ok(governing)
}

/// How many months from January on no version may change any more: those that are locked, and in the current year those that
/// have ended while a version governed them. In a year that is over only locks count, so that its plan can still be put in
/// order.
pub(in crate::plan) async fn held_months(
    connection: &mut AsyncPgConnection,
    (unit_id, year, this_month): (i64, i32, Period),
) -> Result<usize, Problem> {
    let months = Period::months_of(year);
    let [first, .., last] = months.as_slice() else { return Ok(0) };
    let locked: Option<Period> = plan_lock::table
        .filter(plan_lock::unit_id.eq(unit_id))
        .filter(plan_lock::period.between(*first, *last))
        .select(diesel::dsl::max(plan_lock::period))
        .first(connection)
        .await?;
    let locked = locked.map_or(0, |locked| locked.index() + 1);
    if this_month.year() != year {
        return Ok(locked);
    }
    let ended = governing(connection, (unit_id, year), this_month.index()).await?;
    Ok(ended.as_slice().last().map_or(locked, |last| locked.max(last.months.end)))
}

/// Closes the months of a new version that cannot be changed any more, with the cells of the versions that govern them.
pub(in crate::plan) async fn hold_past(
    connection: &mut AsyncPgConnection,
    whole: &mut WholePlan,
    (unit_id, year, this_month): (i64, i32, Period),
) -> Result<(), Problem> {
    let held = held_months(connection, (unit_id, year, this_month)).await?;
    whole.closed = held.min(11);
    copy(connection, whole, (unit_id, year), whole.closed, None).await
}

/// Gives the months before the one counted `end` the cells of the versions that govern them. Places that those have and this
/// one has not are added without a weight, so that what is below a node still adds up to it. Months that no version governs
/// stay as they are, and so do those that the version governs which `whole` was loaded from, if it was.
pub(in crate::plan) async fn copy(
    connection: &mut AsyncPgConnection,
    whole: &mut WholePlan,
    (unit_id, year): (i64, i32),
    end: usize,
    loaded: Option<i64>,
) -> Result<(), Problem> {
    let governing = governing(connection, (unit_id, year), end).await?;
    for Governing { plan_id, months } in governing.into_iter().filter(|by| Some(by.plan_id) != loaded) {
        let version = store::version(connection, plan_id).await?;
        let from = rows::load_whole_plan(connection, &version).await?;
        for &tree in Tree::ALL {
            take_over(whole, &from, tree, &months);
        }
    }
    Ok(())
}

/// Closed months of a new version count as they were planned, and what they leave of the total is spread over the others.
/// What they leave nothing of is added to `faults`.
pub(in crate::plan) fn count_targets(whole: &mut WholePlan, method: &Method, faults: &mut Vec<FieldError>) {
    let closed = whole.closed;
    for line in &mut whole.lines {
        let root = line.cells.organisation.confirmed.as_slice().first().copied().unwrap_or_default();
        line.closed_total = root.iter().take(closed).sum();
        if line.closed_total > line.total {
            let field = match line.number {
                0 => "total".to_owned(),
                number => format!("lines[{}].total", number - 1),
            };
            let message = say!(
                "已过去的月份计划了 {}，超过全年的 {}：全年不能低于它",
                "{} are planned in the months that have passed, more than the year's {}: expected at least as much",
                line.closed_total,
                line.total
            );
            faults.push(FieldError::new(field, message));
        }
        if let (0, Method::Manual(given)) = (line.number, method)
            && let Some((month, (given, planned))) = given
                .0
                .iter()
                .zip(root)
                .enumerate()
                .take(closed)
                .find(|(_, (given, planned))| *given != planned)
        {
            let message = say!(
                "{} 月由另一版计划管着，那里是 {planned}，而不是 {given}",
                "month {} is governed by another version, in which it has {planned}, not {given}",
                month + 1
            );
            faults.push(FieldError::new("method.manual", message));
        }
    }
}

/// Takes the cells of some months of a tree out of another version.
fn take_over(whole: &mut WholePlan, from: &WholePlan, tree: Tree, months: &Range<usize>) {
    let at = places(whole, from, tree, months);
    let written: BTreeSet<usize> = at.iter().flatten().copied().collect();
    let shape = whole.shapes.of(tree);
    for line in &mut whole.lines {
        let source = from.lines.iter().find(|source| source.metric == line.metric);
        let source = source.map(|source| source.cells.of(tree));
        let (has_floor, has_stretch) = (line.floor_total.is_some(), line.stretch_total.is_some());
        let cells = line.cells.of_mut(tree);
        let confirmed = source.map(|source| &source.confirmed);
        let put = |rows: &mut Rows, source: Option<&Rows>| {
            rows.resize(shape.len(), [0; 12]);
            for row in rows.iter_mut() {
                row.get_mut(months.clone()).into_iter().flatten().for_each(|cell| *cell = 0);
            }
            for (cells, at) in source.into_iter().flatten().zip(&at) {
                if let Some(row) = at.and_then(|at| rows.get_mut(at)) {
                    put_months(row, cells, months);
                }
            }
            // A unit that stood nowhere then has what those have that stand in it now.
            for node in (1..shape.len()).rev().filter(|node| !written.contains(node)) {
                let below = shape.children(node).iter().filter_map(|child| rows.get(*child));
                let sum = below.fold([0; 12], |mut sum: Months, row| {
                    sum.iter_mut().zip(row).for_each(|(sum, cell)| *sum += cell);
                    sum
                });
                if let Some(row) = rows.get_mut(node).filter(|_| !shape.children(node).is_empty()) {
                    put_months(row, &sum, months);
                }
            }
        };
        put(&mut cells.confirmed, confirmed);
        for (is_there, rows, level) in [
            (has_floor, &mut cells.floor, source.and_then(|source| source.floor.as_ref())),
            (has_stretch, &mut cells.stretch, source.and_then(|source| source.stretch.as_ref())),
        ] {
            if is_there {
                put(rows.get_or_insert_with(Rows::new), level.or(confirmed));
            }
        }
    }
}

fn put_months(row: &mut Months, cells: &Months, months: &Range<usize>) {
    let slots = row.get_mut(months.clone()).into_iter().flatten();
    for (slot, cell) in slots.zip(cells.get(months.clone()).unwrap_or_default()) {
        *slot = *cell;
    }
}

/// Where the nodes of a tree of `from` stand in `whole`; none for those that do not. Those with a cell in the months are
/// added if there is something to add them to.
fn places(whole: &mut WholePlan, from: &WholePlan, tree: Tree, months: &Range<usize>) -> Vec<Option<usize>> {
    let source = from.shapes.of(tree);
    let has_cells = |node: usize| {
        let rows = from.lines.iter().filter_map(|line| line.cells.of(tree).confirmed.get(node));
        rows.flat_map(|row| row.get(months.clone()).unwrap_or_default()).any(|cell| *cell != 0)
    };
    let shape = whole.shapes.of_mut(tree);
    // A unit that is split now as it was not then, or the other way round, is no place of its own.
    let is_here: Vec<bool> = source.nodes().iter().map(|node| shape.find(&node.place).is_some()).collect();
    let mut is_above = vec![false; source.len()];
    for node in (0..source.len()).filter(|node| is_here.get(*node) == Some(&true)) {
        for above in source.above(node) {
            if let Some(slot) = is_above.get_mut(above) {
                *slot = true;
            }
        }
    }
    let mut added: BTreeSet<usize> = BTreeSet::new();
    // The node itself, and the one under which what stands below it is added.
    let mut at: Vec<(Option<usize>, Option<usize>)> = Vec::with_capacity(source.len());
    for (node, Node { place, code, parent, .. }) in source.nodes().iter().enumerate() {
        let found = if node == 0 { Some(0) } else { shape.find(place) };
        let above = parent.and_then(|parent| at.get(parent).copied()).and_then(|(_, below)| below);
        let is_split = |above: usize| added.contains(&above) || !shape.children(above).is_empty();
        let here = match (found, above) {
            (Some(found), _) => (Some(found), Some(found)),
            (None, above) if is_above.get(node) == Some(&true) => (None, above),
            (None, Some(above)) if has_cells(node) && is_split(above) => {
                let new = Node {
                    place: Place::clone(place),
                    code: code.clone(),
                    parent: Some(above),
                    weights: [0; 12],
                };
                let position = shape.push(new);
                added.insert(position);
                (Some(position), Some(position))
            }
            _ => (None, None),
        };
        at.push(here);
    }
    at.into_iter().map(|(here, _)| here).collect()
}

/// The cells of a version before a month that are other than those in force.
pub(in crate::plan) struct Differences {
    /// The first month, counted from 0.
    pub month: usize,
    /// Where, for example `G2/A07`, what it has and what is in force.
    pub place: String,
    pub here: i64,
    pub in_force: i64,
    /// How many places differ.
    pub places: usize,
}

#[derive(QueryableByName)]
struct DifferenceRow {
    #[diesel(sql_type = Integer)]
    month: i32,
    #[diesel(sql_type = Text)]
    metric: String,
    #[diesel(sql_type = Nullable<Text>)]
    unit: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    part: Option<String>,
    #[diesel(sql_type = BigInt)]
    here: i64,
    #[diesel(sql_type = BigInt)]
    in_force: i64,
    #[diesel(sql_type = BigInt)]
    places: i64,
}

/// What a version has in the months before the one counted `end` from 0 that is other than what governs them; of a line that
/// the version does not have, nothing is said.
pub(in crate::plan) async fn differences(
    connection: &mut AsyncPgConnection,
    plan: &Version,
    end: usize,
) -> Result<Option<Differences>, Problem> {
    let mut first: Option<Differences> = None;
    for Governing { plan_id, months } in governing(connection, (plan.unit_id, plan.year), end).await? {
        let number = |month: usize| i32::try_from(month).unwrap_or(0);
        let rows: Vec<DifferenceRow> = sql("WITH cell AS (
                 SELECT n.plan_id, l.line, l.metric, n.tree, n.unit_id, n.employee_id, n.label, n.ordinal,
                     n.confirmed[12 * l.line + $3 : 12 * l.line + $4] AS confirmed
                 FROM plan_node n JOIN plan_line l ON l.plan_id = n.plan_id
                 WHERE n.plan_id IN ($1, $2) AND (n.tree = 'organisation' OR n.ordinal > 0)),
             differing AS (
                 SELECT coalesce(a.line, 0) AS line, coalesce(a.metric, b.metric) AS metric, coalesce(a.tree, b.tree) AS tree,
                     coalesce(a.ordinal, b.ordinal) AS ordinal, coalesce(a.unit_id, b.unit_id) AS unit_id,
                     coalesce(a.employee_id, b.employee_id) AS employee_id, coalesce(a.label, b.label) AS label,
                     a.confirmed AS here, b.confirmed AS in_force
                 FROM (SELECT * FROM cell WHERE plan_id = $1) a
                 FULL JOIN (SELECT * FROM cell WHERE plan_id = $2
                     AND metric IN (SELECT l.metric FROM plan_line l WHERE l.plan_id = $1)) b
                     ON a.metric = b.metric AND a.tree = b.tree
                     AND coalesce(a.employee_id, 0) = coalesce(b.employee_id, 0)
                     AND coalesce(a.label, '') = coalesce(b.label, '') AND coalesce(a.unit_id, 0) = coalesce(b.unit_id, 0)
                 WHERE a.confirmed IS DISTINCT FROM b.confirmed),
             one AS (
                 SELECT d.*, at + $3 - 1 AS month, coalesce(d.here[at], 0) AS cell, coalesce(d.in_force[at], 0) AS governed
                 FROM differing d CROSS JOIN generate_series(1, $4 - $3 + 1) at
                 WHERE coalesce(d.here[at], 0) <> coalesce(d.in_force[at], 0))
             SELECT one.month, one.metric, u.code AS unit, coalesce(e.employee_no, one.label) AS part, one.cell AS here,
                 one.governed AS in_force, (SELECT count(DISTINCT (o.tree, o.ordinal)) FROM one o) AS places
             FROM one LEFT JOIN org_unit u ON u.id = one.unit_id LEFT JOIN employee e ON e.id = one.employee_id
             ORDER BY one.month, one.line, one.tree <> 'organisation', one.tree, one.ordinal LIMIT 1")
        .bind::<BigInt, _>(plan.id)
        .bind::<BigInt, _>(plan_id)
        .bind::<Integer, _>(number(months.start) + 1)
        .bind::<Integer, _>(number(months.end))
        .load(connection)
        .await?;
        let Some(row) = rows.into_iter().next() else { continue };
        let place: Vec<String> = [row.unit, row.part, Some(row.metric)].into_iter().flatten().collect();
        let places = usize::try_from(row.places).unwrap_or(0);
        match &mut first {
            Some(first) => first.places = first.places.max(places),
            None => {
                first = Some(Differences {
                    month: usize::try_from(row.month).unwrap_or(1).saturating_sub(1),
                    place: place.join(" "),
                    here: row.here,
                    in_force: row.in_force,
                    places,
                });
            }
        }
    }
    Ok(first)
}

/// Refuses months in which no version may change anything any more.
pub(in crate::plan) async fn require_changeable(
    connection: &mut AsyncPgConnection,
    (plan, this_month): (&Version, Period),
    months: impl Iterator<Item = (String, Period)>,
) -> Result<usize, Problem> {
    let held = held_months(connection, (plan.unit_id, plan.year, this_month)).await?;
    let faults: Vec<FieldError> = months
        .filter(|(_, month)| month.year() == plan.year && month.index() < held)
        .map(|(field, month)| {
            let message = say!(
                "{month} 已锁定或已过去，不能再改",
                "{month} is locked or has ended: it can no longer be changed"
            );
            FieldError::new(field, message)
        })
        .collect();
    if faults.is_empty() { Ok(held) } else { Err(Problem::fields(faults)) }
}
