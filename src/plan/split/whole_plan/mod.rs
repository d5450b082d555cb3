//! A version of a plan as a whole, held in memory: its lines, its trees, its cells, and what they follow from.

mod line_cells;
mod line_levels;
mod saved_cells;
mod splitting;
mod together;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::split_tree::{PinnedCell, Refusal, Segment};
use super::tree::{PerTree, Rows, Shape, Tree};
use crate::said::Said;

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
    /// The level that cannot be split; none: the target.
    pub level: Option<Level>,
    /// What is in the way.
    pub refusal: Refusal,
}

/// A level beside the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 保底
    Floor,
    /// 挑战
    Stretch,
}

impl Level {
    /// What it is called.
    pub const fn said(self) -> Said {
        match self {
            Self::Floor => Said::fixed("保底", "floor"),
            Self::Stretch => Said::fixed("挑战", "stretch"),
        }
    }
}

/// What is to be computed anew.
#[derive(Clone, Copy, Debug)]
pub enum Scope<'a> {
    /// Everything, the suggestion too.
    Everything,
    /// What follows from the plan's pins, where the cells are those that these other pins gave.
    Pins(&'a BTreeMap<i32, Vec<PinnedCell>>),
    /// What follows from other weights below this unit of the organisation.
    Weights(usize),
}

/// Nodes, by their tree.
pub type Nodes = BTreeSet<(Tree, usize)>;

/// What computing has come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The nodes whose cells have changed, in whatever line; each once, in order.
    pub changed: Vec<(Tree, usize)>,
    /// Nodes that have to be split, and of which children are missing: the plan is then to be thrown away.
    pub cut: Nodes,
}

#[cfg(test)]
mod tests;
