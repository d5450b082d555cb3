//! A whole plan computed: the first line, then its levels and all that follows it.

use std::collections::{BTreeMap, BTreeSet};

use super::line_cells::{Done, Going, Positions};
use super::line_levels::Levels;
use super::together::together;
use super::{Line, LineRefusal, Outcome, Scope, WholePlan};
use crate::plan::split::split_tree::{Parts, PinnedCell, Segment, Visit, Walked};
use crate::plan::split::tree::{PerTree, Shape, Tree};

impl WholePlan {
    /// Computes the cells from total, weights, segments and pins, and says which have changed.
    ///
    /// # Errors
    ///
    /// The first thing in the way. The plan is then to be thrown away.
    pub fn split(&mut self, scope: Scope<'_>) -> Result<Outcome, LineRefusal> {
        let Self { closed, shapes, segments, lines, pins } = self;
        let whole = Whole { shapes, closed: *closed, segments, pins, scope };
        let Some((lead, followers)) = lines.split_first_mut() else { return Ok(Outcome::default()) };
        let Done { mut outcome, moved } = whole.split_lead(lead)?;
        if !outcome.cut.is_empty() {
            return Ok(outcome);
        }
        // The first line's levels and the lines that follow it do not depend on each other.
        let mut levels = lead.take_levels();
        let leading = &*lead;
        let mut tasks: Vec<Task<'_>> = vec![Task::Levels(&mut levels)];
        tasks.extend(followers.iter_mut().map(Task::Line));
        let rows = tasks.len() * Tree::ALL.iter().map(|&tree| shapes.of(tree).len()).sum::<usize>();
        let done = together(rows, tasks, |task| match task {
            Task::Levels(levels) => whole.split_levels(leading, levels, &moved),
            Task::Line(line) => whole.split_follower(line, leading, &moved),
        });
        lead.put_levels(levels);
        for done in done {
            let Outcome { changed, cut } = done?;
            outcome.changed.extend(changed);
            outcome.cut.extend(cut);
            if !outcome.cut.is_empty() {
                break;
            }
        }
        outcome.changed.sort_unstable();
        outcome.changed.dedup();
        Ok(outcome)
    }
}

/// What is computed once the first line's cells are known.
enum Task<'a> {
    /// The first line's levels.
    Levels(&'a mut PerTree<Levels>),
    /// A line that follows it.
    Line(&'a mut Line),
}

/// What all lines of a version have in common.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) shapes: &'a PerTree<Shape>,
    pub(super) closed: usize,
    segments: &'a [Segment],
    pub(super) pins: &'a BTreeMap<i32, Vec<PinnedCell>>,
    pub(super) scope: Scope<'a>,
}

impl Whole<'_> {
    pub(super) fn is_everything(&self) -> bool {
        matches!(self.scope, Scope::Everything)
    }

    /// Splits the line that the others follow.
    fn split_lead(&self, line: &mut Line) -> Result<Done, LineRefusal> {
        let weights = self.shapes.organisation.node(0).map(|root| root.weights).unwrap_or_default();
        let anew = |tree: Tree| match self.scope {
            Scope::Weights(unit) if tree == Tree::Organisation => BTreeSet::from([unit]),
            _ => BTreeSet::new(),
        };
        // Segments name places of the organisation: the same positions in another tree are something else.
        let parts = |tree: Tree, _: bool| match tree {
            Tree::Organisation => Parts::Weights(self.segments),
            Tree::Channel | Tree::Series => Parts::Weights(&[]),
        };
        self.split_cells(line, &Going { months: &|_| weights, parts: &parts, anew: &anew, is_pinned: false })
    }

    /// Splits a line in proportion to the first one, and its levels.
    fn split_follower(
        &self,
        line: &mut Line,
        lead: &Line,
        moved: &Positions,
    ) -> Result<Outcome, LineRefusal> {
        let rows = |tree: Tree, with_pins: bool| {
            let cells = lead.cells.of(tree);
            if with_pins { &cells.confirmed } else { &cells.suggested }
        };
        let months = |with_pins: bool| {
            let root = rows(Tree::Organisation, with_pins).first().copied().unwrap_or_default();
            root.map(|cell| u64::try_from(cell).unwrap_or(0))
        };
        let parts = |tree, with_pins| Parts::Following(rows(tree, with_pins));
        let anew = |tree: Tree| {
            let node = |moved: &usize| self.shapes.of(tree).node(*moved);
            moved.of(tree).iter().filter_map(|moved| node(moved)?.parent).collect()
        };
        let is_pinned = self.pins.get(&lead.number).is_some_and(|pins| !pins.is_empty());
        let going = Going { months: &months, parts: &parts, anew: &anew, is_pinned };
        let Done { mut outcome, moved } = self.split_cells(line, &going)?;
        if outcome.cut.is_empty() {
            let mut levels = line.take_levels();
            let done = self.split_levels(line, &mut levels, &moved);
            line.put_levels(levels);
            let Outcome { changed, cut } = done?;
            outcome.changed.extend(changed);
            outcome.cut = cut;
        }
        Ok(outcome)
    }
}

impl Outcome {
    pub(super) fn add(&mut self, tree: Tree, walked: &Walked) {
        self.changed.extend(walked.changed.iter().map(|node| (tree, *node)));
        self.cut.extend(walked.cut.iter().map(|node| (tree, *node)));
    }
}

/// What is done at a node where its children are split anew at these nodes; none: everywhere.
pub(super) fn visits(shape: &Shape, anew: Option<BTreeSet<usize>>) -> impl Fn(usize) -> Visit {
    let above = anew.iter().flatten().flat_map(|&node| shape.above(node));
    let above: BTreeSet<usize> = above.collect();
    move |node| match &anew {
        None => Visit::Split,
        Some(anew) if anew.contains(&node) => Visit::Split,
        Some(_) if above.contains(&node) => Visit::Pass,
        Some(_) => Visit::Leave,
    }
}
