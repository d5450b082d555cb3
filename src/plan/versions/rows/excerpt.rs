//! A part of a version in memory: the way to some cells, and what depends on them.

use std::collections::BTreeMap;

use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Integer, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::{NodeRow, load_lines, load_pins, position, segments};
use crate::db::sql;
use crate::http::Problem;
use crate::plan::split::new_plan::Pin;
use crate::plan::split::settings::Split;
use crate::plan::split::split_tree::PinnedCell;
use crate::plan::split::tree::{PerTree, Shape, Tree};
use crate::plan::split::whole_plan::{Line, WholePlan};
use crate::plan::versions::store::Version;

/// Some nodes of a version, and all that stand above them. More can be added.
pub(in crate::plan) struct Excerpt {
    plan_id: i64,
    closed: usize,
    split: Split,
    /// Without cells.
    lines: Vec<Line>,
    /// All pins of the version, their nodes by ordinal.
    pins: BTreeMap<i32, Vec<PinnedCell>>,
    /// By tree and ordinal, so that a parent comes before its children.
    nodes: BTreeMap<(Tree, i32), ExcerptRow>,
    /// How often nodes were added.
    rounds: usize,
}

#[derive(QueryableByName)]
struct ExcerptRow {
    #[diesel(embed)]
    node: NodeRow,
    /// How many children it has in the version.
    #[diesel(sql_type = BigInt)]
    children: i64,
}

/// An excerpt as a plan of its own, whose nodes stand closer together than in the version.
pub(in crate::plan) struct Packed {
    /// The plan. Nodes of which children were left out are cut.
    pub whole: WholePlan,
    /// Ordinals in the version, by position.
    ordinals: PerTree<Vec<usize>>,
}

impl Packed {
    /// Where a node stands in the version.
    pub(in crate::plan) fn ordinal(&self, tree: Tree, at: usize) -> usize {
        self.ordinals.of(tree).get(at).copied().unwrap_or(at)
    }
}

/// A few nodes `n` with their cells: looked up one by one, however many there may be in the tables.
macro_rules! few_nodes {
    ($from:literal) => {
        concat!(
            "SELECT n.tree, n.ordinal, n.parent, n.unit_id, n.employee_id,
                 coalesce((SELECT e.employee_no FROM employee e WHERE e.id = n.employee_id),
                     (SELECT u.code FROM org_unit u WHERE u.id = n.unit_id), n.label) AS code,
                 n.weights, n.suggested, n.confirmed, n.floor, n.stretch,
                 (SELECT count(*) FROM plan_node below
                  WHERE below.plan_id = n.plan_id AND below.tree = n.tree AND below.parent = n.ordinal) AS children
             FROM ",
            $from,
            " n"
        )
    };
}

impl Excerpt {
    /// The roots, what these pins name, and what is pinned already, with all above them.
    pub(in crate::plan) async fn load(
        connection: &mut AsyncPgConnection,
        plan: &Version,
        pins: &[Pin],
    ) -> Result<Self, Problem> {
        let named = |name: fn(&Pin) -> Option<&String>| -> Vec<String> {
            pins.iter().filter_map(name).cloned().collect()
        };
        let labels = pins.iter().flat_map(|pin| [&pin.channel, &pin.series]).flatten().cloned();
        let rows: Vec<ExcerptRow> = sql(concat!(
            "WITH RECURSIVE named AS (SELECT u.id FROM org_unit u WHERE u.code = ANY ($2) UNION SELECT $3),
             way AS (
                 (SELECT n.* FROM plan_node n
                  WHERE n.plan_id = $1 AND n.tree IN ('organisation', 'channel', 'series') AND n.ordinal = 0
                  UNION
                  SELECT n.* FROM named JOIN plan_node n ON n.plan_id = $1 AND n.unit_id = named.id
                      AND n.employee_id IS NULL
                  UNION
                  SELECT n.* FROM named JOIN plan_node n ON n.plan_id = $1 AND n.unit_id = named.id
                      AND n.employee_id IS NOT NULL
                  WHERE (SELECT e.employee_no FROM employee e WHERE e.id = n.employee_id) = ANY ($4)
                  UNION
                  SELECT n.* FROM plan_node n WHERE n.plan_id = $1 AND n.label = ANY ($5)
                  UNION
                  SELECT n.* FROM plan_pin pin JOIN plan_node n ON n.plan_id = pin.plan_id AND n.tree = pin.tree
                      AND n.ordinal = pin.ordinal
                  WHERE pin.plan_id = $1)
                 UNION
                 SELECT n.* FROM way JOIN plan_node n ON n.plan_id = $1 AND n.tree = way.tree AND n.ordinal = way.parent)",
            few_nodes!("way")
        ))
        .bind::<BigInt, _>(plan.id)
        .bind::<Array<Text>, _>(named(|pin| pin.unit.as_ref()))
        .bind::<BigInt, _>(plan.unit_id)
        .bind::<Array<Text>, _>(named(|pin| pin.employee_no.as_ref()))
        .bind::<Array<Text>, _>(labels.collect::<Vec<_>>())
        .load(connection)
        .await?;
        let mut excerpt = Self {
            plan_id: plan.id,
            closed: usize::try_from(plan.closed_months).unwrap_or(0),
            split: plan.split.clone(),
            lines: load_lines(connection, plan.id).await?,
            pins: load_pins(connection, plan.id).await?,
            nodes: BTreeMap::new(),
            rounds: 0,
        };
        excerpt.add(rows);
        Ok(excerpt)
    }

    /// Adds what stands right below nodes, given by tree and ordinal. Where that turns out not to be enough, a change runs
    /// down the tree: the second time everything below them is added.
    pub(in crate::plan) async fn add_below(
        &mut self,
        connection: &mut AsyncPgConnection,
        nodes: impl Iterator<Item = (Tree, usize)>,
    ) -> Result<(), Problem> {
        let (mut trees, mut ordinals) = (Vec::new(), Vec::new());
        for (tree, ordinal) in nodes {
            trees.push(tree);
            ordinals.push(i32::try_from(ordinal).map_err(|error| Problem::internal(&error))?);
        }
        let rows: Vec<ExcerptRow> = sql(concat!(
            "WITH RECURSIVE below AS (
                 SELECT n.* FROM unnest($2, $3) AS above (tree, ordinal)
                 JOIN plan_node n ON n.plan_id = $1 AND n.tree = above.tree AND n.parent = above.ordinal
                 UNION ALL
                 SELECT n.* FROM below
                 JOIN plan_node n ON n.plan_id = $1 AND n.tree = below.tree AND n.parent = below.ordinal
                 WHERE $4)",
            few_nodes!("below")
        ))
        .bind::<BigInt, _>(self.plan_id)
        .bind::<Array<Text>, _>(trees)
        .bind::<Array<Integer>, _>(ordinals)
        .bind::<Bool, _>(self.rounds > 0)
        .load(connection)
        .await?;
        self.rounds += 1;
        let before = self.nodes.len();
        self.add(rows);
        match self.nodes.len() > before {
            true => Ok(()),
            false => Err(Problem::internal(&"nothing stands below a node that has children")),
        }
    }

    fn add(&mut self, rows: Vec<ExcerptRow>) {
        self.nodes.extend(rows.into_iter().map(|row| ((row.node.place.tree, row.node.place.ordinal), row)));
    }

    /// The excerpt as a plan.
    pub(in crate::plan) fn pack(&self) -> Result<Packed, Problem> {
        let (mut shapes, mut ordinals) = (PerTree::<Shape>::default(), PerTree::<Vec<usize>>::default());
        let mut lines = self.lines.clone();
        let mut positions = BTreeMap::new();
        for (&(tree, ordinal), row) in &self.nodes {
            let parent = row.node.place.parent.and_then(|parent| positions.get(&(tree, parent)).copied());
            positions.insert((tree, ordinal), ordinals.of(tree).len());
            ordinals.of_mut(tree).push(position(ordinal)?);
            row.node.add(parent, &mut shapes, &mut lines);
        }
        for (place, row) in &self.nodes {
            let Some(&at) = positions.get(place) else { continue };
            let shape = shapes.of_mut(place.0);
            if i64::try_from(shape.children(at).len()).is_ok_and(|here| here < row.children) {
                shape.cut(at);
            }
        }
        let here = |pin: &PinnedCell| {
            let ordinal = i32::try_from(pin.node).ok()?;
            Some(PinnedCell { node: positions.get(&(pin.tree, ordinal)).copied()?, ..*pin })
        };
        let pins = self.pins.iter().map(|(line, pins)| (*line, pins.iter().filter_map(here).collect()));
        let whole = WholePlan {
            closed: self.closed,
            segments: segments(&shapes.organisation, &self.split),
            pins: pins.collect(),
            shapes,
            lines,
        };
        Ok(Packed { whole, ordinals })
    }
}
