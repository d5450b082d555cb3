//! Drives what a rule gives up and down by one input after another, where no input alone takes it out of its bounds.

use rust_decimal::Decimal;

use super::{Point, Probe, changed, spread};

/// Most runs of one search, whatever it drives.
const RUNS: usize = 1_500;
/// How often every input is turned at most.
const ROUNDS: usize = 3;
/// Most values of an input that are tried in a turn.
const TURNS: usize = 10;

/// What a search drives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// The points of the rule.
    Score,
    /// The points of the item at this line and column.
    Item(usize, usize),
}

/// In which direction a value is moved.
#[derive(Clone, Copy, Debug)]
enum Way {
    Up,
    Down,
}

impl Way {
    fn leads(self, from: Decimal, to: Decimal) -> bool {
        match self {
            Way::Up => to > from,
            Way::Down => to < from,
        }
    }
}

impl Probe<'_> {
    /// Drives the score, then every item that was seen so far, both ways from each of the `bases`; from the first of
    /// them all edges have been tried before.
    pub fn search(&mut self, bases: &[Point]) {
        self.allow(RUNS);
        for aim in self.aims.clone() {
            for way in [Way::Up, Way::Down] {
                // Where inputs count apart from each other, each at its best is the best of all.
                let apart = bases.first().map(|base| self.each_at_its_best(base, aim, way));
                for base in apart.iter().chain(bases) {
                    self.climb(base, aim, way);
                }
            }
        }
    }

    /// Goes on until something is found or no input moves the points any further.
    fn climb(&mut self, base: &Point, aim: Aim, way: Way) {
        let inputs = self.inputs;
        let found = self.found.len();
        let mut here = base.clone();
        for _ in 0..ROUNDS {
            let before = here.clone();
            for (index, input) in inputs.list.iter().enumerate() {
                let values = spread(&input.edges, TURNS).chain([input.largest()]);
                here = self.best(&here, index, values, aim, way);
            }
            if here == before || self.found.len() > found {
                return;
            }
        }
    }

    fn each_at_its_best(&mut self, base: &Point, aim: Aim, way: Way) -> Point {
        let mut apart = base.clone();
        let inputs = self.inputs;
        for (index, input) in inputs.list.iter().enumerate() {
            let best = self.best(base, index, input.edges.iter().copied(), aim, way);
            if let Some(value) = best.get(index) {
                apart = changed(&apart, &[(index, *value)]);
            }
        }
        apart
    }

    /// From here to where one input takes the aim furthest.
    fn best(
        &mut self,
        here: &Point,
        index: usize,
        values: impl Iterator<Item = Option<Decimal>>,
        aim: Aim,
        way: Way,
    ) -> Point {
        let mut best = here.clone();
        let mut height = self.height(here, aim);
        for value in values {
            let point = changed(here, &[(index, value)]);
            let Some(reached) = self.height(&point, aim) else { continue };
            if height.is_none_or(|height| way.leads(height, reached)) {
                (best, height) = (point, Some(reached));
            }
        }
        best
    }

    /// The points at the aim, where there are any.
    fn height(&mut self, point: &Point, aim: Aim) -> Option<Decimal> {
        self.try_point(point)?.get(&aim).copied()
    }
}
