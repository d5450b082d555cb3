//! One line's cells: its months, split down every tree around its pins.

use std::collections::{BTreeMap, BTreeSet};

use super::splitting::{Whole, visits};
use super::{Line, LineRefusal, Outcome, Scope};
use crate::plan::split::split_tree::{
    Holds, Parts, PinnedCell, Refusal, Splitting, Visit, root_months, split_tree,
};
use crate::plan::split::tree::{Months, PerTree, Rows, Tree};

/// Positions of nodes, by tree.
pub(super) type Positions = PerTree<Vec<usize>>;

/// What one line goes by. What is suggested does not know of pins, and follows what is suggested for the first line.
pub(super) struct Going<'a> {
    /// Weights of the months, without and with pins.
    pub(super) months: &'a dyn Fn(bool) -> [u64; 12],
    /// What the parts of a tree go by, without and with pins.
    pub(super) parts: &'a dyn Fn(Tree, bool) -> Parts<'a>,
    /// The nodes of a tree below which the parts go by something else than before.
    pub(super) anew: &'a dyn Fn(Tree) -> BTreeSet<usize>,
    /// Pins have moved what it goes by.
    pub(super) is_pinned: bool,
}

/// A line's cells, computed.
#[derive(Default)]
pub(super) struct Done {
    pub(super) outcome: Outcome,
    /// Whose 确定值 has changed.
    pub(super) moved: Positions,
}

impl Whole<'_> {
    /// What the pins of a line ask in each tree.
    fn holds(&self, pins: &[PinnedCell]) -> PerTree<Holds> {
        let of = |tree: Tree| {
            let own: Vec<PinnedCell> = pins.iter().filter(|pin| pin.tree == tree).copied().collect();
            Holds::of(self.shapes.of(tree), &own)
        };
        PerTree { organisation: of(Tree::Organisation), channel: of(Tree::Channel), series: of(Tree::Series) }
    }

    /// Splits one line in every tree.
    pub(super) fn split_cells(&self, line: &mut Line, going: &Going<'_>) -> Result<Done, LineRefusal> {
        let number = line.number;
        let refused = |refusal| LineRefusal { line: number, level: None, refusal };
        let pins_of = |pins: &BTreeMap<i32, Vec<PinnedCell>>| pins.get(&number).cloned().unwrap_or_default();
        let (pins, everything) = (pins_of(self.pins), self.is_everything());
        let mut done = Done::default();
        let mut former = PerTree::<Rows>::default();
        if everything {
            for &tree in Tree::ALL {
                former.of_mut(tree).clone_from(&line.cells.of(tree).suggested);
            }
        }
        // Without pins, what is suggested is what counts.
        let is_pinned = going.is_pinned || !pins.is_empty();
        if everything && is_pinned {
            let holds = PerTree::<Holds>::default();
            let root = self.root(line, &(going.months)(false), &holds).map_err(refused)?;
            for &tree in Tree::ALL {
                let splitting = self.splitting(tree, (going.parts)(tree, false), holds.of(tree));
                let cells = line.cells.of_mut(tree);
                // Closed months stand as they were confirmed.
                cells.suggested.clone_from(&cells.confirmed);
                split_tree(&splitting, root, &mut cells.suggested, &|_| Visit::Split).map_err(refused)?;
            }
        }
        let holds = self.holds(&pins);
        let former_holds = match self.scope {
            Scope::Pins(former) => self.holds(&pins_of(former)),
            Scope::Everything | Scope::Weights(_) => holds.clone(),
        };
        let root = self.root(line, &(going.months)(true), &holds).map_err(refused)?;
        for &tree in Tree::ALL {
            let (shape, cells) = (self.shapes.of(tree), line.cells.of_mut(tree));
            let anew = (!everything).then(|| {
                let mut anew = (going.anew)(tree);
                let former = former_holds.of(tree);
                anew.extend(holds.of(tree).unsettled(former, shape, &cells.confirmed, self.closed));
                anew
            });
            let splitting = self.splitting(tree, (going.parts)(tree, true), holds.of(tree));
            let visit = visits(shape, anew);
            let walked = split_tree(&splitting, root, &mut cells.confirmed, &visit).map_err(refused)?;
            done.outcome.add(tree, &walked);
            *done.moved.of_mut(tree) = walked.changed;
            if !done.outcome.cut.is_empty() {
                return Ok(done);
            }
            if everything {
                if !is_pinned {
                    cells.suggested.clone_from(&cells.confirmed);
                }
                let suggested = cells.suggested.iter().zip(former.of(tree)).enumerate();
                let changed =
                    suggested.filter(|(_, (now, before))| now != before).map(|(node, _)| (tree, node));
                done.outcome.changed.extend(changed);
            }
        }
        Ok(done)
    }

    fn splitting<'b>(&'b self, tree: Tree, parts: Parts<'b>, holds: &'b Holds) -> Splitting<'b> {
        Splitting { tree, shape: self.shapes.of(tree), parts, holds, closed: self.closed }
    }

    /// The months of a line's root.
    fn root(&self, line: &Line, weights: &[u64; 12], holds: &PerTree<Holds>) -> Result<Months, Refusal> {
        let rest = line.total.saturating_sub(line.closed_total).max(0);
        let former = line.cells.organisation.confirmed.first().copied().unwrap_or_default();
        let asked = [&holds.organisation, &holds.channel, &holds.series];
        root_months(rest, weights, &former, self.closed, &asked)
    }
}
