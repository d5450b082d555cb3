//! A version of a plan as a whole, held in memory: its lines, its trees, its cells, and what they follow from.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};

use rust_decimal::Decimal;

use super::apportion::largest_remainder;
use super::levels::{LevelsError, lowered, raised};
use super::split_tree::{
    Holds, Parts, PinnedCell, Refusal, Segment, Splitting, Visit, Walked, root_months, split_tree, walk,
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

/// Floor and stretch of a line in one tree, where there are any.
#[derive(Default)]
struct Levels {
    floor: Option<Rows>,
    stretch: Option<Rows>,
}

impl Line {
    fn take_levels(&mut self) -> PerTree<Levels> {
        let mut levels = PerTree::<Levels>::default();
        for &tree in Tree::ALL {
            let cells = self.cells.of_mut(tree);
            *levels.of_mut(tree) = Levels { floor: cells.floor.take(), stretch: cells.stretch.take() };
        }
        levels
    }

    fn put_levels(&mut self, mut levels: PerTree<Levels>) {
        for &tree in Tree::ALL {
            let Levels { floor, stretch } = std::mem::take(levels.of_mut(tree));
            let cells = self.cells.of_mut(tree);
            (cells.floor, cells.stretch) = (floor, stretch);
        }
    }
}

/// What all lines of a version have in common.
#[derive(Clone, Copy)]
struct Whole<'a> {
    shapes: &'a PerTree<Shape>,
    closed: usize,
    segments: &'a [Segment],
    pins: &'a BTreeMap<i32, Vec<PinnedCell>>,
    scope: Scope<'a>,
}

/// Positions of nodes, by tree.
type Positions = PerTree<Vec<usize>>;

/// What one line goes by. What is suggested does not know of pins, and follows what is suggested for the first line.
struct Going<'a> {
    /// Weights of the months, without and with pins.
    months: &'a dyn Fn(bool) -> [u64; 12],
    /// What the parts of a tree go by, without and with pins.
    parts: &'a dyn Fn(Tree, bool) -> Parts<'a>,
    /// The nodes of a tree below which the parts go by something else than before.
    anew: &'a dyn Fn(Tree) -> BTreeSet<usize>,
    /// Pins have moved what it goes by.
    is_pinned: bool,
}

/// A line's cells, computed.
#[derive(Default)]
struct Done {
    outcome: Outcome,
    /// Whose 确定值 has changed.
    moved: Positions,
}

impl Whole<'_> {
    fn is_everything(&self) -> bool {
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

    /// What the pins of a line ask in each tree.
    fn holds(&self, pins: &[PinnedCell]) -> PerTree<Holds> {
        let of = |tree: Tree| {
            let own: Vec<PinnedCell> = pins.iter().filter(|pin| pin.tree == tree).copied().collect();
            Holds::of(self.shapes.of(tree), &own)
        };
        PerTree { organisation: of(Tree::Organisation), channel: of(Tree::Channel), series: of(Tree::Series) }
    }

    /// Splits one line in every tree.
    fn split_cells(&self, line: &mut Line, going: &Going<'_>) -> Result<Done, LineRefusal> {
        let number = line.number;
        let refused = |refusal| LineRefusal { line: number, refusal };
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

    /// Floor and stretch, in proportion to what counts: the difference of the totals is spread over the open months and
    /// split down the trees, so that no floor is above the target and no stretch below it.
    fn split_levels(
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
                let walked = self
                    .split_level(line, tree, (difference, is_floor), rows, &visit)
                    .map_err(|refusal| LineRefusal { line: line.number, refusal })?;
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
            spread(difference, &root, closed, is_floor).map_err(|message| refusal(tree, 0, message))?;
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
    }
}

impl Outcome {
    fn add(&mut self, tree: Tree, walked: &Walked) {
        self.changed.extend(walked.changed.iter().map(|node| (tree, *node)));
        self.cut.extend(walked.cut.iter().map(|node| (tree, *node)));
    }
}

/// What is done at a node where its children are split anew at these nodes; none: everywhere.
fn visits(shape: &Shape, anew: Option<BTreeSet<usize>>) -> impl Fn(usize) -> Visit {
    let above = anew.iter().flatten().flat_map(|&node| shape.above(node));
    let above: BTreeSet<usize> = above.collect();
    move |node| match &anew {
        None => Visit::Split,
        Some(anew) if anew.contains(&node) => Visit::Split,
        Some(_) if above.contains(&node) => Visit::Pass,
        Some(_) => Visit::Leave,
    }
}

/// How many rows of cells are worth a thread.
const ROWS_A_THREAD: usize = 5_000;

/// Does all tasks, on as many threads as there are processors and as `rows` are worth; the answers come in the order of the
/// tasks.
fn together<Work: Send, Answer: Send>(
    rows: usize,
    tasks: Vec<Work>,
    work: impl Fn(Work) -> Answer + Sync,
) -> Vec<Answer> {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let threads = processors.min(rows / ROWS_A_THREAD).min(tasks.len());
    if threads < 2 {
        return tasks.into_iter().map(work).collect();
    }
    let waiting = Mutex::new(tasks.into_iter().enumerate());
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let some = || {
        let done = std::iter::from_fn(next).map(|(at, task)| (at, work(task)));
        done.collect::<Vec<_>>()
    };
    let mut answers = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(some)).collect();
        let mut answers = some();
        for other in others {
            answers.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        answers
    });
    answers.sort_unstable_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
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
