//! Names: those that stand for nothing, those that nobody uses, and those that hide another.

use std::collections::{BTreeSet, HashSet};

use rhai::{Expr, Position, Stmt, Token};

use super::tree::{self, Function, Node};
use super::{Script, places, suggestion};
use crate::ledger::metric::Catalogue;
use crate::rules::finding::{Finding, SourcePlace};
use crate::rules::language::{self, place_of};
use crate::rules::scheme::Parameter;

/// Everything wrong with the names of a script.
pub fn faults(
    script: &Script<'_>,
    functions: &[Function],
    catalogue: &Catalogue,
    parameters: &[Parameter],
    misspelt: &[(String, Option<String>)],
) -> Vec<Finding> {
    let constants = language::constants(script.ast);
    let mut names = Names {
        script,
        catalogue,
        parameters,
        misspelt,
        constants: constants.iter().map(|(name, _)| name.as_str()).collect(),
        used: HashSet::new(),
        reported: HashSet::new(),
        locals: Vec::new(),
        findings: Vec::new(),
    };
    for function in functions {
        names.function(function);
    }
    let Names { used, mut findings, .. } = names;
    findings.extend(uncalled(script, functions));
    for (name, _) in constants.iter().filter(|(name, _)| !used.contains(name)) {
        findings.push(unused(script, places::place_of_word(script, name), name));
    }
    findings
}

struct Local {
    name: String,
    /// Where it is declared; a parameter has no position of its own.
    declared: Option<Position>,
    is_used: bool,
}

struct Names<'a> {
    script: &'a Script<'a>,
    catalogue: &'a Catalogue,
    parameters: &'a [Parameter],
    /// Parameters of `score` that stand for nothing, with what was meant most likely: neither is worth a second finding.
    misspelt: &'a [(String, Option<String>)],
    constants: HashSet<&'a str>,
    /// The constants that are used.
    used: HashSet<String>,
    /// The unknown names that have been reported of the current function; each once.
    reported: HashSet<String>,
    /// The parameters and variables in reach, innermost last.
    locals: Vec<Local>,
    findings: Vec<Finding>,
}

impl Names<'_> {
    fn function(&mut self, function: &Function) {
        self.reported.clear();
        self.locals = function
            .parameters
            .iter()
            .map(|name| Local { name: name.clone(), declared: None, is_used: false })
            .collect();
        if function.is_score() {
            for (misspelt, meant) in self.misspelt {
                self.locals
                    .iter_mut()
                    .filter(|local| local.name == *misspelt)
                    .for_each(|local| local.is_used = true);
                let meant =
                    meant.iter().map(|name| Local { name: name.clone(), declared: None, is_used: true });
                self.locals.extend(meant);
            }
        }
        self.block(&function.body, function);
        for parameter in std::mem::take(&mut self.locals).into_iter().filter(|local| !local.is_used) {
            let place = places::place_of_parameter(self.script, function.offset, &parameter.name);
            self.findings.push(unused(self.script, place, &parameter.name));
        }
    }

    fn block(&mut self, block: &[Stmt], function: &Function) {
        let outer = self.locals.len();
        for statement in block {
            if let Stmt::Assignment(assigned) = statement {
                self.assigned(&assigned.1.lhs, function);
                self.expression(&assigned.1.rhs, function);
                continue;
            }
            for expression in tree::expressions(statement) {
                self.expression(expression, function);
            }
            for inner in tree::blocks(statement) {
                self.block(inner, function);
            }
            if let Stmt::Var(declared, ..) = statement {
                self.declare(declared.0.as_str(), declared.0.pos);
            }
        }
        while self.locals.len() > outer {
            let Some(local) = self.locals.pop() else { break };
            if let (false, Some(declared)) = (local.is_used, local.declared) {
                self.findings.push(unused(self.script, place_of(self.script.file, declared), &local.name));
            }
        }
    }

    fn declare(&mut self, name: &str, at: Position) {
        // A constant of that name has a finding of its own.
        if let Some(hidden) = self.locals.iter().find(|local| local.name == name) {
            let what = if hidden.declared.is_none() { "parameter" } else { "variable" };
            let message =
                format!("'{name}' hides the {what} of that name, which is out of reach from here on");
            let finding = self.script.finding("redefined", at, message).warning();
            self.findings.push(finding.suggesting(Some("give it a name of its own".to_owned())));
        }
        self.locals.push(Local { name: name.to_owned(), declared: Some(at), is_used: false });
    }

    fn assigned(&mut self, target: &Expr, function: &Function) {
        let Some(name) = tree::variable(target) else { return self.expression(target, function) };
        let Some(local) = self.locals.iter().rev().find(|local| local.name == name) else {
            let suggestion = Some(format!("write let {name} = …")).filter(|_| !self.constants.contains(name));
            return self.unknown(name, tree::start(target), suggestion);
        };
        if local.declared.is_none() && function.is_score() {
            let message = format!("'{name}' is a value of the month; here it is overwritten");
            let finding = self.script.finding("redefined", tree::start(target), message).warning();
            let suggestion = format!("keep '{name}' as it is: let adjusted_{name} = …");
            self.findings.push(finding.suggesting(Some(suggestion)));
        }
    }

    fn expression(&mut self, expression: &Expr, function: &Function) {
        if let Some(name) = tree::variable(expression) {
            match self.locals.iter_mut().rev().find(|local| local.name == name) {
                Some(local) => local.is_used = true,
                None if self.constants.contains(name) => {
                    self.used.insert(name.to_owned());
                }
                None => self.unknown(name, tree::start(expression), None),
            }
        }
        if let Some((name, at)) = self.hyphenated(expression) {
            let suggestion = format!("a name has no '-': did you mean '{name}'?");
            // Both of its parts are told by that.
            for part in tree::parts(expression).iter().filter_map(tree::variable) {
                if self.locals.iter().all(|local| local.name != part) {
                    self.reported.insert(part.to_owned());
                }
            }
            let message = language::undefined(&name.replace('_', "-"));
            self.findings.push(self.script.finding("unknown-name", at, message).suggesting(Some(suggestion)));
            if let Some(local) = self.locals.iter_mut().rev().find(|local| local.name == name) {
                local.is_used = true;
            }
        }
        for part in tree::parts(expression) {
            self.expression(part, function);
        }
        if let Some(block) = tree::block_of(expression) {
            self.block(block, function);
        }
    }

    /// `missed-punches`, of whose parts one stands for nothing, where `missed_punches` is a name: that name and the place.
    fn hyphenated(&self, expression: &Expr) -> Option<(String, Position)> {
        let Expr::FnCall(call, _) = expression else { return None };
        let (Some(Token::Minus), [one, two]) = (&call.op_token, call.args.as_ref()) else { return None };
        let (one, two) = (tree::variable(one)?, tree::variable(two)?);
        let is_known = |name: &str| self.locals.iter().any(|local| local.name == name);
        let joined = format!("{one}_{two}");
        let is_name = is_known(&joined) || self.catalogue.find(&joined).is_some();
        (is_name && !(is_known(one) && is_known(two))).then(|| (joined, tree::start(expression)))
    }

    fn unknown(&mut self, name: &str, at: Position, meant: Option<String>) {
        if !self.reported.insert(name.to_owned()) {
            return;
        }
        let message = language::undefined(name);
        let suggestion = meant.or_else(|| suggestion(self.script, name, self.catalogue, self.parameters));
        self.findings.push(self.script.finding("unknown-name", at, message).suggesting(suggestion));
    }
}

fn unused(script: &Script<'_>, place: SourcePlace, name: &str) -> Finding {
    Finding::error("unused", place, script.text, format!("'{name}' is never used")).warning()
}

/// Functions that the rule never comes to.
fn uncalled(script: &Script<'_>, functions: &[Function]) -> Vec<Finding> {
    let mut reached = BTreeSet::from(["score"]);
    let mut waiting = vec!["score"];
    while let Some(name) = waiting.pop() {
        for function in functions.iter().filter(|function| function.name == name) {
            tree::visit(&function.body, &mut |node: Node<'_>| {
                let called = tree::call(node).filter(|(call, _)| call.op_token.is_none());
                let called = called.and_then(|(call, _)| {
                    functions.iter().find(|function| function.name == call.name.as_str())
                });
                if let Some(function) = called.filter(|function| reached.insert(&function.name)) {
                    waiting.push(&function.name);
                }
            });
        }
    }
    functions
        .iter()
        .filter(|function| !reached.contains(function.name.as_str()))
        .map(|function| {
            let place = SourcePlace::at_offset(script.file, script.text, function.offset);
            let message = format!("the function '{}' is never called", function.name);
            Finding::error("unused", place, script.text, message).warning()
        })
        .collect()
}
