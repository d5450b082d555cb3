//! A version of a plan as a whole, held in memory: its lines, its trees, its cells, and what they follow from.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::apportion::largest_remainder;
use super::levels::{LevelsError, lowered, raised};
use super::split_tree::{
    Holds, Parts, PinnedCell, Refusal, Segment, Splitting, root_months, split_tree, walk,
};
use super::tree::Months;
use super::tree::{PerTree, Rows, Shape, Tree};

/// A line: vehicles, or something sold beside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Its number in the plan. Line 0 is split by weights; the others follow it.
    pub number: i32,
    /// What is planned, a metric of the catalogue.
    pub metric: String,
    /// Units are cents.
    pub is_amount: bool,
    /// The year's total.
    pub total: i64,
    /// 保底
    pub floor_total: Option<i64>,
    /// 挑战
    pub stretch_total: Option<i64>,
    /// 渗透率, of a line that is derived from line 0.
    pub penetration: Option<Decimal>,
    /// 单车产值 in cents, of a derived amount.
    pub value_per_unit: Option<i64>,
    /// What the closed months have brought.
    pub closed_total: i64,
    /// Its cells.
    pub cells: PerTree<Cells>,
}

/// The cells of one line in one tree, by position of the node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    /// 建议值: what the weights give.
    pub suggested: Rows,
    /// 确定值: what counts.
    pub confirmed: Rows,
    /// 保底, where there is one; never above what counts.
    pub floor: Option<Rows>,
    /// 挑战, where there is one; never below what counts.
    pub stretch: Option<Rows>,
}

/// A version of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WholePlan {
    /// How many months from January on are closed.
    pub closed: usize,
    /// The trees.
    pub shapes: PerTree<Shape>,
    /// Months split by other weights than the trees', in the organisation, the latest last.
    pub segments: Vec<Segment>,
    /// The lines, line 0 first.
    pub lines: Vec<Line>,
    /// Pinned cells, by line.
    pub pins: BTreeMap<i32, Vec<PinnedCell>>,
}

/// Why a line of a plan cannot be split.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct LineRefusal {
    /// Number of the line.
    pub line: i32,
    /// What is in the way.
    pub refusal: Refusal,
}

/// Which nodes' cells have changed, by line and tree.
pub type Changed = BTreeMap<(i32, Tree), BTreeSet<usize>>;

/// What is to be computed anew.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Everything, the suggestion too.
    Everything,
    /// What follows from these nodes' pins.
    Pins(&'a BTreeSet<(Tree, usize)>),
}

impl WholePlan {
    /// Computes the cells from total, weights, segments and pins, and says which have changed.
    ///
    /// # Errors
    ///
    /// The first thing in the way. The plan is then to be thrown away.
    pub fn split(&mut self, scope: Scope<'_>) -> Result<Changed, LineRefusal> {
        let mut changed = Changed::new();
        let (closed, shapes, segments) = (self.closed, &self.shapes, &self.segments);
        let mut lines = self.lines.iter_mut();
        let Some(lead) = lines.next() else { return Ok(changed) };
        let none: Vec<PinnedCell> = Vec::new();
        let stale_of = |tree: Tree, moved: Option<&BTreeSet<usize>>| -> Option<BTreeSet<usize>> {
            let Scope::Pins(touched) = scope else { return None };
            let shape = shapes.of(tree);
            let nodes = touched.iter().filter(|(other, _)| *other == tree).map(|(_, node)| *node);
            let nodes = nodes.chain(moved.into_iter().flatten().copied());
            Some(nodes.flat_map(|node| shape.above(node).chain([node]).collect::<Vec<_>>()).collect())
        };
        let weights = shapes.organisation.node(0).map(|root| root.weights).unwrap_or_default();

        let given = |_: Tree, _: bool| Parts::Weights(segments);
        let whole = Whole { shapes, closed, everything: matches!(scope, Scope::Everything) };
        let pins = self.pins.get(&lead.number).unwrap_or(&none);
        let going = Going { months: &|_| weights, parts: &given, stale: &|tree| stale_of(tree, None) };
        split_line(lead, whole, pins, &going, &mut changed)?;

        let lead = &*lead;
        let rows = |tree: Tree, with_pins: bool| {
            let cells = lead.cells.of(tree);
            if with_pins { &cells.confirmed } else { &cells.suggested }
        };
        let months = |with_pins: bool| {
            let root = rows(Tree::Organisation, with_pins).first().copied().unwrap_or_default();
            root.map(|cell| u64::try_from(cell).unwrap_or(0))
        };
        let moved: BTreeMap<Tree, BTreeSet<usize>> =
            changed.iter().map(|((_, tree), nodes)| (*tree, nodes.clone())).collect();
        for line in lines {
            let pins = self.pins.get(&line.number).unwrap_or(&none);
            let parts = |tree, with_pins| Parts::Following(rows(tree, with_pins));
            let stale = |tree| stale_of(tree, moved.get(&tree));
            split_line(
                line,
                whole,
                pins,
                &Going { months: &months, parts: &parts, stale: &stale },
                &mut changed,
            )?;
        }
        Ok(changed)
    }
}

/// Cells of some places of the organisation, in every line.
pub(in crate::plan) struct SavedCells {
    places: Vec<usize>,
    lines: Vec<Cells>,
}

impl WholePlan {
    /// The cells of some places of the organisation, to be put back.
    pub(in crate::plan) fn cells_of(&self, places: &[usize]) -> SavedCells {
        let rows = |rows: &Rows| places.iter().map(|at| rows.get(*at).copied().unwrap_or_default()).collect();
        let lines = self.lines.iter().map(|line| {
            let Cells { suggested, confirmed, floor, stretch } = &line.cells.organisation;
            Cells {
                suggested: rows(suggested),
                confirmed: rows(confirmed),
                floor: floor.as_ref().map(rows),
                stretch: stretch.as_ref().map(rows),
            }
        });
        SavedCells { places: places.to_vec(), lines: lines.collect() }
    }

    /// Puts cells back, and takes away the places behind the first `count`.
    pub(in crate::plan) fn put_back(&mut self, saved: SavedCells, count: usize) {
        self.shapes.organisation.truncate(count);
        for (line, saved_line) in self.lines.iter_mut().zip(saved.lines) {
            let put = |rows: &mut Rows, saved_rows: Rows| {
                for (place, months) in saved.places.iter().zip(saved_rows) {
                    if let Some(slot) = rows.get_mut(*place) {
                        *slot = months;
                    }
                }
                rows.truncate(count);
            };
            let cells = &mut line.cells.organisation;
            put(&mut cells.suggested, saved_line.suggested);
            put(&mut cells.confirmed, saved_line.confirmed);
            for (level, saved_level) in
                [(&mut cells.floor, saved_line.floor), (&mut cells.stretch, saved_line.stretch)]
            {
                if let Some((rows, saved_rows)) = level.as_mut().zip(saved_level) {
                    put(rows, saved_rows);
                }
            }
        }
    }
}

/// What all lines of a version have in common.
#[derive(Clone, Copy)]
struct Whole<'a> {
    shapes: &'a PerTree<Shape>,
    closed: usize,
    /// Suggestions are computed, too.
    everything: bool,
}

/// What one line goes by. What is suggested does not know of pins, and follows what is suggested for the first line.
struct Going<'a> {
    /// Weights of the months, without and with pins.
    months: &'a dyn Fn(bool) -> [u64; 12],
    /// What the parts of a tree go by, without and with pins.
    parts: &'a dyn Fn(Tree, bool) -> Parts<'a>,
    /// The nodes of a tree that have to be looked at; none: every one.
    stale: &'a dyn Fn(Tree) -> Option<BTreeSet<usize>>,
}

/// Splits one line in every tree.
fn split_line(
    line: &mut Line,
    whole: Whole<'_>,
    pins: &[PinnedCell],
    going: &Going<'_>,
    changed: &mut Changed,
) -> Result<(), LineRefusal> {
    let number = line.number;
    let refused = |refusal| LineRefusal { line: number, refusal };
    let Whole { shapes, closed, everything } = whole;
    let rest = line.total.saturating_sub(line.closed_total).max(0);
    let holds = |with_pins: bool| {
        let of = |tree: Tree| {
            let own: Vec<PinnedCell> =
                pins.iter().filter(|pin| with_pins && pin.tree == tree).copied().collect();
            Holds::of(shapes.of(tree), &own)
        };
        PerTree { organisation: of(Tree::Organisation), channel: of(Tree::Channel), series: of(Tree::Series) }
    };
    for with_pins in [false, true].into_iter().filter(|with_pins| *with_pins || everything) {
        let holds = holds(with_pins);
        let asked = [&holds.organisation, &holds.channel, &holds.series];
        let former = line.cells.organisation.confirmed.first().copied().unwrap_or_default();
        let root = root_months(rest, &(going.months)(with_pins), &former, closed, &asked).map_err(refused)?;
        for &tree in Tree::ALL {
            let parts = (going.parts)(tree, with_pins);
            let splitting = Splitting { tree, shape: shapes.of(tree), parts, holds: holds.of(tree), closed };
            let cells = line.cells.of_mut(tree);
            if with_pins {
                let stale = (going.stale)(tree);
                let is_stale = |node: usize| stale.as_ref().is_none_or(|stale| stale.contains(&node));
                let moved = split_tree(&splitting, root, &mut cells.confirmed, &is_stale).map_err(refused)?;
                changed.entry((number, tree)).or_default().extend(moved);
            } else {
                // Closed months stand as they were confirmed.
                cells.suggested.clone_from(&cells.confirmed);
                split_tree(&splitting, root, &mut cells.suggested, &|_| true).map_err(refused)?;
            }
        }
    }
    split_levels(line, shapes, closed, going.stale, changed).map_err(refused)
}

/// Floor and stretch, in proportion to what counts: the difference of the totals is spread over the open months and split
/// down the trees, so that no floor is above the target and no stretch below it.
fn split_levels(
    line: &mut Line,
    shapes: &PerTree<Shape>,
    closed: usize,
    stale: &dyn Fn(Tree) -> Option<BTreeSet<usize>>,
    changed: &mut Changed,
) -> Result<(), Refusal> {
    let number = line.number;
    let root = line.cells.organisation.confirmed.first().copied().unwrap_or_default();
    let more = line.stretch_total.map(|stretch| stretch.saturating_sub(line.total));
    let less = line.floor_total.map(|floor| line.total.saturating_sub(floor));
    for &tree in Tree::ALL {
        let shape = shapes.of(tree);
        let (stale, moved) = (stale(tree), changed.entry((number, tree)).or_default());
        let above_moved: BTreeSet<usize> =
            moved.iter().flat_map(|&node| shape.above(node).collect::<Vec<_>>()).collect();
        let is_stale = |node: usize| {
            stale.as_ref().is_none_or(|stale| stale.contains(&node)) || above_moved.contains(&node)
        };
        let Cells { confirmed, floor, stretch, .. } = line.cells.of_mut(tree);
        let level = |rows: &mut Option<Rows>, difference: Option<i64>, is_floor: bool| {
            let Some(difference) = difference else {
                *rows = None;
                return Ok(BTreeSet::new());
            };
            let apart =
                spread(difference, &root, closed, is_floor).map_err(|message| refusal(tree, 0, message))?;
            let rows = rows.get_or_insert_with(Rows::new);
            let closed_cells = rows.first().copied().unwrap_or(root);
            let months = level_of(&root, &apart, &closed_cells, closed, is_floor);
            walk(shape, months, rows, &is_stale, |node, own, rows| {
                let own_target = confirmed.get(node).copied().unwrap_or_default();
                let children = shape.children(node);
                let targets: Vec<Vec<i64>> = children
                    .iter()
                    .map(|&child| {
                        confirmed
                            .get(child)
                            .map_or_else(Vec::new, |months| months.iter().skip(closed).copied().collect())
                    })
                    .collect();
                let apart: Vec<i64> = own
                    .iter()
                    .zip(&own_target)
                    .skip(closed)
                    .map(|(level, target)| (level - target).abs())
                    .collect();
                let split = if is_floor { lowered(&targets, &apart) } else { raised(&targets, &apart) };
                let split = split.map_err(|error: LevelsError| {
                    refusal(tree, node, format!("{} cannot be split: {error}", shape.path(node)))
                })?;
                let merged = children.iter().zip(split).map(|(&child, open)| {
                    let mut months = rows.get(child).copied().unwrap_or_default();
                    for (cell, value) in months.iter_mut().skip(closed).zip(open) {
                        *cell = value;
                    }
                    months
                });
                Ok(merged.collect())
            })
        };
        let floors = level(floor, less, true)?;
        let stretches = level(stretch, more, false)?;
        moved.extend(floors);
        moved.extend(stretches);
    }
    Ok(())
}

fn refusal(tree: Tree, node: usize, message: String) -> Refusal {
    Refusal { tree, node, months: Vec::new(), held: vec![node], message }
}

/// A difference over the open months, in proportion to their targets.
fn spread(difference: i64, root: &Months, closed: usize, is_floor: bool) -> Result<Vec<i64>, String> {
    let open: Vec<u64> = root.iter().skip(closed).map(|&cell| u64::try_from(cell).unwrap_or(0)).collect();
    let left: i64 = root.iter().skip(closed).sum();
    let difference = match is_floor {
        // What is left of the year may be less than what the floor would take away.
        true => difference.min(left),
        // Where the closed months have brought everything already, there is nothing left to be raised.
        false if left == 0 && closed > 0 => 0,
        false => difference,
    };
    largest_remainder(difference, &open).map_err(|error| error.to_string())
}

/// The root's level: the target with the difference added or taken away, closed months as they were.
fn level_of(root: &Months, apart: &[i64], former: &Months, closed: usize, is_floor: bool) -> Months {
    let mut months = *former;
    for ((cell, target), apart) in months.iter_mut().zip(root).skip(closed).zip(apart) {
        *cell = if is_floor { target - apart } else { target.saturating_add(*apart) };
    }
    months
}

#[cfg(test)]
mod tests;
