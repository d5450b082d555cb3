//! What the points of a rule look like over all inputs that were tried: calls that do not count, items that never add up,
//! points that never change, and points that fall where they should rise, be it only in the middle.

use std::collections::BTreeMap;

use rhai::{ASTNode, Expr, Position, Token};
use rust_decimal::Decimal;

use super::search::Aim;
use super::{Point, Probe, changed};
use crate::decimal::plain;
use crate::ledger::metric::{Catalogue, Direction, is_target};
use crate::rules::bundle::{Bundle, Rule};
use crate::rules::check::tree;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::language::place_of;
use crate::rules::scoring::{Outcome, RuleResult};
use crate::rules::trace::{Misuse, StepKind, StepLabel};

/// Fewest different inputs that say something about all of them, where there are more.
const ENOUGH: usize = 8;

/// A call that does not count as it looks: what is said of it, and of which severity.
#[derive(Clone, Debug)]
pub struct Misused {
    place: SourcePlace,
    code: &'static str,
    message: String,
    suggestion: &'static str,
    is_error: bool,
}

impl Probe<'_> {
    /// Keeps what calls of a run do not count, each once.
    pub fn look_at_calls(&mut self, point: &Point, result: &RuleResult, misuse: Option<(Misuse, Position)>) {
        let place = |probe: &mut Self, at: Position| match at.is_none() {
            true => {
                probe.set(point);
                probe.place_of_value()
            }
            false => place_of(&probe.rule.file, at),
        };
        if let Some((misuse, at)) = misuse {
            let (code, message, suggestion) = said(misuse);
            let place = place(self, at);
            self.keep_call(Misused { place, code, message, suggestion, is_error: true });
        }
        // Items of a way that the script went add up to something else than what they are scaled to.
        let worth =
            result.steps.iter().filter(|step| matches!(step.kind, StepKind::Item | StepKind::NotApplicable));
        let sum = worth.filter_map(|step| step.max).try_fold(Decimal::ZERO, |sum, max| sum.checked_add(max));
        let scaled = result.steps.iter().find_map(|step| match step.label {
            StepLabel::Scaled { max, .. } => Some((step.at, max)),
            _ => None,
        });
        if let (Some(sum), Some((at, max))) = (sum, scaled)
            && sum != max
        {
            let [sum, max] = [sum, max].map(plain);
            let message = format!(
                "the items of one way through the rule add up to {sum} points and are scaled to {max}"
            );
            let place = place(self, at);
            let suggestion = "let the items of every way add up to the rule's maximum";
            self.keep_call(Misused { place, code: "items-sum", message, suggestion, is_error: false });
        }
    }

    fn keep_call(&mut self, call: Misused) {
        let key = (call.place.line, call.place.column, call.code.to_owned());
        self.calls.entry(key).or_insert(call);
    }

    /// Calls that do not count as they look.
    pub fn misused(&self) -> Vec<Finding> {
        let findings = self.calls.values().map(|call| {
            let finding =
                Finding::error(call.code, call.place.clone(), self.rule.text(), call.message.clone());
            let finding = finding.suggesting(Some(call.suggestion.to_owned()));
            if call.is_error { finding } else { finding.warning() }
        });
        findings.collect()
    }

    /// What the points come to over everything that was tried with data.
    pub fn shape(&mut self, bundle: &Bundle) -> Vec<Finding> {
        let most = self.most(bundle);
        let scored = self.tried.iter().filter(|(point, _)| point.iter().all(Option::is_some));
        let scored = scored.filter_map(|(point, heights)| Some((point, *heights.get(&Aim::Score)?)));
        let scored = scored.collect::<Vec<_>>();
        let mut findings = Vec::new();
        let first = scored.first().map(|(_, score)| *score);
        let is_constant =
            scored.len() >= self.enough() && scored.iter().all(|(_, score)| Some(*score) == first);
        if let Some(points) =
            first.filter(|_| is_constant && self.failed == 0 && !self.inputs.list.is_empty())
        {
            let message = format!("the rule gives {} points whatever its inputs are", plain(points));
            findings.push(self.of_rule("constant-points", message));
            return findings;
        }
        let worth = self.rule.entry.max;
        if let Some(most) = most.filter(|most| *most < worth) {
            let [most, worth] = [most, worth].map(plain);
            let message = format!("nobody was found to get more than {most} of the rule's {worth} points");
            findings.push(self.of_rule("unreached-maximum", message));
        }
        // Points beyond the bounds are told by themselves, and are often what the others fall from.
        let is_within = self.found.values().all(|(fault, _)| !fault.failure.is_out_of_range());
        let open = open_names(self.rule, &bundle.catalogue);
        for (index, input) in self.inputs.list.iter().enumerate() {
            let metric = bundle.catalogue.get(input.id);
            let Some(direction) = metric.map(|metric| metric.direction) else { continue };
            // Nobody is better for a higher target.
            if direction == Direction::None || open.contains(&input.name) || is_target(&input.name) {
                continue;
            }
            let falls = Falls::of(&scored, index, direction);
            if let Some(fall) = falls.nearest.filter(|_| is_within || !falls.rises) {
                let better = if direction == Direction::Up { "more" } else { "less" };
                let [[worse, better_value], [from, to]] =
                    [fall.values, fall.points].map(|pair| pair.map(plain));
                let message = format!(
                    "{better} is better for '{}', but from {worse} to {better_value} the points fall from {from} to {to}",
                    input.name
                );
                findings.push(self.of_rule("reversed-scale", message));
            }
        }
        findings
    }

    /// The most points that anybody was found to get, with every input as far as it goes in the end; none where that
    /// cannot be said, because the rule fails.
    fn most(&mut self, bundle: &Bundle) -> Option<Decimal> {
        let with_data = self.tried.iter().filter(|(point, _)| point.iter().all(Option::is_some));
        let scored = with_data.filter_map(|(point, heights)| Some((*heights.get(&Aim::Score)?, point)));
        let (mut most, best) = scored.max().map(|(score, point)| (score, point.clone()))?;
        if self.failed > 0 || self.patience.is_over() {
            return None;
        }
        let mut extremes = Vec::new();
        let mut all = best.clone();
        for (index, input) in self.inputs.list.iter().enumerate() {
            let metric = bundle.catalogue.get(input.id)?;
            let ends = [metric.min, metric.max].map(Some);
            extremes.extend(ends.map(|end| changed(&best, &[(index, end)])));
            let better = match metric.direction {
                Direction::Up => ends.last(),
                Direction::Down => ends.first(),
                Direction::None => None,
            };
            all = changed(&all, &better.map(|end| (index, *end)).into_iter().collect::<Vec<_>>());
        }
        extremes.push(all);
        for point in extremes.iter().filter(|point| self.inputs.is_possible(point)) {
            self.set(point);
            let (result, _) = self.rule.run_probed(&self.facts);
            match result.outcome {
                Outcome::Failed => return None,
                _ => most = most.max(result.score.unwrap_or(most)),
            }
        }
        Some(most)
    }

    /// How many different inputs say something: all of them, where there are few.
    fn enough(&self) -> usize {
        let values = self.inputs.list.iter().map(|input| input.edges.iter().flatten().count());
        values.fold(1, usize::saturating_mul).min(ENOUGH)
    }

    fn of_rule(&self, code: &'static str, message: String) -> Finding {
        Finding::error(code, self.rule.declared.clone(), self.rule.text(), message).warning()
    }
}

/// Where one input, as it gets better, takes the points down while all others stay.
#[derive(Debug, Default)]
struct Falls {
    /// The fall between the two values that lie closest together.
    nearest: Option<Fall>,
    /// Whether it takes the points up anywhere.
    rises: bool,
}

/// From a value to a better one, and the points at both.
#[derive(Clone, Copy, Debug)]
struct Fall {
    values: [Decimal; 2],
    points: [Decimal; 2],
}

impl Falls {
    fn of(scored: &[(&Point, Decimal)], index: usize, direction: Direction) -> Self {
        // By what the other inputs are: the points for every value of this one, rising.
        let mut lines = BTreeMap::<Vec<Option<Decimal>>, BTreeMap<Decimal, Decimal>>::new();
        for (point, score) in scored {
            let Some(value) = point.get(index).copied().flatten() else { continue };
            let mut others = (*point).clone();
            if let Some(own) = others.get_mut(index) {
                *own = None;
            }
            lines.entry(others).or_default().insert(value, *score);
        }
        let mut falls = Self::default();
        for line in lines.values() {
            for (one, next) in line.iter().zip(line.iter().skip(1)) {
                let (worse, better) = if direction == Direction::Up { (one, next) } else { (next, one) };
                falls.rises |= better.1 > worse.1;
                let fall = Fall { values: [*worse.0, *better.0], points: [*worse.1, *better.1] };
                let is_nearer = falls.nearest.is_none_or(|nearest| fall.width() < nearest.width());
                if better.1 < worse.1 && is_nearer {
                    falls.nearest = Some(fall);
                }
            }
        }
        falls
    }
}

impl Fall {
    /// How far the two values are apart.
    fn width(&self) -> Decimal {
        let [worse, better] = self.values;
        // Both lie within a metric's bounds.
        (better.saturating_sub(worse)).abs()
    }
}

fn said(misuse: Misuse) -> (&'static str, String, &'static str) {
    match misuse {
        Misuse::ItemBehindScaled => (
            "no-effect",
            "this item stands behind the scaled() that counts the items, so it does not count".to_owned(),
            "call scaled() last",
        ),
        Misuse::DeductionBehindRemaining => (
            "no-effect",
            "this deduction stands behind the remaining() that counts them, so it does not count".to_owned(),
            "call remaining() last",
        ),
        Misuse::RemainingBesideItems => (
            "no-effect",
            "remaining() counts deductions only: the items of this rule do not count".to_owned(),
            "end with scaled(), or write what is taken off as deduct(…)",
        ),
        Misuse::PointsBesideItems { items, points } => (
            "items-sum",
            format!("the items come to {} points, but the rule gives {}", plain(items), plain(points)),
            "end with scaled(), which adds the items up",
        ),
    }
}

/// Names of which more can be better or worse: those that something is divided by, which make any share smaller, and what
/// is divided by something of which more is better or worse itself, as in visitors per order.
fn open_names(rule: &Rule, catalogue: &Catalogue) -> Vec<String> {
    let mut names = Vec::new();
    let is_directed = |name: &str| {
        let metric = catalogue.find(name).and_then(|id| catalogue.get(id));
        metric.is_some_and(|metric| metric.direction != Direction::None)
    };
    rule.ast().walk(&mut |path| {
        if let Some(ASTNode::Expr(expression @ Expr::FnCall(call, _))) = path.last() {
            let named = |name| tree::named(expression, name);
            let (over, under, is_share) = match (named("ratio"), named("average"), call.args.as_ref()) {
                (Some([over, under, ..]), ..) => (over, under, true),
                (_, Some([over, under, ..]), _) => (over, under, false),
                (.., [over, under]) if call.op_token == Some(Token::Divide) => (over, under, false),
                _ => return true,
            };
            let divisors = names_in(under);
            if !is_share && divisors.iter().any(|name| is_directed(name)) {
                names.extend(names_in(over));
            }
            names.extend(divisors);
        }
        true
    });
    // What is computed first and divided by later may hold any of them.
    let is_indirect = names.iter().any(|name| rule.arguments.iter().all(|(argument, _)| argument != name));
    if is_indirect {
        names.extend(rule.arguments.iter().map(|(name, _)| name.clone()));
    }
    names
}

fn names_in(expression: &Expr) -> Vec<String> {
    let mut names = Vec::new();
    tree::visit_expression(expression, &mut |node| {
        if let tree::Node::Expression(expression) = node {
            names.extend(tree::variable(expression).map(str::to_owned));
        }
    });
    names
}
