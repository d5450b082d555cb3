//! What can be said of a script without running it.

use std::collections::HashSet;

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::finding::{Finding, Place};
use super::host;
use super::sandbox::place_of;
use super::scheme::{Parameter, place_of_text};
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

/// The parameters of `score` with what they stand for, or what is wrong with the script.
pub fn arguments(
    script: &Script<'_>,
    catalogue: &Catalogue,
    parameters: &[Parameter],
) -> Result<Vec<(String, Argument)>, Vec<Finding>> {
    let mut findings = faults(script);
    let mut arguments = Vec::new();
    match script.ast.iter_functions().find(|function| function.name == "score") {
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

/// Rhai keeps no positions of parameters: look for the name behind `fn score(`.
fn place_of_parameter(script: &Script<'_>, name: &str) -> Place {
    let Some(start) = script.text.find("fn score") else {
        return place_of_text(script.file, script.text, name);
    };
    let list = script.text.get(start..).unwrap_or_default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let found = list.match_indices(name).find(|(at, _)| {
        let before = list.get(..*at).and_then(|text| text.chars().next_back());
        let after = list.get(at + name.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    match found {
        Some((at, _)) => Place::at_offset(script.file, script.text, start + at),
        None => Place::at_offset(script.file, script.text, start),
    }
}

/// Calls of functions that do not exist, functions that hide the host's, and code outside functions.
fn faults(script: &Script<'_>) -> Vec<Finding> {
    let own: HashSet<String> = script.ast.iter_functions().map(|function| function.name.to_owned()).collect();
    let mut findings = Vec::new();
    for name in own.iter().filter(|name| host::FUNCTIONS.contains(&name.as_str())) {
        let place = place_of_text(script.file, script.text, &format!("fn {name}"));
        let message = format!("the function '{name}' would silently replace the built-in of that name");
        findings.push(Finding::error("redefined", place, script.text, message));
    }
    if let Some(statement) =
        script.ast.statements().iter().find(|statement| !matches!(statement, Stmt::Noop(_)))
    {
        let place = place_of(script.file, statement.position());
        let message = "code outside a function is never run; put it into score";
        findings.push(Finding::error("outside-function", place, script.text, message));
    }
    script.ast.walk(&mut |path| {
        if let Some((call, position)) = path.last().and_then(called) {
            let name = call.name.as_str();
            if call.op_token.is_none() && !own.contains(name) && !host::FUNCTIONS.contains(&name) {
                let place = place_of(script.file, position);
                let near =
                    nearest(name, own.iter().map(String::as_str).chain(host::FUNCTIONS.iter().copied()));
                findings.push(
                    Finding::error(
                        "unknown-function",
                        place,
                        script.text,
                        format!("there is no function '{name}'"),
                    )
                    .suggesting(near.map(|near| format!("did you mean '{near}'?"))),
                );
            }
        }
        true
    });
    findings
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
