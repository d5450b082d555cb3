//! The texts that a script's steps always begin with, so that what is stored of a month need not repeat them.

use rhai::{Expr, FnCallExpr, Position};

use super::Script;
use super::tree;

/// The constant text of every call that records a step, with the place of the call, in order.
pub fn words(script: &Script<'_>) -> Vec<(Position, String)> {
    let mut found = Vec::new();
    for function in tree::functions(script) {
        tree::visit(&function.body, &mut |node| {
            if let Some((call, at)) = tree::call(node)
                && let Some(text) = constant_text(call)
            {
                found.push((at, text));
            }
        });
    }
    found.sort_by_key(|(at, _)| *at);
    found
}

fn constant_text(call: &FnCallExpr) -> Option<String> {
    let text = match (call.name.as_str(), call.args.as_ref()) {
        ("item", [_, _, text, ..]) | ("deduct" | "bonus", [_, text]) | ("note" | "skip", [text]) => text,
        _ => return None,
    };
    match text {
        Expr::StringConstant(text, _) => Some(text.to_string()),
        _ => None,
    }
}
