//! What the points of a rule look like over all inputs that were tried: calls that do not count, items that never add up,
//! points that never change, and points that fall where they should rise.

use std::collections::BTreeMap;

use rhai::{ASTNode, Expr, Position, Token};
use rust_decimal::Decimal;

use super::search::Aim;
use super::{Point, Probe};
use crate::decimal::plain;
use crate::ledger::metric::Direction;
use crate::rules::bundle::{Bundle, Rule};
use crate::rules::check::tree;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::language::place_of;
use crate::rules::scoring::RuleResult;
use crate::rules::trace::{Misuse, StepKind, StepLabel};

/// Fewest different inputs that say something about all of them.
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
    pub fn shape(&self, bundle: &Bundle) -> Vec<Finding> {
        let scored = self.tried.iter().filter(|(point, _)| point.iter().all(Option::is_some));
        let scored = scored.filter_map(|(point, heights)| Some((point, *heights.get(&Aim::Score)?)));
        let scored = scored.collect::<Vec<_>>();
        let mut findings = Vec::new();
        let first = scored.first().map(|(_, score)| *score);
        let is_constant = scored.len() >= ENOUGH && scored.iter().all(|(_, score)| Some(*score) == first);
        if let Some(points) =
            first.filter(|_| is_constant && self.failed == 0 && !self.inputs.list.is_empty())
        {
            let message = format!("the rule gives {} points whatever its inputs are", plain(points));
            findings.push(self.of_rule("constant-points", message));
            return findings;
        }
        let under = denominators(self.rule);
        for (index, input) in self.inputs.list.iter().enumerate() {
            let metric = bundle.catalogue.get(input.id);
            let Some(direction) = metric.map(|metric| metric.direction) else { continue };
            if direction == Direction::None || under.contains(&input.name) {
                continue;
            }
            if let Some([from, to]) = self.wrong_way(&scored, index, direction) {
                let better = if direction == Direction::Up { "more" } else { "less" };
                let message = format!(
                    "{better} is better for '{}', but points fall from {} to {} as it gets better",
                    input.name,
                    plain(from),
                    plain(to)
                );
                findings.push(self.of_rule("reversed-scale", message));
            }
        }
        findings
    }

    fn of_rule(&self, code: &'static str, message: String) -> Finding {
        Finding::error(code, self.rule.declared.clone(), self.rule.text(), message).warning()
    }

    /// Points that one input alone takes down in its better direction and never up, whatever the others are: the points
    /// before and after.
    fn wrong_way(
        &self,
        scored: &[(&Point, Decimal)],
        index: usize,
        direction: Direction,
    ) -> Option<[Decimal; 2]> {
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
        let mut fall = None;
        for line in lines.values() {
            let scores = line.values().copied().collect::<Vec<_>>();
            for (one, next) in scores.iter().zip(scores.iter().skip(1)) {
                let (worse, better) = if direction == Direction::Up { (*one, *next) } else { (*next, *one) };
                if better > worse {
                    return None;
                }
                if better < worse {
                    fall = fall.or(Some([worse, better]));
                }
            }
        }
        fall
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

/// Names that something is divided by: more of them can make any share smaller.
fn denominators(rule: &Rule) -> Vec<String> {
    let mut names = Vec::new();
    rule.ast().walk(&mut |path| {
        if let Some(ASTNode::Expr(expression @ Expr::FnCall(call, _))) = path.last() {
            let named = ["ratio", "average"].iter().find_map(|name| tree::named(expression, name));
            let under = match (named, &call.op_token, call.args.as_ref()) {
                (Some([_, under, ..]), ..) | (_, Some(Token::Divide), [_, under]) => Some(under),
                _ => None,
            };
            if let Some(under) = under {
                tree::visit_expression(under, &mut |node| {
                    if let tree::Node::Expression(expression) = node {
                        names.extend(tree::variable(expression).map(str::to_owned));
                    }
                });
            }
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
