//! What can be said of a script without running it.

mod calls;
mod comparisons;
mod places;

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, FnCallExpr, Position, Stmt};

pub use places::declared;
use places::{place_of_function, place_of_parameter};

use super::finding::{Finding, Place};
use super::host;
use super::language::{constants, place_of};
use super::scheme::Parameter;
use crate::facts::metric::{Catalogue, MetricId, nearest};

/// What one parameter of `score` stands for.
#[derive(Clone, Debug)]
pub enum Argument {
    /// A metric of the month.
    Metric(MetricId),
    /// A number of the scheme.
    Parameter(rust_decimal::Decimal),
}

/// The script of one rule, compiled as written.
pub struct Script<'a> {
    /// Path below the rules folder.
    pub file: &'a str,
    /// Its source.
    pub text: &'a str,
    /// Its tree, not optimised, so that nothing is hidden.
    pub ast: &'a AST,
}

impl Script<'_> {
    fn finding(&self, code: &'static str, position: Position, message: impl Into<String>) -> Finding {
        Finding::error(code, place_of(self.file, position), self.text, message)
    }
}

/// The parameters of `score` with what they stand for, or what is wrong with the script.
pub fn arguments(
    script: &Script<'_>,
    catalogue: &Catalogue,
    parameters: &[Parameter],
) -> Result<Vec<(String, Argument)>, Vec<Finding>> {
    let mut findings = faults(script);
    let mut arguments = Vec::new();
    let mut scores = script.ast.iter_functions().filter(|function| function.name == "score");
    let score = scores.next();
    if scores.next().is_some() {
        let place = place_of_function(script, "score", 1);
        let message = "there are two functions 'score'; only one can be the rule";
        findings.push(Finding::error("duplicate-score", place, script.text, message));
        return Err(findings);
    }
    match score {
        None => findings.push(
            Finding::error("no-score", Place::file(script.file), "", "there is no function named score")
                .suggesting(Some("write: fn score(deliveries, deliveries_target) { … }".to_owned())),
        ),
        Some(score) => {
            for name in score.params {
                let parameter = parameters.iter().find(|parameter| parameter.name == name);
                match (catalogue.find(name), parameter) {
                    (Some(id), _) => arguments.push((name.to_owned(), Argument::Metric(id))),
                    (None, Some(parameter)) => {
                        arguments.push((name.to_owned(), Argument::Parameter(parameter.value)));
                    }
                    (None, None) => findings.push(unknown_parameter(script, name, catalogue, parameters)),
                }
            }
        }
    }
    if findings.is_empty() { Ok(arguments) } else { Err(findings) }
}

fn unknown_parameter(script: &Script<'_>, name: &str, catalogue: &Catalogue, own: &[Parameter]) -> Finding {
    let known = catalogue.entries().map(|(_, metric)| metric.name.as_str());
    let near = nearest(name, known.chain(own.iter().map(|parameter| parameter.name.as_str())));
    let place = place_of_parameter(script, name);
    let message = format!("'{name}' is neither a metric nor a parameter of the scheme");
    Finding::error("unknown-name", place, script.text, message)
        .suggesting(near.map(|near| format!("did you mean '{near}'?")))
}

/// What to do about a name that the body of a function uses and does not have.
pub fn suggestion(
    script: &Script<'_>,
    name: &str,
    catalogue: &Catalogue,
    own: &[Parameter],
) -> Option<String> {
    if catalogue.find(name).is_some() || own.iter().any(|parameter| parameter.name == name) {
        return Some(format!("a function sees only what stands in its parentheses: add '{name}' there"));
    }
    let constants = constants(script.ast);
    let parameters = script.ast.iter_functions().flat_map(|function| function.params);
    let known = parameters.chain(constants.iter().map(|(name, _)| name.as_str()));
    nearest(name, known).map(|near| format!("did you mean '{near}'?"))
}

/// Calls that cannot work, comparisons that mean nothing, functions that hide the host's, and code outside functions.
fn faults(script: &Script<'_>) -> Vec<Finding> {
    let mut own = HashMap::<&str, Vec<usize>>::new();
    let mut numbers = HashSet::new();
    for function in script.ast.iter_functions() {
        own.entry(function.name).or_default().push(function.params.len());
        if function.name == "score" {
            numbers.extend(function.params.iter().copied());
        }
    }
    let mut findings = Vec::new();
    for name in own.keys().filter(|name| host::function(name).is_some()) {
        let place = place_of_function(script, name, 0);
        let message = format!("the function '{name}' would silently replace the built-in of that name");
        findings.push(Finding::error("redefined", place, script.text, message));
    }
    if let Some(statement) = script.ast.statements().iter().find(|statement| !is_constant(statement)) {
        let message = "code outside a function is never run; put it into score. \
                       Only const NAME = a number or text; can stand here";
        findings.push(script.finding("outside-function", statement.position(), message));
    }
    findings.extend(hidden_constants(script));
    script.ast.walk(&mut |path| {
        match path.last() {
            Some(ASTNode::Expr(Expr::Index(_, _, position))) => findings.push(script.finding(
                "not-allowed",
                *position,
                "'[…]' behind a value is not part of rules; lists are only for band",
            )),
            Some(node) => {
                if let Some((call, position)) = called(node) {
                    let place = place_of(script.file, position);
                    findings.extend(match call.op_token {
                        None => calls::fault(script, call, place, &own),
                        Some(_) => comparisons::fault(script, call, place, &numbers),
                    });
                }
            }
            None => {}
        }
        true
    });
    findings
}

/// Whether a statement outside functions declares a constant, the only thing that works there.
fn is_constant(statement: &Stmt) -> bool {
    match statement {
        Stmt::Noop(_) => true,
        Stmt::Var(declared, flags, _) if flags.contains(ASTFlags::CONSTANT) => {
            let value = declared.1.get_literal_value(None);
            value.is_some_and(|value| value.is::<rust_decimal::Decimal>() || value.is_string())
        }
        _ => false,
    }
}

/// Constants with the name of a parameter or variable. The optimiser would put the constant in the parameter's place.
fn hidden_constants(script: &Script<'_>) -> Option<Finding> {
    let constants = constants(script.ast);
    let parameters = script.ast.iter_functions().flat_map(|function| function.params);
    let mut taken = parameters.map(ToString::to_string).collect::<HashSet<_>>();
    let mut declared = HashSet::new();
    script.ast.walk(&mut |path| {
        if let Some(ASTNode::Stmt(Stmt::Var(variable, ..))) = path.last() {
            let name = variable.0.as_str().to_owned();
            if !declared.insert(name.clone()) {
                taken.insert(name);
            }
        }
        true
    });
    let (name, _) = constants.iter().find(|(name, _)| taken.contains(name))?;
    let place = places::place_of_word(script, name);
    let message = format!("the constant '{name}' has the name of a parameter or of another variable");
    Some(Finding::error("redefined", place, script.text, message))
}

fn called<'a>(node: &ASTNode<'a>) -> Option<(&'a FnCallExpr, Position)> {
    match *node {
        ASTNode::Expr(Expr::FnCall(call, position) | Expr::MethodCall(call, position))
        | ASTNode::Stmt(Stmt::FnCall(call, position)) => Some((call, *position)),
        _ => None,
    }
}

/// Parameters of `score` that its functions never use.
pub fn unused(script: &Script<'_>, arguments: &[(String, Argument)]) -> Vec<Finding> {
    let mut used = HashSet::new();
    script.ast.walk(&mut |path| {
        if let Some(ASTNode::Expr(Expr::Variable(variable, ..))) = path.last() {
            used.insert(variable.1.to_string());
        }
        true
    });
    arguments
        .iter()
        .filter(|(name, _)| !used.contains(name))
        .map(|(name, _)| {
            let place = place_of_parameter(script, name);
            Finding::error("unused", place, script.text, format!("'{name}' is never used")).warning()
        })
        .collect()
}
