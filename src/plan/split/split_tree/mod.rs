//! From a total to every cell: months for the root, then each node's months split among its children.
//!
//! The first line of a plan (vehicles) is split by weights. The other lines follow it: their cells are in proportion to
//! the first line's, in whole units or cents. Cells that are pinned stand, closed months stand as they were, and the
//! rest is split around them. Everything is an integer, and every sum is exact; [`super::held_cells`] and
//! [`super::apportion`] say what else is guaranteed, and by which theorem.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use super::apportion::ApportionError;
use super::held_cells::{HeldError, Hold, around, year_around};
use super::tree::Months;
use super::tree::{Rows, Shape, Tree};
use crate::said::{Said, say};

/// A cell that stands whatever the weights say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PinnedCell {
    /// The tree it is in.
    pub tree: Tree,
    /// Position of the node.
    pub node: usize,
    /// The month, counted from 0.
    pub month: usize,
    /// What it stands at.
    pub value: i64,
}

/// Some months of a unit, split among its children by other weights than theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Position of the unit.
    pub node: usize,
    /// The months, counted from 0.
    pub months: Range<usize>,
    /// Weights by position of the child; who is not listed gets nothing.
    pub weights: HashMap<usize, u64>,
}

/// What the children of every node are split by.
#[derive(Clone, Copy, Debug)]
pub enum Parts<'a> {
    /// By the weights of the tree, and in some months by others; the segments are of this tree.
    Weights(&'a [Segment]),
    /// In proportion to these cells, which are the first line's.
    Following(&'a Rows),
}

/// A split that cannot be made, and what is in its way.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The tree.
    pub tree: Tree,
    /// Position of the node whose months cannot be split; the root's for the year itself.
    pub node: usize,
    /// The months at fault, counted from 0.
    pub months: Vec<usize>,
    /// Positions of the nodes whose cells of these months are held, by a pin of their own or by pins below them.
    pub held: Vec<usize>,
    /// What is wrong, as a person reads it.
    pub message: Said,
}

/// What pins ask of each node: its own cell, or as much as those below it need.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    cells: BTreeMap<usize, [Hold; 12]>,
}

impl Holds {
    /// What `pins` ask of the nodes of `shape`, all of them of one tree.
    ///
    /// A node whose children are all pinned in a month is pinned at their sum; a node above pinned ones needs at least
    /// what they have.
    pub fn of(shape: &Shape, pins: &[PinnedCell]) -> Self {
        let mut cells: BTreeMap<usize, [Hold; 12]> = BTreeMap::new();
        let mut own: HashMap<(usize, usize), i64> = HashMap::new();
        for pin in pins {
            own.insert((pin.node, pin.month), pin.value);
            for node in shape.above(pin.node).chain([pin.node]) {
                cells.entry(node).or_default();
            }
        }
        // Children stand behind their parent, so from the last to the first they are done before it.
        for node in cells.keys().copied().collect::<Vec<_>>().into_iter().rev() {
            let mut holds = [Hold::default(); 12];
            for (month, hold) in holds.iter_mut().enumerate() {
                let below = shape.children(node).iter().map(|child| {
                    cells.get(child).and_then(|holds| holds.get(month)).copied().unwrap_or_default()
                });
                // A child that is not here is not pinned.
                let (mut least, mut pinned) =
                    (0_i64, !shape.children(node).is_empty() && !shape.is_cut(node));
                for hold in below {
                    least = least.saturating_add(hold.pinned.unwrap_or(hold.least));
                    pinned &= hold.pinned.is_some();
                }
                hold.pinned = own.get(&(node, month)).copied().or(pinned.then_some(least));
                hold.least = least;
            }
            cells.insert(node, holds);
        }
        Self { cells }
    }

    /// What is asked of a node's month.
    pub fn of_cell(&self, node: usize, month: usize) -> Hold {
        self.cells.get(&node).and_then(|holds| holds.get(month)).copied().unwrap_or_default()
    }

    /// The nodes whose children have to be split again because these holds are other than the `former` ones, with which
    /// the children have got these `rows`.
    ///
    /// Where all pins stay and every cell is above what is asked of it, before and now, no cell has been held at its least
    /// and none has to be: the same split comes out ([`around`] ends with its first round).
    pub fn unsettled(&self, former: &Self, shape: &Shape, rows: &Rows, closed: usize) -> BTreeSet<usize> {
        let mut is_settled: BTreeMap<usize, bool> = BTreeMap::new();
        let mut differs: BTreeSet<usize> = BTreeSet::new();
        let nodes: BTreeSet<usize> = self.cells.keys().chain(former.cells.keys()).copied().collect();
        for node in nodes {
            let Some(parent) = shape.node(node).and_then(|node| node.parent) else { continue };
            let cells = rows.get(node).copied().unwrap_or_default();
            for (month, cell) in cells.into_iter().enumerate().skip(closed) {
                let (before, now) = (former.of_cell(node, month), self.of_cell(node, month));
                let stays = match (before.pinned, now.pinned) {
                    (None, None) => before.least.max(now.least) <= 0 || cell > before.least.max(now.least),
                    (before, now) => before == now,
                };
                if before != now {
                    differs.insert(parent);
                }
                *is_settled.entry(parent).or_insert(true) &= stays;
            }
        }
        differs.retain(|parent| is_settled.get(parent) != Some(&true));
        differs
    }
}

/// The root's months: `closed` ones as they were, the rest of the year by weight, so that the rest is `rest`.
///
/// # Errors
///
/// [`Refusal`], where the pins do not fit or no month has a weight.
pub fn root_months(
    rest: i64,
    weights: &[u64; 12],
    former: &Months,
    closed: usize,
    holds: &[&Holds],
) -> Result<Months, Refusal> {
    let merged: Vec<Hold> = (closed..12)
        .map(|month| {
            let asked = holds.iter().map(|holds| holds.of_cell(0, month));
            asked.fold(Hold::default(), |all, one| Hold {
                pinned: all.pinned.or(one.pinned),
                least: all.least.max(one.pinned.unwrap_or(one.least)),
            })
        })
        .collect();
    let open = year_around(rest, weights.get(closed..).unwrap_or_default(), &merged)
        .map_err(|error| year_refusal(closed, &error))?;
    let mut months = *former;
    for (cell, value) in months.iter_mut().skip(closed).zip(open) {
        *cell = value;
    }
    Ok(months)
}

/// Something of a child's month, by position of the child and month from 0.
type PerCell<'a, T> = &'a dyn Fn(usize, usize) -> T;

/// How one tree of one line is split.
#[derive(Clone, Copy, Debug)]
pub struct Splitting<'a> {
    /// Which tree.
    pub tree: Tree,
    /// Its nodes.
    pub shape: &'a Shape,
    /// What the parts go by.
    pub parts: Parts<'a>,
    /// What the pins ask.
    pub holds: &'a Holds,
    /// How many months from January on are closed: their cells stand.
    pub closed: usize,
}

impl Splitting<'_> {
    /// Splits `months` of the node among its children, whose `former` cells stand in closed months.
    fn children(&self, node: usize, months: &Months, rows: &Rows) -> Result<Rows, Refusal> {
        let children = self.shape.children(node);
        let mut split: Rows =
            children.iter().map(|&child| rows.get(child).copied().unwrap_or_default()).collect();
        let held = |child: usize, month: usize| self.holds.of_cell(child, month);
        match self.parts {
            Parts::Following(cells) => {
                let weight = |child: usize, month: usize| {
                    let cell = cells.get(child).and_then(|months| months.get(month)).copied();
                    u64::try_from(cell.unwrap_or(0)).unwrap_or(0)
                };
                self.fill(node, months, self.closed..12, (&weight, &held), &mut split)?;
            }
            Parts::Weights(segments) => {
                let weight = |child: usize, month: usize| {
                    let node = self.shape.node(child);
                    node.and_then(|node| node.weights.get(month)).copied().unwrap_or(0)
                };
                let segments: Vec<&Segment> =
                    segments.iter().filter(|segment| segment.node == node).collect();
                // A month is split once by each that has a say in it, and the last one counts. Held cells are the last
                // one's: who has no weight before may well take what they leave.
                let is_covered = |from: usize, month: usize| {
                    segments.iter().skip(from).any(|segment| segment.months.contains(&month))
                };
                let hold = |from: usize, child: usize, month: usize| {
                    if is_covered(from, month) { Hold::default() } else { held(child, month) }
                };
                // Where every month is split by other weights, the tree's own may be zeros.
                if !(self.closed..12).all(|month| is_covered(0, month)) {
                    let hold = |child: usize, month: usize| hold(0, child, month);
                    // A unit that is new in the year has months by other weights alone.
                    let has_weight = |month: usize| children.iter().any(|&child| weight(child, month) > 0);
                    let mut own = *months;
                    for (month, cell) in own.iter_mut().enumerate() {
                        if is_covered(0, month) && !has_weight(month) {
                            *cell = 0;
                        }
                    }
                    self.fill(node, &own, self.closed..12, (&weight, &hold), &mut split)?;
                }
                for (later, segment) in (1..).zip(&segments) {
                    let weight = |child: usize, _: usize| segment.weights.get(&child).copied().unwrap_or(0);
                    let hold = |child: usize, month: usize| hold(later, child, month);
                    let range = segment.months.start.max(self.closed)..segment.months.end;
                    self.fill(node, months, range, (&weight, &hold), &mut split)?;
                }
            }
        }
        Ok(split)
    }

    /// Splits the months of `range` by weights around held cells, with running totals that begin there.
    fn fill(
        &self,
        node: usize,
        months: &Months,
        range: Range<usize>,
        (weight, hold): (PerCell<'_, u64>, PerCell<'_, Hold>),
        split: &mut Rows,
    ) -> Result<(), Refusal> {
        if range.is_empty() {
            return Ok(());
        }
        let children = self.shape.children(node);
        let parent = months.get(range.clone()).unwrap_or_default();
        let by_month = |cell: &dyn Fn(usize, usize) -> u64| -> Vec<Vec<u64>> {
            range.clone().map(|month| children.iter().map(|&child| cell(child, month)).collect()).collect()
        };
        let held: Vec<Vec<Hold>> =
            range.clone().map(|month| children.iter().map(|&child| hold(child, month)).collect()).collect();
        let rows = around(parent, &by_month(weight), &held)
            .map_err(|error| self.refusal(node, range.start, &error))?;
        for (cells, row) in split.iter_mut().zip(rows) {
            for (cell, value) in cells.iter_mut().skip(range.start).zip(row) {
                *cell = value;
            }
        }
        Ok(())
    }

    /// Says in words why the months of `node` from `first` on cannot be split, and which cells are in the way.
    fn refusal(&self, node: usize, first: usize, error: &HeldError) -> Refusal {
        let children = self.shape.children(node);
        let of =
            |members: &[usize]| members.iter().filter_map(|&member| children.get(member).copied()).collect();
        let path = self.shape.path(node);
        let (month, held, message) = match error {
            HeldError::TooMuch { month, members, held, parent } => (
                *month,
                of(members),
                say!(
                    "{path} 下面锁定的格合计 {held}，而它只有 {parent}",
                    "the cells held below {path} come to {held}, but it has {parent}"
                ),
            ),
            HeldError::TooLittle { month, members, held, parent } => (
                *month,
                of(members),
                say!(
                    "{path} 下面每一格都已锁定，合计 {held}，而它是 {parent}",
                    "every cell below {path} is held, at {held} together, but it has {parent}"
                ),
            ),
            HeldError::NoWeight { month, left } => (
                *month,
                children.to_vec(),
                say!(
                    "{path} 还剩 {left} 没有拆下去，而下面没有锁定的格都没有权重",
                    "{left} of {path} are left over, and no cell below it that is not held has a weight"
                ),
            ),
            HeldError::Apportion(ApportionError::NoWeight { index }) => (
                *index,
                children.to_vec(),
                say!(
                    "{path} 有数要拆，但下面的权重全是 0",
                    "{path} has units to split, but nobody below it has a weight"
                ),
            ),
            other => (0, Vec::new(), unsplittable(&path, &other.said())),
        };
        Refusal { tree: self.tree, node, months: vec![month + first], held, message }
    }
}

/// Why the months of a place cannot be split.
pub fn unsplittable(path: &str, why: &Said) -> Said {
    why.about(&say!("{path} 无法拆分", "{path} cannot be split"))
}

/// Says in words why a year cannot be spread over its months from `first` on.
fn year_refusal(first: usize, error: &HeldError) -> Refusal {
    let (months, message) = match error {
        HeldError::YearTooMuch { months, held, total } => (
            months.clone(),
            say!(
                "锁定的格全年合计 {held}，而要拆的只有 {total}",
                "the cells held come to {held} in the year, but there are {total} to be split"
            ),
        ),
        HeldError::YearTooLittle { held, total } => (
            (0..12 - first.min(12)).collect(),
            say!(
                "每个月都已锁定，合计 {held}，而要拆的是 {total}",
                "every month is held, at {held} together, but there are {total} to be split"
            ),
        ),
        HeldError::YearNoWeight { left } => (
            Vec::new(),
            say!(
                "还剩 {left}，而没有锁定的月份都没有权重",
                "{left} are left over, and no month that is not held has a weight"
            ),
        ),
        HeldError::Apportion(ApportionError::NoWeight { .. }) => (
            Vec::new(),
            say!(
                "有数要拆，但每个月的权重都是 0",
                "there is something to split, but every month's weight is 0"
            ),
        ),
        other => (Vec::new(), other.said()),
    };
    let months = months.into_iter().map(|month| month + first).collect();
    Refusal { tree: Tree::Organisation, node: 0, months, held: vec![0], message }
}

/// What is done at a node whose own months stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visit {
    /// Its months are split again: what they are split by has changed.
    Split,
    /// Its children's months stay, but something below them has changed.
    Pass,
    /// Nothing below it has changed.
    Leave,
}

/// What a walk has found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walked {
    /// The nodes whose cells have changed, in the order of the walk.
    pub changed: Vec<usize>,
    /// Nodes that had to be split, and of which not all children are there: the cells are then to be thrown away.
    pub cut: BTreeSet<usize>,
}

/// Splits the tree below a root with these `months`.
///
/// `rows` are the former cells. Below a node whose own months stay, `visit` says what is split again: a change of one cell
/// does not touch the other stores of a group.
///
/// # Errors
///
/// The first [`Refusal`], from the top; `rows` are then to be thrown away.
pub fn split_tree(
    splitting: &Splitting<'_>,
    months: Months,
    rows: &mut Rows,
    visit: &dyn Fn(usize) -> Visit,
) -> Result<Walked, Refusal> {
    walk(splitting.shape, months, rows, visit, |node, months, rows| splitting.children(node, months, rows))
}

/// Goes down a tree with a way to `split` a node's months among its children.
pub fn walk<E>(
    shape: &Shape,
    months: Months,
    rows: &mut Rows,
    visit: &dyn Fn(usize) -> Visit,
    split: impl Fn(usize, &Months, &Rows) -> Result<Rows, E>,
) -> Result<Walked, E> {
    rows.resize(shape.len(), [0; 12]);
    let mut walked = Walked::default();
    let mut waiting = Vec::new();
    // Puts a node's months, and notes it if there is something to do below it.
    let arrive = |rows: &mut Rows, walked: &mut Walked, waiting: &mut Vec<_>, node: usize, months: Months| {
        let cells = rows.get_mut(node).filter(|cells| **cells != months);
        let is_changed = cells.map(|cells| *cells = months).is_some();
        if is_changed {
            walked.changed.push(node);
        }
        match visit(node) {
            _ if is_changed => waiting.push((node, true)),
            Visit::Split => waiting.push((node, true)),
            Visit::Pass => waiting.push((node, false)),
            Visit::Leave => {}
        }
    };
    arrive(rows, &mut walked, &mut waiting, 0, months);
    while let Some((node, is_split)) = waiting.pop() {
        let children = shape.children(node);
        if !is_split {
            for &child in children {
                let months = rows.get(child).copied().unwrap_or_default();
                arrive(rows, &mut walked, &mut waiting, child, months);
            }
        } else if shape.is_cut(node) {
            walked.cut.insert(node);
        } else if !children.is_empty() {
            let own = rows.get(node).copied().unwrap_or_default();
            match split(node, &own, rows) {
                Ok(split) => {
                    for (&child, months) in children.iter().zip(split) {
                        arrive(rows, &mut walked, &mut waiting, child, months);
                    }
                }
                // Something else may be in the way before, where children are missing.
                Err(_) if !walked.cut.is_empty() => return Ok(walked),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(walked)
}

#[cfg(test)]
mod tests;
