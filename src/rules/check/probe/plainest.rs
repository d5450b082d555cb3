//! The plainest inputs that lead to a failure, and which of them it takes.

use rust_decimal::Decimal;

use super::{Fault, Point, Probe, changed};
use crate::rules::check::candidates::CandidateInput;

/// How often the way from an input that is fine to one that is not is halved.
const HALVINGS: usize = 24;
/// How often every input is made plainer; one can become so because another one has.
const ROUNDS: usize = 3;

impl Probe<'_> {
    /// The same failure with as many inputs at their least as possible, and the others as small as possible.
    pub fn plainest(&mut self, fault: Fault, point: Point) -> (Fault, Point) {
        let inputs = self.inputs;
        let mut best = (fault, point);
        for _ in 0..ROUNDS {
            let before = best.1.clone();
            for (index, input) in inputs.list.iter().enumerate() {
                let plainer = std::iter::once(Some(input.least)).chain(input.edges.iter().copied());
                for value in plainer {
                    let is_there = best.1.get(index) == Some(&value);
                    if is_there || self.replace(&mut best, index, value) {
                        break;
                    }
                }
                self.narrow(&mut best, index, input);
            }
            if best.1 == before {
                break;
            }
        }
        best
    }

    /// Halves the way to the least value for as long as the rule still fails.
    fn narrow(&mut self, best: &mut (Fault, Point), index: usize, input: &CandidateInput) {
        let mut low = input.least;
        for _ in 0..HALVINGS {
            let Some(high) = best.1.get(index).copied().flatten().filter(|high| *high > low) else { return };
            let middle = low.checked_add(high).and_then(|sum| sum.checked_div(Decimal::TWO));
            let steps = middle.and_then(|middle| middle.checked_div(input.step)).map(|steps| steps.floor());
            let Some(middle) = steps.and_then(|steps| steps.checked_mul(input.step)) else { return };
            if middle <= low {
                return;
            }
            if !self.replace(best, index, Some(middle)) {
                low = middle;
            }
        }
    }

    /// Puts a value in the place of another if the rule still fails the same way.
    fn replace(&mut self, best: &mut (Fault, Point), index: usize, value: Option<Decimal>) -> bool {
        let point = changed(&best.1, &[(index, value)]);
        if !self.inputs.is_possible(&point) {
            return false;
        }
        match self.fault(&point).filter(|fault| fault.key() == best.0.key()) {
            Some(fault) => {
                *best = (fault, point);
                true
            }
            None => false,
        }
    }

    /// The inputs that have to be what they are for the failure, by their names; the others make no difference to it.
    pub fn example(&mut self, fault: &Fault, point: &Point) -> Vec<(String, Option<Decimal>)> {
        let inputs = self.inputs;
        let mut with = Vec::new();
        for (index, (input, value)) in inputs.list.iter().zip(point).enumerate() {
            if self.matters(fault, point, index, input) {
                with.push((input.name.clone(), *value));
            }
        }
        with
    }

    /// Whether another value of an input makes a difference.
    fn matters(&mut self, fault: &Fault, point: &Point, index: usize, input: &CandidateInput) -> bool {
        let wanted = fault.key();
        let own = point.get(index).copied().flatten();
        let others = [Some(input.ordinary), Some(input.least)].into_iter().chain(input.edges.iter().copied());
        // That the rule says something else where there is no number at all makes a number no more important.
        let mut others = others.filter(|value| *value != own && (own.is_none() || value.is_some()));
        others.any(|value| {
            let other = self.fault(&changed(point, &[(index, value)]));
            other.is_none_or(|other| other.key() != wanted)
        })
    }
}
