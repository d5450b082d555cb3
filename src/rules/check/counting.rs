//! Points that look as if they counted and do not, and texts whose numbers are never filled in.

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
    let calls = score.body.iter().filter_map(|statement| match statement {
        Stmt::Expr(expression) => tree::call(Node::Expression(expression)),
        statement => tree::call(Node::Statement(statement)),
    });
    calls.filter(|(call, _)| call.name == "item")
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
