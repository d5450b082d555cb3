//! Statements whose value is thrown away: `min(points, 20);`, `25 * a;`, `a == b;`, and `skip(…);` without return.

use std::collections::HashSet;

use rhai::{Expr, FnCallExpr, Position, Stmt, Token};

use super::Script;
use super::tree::{self, Function, Node};
use crate::rules::finding::Finding;

/// The host's functions that are called for what they do.
const DOING: &[&str] = &["item", "deduct", "bonus", "note"];

/// Statements of no effect in all functions.
pub fn faults(script: &Script<'_>, functions: &[Function]) -> Vec<Finding> {
    let mut effects = Effects { script, doing: doing(functions), findings: Vec::new() };
    for function in functions {
        effects.block(&function.body, true);
    }
    effects.findings
}

/// The functions that do something: the host's, and own ones that call such a function.
fn doing(functions: &[Function]) -> HashSet<&str> {
    let mut doing = DOING.iter().copied().collect::<HashSet<_>>();
    // Each round adds the callers of what is known; there are at most 32 functions.
    loop {
        let before = doing.len();
        for function in functions {
            let mut does = false;
            tree::visit(&function.body, &mut |node: Node<'_>| {
                does |= tree::call(node).is_some_and(|(call, _)| doing.contains(call.name.as_str()));
            });
            if does {
                doing.insert(&function.name);
            }
        }
        if doing.len() == before {
            return doing;
        }
    }
}

struct Effects<'a> {
    script: &'a Script<'a>,
    doing: HashSet<&'a str>,
    findings: Vec<Finding>,
}

impl Effects<'_> {
    /// Looks at a block; `is_used` says whether somebody takes the value of its last statement.
    fn block(&mut self, block: &[Stmt], is_used: bool) {
        for (index, statement) in block.iter().enumerate() {
            let is_used = is_used && index + 1 == block.len();
            for inner in tree::blocks(statement) {
                self.block(inner, is_used);
            }
            match statement {
                Stmt::Expr(expression) if !is_used => self.thrown_away(expression),
                Stmt::FnCall(call, position) if !is_used => self.call(call, *position),
                _ => {}
            }
            let is_block =
                matches!(statement, Stmt::Expr(expression) if tree::block_of(expression).is_some());
            for expression in tree::expressions(statement).into_iter().filter(|_| is_used || !is_block) {
                self.within(expression);
            }
        }
    }

    /// Blocks in an expression, whose values the expression takes.
    fn within(&mut self, expression: &Expr) {
        tree::parts(expression).iter().for_each(|part| self.within(part));
        if let Some(block) = tree::block_of(expression) {
            self.block(block, true);
        }
    }

    fn thrown_away(&mut self, expression: &Expr) {
        match expression {
            Expr::FnCall(call, position) => self.call(call, *position),
            Expr::Stmt(block) => self.block(block.statements(), false),
            other => self.nothing(tree::start(other), "this value", None),
        }
    }

    fn call(&mut self, call: &FnCallExpr, position: Position) {
        let start = match (&call.op_token, call.args.first()) {
            (Some(_), Some(first)) if call.args.len() == 2 => tree::start(first),
            _ => position,
        };
        match &call.op_token {
            Some(Token::EqualsTo) => {
                self.nothing(start, "the result of '=='", Some("to change a value write a single ="));
            }
            Some(operator) => {
                self.nothing(start, &format!("the result of '{}'", operator.literal_syntax()), None);
            }
            None if self.doing.contains(call.name.as_str()) => {}
            None if call.name == "skip" => {
                let message = "skip says that the rule does not apply, but without return the rule goes on";
                let finding = self.script.finding("no-effect", start, message).warning();
                self.findings.push(finding.suggesting(Some("write return skip(…);".to_owned())));
            }
            None => self.nothing(start, &format!("the result of {}(…)", call.name), None),
        }
    }

    fn nothing(&mut self, at: Position, what: &str, suggestion: Option<&str>) {
        let message = format!("{what} is not used: this statement changes nothing");
        let suggestion = suggestion.unwrap_or("keep it with let name = …; or return it");
        let finding = self.script.finding("no-effect", at, message).warning();
        self.findings.push(finding.suggesting(Some(suggestion.to_owned())));
    }
}
