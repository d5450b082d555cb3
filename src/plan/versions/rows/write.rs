//! A version written: thousands of rows by one statement.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text, Timestamptz};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::auth::Context;
use crate::db::schema::{plan_line, plan_node};
use crate::db::sql;
use crate::http::Problem;
use crate::plan::split::tree::{Place, Rows, Shape, Tree};
use crate::plan::split::whole_plan::{Cells, Changed, Line, WholePlan};
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

/// Writes the nodes of a tree from position `from` on.
pub(in crate::plan) async fn insert_nodes(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    tree: Tree,
    shape: &Shape,
    from: usize,
) -> Result<(), Problem> {
    let (mut ordinals, mut parents, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let (mut units, mut employees, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    for (ordinal, node) in shape.nodes().iter().enumerate().skip(from) {
        let (unit, employee, label) = match &node.place {
            Place::Unit(id) => (Some(*id), None, None),
            Place::Person { unit_id, employee_id } => (Some(*unit_id), Some(*employee_id), None),
            Place::Label(code) => (None, None, Some(code.clone())),
        };
        ordinals.push(stored(ordinal)?);
        parents.push(node.parent.map(stored).transpose()?);
        units.push(unit);
        employees.push(employee);
        labels.push(label);
        for weight in node.weights {
            weights
                .push(i64::try_from(weight).map_err(|_| Problem::field("weights", "a weight is too large"))?);
        }
    }
    sql("INSERT INTO plan_node (plan_id, tree, ordinal, parent, unit_id, employee_id, label, weights)
         SELECT $1, $2, node.ordinal, node.parent, node.unit_id, node.employee_id, node.label,
             ($8::bigint[])[12 * node.at - 11 : 12 * node.at]
         FROM unnest($3, $4, $5, $6, $7) WITH ORDINALITY
             AS node (ordinal, parent, unit_id, employee_id, label, at)")
    .bind::<BigInt, _>(plan_id)
    .bind::<Text, _>(tree)
    .bind::<Array<Integer>, _>(ordinals)
    .bind::<Array<Nullable<Integer>>, _>(parents)
    .bind::<Array<Nullable<BigInt>>, _>(units)
    .bind::<Array<Nullable<BigInt>>, _>(employees)
    .bind::<Array<Nullable<Text>>, _>(labels)
    .bind::<Array<BigInt>, _>(weights)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes cells: all of them, or those of the nodes that have `changed`.
pub(in crate::plan) async fn write_months(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    whole: &WholePlan,
    changed: Option<&Changed>,
) -> Result<(), Problem> {
    for line in &whole.lines {
        for &tree in Tree::ALL {
            let cells = line.cells.of(tree);
            let nodes: Vec<usize> = match changed {
                None => (0..cells.confirmed.len()).collect(),
                Some(changed) => changed.get(&(line.number, tree)).into_iter().flatten().copied().collect(),
            };
            write_rows(connection, plan_id, line.number, tree, cells, &nodes).await?;
        }
    }
    Ok(())
}

async fn write_rows(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    line: i32,
    tree: Tree,
    cells: &Cells,
    nodes: &[usize],
) -> Result<(), Problem> {
    if nodes.is_empty() {
        return Ok(());
    }
    let ordinals = nodes.iter().map(|node| stored(*node)).collect::<Result<Vec<_>, _>>()?;
    let flat = |rows: &Rows| -> Vec<i64> {
        nodes.iter().flat_map(|node| rows.get(*node).copied().unwrap_or_default()).collect()
    };
    // A level that there is not is no array, and a slice of nothing is null.
    sql("INSERT INTO plan_months (plan_id, line, tree, ordinal, suggested, confirmed, floor, stretch)
         SELECT $1, $2, $3, node.ordinal, ($5::bigint[])[12 * at - 11 : 12 * at],
             ($6::bigint[])[12 * at - 11 : 12 * at], ($7::bigint[])[12 * at - 11 : 12 * at],
             ($8::bigint[])[12 * at - 11 : 12 * at]
         FROM unnest($4) WITH ORDINALITY AS node (ordinal, at)
         ON CONFLICT (plan_id, line, tree, ordinal) DO UPDATE
         SET suggested = excluded.suggested, confirmed = excluded.confirmed, floor = excluded.floor,
             stretch = excluded.stretch")
    .bind::<BigInt, _>(plan_id)
    .bind::<Integer, _>(line)
    .bind::<Text, _>(tree)
    .bind::<Array<Integer>, _>(ordinals)
    .bind::<Array<BigInt>, _>(flat(&cells.suggested))
    .bind::<Array<BigInt>, _>(flat(&cells.confirmed))
    .bind::<Nullable<Array<BigInt>>, _>(cells.floor.as_ref().map(flat))
    .bind::<Nullable<Array<BigInt>>, _>(cells.stretch.as_ref().map(flat))
    .execute(connection)
    .await?;
    Ok(())
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
) -> Result<(), Problem> {
    let mut cells = Pinned::default();
    for (line, tree, node, month) in touched {
        let mut pins = whole.pins.get(line).map_or(&[][..], Vec::as_slice).iter();
        let pin = pins.rfind(|pin| (pin.tree, pin.node, pin.month) == (*tree, *node, *month));
        cells.lines.push(*line);
        cells.trees.push(*tree);
        cells.ordinals.push(stored(*node)?);
        cells.months.push(stored(*month)? + 1);
        cells.values.push(pin.map(|pin| pin.value));
    }
    let (by, now) = (cx.by(), cx.now);
    sql("DELETE FROM plan_pin WHERE plan_id = $1 AND (line, tree, ordinal, month) IN (
             SELECT * FROM unnest($2, $3, $4, $5))")
    .bind::<BigInt, _>(plan_id)
    .bind::<Array<Integer>, _>(cells.lines.clone())
    .bind::<Array<Text>, _>(cells.trees.clone())
    .bind::<Array<Integer>, _>(cells.ordinals.clone())
    .bind::<Array<Integer>, _>(cells.months.clone())
    .execute(cx.db())
    .await?;
    sql("INSERT INTO plan_pin (plan_id, line, tree, ordinal, month, value, user_id, pinned_at)
         SELECT $1, pin.*, $7, $8 FROM unnest($2, $3, $4, $5, $6) AS pin (line, tree, ordinal, month, value)
         WHERE pin.value IS NOT NULL")
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

/// Copies the nodes, pins and funnels of a version into another, which has none yet.
pub(in crate::plan) async fn copy_nodes(
    connection: &mut AsyncPgConnection,
    from: i64,
    to: i64,
) -> Result<(), Problem> {
    for query in [
        "INSERT INTO plan_node SELECT $2, tree, ordinal, parent, unit_id, employee_id, label, weights
         FROM plan_node WHERE plan_id = $1",
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
    copy_nodes(connection, from, to).await?;
    for query in [
        "INSERT INTO plan_line SELECT $2, line, metric, is_amount, total, floor_total, stretch_total, penetration,
             value_per_unit, closed_total FROM plan_line WHERE plan_id = $1",
        "INSERT INTO plan_months SELECT $2, line, tree, ordinal, suggested, confirmed, floor, stretch
         FROM plan_months WHERE plan_id = $1",
    ] {
        sql(query).bind::<BigInt, _>(from).bind::<BigInt, _>(to).execute(connection).await?;
    }
    Ok(())
}

/// Writes the weights of the months, which the organisation's root holds.
pub(in crate::plan) async fn write_root_weights(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    shape: &Shape,
) -> Result<(), Problem> {
    let weights = shape.node(0).map(|root| root.weights).unwrap_or_default();
    let weights: Vec<i64> =
        weights.into_iter().map(|weight| i64::try_from(weight).unwrap_or(i64::MAX)).collect();
    diesel::update(plan_node::table.find((plan_id, Tree::Organisation, 0)))
        .set(plan_node::weights.eq(weights))
        .execute(connection)
        .await?;
    Ok(())
}
