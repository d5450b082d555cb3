//! A version written: thousands of rows by one statement.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::db::schema::plan_line;
use crate::db::sql;
use crate::http::Problem;
use crate::plan::faults::WEIGHTS_TOO_LARGE;
use crate::plan::split::tree::{PerTree, Place, Rows, Tree};
use crate::plan::split::whole_plan::{Cells, Line, WholePlan};
use crate::plan::versions::pins::Cell;

/// Writes the lines of a new version.
pub(in crate::plan) async fn insert_lines(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    lines: &[Line],
) -> Result<(), Problem> {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            (
                plan_line::plan_id.eq(plan_id),
                plan_line::line.eq(line.number),
                plan_line::metric.eq(&line.metric),
                plan_line::is_amount.eq(line.is_amount),
                plan_line::total.eq(line.total),
                plan_line::floor_total.eq(line.floor_total),
                plan_line::stretch_total.eq(line.stretch_total),
                plan_line::penetration.eq(line.penetration),
                plan_line::value_per_unit.eq(line.value_per_unit),
                plan_line::closed_total.eq(line.closed_total),
            )
        })
        .collect();
    diesel::insert_into(plan_line::table).values(rows).execute(connection).await?;
    Ok(())
}

/// Writes the nodes of the trees with their cells, in each tree from a position on.
pub(in crate::plan) async fn insert_nodes(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    whole: &WholePlan,
    from: PerTree<usize>,
) -> Result<(), Problem> {
    let nodes = Tree::ALL
        .iter()
        .flat_map(|&tree| (*from.of(tree)..whole.shapes.of(tree).len()).map(move |node| (tree, node)));
    let nodes: Vec<(Tree, usize)> = nodes.collect();
    if nodes.is_empty() {
        return Ok(());
    }
    let (mut parents, mut weights) = (Vec::with_capacity(nodes.len()), Vec::with_capacity(12 * nodes.len()));
    let (mut units, mut employees, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for node in nodes.iter().filter_map(|(tree, node)| whole.shapes.of(*tree).node(*node)) {
        let (unit, employee, label) = match &node.place {
            Place::Unit(id) => (Some(*id), None, None),
            Place::Person { unit_id, employee_id } => (Some(*unit_id), Some(*employee_id), None),
            Place::Label(code) => (None, None, Some(code.as_str())),
        };
        parents.push(node.parent.map(stored).transpose()?);
        units.push(unit);
        employees.push(employee);
        labels.push(label);
        for weight in node.weights {
            let weight = i64::try_from(weight);
            weights.push(weight.map_err(|_| Problem::field("weights", WEIGHTS_TOO_LARGE))?);
        }
    }
    let Columns { trees, positions, cells } = Columns::of(whole, &nodes)?;
    sql("INSERT INTO plan_node (plan_id, tree, ordinal, parent, unit_id, employee_id, label, weights, suggested,
             confirmed, floor, stretch)
         SELECT $1, node.tree, node.ordinal, node.parent, node.unit_id, node.employee_id, node.label,
             ($8::bigint[])[12 * at - 11 : 12 * at],
             ($11::bigint[])[$10 * (other - 1) + 1 : $10 * other], ($12::bigint[])[$10 * (at - 1) + 1 : $10 * at],
             ($14::bigint[])[$13 * (at - 1) + 1 : $13 * at], ($16::bigint[])[$15 * (at - 1) + 1 : $15 * at]
         FROM unnest($2, $3, $4, $5, $6, $7, $9) WITH ORDINALITY
             AS node (tree, ordinal, parent, unit_id, employee_id, label, other, at)")
    .bind::<BigInt, _>(plan_id)
    .bind::<Array<Text>, _>(trees)
    .bind::<Array<Integer>, _>(positions)
    .bind::<Array<Nullable<Integer>>, _>(parents)
    .bind::<Array<Nullable<BigInt>>, _>(units)
    .bind::<Array<Nullable<BigInt>>, _>(employees)
    .bind::<Array<Nullable<Text>>, _>(labels)
    .bind::<Array<BigInt>, _>(weights)
    .bind::<Array<Nullable<Integer>>, _>(cells.other)
    .bind::<Integer, _>(cells.width)
    .bind::<Array<BigInt>, _>(cells.suggested)
    .bind::<Array<BigInt>, _>(cells.confirmed)
    .bind::<Integer, _>(cells.floor.width)
    .bind::<Nullable<Array<BigInt>>, _>(cells.floor.months)
    .bind::<Integer, _>(cells.stretch.width)
    .bind::<Nullable<Array<BigInt>>, _>(cells.stretch.months)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes the cells of nodes that are there already. `ordinals` says where a node in memory stands in the version.
pub(in crate::plan) async fn update_cells(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    whole: &WholePlan,
    nodes: &[(Tree, usize)],
    ordinals: impl Fn(Tree, usize) -> usize,
) -> Result<(), Problem> {
    if nodes.is_empty() {
        return Ok(());
    }
    let Columns { trees, cells, .. } = Columns::of(whole, nodes)?;
    let ordinals =
        nodes.iter().map(|(tree, node)| stored(ordinals(*tree, *node))).collect::<Result<Vec<_>, _>>()?;
    sql("UPDATE plan_node n
         SET suggested = ($6::bigint[])[$5 * (other - 1) + 1 : $5 * other],
             confirmed = ($7::bigint[])[$5 * (at - 1) + 1 : $5 * at],
             floor = ($9::bigint[])[$8 * (at - 1) + 1 : $8 * at],
             stretch = ($11::bigint[])[$10 * (at - 1) + 1 : $10 * at]
         FROM unnest($2, $3, $4) WITH ORDINALITY AS node (tree, ordinal, other, at)
         WHERE n.plan_id = $1 AND n.tree = node.tree AND n.ordinal = node.ordinal")
    .bind::<BigInt, _>(plan_id)
    .bind::<Array<Text>, _>(trees)
    .bind::<Array<Integer>, _>(ordinals)
    .bind::<Array<Nullable<Integer>>, _>(cells.other)
    .bind::<Integer, _>(cells.width)
    .bind::<Array<BigInt>, _>(cells.suggested)
    .bind::<Array<BigInt>, _>(cells.confirmed)
    .bind::<Integer, _>(cells.floor.width)
    .bind::<Nullable<Array<BigInt>>, _>(cells.floor.months)
    .bind::<Integer, _>(cells.stretch.width)
    .bind::<Nullable<Array<BigInt>>, _>(cells.stretch.months)
    .execute(connection)
    .await?;
    Ok(())
}

/// Nodes column by column.
struct Columns {
    trees: Vec<Tree>,
    positions: Vec<i32>,
    cells: CellColumns,
}

/// The cells of nodes, one node after the other, each with all its lines.
struct CellColumns {
    /// How many cells a node has.
    width: i32,
    confirmed: Vec<i64>,
    /// What was suggested for the nodes for which that is something else.
    suggested: Vec<i64>,
    /// Which of those a node is, counted from 1.
    other: Vec<Option<i32>>,
    floor: Level,
    stretch: Level,
}

/// 保底 or 挑战, up to the last line that has one.
struct Level {
    width: i32,
    months: Option<Vec<i64>>,
}

impl Columns {
    fn of(whole: &WholePlan, nodes: &[(Tree, usize)]) -> Result<Self, Problem> {
        let lines = whole.lines.as_slice();
        let mut cells = CellColumns {
            width: stored(12 * lines.len())?,
            confirmed: Vec::with_capacity(12 * lines.len() * nodes.len()),
            suggested: Vec::new(),
            other: Vec::with_capacity(nodes.len()),
            floor: Level::of(lines, nodes, |cells| cells.floor.as_ref())?,
            stretch: Level::of(lines, nodes, |cells| cells.stretch.as_ref())?,
        };
        let mut others = 0;
        for &(tree, node) in nodes {
            let months = |rows: &Rows| rows.get(node).copied().unwrap_or_default();
            let mut is_other = false;
            for line in lines {
                let Cells { suggested, confirmed, .. } = line.cells.of(tree);
                is_other |= suggested.get(node) != confirmed.get(node);
                cells.confirmed.extend(months(confirmed));
            }
            if is_other {
                others += 1;
                cells.suggested.extend(lines.iter().flat_map(|line| months(&line.cells.of(tree).suggested)));
            }
            cells.other.push(is_other.then_some(others));
        }
        Ok(Self {
            trees: nodes.iter().map(|(tree, _)| *tree).collect(),
            positions: nodes.iter().map(|(_, node)| stored(*node)).collect::<Result<_, _>>()?,
            cells,
        })
    }
}

impl Level {
    fn of(
        lines: &[Line],
        nodes: &[(Tree, usize)],
        level: impl Fn(&Cells) -> Option<&Rows>,
    ) -> Result<Self, Problem> {
        let Some(last) = lines.iter().rposition(|line| level(&line.cells.organisation).is_some()) else {
            return Ok(Self { width: 0, months: None });
        };
        let lines = lines.get(..=last).unwrap_or_default();
        let mut months = Vec::with_capacity(12 * lines.len() * nodes.len());
        for (tree, node) in nodes {
            months.extend(lines.iter().flat_map(|line| {
                let rows = level(line.cells.of(*tree));
                rows.and_then(|rows| rows.get(*node)).copied().unwrap_or_default()
            }));
        }
        Ok(Self { width: stored(12 * lines.len())?, months: Some(months) })
    }
}

fn stored(position: usize) -> Result<i32, Problem> {
    i32::try_from(position).map_err(|error| Problem::internal(&error))
}

/// Replaces the pins of the cells `touched` by those of `whole`.
pub(in crate::plan) async fn write_pins(
    cx: &mut Context,
    plan_id: i64,
    whole: &WholePlan,
    touched: &BTreeSet<Cell>,
    ordinals: impl Fn(Tree, usize) -> usize,
) -> Result<(), Problem> {
    if touched.is_empty() {
        return Ok(());
    }
    let mut cells = Pinned::default();
    for (line, tree, node, month) in touched {
        let mut pins = whole.pins.get(line).map_or(&[][..], Vec::as_slice).iter();
        let pin = pins.rfind(|pin| (pin.tree, pin.node, pin.month) == (*tree, *node, *month));
        cells.lines.push(*line);
        cells.trees.push(*tree);
        cells.ordinals.push(stored(ordinals(*tree, *node))?);
        cells.months.push(stored(*month)? + 1);
        cells.values.push(pin.map(|pin| pin.value));
    }
    let (by, now) = (cx.by(), cx.now);
    sql("WITH pin AS (SELECT * FROM unnest($2, $3, $4, $5, $6) AS pin (line, tree, ordinal, month, value)),
         gone AS (
             DELETE FROM plan_pin old USING pin
             WHERE old.plan_id = $1 AND pin.value IS NULL
             AND (old.line, old.tree, old.ordinal, old.month) = (pin.line, pin.tree, pin.ordinal, pin.month))
         INSERT INTO plan_pin (plan_id, line, tree, ordinal, month, value, user_id, pinned_at)
         SELECT $1, pin.*, $7, $8 FROM pin WHERE pin.value IS NOT NULL
         ON CONFLICT (plan_id, line, tree, ordinal, month) DO UPDATE
         SET value = excluded.value, user_id = excluded.user_id, pinned_at = excluded.pinned_at")
    .bind::<BigInt, _>(plan_id)
    .bind::<Array<Integer>, _>(cells.lines)
    .bind::<Array<Text>, _>(cells.trees)
    .bind::<Array<Integer>, _>(cells.ordinals)
    .bind::<Array<Integer>, _>(cells.months)
    .bind::<Array<Nullable<BigInt>>, _>(cells.values)
    .bind::<Nullable<BigInt>, _>(by)
    .bind::<Timestamptz, _>(now)
    .execute(cx.db())
    .await?;
    Ok(())
}

/// Pins, column by column.
#[derive(Default)]
struct Pinned {
    lines: Vec<i32>,
    trees: Vec<Tree>,
    ordinals: Vec<i32>,
    months: Vec<i32>,
    values: Vec<Option<i64>>,
}

/// Copies what stands beside the nodes of a version, its pins and funnels, into another, which has none yet.
pub(in crate::plan) async fn copy_pins_and_funnels(
    connection: &mut AsyncPgConnection,
    from: i64,
    to: i64,
) -> Result<(), Problem> {
    for query in [
        "INSERT INTO plan_pin SELECT $2, line, tree, ordinal, month, value, NULL, pinned_at
         FROM plan_pin WHERE plan_id = $1",
        "INSERT INTO plan_funnel SELECT $2, channel, model, rates FROM plan_funnel WHERE plan_id = $1",
    ] {
        sql(query).bind::<BigInt, _>(from).bind::<BigInt, _>(to).execute(connection).await?;
    }
    Ok(())
}

/// Copies everything of a version into another, which has no rows yet.
pub(in crate::plan) async fn copy(
    connection: &mut AsyncPgConnection,
    from: i64,
    to: i64,
) -> Result<(), Problem> {
    for query in [
        "INSERT INTO plan_line SELECT $2, line, metric, is_amount, total, floor_total, stretch_total, penetration,
             value_per_unit, closed_total FROM plan_line WHERE plan_id = $1",
        "INSERT INTO plan_node SELECT $2, tree, ordinal, parent, unit_id, employee_id, label, weights, suggested,
             confirmed, floor, stretch FROM plan_node WHERE plan_id = $1",
    ] {
        sql(query).bind::<BigInt, _>(from).bind::<BigInt, _>(to).execute(connection).await?;
    }
    copy_pins_and_funnels(connection, from, to).await
}
