//! A version's lines, nodes and pins as the database keeps them: a node with the months of all lines is one row.

mod excerpt;
mod write;

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Integer, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::db::schema::plan_line;
use crate::db::sql;
use crate::http::Problem;
use crate::plan::faults::no_line;
use crate::plan::split::settings::Split;
use crate::plan::split::split_tree::{PinnedCell, Segment};
use crate::plan::split::tree::Months;
use crate::plan::split::tree::{Node, PerTree, Place, Rows, Shape, Tree};
use crate::plan::split::weights::unsigned;
use crate::plan::split::whole_plan::{Line, WholePlan};
use crate::plan::versions::store::Version;
pub(in crate::plan) use excerpt::Excerpt;
pub(in crate::plan) use write::{
    copy, copy_pins_and_funnels, insert_lines, insert_nodes, update_cells, write_pins,
};

fn position(ordinal: i32) -> Result<usize, Problem> {
    usize::try_from(ordinal).map_err(|error| Problem::internal(&error))
}

/// The nodes of versions, as far as the rest of the statement says.
macro_rules! nodes {
    ($cells:literal, $rest:literal) => {
        concat!(
            "SELECT n.tree, n.ordinal, n.parent, n.unit_id, n.employee_id,
                 coalesce(e.employee_no, u.code, n.label) AS code, n.weights",
            $cells,
            " FROM plan_node n LEFT JOIN org_unit u ON u.id = n.unit_id LEFT JOIN employee e ON e.id = n.employee_id ",
            $rest
        )
    };
}

#[derive(QueryableByName)]
struct PlaceRow {
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Nullable<Integer>)]
    parent: Option<i32>,
    #[diesel(sql_type = Nullable<BigInt>)]
    unit_id: Option<i64>,
    #[diesel(sql_type = Nullable<BigInt>)]
    employee_id: Option<i64>,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Array<BigInt>)]
    weights: Vec<i64>,
}

impl PlaceRow {
    /// The node below the one at position `parent`.
    fn node(&self, parent: Option<usize>) -> Node {
        let place = match (self.unit_id, self.employee_id) {
            (Some(unit_id), Some(employee_id)) => Place::Person { unit_id, employee_id },
            (Some(unit_id), None) => Place::Unit(unit_id),
            (None, _) => Place::Label(self.code.clone()),
        };
        let mut weights = [0; 12];
        for (slot, weight) in weights.iter_mut().zip(&self.weights) {
            *slot = unsigned(*weight);
        }
        Node { place, code: self.code.clone(), parent, weights }
    }
}

/// The trees of a version.
pub(in crate::plan) async fn load_shapes(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
) -> Result<PerTree<Shape>, Problem> {
    let rows: Vec<PlaceRow> = sql(nodes!("", "WHERE n.plan_id = $1 ORDER BY n.tree, n.ordinal"))
        .bind::<BigInt, _>(plan_id)
        .load(connection)
        .await?;
    let mut shapes = PerTree::<Shape>::default();
    for row in rows {
        let parent = row.parent.map(position).transpose()?;
        shapes.of_mut(row.tree).push(row.node(parent));
    }
    Ok(shapes)
}

/// The lines of a version, without cells.
pub(in crate::plan) async fn load_lines(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
) -> Result<Vec<Line>, Problem> {
    let rows: Vec<LineRow> = plan_line::table
        .filter(plan_line::plan_id.eq(plan_id))
        .order(plan_line::line)
        .select(LineRow::as_select())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(Line::from).collect())
}

/// The line of a version that `metric` names, by default the first.
///
/// # Errors
///
/// The field `metric` at fault.
pub(in crate::plan) async fn line(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
    metric: Option<&str>,
) -> Result<Line, Problem> {
    meant(load_lines(connection, plan_id).await?, metric)
}

/// The line that `metric` names, by default the first.
///
/// # Errors
///
/// The field `metric` at fault.
pub(in crate::plan) fn meant(lines: Vec<Line>, metric: Option<&str>) -> Result<Line, Problem> {
    let is_meant = |line: &Line| metric.is_none_or(|metric| metric == line.metric);
    lines
        .into_iter()
        .find(is_meant)
        .ok_or_else(|| Problem::field("metric", no_line(metric.unwrap_or_default())))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = plan_line)]
struct LineRow {
    line: i32,
    metric: String,
    is_amount: bool,
    total: i64,
    floor_total: Option<i64>,
    stretch_total: Option<i64>,
    penetration: Option<rust_decimal::Decimal>,
    value_per_unit: Option<i64>,
    closed_total: i64,
}

impl From<LineRow> for Line {
    fn from(row: LineRow) -> Self {
        Self {
            number: row.line,
            metric: row.metric,
            is_amount: row.is_amount,
            total: row.total,
            floor_total: row.floor_total,
            stretch_total: row.stretch_total,
            penetration: row.penetration,
            value_per_unit: row.value_per_unit,
            closed_total: row.closed_total,
            cells: PerTree::default(),
        }
    }
}

#[derive(QueryableByName)]
struct NodeRow {
    #[diesel(embed)]
    place: PlaceRow,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    suggested: Option<Vec<i64>>,
    #[diesel(sql_type = Array<BigInt>)]
    confirmed: Vec<i64>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    floor: Option<Vec<i64>>,
    #[diesel(sql_type = Nullable<Array<BigInt>>)]
    stretch: Option<Vec<i64>>,
}

impl NodeRow {
    /// Adds the node to its tree, below the one at position `parent`, and its cells to the lines.
    fn add(&self, parent: Option<usize>, shapes: &mut PerTree<Shape>, lines: &mut [Line]) {
        let Self { place, suggested, confirmed, floor, stretch } = self;
        shapes.of_mut(place.tree).push(place.node(parent));
        for (at, line) in lines.iter_mut().enumerate() {
            let of = |cells: &[i64]| months(cells.get(12 * at..).unwrap_or_default());
            let (has_floor, has_stretch) = (line.floor_total.is_some(), line.stretch_total.is_some());
            let cells = line.cells.of_mut(place.tree);
            cells.suggested.push(of(suggested.as_deref().unwrap_or(confirmed)));
            cells.confirmed.push(of(confirmed));
            for (has_level, level, months) in
                [(has_floor, &mut cells.floor, floor), (has_stretch, &mut cells.stretch, stretch)]
            {
                if has_level {
                    level.get_or_insert_with(Rows::new).push(of(months.as_deref().unwrap_or_default()));
                }
            }
        }
    }
}

/// Everything a version's cells follow from, and the cells.
pub(in crate::plan) async fn load_whole_plan(
    connection: &mut AsyncPgConnection,
    plan: &Version,
) -> Result<WholePlan, Problem> {
    let mut lines = load_lines(connection, plan.id).await?;
    let mut rows: Vec<NodeRow> =
        sql(nodes!(", n.suggested, n.confirmed, n.floor, n.stretch", "WHERE n.plan_id = $1"))
            .bind::<BigInt, _>(plan.id)
            .load(connection)
            .await?;
    // They come nearly in order, and the server would sort ten thousand wide rows on its disk.
    rows.sort_by_key(|row| (row.place.tree, row.place.ordinal));
    let mut shapes = PerTree::<Shape>::default();
    for row in rows {
        row.add(row.place.parent.map(position).transpose()?, &mut shapes, &mut lines);
    }
    let closed = usize::try_from(plan.closed_months).unwrap_or(0);
    let segments = segments(&shapes.organisation, &plan.split);
    Ok(WholePlan { closed, segments, shapes, lines, pins: load_pins(connection, plan.id).await? })
}

/// Twelve months out of a row's array.
pub(in crate::plan) fn months(values: &[i64]) -> Months {
    let mut months = [0; 12];
    for (slot, value) in months.iter_mut().zip(values) {
        *slot = *value;
    }
    months
}

/// The months split anew, as positions in the organisation.
pub(in crate::plan) fn segments(shape: &Shape, split: &Split) -> Vec<Segment> {
    let changes = split.resplits.iter().map(|change| &change.resplit);
    changes
        .filter_map(|resplit| {
            let node = shape.unit(&resplit.unit)?;
            let child_of = |code: &str, is_unit: bool| {
                let is_meant = |child: &&usize| {
                    let child = shape.node(**child);
                    child.is_some_and(|child| {
                        child.code == code && matches!(child.place, Place::Unit(_)) == is_unit
                    })
                };
                shape.children(node).iter().find(is_meant).copied()
            };
            let people =
                resplit.weights.iter().map(|member| (member.employee_no.as_str(), false, member.weight));
            let units = resplit.units.iter().map(|unit| (unit.unit.as_str(), true, unit.weight));
            let weights: HashMap<usize, u64> = people
                .chain(units)
                .filter_map(|(code, is_unit, weight)| Some((child_of(code, is_unit)?, unsigned(weight))))
                .collect();
            Some(Segment { node, months: resplit.from.index()..resplit.to.index() + 1, weights })
        })
        .collect()
}

#[derive(QueryableByName)]
struct PinRow {
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = Text)]
    tree: Tree,
    #[diesel(sql_type = Integer)]
    ordinal: i32,
    #[diesel(sql_type = Integer)]
    month: i32,
    #[diesel(sql_type = BigInt)]
    value: i64,
}

async fn load_pins(
    connection: &mut AsyncPgConnection,
    plan_id: i64,
) -> Result<BTreeMap<i32, Vec<PinnedCell>>, Problem> {
    let rows: Vec<PinRow> = sql(
        "SELECT line, tree, ordinal, month, value FROM plan_pin WHERE plan_id = $1 ORDER BY line, tree, ordinal, month",
    )
    .bind::<BigInt, _>(plan_id)
    .load(connection)
    .await?;
    let mut pins = BTreeMap::<i32, Vec<PinnedCell>>::new();
    for row in rows {
        let month = usize::try_from(row.month).unwrap_or(0).saturating_sub(1);
        let pin = PinnedCell { tree: row.tree, node: position(row.ordinal)?, month, value: row.value };
        pins.entry(row.line).or_default().push(pin);
    }
    Ok(pins)
}
