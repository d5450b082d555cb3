//! Points that look as if they counted and do not, or count twice, and texts that do not say what they should.

use rhai::{Expr, FnCallExpr, Position, Stmt};
use rust_decimal::Decimal;

use super::Script;
use super::tree::{self, Function, Node};
use crate::decimal;
use crate::rules::finding::Finding;
use crate::rules::language::place_of;

/// What does not count as it is written, of a rule worth `max` points.
pub fn faults(script: &Script<'_>, functions: &[Function], max: Decimal) -> Vec<Finding> {
    let mut calls = Vec::new();
    let mut findings = Vec::new();
    for function in functions {
        tree::visit(&function.body, &mut |node| {
            calls.extend(tree::call(node));
            if let Node::Expression(Expr::StringConstant(text, position)) = node
                && text.contains("${")
            {
                let place = place_of(script.file, *position);
                let message = "text in quotes is shown as it is, ${…} too";
                let finding = Finding::error("no-effect", place, script.text, message).warning();
                findings.push(finding.suggesting(Some("write it in back-ticks: `…`".to_owned())));
            }
        });
    }
    findings.extend(calls.iter().filter_map(|(call, position)| blank(script, call, *position)));
    for function in functions {
        findings.extend(unfilled(script, function));
        findings.extend(taken_twice(script, function));
    }
    let first = |name: &str| calls.iter().find(|(call, _)| call.name == name);
    if let (Some((_, position)), None) = (first("deduct"), first("remaining")) {
        let message = "deduct(…) counts only in remaining(), which the rule never calls";
        let place = place_of(script.file, *position);
        findings.push(Finding::error("no-effect", place, script.text, message).warning());
    }
    let Some(score) = functions.iter().find(|function| function.is_score()) else { return findings };
    let labels = items(score).filter_map(|(call, at)| Some((constant_label(call)?, at)));
    let labels = labels.collect::<Vec<_>>();
    for (index, (label, at)) in labels.iter().enumerate() {
        if labels.iter().take(index).any(|(earlier, _)| earlier == label) {
            let message =
                format!("there is an item 「{label}」 already: one of the two is most likely a copy");
            let place = place_of(script.file, *at);
            findings.push(Finding::error("same-item", place, script.text, message).warning());
        }
    }
    let is_fixed = calls.iter().filter(|(call, _)| call.name == "item").count() == items(score).count();
    let sum = sum_of_items(score).filter(|sum| is_fixed && *sum != max);
    if let (Some(sum), Some((_, position))) = (sum, first("scaled").filter(|(call, _)| call.args.is_empty()))
    {
        let (sum, max) = (decimal::plain(sum), decimal::plain(max));
        let message = format!("the items add up to {sum} points and are scaled to the rule's {max}");
        let place = place_of(script.file, *position);
        let finding = Finding::error("items-sum", place, script.text, message).warning();
        findings.push(finding.suggesting(Some(format!("let the items add up to {max}"))));
    }
    findings
}

/// The calls of `item` that are made whatever the facts are.
fn items(score: &Function) -> impl Iterator<Item = (&FnCallExpr, Position)> {
    called(&score.body, "item")
}

/// The calls of a function that are statements of a block.
fn called<'a>(block: &'a [Stmt], name: &'a str) -> impl Iterator<Item = (&'a FnCallExpr, Position)> {
    let calls = block.iter().filter_map(|statement| match statement {
        Stmt::Expr(expression) => tree::call(Node::Expression(expression)),
        statement => tree::call(Node::Statement(statement)),
    });
    calls.filter(move |(call, _)| call.name == name)
}

/// A call whose text says nothing.
fn blank(script: &Script<'_>, call: &FnCallExpr, at: Position) -> Option<Finding> {
    let text = match (call.name.as_str(), call.args.as_ref()) {
        ("item", [_, _, text, ..]) | ("deduct" | "bonus", [_, text]) | ("note" | "skip", [text]) => text,
        _ => return None,
    };
    let Expr::StringConstant(text, _) = text else { return None };
    let message = "the text is blank, so that nobody can tell what the points are for";
    let place = place_of(script.file, at);
    text.trim().is_empty().then(|| Finding::error("bad-text", place, script.text, message).warning())
}

/// Texts in back-ticks that name a parameter in braces, without the sign that fills its number in.
fn unfilled(script: &Script<'_>, function: &Function) -> Vec<Finding> {
    let mut findings = Vec::new();
    tree::visit(&function.body, &mut |node| {
        let Node::Expression(Expr::StringConstant(text, position)) = node else { return };
        let named = function.parameters.iter().find(|name| {
            let braced = format!("{{{name}}}");
            text.match_indices(&braced)
                .any(|(at, _)| !text.get(..at).is_some_and(|before| before.ends_with('$')))
        });
        findings.extend(named.map(|name| {
            let message = format!("the text names '{name}' and does not show its number");
            let place = place_of(script.file, *position);
            let finding = Finding::error("no-effect", place, script.text, message).warning();
            finding.suggesting(Some("write a dollar sign before the brace: ${…}".to_owned()))
        }));
    });
    findings
}

/// Deductions of the same points as an earlier one beside them, where these depend on anything.
fn taken_twice(script: &Script<'_>, function: &Function) -> Vec<Finding> {
    let taken = called(&function.body, "deduct").filter_map(|(call, at)| Some((call.args.first()?, at)));
    let taken = taken.filter(|(points, _)| tree::literal(points).is_none()).collect::<Vec<_>>();
    let twice = taken.iter().enumerate().filter(|(index, (points, _))| {
        taken.iter().take(*index).any(|(earlier, _)| tree::are_same(earlier, points))
    });
    let findings = twice.map(|(_, (_, at))| {
        let message = "the same points are taken off above already: one of the two is most likely a copy";
        Finding::error("same-item", place_of(script.file, *at), script.text, message).warning()
    });
    findings.collect()
}

/// The name of an item, where it is a plain text.
fn constant_label(item: &FnCallExpr) -> Option<&str> {
    match item.args.get(2)? {
        Expr::StringConstant(text, _) => Some(text.as_str()),
        _ => None,
    }
}

/// What they are worth together; none where one of them is not a plain number.
fn sum_of_items(score: &Function) -> Option<Decimal> {
    let worth = items(score).map(|(call, _)| call.args.first().and_then(tree::literal));
    worth.reduce(|sum, next| sum?.checked_add(next?)).flatten()
}
