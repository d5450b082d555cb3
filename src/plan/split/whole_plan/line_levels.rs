//! Floor 保底 and stretch 挑战 of a line, down every tree.

use super::line_cells::Positions;
use super::splitting::{Whole, visits};
use super::{Level, Line, LineRefusal, Outcome};
use crate::plan::split::apportion::{ApportionError, largest_remainder};
use crate::plan::split::levels::{LevelsError, lowered, raised};
use crate::plan::split::split_tree::{Refusal, Visit, Walked, unsplittable, walk};
use crate::plan::split::tree::{Months, PerTree, Rows, Tree};
use crate::said::Said;

/// Floor and stretch of a line in one tree, where there are any.
#[derive(Default)]
pub(super) struct Levels {
    floor: Option<Rows>,
    stretch: Option<Rows>,
}

impl Line {
    pub(super) fn take_levels(&mut self) -> PerTree<Levels> {
        let mut levels = PerTree::<Levels>::default();
        for &tree in Tree::ALL {
            let cells = self.cells.of_mut(tree);
            *levels.of_mut(tree) = Levels { floor: cells.floor.take(), stretch: cells.stretch.take() };
        }
        levels
    }

    pub(super) fn put_levels(&mut self, mut levels: PerTree<Levels>) {
        for &tree in Tree::ALL {
            let Levels { floor, stretch } = std::mem::take(levels.of_mut(tree));
            let cells = self.cells.of_mut(tree);
            (cells.floor, cells.stretch) = (floor, stretch);
        }
    }
}

impl Whole<'_> {
    /// Floor and stretch, in proportion to what counts: the difference of the totals is spread over the open months and
    /// split down the trees, so that no floor is above the target and no stretch below it.
    pub(super) fn split_levels(
        &self,
        line: &Line,
        levels: &mut PerTree<Levels>,
        moved: &Positions,
    ) -> Result<Outcome, LineRefusal> {
        let mut outcome = Outcome::default();
        let less = line.floor_total.map(|floor| line.total.saturating_sub(floor));
        let more = line.stretch_total.map(|stretch| stretch.saturating_sub(line.total));
        for &tree in Tree::ALL {
            let shape = self.shapes.of(tree);
            let anew = (!self.is_everything()).then(|| {
                let own = moved.of(tree).iter().copied();
                let above = moved.of(tree).iter().filter_map(|&node| shape.node(node)?.parent);
                own.chain(above).collect()
            });
            let visit = visits(shape, anew);
            let Levels { floor, stretch } = levels.of_mut(tree);
            for (rows, difference, is_floor) in [(floor, less, true), (stretch, more, false)] {
                let Some(difference) = difference else {
                    *rows = None;
                    continue;
                };
                let rows = rows.get_or_insert_with(Rows::new);
                let walked = self.split_level(line, tree, (difference, is_floor), rows, &visit).map_err(
                    |refusal| LineRefusal {
                        line: line.number,
                        level: Some(if is_floor { Level::Floor } else { Level::Stretch }),
                        refusal,
                    },
                )?;
                outcome.add(tree, &walked);
                if !outcome.cut.is_empty() {
                    return Ok(outcome);
                }
            }
        }
        Ok(outcome)
    }

    /// Splits one level of a line in one tree.
    fn split_level(
        &self,
        line: &Line,
        tree: Tree,
        (difference, is_floor): (i64, bool),
        rows: &mut Rows,
        visit: &dyn Fn(usize) -> Visit,
    ) -> Result<Walked, Refusal> {
        let (shape, closed) = (self.shapes.of(tree), self.closed);
        let confirmed = &line.cells.of(tree).confirmed;
        let root = line.cells.organisation.confirmed.first().copied().unwrap_or_default();
        let apart =
            spread(difference, &root, closed, is_floor).map_err(|error| refusal(tree, 0, error.said()))?;
        let closed_cells = rows.first().copied().unwrap_or(root);
        let months = level_of(&root, &apart, &closed_cells, closed, is_floor);
        walk(shape, months, rows, visit, |node, own, rows| {
            let own_target = confirmed.get(node).copied().unwrap_or_default();
            let children = shape.children(node);
            let open = |months: &Months| months.iter().skip(closed).copied().collect();
            let targets: Vec<Vec<i64>> =
                children.iter().map(|&child| confirmed.get(child).map_or_else(Vec::new, open)).collect();
            let apart =
                own.iter().zip(&own_target).skip(closed).map(|(level, target)| (level - target).abs());
            let apart: Vec<i64> = apart.collect();
            let split = if is_floor { lowered(&targets, &apart) } else { raised(&targets, &apart) };
            let split = split.map_err(|error: LevelsError| {
                refusal(tree, node, unsplittable(&shape.path(node), &error.said()))
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
    }
}

fn refusal(tree: Tree, node: usize, message: Said) -> Refusal {
    Refusal { tree, node, months: Vec::new(), held: vec![node], message }
}

/// A difference over the open months, in proportion to their targets.
fn spread(difference: i64, root: &Months, closed: usize, is_floor: bool) -> Result<Vec<i64>, ApportionError> {
    let open: Vec<u64> = root.iter().skip(closed).map(|&cell| u64::try_from(cell).unwrap_or(0)).collect();
    let left: i64 = root.iter().skip(closed).sum();
    let difference = match is_floor {
        // What is left of the year may be less than what the floor would take away.
        true => difference.min(left),
        // Where the closed months have brought everything already, there is nothing left to be raised.
        false if left == 0 && closed > 0 => 0,
        false => difference,
    };
    largest_remainder(difference, &open)
}

/// The root's level: the target with the difference added or taken away, closed months as they were.
fn level_of(root: &Months, apart: &[i64], former: &Months, closed: usize, is_floor: bool) -> Months {
    let mut months = *former;
    for ((cell, target), apart) in months.iter_mut().zip(root).skip(closed).zip(apart) {
        *cell = if is_floor { target - apart } else { target.saturating_add(*apart) };
    }
    months
}
